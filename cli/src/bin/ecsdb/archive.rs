//! `ecsdb archive`, and which archive a word means.

use std::ffi::OsStr;
#[cfg(feature = "object-store")]
use std::ffi::OsString;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ecsdb::archive::{Archive, ArchivedSegment, ArchivedSnapshot, DirectoryArchive};
use ecsdb::maintenance::{ClosedDirectory, Gap, Keep, MaintenanceError, plan_prune, prune, verify_archive};
use ecsdb_cli::{Failure, Outcome, failure};
use serde::Serialize;

use crate::args::ArchiveCommand;
use crate::outcome;
use crate::progress::Bar;
use crate::text::{bytes, count, damages, found, runs, time, verdict};

pub fn run(command: &ArchiveCommand) -> Result<Outcome, Failure> {
    match command {
        ArchiveCommand::List { archive, output } => list(archive, output.json),
        ArchiveCommand::Verify { archive, output } => verify(archive, output.json),
        ArchiveCommand::Prune { archive, keep_snapshots, keep_for, dry_run, output } => {
            let since = |duration: &Duration| SystemTime::now().checked_sub(*duration).unwrap_or(UNIX_EPOCH);
            let keep = match (keep_snapshots, keep_for) {
                (Some(number), _) => Keep::Snapshots(*number as usize),
                (None, duration) => Keep::Since(duration.as_ref().map_or(UNIX_EPOCH, since)),
            };
            remove_old(archive, keep, *dry_run, output.json)
        }
        ArchiveCommand::Store { directory, archive, level, output } => {
            let closed = ClosedDirectory::open(directory).map_err(failure)?;
            let stored = closed.archive_to(open(archive)?, *level).map_err(failure)?;
            let outcome = outcome(&stored, output.json, || {
                let mut out = text(&stored.segments, &stored.snapshots);
                // Writing to a `String` cannot fail.
                for (first, last) in &stored.missing {
                    let _ = writeln!(out, "versions {first} to {last} cannot be read, and are not in the archive");
                }
                out + &damages(&stored.damages)
            })?;
            Ok(Outcome { is_fine: stored.is_fine(), ..outcome })
        }
    }
}

/// What an archive holds.
#[derive(Serialize)]
struct Listed {
    segments: Vec<ArchivedSegment>,
    snapshots: Vec<ArchivedSnapshot>,
}

/// The objects of an archive, of which there is one at least: a place that was mistyped is not called empty.
fn list(archive: &OsStr, as_json: bool) -> Result<Outcome, Failure> {
    let archive = open(archive)?;
    let segments = ArchivedSegment::list(&*archive).map_err(failure)?;
    let snapshots = ArchivedSnapshot::list(&*archive).map_err(failure)?;
    if segments.is_empty() && snapshots.is_empty() {
        return Err(failure(MaintenanceError::NoSegments));
    }
    let listed = Listed { segments, snapshots };
    outcome(&listed, as_json, || text(&listed.segments, &listed.snapshots))
}

fn verify(archive: &OsStr, as_json: bool) -> Result<Outcome, Failure> {
    let mut bar = Bar::new();
    let report = verify_archive(&*open(archive)?, |progress| bar.show(progress)).map_err(failure)?;
    drop(bar);
    let outcome = outcome(&report, as_json, || {
        let mut out = damages(&report.damages);
        let snapshots = count(report.snapshots.len() as u64, "good snapshot file");
        let segments = count(report.segments, "segment");
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{segments} and {snapshots} ({}) were read", bytes(report.bytes));
        let _ = writeln!(out, "versions that follow one another: {}", runs(&report.lines));
        let _ = writeln!(out, "versions that can be restored from here alone: {}", runs(&report.reachable));
        for Gap { first, last, until, .. } in &report.gaps {
            let _ = writeln!(out, "versions {first} to {last} are missing");
            let _ = writeln!(
                out,
                "    so of {first} to {until} only what snapshot files hold can be restored from here alone"
            );
        }
        for version in &report.unfinished {
            let _ = writeln!(
                out,
                "the snapshot file of version {version} is not there to its end: nobody has come back to it yet"
            );
        }
        let gaps = report.gaps.len();
        if gaps > 0 && report.damages.is_empty() {
            return out + &found(gaps, "gap");
        }
        out + &verdict(&report.damages)
    })?;
    Ok(Outcome { is_fine: report.is_fine(), ..outcome })
}

/// Removes what `keep` does not keep, unless it is only to be said.
fn remove_old(archive: &OsStr, keep: Keep, is_dry: bool, as_json: bool) -> Result<Outcome, Failure> {
    let archive = open(archive)?;
    let mut bar = Bar::new();
    let plan = plan_prune(&*archive, keep, |progress| bar.show(progress)).map_err(failure)?;
    if !is_dry {
        prune(&*archive, &plan, |progress| bar.show(progress)).map_err(failure)?;
    }
    drop(bar);
    let outcome = outcome(&plan, as_json, || {
        let mut out = damages(&plan.damages);
        if plan.is_needed() {
            out += if is_dry { "would be removed:\n" } else { "removed:\n" };
            out += &text(&plan.segments, &plan.snapshots);
        } else {
            out += "nothing is so old that it goes\n";
        }
        // Writing to a `String` cannot fail.
        let (segments, files) = (count(plan.kept_segments, "segment"), count(plan.kept_snapshots, "snapshot file"));
        let _ = writeln!(out, "kept: {segments}, {files}");
        let _ = writeln!(out, "versions that can be restored from them alone: {}", runs(&plan.reachable));
        out
    })?;
    Ok(Outcome { is_fine: plan.damages.is_empty(), ..outcome })
}

/// The archive that `place` means: a URL, or a directory.
pub fn open(place: &OsStr) -> Result<Arc<dyn Archive>, Failure> {
    match place.to_str() {
        Some(url) if url.contains("://") => behind(url),
        _ => Ok(Arc::new(DirectoryArchive::new(place))),
    }
}

/// The archive behind a URL. Keys and regions come from the environment, as the tools of the store have them.
#[cfg(feature = "object-store")]
fn behind(place: &str) -> Result<Arc<dyn Archive>, Failure> {
    let url = url::Url::parse(place).map_err(failure)?;
    if url.scheme() == "memory" {
        return Err(format!("{place} is gone when this command ends: name a store that lasts"));
    }
    let (store, prefix) = object_store::parse_url_opts(&url, settings(std::env::vars_os())).map_err(failure)?;
    let archive = ecsdb::archive::ObjectArchive::new(Arc::from(store), prefix.as_ref()).map_err(failure)?;
    Ok(Arc::new(archive))
}

/// Those of the `variables` of the environment that are settings of a store: nothing else that happens to be called as one, such as
/// `TOKEN` or `PROXY_URL`, is.
#[cfg(feature = "object-store")]
fn settings(variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<(String, String)> {
    // What is not Unicode is nobody's setting.
    let texts = variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let of_stores = texts.filter(|(name, _)| ["AWS_", "AZURE_", "GOOGLE_"].iter().any(|of| name.starts_with(of)));
    of_stores.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

#[cfg(not(feature = "object-store"))]
fn behind(place: &str) -> Result<Arc<dyn Archive>, Failure> {
    Err(format!("{place} needs a build with the feature `object-store`"))
}

fn text(segments: &[ArchivedSegment], snapshots: &[ArchivedSnapshot]) -> String {
    let mut out = String::new();
    for segment in segments {
        let ArchivedSegment { first, last, timeline, .. } = segment;
        let (earliest, latest) = (time(segment.earliest), time(segment.latest));
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "versions {first} to {last}, {earliest} to {latest}, timeline {timeline:016x}");
    }
    for snapshot in snapshots {
        let ArchivedSnapshot { version, timeline, .. } = snapshot;
        let rest = match snapshot.is_whole() {
            true => String::new(),
            false => format!(", {} of {} parts", snapshot.parts.len(), snapshot.count),
        };
        let at = time(snapshot.time);
        let _ = writeln!(out, "snapshot file of version {version}, {at}, timeline {timeline:016x}{rest}");
    }
    let (segments, files) = (count(segments.len() as u64, "segment"), count(snapshots.len() as u64, "snapshot file"));
    let _ = writeln!(out, "{segments}, {files}");
    out
}

#[cfg(all(test, feature = "object-store"))]
mod tests {
    use super::*;

    #[test]
    fn only_variables_of_stores_are_settings() {
        let pairs = [
            ("AWS_REGION", "eu-central-1"),
            ("REGION", "wrong"),
            ("TOKEN", "secret"),
            ("ENDPOINT", "http://elsewhere"),
            ("PROXY_URL", "http://proxy"),
            ("ALLOW_HTTP", "true"),
            ("MY_AWS_REGION", "wrong"),
            ("AZURE_STORAGE_ACCOUNT_NAME", "games"),
            ("GOOGLE_SERVICE_ACCOUNT", "key.json"),
        ];
        let found = settings(pairs.iter().map(|(name, value)| (name.into(), value.into())));
        let expected = [
            ("aws_region", "eu-central-1"),
            ("azure_storage_account_name", "games"),
            ("google_service_account", "key.json"),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_would_be_gone_at_once_is_no_archive() {
        let error = open("memory:///games".as_ref()).err().unwrap();
        assert!(error.contains("gone when this command ends"), "{error}");
    }
}
