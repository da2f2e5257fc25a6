//! The rows that are next to a point, in a grid.
//!
//! Owns the order in which cells are looked at: ring by ring around the point, in each ring the nearest ones first, and of
//! them only those that may have a row nearer than what was found.

use core::cmp::Ordering;
use std::collections::BinaryHeap;

use super::cursor::Tree;
use super::definition::slot_of;
use super::grid::{CELLS, Cell, Ends, Point, rounding, square_distance};
use super::grid_read::{GridRead, Rows};

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

/// The nearest rows so far.
struct Nearest<'p> {
    point: &'p Point,
    count: usize,
    /// The furthest one first.
    rows: BinaryHeap<Found>,
}

impl<'p> Nearest<'p> {
    fn new(point: &'p Point, count: usize) -> Self {
        Self { point, count, rows: BinaryHeap::new() }
    }

    /// Keeps a row if it is among the nearest ones.
    #[inline]
    fn keep(&mut self, slot: u32, at: &Point) {
        let found = Found { square: square_distance(at, self.point), slot };
        if found.square.is_nan() {
            return;
        }
        if self.rows.len() < self.count {
            self.rows.push(found);
        } else if let Some(mut last) = self.rows.peek_mut()
            && found < *last
        {
            *last = found;
        }
    }

    /// The square of the distance beyond which no row is looked for any more.
    fn limit(&self) -> Option<f64> {
        self.rows.peek().filter(|_| self.rows.len() == self.count).map(|last| last.square)
    }
}

/// Some cells of a band, one after the other.
struct Run {
    /// How near they come to the point; only for their order.
    square: f64,
    band: Cell,
    ends: Ends,
}

impl<'v> GridRead<'v> {
    /// The slots of the `count` rows that are next to a point, with the squares of their distances: the nearest first, of
    /// equally near ones that of the lower slot.
    ///
    /// Looks at the cells around the point, ring by ring, until no row further out can be nearer. Where that would
    /// cost more than looking at all rows, it does that.
    pub fn nearest(&self, point: &Point, count: usize) -> Vec<(f64, u32)> {
        if count == 0 || point.iter().any(|axis| axis.is_nan()) {
            return Vec::new();
        }
        let nearest = self.nearest_in_rings(point, count).unwrap_or_else(|| {
            let mut nearest = Nearest::new(point, count);
            self.visit_all(|slot, at| nearest.keep(slot, at));
            nearest
        });
        nearest.rows.into_sorted_vec().into_iter().map(|found| (found.square, found.slot)).collect()
    }

    fn nearest_in_rings<'p>(&self, point: &'p Point, count: usize) -> Option<Nearest<'p>> {
        let tree = self.tree?;
        let entries = tree.nodes.shape.entries;
        let center = self.spec.cell(point);
        let mut nearest = Nearest::new(point, count);
        let (mut seen, mut looked) = (0, 0);
        let (mut runs, mut rows) = (Vec::new(), self.rows());
        for ring in 0_i64.. {
            self.push_runs(&center, ring, point, &mut runs);
            runs.sort_unstable_by(|one, other| one.square.total_cmp(&other.square));
            looked += runs.len() as u64;
            for run in runs.drain(..) {
                seen += self.look_at(tree, &run, &mut rows, &mut nearest);
            }
            if seen == entries || self.is_complete(&center, ring, &nearest) {
                break;
            }
            // A way down the tree costs as much as some rows.
            if looked > 64 + entries / 8 {
                return None;
            }
        }
        Some(nearest)
    }

    /// Whether nothing outside of the rings up to this one is nearer than what was found.
    fn is_complete(&self, center: &Cell, ring: i64, nearest: &Nearest<'_>) -> bool {
        let border = (0..self.spec.axes()).map(|axis| {
            let at = nearest.point[axis];
            let low = (center[axis] - ring) as f64 * self.spec.edge();
            let high = (center[axis] + ring + 1) as f64 * self.spec.edge();
            let inside = |end: f64| (at - end).abs() - rounding(at, end);
            if low <= at && at <= high { inside(low).min(inside(high)) } else { 0.0 }
        });
        let border = border.fold(f64::INFINITY, f64::min);
        border > 0.0 && nearest.limit().is_some_and(|limit| limit < border * border)
    }

    /// Looks at the rows of those cells of a run that may have one which is near enough. Returns how many there were. `rows` has none,
    /// before and after.
    fn look_at(&self, tree: Tree<'v>, run: &Run, rows: &mut Rows<'v>, nearest: &mut Nearest<'_>) -> u64 {
        let (mut low, mut high) = run.ends;
        if let Some(limit) = nearest.limit().filter(|limit| limit.is_finite())
            && nearest.point.iter().all(|at| at.is_finite())
        {
            let Some((first, last)) = self.spec.cells_touched(&run.band, nearest.point, limit) else { return 0 };
            (low, high) = (low.max(first), high.min(last));
        }
        let mut seen = 0;
        self.each_in_band(tree, &run.band, (low, high), |entry| {
            seen += 1;
            rows.push(slot_of(entry), |slot, at| nearest.keep(slot, at));
        });
        rows.look(|slot, at| nearest.keep(slot, at));
        seen
    }

    /// Appends the runs of cells that are `ring` away from `center`.
    fn push_runs(&self, center: &Cell, ring: i64, point: &Point, runs: &mut Vec<Run>) {
        let last = self.spec.axes() - 1;
        let mut push = |band: Cell, ends: Ends| {
            runs.push(Run { square: self.spec.least_square(&band, ends, point), band, ends });
        };
        let mut offset = [-ring, if last == 2 { -ring } else { 0 }];
        loop {
            let mut band = *center;
            (0..last).for_each(|axis| band[axis] += offset[axis]);
            let is_possible = (0..last).all(|axis| CELLS.contains(&band[axis]));
            let is_side = (0..last).any(|axis| offset[axis].abs() == ring);
            if is_possible && is_side {
                push(band, (center[last] - ring, center[last] + ring));
            } else if is_possible {
                push(band, (center[last] - ring, center[last] - ring));
                push(band, (center[last] + ring, center[last] + ring));
            }
            // The next band.
            if last == 2 && offset[1] < ring {
                offset[1] += 1;
            } else if offset[0] < ring {
                offset = [offset[0] + 1, if last == 2 { -ring } else { 0 }];
            } else {
                return;
            }
        }
    }
}
