//! What can be done with a directory that no database is open in, without the program that it belongs to.
//!
//! The headers of the log say what tables there are, so nothing here needs the schema of a program. Nothing here judges a file by
//! rules of its own either: what is damaged is what [opening](crate::Db::open) would find damaged.
//!
//! - [`ClosedDirectory`]: a directory that is held while something is done with it
//! - `survey`, `judge`: what the files are, each by itself and together; `verify` reports it, `archived` that of an archive, `info` what the fronts of files say
//! - `pieces`: the log as it is spread over a directory and an archive; `reach`: which versions can be had of it, by which files
//! - `restore`: an earlier state in a directory of its own, made by `destination`; `choice`: which version that is, and of which `history`
//! - `plan`, `repair`: a directory that can be opened again
//! - `prune`: an archive without what is too old
//!
//! The words of it, each of which rests on those before:
//!
//! | word | what it is |
//! |---|---|
//! | `Piece` | a segment of the log, or as much of it as is whole, in the directory or in the archive |
//! | `Line` | pieces that follow one another, in order: log without a gap |
//! | `Base` | a snapshot file that is in order, with those that it goes on from: what a line can go on from |
//! | `Way` | versions that can be had one after the other: a line, and the bases that it goes on from, or a base alone |
//! | `Reach` | all ways, and the versions along them: what can be had |
//! | `History` | which of several histories is meant, as far as a directory or an archive shows it |
//! | `Choice` | the way and the version that somebody asks for, within a history |
//! | `Course` | for `prune`: a line with all bases that belong to it, whether or not they lead along it now |

mod archived;
mod choice;
mod closed;
mod destination;
mod error;
mod fetch;
mod history;
mod info;
mod judge;
mod pieces;
mod plan;
mod progress;
mod prune;
mod reach;
mod repair;
mod report;
mod restore;
mod survey;
mod verify;

pub use archived::{ArchiveReport, Gap, verify_archive};
pub use closed::{ClosedDirectory, Stored};
pub(in crate::persistence) use destination::{Fork, Unfinished};
pub use error::MaintenanceError;
pub use info::{Info, SegmentInfo, SnapshotInfo, TableInfo};
pub use plan::{RepairPlan, RepairStep};
pub use progress::Progress;
pub use prune::{Keep, PrunePlan, plan_prune, prune};
pub use repair::Repaired;
pub use report::{Damage, VerifyReport};
pub use restore::{Restore, Restored, Target};
