//! What mobs do with each other's property: trades, and picking up what lies around.
//!
//! Each deal is a transaction of its own, put together on the game's thread from what it saw, with guards for all that
//! may have changed until its turn comes. They are sent one after the other without waiting.

use ecsdb::{Db, Entity, OpError, Snapshot, Ticket, TransactionError};

use super::components::{Item, ItemRef, Pile, Pos, Purse, PurseRef, World};

/// The most gold that an item is sold for. More than some purses hold, so that some trades are refused.
const PRICE_MAX: u64 = 60;

/// Deals that were sent to the writer.
#[derive(Default)]
pub struct Deals {
    tickets: Vec<(Ticket, u64)>,
}

/// What came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many were committed.
    pub done: u64,
    /// How many were refused by a guard.
    pub refused: u64,
    /// How many rows the committed ones wrote or removed.
    pub rows: u64,
}

impl Deals {
    /// Waits for all of them.
    ///
    /// # Errors
    /// The first failure that is not a guard's.
    pub fn settle(self) -> Result<Outcome, TransactionError> {
        let mut outcome = Outcome::default();
        for (ticket, rows) in self.tickets {
            match ticket.visible() {
                Ok(_) => {
                    outcome.done += 1;
                    outcome.rows += rows;
                }
                Err(TransactionError::Op(OpError::GuardFailed(_))) => outcome.refused += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(outcome)
    }

    /// `buyer` buys `item` from `seller`, if the buyer can pay and the seller still has it.
    pub fn trade(
        &mut self,
        db: &Db<World>,
        item: Entity,
        seller: Entity,
        buyer: Entity,
        price: u64,
    ) -> Result<(), TransactionError> {
        let mut tx = db.begin();
        tx.require(item, Item::C.owner.eq(Some(seller)));
        tx.require(buyer, Purse::C.gold.ge(price));
        tx.update(buyer, Purse::C.gold.sub(price));
        tx.update(seller, Purse::C.gold.add(price));
        tx.update(item, Item::C.owner.set(Some(buyer)));
        self.tickets.push((tx.commit()?, 3));
        Ok(())
    }

    /// `finder` takes `item`, if it still lies on the ground.
    pub fn pick_up_item(&mut self, db: &Db<World>, item: Entity, finder: Entity) -> Result<(), TransactionError> {
        let mut tx = db.begin();
        tx.require(item, Item::C.owner.eq(None));
        tx.require_alive(finder);
        tx.update(item, Item::C.owner.set(Some(finder)));
        tx.remove::<Pos>(item);
        self.tickets.push((tx.commit()?, 2));
        Ok(())
    }

    /// `finder` takes the `gold` of `pile`, if it is still as much.
    pub fn pick_up_gold(
        &mut self,
        db: &Db<World>,
        pile: Entity,
        gold: u64,
        finder: Entity,
    ) -> Result<(), TransactionError> {
        let mut tx = db.begin();
        tx.require(pile, Purse::C.gold.eq(gold));
        tx.update(finder, Purse::C.gold.add(gold));
        tx.despawn(pile);
        self.tickets.push((tx.commit()?, 4));
        Ok(())
    }
}

/// Sends `count` trades: some mob wants some item that another one had at the time of `snapshot`.
pub fn trades(
    db: &Db<World>,
    snapshot: &Snapshot<World>,
    (items, mobs): (&[Entity], &[Entity]),
    count: usize,
    rng: &mut fastrand::Rng,
) -> Result<Deals, TransactionError> {
    let mut deals = Deals::default();
    if items.is_empty() || mobs.is_empty() {
        return Ok(deals);
    }
    for _ in 0..count {
        let item = items[rng.usize(..items.len())];
        let buyer = mobs[rng.usize(..mobs.len())];
        let price = rng.u64(1..=PRICE_MAX);
        if let Some(seller) = snapshot.get::<Item>(item).and_then(|item| item.owner()) {
            deals.trade(db, item, seller, buyer, price)?;
        }
    }
    Ok(deals)
}

/// Sends a deal for each item and each pile that lies on the ground in `snapshot`, up to `limit` of each.
pub fn pick_ups(
    db: &Db<World>,
    snapshot: &Snapshot<World>,
    mobs: &[Entity],
    limit: usize,
    rng: &mut fastrand::Rng,
) -> Result<Deals, TransactionError> {
    let mut deals = Deals::default();
    if mobs.is_empty() {
        return Ok(deals);
    }
    for (item, _, _) in snapshot.query::<(Entity, ItemRef<'_>, &Pos)>().iter().take(limit) {
        deals.pick_up_item(db, item, mobs[rng.usize(..mobs.len())])?;
    }
    for (pile, purse) in snapshot.query::<(Entity, PurseRef<'_>)>().with::<Pile>().iter().take(limit) {
        deals.pick_up_gold(db, pile, purse.gold(), mobs[rng.usize(..mobs.len())])?;
    }
    Ok(deals)
}
