//! New lives, paid for by the treasury.

use ecsdb::{Entity, Transaction, TransactionError};

use super::components::{Item, Purse, World, item, mob};
use super::definitions::Definitions;

/// The most gold that a mob begins with.
const ENDOWMENT_MAX: u64 = 200;

/// Spawns `count` mobs, whose gold comes from the treasury as long as it has any.
pub fn spawn_mobs(
    tx: &mut Transaction<'_, World>,
    definitions: &Definitions,
    count: usize,
    treasury: Entity,
    rng: &mut fastrand::Rng,
) -> Result<Vec<Entity>, TransactionError> {
    let mut available = match tx.get::<Purse>(treasury) {
        Some(purse) => purse.gold(),
        None => return Err(tx.abort("the treasury is gone")),
    };
    let before = available;
    let mobs = tx.spawn_all((0..count).map(|_| {
        let gold = rng.u64(0..=ENDOWMENT_MAX).min(available);
        available -= gold;
        mob(definitions.any_mob(rng), gold, rng)
    }))?;
    tx.update(treasury, Purse::C.gold.sub(before - available))?;
    Ok(mobs)
}

/// Spawns an item for each of `owners`.
pub fn spawn_items(
    tx: &mut Transaction<'_, World>,
    definitions: &Definitions,
    owners: impl IntoIterator<Item = Entity>,
    rng: &mut fastrand::Rng,
) -> Result<Vec<Entity>, TransactionError> {
    let items: Vec<Item> = owners.into_iter().map(|owner| item(definitions.any_item(rng), owner, rng)).collect();
    Ok(tx.spawn_all(items)?)
}
