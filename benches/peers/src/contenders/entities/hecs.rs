//! hecs.

use core::ops::Range;

use hecs::{ColumnBatchBuilder, ColumnBatchType, Entity, PreparedQuery, World};

use super::{Does, Entities};
use crate::components::*;
use crate::for_each_letter;

/// hecs with a world.
pub struct Hecs(World);

/// Fills one column of a batch.
fn column<T: hecs::Component>(batch: &mut ColumnBatchBuilder, rows: impl Iterator<Item = T>) {
    let mut column = batch.writer::<T>().expect("the batch has the column");
    for row in rows {
        assert!(column.push(row).is_ok(), "the column has room");
    }
}

impl Hecs {
    fn insert<T: hecs::Component + Copy>(&mut self, ids: &[Entity], component: T) {
        ids.iter().for_each(|id| self.0.insert_one(*id, component).expect("it is alive"));
    }

    fn count_of<T: hecs::Component>(&mut self) -> f64 {
        self.0.query_mut::<&T>().into_iter().count() as f64
    }
}

impl Entities for Hecs {
    const NAME: &'static str = "hecs";
    const DOES: Does = Does {
        package: Some("hecs"),
        readers: false,
        versions: false,
        rollback: false,
        durable: false,
        how: "`spawn_column_batch`, `spawn`, `query`, a prepared view for `get` (plainly `World::get`), `insert_one` and `remove_one`",
    };
    type Id = Entity;

    fn new() -> Self {
        Self(World::new())
    }

    fn spawn_many(&mut self, numbers: Range<usize>) -> Vec<Entity> {
        let mut columns = ColumnBatchType::new();
        columns.add::<Pos>().add::<Vel>().add::<Acc>();
        let mut batch = columns.into_batch(numbers.len() as u32);
        column(&mut batch, numbers.clone().map(|number| body(number).0));
        column(&mut batch, numbers.clone().map(|number| body(number).1));
        column(&mut batch, numbers.map(|number| body(number).2));
        self.0.spawn_column_batch(batch.build().expect("all columns are full")).collect()
    }

    fn spawn_each(&mut self, numbers: &[u32]) -> Vec<Entity> {
        numbers.iter().map(|number| self.0.spawn(body(*number as usize))).collect()
    }

    fn despawn(&mut self, ids: &[Entity]) {
        ids.iter().for_each(|id| self.0.despawn(*id).expect("it is alive"));
    }

    fn count(&mut self) -> usize {
        self.0.query::<&Pos>().iter().count()
    }

    fn sum(&mut self) -> f64 {
        self.0.query::<&Pos>().iter().fold(0.0, add)
    }

    fn join_two(&mut self) -> f64 {
        self.0.query::<(&Pos, &Vel)>().iter().fold(0.0, |sum, (pos, vel)| add_two(sum, pos, vel))
    }

    fn join_three(&mut self) -> f64 {
        let mut query = self.0.query::<(&Pos, &Vel, &Acc)>();
        query.iter().fold(0.0, |sum, (pos, vel, acc)| add_three(sum, pos, vel, acc))
    }

    fn get(&mut self, ids: &[Entity]) -> f64 {
        let mut prepared = PreparedQuery::<&Pos>::new();
        let view = prepared.view_mut(&mut self.0);
        ids.iter().map(|id| view.get(*id).map_or(0.0, |pos: &Pos| f64::from(pos.x))).sum()
    }

    fn get_plainly(&mut self, ids: &[Entity]) -> f64 {
        ids.iter().map(|id| self.0.get::<&Pos>(*id).map_or(0.0, |pos| f64::from(pos.x))).sum()
    }

    fn set(&mut self, ids: &[Entity], x: f32) {
        ids.iter().for_each(|id| self.0.query_one_mut::<&mut Pos>(*id).expect("it is alive").x = x);
    }

    fn step(&mut self) {
        self.0.query_mut::<(&mut Pos, &Vel)>().into_iter().for_each(|(pos, vel)| step(pos, vel));
    }

    fn toil(&mut self) {
        self.0.query_mut::<(&mut Pos, &Vel)>().into_iter().for_each(|(pos, vel)| toil(pos, vel));
    }

    fn add(&mut self, ids: &[Entity]) {
        self.insert(ids, Target { id: 1.0 });
    }

    fn remove(&mut self, ids: &[Entity]) {
        ids.iter().for_each(|id| {
            self.0.remove_one::<Target>(*id).expect("it has one");
        });
    }

    fn added(&mut self) -> f64 {
        self.0.query_mut::<&Target>().into_iter().map(|target| f64::from(target.id)).sum()
    }

    fn fragment(&mut self, each: usize) {
        macro_rules! spawn {
            ($($letter:ident),*) => {
                $((0..each).for_each(|number| { self.0.spawn(($letter { value: 1.0 }, data(number))); });)*
            };
        }
        for_each_letter!(spawn);
    }

    fn sum_data(&mut self) -> f64 {
        self.0.query::<&Data>().iter().map(|data| f64::from(data.value)).sum()
    }

    fn scale_data(&mut self, factor: f32) {
        self.0.query_mut::<&mut Data>().into_iter().for_each(|data| data.value *= factor);
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
        self.count_of::<A>()
            + self.count_of::<B>()
            + self.count_of::<C>()
            + self.count_of::<D>()
            + self.count_of::<E>()
            + self.count_of::<F>()
    }
}
