//! Components that are structs of plain fields: layouts, schema constants, columns, views and conversions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ecsdb::component::Stored;
use ecsdb::component::packed::{self, OptionalOf, U16};
use ecsdb::schema::{InvalidRowKind, RowLayout};
use ecsdb::{Component, Entity};

/// How much a creature can take.
///
/// Not part of the description.
#[derive(Component, Debug, PartialEq, Clone)]
struct Health {
    /// Points left,
    /// at most 1,000.
    hp: u32,
    poisoned: bool,
}

#[derive(Component, Debug, PartialEq)]
#[repr(C)]
struct Pos {
    x: f32,
    y: f32,
}

#[derive(Component, Debug, PartialEq)]
struct Gold(u64);

#[derive(Component, Debug, PartialEq)]
#[component(table = "ranges", row = StoredRange, view = RangeView)]
struct Range(i16, #[component(rename = "high")] i16);

#[derive(Component, Debug, PartialEq)]
struct Frozen;

#[derive(Component, Debug, PartialEq)]
struct Empty {}

const SIDE: usize = 2;

#[derive(Component, Debug, PartialEq)]
struct Everything {
    a: u8,
    b: i8,
    c: u16,
    d: i16,
    e: u32,
    f: i32,
    g: u64,
    h: i64,
    i: u128,
    j: i128,
    k: f32,
    l: f64,
    m: bool,
    owner: Entity,
    target: Option<Entity>,
    name: [u8; 5],
    grid: [[u16; SIDE + 1]; {
        let double = SIDE * 2;
        double / 2
    }],
    flags: [bool; if SIDE > 1 { 3 } else { 0 }],
    party: [Option<Entity>; 2],
}

fn entity(slot: u32) -> Entity {
    Entity::from_bits(u64::from(slot) | 1 << 32).unwrap()
}

fn everything() -> Everything {
    Everything {
        a: 1,
        b: -2,
        c: 3,
        d: -4,
        e: 5,
        f: -6,
        g: 7,
        h: -8,
        i: u128::MAX - 9,
        j: i128::MIN + 10,
        k: 1.5,
        l: -2.5,
        m: true,
        owner: entity(11),
        target: None,
        name: *b"Brian",
        grid: [[1, 2, 3], [4, 5, 6]],
        flags: [true, false, true],
        party: [Some(entity(12)), None],
    }
}

/// The bytes of a row, as storage keeps them.
fn bytes<T: Component>(value: T) -> Vec<u8> {
    Stored::new(value).to_bytes()
}

fn round_trip<T: Component + PartialEq + std::fmt::Debug>(make: impl Fn() -> T) {
    let stored = Stored::new(make());
    assert_eq!(stored.get(), make());
    assert_eq!(T::validate(&stored.to_bytes()), Ok(()));
    assert_eq!(T::TABLE, T::SCHEMA.name);
    assert_eq!(size_of::<T::Row>(), T::SCHEMA.size as usize);
    assert_eq!(align_of::<T::Row>(), T::SCHEMA.align as usize);
    let end = T::SCHEMA.fields.iter().fold(0, |offset, field| {
        assert_eq!(field.offset, offset, "{}: no gap before {}", T::SCHEMA.name, field.name);
        offset + field.field_type.size() as u32
    });
    assert_eq!(end, T::SCHEMA.size, "{}: no gap at the end", T::SCHEMA.name);
}

#[test]
fn every_kind_of_struct_survives_the_round_trip() {
    round_trip(|| Health { hp: 7, poisoned: true });
    round_trip(|| Pos { x: 1.0, y: -2.0 });
    round_trip(|| Gold(u64::MAX));
    round_trip(|| Range(-3, 4));
    round_trip(|| Frozen);
    round_trip(|| Empty {});
    round_trip(everything);
}

#[test]
fn the_schema_describes_the_struct() {
    let schema = Health::SCHEMA;
    assert_eq!(schema.name, "health");
    assert_eq!(schema.doc, "How much a creature can take.");
    assert_eq!((schema.layout, schema.size, schema.align), (RowLayout::Packed, 5, 1));
    let fields: Vec<_> =
        schema.fields.iter().map(|field| (&*field.name, field.field_type.to_string(), field.offset)).collect();
    assert_eq!(fields, [("hp", "u32".to_owned(), 0), ("poisoned", "bool".to_owned(), 4)]);
    assert_eq!(schema.fields[0].doc, "Points left, at most 1,000.");
    assert_eq!(schema.fields[1].doc, "");

    assert_eq!((Pos::SCHEMA.layout, Pos::SCHEMA.size, Pos::SCHEMA.align), (RowLayout::Native, 8, 4));
    assert_eq!(Gold::SCHEMA.fields[0].name, "value");
    assert_eq!((Frozen::SCHEMA.size, Frozen::SCHEMA.align, Frozen::SCHEMA.fields.len()), (0, 1, 0));
    assert_eq!((Empty::SCHEMA.size, Empty::SCHEMA.layout), (0, RowLayout::Packed));
}

#[test]
fn attributes_rename_the_table_the_types_and_the_columns() {
    assert_eq!(Range::SCHEMA.name, "ranges");
    let names: Vec<_> = Range::SCHEMA.fields.iter().map(|field| &*field.name).collect();
    assert_eq!(names, ["_0", "high"]);
    let stored = Stored::new(Range(1, 2));
    let row: &StoredRange = stored.row();
    let view: RangeView<'_> = stored.view();
    assert_eq!(row.0, 1);
    assert_eq!((view._0(), view._1()), (1, 2), "methods keep the names of the struct");
}

#[test]
fn field_types_have_their_names_in_the_schema() {
    let types: Vec<_> = Everything::SCHEMA.fields.iter().map(|field| field.field_type.to_string()).collect();
    assert_eq!(
        types,
        [
            "u8",
            "i8",
            "u16",
            "i16",
            "u32",
            "i32",
            "u64",
            "i64",
            "u128",
            "i128",
            "f32",
            "f64",
            "bool",
            "entity",
            "entity?",
            "[u8; 5]",
            "[[u16; 3]; 2]",
            "[bool; 3]",
            "[entity?; 2]",
        ]
    );
}

#[test]
fn columns_know_their_place() {
    assert_eq!(
        (Health::C.poisoned.index(), Health::C.poisoned.offset(), Health::C.poisoned.name().as_str()),
        (1, 4, "poisoned")
    );
    assert_eq!((Pos::C.y.index(), Pos::C.y.offset(), Pos::C.y.name().as_str()), (1, 4, "y"));
    assert_eq!((Gold::C.0.offset(), Gold::C.0.name().as_str()), (0, "value"));
    assert_eq!((Range::C.1.offset(), Range::C.1.name().as_str()), (2, "high"));
    assert_eq!(format!("{:?}", Health::C.hp), "health.hp");
    let column: ecsdb::component::Column<Everything, [[u16; 3]; 2]> = Everything::C.grid;
    assert_eq!(column.offset(), Everything::SCHEMA.field("grid").unwrap().1.offset);
}

#[test]
fn packed_rows_are_little_endian_bytes_in_order() {
    assert_eq!(bytes(Health { hp: 0x0403_0201, poisoned: true }), [1, 2, 3, 4, 1]);
    assert_eq!(bytes(Range(0x0201, -1)), [1, 2, 0xff, 0xff]);
}

#[test]
fn a_native_row_is_the_struct() {
    let stored = Stored::new(Pos { x: 1.0, y: 2.0 });
    let (row, view): (&Pos, &Pos) = (stored.row(), stored.view());
    assert!(std::ptr::eq(view, row), "no copy");
    assert_eq!(stored.to_bytes(), [1.0f32.to_le_bytes(), 2.0f32.to_le_bytes()].concat());
}

#[test]
fn a_view_reads_values_and_borrows_arrays() {
    let stored = Stored::new(everything());
    let view = stored.view();
    assert_eq!((view.a(), view.b(), view.i(), view.j()), (1, -2, u128::MAX - 9, i128::MIN + 10));
    assert_eq!((view.k(), view.l(), view.m()), (1.5, -2.5, true));
    assert_eq!((view.owner(), view.target()), (entity(11), None));
    let name: &[u8; 5] = view.name();
    assert_eq!(name, b"Brian");
    assert_eq!(view.flags(), &[true, false, true]);
    let grid: &[[U16; 3]; 2] = view.grid();
    assert_eq!(grid[1].map(U16::get), [4, 5, 6]);
    assert_eq!(OptionalOf::get(&view.party()[0]).copied(), Some(packed::Entity::new(entity(12))));
    assert_eq!(view.to_owned(), everything());
    assert_eq!(Everything::from(view), everything());
}

#[test]
fn a_view_outlives_the_reference_it_was_made_through() {
    fn name<'a>(view: EverythingRef<'a>) -> &'a [u8; 5] {
        view.name()
    }
    let stored = Stored::new(everything());
    let name = name(stored.view());
    assert_eq!(name, b"Brian");
}

#[test]
fn rows_and_views_can_be_printed_and_compared() {
    let health = |hp| Stored::new(Health { hp, poisoned: false });
    let (stored, other) = (health(7), health(8));
    assert_eq!(format!("{:?}", stored.row()), "HealthRow { hp: 7, poisoned: false }");
    assert_eq!(format!("{:?}", stored.view()), "Health { hp: 7, poisoned: false }");
    assert_eq!(format!("{:?}", Stored::new(Range(1, -2)).view()), "Range(1, -2)");
    assert_eq!((*stored.row(), stored.view()), (*health(7).row(), health(7).view()));
    assert_ne!(stored.row(), other.row());
    assert_ne!(stored.view(), other.view());

    #[derive(Component)]
    struct Heat(f32);
    let not_a_number = Stored::new(Heat(f32::NAN));
    assert_ne!(not_a_number.row(), not_a_number.row(), "floats compare as floats");
    assert_ne!(not_a_number.view(), not_a_number.view());
    assert_eq!(Stored::new(Heat(0.0)).row(), Stored::new(Heat(-0.0)).row());
}

#[test]
fn bytes_that_are_no_row_are_found() {
    let row = bytes(everything());
    assert_eq!(Everything::validate(&row), Ok(()));
    let invalid = |name: &str, at: usize, value: &[u8]| {
        let offset = Everything::SCHEMA.field(name).unwrap().1.offset as usize + at;
        let mut bad = row.clone();
        bad[offset..][..value.len()].copy_from_slice(value);
        (offset, Everything::validate(&bad).map_err(|error| error.kind))
    };
    let value = |field: &str, offset, expected: &str, found: &str| {
        let (field, expected, found) = (field.to_owned(), expected.to_owned(), found.to_owned());
        Err(InvalidRowKind::Value { field, offset, expected, found })
    };
    let (offset, result) = invalid("m", 0, &[2]);
    assert_eq!(result, value("m", offset, "bool", "0x02"));
    let (offset, result) = invalid("flags", 2, &[255]);
    assert_eq!(result, value("flags", offset, "bool", "0xff"));
    let (offset, result) = invalid("owner", 0, &[0; 8]);
    assert_eq!(result, value("owner", offset, "entity", "0x0000000000000000"));
    assert_eq!(invalid("target", 0, &[0; 8]).1, Ok(()));
    assert_eq!(
        Everything::validate(&row[1..]).unwrap_err().kind,
        InvalidRowKind::Length { expected: row.len(), found: row.len() - 1 }
    );
    assert_eq!(Frozen::validate(&[]), Ok(()));
    assert!(Frozen::validate(&[0]).is_err());
}

#[test]
fn values_are_changed_in_their_rows() {
    let mut health = Stored::new(Health { hp: 7, poisoned: false });
    let before = health.modify(|health| {
        let before = health.hp;
        health.hp -= 2;
        health.poisoned = true;
        before
    });
    assert_eq!((before, health.get()), (7, Health { hp: 5, poisoned: true }));

    let mut pos = Stored::new(Pos { x: 1.0, y: 2.0 });
    pos.modify(|pos| pos.x += pos.y);
    assert_eq!(pos.view(), &Pos { x: 3.0, y: 2.0 });
}

#[test]
fn a_panic_leaves_a_packed_row_as_it_was() {
    let mut health = Stored::new(Health { hp: 7, poisoned: false });
    let result = catch_unwind(AssertUnwindSafe(|| {
        health.modify(|health| {
            health.hp = 0;
            panic!("in the middle of a change");
        })
    }));
    assert!(result.is_err());
    assert_eq!(health.get(), Health { hp: 7, poisoned: false });
}

mod bank {
    //! Fields that only this module sees.

    use ecsdb::Component;

    #[derive(Component)]
    pub struct Account {
        pub owner: u32,
        pub(crate) cents: i64,
        pin: u16,
    }

    impl Account {
        pub fn new(owner: u32, cents: i64, pin: u16) -> Self {
            Self { owner, cents, pin }
        }

        pub fn opens_with(account: AccountRef<'_>, pin: u16) -> bool {
            account.pin() == pin && Account::C.pin.name() == "pin"
        }
    }
}

#[test]
fn private_fields_are_stored_and_stay_private() {
    let stored = Stored::new(bank::Account::new(1, -250, 4711));
    let view = stored.view();
    assert_eq!((view.owner(), view.cents()), (1, -250));
    assert!(bank::Account::opens_with(view, 4711));
    assert_eq!((bank::Account::C.cents.offset(), stored.row().cents.get()), (4, -250));
    assert_eq!(bank::Account::SCHEMA.fields.len(), 3);
}

#[test]
fn components_can_be_declared_in_functions() {
    #[derive(Component)]
    struct Local {
        value: i128,
    }
    #[derive(Component)]
    #[repr(C)]
    struct LocalNative {
        wide: u128,
        narrow: [u64; 2],
    }
    assert_eq!(Stored::new(Local { value: -1 }).view().value(), -1);
    assert_eq!(Stored::new(LocalNative { wide: 5, narrow: [6, 7] }).view().narrow, [6, 7]);
    assert_eq!((LocalNative::SCHEMA.align, LocalNative::C.narrow.offset()), (16, 16));
}

#[test]
fn a_transparent_newtype_is_its_own_row() {
    #[derive(Component)]
    #[repr(transparent)]
    struct Score(u32);
    assert_eq!(Stored::new(Score(5)).view().0, 5);
    assert_eq!((Score::SCHEMA.layout, Score::C.0.name().as_str()), (RowLayout::Native, "value"));
}

#[test]
fn a_native_row_can_hold_a_niche_and_a_bool() {
    #[derive(Component)]
    #[repr(C)]
    struct Link {
        to: Option<Entity>,
        from: Entity,
        flags: [bool; 8],
    }
    let stored = Stored::new(Link { to: None, from: entity(3), flags: [true; 8] });
    let bytes = stored.to_bytes();
    assert_eq!(Link::validate(&bytes), Ok(()));
    assert_eq!(bytes[..8], [0; 8]);
    assert!(Link::validate(&[0; 24]).is_err(), "an entity is not zero");
    assert_eq!(stored.view().from, entity(3));
    assert_eq!((Link::C.to.offset(), Link::C.from.offset(), Link::C.flags.offset()), (0, 8, 16));
}
