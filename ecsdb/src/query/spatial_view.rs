//! Reading spatial indexes: rows by where they are.

use core::marker::PhantomData;
use std::vec::IntoIter;

use super::view::View;
use crate::component::{Number, SpatialIndex};
use crate::entity::Entity;
use crate::schema::{Schema, TableOf};
use crate::storage::{GridRead, IndexRead, IndexRole, Point};

/// A number that says where something is on an axis.
pub trait Coordinate: Number + Copy {
    /// The number. Large integers lose what an `f64` has no room for.
    fn to_f64(self) -> f64;
}

macro_rules! coordinates {
    ($($ty:ty),+) => {$(
        impl Coordinate for $ty {
            #[inline]
            #[allow(clippy::cast_lossless, clippy::unnecessary_cast)]
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    )+};
}
coordinates!(f32, f64, u8, u16, u32, u64, i8, i16, i32, i64);

/// A spatial index of one version: the rows of `T` by where they are.
///
/// It finds what a look at all rows finds: cells only say where to look. Rows of which a coordinate is `NaN` are nowhere.
///
/// ```
/// use ecsdb::{Component, Db};
///
/// #[derive(Component)]
/// #[component(index(name = "place", columns(x, y), spatial(cell = 10.0)))]
/// #[repr(C)]
/// struct Pos {
///     x: f32,
///     y: f32,
/// }
/// ecsdb::schema! { World: Pos }
///
/// let db = Db::<World>::in_memory()?;
/// db.write(|tx| Ok(tx.spawn_all((0..100).map(|n| Pos { x: n as f32, y: 0.0 }))?))?;
///
/// let snapshot = db.snapshot();
/// let place = snapshot.spatial(Pos::I.place);
/// assert_eq!(place.within([50.0, 0.0], 2.5).count(), 5);
/// assert_eq!(place.in_box([-1.0, -1.0], [1.0, 1.0]).count(), 2);
/// let nearest: Vec<f32> = place.nearest([20.2, 0.0], 3).map(|(_, _, pos)| pos.x).collect();
/// assert_eq!(nearest, [20.0, 21.0, 19.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SpatialView<'v, S, T, const N: usize, F> {
    view: View<'v, S>,
    read: IndexRead<'v>,
    marker: PhantomData<fn() -> (T, F)>,
}

debug_as!(['v, S, T, const N: usize, F] SpatialView<'v, S, T, N, F>);

impl<S, T, const N: usize, F> Clone for SpatialView<'_, S, T, N, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, T, const N: usize, F> Copy for SpatialView<'_, S, T, N, F> {}

impl<'v, S: Schema> View<'v, S> {
    /// The spatial index, to be looked into.
    ///
    /// In a transaction that has changed rows of the table, and has not asked [`Transaction::spatial`](crate::Transaction::spatial) since,
    /// reading the index looks at all rows of the table.
    ///
    /// # Panics
    /// Never with an index that a derive has made of a component of the schema.
    pub fn spatial<T: TableOf<S>, const N: usize, F: Coordinate>(
        self,
        index: SpatialIndex<T, N, F>,
    ) -> SpatialView<'v, S, T, N, F> {
        let read = IndexRead::find(self.storage(), T::INDEX, IndexRole::Declared(index.number()));
        let read = read.expect("a database has the indexes of its schema");
        SpatialView { view: self, read, marker: PhantomData }
    }
}

impl<'v, S: Schema, T: TableOf<S>, const N: usize, F: Coordinate> SpatialView<'v, S, T, N, F> {
    fn grid(self) -> GridRead<'v> {
        self.read.grid().expect("a spatial index is a grid")
    }

    fn rows(self, slots: Vec<u32>) -> SpatialRows<'v, S, T> {
        SpatialRows { view: self.view, slots: slots.into_iter(), marker: PhantomData }
    }

    /// How many rows it has: those that are somewhere. It knows that, except in a transaction where it has to look at all rows, see
    /// [`View::spatial`].
    pub fn len(self) -> usize {
        self.read.len() as usize
    }

    /// Whether it has no rows.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The rows that are no further than `radius` from `center`, in the order of slots. Cost: that of the cells that the circle (or the
    /// sphere) touches, and of the rows in them.
    pub fn within(self, center: [F; N], radius: F) -> SpatialRows<'v, S, T> {
        self.rows(self.grid().within(&point(center), radius.to_f64()))
    }

    /// The rows in a box, edges included, in the order of slots.
    pub fn in_box(self, low: [F; N], high: [F; N]) -> SpatialRows<'v, S, T> {
        self.rows(self.grid().in_box(&point(low), &point(high)))
    }

    /// The `count` rows that are next to `center`, the nearest first, each with its distance. Cost: that of the cells around `center`,
    /// ring by ring, until no other row can be nearer; where that would cost more, that of all rows.
    pub fn nearest(
        self,
        center: [F; N],
        count: usize,
    ) -> impl ExactSizeIterator<Item = (f64, Entity, T::Ref<'v>)> + use<'v, S, T, N, F> {
        let found = self.grid().nearest(&point(center), count);
        let rows: Vec<_> = found
            .into_iter()
            .filter_map(|(square, slot)| {
                self.view.entity_and_row::<T>(slot).map(|(entity, row)| (square.sqrt(), entity, row))
            })
            .collect();
        rows.into_iter()
    }
}

fn point<const N: usize, F: Coordinate>(of: [F; N]) -> Point {
    let mut point = Point::default();
    for (axis, at) in point.iter_mut().zip(of) {
        *axis = at.to_f64();
    }
    point
}

/// Rows that a spatial index has found, with their entities, in the order of slots.
pub struct SpatialRows<'v, S, T> {
    view: View<'v, S>,
    slots: IntoIter<u32>,
    marker: PhantomData<fn() -> T>,
}

debug_as!(['v, S, T] SpatialRows<'v, S, T>);

impl<'v, S: Schema, T: TableOf<S>> Iterator for SpatialRows<'v, S, T> {
    type Item = (Entity, T::Ref<'v>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let slot = self.slots.next()?;
        self.view.entity_and_row::<T>(slot)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.slots.len()))
    }
}
