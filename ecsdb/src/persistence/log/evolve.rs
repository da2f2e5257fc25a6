//! Another schema for a log that is being written.

use std::sync::Arc;

use super::anew::Anew;
use super::description::Described;
use super::wal::Wal;
use crate::change_set::ChangeSet;
use crate::persistence::codec::Tables;
use crate::persistence::error::IoFailure;
use crate::persistence::evolution::Evolution;
use crate::persistence::format::{Kind, PREFIX_BYTES};
use crate::persistence::ids::Ids;
use crate::persistence::migration::Migrations;
use crate::persistence::recovery::Migration;
use crate::persistence::time::nanoseconds;
use crate::schema::DatabaseSchema;
use crate::transaction::LogError;

impl Wal {
    /// What becomes of the log with `schema`. Nothing is changed so far.
    ///
    /// Everything before is synced: rows of an earlier revision mean nothing as soon as the segment has its name.
    pub(super) fn judge(&self, schema: &DatabaseSchema) -> Result<Evolution, LogError> {
        let synced = self.shared.watermark.when(self.version).wait();
        synced.map_err(|_| LogError::new("the log is closed"))??;
        let header = self.shared.header();
        let ids = Ids::read(&header.schema, PREFIX_BYTES).map_err(|error| LogError::new(error.what.to_string()))?;
        let root = self.shared.directory().root().to_owned();
        Evolution::judge(&root, &ids, schema, &Migrations::default()).map_err(LogError::new)
    }

    /// Goes on in a new segment, whose header has `schema`, and that begins with the rows that were made anew for it.
    pub(super) fn evolve_to(
        &mut self,
        evolution: Evolution,
        schema: &DatabaseSchema,
        rows: &ChangeSet,
    ) -> Result<u64, LogError> {
        let (before, Evolution { ids, steps, rewrite }) = (self.version, evolution);
        let rewritten = rewrite.map_or_else(Vec::new, |rewrite| rewrite.rewritten);
        let tables = Arc::new(Tables::new(&ids, Arc::new(schema.clone())));
        let time = nanoseconds(self.media.now());
        self.encoder.set_tables(Arc::clone(&tables));
        let (mut segment, header) = self.shared.make_for(&ids, schema.hash(), !self.segment.has_commits())?;
        let anew = Anew { rows, rewritten: &rewritten, version: before, time };
        let failed =
            |error| LogError::new(IoFailure::io("write", &self.shared.directory().draft(header.sequence))(error));
        let mut version = anew.write(&mut self.encoder, &mut segment).map_err(failed)?;
        if version == before {
            // A version of its own all the same, for the schema.
            version += 1;
            let salt = segment.salt;
            let record = self.encoder.seal(salt, version, before, time, Kind::Commit);
            segment.write(record, Kind::Commit).and_then(|()| segment.named.file.sync_data()).map_err(failed)?;
            self.encoder.clear(true);
        }
        self.segment = self.shared.put_in_place(segment, before + 1).map_err(LogError::new)?;
        self.alarm.segment_is_finished();
        self.version = version;
        self.shared.watermark.written(version)?;
        self.description.set(Described { tables, schema: header.schema, schema_hash: schema.hash() });
        // For readers; nothing depends on it.
        let moved = rows.pages().filter(|page| rewritten.get(usize::from(page.table())) == Some(&true));
        let moved =
            moved.map(|page| page.words_written().iter().map(|word| u64::from(word.count_ones())).sum::<u64>()).sum();
        let migration = Migration { from_version: before, steps, rows: moved };
        let directory = self.shared.directory();
        let text = ids.comments() + "\n" + &schema.to_toml();
        let noted = directory
            .write_schema(&*self.media, &text)
            .and_then(|()| directory.note_migration(&*self.media, &migration, version, time));
        if let Err(error) = noted {
            tracing::warn!(%error, "the copy of the schema was not written");
        }
        tracing::info!(?migration, version, "the schema has changed");
        Ok(version)
    }
}
