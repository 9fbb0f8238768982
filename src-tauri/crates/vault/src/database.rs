//! The store's one file: SQLite in WAL mode, readable by its owner alone. Sees sealed values only.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};

use crate::fault::Fault;
use crate::record::Record;

/// An open store.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    pool: SqlitePool,
}

/// A sealed change.
#[derive(Debug)]
pub(crate) struct SealedChange {
    pub(crate) kind: &'static str,
    pub(crate) key: String,
    pub(crate) value: Option<Vec<u8>>,
}

/// Each brings the file one version further; what has been released is never edited.
const MIGRATIONS: [&str; 1] = [include_str!("../migrations/0001_sealed.sql")];

/// How long to wait for another process that is writing.
const BUSY: Duration = Duration::from_secs(10);

/// Between two attempts where SQLite does not wait itself.
const PAUSE: Duration = Duration::from_millis(20);

// === impl Database ===

impl Database {
    /// Opens the file, or makes it.
    pub(crate) async fn open(path: &Path) -> Result<Self, Fault> {
        private_file(path).map_err(|error| unusable(path, error))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // A rotated refresh token that is lost with the power signs somebody out.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        Self::with(path, options).await
    }

    /// A store that is gone with the process.
    pub(crate) async fn in_memory() -> Result<Self, Fault> {
        let options = SqliteConnectOptions::new().in_memory(true);
        Self::with(Path::new(":memory:"), options).await
    }

    async fn with(path: &Path, options: SqliteConnectOptions) -> Result<Self, Fault> {
        // SQLite does not wait where two processes make a new file a WAL one at the same time.
        let began = Instant::now();
        let pool = loop {
            match Self::connect(options.clone()).await {
                Err(error) if is_busy(&error) && began.elapsed() < BUSY => {
                    tokio::time::sleep(PAUSE).await;
                }
                connected => break connected.map_err(|error| unusable(path, error))?,
            }
        };
        let database = Self {
            path: path.to_owned(),
            pool,
        };
        database.migrate().await?;
        Ok(database)
    }

    async fn connect(options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
        // One connection: SQLite writes one after the other anyway, and waiting here is fairer
        // than its polling.
        SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options)
            .await
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    /// What the store says about its key; none as long as nothing was sealed.
    pub(crate) async fn record(&self) -> Result<Option<Record>, Fault> {
        let found: Option<(String,)> = sqlx::query_as("SELECT value FROM meta WHERE name = 'key'")
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| self.unusable(error))?;
        found
            .map(|(text,)| serde_json::from_str(&text).map_err(|error| self.unusable(error)))
            .transpose()
    }

    /// Writes the record of a first key, unless another process was faster: then it gives that
    /// one's.
    pub(crate) async fn keep_record(&self, record: &Record) -> Result<Option<Record>, Fault> {
        let text = serde_json::to_string(record).map_err(|error| self.unusable(error))?;
        let mut transaction = self.begin().await?;
        let kept = sqlx::query(
            "INSERT INTO meta (name, value) SELECT 'key', ? \
             WHERE NOT EXISTS (SELECT 1 FROM meta WHERE name = 'key') \
             AND NOT EXISTS (SELECT 1 FROM sealed)",
        )
        .bind(text)
        .execute(&mut *transaction)
        .await
        .map_err(|error| self.unusable(error))?;
        transaction
            .commit()
            .await
            .map_err(|error| self.unusable(error))?;
        if kept.rows_affected() == 1 {
            return Ok(None);
        }
        // Values without a record of their key: no other key may take its place.
        let other = self.record().await?;
        other
            .map(Some)
            .ok_or_else(|| self.unusable("it no longer says which key it is sealed with"))
    }

    pub(crate) async fn get(&self, kind: &str, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let found: Option<(Vec<u8>,)> =
            sqlx::query_as("SELECT value FROM sealed WHERE kind = ? AND key = ?")
                .bind(kind)
                .bind(key)
                .fetch_optional(&self.pool)
                .await
                .map_err(|error| self.unusable(error))?;
        Ok(found.map(|(value,)| value))
    }

    /// Every document of a kind, by key.
    pub(crate) async fn all(&self, kind: &str) -> Result<Vec<(String, Vec<u8>)>, Fault> {
        sqlx::query_as("SELECT key, value FROM sealed WHERE kind = ? ORDER BY key")
            .bind(kind)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.unusable(error))
    }

    /// The keys of a kind and when each was last changed.
    pub(crate) async fn keys(&self, kind: &str) -> Result<Vec<(String, i64)>, Fault> {
        sqlx::query_as("SELECT key, changed FROM sealed WHERE kind = ? ORDER BY key")
            .bind(kind)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.unusable(error))
    }

    /// All of these, or none. Gives how many documents were put or taken out.
    pub(crate) async fn change(&self, changes: Vec<SealedChange>, now: i64) -> Result<u64, Fault> {
        let mut transaction = self.begin().await?;
        let mut changed = 0;
        for change in changes {
            let query = match change.value {
                Some(value) => sqlx::query(
                    "INSERT INTO sealed (kind, key, value, changed) VALUES (?, ?, ?, ?) \
                     ON CONFLICT DO UPDATE SET value = excluded.value, changed = excluded.changed",
                )
                .bind(change.kind)
                .bind(change.key)
                .bind(value)
                .bind(now),
                None => sqlx::query("DELETE FROM sealed WHERE kind = ? AND key = ?")
                    .bind(change.kind)
                    .bind(change.key),
            };
            let done = query
                .execute(&mut *transaction)
                .await
                .map_err(|error| self.unusable(error))?;
            changed += done.rows_affected();
        }
        transaction
            .commit()
            .await
            .map_err(|error| self.unusable(error))?;
        Ok(changed)
    }

    /// Brings the file to this version's layout. The lock is taken before the version is read, so
    /// that two processes which start at once do not both migrate.
    async fn migrate(&self) -> Result<(), Fault> {
        let mut transaction = self.begin().await?;
        let (version,): (i64,) = sqlx::query_as("PRAGMA user_version")
            .fetch_one(&mut *transaction)
            .await
            .map_err(|error| self.unusable(error))?;
        let done = usize::try_from(version).unwrap_or(usize::MAX);
        if done > MIGRATIONS.len() {
            return Err(Fault::Newer {
                path: self.path.clone(),
            });
        }
        for migration in &MIGRATIONS[done..] {
            sqlx::raw_sql(*migration)
                .execute(&mut *transaction)
                .await
                .map_err(|error| self.unusable(error))?;
        }
        if done < MIGRATIONS.len() {
            let set = format!("PRAGMA user_version = {}", MIGRATIONS.len());
            sqlx::raw_sql(sqlx::AssertSqlSafe(set))
                .execute(&mut *transaction)
                .await
                .map_err(|error| self.unusable(error))?;
        }
        transaction
            .commit()
            .await
            .map_err(|error| self.unusable(error))
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, Fault> {
        self.pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(|error| self.unusable(error))
    }

    fn unusable(&self, error: impl ToString) -> Fault {
        unusable(&self.path, error)
    }
}

/// Whether another process has locked the file: SQLITE_BUSY, in its plain and extended forms.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.and_then(|code| code.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}

fn unusable(path: &Path, error: impl ToString) -> Fault {
    Fault::Store {
        path: path.to_owned(),
        cause: error.to_string(),
    }
}

/// Makes the file and its folder for the owner alone; SQLite gives its companions (`-wal`, `-shm`)
/// the same rights.
fn private_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
    }
    drop(file);
    Ok(())
}
