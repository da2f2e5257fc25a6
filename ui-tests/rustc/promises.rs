//! What only holds together by a promise cannot be put together without one: rows and heaps, tags and fields. Passing twin: `pass/by_hand.rs`.

use ecsdb::component::packed::{HeapBuf, U32};
use ecsdb::component::Stored;
use ecsdb::{Component, Field};

#[derive(Component)]
struct Sign {
    text: String,
}

#[derive(Field)]
enum Ai {
    Idle,
    Chasing(bool),
}

fn a_row_with_the_heap_of_another(sign: &Stored<Sign>) {
    let (mut row, mut heap) = (*sign.row(), HeapBuf::new());
    heap.text("\u{e4}\u{f6}");
    Sign::with_mut(&mut row, &mut heap, |sign| sign.text.clear());
}

fn a_tag_with_the_fields_of_another() {
    let mut packer = ecsdb::__private::Packer::<Ai, 2>::new(1, 1);
    packer.put(7_u8);
    let packed = packer.finish();
    let _: &U32 = ecsdb::__private::Payload::new(&packed, 1).next();
}

fn main() {}
