//! What the benchmarks of indexes measure: the same row in tables with more and more indexes.

use core::time::Duration;

use ecsdb::schema::TableOf;
use ecsdb::transaction::Bundle;
use ecsdb::{Component, Db, Entity, Ticket};

use crate::commits::{wait, writer_time};
use crate::random::Random;

/// Rows that have no index.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Plain {
    /// A number that many rows have.
    pub kind: u32,
    /// A number of its own.
    pub number: u32,
    /// Where it is.
    pub x: f32,
    /// Where it is.
    pub y: f32,
}

/// Rows with one index.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct One {
    /// A number that many rows have.
    pub kind: u32,
    /// A number of its own.
    #[component(index)]
    pub number: u32,
    /// Where it is.
    pub x: f32,
    /// Where it is.
    pub y: f32,
}

/// Rows with two indexes.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Two {
    /// A number that many rows have.
    #[component(index)]
    pub kind: u32,
    /// A number of its own.
    #[component(index)]
    pub number: u32,
    /// Where it is.
    pub x: f32,
    /// Where it is.
    pub y: f32,
}

/// Rows with four indexes, one of each sort.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[component(index(name = "hashed", columns(number), hash), index(name = "place", columns(x, y), spatial(cell = 16.0)))]
#[repr(C)]
pub struct Four {
    /// A number that many rows have.
    #[component(index)]
    pub kind: u32,
    /// A number of its own.
    #[component(index)]
    pub number: u32,
    /// Where it is.
    pub x: f32,
    /// Where it is.
    pub y: f32,
}

ecsdb::schema! {
    /// What the benchmarks of indexes measure.
    pub Indexed: Plain, One, Two, Four
}

/// How many kinds there are.
pub const KINDS: usize = 100;

/// A component with the fields of all of them.
pub trait Sample: Component {
    /// The row with these values.
    fn sample(number: u32, at: (f32, f32)) -> Self;

    /// Its number, and where it is.
    fn values(&self) -> (u32, (f32, f32));

    /// An update of every column that may have an index.
    fn change(db: &Db<Indexed>, entity: Entity, number: u32, at: (f32, f32)) -> Ticket;
}

macro_rules! samples {
    ($($ty:ident),+) => {$(
        impl Sample for $ty {
            fn sample(number: u32, (x, y): (f32, f32)) -> Self {
                Self { kind: number % KINDS as u32, number, x, y }
            }

            fn values(&self) -> (u32, (f32, f32)) {
                (self.number, (self.x, self.y))
            }

            fn change(db: &Db<Indexed>, entity: Entity, number: u32, at: (f32, f32)) -> Ticket {
                let mut tx = db.begin();
                tx.insert(entity, Self::sample(number, at));
                tx.commit().expect("the database is open")
            }
        }
    )+};
}
samples!(Plain, One, Two, Four);

/// A database with `count` rows of one component, and their entities.
pub struct Rows {
    /// The database.
    pub db: Db<Indexed>,
    /// Its entities.
    pub entities: Vec<Entity>,
}

/// Where row number `number` of `count` is: a square in which there are 4 rows for each unit of its area.
pub fn place(random: &mut Random, count: usize) -> (f32, f32) {
    let edge = (count as f64 / 4.0).sqrt();
    let mut at = || ((random.bits() >> 11) as f64 / (1_u64 << 53) as f64 * edge) as f32;
    (at(), at())
}

/// A database with `count` rows whose numbers are in no order.
pub fn rows<T: Sample + TableOf<Indexed> + Bundle<Indexed>>(count: usize) -> Rows {
    let db = Db::<Indexed>::builder().worker_threads(1).batch_limits(1, usize::MAX).open();
    let db = db.expect("a database in memory opens");
    let mut random = Random::new(11);
    let numbers = random.order(count);
    let rows: Vec<T> = numbers.into_iter().map(|number| T::sample(number, place(&mut random, count))).collect();
    let entities = db.write(move |tx| Ok(tx.spawn_all(rows)?)).expect("there is room");
    Rows { db, entities }
}

/// Processor time of the writer for `commits` commits, each of which changes all columns of one random row.
pub fn changes<T: Sample>(rows: &Rows, random: &mut Random, commits: usize) -> Duration {
    let count = rows.entities.len();
    let before = writer_time(&rows.db);
    let mut last = None;
    for _ in 0..commits {
        let entity = rows.entities[random.below(count)];
        last = Some(T::change(&rows.db, entity, random.below(count) as u32, place(random, count)));
    }
    let helped = wait(last);
    writer_time(&rows.db) - before + helped
}
