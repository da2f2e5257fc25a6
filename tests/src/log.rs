//! A commit log that keeps what it is told, plays it on a plain map, and refuses when it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ecsdb::changes::ChangeSet;
use ecsdb::error::LogError;
use ecsdb::schema::Schema;
use ecsdb::transaction::CommitLog;
use ecsdb::{Db, Entity};

/// All rows by table and entity, and all living entities: what a database comes down to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The generation of each living entity, by slot.
    pub alive: BTreeMap<u32, Entity>,
    /// The bytes of each row, by table and slot.
    pub rows: BTreeMap<(u16, u32), Vec<u8>>,
}

impl Rows {
    /// What `db` has published, read by names.
    pub fn of<S: Schema>(db: &Db<S>) -> Self {
        let snapshot = db.snapshot();
        let view = snapshot.untyped();
        let mut all = Self::default();
        all.alive.extend(snapshot.entities().map(|entity| (entity.slot(), entity)));
        for (number, table) in view.schema().tables().iter().enumerate() {
            for row in view.table(&table.name).expect("a table of the schema").rows() {
                let entity = row.entity().expect("a stored row has an entity");
                all.rows.insert((number as u16, entity.slot()), row.bytes().to_vec());
            }
        }
        all
    }

    /// Plays one change set, and checks what it says of the state before.
    pub fn play(&mut self, changes: &ChangeSet) {
        for entity in changes.despawned() {
            assert_eq!(self.alive.remove(&entity.slot()), Some(entity), "only the living die");
        }
        for entity in changes.spawned() {
            assert_eq!(self.alive.insert(entity.slot(), entity), None, "{entity} is born in a free slot");
        }
        for page in changes.pages() {
            for row in page.rows() {
                let key = (page.table(), row.slot);
                let before = match row.after {
                    Some(after) => self.rows.insert(key, after.to_vec()),
                    None => self.rows.remove(&key),
                };
                assert_eq!(before.as_deref(), row.before, "what was in table {} at slot {}", key.0, key.1);
            }
        }
        for (table, slot) in self.rows.keys() {
            assert!(self.alive.contains_key(slot), "table {table} has a row of nobody at slot {slot}");
        }
    }
}

/// What a [`Recorder`] was told.
#[derive(Default)]
pub struct Record {
    /// The version and the size of each change set that was appended and committed, in order.
    pub committed: Vec<u64>,
    /// The versions that were committed.
    pub versions: Vec<u64>,
    /// What the committed change sets come down to.
    pub rows: Rows,
    /// Appended and not yet committed.
    appended: Vec<u64>,
    pending: Option<Rows>,
    /// How often the log was told to forget.
    pub aborts: usize,
    /// Refuse the append that is so many appends away.
    pub refuse_append: Option<usize>,
    /// Refuse the next commit.
    pub refuse_commit: bool,
    /// Called with every change set.
    #[expect(clippy::type_complexity, reason = "it is named once")]
    pub watch: Option<Box<dyn FnMut(&ChangeSet) + Send>>,
}

/// A log whose record the test keeps.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Record>>);

impl Recorder {
    /// Looks at the record, or tells the log what to refuse.
    pub fn with<R>(&self, look: impl FnOnce(&mut Record) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl CommitLog for Recorder {
    fn append(&mut self, changes: &ChangeSet) -> Result<(), LogError> {
        self.with(|record| {
            assert!(!changes.is_empty(), "a change set that changes nothing");
            match &mut record.refuse_append {
                Some(0) => {
                    record.refuse_append = None;
                    return Err(LogError::new("no append today"));
                }
                Some(left) => *left -= 1,
                None => {}
            }
            if let Some(watch) = &mut record.watch {
                watch(changes);
            }
            record.pending.get_or_insert_with(|| record.rows.clone()).play(changes);
            record.appended.push(changes.version());
            Ok(())
        })
    }

    fn commit(&mut self, version: u64) -> Result<(), LogError> {
        self.with(|record| {
            assert!(record.appended.iter().all(|appended| *appended == version), "a batch has one version");
            assert!(!record.appended.is_empty(), "a batch that changes nothing is not committed");
            if core::mem::take(&mut record.refuse_commit) {
                return Err(LogError::new("no commit today"));
            }
            record.versions.push(version);
            let appended = core::mem::take(&mut record.appended);
            record.committed.extend(appended);
            record.rows = record.pending.take().unwrap_or_default();
            Ok(())
        })
    }

    fn abort(&mut self) {
        self.with(|record| {
            record.appended.clear();
            record.pending = None;
            record.aborts += 1;
        });
    }
}
