//! arc-swap with a persistent map of imbl.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use ecsdb_benches::commits::CommitTime;
use imbl::GenericHashMap;
use imbl::shared_ptr::DefaultSharedPtr;

use super::{Does, Hashing, Reader, Row, Shared, row, timed};

type Map = GenericHashMap<u32, Row, Hashing, DefaultSharedPtr>;

/// The newest map, and the writer's.
pub struct ArcSwapped {
    newest: ArcSwap<Map>,
    writer: Mutex<Map>,
}

fn sum(map: &Map, rows: &[u32]) -> f64 {
    rows.iter().map(|row| map.get(row).map_or(0.0, |row| f64::from(row[0]))).sum()
}

impl Shared for ArcSwapped {
    const NAME: &'static str = "arc-swap + imbl";
    const DOES: Does = Does {
        package: Some("imbl"),
        readers: true,
        versions: true,
        rollback: true,
        durable: false,
        how: "a persistent `HashMap`, of which a commit copies the path to a row; the whole map is cloned and swapped in",
    };

    fn filled(count: usize) -> Self {
        let map: Map = (0..count).map(|number| (number as u32, row(number))).collect();
        Self { newest: ArcSwap::from_pointee(map.clone()), writer: Mutex::new(map) }
    }

    fn commit(&self, rows: &[u32], x: f32) -> CommitTime {
        let mut map = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        timed(|| {
            for row in rows {
                if let Some(row) = map.get_mut(row) {
                    row[0] = x;
                }
                self.newest.store(Arc::new(map.clone()));
            }
        })
    }

    fn reader(&self) -> Reader<'_> {
        Box::new(|rows| {
            let map = self.newest.load();
            sum(&map, rows)
        })
    }

    fn pin(&self) -> Option<Reader<'_>> {
        let map = self.newest.load_full();
        Some(Box::new(move |rows| sum(&map, rows)))
    }
}
