//! Rows whose heap is made anew: one value is replaced, and the others are copied.

use super::{FieldType, Member, TableSchema};
use crate::bytes::{HeapBuf, HeapPlace, RowBytes, Slot};

impl TableSchema {
    /// The row with the value at `start` replaced by `value`, which is as long as the one before and has strings or lists.
    pub(crate) fn with_value(&self, row: RowBytes<'_>, start: usize, value: RowBytes<'_>) -> (Vec<u8>, HeapBuf) {
        let mut bytes = row.row.to_vec();
        bytes[start..start + value.row.len()].copy_from_slice(value.row);
        let patch = Patch { start, end: start + value.row.len(), heap: value.heap };
        let mut heap = HeapBuf::new();
        for field in self.fields.iter() {
            let at = field.offset as usize;
            patch.repack(&field.field_type, &mut bytes, at, row.heap, &mut heap);
        }
        let end = bytes.len() - HeapPlace::BYTES;
        bytes[end..].copy_from_slice(&heap.place().to_bytes());
        (bytes, heap)
    }
}

/// The part of a row whose strings and lists come from elsewhere.
struct Patch<'p> {
    start: usize,
    end: usize,
    heap: &'p [u8],
}

impl Patch<'_> {
    /// Repacks the value at `at` of a row.
    fn repack(&self, field_type: &FieldType, row: &mut [u8], at: usize, heap: &[u8], out: &mut HeapBuf) {
        let end = at + field_type.size();
        if self.start <= at && end <= self.end {
            return repack(field_type, &mut row[at..end], self.heap, out);
        }
        match field_type {
            FieldType::Struct(of) if self.start < end && at < self.end => {
                let mut at = at;
                for member in of.fields.iter() {
                    self.repack(&member.field_type, row, at, heap, out);
                    at += member.field_type.size();
                }
            }
            other => repack(other, &mut row[at..end], heap, out),
        }
    }
}

/// Copies the strings and lists of a value from `heap` to `out`, and has its slots stand for the copies.
pub(crate) fn repack(field_type: &FieldType, value: &mut [u8], heap: &[u8], out: &mut HeapBuf) {
    if !field_type.has_heap() {
        return;
    }
    match field_type {
        FieldType::Array { element, .. } => elements(element, value, heap, out),
        FieldType::Optional(inner) => {
            if value[0] != 0 {
                repack(inner, &mut value[1..], heap, out);
            }
        }
        FieldType::Struct(of) => members(&of.fields, value, heap, out),
        FieldType::Enum(of) => {
            if let Some(variant) = of.tagged(of.tag_of(value)) {
                members(&variant.fields, &mut value[of.payload_at()..], heap, out);
            }
        }
        FieldType::Text => {
            let slot = Slot::read(value);
            let copy = out.put(&heap[slot.start()..][..slot.len()], slot.len(), 1);
            value.copy_from_slice(&copy.to_bytes());
        }
        FieldType::List(element) => {
            let slot = Slot::read(value);
            let mut copied = heap[slot.start()..][..slot.len() * element.size()].to_vec();
            elements(element, &mut copied, heap, out);
            let copy = out.put(&copied, slot.len(), element.align());
            value.copy_from_slice(&copy.to_bytes());
        }
        FieldType::Scalar(_) | FieldType::Reference { .. } | FieldType::FixedText { .. } => {}
    }
}

fn elements(element: &FieldType, values: &mut [u8], heap: &[u8], out: &mut HeapBuf) {
    if element.has_heap() {
        for value in values.chunks_exact_mut(element.size()) {
            repack(element, value, heap, out);
        }
    }
}

fn members(members: &[Member], values: &mut [u8], heap: &[u8], out: &mut HeapBuf) {
    let mut at = 0;
    for member in members {
        let size = member.field_type.size();
        repack(&member.field_type, &mut values[at..at + size], heap, out);
        at += size;
    }
}
