//! Names that are keywords, that generated code uses itself, or that methods of the user have.

#![deny(warnings)]

use ecsdb::Component;

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

fn main() {
    let row = Keywords { r#type: 1, r#match: [2, 3] }.into_row();
    assert_eq!((Keywords::view(&row).r#type(), Keywords::C.r#type.name()), (1, "type"));
    assert_eq!(Keywords::C.r#match.name(), "match");
    assert_eq!(NativeKeywords::from_row(&NativeKeywords { r#type: 4 }.into_row()).r#type, 4);
    assert_eq!(<r#move as Component>::SCHEMA.name, "move");
    assert_eq!(r#move::view(&r#move(5).into_row()).value(), 5);

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
    let row = captured.into_row();
    let view = Captured::view(&row);
    assert_eq!((view.to_owned(), view.clone(), view.eq(), view.__row()), (3, 4, 6, 12));
    assert_eq!(Captured::from(view).__value, 15);

    let row = <Methods as Component>::into_row(Methods { a: Methods::MAX });
    assert_eq!(<Methods as Component>::with_mut(&mut row.clone(), |methods| methods.a), 5);
    assert_eq!(Shouting::view(&Shouting { HP: 1 }.into_row()).HP(), 1);
}
