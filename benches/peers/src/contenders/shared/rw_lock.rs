//! A map behind std's lock for readers and writers.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use ecsdb_benches::commits::CommitTime;

use super::{Does, Hashing, Reader, Row, Shared, row, timed};

/// The map.
pub struct Locked(RwLock<HashMap<u32, Row, Hashing>>);

impl Shared for Locked {
    const NAME: &'static str = "RwLock";
    const DOES: Does = Does {
        package: None,
        readers: false,
        versions: false,
        rollback: false,
        durable: false,
        how: "`RwLock<HashMap>`: changed in place; readers and the writer wait for each other",
    };

    fn filled(count: usize) -> Self {
        Self(RwLock::new((0..count).map(|number| (number as u32, row(number))).collect()))
    }

    fn commit(&self, rows: &[u32], x: f32) -> CommitTime {
        timed(|| {
            for row in rows {
                let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
                if let Some(row) = map.get_mut(row) {
                    row[0] = x;
                }
            }
        })
    }

    fn reader(&self) -> Reader<'_> {
        Box::new(|rows| {
            let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
            rows.iter().map(|row| map.get(row).map_or(0.0, |row| f64::from(row[0]))).sum()
        })
    }

    fn pin(&self) -> Option<Reader<'_>> {
        None
    }
}
