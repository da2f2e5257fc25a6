//! The expansions that are checked in compile, and do what the derives do. `ecsdb-derive` holds them against what it makes.

#![allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    reason = "generated code, which lints do not look at elsewhere"
)]

use ecsdb::component::Stored;
use ecsdb::{Component, Field};

mod packed {
    pub struct Health {
        pub hp: u32,
        name: String,
    }

    impl Health {
        pub fn new(hp: u32, name: &str) -> Self {
            Self { hp, name: name.to_owned() }
        }
    }

    include!("../../../ecsdb-derive/golden/packed.out.rs");
}

mod native {
    #[repr(C)]
    pub struct Pos {
        pub x: f32,
        y: f32,
    }

    impl Pos {
        pub const ZERO: Self = Self { x: 0.0, y: 0.0 };
    }

    include!("../../../ecsdb-derive/golden/native.out.rs");
}

mod whole {
    pub enum Door {
        Open,
        Locked { by: u32 },
    }

    include!("../../../ecsdb-derive/golden/whole.out.rs");
}

mod value {
    pub struct Meters(pub f64);

    include!("../../../ecsdb-derive/golden/value.out.rs");
}

mod tagged {
    #[repr(u8)]
    pub enum Kind {
        Sword = 3,
        Shield,
    }

    include!("../../../ecsdb-derive/golden/tagged.out.rs");
}

#[test]
fn the_expansions_work() {
    let health = Stored::new(packed::Health::new(7, "Ann"));
    assert_eq!(format!("{:?}", health.view()), "Health { hp: 7, name: \"Ann\" }");
    assert_eq!((packed::Health::SCHEMA.version, health.row().hp.get()), (2, 7));
    assert_eq!(Stored::new(native::Pos::ZERO).view().x, 0.0);
    assert!(matches!(Stored::new(whole::Door::Locked { by: 3 }).view().value(), whole::Door::Locked { by: 3 }));
    assert!(matches!(Stored::new(whole::Door::Open).view().value(), whole::Door::Open));
    let mut heap = ecsdb::component::packed::HeapBuf::new();
    assert_eq!(value::Meters(2.0).pack(&mut heap).0.get(), 2.0);
    assert_eq!((value::Meters::TYPE.to_string(), tagged::Kind::TYPE.size()), ("struct Meters(f64)".to_owned(), 1));
    assert!(!matches!(tagged::Kind::Sword, tagged::Kind::Shield));
}
