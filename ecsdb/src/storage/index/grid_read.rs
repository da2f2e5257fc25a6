//! Looking for rows by where they are, in a grid.
//!
//! Owns the way from a box or a circle to rows. Rows lie anywhere in memory, so the processor is asked for many of them
//! before the first one is looked at. Those in cells that lie wholly inside are not looked at. Of all others the positions
//! in the rows decide, whatever the cells say.

use super::cursor::Tree;
use super::definition::slot_of;
use super::grid::{AXES_MAX, CELLS, Cell, Ends, GridSpec, Point, rounding, square_distance};
use super::read::IndexRead;
use crate::storage::table::Table;

/// How many rows the processor is asked for before the first of them is looked at.
const ROWS_AT_ONCE: usize = 256;

/// Two cells with none between them.
const NONE_BETWEEN: Ends = (0, 0);

/// A grid in one version, with the table that it is of.
pub struct GridRead<'v> {
    pub(super) spec: &'v GridSpec,
    table: &'v Table,
    /// Nothing if it does not say where the rows are, inside of a transaction.
    pub(super) tree: Option<Tree<'v>>,
}

/// What a shape has of a band.
struct Span {
    /// The first and the last cell that it touches.
    touched: Ends,
    /// The rows of the cells between these two are all in it.
    around_covered: Ends,
}

impl<'v> IndexRead<'v> {
    /// The index as a grid, if it is one.
    pub fn grid(self) -> Option<GridRead<'v>> {
        let spec = self.definition().grid.as_ref()?;
        Some(GridRead { spec, table: self.table(), tree: self.is_settled().then(|| self.tree(&[])) })
    }
}

impl<'v> GridRead<'v> {
    /// The slots of the rows in a box, edges included, ascending.
    pub fn in_box(&self, low: &Point, high: &Point) -> Vec<u32> {
        if (0..AXES_MAX).any(|axis| low[axis].is_nan() || high[axis].is_nan() || low[axis] > high[axis]) {
            return Vec::new();
        }
        let is_in = |point: &Point| (0..AXES_MAX).all(|axis| low[axis] <= point[axis] && point[axis] <= high[axis]);
        let (first, last) = (self.spec.cell(low), self.spec.cell(high));
        let end = self.spec.axes() - 1;
        let touched = (first[end], last[end]);
        // A row in a cell further up than that of a corner lies further up than the corner itself.
        let span = |band: &Cell| {
            let is_between = (0..end).all(|axis| first[axis] < band[axis] && band[axis] < last[axis]);
            Some(Span { touched, around_covered: if is_between { touched } else { NONE_BETWEEN } })
        };
        self.find((first, last), span, is_in)
    }

    /// The slots of the rows that are no further than `radius` from a point, ascending.
    pub fn within(&self, center: &Point, radius: f64) -> Vec<u32> {
        if radius.is_nan() || radius < 0.0 || center.iter().any(|at| at.is_nan()) {
            return Vec::new();
        }
        let square = radius * radius;
        let is_near = |point: &Point| square_distance(point, center) <= square;
        // A box that has room for errors of rounding. What is infinitely far away may be anywhere.
        let side = |way: f64| {
            let end = move |at: f64| at + way * (radius + rounding(at, radius));
            center.map(|at| if at.is_finite() { end(at) } else { way * f64::INFINITY })
        };
        let (first, last) = (self.spec.cell(&side(-1.0)), self.spec.cell(&side(1.0)));
        let end = self.spec.axes() - 1;
        let is_finite = square.is_finite() && center.iter().all(|at| at.is_finite());
        let span = |band: &Cell| {
            if !is_finite {
                return Some(Span { touched: (first[end], last[end]), around_covered: NONE_BETWEEN });
            }
            let touched = self.spec.cells_touched(band, center, square)?;
            Some(Span { touched, around_covered: self.spec.cells_around_covered(band, center, square) })
        };
        self.find((first, last), span, is_near)
    }

    /// The slots of the rows of a shape, ascending: it lies in the cells between two corners, has of each band what `span`
    /// says, and of rows those at the places that are `is_in`.
    fn find(
        &self,
        (first, last): (Cell, Cell),
        span: impl Fn(&Cell) -> Option<Span>,
        is_in: impl Fn(&Point) -> bool,
    ) -> Vec<u32> {
        let (mut found, mut covered) = (Vec::new(), Vec::new());
        let mut look = |slot, point: &Point| {
            if is_in(point) {
                found.push(slot);
            }
        };
        let mut rows = self.rows();
        match self.tree {
            Some(tree) if self.band_count(&first, &last) > 16 + tree.nodes.shape.keys / 4 => {
                // One way along all cells between the corners, most of which are empty.
                self.each_entry(tree, (&first, &last), |entry| {
                    let cell = self.spec.cell_of_entry(entry);
                    if (0..self.spec.axes()).all(|axis| first[axis] <= cell[axis] && cell[axis] <= last[axis]) {
                        rows.push(slot_of(entry), &mut look);
                    }
                });
            }
            Some(tree) => self.each_band(&first, &last, |band| {
                let Some(span) = span(band) else { return };
                let (after, before) = span.around_covered;
                self.each_in_band(tree, band, span.touched, |entry| {
                    let cell = self.spec.last_axis_of_entry(entry);
                    if after < cell && cell < before {
                        covered.push(slot_of(entry));
                    } else {
                        rows.push(slot_of(entry), &mut look);
                    }
                });
            }),
            None => self.table.slots().for_each(|slot| rows.push(slot, &mut look)),
        }
        rows.look(look);
        found.append(&mut covered);
        found.sort_unstable();
        found
    }

    fn band_count(&self, first: &Cell, last: &Cell) -> u64 {
        let counts = (0..self.spec.axes() - 1).map(|axis| (last[axis] - first[axis]) as u64 + 1);
        counts.fold(1, u64::saturating_mul)
    }

    /// Calls `each` with each band between two corners.
    fn each_band(&self, first: &Cell, last: &Cell, mut each: impl FnMut(&Cell)) {
        let end = self.spec.axes() - 1;
        let mut band = *first;
        loop {
            each(&band);
            let Some(axis) = (0..end).rev().find(|axis| band[*axis] < last[*axis]) else { return };
            band[axis] += 1;
            (axis + 1..end).for_each(|axis| band[axis] = first[axis]);
        }
    }

    /// Calls `each` with the entries of the cells from `low` to `high` of a band.
    pub(super) fn each_in_band(&self, tree: Tree<'v>, band: &Cell, (low, high): Ends, each: impl FnMut(&'v [u8])) {
        let (low, high) = (low.max(*CELLS.start()), high.min(*CELLS.end()));
        if low <= high {
            let end = |at: i64| {
                let mut cell = *band;
                cell[self.spec.axes() - 1] = at;
                cell
            };
            self.each_entry(tree, (&end(low), &end(high)), each);
        }
    }

    /// Calls `each` with the entries of the cells from one to another one, in their order.
    fn each_entry(&self, tree: Tree<'v>, (first, last): (&Cell, &Cell), mut each: impl FnMut(&'v [u8])) {
        tree.each_leaf(&self.spec.entry(first, 0), &self.spec.entry(last, u8::MAX), |entries| {
            for entry in entries.chunks_exact(tree.layout.width()) {
                each(entry);
            }
        });
    }

    /// How many rows are somewhere. Cost: a look at all rows.
    pub fn count(&self) -> u64 {
        let mut count = 0;
        self.visit_all(|_, _| count += 1);
        count
    }

    /// Calls `each` with every row that is somewhere.
    pub(super) fn visit_all(&self, mut each: impl FnMut(u32, &Point)) {
        let mut rows = self.rows();
        self.table.slots().for_each(|slot| rows.push(slot, &mut each));
        rows.look(each);
    }

    /// No rows yet.
    pub(super) fn rows(&self) -> Rows<'v> {
        Rows { spec: self.spec, table: self.table, asked_for: Vec::with_capacity(ROWS_AT_ONCE) }
    }
}

/// Rows that the processor was asked for, and that are still to be looked at.
pub(super) struct Rows<'v> {
    spec: &'v GridSpec,
    table: &'v Table,
    asked_for: Vec<(u32, &'v [u8])>,
}

impl Rows<'_> {
    /// Adds the row in this slot. Where there are many, they are looked at, with `each`.
    #[inline]
    pub fn push(&mut self, slot: u32, each: impl FnMut(u32, &Point)) {
        if let Some(row) = self.table.row_bytes(slot) {
            self.spec.prefetch_point(row);
            self.asked_for.push((slot, row));
            if self.asked_for.len() == ROWS_AT_ONCE {
                self.look(each);
            }
        }
    }

    /// Calls `each` with those that there are, and where they are. None are left.
    pub fn look(&mut self, mut each: impl FnMut(u32, &Point)) {
        for (slot, row) in self.asked_for.drain(..) {
            if let Some(point) = self.spec.point(row) {
                each(slot, &point);
            }
        }
    }
}
