//! Random histories in one archive, under a clock that may be set back, against what was noted of each: whatever is asked for, by version, time
//! or timeline, is that or an error.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ecsdb::maintenance::{Restore, Restored, Target};
use proptest::prelude::*;

use super::*;

/// What happens to a history, which is named by a number that is taken modulo how many there are.
#[derive(Clone, Debug)]
enum Step {
    /// So many commits, of which the last ones may be large.
    Commit(usize, u8, bool),
    Checkpoint(usize),
    /// What its directory has goes to the archive.
    Archive(usize),
    /// Another one leaves it after a version, which is taken modulo how many it has.
    Leave(usize, usize),
    /// The clock is set back to where it began.
    SetBack,
}

fn step() -> impl Strategy<Value = Step> {
    let index = 0_usize..8;
    prop_oneof![
        4 => (index.clone(), 1_u8..6, any::<bool>()).prop_map(|(of, commits, large)| Step::Commit(of, commits, large)),
        2 => index.clone().prop_map(Step::Checkpoint),
        3 => index.clone().prop_map(Step::Archive),
        2 => (index, any::<usize>()).prop_map(|(of, version)| Step::Leave(of, version)),
        1 => Just(Step::SetBack),
    ]
}

/// A directory, and what was noted of its history.
#[derive(Clone)]
struct History {
    directory: String,
    /// What there was after each version, and the timeline that it is of.
    versions: Vec<(Rows, u64)>,
    /// The version that its directory begins with: none before is in its files.
    from: usize,
    /// How many commits there had been of all histories when the last one came to this: no clock goes back here.
    committed: u64,
}

/// All histories, on a medium with one clock, and an archive of them.
struct Game {
    medium: Simulated,
    histories: Vec<History>,
    /// Commits so far.
    commits: u64,
    /// Whether the clock was set back.
    is_set_back: bool,
}

impl Game {
    fn new() -> Self {
        let medium = Simulated::new();
        let db = small(&medium, "/games/0").open().unwrap();
        let versions = vec![(Rows::of(&db), db.recovery().unwrap().timeline)];
        drop(db);
        let history = History { directory: "/games/0".into(), versions, from: 0, committed: 0 };
        Self { medium, histories: vec![history], commits: 0, is_set_back: false }
    }

    fn play(&mut self, step: &Step) {
        let count = self.histories.len();
        match *step {
            Step::Commit(of, commits, is_large) => {
                let history = &mut self.histories[of % count];
                let db = small(&self.medium, &history.directory).open().unwrap();
                let timeline = db.recovery().unwrap().timeline;
                for _ in 0..commits {
                    self.commits += 1;
                    db.spawn((Small::sample(self.commits), Purse::sample(self.commits))).unwrap();
                    if is_large {
                        history.versions.push((Rows::of(&db), timeline));
                        db.write(|tx| Ok(tx.spawn_all((0..40).map(R100::sample))?)).unwrap();
                    }
                    history.versions.push((Rows::of(&db), timeline));
                }
                history.committed = self.commits;
            }
            Step::Checkpoint(of) => {
                let db = small(&self.medium, &self.histories[of % count].directory).open().unwrap();
                db.checkpoint().unwrap().wait().unwrap();
            }
            Step::Archive(of) => {
                let directory = &self.histories[of % count].directory;
                closed(&self.medium, directory).unwrap().archive_to(shelf(&self.medium), None).unwrap();
            }
            Step::Leave(of, version) if count < 5 => {
                let history = &self.histories[of % count];
                let version = history.from + version % (history.versions.len() - history.from);
                let directory = format!("/games/{count}");
                let source = closed(&self.medium, &history.directory).unwrap();
                let restore = Restore::from_directory(source).onto(Arc::new(self.medium.clone()));
                let restored = restore.run(Target::Version(version as u64), &directory, |_| ()).unwrap();
                let versions = history.versions[..=version].to_vec();
                // A snapshot file is copied with the log from there on.
                let from = restored.snapshot.unwrap_or(0) as usize;
                self.histories.push(History { directory, versions, from, committed: 0 });
            }
            Step::Leave(..) => {}
            Step::SetBack => {
                self.medium = copy(&self.medium);
                self.is_set_back = true;
            }
        }
    }

    /// Restores from the archive alone: what is said of it, and what is in it.
    fn restore(&self, target: Target, timeline: Option<u64>) -> Result<(Restored, Rows), MaintenanceError> {
        let medium = Simulated::new();
        let restore = Restore::from_archive(shelf(&self.medium)).onto(Arc::new(medium.clone()));
        let restore = timeline.into_iter().fold(restore, Restore::of_timeline);
        let restored = restore.run(target, "/there", |_| ())?;
        let rows = Rows::of(&small(&medium, "/there").open().unwrap());
        Ok((restored, rows))
    }

    /// Archives everything, and asks for all of it.
    fn check(&mut self) {
        let (count, from) = (self.histories.len(), self.commits as usize);
        for of in from..from + count {
            self.play(&Step::Commit(of, 1, false));
            self.play(&Step::Archive(of));
        }
        let (restored, rows) = self.restore(Target::Latest, None).unwrap();
        // When the clock was wrong nobody knows which one is the latest: any that has come to its end.
        let is_restored = |history: &&History| history.versions.last().unwrap().0 == rows;
        let latest = match self.is_set_back {
            true => self.histories.iter().find(is_restored).expect("it is the end of one"),
            false => self.histories.iter().max_by_key(|history| history.committed).unwrap(),
        };
        let latest = &latest.versions;
        assert!(restored.version as usize == latest.len() - 1 && rows == latest[latest.len() - 1].0, "{restored:?}");
        let mut times: Vec<SystemTime> = Vec::new();
        let longest = self.histories.iter().map(|history| history.versions.len()).max().unwrap();
        for version in 1..longest {
            let target = Target::Version(version as u64);
            // By its timeline each is there.
            let of_all = self.histories.iter().filter_map(|history| history.versions.get(version));
            let mut timelines = BTreeSet::new();
            for (expected, timeline) in of_all {
                timelines.insert(*timeline);
                let (restored, rows) = self.restore(target, Some(*timeline)).unwrap();
                assert!(rows == *expected, "{version} of {timeline:016x}: {restored:?}");
            }
            assert!(self.restore(target, Some(1)).is_err(), "no history has timeline 1");
            // Without one it is that of the latest history, or the only one, or nobody knows.
            match (self.restore(target, None), latest.get(version)) {
                (Ok((restored, rows)), Some((expected, _))) => {
                    assert!(rows == *expected, "{version}: {restored:?}");
                    times.push(restored.committed().unwrap());
                }
                (Ok((_, rows)), None) => {
                    let mut of_all = self.histories.iter().filter_map(|history| history.versions.get(version));
                    assert!(timelines.len() == 1 && of_all.all(|(expected, _)| *expected == rows), "{version}");
                }
                (Err(MaintenanceError::Ambiguous { timelines: said, .. }), None) => {
                    assert!(said.len() > 1 && said.iter().copied().collect::<BTreeSet<_>>() == timelines, "{version}");
                }
                (Err(error), _) => panic!("{version}: {error}"),
            }
        }
        // A time is one of the latest history: the last version that had come by then.
        assert!(times.len() == latest.len() - 1 && (self.is_set_back || times.is_sorted()), "{times:?}");
        for time in &times {
            let next = times.iter().filter(|next| *next > time).min().copied();
            let next = next.unwrap_or(UNIX_EPOCH + Duration::from_nanos(u64::MAX >> 1));
            for moment in [*time, next - Duration::from_nanos(1)] {
                let version = times.iter().rposition(|time| *time <= moment).unwrap() + 1;
                let (restored, rows) = self.restore(Target::Time(moment), None).unwrap();
                assert!(restored.version as usize == version && rows == latest[version].0, "{restored:?}");
            }
        }
        let early = self.restore(Target::Time(*times.iter().min().unwrap() - Duration::from_nanos(1)), None);
        assert!(matches!(early, Err(MaintenanceError::TooEarly { .. })), "{:?}", early.map(|_| ()));
        // A directory knows which one it is of, whatever else is in the archive.
        for history in &self.histories {
            let (expected, timeline) = history.versions.last().unwrap();
            let expected = (history.versions.len() as u64 - 1, expected.clone());
            assert!(self.restore_from(&self.medium, history).unwrap() == expected, "{}", history.directory);
            // If it has lost its end, it is that or an error, as long as anything tells of it.
            let paths = segments(&self.medium, &history.directory);
            for lost in 1..paths.len().min(4) {
                let lossy = copy(&self.medium);
                for path in &paths[paths.len() - lost..] {
                    ecsdb::media::Media::remove(&lossy, path).unwrap();
                }
                let left = closed(&lossy, &history.directory).unwrap().info().unwrap();
                let is_told = left.segments.last().is_some_and(|segment| segment.timeline == *timeline);
                let without_closed = copy(&lossy);
                let path = Path::new(&history.directory).join("CLOSED");
                ecsdb::media::Media::remove(&without_closed, &path).unwrap();
                for lossy in [Some(&lossy), is_told.then_some(&without_closed)].into_iter().flatten() {
                    if let Ok(restored) = self.restore_from(lossy, history) {
                        assert!(restored == expected, "{} without {lost}: {}", history.directory, restored.0);
                    }
                }
            }
        }
    }

    /// The latest state of a history, by its directory on `medium` and the archive.
    fn restore_from(&self, medium: &Simulated, history: &History) -> Result<(u64, Rows), MaintenanceError> {
        let there = Simulated::new();
        let source = closed(&copy(medium), &history.directory)?;
        let restore = Restore::from_directory(source).with_archive(shelf(&self.medium)).onto(Arc::new(there.clone()));
        let version = restore.run(Target::Latest, "/there", |_| ())?.version;
        Ok((version, Rows::of(&small(&there, "/there").open().unwrap())))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn of_all_histories_in_an_archive_what_was_asked_for_comes_back(
        steps in proptest::collection::vec(step(), 6..24),
    ) {
        let mut game = Game::new();
        game.play(&Step::Commit(0, 3, true));
        game.play(&Step::Leave(0, 2));
        for step in &steps {
            game.play(step);
        }
        game.check();
    }
}
