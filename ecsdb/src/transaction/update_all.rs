//! Closures over `&mut A` and other components, run over all entities that have them.

use crate::bits::bits;
use crate::bytes::{HeapBuf, Row, bytes_of, duplicate, rows_of};
use crate::change_set::ColumnSet;
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS};
use crate::query::{Fetch, Item, QueryParam, View};
use crate::schema::{Schema, TableOf};
use crate::storage::{Batch, PageRewrite, StorageError, count};

/// A closure that `update_all` takes: `Fn(&mut A)`, `Fn(&mut A, P)`, up to four parameters after the first.
#[diagnostic::on_unimplemented(
    message = "this closure cannot be run over the tables of `{S}`",
    label = "expected `|a: &mut A, b: &B, ...|`",
    note = "the first parameter is `&mut A`; the others are `&B` for a `#[repr(C)]` component, its view type `BRef` for a \
            packed one, `Option` of these, or `Entity`; write the types out"
)]
pub trait UpdateFn<S: Schema, P> {
    /// Runs it. Returns how many rows were changed.
    #[doc(hidden)]
    fn run(self, batch: &mut Batch<'_>, workers: &rayon::ThreadPool) -> Result<u64, StorageError>;
}

/// Runs `change` over every row of `A` whose entity has what `Q` asks for.
fn run<S: Schema, A: TableOf<S>, Q: QueryParam<S>>(
    batch: &mut Batch<'_>,
    workers: &rayon::ThreadPool,
    change: impl for<'v> Fn(&mut A, Item<'v, S, Q>) + Sync,
) -> Result<u64, StorageError> {
    const {
        assert!(
            size_of::<A::Row>() > 0,
            "update_all: the first component is a tag, in which there is nothing to change"
        );
        assert!(
            !A::Row::HAS_HEAP,
            "update_all: the first component has strings or lists: change its rows with `modify` or `update`"
        )
    };
    batch.rewrite(
        A::INDEX,
        ColumnSet::ALL,
        |version, block| {
            // SAFETY: `UpdateFn` is only run by a `Transaction<S>`, whose write buffer was made for `S`.
            let view = unsafe { View::<S>::new(version) };
            match Q::Fetch::chunk(Q::Fetch::source(view), block / CHUNK_BLOCKS) {
                Some((chunk, _)) if block % CHUNK_BLOCKS == 0 => {
                    Q::Fetch::prefetch_behind(chunk);
                    Q::Fetch::word(chunk, 0)
                }
                Some((chunk, summary)) if summary >> (block % CHUNK_BLOCKS) & 1 == 1 => {
                    Q::Fetch::word(chunk, block % CHUNK_BLOCKS)
                }
                _ => 0,
            }
        },
        workers,
        |page| page_of::<S, A, Q>(page, &change),
    )
}

#[inline]
fn page_of<S: Schema, A: TableOf<S>, Q: QueryParam<S>>(
    page: PageRewrite<'_>,
    change: &impl for<'v> Fn(&mut A, Item<'v, S, Q>),
) {
    // SAFETY: as in `run`.
    let view = unsafe { View::<S>::new(page.version) };
    // SAFETY: the rows of the table of `A`, which are values of `A::Row`, from the start of a page on.
    let mut before = unsafe { rows_of::<A::Row>(page.before.as_ptr(), page.before.len() / size_of::<A::Row>()) };
    let Some((chunk, _)) = Q::Fetch::chunk(Q::Fetch::source(view), page.first_block / CHUNK_BLOCKS) else {
        page.rows.copy_from_slice(page.before);
        return;
    };
    let mut after = page.rows;
    // One pass over memory: each row is read from the page before, changed, and written to the page after.
    // Outside of the loop: something to drop for each row would be in the way of the compiler.
    let mut no_heap = HeapBuf::new();
    let mut change_row = |row: &A::Row, to: &mut [u8], item: Item<'_, S, Q>| {
        let mut row = duplicate(row);
        // SAFETY: the row has no heap, as asserted where this began.
        unsafe { A::with_mut(&mut row, &mut no_heap, |row| change(row, item)) };
        to.copy_from_slice(bytes_of(&row));
    };
    for (index, (present, selected)) in page.present.iter().zip(page.selected).enumerate() {
        let others = Q::Fetch::block(chunk, (page.first_block + index) % CHUNK_BLOCKS);
        Q::Fetch::prefetch(&others, 0);
        // 64 rows take as many cache lines as a row takes bytes.
        page.later.prefetch(index * BLOCK_SLOTS * size_of::<A::Row>(), size_of::<A::Row>());
        // Then the items are found by counting; otherwise by how many are before each.
        let are_in_line = present == selected && page.first_bit == 0 && Q::Fetch::is_dense(&others, *present);
        if are_in_line && *present == u64::MAX {
            // As many as the compiler knows.
            let (here, to) = (&before[..BLOCK_SLOTS], &mut after[..BLOCK_SLOTS * size_of::<A::Row>()]);
            let others = Q::Fetch::part(others, 0, BLOCK_SLOTS);
            for ((bit, row), to) in here.iter().enumerate().zip(to.chunks_exact_mut(size_of::<A::Row>())) {
                change_row(row, to, Q::Fetch::dense(&others, bit, bit as u32));
            }
            before = &before[BLOCK_SLOTS..];
            after = &mut after[BLOCK_SLOTS * size_of::<A::Row>()..];
            continue;
        }
        let (here, rest) = before.split_at(count(*present));
        let (to, rest_after) = after.split_at_mut(size_of_val(here));
        (before, after) = (rest, rest_after);
        let to = to.chunks_exact_mut(size_of::<A::Row>());
        if are_in_line {
            for (((index, row), bit), to) in here.iter().enumerate().zip(bits(*present)).zip(to) {
                change_row(row, to, Q::Fetch::dense(&others, index, bit));
            }
            continue;
        }
        for ((row, bit), to) in here.iter().zip(bits(*present)).zip(to) {
            if selected >> bit & 1 == 1 {
                change_row(row, to, Q::Fetch::sparse(&others, bit + page.first_bit as u32));
            } else {
                to.copy_from_slice(bytes_of(row));
            }
        }
    }
}

impl<S: Schema, A: TableOf<S>, F> UpdateFn<S, (A,)> for F
where
    F: Fn(&mut A) + Sync,
{
    fn run(self, batch: &mut Batch<'_>, workers: &rayon::ThreadPool) -> Result<u64, StorageError> {
        run::<S, A, &A>(batch, workers, |row, _| self(row))
    }
}

macro_rules! closures {
    ($($name:ident $index:tt),+) => {
        impl<S: Schema, Target: TableOf<S>, Closure, $($name: QueryParam<S>),+> UpdateFn<S, (Target, $($name),+)> for Closure
        where
            // The first bound lets the compiler find the parameters, the second says that they come from any version.
            Closure: Fn(&mut Target, $($name),+) + for<'v> Fn(&mut Target, $(Item<'v, S, $name>),+) + Sync,
        {
            fn run(self, batch: &mut Batch<'_>, workers: &rayon::ThreadPool) -> Result<u64, StorageError> {
                fn call<S: Schema, Target, $($name: QueryParam<S>),+>(
                    closure: &impl for<'v> Fn(&mut Target, $(Item<'v, S, $name>),+),
                    row: &mut Target,
                    item: Item<'_, S, ($($name,)+)>,
                ) {
                    closure(row, $(item.$index),+);
                }
                run::<S, Target, ($($name,)+)>(batch, workers, |row, item| {
                    call::<S, Target, $($name),+>(&self, row, item);
                })
            }
        }
    };
}
closures!(A 0);
closures!(A 0, B 1);
closures!(A 0, B 1, C 2);
closures!(A 0, B 1, C 2, D 3);
