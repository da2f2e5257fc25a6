//! Whether two stored fields hold the same value.

use crate::bytes::{Heap, Row, bytes_of};
use crate::schema::{FieldType, Value};

/// Compares two stored values, each with its heap. Floats compare as floats, strings and lists by what is in them.
#[inline]
pub fn same<P: Row + PartialEq>(field_type: &'static FieldType, one: (&P, Heap<'_>), other: (&P, Heap<'_>)) -> bool {
    if !field_type.has_heap() {
        return one.0 == other.0;
    }
    let value = |(packed, heap): (&P, Heap<'_>)| Value::decode(field_type, bytes_of(packed), heap.bytes());
    value(one) == value(other)
}

#[cfg(test)]
mod tests {
    use super::super::Field;
    use super::*;
    use crate::bytes::HeapBuf;

    #[test]
    fn values_compare_and_not_their_places() {
        let (mut near, mut far) = (HeapBuf::new(), HeapBuf::new());
        far.text("in between");
        let text = |heap: &mut HeapBuf, text: &str| text.to_owned().pack(heap);
        let (a, b, c) = (text(&mut near, "same"), text(&mut far, "same"), text(&mut far, "some"));
        assert_ne!(a, b, "they lie elsewhere");
        assert!(same(const { &String::TYPE }, (&a, near.as_heap()), (&b, far.as_heap())));
        assert!(!same(const { &String::TYPE }, (&a, near.as_heap()), (&c, far.as_heap())));
        let nan = f32::NAN.pack(&mut near);
        assert!(!same(const { &f32::TYPE }, (&nan, Heap::EMPTY), (&nan, Heap::EMPTY)));
    }
}
