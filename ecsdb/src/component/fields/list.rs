//! Lists as fields: their elements stand in the heap of the row.

use core::fmt;
use std::collections::VecDeque;

use crate::bytes::{Heap, HeapBuf, Slot};
use crate::component::Field;
use crate::component::packed::Optional;
use crate::schema::{FieldType, TypeRef};

/// The form of a value in a list, from its form in a row: the same bytes.
#[inline]
fn element<F: Field>(packed: F::Packed) -> F::Element {
    const { assert!(size_of::<F::Packed>() == size_of::<F::Element>(), "an element has the bytes of the packed form") };
    // SAFETY: the contract of `Field`: `Element` has the same bytes as `Packed`, so those of a packed value, of which there
    // are as many as asserted, are an element. `Packed` is `Copy`, so nothing is dropped twice.
    unsafe { core::mem::transmute_copy(&packed) }
}

/// The form of a value in a row, from its form in a list: the same bytes.
#[inline]
fn packed<F: Field>(element: &F::Element) -> &F::Packed {
    const { assert!(size_of::<F::Packed>() == size_of::<F::Element>() && align_of::<F::Packed>() == 1) };
    // SAFETY: as in `element`; the packed form is aligned to 1.
    unsafe { &*core::ptr::from_ref(element).cast::<F::Packed>() }
}

fn pack<F: Field>(values: impl IntoIterator<Item = F>, heap: &mut HeapBuf) -> Slot {
    let elements: Vec<F::Element> = values.into_iter().map(|value| element::<F>(value.pack(heap))).collect();
    // `align` follows from the type alone, so the compiler knows it.
    heap.list(&elements, F::TYPE.align())
}

fn unpack<F: Field, C: FromIterator<F>>(slot: Slot, heap: Heap<'_>) -> C {
    heap.list::<F::Element>(slot).iter().map(|element| F::unpack(packed::<F>(element), heap)).collect()
}

macro_rules! lists {
    ($($ty:ident),+) => {$(
        // SAFETY: the packed form is the slot that `FieldType::List` has, of alignment 1; a slot of zeros is the empty list.
        // In a list it is the same.
        unsafe impl<F: Field> Field for $ty<F> {
            type Value = Self;
            type Packed = Slot;
            type Optional = Optional<Slot>;
            type Element = Slot;
            type View<'a> = F::List<'a>;
            type List<'a> = List<'a, Self>;

            const TYPE: FieldType = FieldType::List(TypeRef::Static(const { &F::TYPE }));

            #[inline]
            fn from_value(value: Self) -> Self {
                value
            }

            fn pack(self, heap: &mut HeapBuf) -> Slot {
                pack(self, heap)
            }

            fn unpack(packed: &Slot, heap: Heap<'_>) -> Self {
                unpack(*packed, heap)
            }

            #[inline]
            fn view<'a>(packed: &'a Slot, heap: Heap<'a>) -> F::List<'a> {
                F::list(heap.list::<F::Element>(*packed), heap)
            }

            #[inline]
            fn list<'a>(elements: &'a [Slot], heap: Heap<'a>) -> List<'a, Self> {
                List::new(elements, heap)
            }
        }
    )+};
}
lists!(Vec, VecDeque);

/// A list whose elements have strings or lists in them: what reading a `Vec<String>` gives.
pub struct List<'a, F: Field> {
    elements: &'a [F::Element],
    heap: Heap<'a>,
}

impl<'a, F: Field> List<'a, F> {
    /// The list of these elements, which belong to the row of the heap. For derives.
    #[doc(hidden)]
    pub const fn new(elements: &'a [F::Element], heap: Heap<'a>) -> Self {
        Self { elements, heap }
    }

    /// How many elements there are.
    pub const fn len(self) -> usize {
        self.elements.len()
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.elements.is_empty()
    }

    /// The view of element number `index`, if there are as many.
    pub fn get(self, index: usize) -> Option<F::View<'a>> {
        self.elements.get(index).map(|element| F::view(packed::<F>(element), self.heap))
    }

    /// The views of all elements.
    pub fn iter(self) -> impl ExactSizeIterator<Item = F::View<'a>> + DoubleEndedIterator {
        let heap = self.heap;
        self.elements.iter().map(move |element| F::view(packed::<F>(element), heap))
    }
}

impl<F: Field> Clone for List<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Field> Copy for List<'_, F> {}

impl<F: Field> fmt::Debug for List<'_, F>
where
    for<'a> F::View<'a>: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_slices_and_come_back() {
        let mut heap = HeapBuf::new();
        let text = String::from("odd").pack(&mut heap);
        let numbers = vec![1_u32, 2, 3].pack(&mut heap);
        let heap_bytes = heap.bytes().len();
        let nothing = Vec::<u64>::new().pack(&mut heap);
        assert_eq!(heap.bytes().len(), heap_bytes);
        let heap = heap.as_heap();
        assert_eq!(String::view(&text, heap), "odd");
        let read: &[u32] = Vec::<u32>::view(&numbers, heap);
        assert_eq!(read, [1, 2, 3]);
        assert_eq!(VecDeque::<u32>::unpack(&numbers, heap), [1, 2, 3]);
        assert_eq!((nothing, Vec::<u64>::view(&nothing, heap)), (Slot::default(), &[][..]));
    }

    #[test]
    fn lists_of_lists_and_of_texts() {
        let mut heap = HeapBuf::new();
        let value = vec![vec![String::from("a"), String::new()], vec![], vec![String::from("bc")]];
        let stored = value.clone().pack(&mut heap);
        let heap = heap.as_heap();
        let list = Vec::<Vec<String>>::view(&stored, heap);
        assert_eq!(
            list.iter().map(|inner| inner.iter().collect::<Vec<_>>()).collect::<Vec<_>>(),
            [vec!["a", ""], vec![], vec!["bc"]]
        );
        assert_eq!(list.get(2).and_then(|inner| inner.get(0)), Some("bc"));
        assert_eq!(Vec::<Vec<String>>::unpack(&stored, heap), value);
        assert_eq!(Vec::<Vec<String>>::TYPE.to_string(), "[[string]]");
    }
}
