//! Numbers and times for people.

use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

use ecsdb::maintenance::Damage;

/// A time that is given in nanoseconds since 1970, to the nanosecond: `--time` finds what was committed then.
pub fn time(nanoseconds: u64) -> String {
    humantime::format_rfc3339_nanos(UNIX_EPOCH + Duration::from_nanos(nanoseconds)).to_string()
}

/// A number of bytes.
pub fn bytes(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

/// Something and how many there are of it: `1 segment`, `2 segments`.
pub fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Runs of versions.
pub fn runs(runs: &[(u64, u64)]) -> String {
    let run = |(from, to): &(u64, u64)| if from == to { format!("{from}") } else { format!("{from} to {to}") };
    match runs {
        [] => "none".into(),
        runs => runs.iter().map(run).collect::<Vec<_>>().join(", "),
    }
}

/// Everything that is damaged, and what that means.
pub fn damages(damages: &[Damage]) -> String {
    let mut out = String::new();
    for damage in damages {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{} at byte {}: {}", damage.file.display(), damage.offset, damage.what);
        let _ = writeln!(out, "    {}", damage.meaning);
    }
    out
}

/// The last line: whether anything is damaged.
pub fn verdict(damages: &[Damage]) -> String {
    match damages.len() {
        0 => "all is well\n".into(),
        places => found(places, "damaged place"),
    }
}

/// The last line of what is not well: how many of something were found.
pub fn found(number: usize, what: &str) -> String {
    format!("{} found\n", count(number as u64, what))
}
