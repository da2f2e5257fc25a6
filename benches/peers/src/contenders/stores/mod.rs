//! Stores that keep rows on disk: three floats of four bytes by a number.
//!
//! Each is opened with the settings that its documentation names for commits that survive a loss of power, and changes rows in the
//! fastest way that it has for its users.

mod ecsdb;
mod ecsdb_by_number;
mod fjall;
mod lmdb;
mod redb;
mod sqlite;

use std::path::Path;

pub use self::ecsdb::Ecsdb;
pub use self::ecsdb_by_number::EcsdbByNumber;
pub use self::fjall::Fjall;
pub use self::lmdb::Lmdb;
pub use self::redb::Redb;
pub use self::sqlite::Sqlite;
use super::Does;
use crate::Failure;

/// Rows in a transaction while a store is filled.
const AT_ONCE: usize = 100_000;

/// A row: three floats.
pub type Row = [f32; 3];

/// A store that is open.
pub trait Store: Sized + Sync {
    /// What it is called.
    const NAME: &'static str;
    /// What it does besides.
    const DOES: Does;

    /// Opens the store in the directory `dir`, or makes it.
    ///
    /// # Errors
    /// Those of the store.
    fn open(dir: &Path) -> Result<Self, Failure>;

    /// Puts `count` rows into a store that is empty, durably.
    ///
    /// # Errors
    /// Those of the store.
    fn fill(&self, count: usize) -> Result<(), Failure>;

    /// Stores `value` in place of each row of `rows`, in one transaction.
    ///
    /// If `durable`, it returns when a loss of power cannot undo it; otherwise when it is visible.
    ///
    /// # Errors
    /// Those of the store.
    fn commit(&self, rows: &[u32], value: Row, durable: bool) -> Result<(), Failure>;

    /// Stores `value` in place of each row of `rows`, each in a transaction of its own, and returns when the last one is visible.
    ///
    /// # Errors
    /// Those of the store.
    fn commit_each(&self, rows: &[u32], value: Row) -> Result<(), Failure> {
        rows.iter().try_for_each(|row| self.commit(&[*row], value, false))
    }

    /// Sums the first floats of `rows`, all read in one transaction.
    ///
    /// # Errors
    /// Those of the store.
    fn read(&self, rows: &[u32]) -> Result<f64, Failure>;

    /// Reads every row. The sum of all first floats, and how many there were.
    ///
    /// # Errors
    /// Those of the store.
    fn read_all(&self) -> Result<(f64, usize), Failure>;

    /// Whether it can [`copy`](Self::copy) itself.
    const COPIES: bool = false;

    /// Writes a copy of everything into the directory `to`, which is not there yet, while the store goes on, and syncs it. The copy can
    /// be opened.
    ///
    /// # Errors
    /// Those of the store.
    fn copy(&self, to: &Path) -> Result<(), Failure> {
        Err(format!("{} has no way to copy itself to {}", Self::NAME, to.display()).into())
    }

    /// Makes everything durable, and the store as fast to open as it can be, as its users do now and then.
    ///
    /// # Errors
    /// Those of the store.
    fn settle(&self) -> Result<(), Failure>;
}

/// Row number `number` at first.
pub fn row(number: usize) -> Row {
    [(number % 1024) as f32, 0.5, 1.0]
}

/// A row as the stores of bytes take it.
fn bytes(row: Row) -> [u8; 12] {
    let mut bytes = [0; 12];
    for (bytes, float) in bytes.chunks_exact_mut(4).zip(row) {
        bytes.copy_from_slice(&float.to_le_bytes());
    }
    bytes
}

/// The first float of a row.
fn first(bytes: &[u8]) -> f64 {
    let (first, _) = bytes.split_first_chunk().expect("a row has 12 bytes");
    f32::from_le_bytes(*first).into()
}

/// The numbers of rows that are filled in one transaction each.
fn portions(count: usize) -> impl Iterator<Item = core::ops::Range<usize>> {
    (0..count).step_by(AT_ONCE).map(move |from| from..count.min(from + AT_ONCE))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Ecsdb, EcsdbByNumber, Fjall, Lmdb, Redb, Sqlite, Store, row};
    use crate::cases::stores::copy_files;

    fn keeps<S: Store>() {
        let dir = std::env::temp_dir().join(format!("ecsdb-peers-{}-{}", S::NAME, std::process::id()));
        let (own, killed, copied) = (dir.join("own"), dir.join("killed"), dir.join("copied"));
        fs::create_dir_all(&own).unwrap();
        let store = S::open(&own).unwrap();
        store.fill(1000).unwrap();
        store.settle().unwrap();
        let sum: f64 = (0..1000).map(|number| f64::from(row(number)[0])).sum();
        assert_eq!(store.read_all().unwrap(), (sum, 1000));
        store.commit(&[7, 8], [100.0, 0.0, 0.0], false).unwrap();
        store.commit_each(&[1, 2], [10.0, 0.0, 0.0]).unwrap();
        // The durable one comes last: what was only visible before it is durable with it, in all of them.
        store.commit(&[9], [1000.0, 0.0, 0.0], true).unwrap();
        assert_eq!(store.read(&[7, 8, 9, 1, 2, 3]).unwrap(), 1223.0);
        let sum = sum + 200.0 + 1000.0 + 20.0 - f64::from(7 + 8 + 9 + 1 + 2);
        assert_eq!(store.copy(&copied).is_ok(), S::COPIES);
        copy_files(&own, &killed).unwrap();
        drop(store);
        for dir in [&own, &killed].into_iter().chain(S::COPIES.then_some(&copied)) {
            assert_eq!(S::open(dir).unwrap().read_all().unwrap(), (sum, 1000), "{}", S::NAME);
        }
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn every_store_keeps_the_same_rows_also_when_it_is_killed() {
        keeps::<Ecsdb>();
        keeps::<EcsdbByNumber>();
        keeps::<Redb>();
        keeps::<Fjall>();
        keeps::<Sqlite>();
        keeps::<Lmdb>();
    }
}
