//! A grid over two or three numbers: which cell a row is in, and which cells have to do with a circle or a sphere.
//!
//! Owns cells and distances, and what is to be said of them in spite of errors of rounding. The entries of a grid are
//! ordered by cell, row by row of the grid: the cells that differ on the last axis only, a *band*, stand one after the
//! other. A row that moves within its cell changes no entry.

use core::ops::RangeInclusive;

use smallvec::SmallVec;

use super::tree::SLOT_BYTES;
use crate::bytes::prefetch;
use crate::schema::{Scalar, Value};

/// Bytes of a cell on one axis, in an entry.
const AXIS_BYTES: usize = 4;

/// The most axes.
pub const AXES_MAX: usize = 3;

/// The cells that there are on an axis. What lies beyond them is in the first one and in the last one.
pub const CELLS: RangeInclusive<i64> = i32::MIN as i64..=i32::MAX as i64;

/// By which share of the square of a distance cells are taken for nearer, or for further away, than they seem: far more
/// than what the squares and their sum are wrong by.
const SLACK: f64 = 1e-9;

/// An entry in the making.
pub type Entry = SmallVec<[u8; AXES_MAX * AXIS_BYTES + SLOT_BYTES]>;

/// Where something is, axis by axis; those behind the last one are 0.
pub type Point = [f64; AXES_MAX];

/// The cell of each axis.
pub type Cell = [i64; AXES_MAX];

/// Two cells of a band, on the last axis.
pub type Ends = (i64, i64);

/// A grid: which columns are the axes, and how long the edges of its cells are.
#[derive(Clone, Debug, PartialEq)]
pub struct GridSpec {
    /// Where each column starts in the row, and what it holds.
    axes: [Option<(usize, Scalar)>; AXES_MAX],
    edge: f64,
}

impl GridSpec {
    /// The grid over these columns, two or three numbers, with cells of this edge.
    pub fn new(columns: impl IntoIterator<Item = (usize, Scalar)>, edge: f64) -> Self {
        let mut columns = columns.into_iter();
        Self { axes: core::array::from_fn(|_| columns.next()), edge }
    }

    /// How many axes it has.
    pub fn axes(&self) -> usize {
        self.axes.iter().flatten().count()
    }

    /// How long the edges of its cells are.
    pub fn edge(&self) -> f64 {
        self.edge
    }

    /// Asks the processor for where the row is.
    #[inline]
    pub fn prefetch_point(&self, row: &[u8]) {
        // A row may begin in one line and end in the next one; a number never does.
        for (start, _) in self.axes.iter().flatten() {
            prefetch(row.as_ptr().wrapping_add(*start), 1);
        }
    }

    /// Bytes of the cell in an entry.
    pub fn key_len(&self) -> usize {
        self.axes() * AXIS_BYTES
    }

    /// Where the row is; nothing if it is nowhere, since a number is none.
    #[inline(always)]
    pub fn point(&self, row: &[u8]) -> Option<Point> {
        // One by one: a loop would have the numbers written to memory and read again.
        let axis = |axis: usize| self.axes[axis].map_or(0.0, |(start, scalar)| number(scalar, &row[start..]));
        let point = [axis(0), axis(1), axis(2)];
        point.iter().all(|axis| !axis.is_nan()).then_some(point)
    }

    /// The cell of a place on an axis. What lies further up is never in a cell further down.
    fn cell_on_axis(&self, at: f64) -> i64 {
        // A cast saturates.
        ((at / self.edge).floor() as i64).clamp(*CELLS.start(), *CELLS.end())
    }

    /// The cell that a point is in.
    pub fn cell(&self, point: &Point) -> Cell {
        let mut cell = Cell::default();
        for (cell, at) in cell.iter_mut().zip(point).take(self.axes()) {
            *cell = self.cell_on_axis(*at);
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
    pub fn entry(&self, cell: &Cell, with: u8) -> Entry {
        let mut entry: Entry = self.key(cell).into_iter().flatten().collect();
        entry.resize(entry.len() + SLOT_BYTES, with);
        entry
    }

    /// The cell of an entry.
    pub fn cell_of_entry(&self, entry: &[u8]) -> Cell {
        let mut cell = Cell::default();
        for (cell, bytes) in cell.iter_mut().zip(entry.chunks_exact(AXIS_BYTES)).take(self.axes()) {
            let biased = bytes.iter().fold(0, |number: i64, byte| number << 8 | i64::from(*byte));
            *cell = biased + i64::from(i32::MIN);
        }
        cell
    }

    /// The cell of an entry on the last axis.
    #[inline]
    pub fn last_axis_of_entry(&self, entry: &[u8]) -> i64 {
        let last = entry[self.key_len() - AXIS_BYTES..].first_chunk();
        last.map_or(0, |bytes| i64::from(u32::from_be_bytes(*bytes))) + CELLS.start()
    }

    /// From where to where a cell goes on an axis.
    fn sides(&self, cell: i64) -> (f64, f64) {
        let low = if cell == *CELLS.start() { f64::NEG_INFINITY } else { cell as f64 * self.edge };
        let high = if cell == *CELLS.end() { f64::INFINITY } else { (cell + 1) as f64 * self.edge };
        (low, high)
    }

    /// How far a row in this cell of an axis is at least from `at`, which is finite.
    fn least_distance(&self, cell: i64, at: f64) -> f64 {
        let (low, high) = self.sides(cell);
        // What is no number is passed over.
        (low - at - rounding(low, at)).max(at - high - rounding(high, at)).max(0.0)
    }

    /// How far a row in this cell of an axis is at most from `at`, which is finite.
    fn greatest_distance(&self, cell: i64, at: f64) -> f64 {
        let (low, high) = self.sides(cell);
        (high - at + rounding(high, at)).max(at - low + rounding(low, at))
    }

    /// The square of the distance that rows in the cells from `low` to `high` of a band have at least from a point. It
    /// says something only if all coordinates of the point are finite.
    pub fn least_square(&self, band: &Cell, (low, high): Ends, point: &Point) -> f64 {
        let last = self.axes() - 1;
        let on_last = self.least_distance(self.cell_on_axis(point[last]).clamp(low, high), point[last]);
        self.square_to_band(band, point, Self::least_distance) + on_last * on_last
    }

    fn square_to_band(&self, band: &Cell, point: &Point, distance: impl Fn(&Self, i64, f64) -> f64) -> f64 {
        let axes = (0..self.axes() - 1).map(|axis| distance(self, band[axis], point[axis]));
        axes.map(|distance| distance * distance).sum()
    }

    /// The first and the last cell of a band in which there may be rows whose distance from `center` has no greater square
    /// than `square`; nothing if there is no such cell. All numbers are finite.
    pub fn cells_touched(&self, band: &Cell, center: &Point, square: f64) -> Option<Ends> {
        let rest = square * (1.0 + SLACK) - self.square_to_band(band, center, Self::least_distance);
        if rest < 0.0 {
            return None;
        }
        let at = center[self.axes() - 1];
        let half = rest.sqrt();
        let half = half + rounding(at, half);
        Some((self.cell_on_axis(at - half), self.cell_on_axis(at + half)))
    }

    /// Two cells of a band between which, they excluded, all rows have a distance from `center` whose square is no greater
    /// than `square`. All numbers are finite.
    pub fn cells_around_covered(&self, band: &Cell, center: &Point, square: f64) -> Ends {
        let rest = square * (1.0 - SLACK) - self.square_to_band(band, center, Self::greatest_distance);
        let at = center[self.axes() - 1];
        let half = rest.max(0.0).sqrt();
        let half = half - rounding(at, half);
        (self.cell_on_axis(at - half), self.cell_on_axis(at + half))
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

/// The square of the distance of two points.
pub fn square_distance(one: &Point, other: &Point) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other) * (one - other)).sum()
}

/// The most by which a distance between numbers of this size is wrong, compared with the borders of cells, for being
/// computed in floats: some units in the last place; and what is too small to have a square.
pub fn rounding(one: f64, other: f64) -> f64 {
    (one.abs() + other.abs()) * (8.0 * f64::EPSILON) + 1e-150
}
