//! Kills a world in the middle of a tick, opens its directory, and compares: the half of the demonstration that lives.

use core::fmt;
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use ecsdb::durability::Recovery;
use ecsdb::{Db, OpenError};
use thiserror::Error;

use super::chronicle::Message;
use super::components::World;
use super::digest::Digest;
use super::readers::{Violation, check};
use super::report::{Grouped, Rate};
use super::simulation::constants_of;

/// Why the demonstration failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CrashError {
    /// The process that plays cannot be started, heard or killed.
    #[error("cannot run the process that plays")]
    Process(#[from] io::Error),
    /// It said something that is no message.
    #[error("the process that plays said something else: {0}")]
    Message(String),
    /// It ended before it was killed. It has said why on its error output.
    #[error("the process that plays ended by itself ({0})")]
    Ended(std::process::ExitStatus),
    /// The directory does not open again.
    #[error("the directory does not open again")]
    Open(#[from] OpenError),
    /// Something that was acknowledged is gone.
    #[error("version {acknowledged} was acknowledged as {level}, but only version {recovered} was recovered")]
    Lost {
        /// What was promised: `visible` or `durable`.
        level: &'static str,
        /// The version that was acknowledged.
        acknowledged: u64,
        /// The version that was recovered.
        recovered: u64,
    },
    /// A version was recovered that nobody has told of.
    #[error("version {0} was recovered, of which nobody has told")]
    Unheard(u64),
    /// The recovered state is not the one that was committed.
    #[error("version {version} has the digest {found:016x}, but {expected:016x} when it was committed")]
    Differs {
        /// The version.
        version: u64,
        /// The digest when it was committed.
        expected: u64,
        /// The digest now.
        found: u64,
    },
    /// The recovered state breaks a rule of the game.
    #[error("the recovered state is not consistent")]
    Violation(#[from] Violation),
}

/// What is known of the process from what it has told.
#[derive(Default)]
struct Heard {
    digests: HashMap<u64, u64>,
    commit: u64,
    visible: u64,
    durable: u64,
    /// The tick that has begun, and how many versions were committed in it.
    tick: Option<(u64, u64)>,
    ticks: u64,
}

impl Heard {
    fn hear(&mut self, message: &Message) {
        match *message {
            Message::Commit(version, digest) => {
                self.digests.insert(version, digest);
                self.commit = version;
                if let Some((_, commits)) = &mut self.tick {
                    *commits += 1;
                }
            }
            Message::Visible(version) => self.visible = version,
            Message::Durable(version) => self.durable = version,
            Message::Tick(tick) => self.tick = Some((tick, 0)),
            Message::Tock(tick) => (self.tick, self.ticks) = (None, tick),
            Message::Report(_) | Message::Played => {}
        }
    }
}

/// What came of it. Displays as a table.
#[derive(Clone, Debug)]
pub struct Aftermath {
    /// The tick in which the process was killed, and how many versions it had committed in it; `None` if it was between two.
    pub killed_in: Option<(u64, u64)>,
    /// The last version that was told of as going to the log, as visible, and as durable.
    pub told: (u64, u64, u64),
    /// What opening the directory has found.
    pub recovery: Recovery,
    /// Rows of the recovered state.
    pub rows: u64,
    /// The digest of both states.
    pub digest: Digest,
    /// How long opening took, with the threads of the database.
    pub opened: Duration,
}

/// Plays a world in `directory` in a process of its own, which `command` starts; passes its report on line by line; kills it
/// in the middle of a tick; opens the directory, and compares.
///
/// # Errors
/// If anything that was acknowledged is missing or different, or the processes cannot do their part.
pub fn kill_and_recover(
    mut command: Command,
    directory: &Path,
    mut report: impl FnMut(&str),
) -> Result<Aftermath, CrashError> {
    let mut child = Killed(command.stdout(Stdio::piped()).spawn()?);
    let Some(stdout) = child.0.stdout.take() else { return Err(io::Error::other("no pipe").into()) };
    let heard = listen(&mut child, stdout, &mut report)?;
    let begin = Instant::now();
    let db = Db::<World>::open(directory)?;
    let opened = begin.elapsed();
    let Some(recovery) = db.recovery().cloned() else {
        return Err(io::Error::other("a database in a directory says what it has recovered").into());
    };
    let (recovered, digest) = Digest::of(&db);
    for (level, acknowledged) in [("durable", heard.durable), ("visible", heard.visible)] {
        if recovered < acknowledged {
            return Err(CrashError::Lost { level, acknowledged, recovered });
        }
    }
    let expected = *heard.digests.get(&recovered).ok_or(CrashError::Unheard(recovered))?;
    if digest.0 != expected {
        return Err(CrashError::Differs { version: recovered, expected, found: digest.0 });
    }
    let snapshot = db.snapshot();
    check(&snapshot, constants_of(&snapshot))?;
    Ok(Aftermath {
        killed_in: heard.tick,
        told: (heard.commit, heard.visible, heard.durable),
        recovery,
        rows: db.stats().rows,
        digest,
        opened,
    })
}

/// Listens until the game has been played and a tick is under way; then kills, and hears what was said before.
fn listen(child: &mut Killed, stdout: ChildStdout, report: &mut impl FnMut(&str)) -> Result<Heard, CrashError> {
    let mut heard = Heard::default();
    // Some ticks after the report, and some commits into the tick: which ones is left to chance.
    let mut lives = u64::MAX;
    let mut killed = false;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        let message: Message = match line.parse() {
            Ok(message) => message,
            // The last line may be half a line.
            Err(_) if killed => break,
            Err(error) => return Err(CrashError::Message(error)),
        };
        heard.hear(&message);
        match &message {
            Message::Report(line) => report(line),
            Message::Played => lives = heard.ticks + fastrand::u64(2..20),
            _ => {}
        }
        if !killed && heard.tick.is_some_and(|(tick, commits)| tick >= lives && commits >= 1) {
            child.0.kill()?;
            killed = true;
        }
    }
    let status = child.0.wait()?;
    if killed { Ok(heard) } else { Err(CrashError::Ended(status)) }
}

/// A process that does not outlive its parent's interest in it.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Whoever has ended already cannot be killed; that is as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl fmt::Display for Aftermath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: fmt::Arguments<'_>| writeln!(f, "{name:<16}{value}");
        match self.killed_in {
            Some((tick, commits)) => {
                row("killed", format_args!("in tick {}, after {commits} versions of it", Grouped(tick)))?;
            }
            None => row("killed", format_args!("between two ticks"))?,
        }
        let (commit, visible, durable) = self.told;
        let told = [commit, visible, durable].map(Grouped);
        row("last told", format_args!("version {} logged, {} visible, {} durable", told[0], told[1], told[2]))?;
        let Recovery { version, transactions, rows, bytes, torn_bytes, segments, .. } = self.recovery;
        row(
            "recovered",
            format_args!(
                "version {}: {} rows, digest {:016x} as committed",
                Grouped(version),
                Grouped(self.rows),
                self.digest.0
            ),
        )?;
        let seconds = self.recovery.time.as_secs_f64().max(1e-9);
        row(
            "replayed",
            format_args!(
                "{} transactions, {} rows, {:.1} MiB in {segments} files ({} bytes torn)",
                Grouped(transactions),
                Grouped(rows),
                bytes as f64 / f64::from(1 << 20),
                Grouped(torn_bytes),
            ),
        )?;
        row(
            "recovery time",
            format_args!("{:.0} ms: {} rows/s", self.opened.as_secs_f64() * 1e3, Rate(rows as f64 / seconds)),
        )
    }
}

/// A directory for one demonstration: one that was asked for, or a temporary one that goes away again.
pub struct Place {
    path: PathBuf,
    is_temporary: bool,
}

impl Place {
    /// The directory `asked`, which stays; or a new temporary one, which stays only if `keep` says so.
    pub fn new(asked: Option<&Path>, keep: bool) -> Self {
        match asked {
            Some(path) => Self { path: path.to_owned(), is_temporary: false },
            None => {
                let name = format!("ecsdb-world-{}-{:08x}", std::process::id(), fastrand::u32(..));
                Self { path: std::env::temp_dir().join(name), is_temporary: !keep }
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is still there afterwards.
    pub fn stays(&self) -> bool {
        !self.is_temporary
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_temporary {
            // It is in the directory for temporary files: if it cannot be removed, somebody else will.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
