//! Names that are keywords, that generated code uses itself, or that methods of the user have.

#![deny(warnings)]

use ecsdb::component::packed::HeapBuf;
use ecsdb::component::Stored;
use ecsdb::{Component, Field};

#[derive(Component)]
struct Keywords {
    r#type: u32,
    r#match: [u8; 2],
}

#[derive(Component)]
#[repr(C)]
struct NativeKeywords {
    r#type: u32,
}

#[derive(Component)]
#[allow(non_camel_case_types)]
struct r#move(u32);

/// Fields called like what the derive makes.
#[derive(Component)]
struct Captured {
    row: u8,
    view: u8,
    to_owned: u8,
    clone: u8,
    fmt: u8,
    eq: u8,
    from: u8,
    pack: u8,
    new: u8,
    into_row: u8,
    self_: u8,
    __row: u8,
    __layout: u8,
    __debug: u8,
    __value: u8,
}

/// Methods of the user that have the names of the traits' methods.
#[derive(Component)]
struct Methods {
    a: u32,
}

#[allow(dead_code)]
impl Methods {
    const SCHEMA: u8 = 0;
    const MAX: u32 = 5;

    fn into_row(&self) -> ! {
        unreachable!()
    }

    fn from_row(_: u8) -> ! {
        unreachable!()
    }

    fn view(_: u8) -> ! {
        unreachable!()
    }

    fn with_mut(_: u8) -> ! {
        unreachable!()
    }
}

#[allow(non_snake_case)]
#[derive(Component)]
struct Shouting {
    #[component(rename = "hp")]
    HP: u32,
}

/// Values with such names.
#[derive(Component, Field, PartialEq, Debug)]
#[allow(non_camel_case_types)]
struct r#fn {
    r#type: u32,
    packed: u8,
    heap: u8,
    marker: u8,
    to_owned: u8,
}

#[derive(Component, Field, PartialEq, Debug)]
#[allow(non_camel_case_types)]
enum r#enum {
    r#match,
    #[allow(non_camel_case_types)]
    r#if {
        r#else: u8,
        __packer: u8,
        __payload: u8,
        __heap: u8,
        __field_0: u8,
    },
    Some(u8),
    None,
    Ok(String),
}

/// Methods of the user that have the names of the traits' methods.
#[derive(Component, Field)]
enum Taken {
    A(u8),
}

#[allow(dead_code)]
impl Taken {
    const TYPE: u8 = 0;
    const COLUMNS: u8 = 0;
    const F: u8 = 0;

    fn pack(&self) -> ! {
        unreachable!()
    }

    fn unpack(_: u8) -> ! {
        unreachable!()
    }

    fn from_value(_: u8) -> ! {
        unreachable!()
    }

    fn list(_: u8) -> ! {
        unreachable!()
    }

    fn value(&self) -> ! {
        unreachable!()
    }
}

/// A row whose view can be compared, with its strings.
#[derive(Component)]
struct Sign {
    text: String,
}

fn main() {
    let stored = Stored::new(Keywords { r#type: 1, r#match: [2, 3] });
    assert_eq!((stored.view().r#type(), &*Keywords::C.r#type.name()), (1, "type"));
    assert_eq!(Keywords::C.r#match.name(), "match");
    assert_eq!(Stored::new(NativeKeywords { r#type: 4 }).get().r#type, 4);
    assert_eq!(<r#move as Component>::SCHEMA.name, "move");
    assert_eq!(Stored::new(r#move(5)).view().value(), 5);

    let captured = Captured {
        row: 1,
        view: 2,
        to_owned: 3,
        clone: 4,
        fmt: 5,
        eq: 6,
        from: 7,
        pack: 8,
        new: 9,
        into_row: 10,
        self_: 11,
        __row: 12,
        __layout: 13,
        __debug: 14,
        __value: 15,
    };
    let stored = Stored::new(captured);
    let view = stored.view();
    assert_eq!((view.to_owned(), view.clone(), view.eq(), view.__row()), (3, 4, 6, 12));
    assert_eq!(Captured::from(view).__value, 15);

    let mut heap = HeapBuf::new();
    let row = <Methods as Component>::into_row(Methods { a: Methods::MAX }, &mut heap);
    assert_eq!((row.a.get(), Stored::new(Methods { a: 7 }).modify(|methods| methods.a)), (5, 7));
    assert_eq!(Stored::new(Shouting { HP: 1 }).view().HP(), 1);

    let value = || r#fn { r#type: 1, packed: 2, heap: 3, marker: 4, to_owned: 5 };
    let stored = Stored::new(value());
    assert_eq!((stored.get(), stored.view().packed(), r#fn::C.r#type.name()), (value(), 2, "type".to_owned()));
    let _ = r#fn::F.r#type;
    let value = || r#enum::r#if { r#else: 1, __packer: 2, __payload: 3, __heap: 4, __field_0: 5 };
    assert_eq!(Stored::new(value()).view().value(), value());
    assert_eq!(Stored::new(r#enum::r#match).view().to_owned(), r#enum::r#match);
    assert_eq!(format!("{:?}", Stored::new(r#enum::r#match).view()), "match");
    assert!(matches!(Stored::new(Taken::A(3)).view().value(), Taken::A(3)));
    let sign = |text: &str| Stored::new(Sign { text: text.to_owned() });
    assert!(sign("a").view() == sign("a").view() && sign("a").view() != sign("b").view());
}
