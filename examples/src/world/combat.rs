//! Blows, deaths, and what the dead leave behind, all in one transaction: no reader ever sees a dead owner.

use ecsdb::{Entity, Transaction, TransactionError};

use super::components::{Health, Item, ItemRef, Pile, Pos, Purse, World};

/// One mob hits another.
#[derive(Clone, Copy, Debug)]
pub struct Blow {
    /// Who hits.
    pub attacker: Entity,
    /// Who is hit.
    pub victim: Entity,
    /// How hard, before armour.
    pub strength: u16,
}

/// What came of a round of blows.
#[derive(Debug, Default)]
pub struct Aftermath {
    /// Which blows killed their victim, as indexes into the round, ascending.
    pub deadly: Vec<usize>,
    /// How many items fell to the ground.
    pub dropped: u64,
    /// How many rows were written or removed.
    pub rows: u64,
}

/// What a dead mob leaves behind.
struct Estate {
    mob: Entity,
    killer: Entity,
    place: Pos,
    gold: u64,
}

/// Deals all `blows`. The dead are despawned, their gold passes to the killer (or to the ground, if that one is dead too)
/// less the half that goes to the treasury, and their items fall where they stood.
pub fn fight(tx: &mut Transaction<'_, World>, blows: &[Blow], treasury: Entity) -> Result<Aftermath, TransactionError> {
    let mut after = Aftermath::default();
    let mut estates = Vec::new();
    for (index, blow) in blows.iter().enumerate() {
        // A mob that an earlier blow of this round has killed takes no more.
        let Some(health) = tx.get::<Health>(blow.victim) else { continue };
        if health.points() == 0 {
            continue;
        }
        after.rows += 1;
        if tx.modify(blow.victim, |health: &mut Health| health.suffer(blow.strength))? == 0 {
            after.deadly.push(index);
            estates.push(estate(tx, *blow)?);
        }
    }
    for estate in &estates {
        tx.despawn(estate.mob)?;
        after.rows += 6;
    }
    drop_items(tx, &mut estates, &mut after)?;
    pass_on_gold(tx, &estates, treasury, &mut after)?;
    Ok(after)
}

fn estate(tx: &Transaction<'_, World>, blow: Blow) -> Result<Estate, TransactionError> {
    let Blow { attacker, victim, .. } = blow;
    match (tx.get::<Pos>(victim), tx.get::<Purse>(victim)) {
        (Some(place), Some(purse)) => Ok(Estate { mob: victim, killer: attacker, place: *place, gold: purse.gold() }),
        _ => Err(tx.abort(format!("mob {victim} has no place or no purse"))),
    }
}

/// Puts the items of the dead on the ground. Looks at every item once, whatever the number of dead.
fn drop_items(
    tx: &mut Transaction<'_, World>,
    estates: &mut [Estate],
    after: &mut Aftermath,
) -> Result<(), TransactionError> {
    if estates.is_empty() {
        return Ok(());
    }
    estates.sort_unstable_by_key(|estate| estate.mob);
    // Few of the many owners are dead: a look at the lower bits of the slot tells most of the living.
    let mut suspect = [false; 1024];
    let low_bits = |mob: Entity| mob.slot() as usize % 1024;
    estates.iter().for_each(|estate| suspect[low_bits(estate.mob)] = true);
    let mut drops = Vec::new();
    tx.query::<(Entity, ItemRef<'_>)>().for_each(|(item, row)| {
        if let Some(owner) = row.owner()
            && suspect[low_bits(owner)]
            && let Ok(index) = estates.binary_search_by_key(&owner, |estate| estate.mob)
        {
            drops.push((item, estates[index].place));
        }
    });
    for (item, place) in drops {
        tx.update(item, Item::C.owner.set(None))?;
        tx.insert(item, place)?;
        after.dropped += 1;
        after.rows += 2;
    }
    Ok(())
}

fn pass_on_gold(
    tx: &mut Transaction<'_, World>,
    estates: &[Estate],
    treasury: Entity,
    after: &mut Aftermath,
) -> Result<(), TransactionError> {
    let mut duties = 0;
    for estate in estates {
        let duty = estate.gold / 2;
        let rest = estate.gold - duty;
        duties += duty;
        if rest == 0 {
            continue;
        }
        if tx.is_alive(estate.killer) {
            tx.update(estate.killer, Purse::C.gold.add(rest))?;
            after.rows += 1;
        } else {
            tx.spawn((Pile, estate.place, Purse { gold: rest }))?;
            after.rows += 3;
        }
    }
    if duties > 0 {
        tx.update(treasury, Purse::C.gold.add(duties))?;
        after.rows += 1;
    }
    Ok(())
}
