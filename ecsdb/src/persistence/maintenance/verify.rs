//! Reading everything, and saying what is wrong with it.

use super::closed::ClosedDirectory;
use super::error::MaintenanceError;
use super::judge::Judged;
use super::progress::{Progress, Steps};
use super::report::VerifyReport;
use super::survey::Survey;

impl ClosedDirectory {
    /// Reads every file of the directory and reports everything that is damaged, with file and offset, and what it means. Changes
    /// nothing, and needs memory for the rows of one version.
    ///
    /// Damage that nobody can find: behind the last version that any record calls durable, a record that was whole and is damaged
    /// looks like one that was not written to its end. After a close there is no such record.
    ///
    /// ```
    /// # use ecsdb::{Component, Db};
    /// # use ecsdb::maintenance::ClosedDirectory;
    /// # #[derive(Component)] struct Purse { gold: u64 }
    /// # ecsdb::schema! { World: Purse }
    /// # let path = std::env::temp_dir().join(format!("ecsdb-verify-{}", std::process::id()));
    /// let db = Db::<World>::open(&path)?;
    /// db.spawn(Purse { gold: 1 })?;
    /// drop(db);
    ///
    /// let report = ClosedDirectory::open(&path)?.verify(|_| ())?;
    /// assert!(report.is_fine() && report.was_closed);
    /// assert_eq!(report.reachable, [(0, 1)]);
    /// # std::fs::remove_dir_all(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the directory cannot be listed, was not finished, or was written by a later version of this crate. Damage is no error.
    pub fn verify(&self, mut progress: impl FnMut(Progress)) -> Result<VerifyReport, MaintenanceError> {
        self.check_finished()?;
        let mut steps = Steps::new(&mut progress);
        let survey = Survey::of(self, &mut steps)?;
        let judged = Judged::of(self, &survey, &mut steps)?;
        let end = judged.end.as_ref().filter(|_| !survey.is_blocked(&self.directory));
        let gaps = survey.gaps(&judged.reach.bases.versions());
        let left_out = gaps.iter().filter(|gap| gap.is_held);
        Ok(VerifyReport {
            directory: self.path().to_owned(),
            version: end.map(|end| end.version),
            timeline: end.map(|end| end.timeline),
            was_closed: end.is_some_and(|end| end.was_closed),
            torn_bytes: end.map_or(0, |end| end.torn_bytes),
            reachable: judged.reach.runs(),
            segments: survey.segments.len() as u64,
            segment_bytes: survey.found().map(|(_, found)| found.bytes).sum(),
            snapshots: judged.reach.bases.versions(),
            damages: survey.folder_damages().chain(judged.damages(&survey)).collect(),
            left_out: left_out.map(|gap| (gap.last + 1, gap.next - 1)).collect(),
            drafts: survey.drafts,
        })
    }
}
