//! What attributes claim, and what a derive cannot see, held against what is: texts for the compiler, empty where all is well.

use crate::text::Text;

/// The text for an item that `core::mem::needs_drop` although none of its fields does: somebody implements `Drop`.
pub const fn drop_glue(item: bool, fields: &[bool]) -> Text {
    let mut index = 0;
    while index < fields.len() {
        if fields[index] {
            return Text::new();
        }
        index += 1;
    }
    if item {
        Text::new().str("what is stored is copied to its row and back, and never dropped there: remove the `impl Drop`")
    } else {
        Text::new()
    }
}

/// The text for a component of which somebody says that it has `claimed` bytes.
pub const fn size_is(name: &str, claimed: usize, found: usize) -> Text {
    if claimed == found {
        return Text::new();
    }
    let text = Text::new().str("a row of `").str(name).str("` has ").bytes(found).str(", not ");
    text.number(claimed).str(": write `size = ").number(found).str("`")
}

/// The text for a field of which somebody says that it lies at byte `claimed` of the row.
pub const fn offset_is(field: &str, claimed: usize, found: usize) -> Text {
    if claimed == found {
        return Text::new();
    }
    let text = Text::new().str("`").str(field).str("` lies at byte ").number(found).str(" of the row, not at ");
    text.number(claimed).str(": write `offset = ").number(found).str("`")
}

/// The text for an enum whose own memory should be its stored form: `size` bytes, of which the tag has `tag_bytes`, and
/// for each variant the discriminant and the tag.
pub const fn native_enum(size: usize, tag_bytes: usize, variants: &[(u32, u32)]) -> Text {
    let mut agrees = size == tag_bytes;
    let mut index = 0;
    while index < variants.len() {
        agrees &= variants[index].0 == variants[index].1;
        index += 1;
    }
    if agrees {
        Text::new()
    } else {
        Text::new().str("another attribute changed the enum after `#[derive(Field)]`, put it above the derive")
    }
}
