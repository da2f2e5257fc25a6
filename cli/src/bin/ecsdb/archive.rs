//! `ecsdb archive`, and which archive a word means.

use std::ffi::OsStr;
#[cfg(feature = "object-store")]
use std::ffi::OsString;
use std::fmt::Write;
use std::sync::Arc;

use ecsdb::archive::{Archive, ArchivedSegment, DirectoryArchive};
use ecsdb::maintenance::{ClosedDirectory, Gap, MaintenanceError, verify_archive};

use ecsdb_cli::{Failure, Outcome, failure};

use crate::args::ArchiveCommand;
use crate::outcome;
use crate::progress::Bar;
use crate::text::{bytes, count, damages, found, runs, time, verdict};

pub fn run(command: &ArchiveCommand) -> Result<Outcome, Failure> {
    let (segments, as_json) = match command {
        ArchiveCommand::List { archive, output } => (list(archive)?, output.json),
        ArchiveCommand::Verify { archive, output } => return verify(archive, output.json),
        ArchiveCommand::Store { directory, archive, level, output } => {
            let closed = ClosedDirectory::open(directory).map_err(failure)?;
            (closed.archive_to(open(archive)?, *level).map_err(failure)?, output.json)
        }
    };
    outcome(&segments, as_json, || text(&segments))
}

/// The segments of an archive, of which there is one at least: a place that was mistyped is not called empty.
fn list(archive: &OsStr) -> Result<Vec<ArchivedSegment>, Failure> {
    let segments = ArchivedSegment::list(&*open(archive)?).map_err(failure)?;
    if segments.is_empty() { Err(failure(MaintenanceError::NoSegments)) } else { Ok(segments) }
}

fn verify(archive: &OsStr, as_json: bool) -> Result<Outcome, Failure> {
    let mut bar = Bar::new();
    let report = verify_archive(&*open(archive)?, |progress| bar.show(progress)).map_err(failure)?;
    drop(bar);
    let outcome = outcome(&report, as_json, || {
        let mut out = damages(&report.damages);
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{} ({}) were read", count(report.segments, "segment"), bytes(report.bytes));
        let _ = writeln!(out, "versions that follow one another: {}", runs(&report.lines));
        for Gap { first, last, until, .. } in &report.gaps {
            let _ = writeln!(out, "versions {first} to {last} are missing");
            let _ = writeln!(out, "    versions up to {until} that follow them cannot be restored from here alone");
        }
        if !report.lines.iter().any(|(first, _)| *first == 1) {
            let _ = writeln!(out, "none begins with version 1: a restore needs a snapshot file of a directory as well");
        }
        let gaps = report.gaps.len();
        if gaps > 0 && report.damages.is_empty() {
            return out + &found(gaps, "gap");
        }
        out + &verdict(&report.damages)
    })?;
    Ok(Outcome { is_fine: report.is_fine(), ..outcome })
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

fn text(segments: &[ArchivedSegment]) -> String {
    let mut out = String::new();
    for segment in segments {
        let ArchivedSegment { first, last, timeline, .. } = segment;
        let (earliest, latest) = (time(segment.earliest), time(segment.latest));
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "versions {first} to {last}, {earliest} to {latest}, timeline {timeline:016x}");
    }
    let _ = writeln!(out, "{}", count(segments.len() as u64, "segment"));
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
