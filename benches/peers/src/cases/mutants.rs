//! Contenders that are wrong on purpose: a run in which one of them takes part must fail.
//!
//! Each fault is one that a contender with a mistake could have, and that would make it faster. None may go unnoticed.

use core::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Failure;
use crate::cases::{Case, entities, growth, shared, stores, tables};
use crate::contenders::entities::{Entities, Hecs, Raw};
use crate::contenders::shared::{ArcSwapped, Reader, Shared};
use crate::contenders::stores::{self as rows_on_disk, Redb, Store};
use crate::contenders::tables::{self as worlds, Tables};
use crate::contenders::{Does, shared as states};
use crate::run::rows;
use crate::sheet::{Figure, Scale, Sheet};

type Measure = fn(&mut Sheet) -> Result<(), Failure>;

fn scale() -> Scale {
    Scale { count: 300, sizes: vec![100], turns: 1, quick: true }
}

/// What `measure` puts down of cases with `only` in their names, or why it fails.
fn figures(measure: Measure, only: &str) -> Result<Vec<Figure>, String> {
    let mut sheet = Sheet::new(scale(), Some(only.to_owned()));
    match catch_unwind(AssertUnwindSafe(|| measure(&mut sheet))) {
        Ok(Ok(())) => Ok(sheet.figures().to_vec()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => Err(panic.downcast_ref::<String>().cloned().unwrap_or_default()),
    }
}

/// What a run of both contenders reports: nothing, or what is wrong.
fn fault_of(cases: fn(&Scale) -> Vec<Case>, only: &str, honest: Measure, other: Measure) -> Result<(), String> {
    let both = [figures(honest, only)?, figures(other, only)?];
    rows(cases(&scale()), &["honest", "other"], &both).map(drop).map_err(|error| error.to_string())
}

/// hecs with a fault.
struct Wrong<const FAULT: usize>(Hecs);

/// What is wrong with it, and the case that must notice.
const FAULTS: [(&str, &str); 14] = [
    ("set changes nothing", "set"),
    ("set leaves the last one out", "set"),
    ("the component never comes", "add and remove"),
    ("the component never goes", "add and remove"),
    ("the declared component never comes", "add and remove, declared"),
    ("step changes nothing", "step"),
    ("toil changes nothing", "toil"),
    ("the fragmented change is not done", "step, fragmented"),
    ("the fragmented changes are not done in one piece", "steps, fragmented"),
    ("spawning in bulk leaves the last one out", "spawn many"),
    ("spawning one by one spawns the same again", "spawn each"),
    ("despawning leaves one", "despawn"),
    ("marks never come", "scan, 2 kinds"),
    ("getting skips one", "get in order"),
];

impl<const FAULT: usize> Wrong<FAULT> {
    /// `ids`, without the last one if that is the fault.
    fn but_last<T>(fault: usize, ids: &[T]) -> &[T] {
        &ids[..ids.len() - usize::from(FAULT == fault).min(ids.len())]
    }
}

impl<const FAULT: usize> Entities for Wrong<FAULT> {
    const NAME: &'static str = "wrong";
    const DOES: Does = Hecs::DOES;
    type Id = <Hecs as Entities>::Id;

    fn new() -> Self {
        Self(Hecs::new())
    }

    fn spawn_many(&mut self, numbers: Range<usize>) -> Vec<Self::Id> {
        let ids = self.0.spawn_many(numbers);
        if FAULT == 9 {
            self.0.despawn(&ids[ids.len() - 1..]);
        }
        ids
    }

    fn spawn_each(&mut self, numbers: &[u32]) -> Vec<Self::Id> {
        let first: Vec<u32> = numbers.iter().map(|_| numbers[0]).collect();
        self.0.spawn_each(if FAULT == 10 { &first } else { numbers })
    }

    fn despawn(&mut self, ids: &[Self::Id]) {
        self.0.despawn(Self::but_last(11, ids));
    }

    fn count(&mut self) -> usize {
        self.0.count()
    }

    fn sum(&mut self) -> f64 {
        self.0.sum()
    }

    fn join_two(&mut self) -> f64 {
        self.0.join_two()
    }

    fn join_three(&mut self) -> f64 {
        self.0.join_three()
    }

    fn get(&mut self, ids: &[Self::Id]) -> f64 {
        self.0.get(Self::but_last(13, ids))
    }

    fn get_plainly(&mut self, ids: &[Self::Id]) -> f64 {
        self.0.get_plainly(ids)
    }

    fn set(&mut self, ids: &[Self::Id], x: f32) {
        if FAULT != 0 {
            self.0.set(Self::but_last(1, ids), x);
        }
    }

    fn step(&mut self) {
        if FAULT != 5 {
            self.0.step();
        }
    }

    fn toil(&mut self) {
        if FAULT != 6 {
            self.0.toil();
        }
    }

    fn add(&mut self, ids: &[Self::Id]) {
        if FAULT != 2 {
            self.0.add(ids);
        }
    }

    fn remove(&mut self, ids: &[Self::Id]) {
        if FAULT != 2 && FAULT != 3 {
            self.0.remove(ids);
        }
    }

    fn added(&mut self) -> f64 {
        self.0.added()
    }

    fn add_declared(&mut self, ids: &[Self::Id]) {
        if FAULT != 4 {
            self.0.add(ids);
        }
    }

    fn remove_declared(&mut self, ids: &[Self::Id]) {
        if FAULT != 4 {
            self.0.remove(ids);
        }
    }

    fn fragment(&mut self, each: usize) {
        self.0.fragment(each);
    }

    fn sum_data(&mut self) -> f64 {
        self.0.sum_data()
    }

    fn scale_data(&mut self, factor: f32) {
        if FAULT != 7 {
            self.0.scale_data(factor);
        }
    }

    fn scale_data_often(&mut self, factors: &[f32]) {
        if FAULT != 8 {
            self.0.scale_data_often(factors);
        }
    }

    fn mark(&mut self, ids: &[Self::Id], mark: usize) {
        if FAULT != 12 {
            self.0.mark(ids, mark);
        }
    }

    fn marked(&mut self) -> f64 {
        self.0.marked()
    }
}

/// Asserts that fault number `FAULT` is noticed, in the case that is to notice it.
fn is_noticed<const FAULT: usize>() {
    let (what, case) = FAULTS[FAULT];
    let found = if case.ends_with("kinds") {
        fault_of(growth::cases, case, growth::measure::<Hecs>, growth::measure::<Wrong<FAULT>>)
    } else {
        fault_of(entities::cases, case, entities::measure::<Hecs>, entities::measure::<Wrong<FAULT>>)
    };
    let error = found.expect_err(what);
    assert!(error.contains(&format!("{case}: ")), "{what}: {error}");
}

#[test]
fn honest_contenders_agree() {
    fault_of(entities::cases, "", entities::measure::<Hecs>, entities::measure::<Raw>).unwrap();
    fault_of(growth::cases, "", growth::measure::<Hecs>, growth::measure::<Wrong<{ usize::MAX }>>).unwrap();
    fault_of(entities::cases, "", entities::measure::<Hecs>, entities::measure::<Wrong<{ usize::MAX }>>).unwrap();
    fault_of(tables::cases, "", tables::measure::<worlds::Hecs>, tables::measure::<worlds::Bevy>).unwrap();
}

#[test]
fn changes_that_are_not_made_are_noticed() {
    is_noticed::<0>();
    is_noticed::<1>();
    is_noticed::<2>();
    is_noticed::<3>();
    is_noticed::<4>();
    is_noticed::<5>();
    is_noticed::<6>();
    is_noticed::<7>();
    is_noticed::<8>();
}

#[test]
fn entities_that_are_not_there_are_noticed() {
    is_noticed::<9>();
    is_noticed::<10>();
    is_noticed::<11>();
    is_noticed::<12>();
    is_noticed::<13>();
}

/// A world of tables that has one table, whatever it is told.
struct Narrow(worlds::Hecs);

impl Tables for Narrow {
    const NAME: &'static str = "narrow";
    const DOES: Does = worlds::Hecs::DOES;

    fn filled(count: usize, _: usize) -> Self {
        Self(worlds::Hecs::filled(count, 1))
    }

    fn sum(&mut self) -> f64 {
        self.0.sum()
    }

    fn get(&mut self, numbers: &[u32]) -> f64 {
        self.0.get(numbers)
    }

    fn set(&mut self, numbers: &[u32], x: f32) {
        self.0.set(numbers, x);
    }

    fn further_rows(&mut self) -> usize {
        self.0.further_rows()
    }
}

#[test]
fn tables_that_are_not_there_are_noticed() {
    let error = fault_of(tables::cases, "", tables::measure::<worlds::Hecs>, tables::measure::<Narrow>).unwrap_err();
    assert!(error.starts_with("scan, 4 tables: other has found"), "{error}");
}

/// A shared state that loses a commit, if `LOSES`, and otherwise holds no version.
struct Careless<const LOSES: bool>(ArcSwapped);

impl<const LOSES: bool> Shared for Careless<LOSES> {
    const NAME: &'static str = "careless";
    const DOES: Does = ArcSwapped::DOES;

    fn filled(count: usize) -> Self {
        Self(ArcSwapped::filled(count))
    }

    fn commit(&self, rows: &[u32], x: f32) -> ecsdb_benches::commits::CommitTime {
        self.0.commit(&rows[usize::from(LOSES)..], x)
    }

    fn reader(&self) -> Reader<'_> {
        self.0.reader()
    }

    fn pin(&self) -> Option<Reader<'_>> {
        if LOSES { self.0.pin() } else { Some(self.0.reader()) }
    }
}

#[test]
fn lost_commits_and_versions_that_change_are_noticed() {
    figures(shared::measure::<ArcSwapped>, "").unwrap();
    figures(shared::measure::<states::Ecsdb>, "").unwrap();
    let error = figures(shared::measure::<Careless<true>>, "").unwrap_err();
    assert!(error.contains("a commit is lost"), "{error}");
    let error = figures(shared::measure::<Careless<false>>, "").unwrap_err();
    assert!(error.contains("a version that was held has changed"), "{error}");
}

/// A store that drops commits of many rows.
struct Forgetful(Redb);

impl Store for Forgetful {
    const NAME: &'static str = "forgetful";
    const DOES: Does = Redb::DOES;

    fn open(dir: &std::path::Path) -> Result<Self, Failure> {
        Redb::open(dir).map(Self)
    }

    fn fill(&self, count: usize) -> Result<(), Failure> {
        self.0.fill(count)
    }

    fn commit(&self, rows: &[u32], value: rows_on_disk::Row, durable: bool) -> Result<(), Failure> {
        if rows.len() > 1 { Ok(()) } else { self.0.commit(rows, value, durable) }
    }

    fn read(&self, rows: &[u32]) -> Result<f64, Failure> {
        self.0.read(rows)
    }

    fn read_all(&self) -> Result<(f64, usize), Failure> {
        self.0.read_all()
    }

    fn settle(&self) -> Result<(), Failure> {
        self.0.settle()
    }
}

#[test]
fn a_store_that_drops_commits_is_noticed() {
    let error = figures(stores::measure::<Forgetful>, "").unwrap_err();
    assert!(error.starts_with("durable, 1,000 rows: forgetful has"), "{error}");
}
