//! The world that is measured: its components, how it is filled, and how it is worn out.

use ecsdb::{Component, Db, Entity};

use crate::random::Random;

/// Where something is: three floats, read as `&Pos`.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Pos {
    /// To the east.
    pub x: f32,
    /// To the north.
    pub y: f32,
    /// Up.
    pub z: f32,
}

/// How fast it moves.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Vel {
    /// To the east.
    pub x: f32,
    /// To the north.
    pub y: f32,
    /// Up.
    pub z: f32,
}

/// How fast that changes.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Acc {
    /// To the east.
    pub x: f32,
    /// To the north.
    pub y: f32,
    /// Up.
    pub z: f32,
}

/// A row that is stored packed, in seven bytes.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
pub struct Health {
    /// What is left.
    pub points: u32,
    /// What protects it.
    pub armour: u16,
    /// Whether it wanes.
    pub poisoned: bool,
}

/// A component that comes and goes.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Target {
    /// Whom it follows, as a number.
    pub id: u32,
}

/// A tag that comes and goes.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
pub struct Frozen;

ecsdb::schema! {
    /// What the benchmarks measure.
    pub World: Pos, Vel, Acc, Health, Target, Frozen
}

/// What an entity of the world has, all from its number.
pub type Body = (Pos, Vel, Acc, Health);

/// The rows of entity number `index`.
pub fn body(index: usize) -> Body {
    let at = index as f32;
    (
        Pos { x: at, y: at * 0.5, z: 1.0 },
        Vel { x: 1.0, y: at * 0.25, z: 0.5 },
        Acc { x: 0.125, y: 0.25, z: at * 0.125 },
        Health { points: index as u32, armour: (index % 100) as u16, poisoned: index.is_multiple_of(7) },
    )
}

/// The floats of entity number `index`: what is spawned where three components are.
pub fn three(index: usize) -> (Pos, Vel, Acc) {
    let (pos, vel, acc, _) = body(index);
    (pos, vel, acc)
}

/// A database with a world in it, and its entities in the order in which they were spawned.
pub struct Filled {
    /// The database.
    pub db: Db<World>,
    /// The living entities.
    pub entities: Vec<Entity>,
}

/// An empty database that works on one core, as what it is compared with does.
pub fn empty() -> Db<World> {
    Db::builder().worker_threads(1).open().expect("a database in memory opens")
}

/// A database with `count` bodies in it, spawned in one go.
pub fn fresh(count: usize) -> Filled {
    fill(empty(), count)
}

/// Puts `count` bodies into `db`.
pub fn fill(db: Db<World>, count: usize) -> Filled {
    let entities = db.write(move |tx| Ok(tx.spawn_all((0..count).map(body))?)).expect("a world fits in memory");
    Filled { db, entities }
}

/// A database with `count` bodies that has been running for long: pages lie scattered, generations differ, and entities
/// were born in random order.
pub fn churned(count: usize) -> Filled {
    churn(fresh(count))
}

/// Wears a world out. Rows change one by one in commits of their own, three for every hundred entities and table; then
/// 30 rounds in which a tenth of the entities ends at random and as many come, a thousand to a commit, half of them
/// before and half after rows change in random order again.
pub fn churn(mut world: Filled) -> Filled {
    let mut random = Random::new(7);
    let count = world.entities.len();
    for _ in 0..2 {
        change_rows(&world, &mut random, count * 3 / 200 + 1);
        for _ in 0..15 {
            replace_entities(&mut world, &mut random, count / 10 + 1);
        }
        change_rows(&world, &mut random, count * 3 / 200 + 1);
    }
    world
}

/// `commits` commits of one row each, in each table of floats.
fn change_rows(world: &Filled, random: &mut Random, commits: usize) {
    for _ in 0..commits {
        let mut pick = || world.entities[random.below(world.entities.len())];
        let (a, b, c) = (pick(), pick(), pick());
        let mut last = None;
        for (table, entity) in [a, b, c].into_iter().enumerate() {
            let mut tx = world.db.begin();
            match table {
                0 => tx.update(entity, Pos::C.z.set(1.0)),
                1 => tx.update(entity, Vel::C.z.set(0.5)),
                _ => tx.update(entity, Acc::C.x.set(0.125)),
            }
            last = Some(tx.commit().expect("the database is open"));
        }
        last.map(|ticket| ticket.visible().expect("the entity is alive"));
    }
}

/// Ends `count` entities at random and brings as many to life in their place in the list.
fn replace_entities(world: &mut Filled, random: &mut Random, count: usize) {
    let order = random.order(world.entities.len());
    for places in order[..count.min(order.len())].chunks(1000) {
        let mut tx = world.db.begin();
        for place in places {
            tx.despawn(world.entities[*place as usize]);
        }
        // The newcomers go where slots are free, in an order that has nothing to do with the list.
        let promised: Vec<Entity> = places.iter().map(|place| tx.spawn(body(*place as usize))).collect();
        let commit = tx.commit().expect("the database is open").visible().expect("all of them were alive");
        for (place, entity) in places.iter().zip(promised) {
            world.entities[*place as usize] = commit[entity];
        }
    }
}

/// Ends a tenth of the entities at random, and leaves their slots empty.
pub fn with_holes(mut world: Filled) -> Filled {
    Random::new(11).shuffle(&mut world.entities);
    let ended = world.entities.split_off(world.entities.len() - world.entities.len() / 10);
    let end = move |tx: &mut ecsdb::Transaction<'_, World>| {
        for entity in ended {
            tx.despawn(entity)?;
        }
        Ok(())
    };
    world.db.write(end).expect("all of them were alive");
    world
}
