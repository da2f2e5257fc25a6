//! Times as they stand in files, and numbers that nobody has had before. Touches no clock: the time is that of the medium.

use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// A number that nobody has had before, for salts and timelines; never 0.
pub fn random() -> u64 {
    // The standard library seeds each of these from the system's randomness.
    RandomState::new().hash_one(SystemTime::now()).max(1)
}

/// The time as it stands in files. Times before 1970 are 0.
pub fn nanoseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
