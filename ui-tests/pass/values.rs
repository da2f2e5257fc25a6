//! Value types, and components that are enums: the twins of those that are refused.

#![deny(warnings)]

use ecsdb::component::Stored;
use ecsdb::{Component, Entity, Field};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

/// Fields that stand in no native row.
#[derive(Component, Default)]
struct Everything {
    size: usize,
    text: String,
    maker: Cow<'static, str>,
    list: Vec<u32>,
    queue: VecDeque<String>,
    duration: Duration,
    range: std::ops::Range<u32>,
    number: Option<u32>,
    flag: Option<bool>,
    tuple: (u32, (u32, f32)),
    letter: char,
    pairs: Vec<(String, u32)>,
    nested: Vec<Option<Vec<(u8, Option<String>)>>>,
    unit: (),
    marker: std::marker::PhantomData<u8>,
}

#[derive(Field)]
struct Vec3 {
    x: f32,
    y: f32,
    z: f32,
}

#[derive(Field)]
#[repr(C)]
struct Filled {
    a: u8,
    _pad: [u8; 3],
    b: u32,
}

#[derive(Field)]
struct Meters(f64);

#[derive(Field)]
#[repr(transparent)]
struct Feet(f64);

#[derive(Field)]
struct Nothing;

#[derive(Field)]
enum State {
    Idle,
    Walking(Vec3, Meters),
    Chasing { target: Entity, path: Vec<Vec3> },
}

#[derive(Field)]
#[repr(u8)]
enum Full {
    A = 255,
    B = 0,
}

#[derive(Field)]
enum Signed {
    Minus = -1,
    Plus = 1 << 40,
}

#[derive(Component)]
#[repr(C)]
struct Own {
    full: Full,
    fulls: [Full; 7],
    filled: Filled,
    feet: Feet,
}

#[derive(Component)]
enum Whole {
    A,
    B { inner: Vec<Vec3>, state: Option<State> },
    C(Nothing, Signed),
}

fn main() {
    assert_eq!(Stored::new(Everything::default()).view().letter(), '\0');
    let at = || Vec3 { x: 1.0, y: 2.0, z: 3.0 };
    let target = Entity::from_bits(1 | 1 << 32).unwrap();
    for state in [State::Idle, State::Walking(at(), Meters(1.0)), State::Chasing { target, path: vec![at()] }] {
        let stored = Stored::new(Whole::B { inner: vec![at(), at()], state: Some(state) });
        assert!(matches!(stored.view().value(), Whole::B { inner, state: Some(_) } if inner.len() == 2));
    }
    for sign in [Signed::Minus, Signed::Plus] {
        assert!(matches!(Stored::new(Whole::C(Nothing, sign)).view().value(), Whole::C(..)));
    }
    assert!(matches!(Stored::new(Whole::A).view().value(), Whole::A));
    let filled = Filled { a: 1, _pad: [0; 3], b: 2 };
    let fulls = [const { Full::B }; 7];
    let own = Stored::new(Own { full: Full::A, fulls, filled, feet: Feet(3.0) });
    assert_eq!((own.to_bytes()[..2].to_vec(), own.view().feet.0), (vec![255, 0], 3.0));
}
