//! Components that an entity gets together.

use super::error::OpError;
use crate::bytes::{HeapBuf, Row, RowBytes, bytes_of, slice_bytes};
use crate::component::Component;
use crate::schema::{Schema, TableOf};

/// A component, or a tuple of up to twelve: what `spawn` takes. `()` is an entity without components.
///
/// Implemented by the derive for each component, and here for tuples.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a bundle of components of `{S}`",
    label = "not a component of `{S}`, or a tuple of them",
    note = "add the components to `schema!`; a bundle has at most twelve"
)]
pub trait Bundle<S: Schema>: Sized {
    /// What does the work. So a derive writes one line, and the compiler reads the rest once.
    #[doc(hidden)]
    type How: How<S, Self>;

    /// The tables of the components, ascending. A component that stands twice does not compile.
    #[doc(hidden)]
    const TABLES: &'static [u16] = <Self::How as How<S, Self>>::TABLES;
}

/// How the rows of a bundle are made.
#[doc(hidden)]
pub trait How<S: Schema, B> {
    /// [`Bundle::TABLES`]
    const TABLES: &'static [u16];

    /// Rows of many bundles, table by table.
    type Columns: Default;

    /// Gives the rows to `sink`, with their tables.
    fn rows(bundle: B, sink: impl FnMut(u16, RowBytes<'_>) -> Result<(), OpError>) -> Result<(), OpError>;

    /// Adds the rows to the columns.
    fn push(bundle: B, columns: &mut Self::Columns);

    /// Gives the columns to `sink`, each as the bytes of all its rows and of their heaps, and empties them.
    fn flush(
        columns: &mut Self::Columns,
        sink: impl FnMut(u16, RowBytes<'_>) -> Result<(), OpError>,
    ) -> Result<(), OpError>;
}

/// The bundle of one component.
#[doc(hidden)]
#[derive(Debug)]
pub struct Single;

/// The bundle of a tuple.
#[doc(hidden)]
#[derive(Debug)]
pub struct Several;

/// Rows of one component. A type of its own, so that a component whose row is refused makes no second error here.
#[doc(hidden)]
pub struct Rows<T: Component> {
    rows: Vec<T::Row>,
    /// Their heaps, one behind the other.
    heaps: Vec<u8>,
    /// The heap of the row that comes next.
    next: HeapBuf,
}

debug_as!([T: Component] Rows<T>);

impl<T: Component> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), heaps: Vec::new(), next: HeapBuf::new() }
    }
}

impl<S: Schema, T: TableOf<S>> How<S, T> for Single {
    const TABLES: &'static [u16] = &[T::INDEX];
    type Columns = Rows<T>;

    #[inline]
    fn rows(component: T, mut sink: impl FnMut(u16, RowBytes<'_>) -> Result<(), OpError>) -> Result<(), OpError> {
        let mut heap = HeapBuf::new();
        let row = component.into_row(&mut heap);
        sink(T::INDEX, RowBytes { row: bytes_of(&row), heap: heap.bytes() })
    }

    #[inline]
    fn push(component: T, columns: &mut Rows<T>) {
        columns.rows.push(component.into_row(&mut columns.next));
        if T::Row::HAS_HEAP {
            columns.heaps.extend_from_slice(columns.next.bytes());
            columns.next.clear();
        }
    }

    #[inline]
    fn flush(
        columns: &mut Rows<T>,
        mut sink: impl FnMut(u16, RowBytes<'_>) -> Result<(), OpError>,
    ) -> Result<(), OpError> {
        let result = sink(T::INDEX, RowBytes { row: slice_bytes(&columns.rows), heap: &columns.heaps });
        columns.rows.clear();
        columns.heaps.clear();
        result
    }
}

/// The table numbers in ascending order. Stops the compiler if one stands twice.
const fn ascending<const N: usize>(mut tables: [u16; N]) -> [u16; N] {
    let mut sorted = 1;
    while sorted < N {
        let mut at = sorted;
        while at > 0 && tables[at - 1] >= tables[at] {
            assert!(tables[at - 1] != tables[at], "a bundle names a component twice");
            let larger = tables[at - 1];
            tables[at - 1] = tables[at];
            tables[at] = larger;
            at -= 1;
        }
        sorted += 1;
    }
    tables
}

impl<S: Schema> Bundle<S> for () {
    type How = Several;
}

impl<S: Schema> How<S, ()> for Several {
    const TABLES: &'static [u16] = &[];
    type Columns = ();

    fn rows((): (), _: impl FnMut(u16, RowBytes<'_>) -> Result<(), OpError>) -> Result<(), OpError> {
        Ok(())
    }

    fn push((): (), (): &mut ()) {}

    fn flush((): &mut (), _: impl FnMut(u16, RowBytes<'_>) -> Result<(), OpError>) -> Result<(), OpError> {
        Ok(())
    }
}

macro_rules! tuples {
    ($($name:ident $index:tt),+) => {
        impl<S: Schema, $($name: TableOf<S>),+> Bundle<S> for ($($name,)+) {
            type How = Several;
            const TABLES: &'static [u16] = &ascending([$($name::INDEX),+]);
        }

        impl<S: Schema, $($name: TableOf<S>),+> How<S, ($($name,)+)> for Several {
            const TABLES: &'static [u16] = <($($name,)+) as Bundle<S>>::TABLES;
            type Columns = ($(Rows<$name>,)+);

            #[inline]
            fn rows(
                bundle: ($($name,)+),
                mut sink: impl FnMut(u16, RowBytes<'_>) -> Result<(), OpError>,
            ) -> Result<(), OpError> {
                $(<Single as How<S, $name>>::rows(bundle.$index, &mut sink)?;)+
                Ok(())
            }

            #[inline]
            fn push(bundle: ($($name,)+), columns: &mut Self::Columns) {
                $(<Single as How<S, $name>>::push(bundle.$index, &mut columns.$index);)+
            }

            #[inline]
            fn flush(
                columns: &mut Self::Columns,
                mut sink: impl FnMut(u16, RowBytes<'_>) -> Result<(), OpError>,
            ) -> Result<(), OpError> {
                $(<Single as How<S, $name>>::flush(&mut columns.$index, &mut sink)?;)+
                Ok(())
            }
        }
    };
}
tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);

#[cfg(test)]
mod tests {
    use super::ascending;

    #[test]
    fn tables_are_put_in_order() {
        assert_eq!(ascending([3, 1, 2, 0]), [0, 1, 2, 3]);
        assert_eq!(ascending([7]), [7]);
    }

    #[test]
    #[should_panic(expected = "a bundle names a component twice")]
    fn a_table_that_stands_twice_is_refused() {
        ascending([1, 0, 1]);
    }
}
