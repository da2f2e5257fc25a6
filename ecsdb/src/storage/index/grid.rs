//! A grid over two or three numbers: which cell a row is in, and looking for rows by where they are.
//!
//! Owns cells and distances. The entries of a grid are ordered by cell, row by row of the grid, so that a run of cells along the
//! last axis is one range of the tree. A row that moves within its cell changes no entry. Whatever the cells say, the positions in the
//! rows decide.

use core::cmp::Ordering;
use std::collections::BinaryHeap;

use smallvec::SmallVec;

use super::cursor::Tree;
use super::definition::slot_of;
use super::read::IndexRead;
use super::tree::SLOT_BYTES;
use crate::schema::{Scalar, Value};
use crate::storage::table::Table;

/// Bytes of a cell on one axis, in an entry.
const AXIS_BYTES: usize = 4;

/// The most axes.
const AXES_MAX: usize = 3;

/// How many rows the processor is asked for before the first of them is looked at: they lie anywhere.
const ROWS_AT_ONCE: usize = 32;

/// An entry in the making.
type Entry = SmallVec<[u8; AXES_MAX * AXIS_BYTES + SLOT_BYTES]>;

/// Where something is, axis by axis; those behind the last one are 0.
pub type Point = [f64; AXES_MAX];

/// The cell of each axis.
type Cell = [i64; AXES_MAX];

/// A grid: which columns are the axes, and how long the edges of its cells are.
#[derive(Clone, Debug, PartialEq)]
pub struct GridSpec {
    /// Where each column starts in the row, and what it holds.
    axes: Box<[(usize, Scalar)]>,
    edge: f64,
}

impl GridSpec {
    /// The grid over these columns, two or three numbers, with cells of this edge.
    pub fn new(axes: Box<[(usize, Scalar)]>, edge: f64) -> Self {
        Self { axes, edge }
    }

    /// How many axes it has.
    pub fn axes(&self) -> usize {
        self.axes.len()
    }

    /// Bytes of the cell in an entry.
    pub fn key_len(&self) -> usize {
        self.axes.len() * AXIS_BYTES
    }

    /// Where the row is; nothing if it is nowhere, since a number is none.
    pub fn point(&self, row: &[u8]) -> Option<Point> {
        let mut point = Point::default();
        for (axis, (start, scalar)) in point.iter_mut().zip(&self.axes) {
            *axis = number(*scalar, &row[*start..]);
        }
        point.iter().all(|axis| !axis.is_nan()).then_some(point)
    }

    fn cell(&self, point: &Point) -> Cell {
        let mut cell = Cell::default();
        for (cell, at) in cell.iter_mut().zip(point).take(self.axes()) {
            // A cast saturates.
            *cell = ((at / self.edge).floor() as i64).clamp(i32::MIN.into(), i32::MAX.into());
        }
        cell
    }

    /// Appends the cell of a point as it stands in an entry.
    pub fn push_cell(&self, point: &Point, out: &mut Vec<u8>) {
        out.extend(self.key(&self.cell(point)).into_iter().flatten());
    }

    /// The cell as it stands in an entry, axis by axis.
    fn key(&self, cell: &Cell) -> impl IntoIterator<Item = [u8; AXIS_BYTES]> {
        let biased = cell.map(|axis| ((axis - i64::from(i32::MIN)) as u32).to_be_bytes());
        biased.into_iter().take(self.axes())
    }

    /// The least or the greatest entry that there may be of a cell, with slots of the bytes `with`.
    fn entry(&self, cell: &Cell, with: u8) -> Entry {
        let mut entry: Entry = self.key(cell).into_iter().flatten().collect();
        entry.resize(entry.len() + SLOT_BYTES, with);
        entry
    }

    fn cell_of_key(&self, key: &[u8]) -> Cell {
        let mut cell = Cell::default();
        for (cell, bytes) in cell.iter_mut().zip(key.chunks_exact(AXIS_BYTES)).take(self.axes()) {
            let biased = bytes.iter().fold(0, |number: i64, byte| number << 8 | i64::from(*byte));
            *cell = biased + i64::from(i32::MIN);
        }
        cell
    }
}

/// A number of a row as a coordinate.
#[inline]
fn number(scalar: Scalar, bytes: &[u8]) -> f64 {
    match (scalar, bytes.first_chunk(), bytes.first_chunk()) {
        (Scalar::F32, Some(bytes), _) => f32::from_le_bytes(*bytes).into(),
        (Scalar::F64, _, Some(bytes)) => f64::from_le_bytes(*bytes),
        _ => other_number(scalar, bytes),
    }
}

fn other_number(scalar: Scalar, bytes: &[u8]) -> f64 {
    match Value::decode(&crate::schema::FieldType::Scalar(scalar), bytes, &[]) {
        Value::U8(value) => value.into(),
        Value::U16(value) => value.into(),
        Value::U32(value) => value.into(),
        Value::U64(value) => value as f64,
        Value::I8(value) => value.into(),
        Value::I16(value) => value.into(),
        Value::I32(value) => value.into(),
        Value::I64(value) => value as f64,
        _ => f64::NAN,
    }
}

fn square_distance(one: &Point, other: &Point) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other) * (one - other)).sum()
}

/// The most by which a distance between numbers of this size is wrong, compared with the borders of cells, for being computed in floats:
/// some units in the last place; and what is too small to have a square.
fn rounding(one: f64, other: f64) -> f64 {
    (one.abs() + other.abs()) * (8.0 * f64::EPSILON) + 1e-150
}

/// A grid in one version, with the table that it is of.
pub struct GridRead<'v> {
    spec: &'v GridSpec,
    table: &'v Table,
    /// Nothing if it does not say where the rows are, inside of a transaction.
    tree: Option<Tree<'v>>,
}

/// A row that was found, by its distance.
#[derive(PartialEq)]
struct Found {
    square: f64,
    slot: u32,
}

impl Eq for Found {}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> Ordering {
        self.square.total_cmp(&other.square).then(self.slot.cmp(&other.slot))
    }
}

impl<'v> IndexRead<'v> {
    /// The index as a grid, if it is one.
    pub fn grid(self) -> Option<GridRead<'v>> {
        let spec = self.definition().grid.as_ref()?;
        Some(GridRead { spec, table: self.table(), tree: self.is_settled().then(|| self.tree(&[])) })
    }
}

impl GridRead<'_> {
    /// The slots of the rows in a box, edges included, ascending.
    pub fn in_box(&self, low: &Point, high: &Point) -> Vec<u32> {
        let is_in = |point: &Point| (0..AXES_MAX).all(|axis| low[axis] <= point[axis] && point[axis] <= high[axis]);
        let mut found = Vec::new();
        self.visit_box(low, high, |slot, point| {
            if is_in(&point) {
                found.push(slot);
            }
        });
        found.sort_unstable();
        found
    }

    /// The slots of the rows that are no further than `radius` from a point, ascending.
    pub fn within(&self, center: &Point, radius: f64) -> Vec<u32> {
        let mut found = Vec::new();
        if radius.is_nan() || radius < 0.0 || center.iter().any(|at| at.is_nan()) {
            return found;
        }
        // A box that has room for errors of rounding. What is infinitely far away may be anywhere.
        let side = |way: f64| {
            let end = move |at: f64| at + way * (radius + rounding(at, radius));
            center.map(|at| if at.is_finite() { end(at) } else { way * f64::INFINITY })
        };
        let (low, high) = (side(-1.0), side(1.0));
        self.visit_box(&low, &high, |slot, point| {
            if square_distance(&point, center) <= radius * radius {
                found.push(slot);
            }
        });
        found.sort_unstable();
        found
    }

    /// The slots of the `count` rows that are next to a point, with the squares of their distances: the nearest first, of equally near ones that
    /// of the lower slot.
    ///
    /// Looks at the cells around the point, ring by ring, until no row further out can be nearer. Where that would
    /// cost more than looking at all rows, it does that.
    pub fn nearest(&self, point: &Point, count: usize) -> Vec<(f64, u32)> {
        if count == 0 || point.iter().any(|axis| axis.is_nan()) {
            return Vec::new();
        }
        let best = self.nearest_in_rings(point, count).unwrap_or_else(|| {
            let mut best = BinaryHeap::new();
            self.visit_all(|slot, at| keep(&mut best, count, slot, square_distance(&at, point)));
            best
        });
        best.into_sorted_vec().into_iter().map(|found| (found.square, found.slot)).collect()
    }

    fn nearest_in_rings(&self, point: &Point, count: usize) -> Option<BinaryHeap<Found>> {
        let tree = self.tree?;
        let (spec, entries) = (self.spec, tree.nodes.shape.entries);
        let center = spec.cell(point);
        let mut best = BinaryHeap::new();
        let (mut seen, mut looked) = (0, 0);
        for ring in 0_i64.. {
            self.visit_ring(tree, &center, ring, |run| {
                looked += 1;
                self.visit(run, |slot, at| {
                    seen += 1;
                    keep(&mut best, count, slot, square_distance(&at, point));
                });
            });
            if seen == entries {
                break;
            }
            // Nothing outside of the rings so far is nearer than their border.
            let border = (0..spec.axes()).map(|axis| {
                let low = (center[axis] - ring) as f64 * spec.edge;
                let high = (center[axis] + ring + 1) as f64 * spec.edge;
                let inside = |end: f64| (point[axis] - end).abs() - rounding(point[axis], end);
                if low <= point[axis] && point[axis] <= high { inside(low).min(inside(high)) } else { 0.0 }
            });
            let border = border.fold(f64::INFINITY, f64::min);
            if best.len() == count && border > 0.0 && best.peek().is_some_and(|last| last.square < border * border) {
                break;
            }
            // A way down the tree costs as much as some rows.
            if looked > 64 + entries / 8 {
                return None;
            }
        }
        Some(best)
    }

    /// Calls `each` with the slots of each run of cells that are `ring` away from `center`.
    fn visit_ring<'s>(
        &'s self,
        tree: Tree<'s>,
        center: &Cell,
        ring: i64,
        mut each: impl FnMut(&mut dyn Iterator<Item = u32>),
    ) {
        let last = self.spec.axes() - 1;
        let mut offset = [-ring, if last == 2 { -ring } else { 0 }];
        loop {
            let mut cell = *center;
            (0..last).for_each(|axis| cell[axis] += offset[axis]);
            let is_possible = (0..last).all(|axis| i32::try_from(cell[axis]).is_ok());
            let is_side = (0..last).any(|axis| offset[axis].abs() == ring);
            if is_possible && is_side {
                each(&mut self.run(tree, &cell, center[last] - ring, center[last] + ring));
            } else if is_possible {
                for at in [center[last] - ring, center[last] + ring] {
                    each(&mut self.run(tree, &cell, at, at));
                }
            }
            // The next cell of the axes before the last one.
            if last == 2 && offset[1] < ring {
                offset[1] += 1;
            } else if offset[0] < ring {
                offset = [offset[0] + 1, if last == 2 { -ring } else { 0 }];
            } else {
                return;
            }
        }
    }

    /// The slots of the rows in the cells from `low` to `high` on the last axis, at `cell` on the others.
    fn run<'s>(&'s self, tree: Tree<'s>, cell: &Cell, low: i64, high: i64) -> impl Iterator<Item = u32> + use<'s> {
        let limits = i64::from(i32::MIN)..=i64::from(i32::MAX);
        let is_empty = high < *limits.start() || low > *limits.end();
        let end = |at: i64, with: u8| {
            let mut cell = *cell;
            cell[self.spec.axes() - 1] = at.clamp(*limits.start(), *limits.end());
            self.spec.entry(&cell, with)
        };
        let entries = (!is_empty).then(|| tree.range(&end(low, 0), &end(high, u8::MAX)));
        entries.into_iter().flatten().map(slot_of)
    }

    /// Calls `each` with the rows in these slots and where they are.
    #[inline]
    fn visit(&self, mut slots: impl Iterator<Item = u32>, mut each: impl FnMut(u32, Point)) {
        let mut next = [0; ROWS_AT_ONCE];
        loop {
            let mut count = 0;
            for (place, slot) in next.iter_mut().zip(&mut slots) {
                self.table.prefetch_row(slot);
                *place = slot;
                count += 1;
            }
            for slot in &next[..count] {
                if let Some(point) = self.table.row_bytes(*slot).and_then(|row| self.spec.point(row)) {
                    each(*slot, point);
                }
            }
            if count < ROWS_AT_ONCE {
                return;
            }
        }
    }

    /// Calls `each` with every row in the cells of a box, and maybe with others.
    fn visit_box(&self, low: &Point, high: &Point, mut each: impl FnMut(u32, Point)) {
        let Some(tree) = self.tree else { return self.visit_all(each) };
        if (0..self.spec.axes()).any(|axis| low[axis].is_nan() || high[axis].is_nan() || low[axis] > high[axis]) {
            return;
        }
        let (first, last) = (self.spec.cell(low), self.spec.cell(high));
        let axes = self.spec.axes();
        let runs = (0..axes - 1).map(|axis| (last[axis] - first[axis]) as u64 + 1).fold(1, u64::saturating_mul);
        if runs > 16 + tree.nodes.shape.keys / 4 {
            // One way along all cells between the corners, most of which are empty.
            let entries = tree.range(&self.spec.entry(&first, 0), &self.spec.entry(&last, u8::MAX));
            let is_in = |entry: &&[u8]| {
                let cell = self.spec.cell_of_key(entry);
                (0..axes).all(|axis| first[axis] <= cell[axis] && cell[axis] <= last[axis])
            };
            return self.visit(entries.filter(is_in).map(slot_of), each);
        }
        let mut cell = first;
        loop {
            self.visit(self.run(tree, &cell, first[axes - 1], last[axes - 1]), &mut each);
            let Some(axis) = (0..axes - 1).rev().find(|axis| cell[*axis] < last[*axis]) else { return };
            cell[axis] += 1;
            (axis + 1..axes - 1).for_each(|axis| cell[axis] = first[axis]);
        }
    }

    /// How many rows are somewhere. Cost: a look at all rows.
    pub fn count(&self) -> u64 {
        let mut count = 0;
        self.visit_all(|_, _| count += 1);
        count
    }

    /// Calls `each` with every row that is somewhere.
    fn visit_all(&self, each: impl FnMut(u32, Point)) {
        self.visit(self.table.slots(), each);
    }
}

/// Keeps the `count` nearest rows.
fn keep(best: &mut BinaryHeap<Found>, count: usize, slot: u32, square: f64) {
    let found = Found { square, slot };
    if square.is_nan() {
        return;
    }
    if best.len() < count {
        best.push(found);
    } else if best.peek().is_some_and(|last| found < *last) {
        best.pop();
        best.push(found);
    }
}
