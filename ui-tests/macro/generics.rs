//! Parameters that shape the layout. Passing twin: `pass/params.rs`.

use ecsdb::{Component, Field};

#[derive(Component)]
struct Marked<T> {
    value: T,
}

#[derive(Component)]
struct Borrowed<'a> {
    value: &'a u32,
}

#[derive(Component)]
struct Sized<const N: usize> {
    values: [u8; N],
}

#[derive(Component)]
struct Pair<A, B>(A, std::marker::PhantomData<B>, Option<B>)
where
    A: Copy;

#[derive(Component)]
struct Pointless
where
    u32: Copy;

#[derive(Component)]
#[repr(C)]
struct Own<T>(u32, std::marker::PhantomData<T>);

#[derive(Component)]
enum Whole<T> {
    A,
    B(std::marker::PhantomData<T>),
}

#[derive(Field)]
struct Value<T>(T);

#[derive(Field)]
enum Choice<'a, T, const N: usize> {
    A(std::marker::PhantomData<&'a ()>),
    B(Vec<T>),
    C([u8; N]),
}

fn main() {}
