//! The generated components at work, and beside their file.

use std::error::Error;
use std::time::Duration;

use ecsdb::schema::{DatabaseSchema, Schema};
use ecsdb::{Db, FixedStr, Ref};
use ecsdb_example_schema_first::{Asleep, Body, Game, Inventory, Item, Mind, Plan, Price, worth};

#[test]
fn the_components_are_the_tables_of_the_file() -> Result<(), Box<dyn Error>> {
    let file = DatabaseSchema::from_toml(include_str!("../schema/game.toml"), "schema/game.toml")?;
    assert_eq!(Game::schema(), file);
    assert_eq!(Game::schema().hash(), file.hash());
    Ok(())
}

#[test]
fn the_components_are_stored_and_read() -> Result<(), Box<dyn Error>> {
    let db = Db::<Game>::in_memory()?;
    let item = |label, gold, silver| -> Result<_, Box<dyn Error>> {
        Ok(db.spawn(Item { label: FixedStr::new(label)?, price: Price { gold, silver } })?)
    };
    let (rope, lamp) = (item("rope", 0, 50)?, item("lamp", 2, 5)?);
    let bag = Inventory { items: vec![Ref::to(rope), Ref::to(lamp)], motto: "hands off".to_owned() };
    let plan = Plan::Fetching { what: Ref::to(rope), until: Duration::from_secs(9) };
    let body = Body { at: [1.0, 2.0, 3.0], heading: 0.5 };
    let ann = db.spawn((bag, Mind { plan }, body, Asleep))?;

    let view = db.snapshot();
    assert_eq!(worth(&view, ann), 255);
    assert_eq!(view.get::<Body>(ann), Some(&body));
    assert_eq!(view.get::<Inventory>(ann).map(|bag| bag.motto()), Some("hands off"));
    assert_eq!(view.get::<Mind>(ann).map(|mind| mind.to_owned().plan), Some(plan));
    assert!(view.get::<Asleep>(ann).is_some());
    Ok(())
}
