//! Ways to share a state between one writer and readers on other threads.
//!
//! The state is rows of three floats by a number. Maps are std's and imbl's, with a hasher that costs next to nothing.

mod arc_swap;
mod ecsdb;
mod ecsdb_by_number;
mod left_right;
mod rw_lock;

use core::hash::{BuildHasherDefault, Hasher};
use std::time::Instant;

use cpu_time::ThreadTime;
use ecsdb_benches::commits::CommitTime;

pub use self::arc_swap::ArcSwapped;
pub use self::ecsdb::Ecsdb;
pub use self::ecsdb_by_number::EcsdbByNumber;
pub use self::left_right::LeftRight;
pub use self::rw_lock::Locked;
use super::Does;

/// A row.
pub type Row = [f32; 3];

/// A state that is shared.
pub trait Shared: Sized + Sync {
    /// What it is called.
    const NAME: &'static str;
    /// What it does besides.
    const DOES: Does;
    /// Commits between two looks at the clock.
    const AT_ONCE: usize = 50;

    /// A state of `count` rows.
    fn filled(count: usize) -> Self;

    /// Changes each of `rows` in a commit of its own, after which the change is visible. What the one who writes took for it, and how
    /// long it was on the clock.
    fn commit(&self, rows: &[u32], x: f32) -> CommitTime;

    /// What a reader calls: it takes the newest version, sums the first floats of `rows` in it, and lets go.
    fn reader(&self) -> Reader<'_>;

    /// Holds the newest version until the result is dropped, which sums rows in it. `None` if the writer would wait for that.
    fn pin(&self) -> Option<Reader<'_>>;
}

/// The sum of the first floats of some rows.
pub type Reader<'s> = Box<dyn FnMut(&[u32]) -> f64 + Send + 's>;

/// The row that number `number` has at first.
pub fn row(number: usize) -> Row {
    [(number % 1024) as f32, 0.5, 1.0]
}

/// What `work` took on this thread.
fn timed(work: impl FnOnce()) -> CommitTime {
    let (began, processor) = (Instant::now(), ThreadTime::now());
    work();
    CommitTime { writer: processor.elapsed(), wall: began.elapsed() }
}

/// A hasher of numbers that multiplies once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Multiplied(u64);

impl Hasher for Multiplied {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        let wide = u128::from(self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        self.0 = (wide as u64) ^ ((wide >> 64) as u64);
    }
}

/// What makes them.
pub type Hashing = BuildHasherDefault<Multiplied>;
