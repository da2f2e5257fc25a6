//! The twins of the indexes and references that are refused.

use ecsdb::schema::Schema;
use ecsdb::component::{Index, SpatialIndex};
use ecsdb::{Component, Entity, Field, Ref};

#[derive(Field)]
struct Pos {
    x: f32,
    y: f32,
}

#[derive(Component)]
#[component(index(name = "place", columns(pos.x, pos.y), spatial(cell = 2)))]
#[component(index(name = "by_x", columns(pos.x, level), total_order, unique))]
struct Unit {
    pos: Pos,
    #[component(index = "hash")]
    owner: Entity,
    #[component(unique(total_order))]
    speed: f64,
    #[component(auto_increment)]
    level: u16,
    #[component(cardinality = "one", on_delete = "remove")]
    of: Option<Ref<Unit>>,
}

ecsdb::schema! { World: Unit }

fn main() {
    let _: SpatialIndex<Unit, 2, f32> = Unit::I.place;
    let _: Index<Unit, (f32, u16)> = Unit::I.by_x;
    let _: (Index<Unit, Entity>, Index<Unit, f64>) = (Unit::I.owner, Unit::I.speed);
    assert_eq!(World::schema().table_at(0).unwrap().indexes.len(), 4);
}
