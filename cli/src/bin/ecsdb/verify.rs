//! `ecsdb verify`.

use std::fmt::Write;

use ecsdb::maintenance::VerifyReport;
use ecsdb_cli::{Failure, Outcome, failure};

use crate::args::Of;
use crate::progress::Bar;
use crate::text::{bytes, count, damages, runs, verdict};
use crate::{look_at, outcome};

pub fn run(of: &Of) -> Result<Outcome, Failure> {
    let closed = look_at(&of.directory)?;
    let mut bar = Bar::new();
    let report = closed.verify(|progress| bar.show(progress)).map_err(failure)?;
    drop(bar);
    let outcome = outcome(&report, of.output.json, || text(&report))?;
    Ok(Outcome { is_fine: report.is_fine(), ..outcome })
}

fn text(report: &VerifyReport) -> String {
    let mut out = damages(&report.damages);
    // Writing to a `String` cannot fail.
    let (segments, size) = (count(report.segments, "segment"), bytes(report.segment_bytes));
    let snapshots = count(report.snapshots.len() as u64, "good snapshot file");
    let _ = writeln!(out, "{segments} ({size}) and {snapshots} were read");
    let _ = writeln!(out, "versions that can be had: {}", runs(&report.reachable));
    if !report.left_out.is_empty() {
        let left_out = runs(&report.left_out);
        let _ = writeln!(out, "versions that no segment has any more, and a snapshot file makes up for: {left_out}");
    }
    if report.torn_bytes > 0 {
        let torn = bytes(report.torn_bytes);
        let _ = writeln!(out, "{torn} behind the end of the log were being written, and nobody relies on them");
    }
    let _ = match (report.version, report.was_closed) {
        (Some(version), true) => writeln!(out, "it opens to version {version}, and was closed"),
        (Some(version), false) => writeln!(out, "it opens to version {version}, and was not closed"),
        (None, _) => writeln!(out, "it cannot be opened: see `ecsdb repair`, or restore a backup"),
    };
    out + &verdict(&report.damages)
}
