//! The running fake: what its routes share, and its clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest, Sha256};

use super::behaviour::Behaviour;
use super::books::Books;
use super::options::Options;
use super::terms::Client;
use super::traffic::Traffic;

pub(super) struct Fake {
    pub(super) options: Options,
    /// `http://127.0.0.1:PORT`
    pub(super) base: String,
    books: Mutex<Books>,
    behaviour: Mutex<Behaviour>,
    traffic: Mutex<Traffic>,
    started: Instant,
    advanced: AtomicU64,
}

// === impl Fake ===

impl Fake {
    pub(super) fn new(options: Options, base: String) -> Self {
        let mut books = Books::default();
        let client = Client {
            redirects: options.redirects.clone(),
            secret: options.client_secret.clone(),
        };
        books.admit(&options.client_id, client);
        Self {
            base,
            books: Mutex::new(books),
            behaviour: Mutex::new(options.behaviour.clone()),
            traffic: Mutex::default(),
            started: Instant::now(),
            advanced: AtomicU64::new(0),
            options,
        }
    }

    pub(super) fn issuer(&self) -> String {
        format!("{}{}", self.base, self.options.issuer_path)
    }

    /// Seconds on the clock by which codes and tokens expire.
    pub(super) fn now(&self) -> u64 {
        self.started.elapsed().as_secs() + self.advanced.load(Ordering::SeqCst)
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.advanced.fetch_add(seconds, Ordering::SeqCst);
    }

    /// What the `Date` of an answer says.
    pub(super) fn date(&self) -> String {
        let ahead = self.behaviour().clock_ahead;
        let wrong = Duration::from_secs(ahead.unsigned_abs());
        let now = SystemTime::now();
        httpdate::fmt_http_date(if ahead < 0 { now - wrong } else { now + wrong })
    }

    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        self.behaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether there is such a user: any short name of small letters, digits and hyphens.
pub(super) fn is_user(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&name.len()) && name.bytes().all(fits)
}

/// The number by which the fake knows a user.
pub(super) fn subject(user: &str) -> String {
    let digest = Sha256::digest(user);
    let number = digest
        .iter()
        .take(6)
        .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    format!("2{number:015}")
}
