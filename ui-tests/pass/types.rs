//! Types that are written in unusual ways.

#![deny(warnings)]

use ecsdb::component::Stored;
use ecsdb::{Component, Entity, Field};

type Points = u32;
type Grid<T> = [[T; 2]; 3];

const LEN: usize = 4;

#[allow(non_upper_case_globals)]
const row: usize = 2;

#[derive(Component)]
struct Unusual {
    aliased: Points,
    generic: Grid<u16>,
    path: std::primitive::u8,
    projected: <Vec<u8> as IntoIterator>::Item,
    expression: [u8; (LEN * 2 < 9) as usize],
    block: [u8; {
        let half = LEN / 2;
        half + 1
    }],
    condition: [u8; if LEN > 3 { 1 } else { 2 }],
    call: [u8; size_of::<u64>()],
    own: [u8; Self::OWN],
    local: [u8; row],
    raw: r#u32,
    optional: core::option::Option<Entity>,
    #[cfg(any())]
    absent: Box<str>,
}

impl Unusual {
    const OWN: usize = 6;
}

#[derive(Component)]
#[repr(C)]
struct Native {
    own: [u8; Self::OWN],
    aliased: [Points; if LEN == 0 { 1 } else { 2 }],
}

impl Native {
    const OWN: usize = 8;
}

macro_rules! component {
    ($(#[$meta:meta])* $vis:vis $name:ident { $($field:ident: $ty:ty = $table:literal),* }) => {
        $(#[$meta])*
        #[derive(Component)]
        $vis struct $name {
            $(#[component(rename = $table)] $field: $ty,)*
        }
    };
}

component! {
    /// Made by a macro.
    pub(crate) Made { a: u32 = "first", b: [Points; 2] = "second" }
}

macro_rules! tuple {
    ($name:ident($($ty:ty),*)) => {
        #[derive(Component)]
        #[repr(C)]
        struct $name($($ty),*);
    };
}

tuple!(MadeTuple(u32, [u8; 4]));

macro_rules! value {
    ($name:ident { $($field:ident: $ty:ty),* }) => {
        #[derive(Field)]
        struct $name { $($field: $ty,)* }
    };
}

value!(MadeValue { a: Points });

macro_rules! choice {
    ($name:ident { $($variant:ident $(($($ty:ty),*))?),* } $($rest:tt)*) => {
        #[derive(Component)]
        enum $name { $($variant $(($($ty),*))?,)* $($rest)* }
    };
}

choice!(Choice { Nothing, Made(MadeValue, [u8; LEN + 1]) } Named { own: [u8; Self::OWN] });

impl Choice {
    const OWN: usize = 6;
}

fn main() {
    let sizes: Vec<_> = Unusual::SCHEMA.fields.iter().map(|field| field.field_type.size()).collect();
    assert_eq!(sizes, [4, 12, 1, 1, 1, 3, 1, 8, 6, 2, 4, 8]);
    assert_eq!(Native::SCHEMA.size, 16);
    assert_eq!(Made::SCHEMA.doc, "Made by a macro.");
    assert_eq!(Made::C.b.name(), "second");
    assert_eq!(MadeTuple::C.1.offset(), 4);
    let made = Stored::new(Made { a: 1, b: [2, 3] });
    assert_eq!((made.view().a(), made.view().b()[1].get()), (1, 3));
    let _ = Stored::new(Native { own: [0; 8], aliased: [1; 2] }).view().aliased;
    let _ = Stored::new(MadeTuple(1, [0; 4])).view().0;
    let choice = Stored::new(Choice::Named { own: [3; 6] });
    assert!(matches!(choice.view().value(), Choice::Named { own: [3, ..] }));
    let _ = (Choice::Nothing, Choice::Made(MadeValue { a: 1 }, [2; 5]));
    let unusual = Unusual {
        aliased: 1,
        generic: [[2; 2]; 3],
        path: 3,
        projected: 4,
        expression: [5],
        block: [6; 3],
        condition: [7],
        call: [8; 8],
        own: [9; 6],
        local: [10; row],
        raw: 11,
        optional: None,
    };
    assert_eq!(Stored::new(unusual).view().own(), &[9; 6]);
}
