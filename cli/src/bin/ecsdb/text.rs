//! Numbers and times for people.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ecsdb::maintenance::Damage;

/// A time that is given in nanoseconds since 1970, to the nanosecond: `--time` finds what was committed then.
pub fn time(nanoseconds: u64) -> String {
    humantime::format_rfc3339_nanos(UNIX_EPOCH + Duration::from_nanos(nanoseconds)).to_string()
}

/// A time that somebody has written: a date, perhaps with a time of day, perhaps with an offset from UTC.
pub fn parse_time(text: &str) -> Result<SystemTime, String> {
    let whole = if text.len() == "2026-11-28".len() { format!("{text}T00:00:00") } else { text.to_owned() };
    let (local, offset) = match whole.rfind(['+', '-']) {
        Some(at) if at > "2026-11-28".len() => (&whole[..at], Some(&whole[at..])),
        _ => (&whole[..], None),
    };
    let seconds = offset.map_or(Some(0), seconds_of_offset);
    // `Z` and an offset exclude one another.
    let local = (offset.is_none() || !local.ends_with(['Z', 'z'])).then(|| humantime::parse_rfc3339_weak(local).ok());
    let time = local.flatten().zip(seconds).and_then(|(local, seconds)| match seconds {
        0.. => local.checked_sub(Duration::from_secs(seconds.unsigned_abs())),
        _ => local.checked_add(Duration::from_secs(seconds.unsigned_abs())),
    });
    time.ok_or_else(|| "say 2026-11-28T12:30:00Z, 2026-11-28T14:30:00+02:00, or 2026-11-28".into())
}

/// How many seconds `+02:00` and the like are.
fn seconds_of_offset(offset: &str) -> Option<i64> {
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let number = |text: &str, below: i64| -> Option<i64> {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok()).flatten().filter(|number| *number < below)
    };
    let seconds = number(hours, 24)? * 3600 + number(minutes, 60)? * 60;
    Some(if offset.starts_with('-') { -seconds } else { seconds })
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
