//! left-right: two maps, of which readers have one and the writer the other.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ecsdb_benches::commits::CommitTime;
use left_right::{Absorb, ReadHandleFactory, WriteHandle};

use super::{Does, Hashing, Reader, Row, Shared, row, timed};

#[derive(Clone, Default)]
struct Map(HashMap<u32, Row, Hashing>);

/// A change of the first float of a row.
struct Set {
    row: u32,
    x: f32,
}

impl Absorb<Set> for Map {
    fn absorb_first(&mut self, set: &mut Set, _: &Self) {
        if let Some(row) = self.0.get_mut(&set.row) {
            row[0] = set.x;
        }
    }

    fn sync_with(&mut self, first: &Self) {
        self.0.clone_from(&first.0);
    }
}

/// The maps, and the handles to them.
pub struct LeftRight {
    writer: Mutex<WriteHandle<Map, Set>>,
    readers: ReadHandleFactory<Map>,
}

impl Shared for LeftRight {
    const NAME: &'static str = "left-right";
    const DOES: Does = Does {
        package: Some("left-right"),
        readers: true,
        versions: false,
        rollback: false,
        durable: false,
        how: "two `HashMap`s, so everything is there twice; a commit is `append` and `publish`, which waits for all readers of the other map",
    };

    fn filled(count: usize) -> Self {
        let map = Map((0..count).map(|number| (number as u32, row(number))).collect());
        let (mut writer, reader) = left_right::new_from_empty(map);
        writer.publish();
        Self { writer: Mutex::new(writer), readers: reader.factory() }
    }

    fn commit(&self, rows: &[u32], x: f32) -> CommitTime {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        timed(|| {
            for row in rows {
                writer.append(Set { row: *row, x });
                writer.publish();
            }
        })
    }

    fn reader(&self) -> Reader<'_> {
        let reader = self.readers.handle();
        Box::new(move |rows| {
            let map = reader.enter().expect("the writer is there");
            rows.iter().map(|row| map.0.get(row).map_or(0.0, |row| f64::from(row[0]))).sum()
        })
    }

    fn pin(&self) -> Option<Reader<'_>> {
        None
    }
}
