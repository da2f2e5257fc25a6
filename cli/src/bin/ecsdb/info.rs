//! `ecsdb info`.

use std::fmt::Write;

use ecsdb::maintenance::Info;
use ecsdb_cli::{Failure, Outcome, failure};

use crate::args::Of;
use crate::text::{bytes, time};
use crate::{look_at, outcome};

pub fn run(of: &Of) -> Result<Outcome, Failure> {
    let info = look_at(&of.directory)?.info().map_err(failure)?;
    outcome(&info, of.output.json, || text(&info))
}

fn text(info: &Info) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    if info.is_unfinished {
        let _ = writeln!(out, "it is UNFINISHED: remove it, and make it again");
    }
    if info.is_in_repair {
        let _ = writeln!(out, "a repair is not finished (REPAIRING): see `ecsdb repair`");
    }
    let _ = writeln!(out, "tables:");
    for table in &info.tables {
        let fields = table.fields.iter().map(|(name, of)| format!("{name}: {of}"));
        let fields = fields.collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "    {:5} {} {{ {fields} }}", table.id, table.name);
    }
    let _ = writeln!(out, "snapshot files:");
    for snapshot in &info.snapshots {
        let (made, size) = (time(snapshot.time), bytes(snapshot.bytes));
        let base = snapshot.base.map_or(String::new(), |base| format!(", goes on from version {base}"));
        let _ = writeln!(out, "    version {}, of {made}, {size}{base}", snapshot.version);
    }
    let _ = writeln!(out, "segments of the log:");
    for segment in &info.segments {
        let (made, size) = (time(segment.created), bytes(segment.bytes));
        let (number, first, timeline) = (segment.sequence, segment.first, segment.timeline);
        let _ = writeln!(out, "    {number:5} from version {first}, made {made}, {size}, timeline {timeline:016x}");
    }
    out
}
