//! Nothing in the user's crate gets in the way of the generated code, and nothing of it breaks the user's rules.

#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(missing_docs, warnings, unused_qualifications, unreachable_pub, single_use_lifetimes)]

/// Shadows the crate of that name.
pub mod core {}
/// Shadows the crate of that name.
pub mod std {}

/// Shadows the types, traits and functions that generated code is tempted to name.
pub mod shadows {
    #![allow(non_camel_case_types, missing_docs, dead_code)]

    pub struct Option;
    pub struct Some;
    pub struct None;
    pub struct Result;
    pub struct Ok;
    pub struct Clone;
    pub struct Copy;
    pub struct Debug;
    pub struct PartialEq;
    pub struct From;
    pub struct Send;
    pub struct FnOnce;
    pub struct Row;
    pub struct Ref;
    pub struct Column;
    pub struct Field;
    pub struct R;
    pub struct usize;
    pub struct row;
    pub struct value;
    pub struct change;
    pub struct view;
    pub struct layout;
}

mod quiet {
    #![allow(unused_imports)]
    use crate::shadows::*;

    /// A component among shadows.
    #[derive(::ecsdb::Component)]
    pub(crate) struct Health {
        pub(super) hp: u32,
        poisoned: bool,
        name: [u8; 4],
    }

    /// Another one.
    #[derive(::ecsdb::Component)]
    #[repr(C)]
    pub(crate) struct Pos {
        pub(crate) x: f32,
        pub(in crate::quiet) y: f32,
    }

    /// A third one.
    #[derive(::ecsdb::Component)]
    pub(crate) struct Frozen;

    /// A value with a heap.
    #[derive(::ecsdb::Field)]
    pub(crate) struct Named {
        name: ::std::string::String,
        list: ::std::vec::Vec<u8>,
    }

    /// An enum, as a value and as a component.
    #[derive(::ecsdb::Component, ::ecsdb::Field)]
    pub(crate) enum Ai {
        Idle,
        Busy { with: Named },
        Maybe(bool),
    }

    /// A native enum.
    #[derive(::ecsdb::Field)]
    #[repr(u8)]
    pub(crate) enum Kind {
        A = 7,
        B,
    }

    /// With a default, a claim and a marker.
    #[derive(::ecsdb::Component)]
    #[component(size = 1)]
    pub(crate) struct Marked<T> {
        #[component(default = Kind::A, offset = 0)]
        kind: Kind,
        marker: ::std::marker::PhantomData<T>,
    }
}

/// Only documented as far as the user has to.
#[derive(::ecsdb::Component)]
pub struct Public {
    /// Documented.
    pub documented: u32,
    private: ::ecsdb::Entity,
}

/// A tuple.
#[derive(::ecsdb::Component)]
pub struct Tuple(
    /// Documented.
    pub u32,
    u8,
);

/// Documented.
#[derive(::ecsdb::Field)]
pub struct Value {
    /// Documented.
    pub documented: u32,
    private: u8,
}

/// Documented.
#[derive(::ecsdb::Component, ::ecsdb::Field)]
pub enum Choice {
    /// Documented.
    A,
    /// Documented.
    B {
        /// Documented.
        value: Value,
    },
}

fn main() {
    use ::ecsdb::Component as _;
    ::std::assert_eq!(quiet::Health::SCHEMA.fields.len(), 3);
    ::std::assert_eq!(quiet::Pos::C.x.offset(), 0);
    ::std::assert_eq!(quiet::Frozen::SCHEMA.size, 0);
    ::std::assert_eq!(quiet::Health::C.hp.offset(), 0);
    ::std::assert_eq!(quiet::Ai::SCHEMA.fields.len(), 1);
    ::std::assert_eq!(<quiet::Marked<u8>>::SCHEMA.size, 1);
    let _ = Value::F.documented;
    let _ = Choice::C.value;
    ::std::assert_eq!(Tuple::C.0.offset(), 0);
    ::std::assert_eq!(Public::C.documented.offset(), 0);
}
