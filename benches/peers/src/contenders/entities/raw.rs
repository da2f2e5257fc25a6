//! Plain vectors: the limit. Nothing is an entity here, and a number is a row for ever.

use core::hint::black_box;
use core::ops::Range;

use super::{Does, Entities, MARKS};
use crate::components::{Acc, Data, LETTERS, Pos, Target, Vel, add, add_three, add_two, body, data, step, toil};

/// Vectors of components.
#[derive(Default)]
pub struct Raw {
    pos: Vec<Pos>,
    vel: Vec<Vel>,
    acc: Vec<Acc>,
    targets: Vec<Option<Target>>,
    data: Vec<Vec<Data>>,
    /// Who has each of the marks.
    marks: [Vec<u32>; MARKS],
}

impl Raw {
    fn push(&mut self, number: usize) -> u32 {
        let (pos, vel, acc) = body(number);
        self.pos.push(pos);
        self.vel.push(vel);
        self.acc.push(acc);
        self.pos.len() as u32 - 1
    }
}

impl Entities for Raw {
    const NAME: &'static str = "raw";
    const DOES: Does = Does {
        package: None,
        readers: false,
        versions: false,
        rollback: false,
        durable: false,
        how: "the limit: loops over `Vec`s of components, no entities; it despawns from the end and never wears out",
    };
    type Id = u32;
    const KEEPS_NAMES: bool = false;

    fn new() -> Self {
        Self::default()
    }

    fn spawn_many(&mut self, numbers: Range<usize>) -> Vec<u32> {
        self.pos.reserve(numbers.len());
        self.vel.reserve(numbers.len());
        self.acc.reserve(numbers.len());
        numbers.map(|number| self.push(number)).collect()
    }

    fn spawn_each(&mut self, numbers: &[u32]) -> Vec<u32> {
        numbers.iter().map(|number| self.push(*number as usize)).collect()
    }

    fn despawn(&mut self, ids: &[u32]) {
        for _ in ids {
            black_box((self.pos.pop(), self.vel.pop(), self.acc.pop()));
        }
    }

    fn count(&mut self) -> usize {
        self.pos.len()
    }

    fn sum(&mut self) -> f64 {
        self.pos.iter().fold(0.0, add)
    }

    fn join_two(&mut self) -> f64 {
        self.pos.iter().zip(&self.vel).fold(0.0, |sum, (pos, vel)| add_two(sum, pos, vel))
    }

    fn join_three(&mut self) -> f64 {
        let rows = self.pos.iter().zip(&self.vel).zip(&self.acc);
        rows.fold(0.0, |sum, ((pos, vel), acc)| add_three(sum, pos, vel, acc))
    }

    fn get(&mut self, ids: &[u32]) -> f64 {
        ids.iter().map(|id| f64::from(self.pos[*id as usize].x)).sum()
    }

    fn get_plainly(&mut self, ids: &[u32]) -> f64 {
        self.get(ids)
    }

    fn set(&mut self, ids: &[u32], x: f32) {
        ids.iter().for_each(|id| self.pos[*id as usize].x = x);
    }

    fn step(&mut self) {
        self.pos.iter_mut().zip(&self.vel).for_each(|(pos, vel)| step(pos, vel));
    }

    fn toil(&mut self) {
        self.pos.iter_mut().zip(&self.vel).for_each(|(pos, vel)| toil(pos, vel));
    }

    fn add(&mut self, ids: &[u32]) {
        self.targets.resize(self.pos.len(), None);
        ids.iter().for_each(|id| self.targets[*id as usize] = Some(Target { id: 1.0 }));
    }

    fn remove(&mut self, ids: &[u32]) {
        ids.iter().for_each(|id| self.targets[*id as usize] = None);
    }

    fn added(&mut self) -> f64 {
        self.targets.iter().flatten().map(|target| f64::from(target.id)).sum()
    }

    fn fragment(&mut self, each: usize) {
        self.data = (0..LETTERS).map(|_| (0..each).map(data).collect()).collect();
    }

    fn sum_data(&mut self) -> f64 {
        self.data.iter().flatten().map(|data| f64::from(data.value)).sum()
    }

    fn scale_data(&mut self, factor: f32) {
        self.data.iter_mut().flatten().for_each(|data| data.value *= factor);
    }

    fn mark(&mut self, ids: &[u32], mark: usize) {
        self.marks[mark].extend(ids);
    }

    fn marked(&mut self) -> f64 {
        self.marks.iter().map(Vec::len).sum::<usize>() as f64
    }

    fn churn(&mut self, _: &mut [u32]) {}
}
