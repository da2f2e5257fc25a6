//! The components of the comparison of entity-component systems, for all of them, and the rows that every world has.
//!
//! Owns the values. They are small numbers with few binary places, so that sums of them come out the same in any order.

/// Components of floats, for every engine.
macro_rules! components {
    ($($(#[$doc:meta])* $name:ident { $($field:ident),* })*) => {
        $(
            $(#[$doc])*
            #[derive(
                bevy_ecs::component::Component,
                ecsdb::Component,
                flecs_ecs::prelude::Component,
                shipyard::Component,
                Clone,
                Copy,
                Debug,
                Default,
                PartialEq,
            )]
            #[repr(C)]
            pub struct $name {
                $(
                    /// One of its floats.
                    pub $field: f32,
                )*
            }
        )*
    };
}

components! {
    /// Where something is.
    Pos { x, y, z }
    /// How fast it moves.
    Vel { x, y, z }
    /// How fast that changes.
    Acc { x, y, z }
    /// Comes and goes.
    Target { id }
    /// What all entities of a fragmented world have, besides a letter.
    Data { value }
    /// A letter.
    A { value }
    /// A letter.
    B { value }
    /// A letter.
    C { value }
    /// A letter.
    D { value }
    /// A letter.
    E { value }
    /// A letter.
    F { value }
    /// A letter.
    G { value }
    /// A letter.
    H { value }
    /// A letter.
    I { value }
    /// A letter.
    J { value }
    /// A letter.
    K { value }
    /// A letter.
    L { value }
    /// A letter.
    M { value }
    /// A letter.
    N { value }
    /// A letter.
    O { value }
    /// A letter.
    P { value }
    /// A letter.
    Q { value }
    /// A letter.
    R { value }
    /// A letter.
    S { value }
    /// A letter.
    T { value }
    /// A letter.
    U { value }
    /// A letter.
    V { value }
    /// A letter.
    W { value }
    /// A letter.
    X { value }
    /// A letter.
    Y { value }
    /// A letter.
    Z { value }
}

ecsdb::schema! {
    /// The world of ecsdb: a table for each component.
    pub Arena: Pos, Vel, Acc, Target, Data, A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U, V, W, X, Y, Z
}

/// Calls the macro `$each` with each of the 26 letters.
#[macro_export]
macro_rules! for_each_letter {
    ($each:ident) => {
        $each!(A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U, V, W, X, Y, Z)
    };
}

/// How many letters there are.
pub const LETTERS: usize = 26;

/// What every entity has.
pub type Body = (Pos, Vel, Acc);

/// Bytes of a [`Body`].
pub const BODY_BYTES: usize = size_of::<Body>();

/// The rows of entity number `number`.
pub fn body(number: usize) -> Body {
    let at = (number % 1024) as f32;
    (Pos { x: at, y: at * 0.5, z: 1.0 }, Vel { x: 1.0, y: at * 0.25, z: 0.5 }, Acc { x: 0.125, y: 0.25, z: at * 0.125 })
}

/// What entity number `number` of a fragmented world has besides its letter.
pub fn data(number: usize) -> Data {
    Data { value: (number % 1024) as f32 }
}

/// One step of the sum over one component.
#[inline(always)]
pub fn add(sum: f64, pos: &Pos) -> f64 {
    sum + f64::from(pos.x + pos.y + pos.z)
}

/// One step of the sum over two.
#[inline(always)]
pub fn add_two(sum: f64, pos: &Pos, vel: &Vel) -> f64 {
    sum + f64::from(pos.x * vel.x + pos.y * vel.y + pos.z * vel.z)
}

/// One step of the sum over three.
#[inline(always)]
pub fn add_three(sum: f64, pos: &Pos, vel: &Vel, acc: &Acc) -> f64 {
    sum + f64::from(pos.x * vel.x * acc.x + pos.y * vel.y * acc.y + pos.z * vel.z * acc.z)
}

/// What a system does that moves things.
#[inline(always)]
pub fn step(pos: &mut Pos, vel: &Vel) {
    pos.x += vel.x * 0.016;
    pos.y += vel.y * 0.016;
    pos.z += vel.z * 0.016;
}

/// What a system does that computes much for each entity: a hundred small turns about all axes.
#[inline(always)]
pub fn toil(pos: &mut Pos, vel: &Vel) {
    let (mut x, mut y, mut z) = (pos.x, pos.y, pos.z);
    for _ in 0..100 {
        (x, y) = (x - y * 0.001, y + x * 0.001);
        (y, z) = (y - z * 0.001, z + y * 0.001);
        (z, x) = (z - x * 0.001, x + z * 0.001);
    }
    *pos = Pos { x: x + vel.x * 0.016, y: y + vel.y * 0.016, z: z + vel.z * 0.016 };
}
