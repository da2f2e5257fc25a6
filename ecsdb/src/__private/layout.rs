//! The proof, at compile time, that a row lies as its schema says: no gap, no hidden field, nothing too large.
//!
//! The derive walks the fields of a component through one of these and panics, at the place of the field, with the
//! first text that is not empty.

use crate::limits::{FIELDS_MAX, ROW_BYTES_MAX};
use crate::text::Text;

/// The walk over a native (`#[repr(C)]`) row.
#[derive(Debug)]
pub struct NativeLayout {
    /// Bytes of the fields so far.
    size: usize,
    /// The strictest canonical alignment so far.
    align: usize,
    /// The field before; empty at first.
    previous: &'static str,
}

impl NativeLayout {
    /// Before the first field.
    #[expect(clippy::new_without_default, reason = "nothing makes one outside a constant")]
    pub const fn new() -> Self {
        Self { size: 0, align: 1, previous: "" }
    }

    /// Passes the field `name` of `size` bytes and the canonical alignment `align`, which the compiler has put at
    /// `offset`.
    pub const fn field(&mut self, name: &'static str, offset: usize, size: usize, align: usize) -> Text {
        let gap = self.size.next_multiple_of(align) - self.size;
        if gap > 0 {
            let text = Text::new().bytes(gap).str(" of padding before `").str(name).str("` (after `");
            let text = text.str(self.previous).str("`, offset ").number(self.size).str("): reorder the fields");
            return way_out(text, gap, "before it");
        }
        if offset != self.size {
            let text = Text::new().str("`").str(name).str("` should be at byte ").number(self.size);
            return text.str(" but is at byte ").number(offset).str(CHANGED_AFTERWARDS);
        }
        self.size += size;
        if self.align < align {
            self.align = align;
        }
        self.previous = name;
        Text::new()
    }

    /// After the last of `fields` fields: the row has `size` bytes and the alignment `align`, says the compiler.
    pub const fn finish(&self, fields: usize, size: usize, align: usize) -> Text {
        let gap = self.size.next_multiple_of(self.align) - self.size;
        if gap > 0 {
            let text = Text::new().bytes(gap).str(" of padding at the end, after `").str(self.previous);
            let text = text.str("` (offset ").number(self.size).str(", the row is aligned to ").number(self.align);
            return way_out(text.str("): use smaller fields"), gap, "as the last field");
        }
        if size != self.size || align > self.align {
            let text = Text::new().str("the fields make a row of ").bytes(self.size).str(" aligned to ");
            let text = text.number(self.align).str(", but the struct has ").bytes(size).str(" aligned to ");
            return text.number(align).str(CHANGED_AFTERWARDS);
        }
        within_limits(fields, size)
    }
}

/// The alignment of a native row for the schema, the same on every target: the strictest of its fields.
pub const fn strictest(aligns: &[usize]) -> u32 {
    let mut strictest = 1;
    let mut index = 0;
    while index < aligns.len() {
        if strictest < aligns[index] {
            strictest = aligns[index];
        }
        index += 1;
    }
    strictest as u32
}

/// The text for a packed row whose fields do not lie one behind the other: at `offsets`, with packed forms of `sizes`
/// bytes, and behind them the place of the heap, at `place`, which has no bytes if there is none. The row has `size` bytes and
/// the alignment `align`, says the compiler.
pub const fn packed_layout(offsets: &[u32], sizes: &[usize], place: usize, size: usize, align: usize) -> Text {
    let (mut end, mut exact, mut index) = (0, align == 1, 0);
    while index < sizes.len() {
        exact &= offsets[index] as usize == end;
        end += sizes[index];
        index += 1;
    }
    // What the place has is known from the fields, where the row is declared: nothing, or all that is left.
    if !exact || place != end {
        return Text::new()
            .str("a field type does not keep the contract of `ecsdb::Field`: its packed form is not aligned to 1");
    }
    within_limits(sizes.len(), size)
}

/// How a layout can differ from what the derive saw.
const CHANGED_AFTERWARDS: &str =
    ": another attribute changed the struct after `#[derive(Component)]`, put it above the derive";

const fn way_out(text: Text, gap: usize, place: &str) -> Text {
    let text = text.str(", add `_pad: [u8; ").number(gap).str("]` ").str(place);
    text.str(", or drop `#[repr(C)]` to store the component packed")
}

const fn within_limits(fields: usize, size: usize) -> Text {
    if fields > FIELDS_MAX {
        let text = Text::new().str("a component has at most ").number(FIELDS_MAX).str(" fields, this one has ");
        return text.number(fields).str(": split it into several components");
    }
    if size > ROW_BYTES_MAX {
        let text = Text::new().str("a row has at most ").bytes(ROW_BYTES_MAX).str(", this one has ");
        return text.number(size).str(": split it into several components");
    }
    Text::new()
}
