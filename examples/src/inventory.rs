//! Inventory and trade: who has what, what lies in what, and deals that are done as a whole or not at all.

use std::fmt::Write;

use ecsdb::{Component, Db, Entity, OpError, Ref, Transaction, TransactionError};

/// Somebody with a purse. No two have the same name.
#[derive(Component)]
pub struct Trader {
    #[component(unique)]
    name: String,
    gold: u64,
}

/// Something to own. It goes with its owner, and with what it lies in.
#[derive(Component)]
pub struct Item {
    #[component(auto_increment, unique)]
    number: u32,
    kind: String,
    #[component(on_delete = "cascade")]
    owner: Ref<Trader>,
    #[component(on_delete = "cascade")]
    inside: Option<Ref<Item>>,
}

/// An offer to sell. An item is offered once at most, and what is offered cannot be thrown away.
#[derive(Component)]
pub struct Offer {
    #[component(cardinality = "one")]
    item: Ref<Item>,
    price: u64,
}

ecsdb::schema! {
    /// The tables of the market.
    pub Market: Trader, Item, Offer
}

/// Buys what is offered: the gold, the item with all that lies in it, and the end of the offer, in one transaction.
///
/// # Errors
/// If the offer is gone, or the buyer cannot pay.
pub fn buy(tx: &mut Transaction<'_, Market>, offer: Entity, buyer: Entity) -> Result<(), OpError> {
    let Some((item, price)) = tx.get::<Offer>(offer).map(|offer| (offer.item().entity(), offer.price())) else {
        return Err(OpError::ComponentMissing { entity: offer, table: Offer::TABLE.to_owned() });
    };
    tx.require(buyer, Trader::C.gold.ge(price))?;
    if let Some(seller) = tx.parent(Item::C.owner, item) {
        tx.update(buyer, Trader::C.gold.sub(price))?;
        tx.update(seller, Trader::C.gold.add(price))?;
    }
    let inside: Vec<Entity> = tx.descendants(Item::C.inside, item)?.map(|(_, inside)| inside).collect();
    for sold in inside.into_iter().chain([item]) {
        tx.update(sold, Item::C.owner.set(Ref::to(buyer)))?;
    }
    tx.update(item, Item::C.inside.set(None))?;
    tx.despawn(offer)
}

/// Who has what, in words.
pub fn inventory(db: &Db<Market>) -> String {
    let snapshot = db.snapshot();
    let mut text = String::new();
    for (trader, row) in snapshot.index(Trader::I.name) {
        let items: Vec<String> = snapshot
            .children(Item::C.owner, trader)
            .map(|(_, item)| match item.inside().and_then(|inside| snapshot.get::<Item>(inside.entity())) {
                Some(inside) => format!("{} (in the {})", item.kind(), inside.kind()),
                None => item.kind().to_owned(),
            })
            .collect();
        let items = if items.is_empty() { "nothing".to_owned() } else { items.join(", ") };
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "  {} has {} gold and {items}", row.name(), row.gold());
    }
    text
}

/// A day on the market. What happened, in words.
///
/// # Errors
/// None that a working database has.
pub fn play() -> Result<String, TransactionError> {
    let db = Db::<Market>::in_memory().map_err(TransactionError::abort)?;
    let trader = |name: &str, gold| db.spawn(Trader { name: name.to_owned(), gold });
    let (anna, berta) = (trader("Anna", 20)?, trader("Berta", 100)?);
    let item = |kind: &str, owner, inside: Option<Entity>| {
        db.spawn(Item { number: 0, kind: kind.to_owned(), owner: Ref::to(owner), inside: inside.map(Ref::to) })
    };
    let chest = item("chest", anna, None)?;
    let purse = item("purse", anna, Some(chest))?;
    item("ring", anna, Some(purse))?;
    item("axe", berta, None)?;
    let offer = db.spawn(Offer { item: Ref::to(purse), price: 60 })?;
    let mut text = format!("In the morning:\n{}", inventory(&db));
    // Writing to a `String` cannot fail.
    let mut refused = |what: &str, error: TransactionError| {
        let _ = writeln!(text, "\n{what}:\n  {error}");
    };

    if let Err(error) = trader("Anna", 1) {
        refused("Another Anna comes", error);
    }
    if let Err(error) = db.spawn(Offer { item: Ref::to(purse), price: 1 }) {
        refused("The purse is offered once more", error);
    }
    if let Err(error) = db.despawn(purse) {
        refused("The purse is thrown away while it is offered", error);
    }
    if let Err(error) = db.write(move |tx| Ok(buy(tx, offer, anna)?)) {
        refused("Anna buys her own purse, without the gold", error);
    }
    db.write(move |tx| Ok(buy(tx, offer, berta)?))?;
    let _ = writeln!(text, "\nBerta buys the purse, with what is in it:\n{}", inventory(&db).trim_end());
    db.despawn(anna)?;
    let _ = writeln!(text, "\nAnna leaves, and her things with her:\n{}", inventory(&db).trim_end());
    Ok(text)
}
