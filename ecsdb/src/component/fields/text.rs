//! Text of any length as a field: it stands in the heap of the row.

use std::borrow::Cow;

use super::List;
use crate::bytes::{Heap, HeapBuf, Slot};
use crate::component::packed::Optional;
use crate::component::{Field, Ordered, TextField};
use crate::schema::FieldType;

macro_rules! texts {
    ($($ty:ty),+) => {$(
        // SAFETY: the packed form is the slot that `FieldType::Text` has, of alignment 1; a slot of zeros is the empty text.
        // In a list it is the same.
        unsafe impl Field for $ty {
            type Value = Self;
            type Packed = Slot;
            type Optional = Optional<Slot>;
            type Element = Slot;
            type View<'a> = &'a str;
            type List<'a> = List<'a, Self>;

            const TYPE: FieldType = FieldType::Text;

            #[inline]
            fn from_value(value: Self) -> Self {
                value
            }

            fn pack(self, heap: &mut HeapBuf) -> Slot {
                heap.text(&self)
            }

            fn unpack(packed: &Slot, heap: Heap<'_>) -> Self {
                heap.text(*packed).to_owned().into()
            }

            #[inline]
            fn view<'a>(packed: &'a Slot, heap: Heap<'a>) -> &'a str {
                heap.text(*packed)
            }

            #[inline]
            fn list<'a>(elements: &'a [Slot], heap: Heap<'a>) -> List<'a, Self> {
                List::new(elements, heap)
            }
        }

        impl Ordered for $ty {}
        impl TextField for $ty {}
    )+};
}
texts!(String, Cow<'static, str>);
