//! What a world that is about to be killed tells the process that will kill it, line by line.

use core::fmt;
use std::io::{self, Write};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ecsdb::Db;
use ecsdb::changes::ChangeSet;
use ecsdb::error::LogError;
use ecsdb::transaction::CommitLog;

use super::components::World;
use super::digest::Digest;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A commit goes to the log: from now on it may survive. Its version, and the digest of the state.
    Commit(u64, u64),
    /// Readers see this version.
    Visible(u64),
    /// This version survives a loss of power.
    Durable(u64),
    /// A tick begins.
    Tick(u64),
    /// The tick is over.
    Tock(u64),
    /// A line of the report for people.
    Report(String),
    /// The report is complete, and the game goes on until somebody stops it.
    Played,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit(version, digest) => write!(f, "commit {version} {digest:016x}"),
            Self::Visible(version) => write!(f, "visible {version}"),
            Self::Durable(version) => write!(f, "durable {version}"),
            Self::Tick(tick) => write!(f, "tick {tick}"),
            Self::Tock(tick) => write!(f, "tock {tick}"),
            Self::Report(line) => write!(f, "report {line}"),
            Self::Played => f.write_str("played"),
        }
    }
}

impl FromStr for Message {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let unknown = || format!("not a message: `{line}`");
        let number = |text: &str| text.parse().map_err(|_| unknown());
        Ok(match word {
            "commit" => {
                let (version, digest) = rest.split_once(' ').ok_or_else(unknown)?;
                Self::Commit(number(version)?, u64::from_str_radix(digest, 16).map_err(|_| unknown())?)
            }
            "visible" => Self::Visible(number(rest)?),
            "durable" => Self::Durable(number(rest)?),
            "tick" => Self::Tick(number(rest)?),
            "tock" => Self::Tock(number(rest)?),
            "report" => Self::Report(rest.to_owned()),
            "played" => Self::Played,
            _ => return Err(unknown()),
        })
    }
}

/// Where messages go. Every one is written at once: what was said is known, however this process ends.
#[derive(Clone)]
pub struct Teller(Arc<Mutex<Box<dyn Write + Send>>>);

impl Teller {
    /// Messages go to `to`.
    pub fn new(to: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Box::new(to))))
    }

    /// Says something.
    ///
    /// # Errors
    /// If nobody listens any more.
    pub fn tell(&self, message: &Message) -> io::Result<()> {
        let mut to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        to.write_all(format!("{message}\n").as_bytes())?;
        to.flush()
    }
}

/// Tells the digest of every version before it goes to the log of the directory.
#[derive(Clone)]
pub struct Chronicle {
    teller: Teller,
    state: Arc<Mutex<State>>,
    /// Whether each commit takes a while, so that whoever hears of one can kill the process before the tick is over.
    dawdles: Arc<AtomicBool>,
}

/// How long a commit takes then.
const DAWDLE: Duration = Duration::from_millis(5);

/// The digest of the batch in the making, of the last version, and of the one before.
#[derive(Clone, Copy, Default)]
struct State {
    pending: Option<Digest>,
    last: Digest,
    before: Digest,
}

impl Chronicle {
    /// Tells `teller`.
    pub fn new(teller: Teller) -> Self {
        Self { teller, state: Arc::default(), dawdles: Arc::default() }
    }

    /// Takes up the state that `db` was opened with. Returns its version.
    ///
    /// # Errors
    /// If nobody listens any more.
    pub fn begin(&self, db: &Db<World>) -> io::Result<u64> {
        let (version, digest) = Digest::of(db);
        *self.lock() = State { pending: None, last: digest, before: digest };
        self.teller.tell(&Message::Commit(version, digest.0))?;
        Ok(version)
    }

    /// Takes a while for each commit from here on.
    pub fn dawdle(&self) {
        self.dawdles.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CommitLog for Chronicle {
    fn append(&mut self, changes: &ChangeSet) -> Result<(), LogError> {
        let mut state = self.lock();
        let last = state.last;
        state.pending.get_or_insert(last).follow(changes);
        Ok(())
    }

    fn commit(&mut self, version: u64) -> Result<(), LogError> {
        let mut state = self.lock();
        let digest = state.pending.take().unwrap_or(state.last);
        self.teller.tell(&Message::Commit(version, digest.0)).map_err(LogError::new)?;
        if self.dawdles.load(Ordering::Relaxed) {
            std::thread::sleep(DAWDLE);
        }
        (state.before, state.last) = (state.last, digest);
        Ok(())
    }

    fn abort(&mut self) {
        let mut state = self.lock();
        if state.pending.take().is_none() {
            // The log of the directory has refused what was agreed to here.
            state.last = state.before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_were_written() {
        for message in [
            Message::Commit(7, u64::MAX - 1),
            Message::Visible(8),
            Message::Durable(0),
            Message::Tick(3),
            Message::Tock(3),
            Message::Report("ticks held      3 of 4".to_owned()),
            Message::Report(String::new()),
            Message::Played,
        ] {
            assert_eq!(message.to_string().parse(), Ok(message));
        }
        for wrong in ["", "commit", "commit 1", "commit 1 xyz", "visible -1", "killed"] {
            assert!(wrong.parse::<Message>().unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
