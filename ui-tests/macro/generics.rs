use ecsdb::Component;

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
struct Pair<A, B>(A, B)
where
    A: Copy;

#[derive(Component)]
struct Pointless
where
    u32: Copy;

fn main() {}
