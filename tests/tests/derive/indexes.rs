//! The constant `I`: a typed handle for each index.

use ecsdb::component::{Index, SpatialIndex};
use ecsdb::schema::{IndexKind, Schema};
use ecsdb::{Component, Entity, Field, FixedStr, Ref};

#[derive(Field)]
pub struct Place {
    pub at: Point,
    map: u16,
}

#[derive(Field)]
pub struct Point(f32, f32);

#[derive(Field, Clone, Copy)]
struct Level(#[component(rename = "points")] u16);

#[derive(Component)]
#[component(index(name = "place", columns(place.at.0, place.at.1), spatial(cell = 4)))]
#[component(index(columns(place.map, level.points)), index(name = "by_pair", columns(pair.1, owner), unique))]
pub struct Item {
    #[component(unique)]
    name: FixedStr<16>,
    #[component(index)]
    pub owner: Option<Ref<Item>>,
    #[component(index = "hash")]
    pub(crate) r#type: Entity,
    #[component(index)]
    tags: Vec<u16>,
    place: Place,
    level: Level,
    pair: (u8, i64),
}

/// An enum is a component with one column, which can have an index too.
#[derive(Component, Clone, Copy, PartialEq)]
#[component(index(columns(value), hash))]
enum State {
    Idle,
    Busy,
}

#[derive(Component)]
struct Named(#[component(unique)] String);

ecsdb::schema! { World: Item, State, Named }

#[test]
fn an_index_knows_the_types_of_its_columns() {
    let _: Index<Item, FixedStr<16>> = Item::I.name;
    let _: Index<Item, Option<Ref<Item>>> = Item::I.owner;
    let _: Index<Item, Entity> = Item::I.r#type;
    let _: Index<Item, u16> = Item::I.tags;
    let place: SpatialIndex<Item, 2, f32> = Item::I.place;
    let level: Index<Item, (u16, u16)> = Item::I.place_map_level_points;
    let _: Index<Item, (i64, Option<Ref<Item>>)> = Item::I.by_pair;
    let _: Index<Named, String> = Named::I.value;
    assert_eq!((place.number(), level.number(), Item::I.by_pair.number()), (4, 5, 6));
    assert_eq!(place.schema().kind, IndexKind::Grid { cell: 4.0 });
    assert_eq!(format!("{level:?}"), "item.place_map_level_points");
    assert_eq!(State::I.value.schema().kind, IndexKind::Hash);
    assert!(matches!(State::Idle, State::Idle));
}

#[test]
fn a_schema_takes_what_the_derive_made() {
    let schema = World::schema();
    assert_eq!(ecsdb::schema::DatabaseSchema::from_toml(&schema.to_toml(), "x").unwrap(), schema);
}
