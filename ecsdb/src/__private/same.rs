//! Whether two stored fields hold the same value.

use crate::bytes::{Heap, bytes_of};
use crate::component::Field;
use crate::schema::Value;

use super::has_heap;

/// Compares two stored values, each with its heap. Floats compare as floats, strings and lists by what is in them.
#[inline]
pub fn same<F: Field>(one: (&F::Packed, Heap<'_>), other: (&F::Packed, Heap<'_>)) -> bool {
    if const { !has_heap::<F>() } {
        return one.0 == other.0;
    }
    let value = |(packed, heap): (&F::Packed, Heap<'_>)| Value::decode(&F::TYPE, bytes_of(packed), heap.bytes());
    value(one) == value(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::HeapBuf;

    #[test]
    fn values_compare_and_not_their_places() {
        let (mut near, mut far) = (HeapBuf::new(), HeapBuf::new());
        far.text("in between");
        let text = |heap: &mut HeapBuf, text: &str| text.to_owned().pack(heap);
        let (a, b, c) = (text(&mut near, "same"), text(&mut far, "same"), text(&mut far, "some"));
        assert_ne!(a, b, "they lie elsewhere");
        assert!(same::<String>((&a, near.as_heap()), (&b, far.as_heap())));
        assert!(!same::<String>((&a, near.as_heap()), (&c, far.as_heap())));
        let nan = f32::NAN.pack(&mut near);
        assert!(!same::<f32>((&nan, Heap::EMPTY), (&nan, Heap::EMPTY)));
    }
}
