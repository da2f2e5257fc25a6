//! ecsdb in memory: every change is a transaction, which is waited for until all readers see it.

use core::ops::Range;

use ecsdb::schema::TableOf;
use ecsdb::{Db, Entity, OpError, Transaction};
use ecsdb_benches::random::Random;

use super::{Does, Entities};
use crate::components::*;
use crate::for_each_letter;

/// ecsdb with a world.
pub struct Ecsdb(Db<Arena>);

/// That a transaction succeeds.
const VALID: &str = "the database is open, and the entities are alive";

impl Ecsdb {
    /// Does `op` to all of `ids` in one transaction.
    fn each(
        &self,
        ids: &[Entity],
        op: impl Fn(&mut Transaction<'_, Arena>, Entity) -> Result<(), OpError> + Send + 'static,
    ) {
        let ids = ids.to_vec();
        let all = move |tx: &mut Transaction<'_, Arena>| Ok(ids.into_iter().try_for_each(|id| op(tx, id))?);
        self.0.write(all).expect(VALID);
    }

    fn insert<T: TableOf<Arena> + Copy + Send + Sync + 'static>(&self, ids: &[Entity], component: T) {
        let ids = ids.to_vec();
        self.0.write(move |tx| Ok(tx.insert_all(ids.into_iter().map(|id| (id, component)))?)).expect(VALID);
    }
}

impl Entities for Ecsdb {
    const NAME: &'static str = "ecsdb";
    const DOES: Does = Does {
        package: Some("ecsdb"),
        readers: true,
        versions: true,
        rollback: true,
        durable: true,
        how: "in memory, one worker thread, so a log only in the table of stores; `spawn_all`, `spawn`, `for_each` over a snapshot, `Snapshot::get_each` (plainly: `Snapshot::get`), `update_all`, `insert_all`, `remove_all`, `despawn_all`; every change is one transaction, whose end is waited for",
    };
    type Id = Entity;

    fn new() -> Self {
        Self(Db::builder().worker_threads(1).open().expect("a database in memory opens"))
    }

    fn spawn_many(&mut self, numbers: Range<usize>) -> Vec<Entity> {
        self.0.write(move |tx| Ok(tx.spawn_all(numbers.map(body))?)).expect(VALID)
    }

    fn spawn_each(&mut self, numbers: &[u32]) -> Vec<Entity> {
        let numbers = numbers.to_vec();
        let spawn = move |tx: &mut Transaction<'_, Arena>| {
            Ok(numbers.into_iter().map(|number| tx.spawn(body(number as usize))).collect::<Result<_, _>>()?)
        };
        self.0.write(spawn).expect(VALID)
    }

    fn despawn(&mut self, ids: &[Entity]) {
        let ids = ids.to_vec();
        self.0.write(move |tx| Ok(tx.despawn_all(ids)?)).expect(VALID);
    }

    fn count(&mut self) -> usize {
        self.0.snapshot().query::<&Pos>().count()
    }

    fn sum(&mut self) -> f64 {
        let mut sum = 0.0;
        self.0.snapshot().query::<&Pos>().for_each(|pos| sum = add(sum, pos));
        sum
    }

    fn join_two(&mut self) -> f64 {
        let mut sum = 0.0;
        self.0.snapshot().query::<(&Pos, &Vel)>().for_each(|(pos, vel)| sum = add_two(sum, pos, vel));
        sum
    }

    fn join_three(&mut self) -> f64 {
        let mut sum = 0.0;
        let snapshot = self.0.snapshot();
        snapshot.query::<(&Pos, &Vel, &Acc)>().for_each(|(pos, vel, acc)| sum = add_three(sum, pos, vel, acc));
        sum
    }

    fn get(&mut self, ids: &[Entity]) -> f64 {
        self.0.snapshot().get_each::<Pos>(ids).map(|pos| pos.map_or(0.0, |pos| f64::from(pos.x))).sum()
    }

    fn get_plainly(&mut self, ids: &[Entity]) -> f64 {
        let snapshot = self.0.snapshot();
        ids.iter().map(|id| snapshot.get::<Pos>(*id).map_or(0.0, |pos| f64::from(pos.x))).sum()
    }

    fn set(&mut self, ids: &[Entity], x: f32) {
        self.each(ids, move |tx, id| tx.update(id, Pos::C.x.set(x)));
    }

    fn step(&mut self) {
        self.0.write(|tx| Ok(tx.update_all(|pos: &mut Pos, vel: &Vel| step(pos, vel))?)).expect(VALID);
    }

    fn toil(&mut self) {
        self.0.write(|tx| Ok(tx.update_all(|pos: &mut Pos, vel: &Vel| toil(pos, vel))?)).expect(VALID);
    }

    fn add(&mut self, ids: &[Entity]) {
        self.insert(ids, Target { id: 1.0 });
    }

    fn remove(&mut self, ids: &[Entity]) {
        let ids = ids.to_vec();
        self.0.write(move |tx| Ok(tx.remove_all::<Target>(ids)?)).expect(VALID);
    }

    fn added(&mut self) -> f64 {
        self.0.snapshot().query::<&Target>().iter().map(|target| f64::from(target.id)).sum()
    }

    fn fragment(&mut self, each: usize) {
        let spawn = move |tx: &mut Transaction<'_, Arena>| {
            macro_rules! spawn {
                ($($letter:ident),*) => {
                    $(for number in 0..each {
                        tx.spawn(($letter { value: 1.0 }, data(number)))?;
                    })*
                };
            }
            for_each_letter!(spawn);
            Ok(())
        };
        self.0.write(spawn).expect(VALID);
    }

    fn sum_data(&mut self) -> f64 {
        let mut sum = 0.0;
        self.0.snapshot().query::<&Data>().for_each(|data| sum += f64::from(data.value));
        sum
    }

    fn scale_data(&mut self, factor: f32) {
        self.scale_data_often(&[factor]);
    }

    fn scale_data_often(&mut self, factors: &[f32]) {
        let factors = factors.to_vec();
        let scale = move |tx: &mut Transaction<'_, Arena>| {
            for factor in factors {
                tx.update_all(move |data: &mut Data| data.value *= factor)?;
            }
            Ok(())
        };
        self.0.write(scale).expect(VALID);
    }

    fn mark(&mut self, ids: &[Entity], mark: usize) {
        match mark {
            0 => self.insert(ids, A { value: 1.0 }),
            1 => self.insert(ids, B { value: 1.0 }),
            2 => self.insert(ids, C { value: 1.0 }),
            3 => self.insert(ids, D { value: 1.0 }),
            4 => self.insert(ids, E { value: 1.0 }),
            _ => self.insert(ids, F { value: 1.0 }),
        }
    }

    fn marked(&mut self) -> f64 {
        let snapshot = self.0.snapshot();
        let counts = [
            snapshot.query::<&A>().count(),
            snapshot.query::<&B>().count(),
            snapshot.query::<&C>().count(),
            snapshot.query::<&D>().count(),
            snapshot.query::<&E>().count(),
            snapshot.query::<&F>().count(),
        ];
        counts.iter().sum::<usize>() as f64
    }

    fn trim(&mut self) {
        self.0.trim().expect(VALID);
    }

    /// Rows that change in commits of their own: three for every hundred entities and table.
    fn wear(&mut self, ids: &[Entity]) {
        let mut random = Random::new(8);
        let mut last = None;
        for number in 0..ids.len() * 9 / 200 {
            let (mut tx, id) = (self.0.begin(), ids[random.below(ids.len())]);
            match number % 3 {
                0 => tx.update(id, Pos::C.z.set(1.0)),
                1 => tx.update(id, Vel::C.z.set(0.5)),
                _ => tx.update(id, Acc::C.x.set(0.125)),
            }
            last = Some(tx.commit().expect(VALID));
        }
        last.map(|ticket| ticket.visible().expect(VALID));
    }
}
