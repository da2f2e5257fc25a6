//! Attributes: names, histories, claims about the layout, defaults, foreign types, indexes and references.

use ecsdb::component::Stored;
use ecsdb::schema::{Cardinality, Durability, IndexKind, IndexSchema, OnDelete, ReferenceSchema, Value};
use ecsdb::{Component, Entity, Field, Ref};

/// A type of somebody else's: no derive can stand on it.
mod foreign {
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Angle {
        pub degrees: f64,
    }
}

/// An angle as it is stored: in tenths of a degree.
#[derive(Field)]
struct Tenths(i32);

impl From<foreign::Angle> for Tenths {
    fn from(angle: foreign::Angle) -> Self {
        Self((angle.degrees * 10.0) as i32)
    }
}

impl From<Tenths> for foreign::Angle {
    fn from(tenths: Tenths) -> Self {
        Self { degrees: f64::from(tenths.0) / 10.0 }
    }
}

const START: u32 = 100;

#[derive(Component, Debug, PartialEq)]
#[component(
    table = "healths",
    row = StoredHealth,
    view = HealthView,
    version = 3,
    size = 42,
    renamed_from = "hit_points",
    deprecated = "use `Life`"
)]
#[component(index(name = "by_name", columns(points, armour)), index(columns(alive), unique))]
struct Health {
    #[component(rename = "points", renamed_from = "hp", default = START + 1, since = 2, offset = 0)]
    hp: u32,
    #[component(deprecated = "nobody wears any", index)]
    armour: u8,
    #[component(default = "nobody".to_owned())]
    name: String,
    #[component(as = Tenths, default = foreign::Angle { degrees: 1.5 })]
    angle: foreign::Angle,
    #[component(default = Vec::<Option<u8>>::from_iter([None, Some(1)]))]
    list: Vec<Option<u8>>,
    /// Its place, behind what has none of its own.
    #[component(offset = 25, on_delete = "set_null")]
    owner: Option<Ref<Item>>,
    #[component(default = true)]
    alive: bool,
}

#[derive(Component, Debug, PartialEq)]
#[component(index(name = "place", columns(at.x, at.y), spatial(cell = 8.0)))]
#[component(index(columns(of, at.x), hash, total_order))]
struct Item {
    #[component(references = Health, on_delete = "cascade")]
    of: Entity,
    #[component(unique = "hash", auto_increment)]
    number: u64,
    #[component(index(total_order))]
    weight: f32,
    #[component(on_delete = "remove", cardinality = "one")]
    parts: Vec<Ref<Item>>,
    twin: Ref<Self>,
    at: At,
}

#[derive(Field, Debug, PartialEq)]
struct At {
    x: f32,
    y: f32,
}

#[derive(Component)]
#[component(durability = "snapshot")]
struct Trail {
    length: f32,
}

#[test]
fn indexes_and_references_are_in_the_schema() {
    let index = |name: &'static str, columns: &[&'static str], kind, unique, total_order| IndexSchema {
        name: name.into(),
        columns: columns.iter().map(|column| (*column).into()).collect(),
        kind,
        unique,
        total_order,
    };
    assert_eq!(
        *Item::SCHEMA.indexes,
        [
            index("number", &["number"], IndexKind::Hash, true, false),
            index("weight", &["weight"], IndexKind::Ordered, false, true),
            index("place", &["at.x", "at.y"], IndexKind::Grid { cell: 8.0 }, false, false),
            index("of_at_x", &["of", "at.x"], IndexKind::Hash, false, true),
        ]
    );
    let names: Vec<_> = Health::SCHEMA.indexes.iter().map(|index| (&*index.name, index.unique)).collect();
    assert_eq!(names, [("armour", false), ("by_name", false), ("alive", true)]);

    let reference = |table: &'static str, on_delete, cardinality| {
        Some(ReferenceSchema { table: table.into(), on_delete, cardinality })
    };
    let field = |name: &str| Item::SCHEMA.field(name).unwrap().1;
    assert_eq!(field("of").reference, reference("healths", OnDelete::Cascade, Cardinality::Many));
    assert_eq!(field("parts").reference, reference("item", OnDelete::Remove, Cardinality::One));
    assert_eq!(field("twin").reference, reference("item", OnDelete::Restrict, Cardinality::Many));
    let owner = &Health::SCHEMA.field("owner").unwrap().1.reference;
    assert_eq!(*owner, reference("item", OnDelete::SetNull, Cardinality::Many));
    assert_eq!((field("number").auto_increment, field("of").auto_increment), (true, false));
}

fn health() -> Health {
    Health {
        hp: 5,
        armour: 6,
        name: "Ann".to_owned(),
        angle: foreign::Angle { degrees: 12.3 },
        list: vec![Some(7)],
        owner: None,
        alive: true,
    }
}

#[test]
fn tables_have_histories() {
    let schema = Health::SCHEMA;
    assert_eq!((&*schema.name, &*schema.renamed_from, schema.version), ("healths", "hit_points", 3));
    assert_eq!((schema.deprecated.as_deref(), schema.durability), (Some("use `Life`"), Durability::Wal));
    assert_eq!(Trail::SCHEMA.durability, Durability::Snapshot);
    let stored: Stored<Health> = Stored::new(health());
    let (_, view): (&StoredHealth, HealthView<'_>) = (stored.row(), stored.view());
    assert_eq!(view.hp(), 5, "methods keep the names of the fields");
}

#[test]
fn fields_have_histories() {
    let [points, armour, name, ..] = &Health::SCHEMA.fields[..] else { panic!("seven fields") };
    assert_eq!((&*points.name, &*points.renamed_from, points.since), ("points", "hp", 2));
    assert_eq!(armour.deprecated.as_deref(), Some("nobody wears any"));
    assert_eq!((armour.since, &*armour.renamed_from, armour.default.is_none()), (0, "", true));
    assert_eq!((&*name.name, name.deprecated.as_deref()), ("name", None));
}

#[test]
fn defaults_are_values_of_their_fields() {
    let defaults: Vec<Option<Value>> = Health::SCHEMA
        .fields
        .iter()
        .map(|field| field.default.as_ref().map(|default| default.encoded().to_value(&field.field_type)))
        .collect();
    let [points, armour, name, angle, list, owner, alive] = &defaults[..] else { panic!("seven fields") };
    assert_eq!((points, armour), (&Some(Value::U32(101)), &None));
    assert_eq!(name, &Some(Value::from("nobody")));
    assert_eq!(angle, &Some(Value::Struct(vec![("0".to_owned(), Value::I32(15))])), "converted");
    assert_eq!(list, &Some(Value::Array(vec![Value::from(None::<u8>), Value::from(Some(1_u8))])));
    assert_eq!((owner, alive), (&None, &Some(Value::Bool(true))));
}

#[test]
fn foreign_types_are_converted() {
    let stored = Stored::new(health());
    let tenths: TenthsView<'_> = stored.view().angle();
    assert_eq!(tenths.value(), 123);
    assert_eq!(stored.get(), health());
    assert_eq!(Health::C.angle.at(Tenths::F.0).offset(), Health::C.angle.offset());
    assert_eq!(Health::SCHEMA.fields[3].field_type.to_string(), "struct Tenths(i32)");
}

/// What cannot be stored itself is stored as something that can.
#[test]
fn maps_are_stored_as_lists_of_pairs() {
    use std::collections::BTreeMap;

    #[derive(Field)]
    struct Pairs(Vec<(String, u32)>);

    impl From<BTreeMap<String, u32>> for Pairs {
        fn from(map: BTreeMap<String, u32>) -> Self {
            Self(map.into_iter().collect())
        }
    }

    impl From<Pairs> for BTreeMap<String, u32> {
        fn from(pairs: Pairs) -> Self {
            pairs.0.into_iter().collect()
        }
    }

    #[derive(Component)]
    struct Inventory {
        #[component(as = Pairs)]
        counts: BTreeMap<String, u32>,
    }

    #[derive(Component)]
    enum Chest {
        Closed,
        Open(#[component(as = Pairs)] BTreeMap<String, u32>),
    }

    let counts = || BTreeMap::from([("rope".to_owned(), 2), ("torch".to_owned(), 5)]);
    let stored = Stored::new(Inventory { counts: counts() });
    assert_eq!(stored.view().counts().value().iter().collect::<Vec<_>>(), [("rope", 2), ("torch", 5)]);
    assert_eq!(stored.get().counts, counts());
    assert!(matches!(Stored::new(Chest::Open(counts())).view().value(), Chest::Open(map) if map == counts()));
    assert!(matches!(Stored::new(Chest::Closed).view().value(), Chest::Closed));
}

#[test]
fn foreign_types_are_converted_in_options_tuples_and_collections() {
    use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

    const TURNS: usize = 2;
    #[derive(Component)]
    struct Crane {
        #[component(as = Option<Tenths>)]
        turned: Option<foreign::Angle>,
        #[component(as = Vec<Tenths>)]
        turns: VecDeque<foreign::Angle>,
        #[component(as = [Tenths; TURNS])]
        last: [foreign::Angle; TURNS],
        #[component(as = Option<(u8, Vec<Option<Tenths>>)>)]
        deep: Option<(u8, Vec<Option<foreign::Angle>>)>,
        #[component(as = Vec<(String, Tenths)>)]
        by_name: BTreeMap<String, foreign::Angle>,
        #[component(as = Vec<(u32, Vec<u8>)>)]
        loads: HashMap<u32, HashSet<u8>>,
    }

    let angle = |degrees| foreign::Angle { degrees };
    let stored = Stored::new(Crane {
        turned: Some(angle(1.5)),
        turns: VecDeque::from([angle(0.1), angle(0.2)]),
        last: [angle(3.0), angle(4.0)],
        deep: Some((7, vec![None, Some(angle(0.3))])),
        by_name: BTreeMap::from([("a".to_owned(), angle(1.0)), ("b".to_owned(), angle(2.0))]),
        loads: HashMap::from([(9, HashSet::from([4])), (8, HashSet::new())]),
    });
    let view = stored.view();
    assert_eq!(view.turned().map(|tenths| tenths.value()), Some(15));
    assert_eq!(view.turns().iter().map(|tenths| tenths.value()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(view.by_name().iter().map(|(name, tenths)| (name, tenths.value())).next_back(), Some(("b", 20)));
    let crane = stored.get();
    assert_eq!((crane.turned, crane.turns), (Some(angle(1.5)), VecDeque::from([angle(0.1), angle(0.2)])));
    assert_eq!((crane.last, crane.deep), ([angle(3.0), angle(4.0)], Some((7, vec![None, Some(angle(0.3))]))));
    assert_eq!(crane.by_name.into_values().map(|angle| angle.degrees).collect::<Vec<_>>(), [1.0, 2.0]);
    assert_eq!(crane.loads, HashMap::from([(8, HashSet::new()), (9, HashSet::from([4]))]));
    assert_eq!(Crane::SCHEMA.field("loads").unwrap().1.field_type.to_string(), "[(u32, [u8])]");
}

#[test]
fn references_say_what_they_refer_to() {
    assert_eq!(Health::SCHEMA.field("owner").unwrap().1.field_type.to_string(), "ref<item>?");
    let entity = Entity::from_bits(3 | 1 << 32).unwrap();
    let item = Stored::new(Item {
        of: entity,
        number: 1,
        weight: 0.5,
        parts: vec![],
        twin: Ref::to(entity),
        at: At { x: 0.0, y: 0.0 },
    });
    assert_eq!((item.view().of(), item.view().number()), (entity, 1));
}

#[test]
fn variants_and_members_have_names_of_their_own() {
    #[derive(Field, Debug, PartialEq)]
    enum State {
        #[component(rename = "Waiting", renamed_from = "Bored")]
        Idle,
        Walking {
            #[component(rename = "at")]
            position: u8,
            #[component(as = Tenths)]
            heading: foreign::Angle,
        },
    }
    #[derive(Component, Debug, PartialEq)]
    struct Mob(State);
    assert_eq!(
        State::TYPE.to_string(),
        "enum State { Waiting was Bored, Walking { at: u8, heading: struct Tenths(i32) } }"
    );
    let walking = || Mob(State::Walking { position: 1, heading: foreign::Angle { degrees: 0.5 } });
    let stored = Stored::new(walking());
    assert_eq!(stored.get(), walking());
    assert_eq!(format!("{:?}", stored.view()), "Mob(Walking { at: 1, heading: Tenths(5) })");
}
