//! Closures over `&mut A` and other components, run over all entities that have them.

use crate::bits::bits;
use crate::bytes::{HeapBuf, Line, Row, bytes_of, duplicate, rows_of};
use crate::change_set::ColumnSet;
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS, ROWS_AHEAD};
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
        |version, chunk, words| {
            // SAFETY: `UpdateFn` is only run by a `Transaction<S>`, whose write buffer was made for `S`.
            let view = unsafe { View::<S>::new(version) };
            let Some((chunk, summary)) = Q::Fetch::chunk(Q::Fetch::source(view), chunk) else { return words.fill(0) };
            Q::Fetch::prefetch_behind(chunk);
            for (block, word) in words.iter_mut().enumerate().filter(|(_, word)| **word != 0) {
                *word &= if summary >> block & 1 == 1 { Q::Fetch::word(chunk, block) } else { 0 };
            }
        },
        workers,
        |page| page_of::<S, A, Q>(page, &change),
    )
}

/// So many rows are changed at a time before they are written: what is read of them and of others does not depend on what was written
/// of those before, and the compiler takes neighbours together. They divide [`ROWS_AHEAD`].
const GROUP: usize = 4;

/// Larger rows are changed one by one: they would only be copied to and fro.
const GROUPED_BYTES_MAX: usize = 64;

const _: () = assert!(ROWS_AHEAD.is_multiple_of(GROUP));

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
    let mut change_row = |row: &mut A::Row, item: Item<'_, S, Q>| {
        // SAFETY: the row has no heap, as asserted where this began.
        unsafe { A::with_mut(row, &mut no_heap, |row| change(row, item)) };
    };
    for (index, (present, selected)) in page.present.iter().zip(page.selected).enumerate() {
        let others = Q::Fetch::block(chunk, (page.first_block + index) % CHUNK_BLOCKS);
        let (here, rest) = before.split_at(count(*present));
        let (to, rest_after) = after.split_at_mut(size_of_val(here));
        (before, after) = (rest, rest_after);
        let look_ahead = |number: usize| {
            Q::Fetch::prefetch(&others, number);
            let lines = const { (ROWS_AHEAD * size_of::<A::Row>()).div_ceil(Line::BYTES) };
            page.later.prefetch((index * BLOCK_SLOTS + number) * size_of::<A::Row>(), lines);
        };
        // Then the items are found by counting; otherwise by how many are before each.
        let are_in_line = present == selected && page.first_bit == 0 && Q::Fetch::is_dense(&others, *present);
        if are_in_line && (!<Q::Fetch as Fetch<S>>::NEEDS_BIT || *present == u64::MAX) {
            change_in_line::<S, A, Q>(here, to, others, look_ahead, &mut change_row);
            continue;
        }
        for part in 0..BLOCK_SLOTS / ROWS_AHEAD {
            look_ahead(part * ROWS_AHEAD);
        }
        let rows = here.iter().zip(bits(*present)).zip(to.chunks_exact_mut(size_of::<A::Row>()));
        for (index, ((row, bit), to)) in rows.enumerate() {
            let mut row = duplicate(row);
            if are_in_line {
                change_row(&mut row, Q::Fetch::dense(&others, index, bit));
            } else if selected >> bit & 1 == 1 {
                change_row(&mut row, Q::Fetch::sparse(&others, bit + page.first_bit as u32));
            }
            to.copy_from_slice(bytes_of(&row));
        }
    }
}

/// Writes the rows `here` to `to`, each changed with the item of `others` that has the same number.
#[inline(always)]
fn change_in_line<'v, S: Schema, A: TableOf<S>, Q: QueryParam<S>>(
    here: &[A::Row],
    to: &mut [u8],
    others: <Q::Fetch as Fetch<S>>::InBlock<'v>,
    look_ahead: impl Fn(usize),
    change_row: &mut impl FnMut(&mut A::Row, Item<'v, S, Q>),
) {
    let others = Q::Fetch::part(others, 0, here.len());
    let (groups, last) =
        if size_of::<A::Row>() <= GROUPED_BYTES_MAX { here.as_chunks::<GROUP>() } else { (&[][..], here) };
    let (to_groups, to_last) = to.split_at_mut(size_of_val(groups));
    let mut number: usize = 0;
    for (here, to) in groups.iter().zip(to_groups.chunks_exact_mut(size_of::<[A::Row; GROUP]>())) {
        if number.is_multiple_of(ROWS_AHEAD) {
            look_ahead(number);
        }
        // What needs its bit is found from where its block begins.
        let (group, first) = if <Q::Fetch as Fetch<S>>::NEEDS_BIT {
            (others, number)
        } else {
            (Q::Fetch::part(others, number, GROUP), 0)
        };
        let mut rows: [A::Row; GROUP] = core::array::from_fn(|index| duplicate(&here[index]));
        for (index, row) in rows.iter_mut().enumerate() {
            change_row(row, Q::Fetch::dense(&group, first + index, (first + index) as u32));
        }
        to.copy_from_slice(bytes_of(&rows));
        number += GROUP;
    }
    for (row, to) in last.iter().zip(to_last.chunks_exact_mut(size_of::<A::Row>())) {
        if number.is_multiple_of(ROWS_AHEAD) {
            look_ahead(number);
        }
        let mut row = duplicate(row);
        change_row(&mut row, Q::Fetch::dense(&others, number, number as u32));
        to.copy_from_slice(bytes_of(&row));
        number += 1;
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
