//! Reading indexes without static types: by names and values.

use core::ops::Bound;

use super::dyn_view::{DynRow, DynView};
use crate::schema::{KeyRange, Value, ValueError};
use crate::storage::{GridRead, IndexRead, Point, Slots};

/// An index of a version, read by values: one for each of the first columns of its key, in their order; elements for a list.
///
/// In a transaction that has changed rows, and has not asked for the index since ([`DynTransaction::index`](crate::DynTransaction::index)), reading
/// looks at all rows of the table.
#[derive(Clone, Copy)]
pub struct DynIndex<'v> {
    view: DynView<'v>,
    read: IndexRead<'v>,
}

debug_as!(['v] DynIndex<'v>);

impl<'v> DynIndex<'v> {
    pub(super) fn new(view: DynView<'v>, read: IndexRead<'v>) -> Self {
        Self { view, read }
    }

    /// How many entries it has: rows, or elements of their lists. Cost: none; in a transaction that has changed rows and not asked
    /// for the index since, a look at all rows.
    pub fn len(self) -> usize {
        self.read.len() as usize
    }

    /// Whether it has no entries.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether two rows may not have the same key.
    pub fn is_unique(self) -> bool {
        self.read.definition().is_unique
    }

    fn rows(self, slots: Slots<'v>) -> DynRows<'v> {
        DynRows { view: self.view, table: self.read.definition().table, slots }
    }

    /// The rows with these values.
    ///
    /// # Errors
    /// If a value does not fit its column, or there are more values than columns.
    pub fn get(self, values: &[Value]) -> Result<DynRows<'v>, ValueError> {
        let probe = self.read.definition().key.probe_values(values)?;
        Ok(self.rows(self.read.equal(probe)))
    }

    /// The rows in a range, in the order of their keys; backwards with `rev`.
    ///
    /// # Errors
    /// As for [`Self::get`].
    pub fn range(self, from: Bound<&[Value]>, to: Bound<&[Value]>) -> Result<DynRows<'v>, ValueError> {
        let range = self.key_range(from, to)?;
        Ok(self.rows(self.read.range(range)))
    }

    /// About how many entries lie in a range; all of them, where the index would have to look at all rows.
    ///
    /// # Errors
    /// As for [`Self::get`].
    pub fn estimate(self, from: Bound<&[Value]>, to: Bound<&[Value]>) -> Result<u64, ValueError> {
        Ok(self.read.estimate(&self.key_range(from, to)?).unwrap_or_else(|| self.read.len()))
    }

    /// The rows that are no further than `radius` from a point; nothing if the index is not spatial, or has another number of axes.
    pub fn within(self, center: &[f64], radius: f64) -> Option<impl Iterator<Item = DynRow<'v>> + use<'v>> {
        let (grid, center) = (self.grid(center)?, point(center));
        Some(self.placed(grid.within(&center, radius)))
    }

    /// The rows in a box, edges included; nothing as for [`Self::within`].
    pub fn in_box(self, low: &[f64], high: &[f64]) -> Option<impl Iterator<Item = DynRow<'v>> + use<'v>> {
        let grid = self.grid(low).filter(|_| low.len() == high.len())?;
        Some(self.placed(grid.in_box(&point(low), &point(high))))
    }

    /// The `count` rows that are next to a point, the nearest first; nothing as for [`Self::within`].
    pub fn nearest(self, center: &[f64], count: usize) -> Option<impl Iterator<Item = DynRow<'v>> + use<'v>> {
        let found = self.grid(center)?.nearest(&point(center), count);
        Some(self.placed(found.into_iter().map(|(_, slot)| slot).collect()))
    }

    fn grid(self, at: &[f64]) -> Option<GridRead<'v>> {
        self.read.grid().filter(|_| self.read.definition().key.column_count() == at.len())
    }

    fn placed(self, slots: Vec<u32>) -> impl Iterator<Item = DynRow<'v>> + use<'v> {
        let (view, table) = (self.view, self.read.definition().table);
        slots.into_iter().filter_map(move |slot| view.row_in(table, slot))
    }

    fn key_range(self, from: Bound<&[Value]>, to: Bound<&[Value]>) -> Result<KeyRange, ValueError> {
        let key = &self.read.definition().key;
        let bound = |bound: Bound<&[Value]>| {
            Ok(match bound {
                Bound::Unbounded => Bound::Unbounded,
                Bound::Included(values) => Bound::Included(key.probe_values(values)?),
                Bound::Excluded(values) => Bound::Excluded(key.probe_values(values)?),
            })
        };
        Ok(KeyRange::new(bound(from)?, bound(to)?))
    }
}

fn point(of: &[f64]) -> Point {
    let mut point = Point::default();
    point.iter_mut().zip(of).for_each(|(axis, at)| *axis = *at);
    point
}

/// Rows that an index has found, in the order of their keys.
#[derive(Clone)]
pub struct DynRows<'v> {
    view: DynView<'v>,
    table: u16,
    slots: Slots<'v>,
}

debug_as!(['v] DynRows<'v>);

impl<'v> Iterator for DynRows<'v> {
    type Item = DynRow<'v>;

    fn next(&mut self) -> Option<DynRow<'v>> {
        let slot = self.slots.next()?;
        self.view.row_in(self.table, slot)
    }
}

impl DoubleEndedIterator for DynRows<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let slot = self.slots.next_back()?;
        self.view.row_in(self.table, slot)
    }
}
