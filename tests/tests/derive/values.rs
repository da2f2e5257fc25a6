//! `#[derive(Field)]` on structs: values inside of components, packed and native.

use std::collections::VecDeque;
use std::num::NonZero;
use std::time::Duration;

use ecsdb::component::packed::{HeapBuf, Packed};
use ecsdb::component::{Column, NativeField, Stored};
use ecsdb::schema::FieldType;
use ecsdb::{Component, Entity, Field};

/// Where something is.
#[derive(Field)]
struct Pos {
    x: f32,
    /// Downwards.
    y: f32,
}

/// A value in lists, in components and in other values.
#[derive(Component, Field, Debug, PartialEq, Clone)]
#[repr(C)]
struct Color {
    rgb: [u16; 3],
    alpha: bool,
    _pad: u8,
}

#[derive(Field, Debug, PartialEq)]
struct Meters(f64);

#[derive(Field)]
struct Pair(u8, Meters);

#[derive(Field)]
struct Nothing;

#[derive(Field)]
struct Named {
    name: String,
    tags: Vec<String>,
}

#[derive(Component)]
struct Unit {
    hp: u32,
    pos: Pos,
    color: Color,
    size: Meters,
    pair: Pair,
    nothing: Nothing,
    named: Named,
    path: Vec<Pos>,
    colors: Vec<Color>,
    names: VecDeque<Named>,
    target: Option<Pos>,
    corners: [Color; 2],
    last: u8,
}

fn color(alpha: bool) -> Color {
    Color { rgb: [1, 2, 3], alpha, _pad: 0 }
}

fn named(name: &str) -> Named {
    Named { name: name.to_owned(), tags: vec![name.repeat(2)] }
}

fn unit() -> Unit {
    Unit {
        hp: 7,
        pos: Pos { x: 1.0, y: 2.0 },
        color: color(true),
        size: Meters(2.5),
        pair: Pair(3, Meters(4.5)),
        nothing: Nothing,
        named: named("ann"),
        path: vec![Pos { x: 3.0, y: 4.0 }, Pos { x: 5.0, y: 6.0 }],
        colors: vec![color(false), color(true)],
        names: VecDeque::from([named("bob")]),
        target: Some(Pos { x: 7.0, y: 8.0 }),
        corners: [color(false), color(true)],
        last: 9,
    }
}

#[test]
fn values_are_read_through_their_views() {
    let stored = Stored::new(unit());
    let view = stored.view();
    let pos: PosView<'_> = view.pos();
    assert_eq!((pos.x(), pos.y(), pos.to_owned().y), (1.0, 2.0, 2.0));
    assert_eq!((view.color().rgb()[2].get(), view.color().alpha()), (3, true));
    assert_eq!((view.size().value(), view.pair()._0(), view.pair()._1().value()), (2.5, 3, 4.5));
    assert_eq!(view.named().name(), "ann");
    assert_eq!(view.named().tags().iter().collect::<Vec<_>>(), ["annann"]);
    assert_eq!(view.path().iter().map(PosView::x).collect::<Vec<_>>(), [3.0, 5.0]);
    assert_eq!(view.names().get(0).unwrap().name(), "bob");
    assert_eq!(view.target().map(PosView::y), Some(8.0));
    assert_eq!((view.corners()[1].alpha, view.last()), (true, 9));
    let _: NothingView<'_> = view.nothing();
    assert_eq!(Unit::validate(&stored.to_bytes()), Ok(()));
}

#[test]
fn a_list_of_native_values_is_a_slice_of_them() {
    let stored = Stored::new(unit());
    let colors: &[Color] = stored.view().colors();
    assert_eq!(colors, [color(false), color(true)]);
    assert_eq!(align_of::<Color>(), <Color as NativeField>::ALIGN);
}

#[test]
fn values_come_back_whole() {
    let again = Stored::new(Stored::new(unit()).get());
    assert_eq!(again.view(), Stored::new(unit()).view());
    let mut other = unit();
    other.names[0].tags[0].push('!');
    assert_ne!(again.view(), Stored::new(other).view());
    assert_eq!(Meters::from(again.view().size()), Meters(2.5));
}

#[test]
fn values_are_shown_as_rust_shows_them_without_debug_of_their_own() {
    let stored = Stored::new(unit());
    let shown = format!("{:?}", stored.view());
    let start = "Unit { hp: 7, pos: Pos { x: 1.0, y: 2.0 }, color: Color { rgb: [1, 2, 3], alpha: true, _pad: 0 }, \
                 size: Meters(2.5), pair: Pair(3, Meters(4.5)), nothing: Nothing, \
                 named: Named { name: \"ann\", tags: [\"annann\"] }, path: [Pos { x: 3.0, y: 4.0 }";
    assert!(shown.starts_with(start), "{shown}");
    assert_eq!(format!("{:?}", stored.view().pos()), "Pos { x: 1.0, y: 2.0 }");
    assert_eq!(format!("{:?}", stored.row().named), "Named { name: <3 bytes of text>, tags: <a list of 1> }");
}

#[test]
fn the_schema_names_the_parts() {
    let texts: Vec<String> = Unit::SCHEMA.fields.iter().map(|field| field.field_type.to_string()).collect();
    assert_eq!(texts[1], "struct Pos { x: f32, y: f32 }");
    assert_eq!(texts[3], "struct Meters(f64)");
    assert_eq!(texts[4], "struct Pair(u8, struct Meters(f64))");
    assert_eq!(texts[7], "[struct Pos { x: f32, y: f32 }]");
    assert_eq!(texts[10], "struct Pos { x: f32, y: f32 }?");
    assert!(matches!(&Unit::SCHEMA.fields[5].field_type, FieldType::Struct(of) if of.fields.is_empty()));
}

#[test]
fn parts_are_columns_behind_their_struct() {
    let names: Vec<String> = Unit::SCHEMA.columns().iter().map(|column| column.name()).collect();
    assert_eq!(names[..9], ["hp", "pos", "pos.x", "pos.y", "color", "color.rgb", "color.alpha", "color._pad", "size"]);
    let y: Column<Unit, f32> = Unit::C.pos.at(Pos::F.y);
    assert_eq!((y.index(), y.offset(), y.name()), (3, 8, "pos.y".to_owned()));
    let deep: Column<Unit, f64> = Unit::C.pair.at(Pair::F.1.at(Meters::F.0));
    assert_eq!(deep.name(), "pair.1.0");
    for (name, index) in [("hp", Unit::C.hp.index()), ("last", Unit::C.last.index()), ("named", Unit::C.named.index())]
    {
        assert_eq!(names[usize::from(index)], name);
    }
    assert_eq!(names.len(), Unit::SCHEMA.fields.iter().map(|field| field.field_type.column_count()).sum::<usize>());
    for column in Unit::SCHEMA.columns() {
        assert_eq!(Unit::SCHEMA.column_at(column.index).unwrap().offset, column.offset);
    }
}

#[test]
fn packed_values_are_their_fields_one_after_the_other() {
    let mut heap = HeapBuf::new();
    let packed: PosPacked = Pos { x: 1.0, y: 2.0 }.pack(&mut heap);
    assert_eq!((size_of_val(&packed), align_of_val(&packed), packed.y.get()), (8, 1, 2.0));
    assert_eq!(packed, Pos { x: 1.0, y: 2.0 }.pack(&mut heap));
    assert_ne!(packed, Pos { x: 1.0, y: 3.0 }.pack(&mut heap));
    assert_eq!(format!("{packed:?}"), "Pos { x: 1.0, y: 2.0 }");
    assert_eq!((size_of::<Packed<Nothing>>(), <Pos as Field>::COLUMNS), (0, 3));
}

/// A component that is also a value in another one, with all names of both derives.
#[test]
fn a_component_can_be_a_value_as_well() {
    #[derive(Component)]
    struct Palette {
        main: Color,
    }
    let stored = Stored::new(Palette { main: color(true) });
    assert_eq!(stored.view().main().to_owned(), color(true));
    assert_eq!(Stored::new(color(false)).view(), &color(false));
    assert_eq!((Color::C.alpha.offset(), Palette::C.main.at(Color::F.alpha).offset()), (6, 6));

    #[derive(Component, Field, PartialEq, Debug)]
    struct Both {
        a: u8,
        b: u32,
    }
    #[derive(Component)]
    struct Outer(Both);
    let outer = Stored::new(Outer(Both { a: 1, b: 2 }));
    assert_eq!(outer.view().value().to_owned(), Both { a: 1, b: 2 });
    assert_eq!(Stored::new(Both { a: 1, b: 2 }).view().b(), 2);
}

#[test]
fn a_native_value_stands_in_a_native_row() {
    #[derive(Component)]
    #[repr(C)]
    struct Lamp {
        color: Color,
        power: u32,
        others: [Color; 2],
    }
    let stored = Stored::new(Lamp { color: color(true), power: 1, others: [color(true), color(false)] });
    assert!(!stored.view().others[1].alpha);
    assert_eq!((Lamp::SCHEMA.size, Lamp::SCHEMA.align), (28, 4));
    assert_eq!(Lamp::validate(&stored.to_bytes()), Ok(()));
}

/// All sorts of fields of the standard library and of this one.
#[derive(Component, Debug, PartialEq, Clone)]
struct Every {
    size: usize,
    difference: isize,
    letter: char,
    never: NonZero<u32>,
    maybe_never: Option<NonZero<u32>>,
    time: Duration,
    flag: Option<bool>,
    float: Option<f32>,
    nested: Option<Option<u8>>,
    unit: (),
    tuple: (u8, u16, (u8, i64)),
    range: std::ops::Range<u32>,
    inclusive: std::ops::RangeInclusive<i16>,
    marker: std::marker::PhantomData<fn() -> u8>,
    entity: Entity,
    bytes: Vec<u8>,
}

#[test]
fn every_sort_of_field_survives_the_round_trip() {
    let every = Every {
        size: usize::MAX,
        difference: isize::MIN,
        letter: 'ß',
        never: NonZero::new(5).unwrap(),
        maybe_never: None,
        time: Duration::new(3, 4),
        flag: Some(false),
        float: None,
        nested: Some(None),
        unit: (),
        tuple: (1, 2, (3, -4)),
        range: 5..9,
        inclusive: -1..=1,
        marker: std::marker::PhantomData,
        entity: Entity::from_bits(7 | 1 << 32).unwrap(),
        bytes: vec![1, 2, 3],
    };
    let stored = Stored::new(every.clone());
    assert_eq!(stored.get(), every);
    assert_eq!(Every::validate(&stored.to_bytes()), Ok(()));
    let view = stored.view();
    assert_eq!((view.letter(), view.tuple(), view.range(), view.nested()), ('ß', (1, 2, (3, -4)), 5..9, Some(None)));
}
