//! Several changes of one row, as one argument.

use super::{Assignment, Component, Field, UpdateOp};
use crate::bytes::RowBytes;

/// One change of one column, without its types.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The number of the column in its table.
    pub column: u16,
    /// What is done.
    pub op: UpdateOp,
    /// With which value, and its heap.
    pub operand: RowBytes<'a>,
    /// Whether values of the column have strings or lists.
    pub has_heap: bool,
}

/// Changes of one row: one [`Assignment`], or a tuple of up to eight of the same component, done in order and all or none.
///
/// ```
/// use ecsdb::{Component, Db};
///
/// #[derive(Component)]
/// struct Mob {
///     hp: u32,
///     kills: u64,
/// }
///
/// ecsdb::schema! { World: Mob }
///
/// let db = Db::<World>::in_memory()?;
/// let mob = db.spawn(Mob { hp: 20, kills: 0 })?;
/// db.update(mob, (Mob::C.hp.saturating_sub(35), Mob::C.kills.add(1)))?;
/// assert_eq!(db.snapshot().get::<Mob>(mob).map(|mob| (mob.hp(), mob.kills())), Some((0, 1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a change of a row",
    label = "not an assignment, or a tuple of them",
    note = "`Purse::C.gold.add(5)` is one; a tuple has at most eight, all of the same component"
)]
pub trait Assignments {
    /// Whose rows change.
    type Component: Component;

    /// How many there are.
    #[doc(hidden)]
    const COUNT: usize;

    /// Gives each to `sink`, in order.
    #[doc(hidden)]
    fn each<'a, E>(&'a self, sink: impl FnMut(Change<'a>) -> Result<(), E>) -> Result<(), E>;
}

impl<T: Component, F: Field> Assignments for Assignment<T, F> {
    type Component = T;
    const COUNT: usize = 1;

    #[inline]
    fn each<'a, E>(&'a self, mut sink: impl FnMut(Change<'a>) -> Result<(), E>) -> Result<(), E> {
        sink(Change {
            column: self.column.index(),
            op: self.op,
            operand: self.operand.row_bytes(),
            has_heap: F::USES_HEAP,
        })
    }
}

macro_rules! tuples {
    ($count:literal: $($field:ident $index:tt),+) => {
        impl<T: Component, $($field: Field),+> Assignments for ($(Assignment<T, $field>,)+) {
            type Component = T;
            const COUNT: usize = $count;

            #[inline]
            fn each<'a, E>(&'a self, mut sink: impl FnMut(Change<'a>) -> Result<(), E>) -> Result<(), E> {
                $(self.$index.each(&mut sink)?;)+
                Ok(())
            }
        }
    };
}
tuples!(1: A 0);
tuples!(2: A 0, B 1);
tuples!(3: A 0, B 1, C 2);
tuples!(4: A 0, B 1, C 2, D 3);
tuples!(5: A 0, B 1, C 2, D 3, E1 4);
tuples!(6: A 0, B 1, C 2, D 3, E1 4, F 5);
tuples!(7: A 0, B 1, C 2, D 3, E1 4, F 5, G 6);
tuples!(8: A 0, B 1, C 2, D 3, E1 4, F 5, G 6, H 7);
