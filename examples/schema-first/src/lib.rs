//! A game whose schema comes first: `schema/game.toml` is the source, and the components are made of it.
//!
//! The build script calls `ecsdb_schema_gen::compile`, and `include_schema!` puts the code here: a struct for each table, a
//! type for each struct and enum in one, and the registry [`Game`].

ecsdb::include_schema!("game");

/// What all items of an inventory cost together, in silver; a gold piece is a hundred.
pub fn worth(view: &ecsdb::Snapshot<Game>, carrier: ecsdb::Entity) -> u64 {
    let Some(inventory) = view.get::<Inventory>(carrier) else { return 0 };
    let prices = inventory.items().iter().filter_map(|item| view.get::<Item>(item.entity()));
    prices.map(|item| item.to_owned().price).map(|price| u64::from(price.gold) * 100 + u64::from(price.silver)).sum()
}
