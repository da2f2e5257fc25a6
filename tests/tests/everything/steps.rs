//! Random transactions.

use ecsdb::{Entity, Ref, Transaction, TransactionError};
use fastrand::Rng;

use crate::world::*;

/// Some operations, chosen by `seed`, on the nodes that are `alive`; now and then it gives up at the end.
pub fn transaction(tx: &mut Transaction<'_, World>, mut alive: Vec<Entity>, seed: u64) -> Result<(), TransactionError> {
    let mut rng = Rng::with_seed(seed);
    let is_large = rng.u8(..) < 60;
    let steps = if is_large { rng.usize(50..400) } else { rng.usize(1..20) };
    for _ in 0..steps {
        step(tx, &mut alive, &mut rng)?;
    }
    if rng.u8(..) < 40 { Err(TransactionError::abort("enough")) } else { Ok(()) }
}

/// One of them, or none. Some are gone by cascades that nobody has heard of: a transaction that refers to these is refused.
fn pick(alive: &[Entity], rng: &mut Rng) -> Option<Entity> {
    if rng.u8(..) < 60 { None } else { rng.choice(alive).copied() }
}

fn step(tx: &mut Transaction<'_, World>, alive: &mut Vec<Entity>, rng: &mut Rng) -> Result<(), TransactionError> {
    match rng.u8(0..14) {
        0..=4 => alive.push(spawn(tx, alive, rng)?),
        5 => {
            if !alive.is_empty() && rng.bool() {
                tx.despawn(alive.swap_remove(rng.usize(..alive.len())))?;
            }
        }
        6 => {
            if let Some(entity) = pick(alive, rng) {
                let parent = pick(alive, rng);
                tx.modify(entity, |node: &mut Node| {
                    node.kind = 3 - node.kind.min(3);
                    node.parent = parent.map(Ref::to);
                    node.name.push('x');
                })?;
            }
        }
        7 => {
            tx.update_all(|place: &mut Place| {
                place.x += 1.0;
                place.n ^= 1;
            })?;
        }
        8 => {
            tx.update_where(Place::C.n.lt(4), Place::C.y.add(0.5))?;
        }
        9 => tx.settle_indexes()?,
        10 => {
            if let Some(entity) = pick(alive, rng)
                && rng.u8(..) < 30
                && tx.contains::<Node>(entity)
            {
                tx.remove::<Node>(entity)?;
                alive.retain(|other| *other != entity);
            }
        }
        11 => {
            if let Some(entity) = pick(alive, rng) {
                tx.insert(entity, Soft { n: rng.u32(0..9) })?;
                tx.update(entity, Soft::C.n.add(1))?;
            }
        }
        12 => {
            if rng.u8(..) < 20 {
                tx.remove_where::<Soft>(Soft::C.n.eq(3))?;
            }
        }
        _ => {
            if let Some(entity) = pick(alive, rng) {
                count_children(tx, entity)?;
            }
        }
    }
    Ok(())
}

fn spawn(tx: &mut Transaction<'_, World>, alive: &[Entity], rng: &mut Rng) -> Result<Entity, TransactionError> {
    let is_short = rng.bool();
    let name = if is_short { format!("n{}", rng.u8(0..20)) } else { format!("{}{}", "long ".repeat(8), rng.u8(0..9)) };
    let node = Node {
        id: 0,
        tag: rng.bool().then(|| rng.u16(..)),
        kind: rng.u8(0..4),
        name,
        parent: pick(alive, rng).map(Ref::to),
        list: (0..rng.usize(0..4)).filter_map(|_| pick(alive, rng)).map(Ref::to).collect(),
    };
    let mut coordinate = || rng.f32() * 60.0 - 30.0;
    let (x, y) = (coordinate(), coordinate());
    let place = Place { x, y, n: rng.u32(0..9) };
    Ok(match rng.u8(0..3) {
        0 => tx.spawn(node)?,
        1 => tx.spawn((node, place))?,
        _ => tx.spawn((node, place, Soft { n: rng.u32(0..9) }))?,
    })
}

/// The reverse index in the middle of a transaction, against all rows.
fn count_children(tx: &mut Transaction<'_, World>, entity: Entity) -> Result<(), TransactionError> {
    let found = tx.children(Node::C.parent, entity)?.count();
    let is_child = |node: &NodeRef<'_>| node.parent().is_some_and(|parent| parent.entity() == entity);
    assert_eq!(found, tx.query::<&Node>().into_iter().filter(is_child).count(), "the children of {entity}");
    Ok(())
}
