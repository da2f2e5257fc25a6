//! A field type without a derive: everything is passed on to a field type that there is.

#![deny(warnings)]

use ecsdb::component::packed::{Heap, HeapBuf};
use ecsdb::schema::FieldType;
use ecsdb::component::Stored;
use ecsdb::{Component, Db, Field};

/// What another crate may have: its number is private, and never above 360.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Degrees(u16);

// SAFETY: the stored forms and the type are those of a `u16`, every one of which can be read.
unsafe impl Field for Degrees {
    type Value = Self;
    type Packed = <u16 as Field>::Packed;
    type Optional = <u16 as Field>::Optional;
    type Element = <u16 as Field>::Element;
    type View<'a> = Self;
    type List<'a> = <u16 as Field>::List<'a>;

    const TYPE: FieldType = <u16 as Field>::TYPE;

    fn from_value(value: Self) -> Self {
        value
    }

    fn pack(self, heap: &mut HeapBuf) -> Self::Packed {
        self.0.pack(heap)
    }

    fn unpack(packed: &Self::Packed, heap: Heap<'_>) -> Self {
        Self(u16::unpack(packed, heap) % 361)
    }

    fn view<'a>(packed: &'a Self::Packed, heap: Heap<'a>) -> Self {
        Self::unpack(packed, heap)
    }

    fn list<'a>(elements: &'a [Self::Element], heap: Heap<'a>) -> Self::List<'a> {
        u16::list(elements, heap)
    }
}

#[derive(Component)]
struct Turret {
    heading: Degrees,
    before: Option<Degrees>,
    way: Vec<Degrees>,
    corners: [Degrees; 2],
}

ecsdb::schema! { World: Turret }

fn main() {
    let turret = || Turret {
        heading: Degrees(90),
        before: Some(Degrees(7)),
        way: vec![Degrees(1), Degrees(2)],
        corners: [Degrees(3), Degrees(4)],
    };
    let stored = Stored::new(turret());
    assert_eq!((stored.view().heading(), stored.view().before()), (Degrees(90), Some(Degrees(7))));
    assert_eq!((stored.view().way(), stored.get().corners), (&[1, 2][..], [Degrees(3), Degrees(4)]));

    let db = Db::<World>::in_memory().unwrap();
    let entity = db.spawn(turret()).unwrap();
    let mut turn = db.begin();
    turn.require(entity, Turret::C.heading.eq(Degrees(90)));
    turn.update(entity, Turret::C.heading.set(Degrees(45)));
    turn.commit().unwrap().visible().unwrap();
    assert_eq!(db.snapshot().get::<Turret>(entity).unwrap().heading(), Degrees(45));
}
