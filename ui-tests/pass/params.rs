//! Parameters that shape nothing: the twins of those that are refused.

#![deny(warnings)]

use ecsdb::component::Stored;
use ecsdb::{Component, Field};
use std::marker::PhantomData;

trait Unit {}

struct Meter;

impl Unit for Meter {}

#[derive(Component)]
struct Length<U: Unit> {
    value: f64,
    unit: PhantomData<U>,
}

#[derive(Component)]
struct Pair<A, B>(u8, PhantomData<A>, std::marker::PhantomData<fn() -> (A, B)>)
where
    A: Copy;

#[derive(Component)]
struct Marker<T: ?Sized>(PhantomData<T>);

#[derive(Field)]
struct Id<T> {
    number: u64,
    of: PhantomData<T>,
}

#[derive(Field)]
enum Choice<T> {
    A(PhantomData<T>),
    B { number: u8, of: PhantomData<T> },
}

#[derive(Component)]
struct Holder {
    id: Id<String>,
    choice: Choice<Meter>,
}

ecsdb::schema! { pub World: Length<Meter>, Pair<u8, String>, Holder }

fn main() {
    let length = Stored::new(Length::<Meter> { value: 2.0, unit: PhantomData });
    let view: LengthRef<'_, Meter> = length.view();
    assert_eq!((view.value(), Length::<Meter>::C.value.offset()), (2.0, 0));
    assert_eq!(Pair::<u8, String>::SCHEMA.size, 1);
    let _ = (Pair::<u8, u8>(1, PhantomData, PhantomData), Marker::<str>(PhantomData));
    let holder = Holder { id: Id { number: 1, of: PhantomData }, choice: Choice::B { number: 2, of: PhantomData } };
    let holder = Stored::new(holder);
    assert_eq!(holder.view().id().number(), 1);
    assert!(matches!(holder.view().choice(), Choice::B { number: 2, .. }));
    let _ = Choice::A::<u8>(PhantomData);
}
