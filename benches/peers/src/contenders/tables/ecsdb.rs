//! ecsdb in memory: schemas of one to 64 tables, all of which have rows.

use ecsdb::schema::{Schema, TableOf};
use ecsdb::{Db, Entity, OpError, Transaction};

use super::components::*;
use super::{Does, Tables, further};
use crate::components::{Pos, add, body};

/// A schema with `Pos` and further tables.
trait Wide: Schema {
    /// Gives `id` a row in further table number `table`.
    fn insert(tx: &mut Transaction<'_, Self>, id: Entity, table: usize) -> Result<(), OpError>;
}

macro_rules! wide {
    ($($schema:ident: $($name:ident $number:literal),*;)*) => {
        $(
            ecsdb::schema! {
                /// `Pos` and further tables.
                $schema: Pos, $($name),*
            }

            impl Wide for $schema {
                fn insert(tx: &mut Transaction<'_, Self>, id: Entity, table: usize) -> Result<(), OpError> {
                    match table {
                        $($number => tx.insert(id, $name { value: 1.0 }),)*
                        _ => {
                            let _ = (tx, id);
                            unreachable!("there is no further table {table}")
                        }
                    }
                }
            }
        )*
    };
}

wide! {
    One: ;
    Four:
        M1 1, M2 2, M3 3;
    Sixteen:
        M1 1, M2 2, M3 3, M4 4, M5 5, M6 6, M7 7, M8 8, M9 9, M10 10, M11 11, M12 12, M13 13, M14 14, M15 15;
    SixtyFour:
        M1 1, M2 2, M3 3, M4 4, M5 5, M6 6, M7 7, M8 8, M9 9, M10 10, M11 11, M12 12, M13 13, M14 14, M15 15, M16
        16, M17 17, M18 18, M19 19, M20 20, M21 21, M22 22, M23 23, M24 24, M25 25, M26 26, M27 27, M28 28, M29 29,
        M30 30, M31 31, M32 32, M33 33, M34 34, M35 35, M36 36, M37 37, M38 38, M39 39, M40 40, M41 41, M42 42, M43
        43, M44 44, M45 45, M46 46, M47 47, M48 48, M49 49, M50 50, M51 51, M52 52, M53 53, M54 54, M55 55, M56 56,
        M57 57, M58 58, M59 59, M60 60, M61 61, M62 62, M63 63;
}

/// A database of whatever schema.
trait Open {
    fn sum(&self) -> f64;
    fn get(&self, numbers: &[u32]) -> f64;
    fn set(&self, numbers: &[u32], x: f32);
    fn further_rows(&self) -> usize;
}

struct World<S: Schema> {
    db: Db<S>,
    ids: Vec<Entity>,
}

/// That a transaction succeeds.
const VALID: &str = "the database is open, and the entities are alive";

fn open<S: Wide>(count: usize, tables: usize) -> Box<dyn Open>
where
    Pos: TableOf<S>,
{
    let builder = Db::<S>::builder().worker_threads(1).batch_limits(1, usize::MAX);
    let db = builder.open().expect("a database in memory opens");
    let fill = move |tx: &mut Transaction<'_, S>| {
        let ids = tx.spawn_all((0..count).map(|number| (body(number).0,)))?;
        for (number, id) in ids.iter().enumerate() {
            if let Some(table) = further(number, tables) {
                S::insert(tx, *id, table)?;
            }
        }
        Ok(ids)
    };
    let ids = db.write(fill).expect(VALID);
    Box::new(World { db, ids })
}

impl<S: Wide> Open for World<S>
where
    Pos: TableOf<S>,
{
    fn sum(&self) -> f64 {
        let mut sum = 0.0;
        self.db.snapshot().query::<&Pos>().for_each(|pos| sum = add(sum, pos));
        sum
    }

    fn get(&self, numbers: &[u32]) -> f64 {
        let snapshot = self.db.snapshot();
        let x = |number: &u32| snapshot.get::<Pos>(self.ids[*number as usize]).map_or(0.0, |pos| f64::from(pos.x));
        numbers.iter().map(x).sum()
    }

    fn set(&self, numbers: &[u32], x: f32) {
        let mut last = None;
        for number in numbers {
            let mut tx = self.db.begin();
            tx.update(self.ids[*number as usize], Pos::C.x.set(x));
            last = Some(tx.commit().expect(VALID));
        }
        last.map(|ticket| ticket.visible().expect(VALID));
    }

    fn further_rows(&self) -> usize {
        let snapshot = self.db.snapshot();
        self.ids.iter().map(|id| snapshot.components_of(*id).count() - 1).sum()
    }
}

/// ecsdb with a world.
pub struct Ecsdb(Box<dyn Open>);

impl Tables for Ecsdb {
    const NAME: &'static str = "ecsdb";
    const DOES: Does = Does {
        package: Some("ecsdb"),
        readers: true,
        versions: true,
        rollback: true,
        durable: true,
        how: "in memory, a schema of as many tables; a message for each commit, one after the other without waiting for each, and a version published for each",
    };

    fn filled(count: usize, tables: usize) -> Self {
        Self(match tables {
            1 => open::<One>(count, tables),
            4 => open::<Four>(count, tables),
            16 => open::<Sixteen>(count, tables),
            64 => open::<SixtyFour>(count, tables),
            _ => panic!("there is no schema of {tables} tables"),
        })
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
