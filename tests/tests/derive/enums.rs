//! Enums: as values, as whole components, with and without data.

use ecsdb::component::packed::{Enum, Packed};
use ecsdb::component::{Column, NativeField, Stored, Whole};
use ecsdb::schema::{FieldType, InvalidRowKind};
use ecsdb::{Component, Db, Entity, Field};

/// Stored by the numbers of its variants.
#[derive(Field, Debug, PartialEq, Clone, Copy)]
enum Weather {
    Sunny,
    Rainy,
    Snowy,
}

/// Stored by its discriminants, and fit for native rows.
#[derive(Field, Debug, PartialEq, Clone, Copy)]
#[repr(u16)]
enum Kind {
    Sword = 0x0102,
    Shield,
    Potion = Kind::FIRST,
}

impl Kind {
    const FIRST: u16 = 7;
}

/// Any discriminants are all right where they are not stored.
#[derive(Field, Debug, PartialEq)]
enum Sign {
    Minus = -1,
    Plus = 1,
}

/// Discriminants of an enum with data.
#[derive(Field, Debug, PartialEq)]
#[repr(u8)]
enum Coded {
    Nothing = 3,
    Number(u32),
    Text { text: String } = 200,
}

/// A component as a whole, and a value too. It has none of the usual traits.
#[derive(Component, Field)]
enum Ai {
    Idle,
    Chasing { target: Entity, since: f32 },
    Path(Vec<(i16, i16)>),
    Pair(u8, Weather),
    Inner(Box0),
    Empty {},
}

/// A newtype inside of an enum.
#[derive(Field, Debug, PartialEq)]
struct Box0(Option<Kind>);

#[derive(Component)]
struct Mob {
    hp: u8,
    weather: Weather,
    kind: Kind,
    sign: Sign,
    coded: Coded,
    ai: Ai,
    kinds: Vec<Kind>,
    all: Vec<Ai>,
    maybe: Option<Weather>,
}

ecsdb::schema! { World: Ai, Mob }

fn entity() -> Entity {
    Entity::from_bits(9 | 1 << 32).unwrap()
}

fn mob() -> Mob {
    Mob {
        hp: 1,
        weather: Weather::Rainy,
        kind: Kind::Shield,
        sign: Sign::Minus,
        coded: Coded::Text { text: "t".to_owned() },
        ai: Ai::Path(vec![(1, -2), (3, -4)]),
        kinds: vec![Kind::Potion, Kind::Sword],
        all: vec![Ai::Idle, Ai::Chasing { target: entity(), since: 0.5 }],
        maybe: Some(Weather::Snowy),
    }
}

#[test]
fn enums_are_read_by_value() {
    let stored = Stored::new(mob());
    let view = stored.view();
    assert_eq!((view.weather(), view.kind(), view.sign()), (Weather::Rainy, Kind::Shield, Sign::Minus));
    assert_eq!(view.coded(), Coded::Text { text: "t".to_owned() });
    assert!(matches!(view.ai(), Ai::Path(path) if path == [(1, -2), (3, -4)]));
    assert!(matches!(view.all().get(1), Some(Ai::Chasing { target, since: 0.5 }) if target == entity()));
    assert_eq!(view.kinds(), [Kind::Potion, Kind::Sword]);
    assert_eq!(view.maybe(), Some(Weather::Snowy));
    assert_eq!(Mob::validate(&stored.to_bytes()), Ok(()));
    assert_eq!(Stored::new(stored.get()).view(), view);
}

#[test]
fn every_variant_survives_the_round_trip() {
    let variants: [fn() -> Ai; 6] = [
        || Ai::Idle,
        || Ai::Chasing { target: entity(), since: -0.0 },
        || Ai::Path(Vec::new()),
        || Ai::Pair(255, Weather::Snowy),
        || Ai::Inner(Box0(Some(Kind::Potion))),
        || Ai::Empty {},
    ];
    for (number, make) in variants.into_iter().enumerate() {
        let stored = Stored::new(make());
        assert_eq!(usize::from(stored.to_bytes()[0]), number);
        assert_eq!(Ai::validate(&stored.to_bytes()), Ok(()));
        let again = Stored::new(stored.get());
        assert_eq!((again.view(), again.to_bytes()), (stored.view(), stored.to_bytes()));
    }
}

#[test]
fn bytes_behind_the_variant_are_zero() {
    let bytes = Stored::new(Ai::Pair(255, Weather::Snowy)).to_bytes();
    // A tag, an entity and a float, and the place of the heap.
    assert_eq!(bytes.len(), 1 + 12 + 8);
    assert_eq!(bytes[..4], [3, 255, 2, 0]);
    assert!(bytes[4..].iter().all(|byte| *byte == 0));
    assert_eq!(size_of::<Packed<Weather>>(), 1);
    assert_eq!(size_of::<Packed<Kind>>(), 2);
    let packed: Packed<Coded> = Field::pack(Coded::Number(5), &mut ecsdb::component::packed::HeapBuf::new());
    let _: Enum<Coded, 9> = packed;
}

#[test]
fn the_tag_is_the_number_or_the_discriminant() {
    let tags = |field_type: FieldType| match field_type {
        FieldType::Enum(of) => (of.tag_bytes, of.variants.iter().map(|variant| variant.tag).collect::<Vec<_>>()),
        other => panic!("{other} is no enum"),
    };
    assert_eq!(tags(Weather::TYPE), (1, vec![0, 1, 2]));
    assert_eq!(tags(Kind::TYPE), (2, vec![0x0102, 0x0103, 7]));
    assert_eq!(tags(Sign::TYPE), (1, vec![0, 1]));
    assert_eq!(tags(Coded::TYPE), (1, vec![3, 4, 200]));
    assert_eq!(<Kind as NativeField>::ALIGN, 2);
    assert_eq!(
        Ai::SCHEMA.fields[0].field_type.to_string(),
        "enum Ai { Idle, Chasing { target: entity, since: f32 }, Path([(i16, i16)]), \
         Pair(u8, enum Weather { Sunny, Rainy, Snowy }), \
         Inner(struct Box0(enum Kind: u16 { Sword = 258, Shield, Potion = 7 }?)), Empty }"
    );
}

#[test]
fn an_enum_is_a_component_with_one_column() {
    assert_eq!((Ai::SCHEMA.name.as_ref(), Ai::SCHEMA.fields.len(), Ai::C.value.name()), ("ai", 1, "value".to_owned()));
    let column: Column<Ai, Whole<Ai>> = Ai::C.value;
    let _ = (column.eq(Ai::Idle), column.set(Ai::Pair(1, Weather::Sunny)));
    let stored = Stored::new(Ai::Pair(1, Weather::Rainy));
    let view: AiRef<'_> = stored.view();
    assert!(matches!(view.value(), Ai::Pair(1, Weather::Rainy)));
    assert!(matches!(Ai::from(view), Ai::Pair(1, Weather::Rainy)));
    assert_eq!(format!("{view:?}"), "Pair(1, Rainy)");
    assert_eq!(format!("{:?}", stored.row()), "AiRow { value: Pair(1, Rainy) }");
    let path = Stored::new(Ai::Path(vec![(1, 2)]));
    assert_eq!(format!("{:?}", path.view()), "Path([(1, 2)])");
    assert_ne!(path.view(), view);
}

#[test]
fn enums_are_guarded_and_set_in_a_database() {
    let db = Db::<World>::in_memory().unwrap();
    let mob = db.spawn((Ai::Idle, mob())).unwrap();
    db.write(move |tx| {
        tx.require(mob, Ai::C.value.eq(Ai::Idle))?;
        tx.update(mob, Ai::C.value.set(Ai::Pair(7, Weather::Snowy)))?;
        tx.require(mob, Mob::C.weather.eq(Weather::Rainy))?;
        tx.update(mob, Mob::C.weather.set(Weather::Sunny))?;
        tx.modify(mob, |mob: &mut Mob| mob.ai = Ai::Empty {})?;
        Ok(())
    })
    .unwrap();
    assert!(db.write(move |tx| Ok(tx.require(mob, Ai::C.value.eq(Ai::Idle))?)).is_err());
    let snapshot = db.snapshot();
    assert!(matches!(snapshot.get::<Ai>(mob).unwrap().value(), Ai::Pair(7, Weather::Snowy)));
    let mob = snapshot.get::<Mob>(mob).unwrap();
    assert_eq!(mob.weather(), Weather::Sunny);
    assert!(matches!(mob.ai(), Ai::Empty {}));
}

#[test]
fn a_tag_of_no_variant_is_found_before_it_is_read() {
    #[derive(Component)]
    struct Sky(Weather);
    #[derive(Component, Debug)]
    #[repr(C)]
    struct Bag {
        first: Kind,
        rest: [Kind; 2],
    }
    assert_eq!(Sky::validate(&[2]), Ok(()));
    assert!(matches!(Sky::validate(&[3]).unwrap_err().kind, InvalidRowKind::Value { offset: 0, .. }));
    let bag = Stored::new(Bag { first: Kind::Sword, rest: [Kind::Potion, Kind::Shield] });
    assert_eq!(bag.to_bytes(), [2, 1, 7, 0, 3, 1]);
    assert_eq!(Bag::validate(&bag.to_bytes()), Ok(()));
    assert!(Bag::validate(&[2, 1, 8, 0, 3, 1]).is_err());
    assert_eq!(bag.view().rest[0], Kind::Potion);
    assert!(Sky::validate(&[0, 0]).is_err());
}

#[test]
fn an_enum_of_many_variants_has_a_wider_tag() {
    macro_rules! many {
        ($($name:ident)*) => {
            #[derive(Field, Clone, Copy, PartialEq, Debug)]
            #[allow(dead_code)]
            enum Many { $($name,)* }
        };
    }
    // 257 names.
    many! {
        A00 A01 A02 A03 A04 A05 A06 A07 A08 A09 A0a A0b A0c A0d A0e A0f A10 A11 A12 A13 A14 A15 A16 A17 A18 A19 A1a A1b
        A1c A1d A1e A1f A20 A21 A22 A23 A24 A25 A26 A27 A28 A29 A2a A2b A2c A2d A2e A2f A30 A31 A32 A33 A34 A35 A36 A37
        A38 A39 A3a A3b A3c A3d A3e A3f A40 A41 A42 A43 A44 A45 A46 A47 A48 A49 A4a A4b A4c A4d A4e A4f A50 A51 A52 A53
        A54 A55 A56 A57 A58 A59 A5a A5b A5c A5d A5e A5f A60 A61 A62 A63 A64 A65 A66 A67 A68 A69 A6a A6b A6c A6d A6e A6f
        A70 A71 A72 A73 A74 A75 A76 A77 A78 A79 A7a A7b A7c A7d A7e A7f A80 A81 A82 A83 A84 A85 A86 A87 A88 A89 A8a A8b
        A8c A8d A8e A8f A90 A91 A92 A93 A94 A95 A96 A97 A98 A99 A9a A9b A9c A9d A9e A9f Aa0 Aa1 Aa2 Aa3 Aa4 Aa5 Aa6 Aa7
        Aa8 Aa9 Aaa Aab Aac Aad Aae Aaf Ab0 Ab1 Ab2 Ab3 Ab4 Ab5 Ab6 Ab7 Ab8 Ab9 Aba Abb Abc Abd Abe Abf Ac0 Ac1 Ac2 Ac3
        Ac4 Ac5 Ac6 Ac7 Ac8 Ac9 Aca Acb Acc Acd Ace Acf Ad0 Ad1 Ad2 Ad3 Ad4 Ad5 Ad6 Ad7 Ad8 Ad9 Ada Adb Adc Add Ade Adf
        Ae0 Ae1 Ae2 Ae3 Ae4 Ae5 Ae6 Ae7 Ae8 Ae9 Aea Aeb Aec Aed Aee Aef Af0 Af1 Af2 Af3 Af4 Af5 Af6 Af7 Af8 Af9 Afa Afb
        Afc Afd Afe Aff Last
    }
    assert_eq!(size_of::<Packed<Many>>(), 2);
    #[derive(Component)]
    struct Holder(Many);
    let stored = Stored::new(Holder(Many::Last));
    assert_eq!((stored.to_bytes(), stored.view().value()), (vec![0, 1], Many::Last));
}
