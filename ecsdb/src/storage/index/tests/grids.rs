//! Grids against a look at all positions.

use proptest::prelude::*;

use crate::bytes::RowBytes;
use crate::changes::ColumnSet;
use crate::schema::{FieldType, IndexKind, KeySpec, Scalar};
use crate::storage::index::definition::{Definitions, IndexDefinition, IndexRole};
use crate::storage::index::grid::{GridSpec, Point};
use crate::storage::index::grid_read::GridRead;
use crate::storage::index::read::IndexRead;
use crate::storage::{RowShape, Store, Version};

/// A grid over two or three floats that stand one after the other.
fn grid(axes: usize, edge: f64) -> IndexDefinition {
    grid_of(axes, edge, Scalar::F32)
}

fn grid_of(axes: usize, edge: f64, scalar: Scalar) -> IndexDefinition {
    let (float, bytes) = (FieldType::Scalar(scalar), scalar.size());
    let columns: Vec<(usize, &FieldType)> = (0..axes).map(|axis| (bytes * axis, &float)).collect();
    IndexDefinition {
        table: 0,
        table_name: "t".into(),
        name: "place".into(),
        kind: IndexKind::Grid { cell: edge },
        role: IndexRole::Declared(0),
        is_unique: false,
        fields: ColumnSet::ALL,
        key: KeySpec::new(columns).unwrap(),
        grid: Some(GridSpec::new((0..axes).map(|axis| (bytes * axis, scalar)), edge)),
    }
}

fn bytes(at: [f32; 3]) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes.chunks_exact_mut(4).zip(at).for_each(|(bytes, at)| bytes.copy_from_slice(&at.to_le_bytes()));
    bytes
}

fn coordinate() -> impl Strategy<Value = f32> {
    prop_oneof![
        12 => -50.0..50.0_f32,
        4 => (-5..5_i8).prop_map(|at| f32::from(at) * 4.0),
        1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e12, -1e12, 0.0, -0.0]),
    ]
}

/// What all rows say, row by row.
fn positions(version: &Version, axes: usize) -> Vec<(u32, [f64; 3])> {
    let table = &version.tables[0];
    let position = |slot| {
        let row = table.row_bytes(slot).unwrap();
        let mut at = [0.0; 3];
        for (axis, bytes) in row.chunks_exact(4).take(axes).enumerate() {
            at[axis] = f64::from(f32::from_le_bytes(bytes.try_into().unwrap()));
        }
        (slot, at)
    };
    table.slots().map(position).filter(|(_, at)| at.iter().all(|at| !at.is_nan())).collect()
}

fn square(one: &Point, other: &Point) -> f64 {
    (0..3).map(|axis| (one[axis] - other[axis]) * (one[axis] - other[axis])).sum()
}

fn check(grid: &GridRead<'_>, rows: &[(u32, [f64; 3])], center: &Point, other: &Point, radius: f64, count: usize) {
    let expected: Vec<u32> =
        rows.iter().filter(|(_, at)| square(at, center) <= radius * radius).map(|(slot, _)| *slot).collect();
    assert_eq!(grid.within(center, radius), expected, "within {radius} of {center:?}");
    let low: Point = core::array::from_fn(|axis| center[axis].min(other[axis]));
    let high: Point = core::array::from_fn(|axis| center[axis].max(other[axis]));
    let is_in = |at: &[f64; 3]| (0..3).all(|axis| low[axis] <= at[axis] && at[axis] <= high[axis]);
    let expected: Vec<u32> = rows.iter().filter(|(_, at)| is_in(at)).map(|(slot, _)| *slot).collect();
    assert_eq!(grid.in_box(&low, &high), expected, "from {low:?} to {high:?}");
    let mut nearest: Vec<(f64, u32)> = rows.iter().map(|(slot, at)| (square(at, center), *slot)).collect();
    nearest.retain(|(square, _)| !square.is_nan());
    nearest.sort_by(|(one, slot), (other, second)| one.total_cmp(other).then(slot.cmp(second)));
    nearest.truncate(count);
    assert_eq!(grid.nearest(center, count), nearest, "{count} next to {center:?}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 1 } else { ProptestConfig::default().cases.max(100) },
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_grid_finds_what_a_look_at_all_positions_finds(
        axes in 2..4_usize,
        edge in prop::sample::select(vec![0.5, 4.0, 30.0, 1000.0]),
        places in prop::collection::vec(prop::array::uniform3(coordinate()), 0..if cfg!(miri) { 12 } else { 300 }),
        moves in prop::collection::vec(
            (any::<u16>(), prop::option::of(prop::array::uniform3(coordinate()))),
            0..if cfg!(miri) { 6 } else { 20 },
        ),
        looks in prop::collection::vec(
            (prop::array::uniform3(-60.0..60.0_f64), prop::array::uniform3(-60.0..60.0_f64), 0.0..60.0_f64, 0..20_usize),
            1..if cfg!(miri) { 2 } else { 6 },
        ),
    ) {
        let definitions = Definitions::new(1, vec![grid(axes, edge)]);
        let mut store = Store::with_indexes([RowShape::plain(12)], definitions, usize::MAX);
        let mut batch = store.batch();
        batch.begin();
        let set = batch.sets().intern(&[0]);
        for place in &places {
            let taken = batch.spawn(set, 1).unwrap();
            let slot = batch.entity_in(taken.block, taken.mask.trailing_zeros()).slot();
            batch.insert_row(0, slot, RowBytes::plain(&bytes(*place))).unwrap();
        }
        batch.settle_indexes().unwrap();
        for (nth, to) in moves {
            let slot = u32::from(nth) % (places.len() as u32 + 1);
            match to {
                Some(place) if batch.version().tables[0].contains(slot) => {
                    batch.put(0, slot, RowBytes::plain(&bytes(place))).unwrap();
                }
                _ => {
                    batch.remove(0, slot).unwrap();
                }
            }
        }
        let flat = |point: Point| if axes == 2 { [point[0], point[1], 0.0] } else { point };
        for is_settled in [false, true] {
            if is_settled {
                batch.settle_indexes().unwrap();
            }
            let rows = positions(batch.version(), axes);
            let grid = IndexRead::new(batch.version(), 0).grid().unwrap();
            for (center, other, radius, count) in &looks {
                check(&grid, &rows, &flat(*center), &flat(*other), *radius, *count);
            }
            // From the middle of a row.
            if let Some((_, at)) = rows.first() {
                check(&grid, &rows, at, at, 0.0, 3);
            }
        }
        batch.rollback();
    }
}

/// Numbers at the borders of cells of 0.1, and next to them.
fn at_a_border() -> impl Strategy<Value = f64> {
    (-20..20_i8, 0..4_u8).prop_map(|(cell, nudge)| {
        let border = f64::from(cell) * 0.1;
        match nudge {
            0 => border.next_down(),
            1 => border.next_up(),
            _ => border,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 1 } else { ProptestConfig::default().cases.max(100) },
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_lies_on_the_border_of_a_cell_is_found(
        far in prop::sample::select(vec![0.0, 1e4, -1e6]),
        places in prop::collection::vec((at_a_border(), at_a_border()), 1..if cfg!(miri) { 10 } else { 100 }),
        looks in prop::collection::vec(
            (at_a_border(), at_a_border(), at_a_border(), 0..6_usize),
            1..if cfg!(miri) { 3 } else { 20 },
        ),
    ) {
        let definitions = Definitions::new(1, vec![grid_of(2, 0.1, Scalar::F64)]);
        let mut store = Store::with_indexes([RowShape::plain(16)], definitions, usize::MAX);
        let mut batch = store.batch();
        batch.begin();
        let set = batch.sets().intern(&[0]);
        let mut rows = Vec::new();
        for (x, y) in places {
            let taken = batch.spawn(set, 1).unwrap();
            let slot = batch.entity_in(taken.block, taken.mask.trailing_zeros()).slot();
            let at = [far + x, y];
            let bytes: Vec<u8> = at.iter().flat_map(|at| at.to_le_bytes()).collect();
            batch.insert_row(0, slot, RowBytes::plain(&bytes)).unwrap();
            rows.push((slot, [at[0], at[1], 0.0]));
        }
        rows.sort_unstable_by_key(|(slot, _)| *slot);
        batch.settle_indexes().unwrap();
        let grid = IndexRead::new(batch.version(), 0).grid().unwrap();
        for (x, y, reach, count) in looks {
            let center = [far + x, y, 0.0];
            check(&grid, &rows, &center, &[center[0] + reach, y + reach, 0.0], reach.abs(), count);
        }
        batch.rollback();
    }
}
