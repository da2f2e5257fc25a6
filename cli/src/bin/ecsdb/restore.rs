//! `ecsdb restore`, and `ecsdb backup`, which is the same for the latest state.

use ecsdb::maintenance::{self, Damage, MaintenanceError, Restored, Target};
use ecsdb_cli::{Failure, Outcome, failure};

use crate::archive::open;
use crate::args::{Backup, Restore};
use crate::progress::Bar;
use crate::text::{bytes, time};
use crate::{look_at, outcome};

pub fn run(of: &Restore) -> Result<Outcome, Failure> {
    let closed = of.from.as_deref().map(look_at).transpose()?;
    let archive = of.archive.as_deref().map(open).transpose()?;
    let restore = match (closed, archive) {
        (Some(closed), None) => maintenance::Restore::from_directory(closed),
        (Some(closed), Some(archive)) => maintenance::Restore::from_directory(closed).with_archive(archive),
        (None, Some(archive)) => maintenance::Restore::from_archive(archive),
        (None, None) => return Err("say where to restore from: --from, --archive, or both".into()),
    };
    let target = match (of.version, of.time) {
        (Some(version), _) => Target::Version(version),
        (None, Some(time)) => Target::Time(time),
        (None, None) => Target::Latest,
    };
    let restore = of.timeline.into_iter().fold(restore, maintenance::Restore::of_timeline);
    let mut bar = Bar::new();
    let restored = restore.run(target, &of.destination, |progress| bar.show(progress)).map_err(refused)?;
    drop(bar);
    outcome(&restored, of.output.json, || text(&restored))
}

/// Why nothing was restored, and how to take what there is.
fn refused(error: MaintenanceError) -> Failure {
    match &error {
        MaintenanceError::Lost { reachable, .. } => match reachable.last() {
            Some((_, highest)) => format!("{error} (the highest with --version {highest} of `ecsdb restore`)"),
            None => failure(error),
        },
        MaintenanceError::TooEarly { oldest, .. } => {
            let oldest = humantime::format_rfc3339_nanos(*oldest);
            format!("nothing can be restored of that time: the oldest version that there is was committed at {oldest}")
        }
        MaintenanceError::Ambiguous { .. } => format!("{error} (with --timeline of `ecsdb restore`)"),
        _ => failure(error),
    }
}

pub fn backup(of: &Backup) -> Result<Outcome, Failure> {
    let closed = look_at(&of.directory)?;
    let mut bar = Bar::new();
    let backup = maintenance::Restore::from_directory(closed);
    let made = backup.run(Target::Latest, &of.destination, |progress| bar.show(progress)).map_err(refused)?;
    drop(bar);
    outcome(&made, of.output.json, || text(&made))
}

fn text(restored: &Restored) -> String {
    let committed = restored.time.map_or(String::new(), |at| format!(", which was committed at {}", time(at)));
    let rests = restored
        .snapshot
        .map_or("the log alone".to_owned(), |version| format!("the snapshot file of version {version}"));
    let passed_over: String = restored
        .passed_over
        .iter()
        .map(|Damage { file, offset, what, .. }| {
            format!("{} in the archive is passed over, at byte {offset}: {what}\n", file.display())
        })
        .collect();
    format!(
        "{passed_over}{} has version {}{committed}\nit was made from {rests}: {} in all\na new timeline begins there: {:016x}\n",
        restored.directory.display(),
        restored.version,
        bytes(restored.bytes),
        restored.timeline,
    )
}
