//! How a row is laid out, and how C would lay it out.

use ecsdb::component::packed::HeapPlace;
use ecsdb::schema::{FieldType, Member, TableSchema};

/// A part of a row that is drawn: a field, or a part of one that is a struct.
pub struct Part {
    pub name: String,
    pub type_text: String,
    pub offset: usize,
    pub size: usize,
}

/// The parts of a row that are no structs themselves, in order, and where its heap is if it has one.
pub fn parts(table: &TableSchema) -> Vec<Part> {
    let mut parts: Vec<Part> = table
        .columns()
        .iter()
        .filter(|column| !matches!(column.field_type, FieldType::Struct(of) if !of.fields.is_empty()))
        .map(|column| Part {
            name: column.name(),
            type_text: column.field_type.to_string(),
            offset: column.offset as usize,
            size: column.field_type.size(),
        })
        .collect();
    if table.has_heap() {
        parts.push(Part {
            name: "(heap)".to_owned(),
            type_text: "where the strings and lists are".to_owned(),
            offset: table.size as usize - HeapPlace::BYTES,
            size: HeapPlace::BYTES,
        });
    }
    parts
}

/// Bytes that a row would have with the same fields in the same order, if each stood where C puts it.
pub fn size_in_c(table: &TableSchema) -> usize {
    let fields = table.fields.iter().map(|field| in_c(&field.field_type));
    let place = table.has_heap().then_some((HeapPlace::BYTES, 4));
    let (size, align) = one_after_the_other(fields.chain(place));
    size.next_multiple_of(align)
}

/// The size and the alignment that C gives a type.
fn in_c(field_type: &FieldType) -> (usize, usize) {
    match field_type {
        FieldType::Array { element, len } => {
            let (size, align) = in_c(element);
            (size * *len as usize, align)
        }
        FieldType::Optional(inner) if !inner.has_niche() => padded([(1, 1), in_c(inner)].into_iter()),
        FieldType::Struct(of) => members(&of.fields),
        FieldType::Enum(of) => {
            let tag = (usize::from(of.tag_bytes), usize::from(of.tag_bytes));
            let payloads = of.variants.iter().map(|variant| members(&variant.fields));
            let (size, align) =
                payloads.fold((0, 1), |largest, found| (found.0.max(largest.0), found.1.max(largest.1)));
            padded([tag, (size, align)].into_iter())
        }
        // A pointer and two numbers in Rust; here what stands in a row for it: two numbers.
        FieldType::Text | FieldType::List(_) => (field_type.size(), 4),
        other => (other.size().next_multiple_of(other.align()), other.align()),
    }
}

fn members(members: &[Member]) -> (usize, usize) {
    padded(members.iter().map(|member| in_c(&member.field_type)))
}

fn padded(fields: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    let (size, align) = one_after_the_other(fields);
    (size.next_multiple_of(align), align)
}

/// Where fields of these sizes and alignments end, and their strictest alignment.
fn one_after_the_other(fields: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    fields.fold((0, 1), |(end, strictest), (size, align)| {
        (usize::next_multiple_of(end, align) + size, usize::max(strictest, align))
    })
}
