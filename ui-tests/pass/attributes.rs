//! The twins of the attributes that are refused, and attribute macros that run before the derive.

use ecsdb::component::Stored;
use ecsdb::{Component, Entity, Field, Ref};
use ecsdb_ui_attributes::{add_attribute, add_field};

#[derive(Component)]
#[component(table = "healths", row = StoredHealth, view = HealthView,)]
struct Health {
    #[component(rename = "points")]
    hp: u32,
}

#[derive(Component)]
#[component(table = "sizes")]
#[component(crate = ::ecsdb)]
struct Size(#[component(rename = "cm")] u16);

#[add_field(extra: u32)]
#[derive(Component)]
#[repr(C)]
struct Before {
    a: u32,
}

/// A packed row does not lie like the struct, so this changes nothing.
#[derive(Component)]
#[add_attribute(#[repr(C, align(16))])]
struct Aligned {
    a: u32,
}

/// A component with everything that can be said of one.
#[derive(Component)]
#[component(version = 3, size = 66, renamed_from = "thing", deprecated = "use `Ware`")]
#[component(index(columns(kind, number)), index(name = "by_owner", columns(owner), unique))]
struct Item {
    #[component(index, default = Kind::Sword, since = 2)]
    kind: Kind,
    #[component(auto_increment, unique, offset = 1)]
    number: u64,
    #[component(on_delete = "cascade")]
    owner: Ref<Health>,
    #[component(on_delete = "set_null", renamed_from = "holder")]
    bearer: Option<Ref<Health>>,
    #[component(references = Health, on_delete = "restrict")]
    maker: Entity,
    #[component(references = Size, on_delete = "set_null")]
    size: Option<Entity>,
    #[component(default = "nameless".to_owned(), deprecated = "nobody reads it")]
    name: String,
    #[component(as = u8)]
    level: Level,
    speed: f32,
    #[component(default = 1 + 2)]
    count: u32,
}

#[derive(Component)]
#[component(durability = "snapshot")]
#[repr(C)]
#[component(size = 8)]
struct Pos {
    #[component(offset = 0)]
    x: f32,
    #[component(offset = 4)]
    y: f32,
}

/// What is said about a table is for the component; the value has only names.
#[derive(Component, Field)]
#[component(table = "both", version = 1)]
struct Both {
    #[component(index, default = 7, rename = "first")]
    a: u8,
}

#[derive(Field, Clone, Copy, PartialEq, Debug)]
enum Kind {
    Sword,
    #[component(rename = "Board", renamed_from = "Plank")]
    Shield,
}

struct Level(u8);

impl From<Level> for u8 {
    fn from(level: Level) -> Self {
        level.0
    }
}

impl From<u8> for Level {
    fn from(level: u8) -> Self {
        Self(level)
    }
}

#[add_attribute(#[repr(u8)])]
#[derive(Field)]
enum Tagged {
    A = 3,
}

fn main() {
    let stored = Stored::new(Health { hp: 5 });
    let (_, view): (&StoredHealth, HealthView<'_>) = (stored.row(), stored.view());
    assert_eq!(view.hp(), 5);
    let entity = Entity::from_bits(1 | 1 << 32).unwrap();
    let item = Item {
        kind: Kind::Shield,
        number: 1,
        owner: Ref::to(entity),
        bearer: None,
        maker: entity,
        size: Some(entity),
        name: String::new(),
        level: Level(3),
        speed: 0.5,
        count: 1,
    };
    let stored = Stored::new(item);
    assert_eq!((stored.view().kind(), stored.view().level(), stored.get().level.0), (Kind::Shield, 3, 3));
    assert_eq!((Both::C.a.name(), Both::SCHEMA.version), ("first".to_owned(), 1));
    let _ = Both::F.a;
    assert_eq!(Pos::C.y.offset(), 4);
    let _ = Tagged::A;
    assert_eq!((&*Health::SCHEMA.name, &*Health::C.hp.name()), ("healths", "points"));
    assert_eq!((&*Size::SCHEMA.name, &*Size::C.0.name()), ("sizes", "cm"));
    assert_eq!(Before::C.extra.offset(), 4);
    assert_eq!(Aligned::SCHEMA.size, 4);
}
