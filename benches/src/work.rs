//! The work of each benchmark, for ecsdb and for its limit: the same loop over plain vectors.
//!
//! Every loop returns a number that depends on all rows, so that none can be left out. There are two sums: of floats,
//! as game code would write it, where the processor waits for its additions; and of bits, which vectorises and leaves
//! nothing to hide behind but memory.

use ecsdb::{Entity, Snapshot};

use crate::world::{Acc, Body, Health, HealthRef, Pos, Vel, World, body, three};

/// The columns of a world as plain vectors: what the limits are measured on.
#[derive(Default)]
pub struct Raw {
    /// Where each is.
    pub pos: Vec<Pos>,
    /// How fast each is.
    pub vel: Vec<Vel>,
    /// How fast that changes.
    pub acc: Vec<Acc>,
    /// What is left of each, in seven bytes.
    pub health: Vec<[u8; 7]>,
}

impl Raw {
    /// Room for `count` bodies.
    pub fn with_capacity(count: usize) -> Self {
        Self {
            pos: Vec::with_capacity(count),
            vel: Vec::with_capacity(count),
            acc: Vec::with_capacity(count),
            health: Vec::with_capacity(count),
        }
    }

    /// `count` bodies.
    pub fn filled(count: usize) -> Self {
        let mut raw = Self::with_capacity(count);
        (0..count).map(body).for_each(|body| raw.push(body));
        raw
    }

    /// The floats of `count` bodies, in vectors that grow.
    pub fn spawned(count: usize) -> Self {
        let mut raw = Self::default();
        for (pos, vel, acc) in (0..count).map(three) {
            raw.pos.push(pos);
            raw.vel.push(vel);
            raw.acc.push(acc);
        }
        raw
    }

    /// Adds a body.
    #[inline]
    pub fn push(&mut self, (pos, vel, acc, health): Body) {
        self.pos.push(pos);
        self.vel.push(vel);
        self.acc.push(acc);
        self.health.push(packed(health));
    }
}

/// The row of `health`, as it is stored.
#[inline]
pub fn packed(health: Health) -> [u8; 7] {
    let [a, b, c, d] = health.points.to_le_bytes();
    let [e, f] = health.armour.to_le_bytes();
    [a, b, c, d, e, f, u8::from(health.poisoned)]
}

/// One step of the sum of floats.
#[inline(always)]
pub fn add(sum: f32, pos: &Pos) -> f32 {
    sum + (pos.x + pos.y + pos.z)
}

/// One step of the sum of bits.
#[inline(always)]
pub fn add_bits(sum: u32, pos: &Pos) -> u32 {
    sum.wrapping_add(pos.x.to_bits().wrapping_add(pos.y.to_bits()).wrapping_add(pos.z.to_bits()))
}

/// One step of a join of two.
#[inline(always)]
pub fn add_two(sum: f32, pos: &Pos, vel: &Vel) -> f32 {
    sum + (pos.x * vel.x + pos.y * vel.y + pos.z * vel.z)
}

/// One step of a join of three.
#[inline(always)]
pub fn add_three(sum: f32, pos: &Pos, vel: &Vel, acc: &Acc) -> f32 {
    sum + (pos.x * vel.x * acc.x + pos.y * vel.y * acc.y + pos.z * vel.z * acc.z)
}

/// One step of the sum over packed rows.
#[inline(always)]
pub fn add_health(sum: u64, points: u32, armour: u16, poisoned: bool) -> u64 {
    sum + u64::from(points) + u64::from(armour) + u64::from(poisoned)
}

/// What `update_all` does to a row.
#[inline(always)]
pub fn step(pos: &mut Pos, vel: &Vel) {
    pos.x += vel.x * 0.016;
    pos.y += vel.y * 0.016;
    pos.z += vel.z * 0.016;
}

/// Sums over plain vectors.
impl Raw {
    /// The sum of floats.
    pub fn sum(&self) -> f32 {
        self.pos.iter().fold(0.0, add)
    }

    /// The sum of bits.
    pub fn sum_bits(&self) -> u32 {
        self.pos.iter().fold(0, add_bits)
    }

    /// The sum over packed rows.
    pub fn sum_packed(&self) -> u64 {
        self.health.iter().fold(0, |sum, &[a, b, c, d, e, f, poisoned]| {
            add_health(sum, u32::from_le_bytes([a, b, c, d]), u16::from_le_bytes([e, f]), poisoned != 0)
        })
    }

    /// The join of two.
    pub fn join_two(&self) -> f32 {
        self.pos.iter().zip(&self.vel).fold(0.0, |sum, (pos, vel)| add_two(sum, pos, vel))
    }

    /// The join of three.
    pub fn join_three(&self) -> f32 {
        let rows = self.pos.iter().zip(&self.vel).zip(&self.acc);
        rows.fold(0.0, |sum, ((pos, vel), acc)| add_three(sum, pos, vel, acc))
    }

    /// Rows by number.
    pub fn get(&self, order: &[u32]) -> f32 {
        order.iter().fold(0.0, |sum, index| sum + self.pos[*index as usize].x)
    }

    /// Changes all rows in place.
    pub fn update_all(&mut self) {
        for (pos, vel) in self.pos.iter_mut().zip(&self.vel) {
            step(pos, vel);
        }
    }
}

/// The sum of floats over pages.
pub fn sum_pages(snapshot: &Snapshot<World>) -> f32 {
    snapshot.table::<Pos>().pages().fold(0.0, |sum, page| page.iter().fold(sum, add))
}

/// The sum of floats with `for_each`.
pub fn sum_for_each(snapshot: &Snapshot<World>) -> f32 {
    let mut sum = 0.0;
    snapshot.query::<&Pos>().for_each(|pos| sum = add(sum, pos));
    sum
}

/// The sum of floats with a plain `for`.
pub fn sum_for(snapshot: &Snapshot<World>) -> f32 {
    let mut sum = 0.0;
    for pos in snapshot.query::<&Pos>() {
        sum = add(sum, pos);
    }
    sum
}

/// The sum of bits over pages.
pub fn sum_bits_pages(snapshot: &Snapshot<World>) -> u32 {
    snapshot.table::<Pos>().pages().fold(0, |sum, page| page.iter().fold(sum, add_bits))
}

/// The sum of bits with `for_each`.
pub fn sum_bits_for_each(snapshot: &Snapshot<World>) -> u32 {
    let mut sum = 0;
    snapshot.query::<&Pos>().for_each(|pos| sum = add_bits(sum, pos));
    sum
}

/// The sum over packed rows.
pub fn sum_packed(snapshot: &Snapshot<World>) -> u64 {
    let mut sum = 0;
    snapshot
        .query::<HealthRef<'_>>()
        .for_each(|health| sum = add_health(sum, health.points(), health.armour(), health.poisoned()));
    sum
}

/// The join of two.
pub fn join_two(snapshot: &Snapshot<World>) -> f32 {
    let mut sum = 0.0;
    snapshot.query::<(&Pos, &Vel)>().for_each(|(pos, vel)| sum = add_two(sum, pos, vel));
    sum
}

/// The join of two with a plain `for`.
pub fn join_two_for(snapshot: &Snapshot<World>) -> f32 {
    let mut sum = 0.0;
    for (pos, vel) in snapshot.query::<(&Pos, &Vel)>() {
        sum = add_two(sum, pos, vel);
    }
    sum
}

/// The join of two, with the entity.
pub fn join_entity(snapshot: &Snapshot<World>) -> u64 {
    let mut sum = 0;
    snapshot.query::<(Entity, &Pos)>().for_each(|(entity, pos)| sum += u64::from(entity.slot() ^ pos.x.to_bits()));
    sum
}

/// The join of three.
pub fn join_three(snapshot: &Snapshot<World>) -> f32 {
    let mut sum = 0.0;
    snapshot.query::<(&Pos, &Vel, &Acc)>().for_each(|(pos, vel, acc)| sum = add_three(sum, pos, vel, acc));
    sum
}

/// Rows by entity.
pub fn get(snapshot: &Snapshot<World>, entities: &[Entity]) -> f32 {
    entities.iter().fold(0.0, |sum, entity| sum + snapshot.get::<Pos>(*entity).map_or(0.0, |pos| pos.x))
}

/// Rows of many entities.
pub fn get_each(snapshot: &Snapshot<World>, entities: &[Entity]) -> f32 {
    snapshot.get_each::<Pos>(entities).fold(0.0, |sum, pos| sum + pos.map_or(0.0, |pos| pos.x))
}

/// Packed rows by entity.
pub fn get_packed(snapshot: &Snapshot<World>, entities: &[Entity]) -> u64 {
    entities
        .iter()
        .fold(0, |sum, entity| sum + snapshot.get::<Health>(*entity).map_or(0, |row| u64::from(row.points())))
}

#[cfg(test)]
mod tests {
    use super::{Raw, get, get_packed, join_two, join_two_for, sum_bits_for_each, sum_bits_pages, sum_packed};
    use crate::world::{churned, fresh, with_holes};

    #[test]
    fn both_sides_do_the_same_work() {
        let count = 3000;
        let raw = Raw::filled(count);
        let order: Vec<u32> = (0..count as u32).collect();
        for world in [fresh(count), churned(count)] {
            let snapshot = world.db.snapshot();
            assert_eq!(snapshot.entity_count(), count as u64);
            assert_eq!(sum_bits_pages(&snapshot), raw.sum_bits());
            assert_eq!(sum_bits_for_each(&snapshot), raw.sum_bits());
            assert_eq!(sum_packed(&snapshot), raw.sum_packed());
            assert_eq!(join_two(&snapshot), join_two_for(&snapshot));
            assert_eq!(get(&snapshot, &world.entities), raw.get(&order));
            assert_eq!(get_packed(&snapshot, &world.entities), (0..count as u64).sum::<u64>());
        }
        let snapshot = fresh(count).db.snapshot();
        assert_eq!(join_two(&snapshot), raw.join_two(), "the order is that of spawning");
    }

    #[test]
    fn holes_are_a_tenth() {
        let world = with_holes(churned(1000));
        assert_eq!(world.entities.len(), 900);
        let snapshot = world.db.snapshot();
        assert_eq!(snapshot.entity_count(), 900);
        assert!(world.entities.iter().all(|entity| snapshot.is_alive(*entity)));
    }
}
