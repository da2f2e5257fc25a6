//! Nobody makes a row, or vouches for a type, without saying `unsafe`. Passing twin: `pass/by_hand.rs`.

use ecsdb::component::packed::U32;
use ecsdb::component::{NativeField, Row};
use ecsdb::{Component, Field};

#[derive(Component)]
struct Health {
    hp: u32,
}

#[derive(Field)]
enum Ai {
    Idle,
    Chasing(bool),
}

struct Mine(u8);

impl Row for Mine {}
impl NativeField for Ai {
    const ALIGN: usize = 1;
}

fn forges(bytes: [u8; 2]) {
    let _ = HealthRow { hp: U32::new(1) };
    let _: ecsdb::component::packed::Enum<Ai, 2> = ecsdb::component::packed::Enum { bytes };
    let _ = ecsdb::component::packed::Heap::new(&bytes);
}

fn main() {}
