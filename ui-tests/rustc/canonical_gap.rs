//! Without a gap on some targets, with one on others: `u64` is aligned to 4 on 32-bit x86, `u128` to 8 elsewhere. Passing twin: `pass/layouts.rs`.

use ecsdb::Component;

#[derive(Component)]
#[repr(C)]
struct Wide {
    a: u32,
    b: [u64; 2],
}

#[derive(Component)]
#[repr(C)]
struct Wider {
    a: u64,
    b: u128,
}

fn main() {}
