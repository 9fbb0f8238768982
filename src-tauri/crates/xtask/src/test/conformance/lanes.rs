//! Several things at once.

use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// As many at a time: the suite gives some answers half a second, so it must not starve itself.
const LANES: usize = 2;

/// Does all of it and gives the results in the same order, or the first failure.
pub(super) fn all<T: Sync, R: Send>(
    jobs: &[T],
    work: impl Fn(&T) -> anyhow::Result<R> + Sync,
) -> anyhow::Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let take = || {
        let number = next.fetch_add(1, Ordering::Relaxed);
        jobs.get(number).map(|job| (number, job))
    };
    let lane = || {
        let mut done = Vec::new();
        while let Some((number, job)) = take() {
            done.push((number, work(job)));
        }
        done
    };
    let mut done: Vec<_> = thread::scope(|scope| {
        let lanes = [(); LANES].map(|()| scope.spawn(lane));
        let ended = lanes.map(thread::ScopedJoinHandle::join);
        ended
            .into_iter()
            .flat_map(|lane| lane.unwrap_or_else(|panicked| panic::resume_unwind(panicked)))
            .collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_jobs() {
        let jobs: Vec<_> = (0..20).collect();
        let doubled = all(&jobs, |job| Ok(job * 2)).expect("nothing fails");
        assert_eq!(doubled, (0..20).map(|job| job * 2).collect::<Vec<_>>());
    }

    #[test]
    fn a_failure_is_the_first_of_the_jobs() {
        let failed = all(&[1, 2, 3], |job| match job {
            1 => Ok(*job),
            _ => anyhow::bail!("{job}"),
        });
        assert_eq!(failed.expect_err("two fail").to_string(), "2");
    }
}
