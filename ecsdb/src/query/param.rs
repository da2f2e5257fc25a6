//! What a query can ask for: rows, optional rows, the entity, and tuples of these.

use core::ops::Range;

use super::block::BlockRows;
use super::table_source::{TableChunk, TableSource, table_of};
use super::view::View;
use crate::entity::Entity;
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS};
use crate::schema::{Schema, TableOf};
use crate::storage::{BlockGenerations, Entities, PageGeometry};

/// Something that a query gives for each entity: `&T` (a view of the row; `&T` itself for native rows), the view type of
/// a packed row, an `Option` of either, [`Entity`], or a tuple of up to eight of these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be asked for in a query of `{S}`",
    label = "not a query parameter",
    note = "a query asks for `Entity`, `&T`, `Option<&T>` where `T` is a table of `{S}`, or a tuple of these"
)]
pub trait QueryParam<S: Schema> {
    /// How it is found.
    #[doc(hidden)]
    type Fetch: Fetch<S>;
}

/// A query parameter that is the row of one table: `&T`, or the view type of a packed row.
#[diagnostic::on_unimplemented(message = "`{Self}` is not the row of a table of `{S}`", label = "not a row")]
pub trait RowParam<S: Schema>: QueryParam<S> {
    /// The component whose row it is.
    #[doc(hidden)]
    type Component: TableOf<S>;
}

/// What the query `Q` gives for one entity.
pub type Item<'v, S, Q> = <<Q as QueryParam<S>>::Fetch as Fetch<S>>::Item<'v>;

/// How a query finds its items: block by block of 64 slots, chunk by chunk. Not for use outside this crate and its
/// derive.
pub trait Fetch<S: Schema> {
    /// What the query gives for one entity.
    type Item<'v>;
    /// The directory that it looks into.
    #[doc(hidden)]
    type Source<'v>: Copy + Send + Sync;
    /// The part of the directory for one chunk.
    #[doc(hidden)]
    type InChunk<'v>: Copy;
    /// The rows of one block.
    #[doc(hidden)]
    type InBlock<'v>: Copy;

    /// Whether an item is found by its bit alone, without its number among the present ones.
    #[doc(hidden)]
    const NEEDS_BIT: bool;

    /// So many blocks share a page, from one that is a multiple of it on: a power of two.
    #[doc(hidden)]
    const PAGE_BLOCKS: usize = 1;

    /// How many tables' rows it gives, that cannot do without.
    #[doc(hidden)]
    const TABLES: usize = 0;

    /// Whether it is found for living entities only. An optional row is "found" for every slot there is.
    #[doc(hidden)]
    const IS_OF_THE_LIVING: bool;

    /// Calls `each` with the number of every table whose rows it gives, and whether every item has one.
    #[doc(hidden)]
    fn tables(each: &mut impl FnMut(u16, bool));
    #[doc(hidden)]
    fn source(view: View<'_, S>) -> Self::Source<'_>;
    /// The chunk, and which of its blocks may have items; `None` if none has.
    #[doc(hidden)]
    fn chunk<'v>(source: Self::Source<'v>, chunk: usize) -> Option<(Self::InChunk<'v>, u64)>;
    /// Asks the processor for what says where the rows of the chunk behind this one are, which it would be late with when it gets there.
    #[doc(hidden)]
    #[inline]
    fn prefetch_behind(_: Self::InChunk<'_>) {}
    /// Which slots of a block have the item.
    #[doc(hidden)]
    fn word(chunk: Self::InChunk<'_>, block: usize) -> u64;
    /// Asks the processor for rows that will be read later: those that lie [`PAGES_AHEAD`](crate::limits::PAGES_AHEAD) pages further on
    /// where the [`ROWS_AHEAD`](crate::limits::ROWS_AHEAD) rows from number `index` on lie here. Does nothing if `index` is not a multiple
    /// of it.
    #[doc(hidden)]
    #[inline]
    fn prefetch(_: &Self::InBlock<'_>, _: usize) {}
    #[doc(hidden)]
    fn block<'v>(chunk: Self::InChunk<'v>, block: usize) -> Self::InBlock<'v>;
    /// No block.
    #[doc(hidden)]
    fn nothing<'v>() -> Self::InBlock<'v>;
    /// Whether the items of the slots `word` are all that the block has, so that they are numbered without gaps, also on from block
    /// to block of a page. Never, if an item needs its bit.
    #[doc(hidden)]
    #[inline]
    fn is_complete(_: Self::InChunk<'_>, _: usize, _: u64) -> bool {
        false
    }
    /// Several blocks as one, of which [`Self::is_complete`] has said so. They lie between two multiples of [`Self::PAGE_BLOCKS`], and the
    /// first one has an item.
    #[doc(hidden)]
    #[inline(always)]
    fn blocks<'v>(chunk: Self::InChunk<'v>, blocks: Range<usize>) -> Self::InBlock<'v> {
        Self::block(chunk, blocks.start)
    }
    /// How many items it has, if it is of [`Self::blocks`].
    #[doc(hidden)]
    #[inline]
    fn len(_: &Self::InBlock<'_>) -> usize {
        BLOCK_SLOTS
    }
    /// The block with the `len` items from number `from` on only, which lets the compiler see how many there are. What is found by its
    /// bit alone is left as it is: `from` is 0.
    #[doc(hidden)]
    #[inline]
    fn part<'v>(block: Self::InBlock<'v>, _: usize, _: usize) -> Self::InBlock<'v> {
        block
    }
    /// Whether the items of the slots in `word` are numbered without gaps: item number i is that of its ith bit.
    #[doc(hidden)]
    fn is_dense(block: &Self::InBlock<'_>, word: u64) -> bool;
    /// The item of slot `bit`, the `index`th of a word that is dense.
    #[doc(hidden)]
    fn dense<'v>(block: &Self::InBlock<'v>, index: usize, bit: u32) -> Self::Item<'v>;
    /// The item of slot `bit`.
    #[doc(hidden)]
    fn sparse<'v>(block: &Self::InBlock<'v>, bit: u32) -> Self::Item<'v>;
}

/// The row of `T`, which the entity must have.
pub struct RowOf<T>(core::marker::PhantomData<fn() -> T>);

debug_as!([T] RowOf<T>);

/// The row of `T`, if the entity has one.
pub struct OptionalRowOf<T>(core::marker::PhantomData<fn() -> T>);

debug_as!([T] OptionalRowOf<T>);

impl<S: Schema, T: TableOf<S>> QueryParam<S> for &T {
    type Fetch = RowOf<T>;
}

impl<S: Schema, T: TableOf<S>> RowParam<S> for &T {
    type Component = T;
}

impl<S: Schema, P: RowParam<S>> QueryParam<S> for Option<P> {
    type Fetch = OptionalRowOf<P::Component>;
}

impl<S: Schema> QueryParam<S> for Entity {
    type Fetch = Self;
}

impl<S: Schema, T: TableOf<S>> Fetch<S> for RowOf<T> {
    type Item<'v> = T::Ref<'v>;
    type Source<'v> = TableSource<'v, T>;
    type InChunk<'v> = TableChunk<'v, T>;
    type InBlock<'v> = BlockRows<'v, T::Row>;

    const NEEDS_BIT: bool = PageGeometry::of(size_of::<T::Row>()).is_wide();
    const PAGE_BLOCKS: usize = PageGeometry::of(size_of::<T::Row>()).page_words();
    const TABLES: usize = 1;
    const IS_OF_THE_LIVING: bool = true;

    fn tables(each: &mut impl FnMut(u16, bool)) {
        each(T::INDEX, true);
    }

    #[inline]
    fn source(view: View<'_, S>) -> Self::Source<'_> {
        table_of::<S, T>(view)
    }

    #[inline]
    fn chunk<'v>(source: Self::Source<'v>, chunk: usize) -> Option<(Self::InChunk<'v>, u64)> {
        let chunk = source.chunk(chunk);
        chunk.summary().map(|summary| (chunk, summary))
    }

    #[inline]
    fn prefetch_behind(chunk: Self::InChunk<'_>) {
        chunk.prefetch_behind();
    }

    #[inline]
    fn word(chunk: Self::InChunk<'_>, block: usize) -> u64 {
        chunk.word(block)
    }

    #[inline]
    fn prefetch(block: &Self::InBlock<'_>, index: usize) {
        block.prefetch(index);
    }

    #[inline]
    fn block<'v>(chunk: Self::InChunk<'v>, block: usize) -> Self::InBlock<'v> {
        chunk.rows(block)
    }

    #[inline]
    fn nothing<'v>() -> Self::InBlock<'v> {
        BlockRows::empty()
    }

    #[inline]
    fn is_complete(chunk: Self::InChunk<'_>, block: usize, word: u64) -> bool {
        !<Self as Fetch<S>>::NEEDS_BIT && chunk.word(block) == word
    }

    #[inline(always)]
    fn blocks<'v>(chunk: Self::InChunk<'v>, blocks: Range<usize>) -> Self::InBlock<'v> {
        chunk.run(blocks)
    }

    #[inline]
    fn len(block: &Self::InBlock<'_>) -> usize {
        block.len()
    }

    #[inline]
    fn part<'v>(block: Self::InBlock<'v>, from: usize, len: usize) -> Self::InBlock<'v> {
        block.part(from, len)
    }

    #[inline]
    fn is_dense(block: &Self::InBlock<'_>, word: u64) -> bool {
        block.word == word
    }

    #[inline]
    fn dense<'v>(block: &Self::InBlock<'v>, index: usize, bit: u32) -> Self::Item<'v> {
        let row = block.nth(index, bit);
        T::view(row, block.heap(row, bit))
    }

    #[inline]
    fn sparse<'v>(block: &Self::InBlock<'v>, bit: u32) -> Self::Item<'v> {
        let row = block.at(bit);
        T::view(row, block.heap(row, bit))
    }
}

impl<S: Schema, T: TableOf<S>> Fetch<S> for OptionalRowOf<T> {
    type Item<'v> = Option<T::Ref<'v>>;
    type Source<'v> = TableSource<'v, T>;
    type InChunk<'v> = TableChunk<'v, T>;
    type InBlock<'v> = BlockRows<'v, T::Row>;

    const NEEDS_BIT: bool = true;
    const IS_OF_THE_LIVING: bool = false;

    fn tables(each: &mut impl FnMut(u16, bool)) {
        each(T::INDEX, false);
    }

    #[inline]
    fn source(view: View<'_, S>) -> Self::Source<'_> {
        table_of::<S, T>(view)
    }

    #[inline]
    fn chunk<'v>(source: Self::Source<'v>, chunk: usize) -> Option<(Self::InChunk<'v>, u64)> {
        Some((source.chunk(chunk), u64::MAX))
    }

    #[inline]
    fn prefetch_behind(chunk: Self::InChunk<'_>) {
        chunk.prefetch_behind();
    }

    #[inline]
    fn word(_: Self::InChunk<'_>, _: usize) -> u64 {
        u64::MAX
    }

    #[inline]
    fn prefetch(block: &Self::InBlock<'_>, index: usize) {
        block.prefetch(index);
    }

    #[inline]
    fn block<'v>(chunk: Self::InChunk<'v>, block: usize) -> Self::InBlock<'v> {
        chunk.rows(block)
    }

    #[inline]
    fn nothing<'v>() -> Self::InBlock<'v> {
        BlockRows::empty()
    }

    #[inline]
    fn is_dense(block: &Self::InBlock<'_>, word: u64) -> bool {
        block.word & word == 0 || block.word == word
    }

    #[inline]
    fn dense<'v>(block: &Self::InBlock<'v>, index: usize, bit: u32) -> Self::Item<'v> {
        if block.word >> bit & 1 == 0 {
            return None;
        }
        let row = block.nth(index, bit);
        Some(T::view(row, block.heap(row, bit)))
    }

    #[inline]
    fn sparse<'v>(block: &Self::InBlock<'v>, bit: u32) -> Self::Item<'v> {
        if block.word >> bit & 1 == 0 {
            return None;
        }
        let row = block.at(bit);
        Some(T::view(row, block.heap(row, bit)))
    }
}

impl<S: Schema> Fetch<S> for Entity {
    type Item<'v> = Self;
    type Source<'v> = &'v Entities;
    type InChunk<'v> = (&'v Entities, usize);
    type InBlock<'v> = (BlockGenerations<'v>, u32);

    const NEEDS_BIT: bool = true;
    const IS_OF_THE_LIVING: bool = true;

    fn tables(_: &mut impl FnMut(u16, bool)) {}

    #[inline]
    fn source(view: View<'_, S>) -> Self::Source<'_> {
        &view.storage().entities
    }

    #[inline]
    fn chunk<'v>(source: Self::Source<'v>, chunk: usize) -> Option<(Self::InChunk<'v>, u64)> {
        let summary = source.summary(chunk);
        if summary == 0 { None } else { Some(((source, chunk * CHUNK_BLOCKS), summary)) }
    }

    #[inline]
    fn word((entities, first): Self::InChunk<'_>, block: usize) -> u64 {
        entities.alive(first + block)
    }

    #[inline]
    fn block<'v>((entities, first): Self::InChunk<'v>, block: usize) -> Self::InBlock<'v> {
        (entities.generations(first + block), ((first + block) * BLOCK_SLOTS) as u32)
    }

    #[inline]
    fn nothing<'v>() -> Self::InBlock<'v> {
        (BlockGenerations::INITIAL, 0)
    }

    #[inline]
    fn is_dense(_: &Self::InBlock<'_>, _: u64) -> bool {
        true
    }

    #[inline]
    fn dense<'v>(block: &Self::InBlock<'v>, _: usize, bit: u32) -> Self::Item<'v> {
        <Self as Fetch<S>>::sparse(block, bit)
    }

    #[inline]
    fn sparse<'v>((generations, first): &Self::InBlock<'v>, bit: u32) -> Self::Item<'v> {
        Self::new(first + bit, generations.get(bit)).expect("a living entity has a generation above 0")
    }
}

macro_rules! tuples {
    ($($name:ident $index:tt),+) => {
        impl<S: Schema, $($name: QueryParam<S>),+> QueryParam<S> for ($($name,)+) {
            type Fetch = ($($name::Fetch,)+);
        }

        impl<S: Schema, $($name: Fetch<S>),+> Fetch<S> for ($($name,)+) {
            type Item<'v> = ($($name::Item<'v>,)+);
            type Source<'v> = ($($name::Source<'v>,)+);
            type InChunk<'v> = ($($name::InChunk<'v>,)+);
            type InBlock<'v> = ($($name::InBlock<'v>,)+);

            const NEEDS_BIT: bool = $($name::NEEDS_BIT)||+;
            const PAGE_BLOCKS: usize = {
                let mut least = CHUNK_BLOCKS;
                $(if $name::PAGE_BLOCKS < least {
                    least = $name::PAGE_BLOCKS;
                })+
                least
            };
            const TABLES: usize = 0 $(+ $name::TABLES)+;
            const IS_OF_THE_LIVING: bool = $($name::IS_OF_THE_LIVING)||+;

            fn tables(each: &mut impl FnMut(u16, bool)) {
                $($name::tables(each);)+
            }

            #[inline]
            fn source(view: View<'_, S>) -> Self::Source<'_> {
                ($($name::source(view),)+)
            }

            #[inline]
            fn chunk<'v>(source: Self::Source<'v>, chunk: usize) -> Option<(Self::InChunk<'v>, u64)> {
                let mut summary = u64::MAX;
                let chunks = ($({
                    let (chunk, blocks) = $name::chunk(source.$index, chunk)?;
                    summary &= blocks;
                    chunk
                },)+);
                Some((chunks, summary))
            }

            #[inline]
            fn prefetch_behind(chunk: Self::InChunk<'_>) {
                $($name::prefetch_behind(chunk.$index);)+
            }

            #[inline]
            fn word(chunk: Self::InChunk<'_>, block: usize) -> u64 {
                $($name::word(chunk.$index, block))&+
            }

            #[inline]
            fn prefetch(block: &Self::InBlock<'_>, index: usize) {
                $($name::prefetch(&block.$index, index);)+
            }

            #[inline]
            fn block<'v>(chunk: Self::InChunk<'v>, block: usize) -> Self::InBlock<'v> {
                ($($name::block(chunk.$index, block),)+)
            }

            #[inline]
            fn nothing<'v>() -> Self::InBlock<'v> {
                ($($name::nothing(),)+)
            }

            #[inline]
            fn is_complete(chunk: Self::InChunk<'_>, block: usize, word: u64) -> bool {
                $($name::is_complete(chunk.$index, block, word))&&+
            }

            #[inline(always)]
            fn blocks<'v>(chunk: Self::InChunk<'v>, blocks: Range<usize>) -> Self::InBlock<'v> {
                ($($name::blocks(chunk.$index, blocks.clone()),)+)
            }

            #[inline]
            fn len(block: &Self::InBlock<'_>) -> usize {
                A::len(&block.0)
            }

            #[inline]
            fn part<'v>(block: Self::InBlock<'v>, from: usize, len: usize) -> Self::InBlock<'v> {
                ($($name::part(block.$index, from, len),)+)
            }

            #[inline]
            fn is_dense(block: &Self::InBlock<'_>, word: u64) -> bool {
                $($name::is_dense(&block.$index, word))&&+
            }

            #[inline]
            fn dense<'v>(block: &Self::InBlock<'v>, index: usize, bit: u32) -> Self::Item<'v> {
                ($($name::dense(&block.$index, index, bit),)+)
            }

            #[inline]
            fn sparse<'v>(block: &Self::InBlock<'v>, bit: u32) -> Self::Item<'v> {
                ($($name::sparse(&block.$index, bit),)+)
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
