//! A schema in which every geometry of pages occurs: from tags, over 1,024 rows a page, to one row a page.

use ecsdb::{Component, Entity};

/// A component whose value a test can make from one number and read back as that number.
pub trait Sample: Component {
    /// The value that stands for `value`.
    fn sample(value: u64) -> Self;
    /// What the row stands for. Panics if the row is not one that [`Self::sample`] makes.
    fn number(row: Self::Ref<'_>) -> u64;
}

/// A tag.
#[derive(Component, Debug, Clone, PartialEq)]
pub struct Frozen;

/// 4 bytes: 1,024 rows a page.
#[derive(Component, Debug, Clone, PartialEq)]
#[repr(C)]
pub struct Small {
    pub n: u32,
}

/// 8 bytes: 512 rows a page.
#[derive(Component, Debug, Clone, PartialEq)]
#[repr(C)]
pub struct Pos {
    pub x: i32,
    pub y: i32,
}

/// Packed, 9 bytes: 256 rows a page.
#[derive(Component, Debug, Clone, PartialEq)]
pub struct Purse {
    pub gold: u64,
    pub open: bool,
}

/// Packed, with entities in it.
#[derive(Component, Debug, Clone, PartialEq)]
pub struct Item {
    pub owner: Option<Entity>,
    pub makers: [Option<Entity>; 2],
    pub kind: u16,
}

/// With a heap: a text and a list.
#[derive(Component, Debug, Clone, PartialEq)]
pub struct Note {
    pub text: String,
    pub numbers: Vec<u32>,
}

impl Note {
    /// The note that stands for a text and a list, each for a number.
    pub fn of(text: u64, numbers: u64) -> Self {
        Self { text: Self::text(text), numbers: Self::numbers(numbers) }
    }

    /// Up to some hundreds of letters, or none.
    pub fn text(value: u64) -> String {
        format!("note {value}, ").repeat(value as usize % 40)
    }

    /// Up to some tens of numbers, or none.
    pub fn numbers(value: u64) -> Vec<u32> {
        (0..value as u32 % 30).map(|n| n.wrapping_add(value as u32)).collect()
    }
}

impl Sample for Frozen {
    fn sample(_: u64) -> Self {
        Self
    }
    fn number(_: &Self) -> u64 {
        0
    }
}

impl Sample for Small {
    fn sample(value: u64) -> Self {
        Self { n: value as u32 }
    }
    fn number(row: &Self) -> u64 {
        u64::from(row.n)
    }
}

impl Sample for Pos {
    fn sample(value: u64) -> Self {
        Self { x: value as u32 as i32, y: (value >> 32) as u32 as i32 }
    }
    fn number(row: &Self) -> u64 {
        u64::from(row.x as u32) | u64::from(row.y as u32) << 32
    }
}

impl Sample for Purse {
    fn sample(value: u64) -> Self {
        Self { gold: value, open: value % 2 == 1 }
    }
    /// The gold alone: updates change it without the other field.
    fn number(row: PurseRef<'_>) -> u64 {
        row.gold()
    }
}

macro_rules! filled {
    ($($name:ident $words:literal $doc:literal;)*) => {$(
        #[doc = $doc]
        #[derive(Component, Debug, Clone, PartialEq)]
        #[repr(C)]
        pub struct $name {
            pub n: u32,
            pub rest: [u32; $words],
        }

        impl Sample for $name {
            fn sample(value: u64) -> Self {
                Self { n: value as u32, rest: core::array::from_fn(|i| (value as u32).wrapping_add(i as u32 + 1)) }
            }
            fn number(row: &Self) -> u64 {
                assert_eq!(*row, Self::sample(u64::from(row.n)), "a torn row");
                u64::from(row.n)
            }
        }
    )*};
}
filled! {
    R32 7 "32 bytes: 128 rows a page.";
    R64 15 "64 bytes: a block a page.";
    R100 24 "100 bytes: half a block a page.";
    R200 49 "200 bytes: 16 rows a page.";
    R400 99 "400 bytes: 8 rows a page.";
    R800 199 "800 bytes: 4 rows a page.";
    R1500 374 "1,500 bytes: 2 rows a page.";
    Wide 1249 "5,000 bytes: a row a page.";
}

ecsdb::schema! {
    /// Everything that can lie in a page.
    pub World: Frozen, Small, Pos, Purse, R32, R64, R100, R200, R400, R800, R1500, Wide, Item, Note
}

/// How many tables of [`World`] are made of [`Sample`]s; they come first.
pub const SAMPLES: usize = 12;

/// The number of the table of [`Item`].
pub const ITEM: usize = 12;

/// The number of the table of [`Note`].
pub const NOTE: usize = 13;

/// Evaluates an expression with `T` standing for the component of table number `$table`, one of the first
/// [`SAMPLES`].
#[macro_export]
macro_rules! on_table {
    ($table:expr, $t:ident => $work:expr) => {
        $crate::on_table!(@ $table, $t => $work; 0 Frozen, 1 Small, 2 Pos, 3 Purse, 4 R32, 5 R64, 6 R100, 7 R200, 8 R400,
            9 R800, 10 R1500, 11 Wide)
    };
    (@ $table:expr, $t:ident => $work:expr; $($index:literal $name:ident),*) => {
        match $table {
            $($index => { type $t = $crate::world::$name; $work })*
            other => unreachable!("table {other} is no sample"),
        }
    };
}
