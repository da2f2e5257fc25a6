//! Components that are written in all the ways that the derive allows.

#![allow(dead_code, reason = "what counts is their schema")]
#![allow(unused_qualifications, reason = "paths of all sorts are to be understood")]

mod items;
mod places;
pub mod numbers {
    //! In a module inside of the file.

    use std::num::{NonZero, NonZeroU16};

    use super::{Component, LIMIT};

    const HALF: usize = LIMIT as usize / 2;

    /// Numbers
    /// of every sort.
    ///
    /// Not in the schema.
    #[derive(Component)]
    #[component(table = "numbers", version = 4, renamed_from = "figures", durability = "snapshot")]
    pub struct Numbers {
        /// The first.
        #[component(default = 7)]
        a: u8,
        #[component(default = -5, since = 2)]
        b: i16,
        #[component(default = u32::MAX)]
        c: u32,
        #[component(default = 340282366920938463463374607431768211455)]
        d: u128,
        #[component(default = 0.1)]
        e: f32,
        #[component(default = -f64::INFINITY)]
        f: f64,
        #[component(default = NonZero::new(3).unwrap())]
        g: NonZero<i64>,
        h: Option<NonZeroU16>,
        #[component(default = LIMIT as u64 * 2 + 1)]
        i: u64,
        #[component(default = [[1; 2], [3, 4]])]
        j: [[u16; 2]; HALF],
        #[component(default = usize::default(), deprecated = "nobody counts")]
        k: usize,
        #[component(rename = "self", renamed_from = "me")]
        this: isize,
        #[component(default = 'x')]
        letter: char,
        #[component(default = b'y')]
        byte: u8,
        r#type: bool,
    }
}

use core::marker::PhantomData;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use ecsdb::{Component, Entity, Field, FixedStr, Ref};

use items::{Item, Rarity as Rare};

pub const LIMIT: u32 = 1 << 2;
const NAME_BYTES: usize = 16;
type Name = FixedStr<NAME_BYTES>;

/// A value type.
#[derive(Clone, Debug, Field)]
pub struct Pos {
    x: f32,
    #[component(rename = "height")]
    y: f32,
}

#[derive(Clone, Debug, Field)]
pub struct Meters(pub f64);

#[derive(Clone, Debug, Field)]
pub struct Nothing;

#[derive(Clone, Debug, Field)]
pub enum Goal {
    Rest,
    /// With fields.
    Chase {
        whom: Ref<Mob>,
        within: Duration,
    },
    #[component(rename = "Walk", renamed_from = "Stroll")]
    Go(Pos, Meters),
}

#[derive(Component)]
pub struct Mob {
    #[component(default = Name::new("Sir \"X\"").unwrap())]
    name: Name,
    #[component(default = String::from("long"))]
    story: String,
    motto: Cow<'static, str>,
    #[component(default = Goal::Go(Pos { x: 1.0, y: -2.5 }, Meters(0.25)))]
    goal: Goal,
    #[component(default = vec![Goal::Rest, Goal::Chase { whom: Ref::to(Entity::from_bits(7).unwrap()), within: Duration::from_millis(1500) }])]
    plans: Vec<Goal>,
    #[component(default = None)]
    leader: Option<Ref<Self>>,
    #[component(default = Some((1, Some(true))))]
    pair: Option<(u8, Option<bool>)>,
    carried: VecDeque<Ref<items::Item>>,
    near: Range<u32>,
    levels: RangeInclusive<i8>,
    marker: PhantomData<fn() -> Item>,
    unit: (),
    nothing: Nothing,
    rarity: Rare,
    #[component(as = Millis)]
    since: Time,
    grid: [Option<Entity>; 2 + 1],
    #[component(default = vec!["a".to_owned(); 3])]
    words: Vec<String>,
}

/// Of another crate, as it were.
#[derive(Clone, Copy)]
pub struct Time(u64);

#[derive(Clone, Copy, Field)]
pub struct Millis(u64);

impl From<Time> for Millis {
    fn from(time: Time) -> Self {
        Self(time.0)
    }
}

impl From<Millis> for Time {
    fn from(millis: Millis) -> Self {
        Self(millis.0)
    }
}

/// A native row.
#[derive(Clone, Copy, Component)]
#[repr(C)]
pub struct Body {
    at: NativePos,
    owner: Option<Ref<Mob>>,
    stance: Stance,
    flags: [u16; 2],
}

#[derive(Clone, Copy, Debug, Field)]
#[repr(C)]
pub struct NativePos {
    x: f32,
    y: f32,
}

#[derive(Clone, Copy, Debug, Field)]
#[repr(u32)]
pub enum Stance {
    Up = 3,
    Down,
    Lying = 1 << 8,
}

#[derive(Component)]
pub struct Speed(f32);

#[derive(Component)]
pub struct Path(Pos, Vec<Pos>);

/// A tag.
#[derive(Component)]
#[component(deprecated = "Nobody is cold.")]
pub struct HTTPFrozen;

/// A component that is an enum.
#[derive(Component)]
pub enum Mood {
    Calm,
    Angry { at: Entity },
}

#[cfg(test)]
mod tests {
    #[derive(ecsdb::Component)]
    struct NotATable;
}

ecsdb::schema! {
    /// All of them.
    #[schema(version = "0.3.0")]
    pub World: Mob, places::Place, items::Item, numbers::Numbers, Body, Speed, Path, HTTPFrozen, Mood,
}
