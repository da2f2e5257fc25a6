//! What must hold for everything that a crash can leave.
//!
//! An image is opened, compared with the version that it claims to be, and then used: it is opened once more, played on, crashed
//! while it recovers, or led into another history.

use std::ops::AddAssign;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::simulated::{Simulated, State, Survival, Trace};
use ecsdb::Db;
use ecsdb::archive::DirectoryArchive;
use ecsdb::maintenance::{MaintenanceError, verify_archive};

use super::game::{Game, History, Outcome};
use super::setup::{ARCHIVE, Layout, open, timeline, torn_bytes};
use super::workload::{Step, steps};
use super::world::{Rows, World};

/// Units in which writes are torn: a byte, a sector, a page.
const UNITS: [usize; 3] = [1, 512, 4096];

/// A workload that was run, and what its images are held against.
pub struct Matrix {
    pub layout: Layout,
    pub steps: Vec<Step>,
    pub seed: u64,
    pub trace: Trace,
    pub history: History,
    /// Random images for each unit at each state.
    pub images: u64,
}

/// How many images were opened, and what was found in them. So that a matrix that finds nothing can be seen.
#[derive(Debug, Default)]
pub struct Tally {
    pub images: usize,
    /// That had a torn tail.
    pub torn: usize,
    /// That had lost a version that was visible.
    pub behind: usize,
    /// That were crashes of a recovery, or of what came after it.
    pub second: usize,
    /// That were opened from a snapshot file.
    pub snapshots: usize,
}

impl Tally {
    /// Whether there are as many of each kind as in `least`.
    pub fn reaches(&self, least: &Self) -> bool {
        let Self { images, torn, behind, second, snapshots } = *self;
        images >= least.images
            && torn >= least.torn
            && behind >= least.behind
            && second >= least.second
            && snapshots >= least.snapshots
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.images += more.images;
        self.torn += more.torn;
        self.behind += more.behind;
        self.second += more.second;
        self.snapshots += more.snapshots;
    }
}

impl Matrix {
    /// Runs `steps`, which were drawn from `seed`, on a new medium, and closes the database.
    pub fn run(layout: Layout, seed: u64, steps: Vec<Step>, images: u64) -> Self {
        let medium = Simulated::new();
        let mut game = Game::new(&medium, layout).expect("an empty medium can be opened");
        for (number, step) in steps.iter().enumerate() {
            let outcome = game.step(number, step);
            assert_eq!(outcome, Outcome::Done, "seed {seed}, step {number}");
        }
        game.close().expect("it closes");
        Self { layout, steps, seed, trace: medium.trace(), history: game.history, images }
    }

    /// Crashes before and after every operation.
    pub fn check(&self) -> Tally {
        let mut tally = Tally::default();
        self.trace.for_each_state(|operations, state| {
            for (number, survival) in self.survivals(operations as u64, state).into_iter().enumerate() {
                let image = state.image(survival);
                let text = format!("seed {}, crash after {operations} operations, {survival:?}", self.seed);
                in_context(&text, || self.image(image, operations, survival, operations + number, &mut tally));
            }
        });
        tally
    }

    /// Kills the process before and after every operation: everything that it has written can be read, and nothing more is durable than
    /// before. It is opened, played on, and then the machine loses its power.
    pub fn check_kills(&self) -> usize {
        let mut kills = 0;
        self.trace.for_each_state(|operations, state| {
            in_context(&format!("seed {}, killed after {operations} operations", self.seed), || {
                let killed = Simulated::of(state.clone());
                let opened = recovered(&killed, self.layout, &self.history, self.history.required(operations, true));
                let (version, step) = (opened.version, self.history.points[&opened.version].step);
                let mut game = Game::resume(opened.db, &killed, self.layout, &self.history);
                let done = game.step(step, &steps(self.seed + operations as u64, 1)[0]);
                assert_eq!(done, Outcome::Done, "step {step} after a kill");
                let durable = game.db().sync().expect("it can be synced");
                // The newest snapshot file may go with the power, and then it is opened from an older one.
                for (earlier, point) in self.history.points.range(..version) {
                    game.history.points.entry(*earlier).or_insert_with(|| point.clone());
                }
                let crashed = Simulated::of(killed.state().image(Survival::Nothing));
                let again = recovered(&crashed, self.layout, &game.history, durable);
                assert!(again.version >= durable);
            });
            kills += 1;
        });
        kills
    }

    /// What may survive of a state. Where everything was synced, nothing can be lost.
    fn survivals(&self, operations: u64, state: &State) -> Vec<Survival> {
        if state.is_synced() {
            return vec![Survival::Nothing];
        }
        let seed = |image| (self.seed << 32 | operations) << 8 | image;
        let random = UNITS.into_iter().enumerate().flat_map(|(at, unit)| {
            (0..self.images).map(move |image| Survival::Random { seed: seed(image * 4 + at as u64), unit })
        });
        [Survival::Nothing, Survival::Everything].into_iter().chain(random).collect()
    }

    fn image(&self, image: State, operations: usize, survival: Survival, number: usize, tally: &mut Tally) {
        let required = self.history.required(operations, survival == Survival::Everything);
        let medium = Simulated::of(image);
        let archived = archived(&medium);
        let opened = recovered(&medium, self.layout, &self.history, required);
        assert!(archived <= opened.version, "version {archived} is in the archive, and was not durable");
        tally.images += 1;
        tally.torn += usize::from(opened.torn > 0);
        tally.snapshots += usize::from(opened.db.recovery().is_some_and(|found| found.snapshot.is_some()));
        tally.behind += usize::from(self.history.is_behind(&opened, operations));
        // The last two make images of their own, many of them.
        match number % 24 {
            0..=10 => self.open_again(opened, &medium),
            11..=21 => self.play_on(opened, &medium),
            22 => self.crash_recovery(opened, &medium, number as u64, tally),
            _ => self.diverge(opened, &medium, number as u64, tally),
        }
    }

    /// Opening what was recovered changes nothing.
    fn open_again(&self, first: Recovered, medium: &Simulated) {
        first.db.close().expect("it closes");
        let db = open(medium, self.layout).expect("what was recovered can be opened");
        let (version, rows) = Rows::of(&db);
        assert_eq!(version, first.version, "opened once more");
        assert_eq!(rows.difference(&self.history.reopened(&db).visible()), None, "opened once more");
        assert_eq!(torn_bytes(&db), 0, "a clean close leaves no torn tail");
    }

    /// The same transactions give the same ids and the same rows as if nothing had happened.
    fn play_on(&self, opened: Recovered, medium: &Simulated) {
        let point = &self.history.points[&opened.version];
        let mut game = Game::resume(opened.db, medium, self.layout, &self.history);
        let mut is_exact = !self.history.burned.contains(&opened.version);
        for (number, step) in self.steps.iter().enumerate().skip(point.step).take(2) {
            assert_eq!(game.step(number, step), Outcome::Done, "step {number} after recovery");
            if is_exact {
                let again = game.history.spawned.get(&number);
                assert_eq!(again, self.history.spawned.get(&number), "the ids of step {number}");
                let (version, found) = Rows::of(game.db());
                let expected = self.history.points.get(&version);
                let expected =
                    expected.unwrap_or_else(|| panic!("version {version} after step {number}")).rows.visible();
                let differs = found.cold().difference(&expected.cold());
                assert_eq!(differs, None, "version {version}, after step {number} was done again");
                is_exact = !self.history.burned.contains(&version);
            }
        }
    }

    /// A crash while recovery writes leaves the same version.
    fn crash_recovery(&self, opened: Recovered, medium: &Simulated, seed: u64, tally: &mut Tally) {
        let trace = medium.trace();
        let version = opened.version;
        drop(opened);
        trace.for_each_state(|operations, state| {
            let unit = UNITS[operations % UNITS.len()];
            for survival in [Survival::Nothing, Survival::Random { seed: seed << 16 | operations as u64, unit }] {
                in_context(&format!("recovery crashed after {operations} operations, {survival:?}"), || {
                    let medium = Simulated::of(state.image(survival));
                    let again = recovered(&medium, self.layout, &self.history, version);
                    assert_eq!(again.version, version, "recovered once more");
                });
                tally.images += 1;
                tally.second += 1;
                if state.is_synced() {
                    break;
                }
            }
        });
    }

    /// Other transactions after a recovery: of those that were lost nothing comes back.
    fn diverge(&self, opened: Recovered, medium: &Simulated, seed: u64, tally: &mut Tally) {
        let first = self.history.points[&opened.version].step;
        let mut game = Game::resume(opened.db, medium, self.layout, &self.history);
        for (number, step) in steps(seed, 3).iter().enumerate() {
            assert_eq!(game.step(first + number, step), Outcome::Done, "step {number} of another history");
        }
        let (trace, history) = (medium.trace(), &game.history);
        let last = trace.operations.len();
        trace.for_each_state(|operations, state| {
            // A few of them, the last always.
            if operations != last && !(operations as u64 + seed).is_multiple_of(5) {
                return;
            }
            let unit = UNITS[operations % UNITS.len()];
            for survival in [Survival::Nothing, Survival::Random { seed: seed << 16 | operations as u64, unit }] {
                in_context(&format!("another history, crash after {operations} operations, {survival:?}"), || {
                    let medium = Simulated::of(state.image(survival));
                    let opened = recovered(&medium, self.layout, history, history.required(operations, false));
                    let _ = history.is_behind(&opened, operations);
                });
                tally.images += 1;
                tally.second += 1;
                if state.is_synced() {
                    break;
                }
            }
        });
    }
}

/// A database that was opened after a crash, and is what it should be.
pub struct Recovered {
    pub db: Db<World>,
    pub version: u64,
    pub torn: u64,
}

impl History {
    /// Whether a version is missing that was visible when the medium stopped after so many operations. Then the numbers that are
    /// given out again must belong to another timeline.
    fn is_behind(&self, opened: &Recovered, operations: usize) -> bool {
        let (version, visible) = (opened.version, self.required(operations, true));
        if version >= visible {
            return false;
        }
        let is_new = !self.timelines.contains(&timeline(&opened.db));
        assert!(is_new, "version {visible} was visible and {version} was recovered, in the same timeline");
        true
    }
}

/// The highest version that is in the archive on `medium`, in which every object is whole; 0 if there is none.
fn archived(medium: &Simulated) -> u64 {
    let archive = DirectoryArchive::on(Arc::new(medium.clone()), ARCHIVE);
    match verify_archive(&archive, |_| ()) {
        Err(MaintenanceError::NoSegments) => 0,
        report => {
            let report = report.expect("it can be read");
            assert_eq!((report.damages, report.unfinished), (Vec::new(), Vec::new()), "what is there is whole");
            let ends = report.lines.iter().map(|(_, last)| *last);
            ends.chain(report.snapshots).max().unwrap_or(0)
        }
    }
}

/// Opens `medium`, which was left by a crash, and checks that it holds a version of `history`, `required` or a later one.
pub fn recovered(medium: &Simulated, layout: Layout, history: &History, required: u64) -> Recovered {
    let db = open(medium, layout).unwrap_or_else(|error| panic!("cannot be opened: {error}"));
    let (version, rows) = Rows::of(&db);
    assert!(version >= required, "version {version} was recovered, and {required} was acknowledged");
    if let Some(difference) = rows.difference(&history.reopened(&db).visible()) {
        panic!("version {version} was recovered, but {difference}");
    }
    let torn = torn_bytes(&db);
    Recovered { db, version, torn }
}

/// Runs `work`; if it panics, says where that was.
pub fn in_context<R>(text: &str, work: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message");
        panic!("{text}: {message}")
    })
}
