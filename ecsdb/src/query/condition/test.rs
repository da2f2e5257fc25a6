//! A test of one column: what it asks, and how rows answer.

use core::fmt;

use super::scan::{Form, Range, spread};
use crate::bits::bits;
use crate::bytes::{RowBytes, Slot};
use crate::component::CompareOp;
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS};
use crate::schema::{Encoded, FieldType, TableSchema, TypeRef, Value, compare, holds};
use crate::storage::Version;

/// What is asked of a value.
#[derive(Clone, Debug)]
pub enum What {
    /// How it compares with another one.
    Compare(CompareOp, Encoded),
    /// Whether it is neither below the first nor above the second.
    Between(Encoded, Encoded),
    /// Whether it is one of these: ascending and each once, where the type has an order.
    OneOf(Vec<Encoded>),
    /// Whether the option is empty.
    IsNone,
    /// Whether the option holds something.
    IsSome,
    /// Whether the text begins with this.
    StartsWith(String),
    /// Whether the text has this somewhere in it.
    Contains(String),
    /// Whether the list has this element.
    Includes(Encoded),
}

/// Which column a test is about.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The table, by its number.
    pub table: u16,
    /// The column, by its number.
    pub column: u16,
    /// Where the column starts in the row.
    pub offset: u32,
    /// What the column holds.
    pub field_type: TypeRef,
    /// Whether the test is about what is in the option that the column is. It fails where the option is empty.
    pub in_option: bool,
}

/// A test of one column.
#[derive(Clone, Debug)]
pub struct Test {
    /// The column.
    pub tested: Tested,
    /// What is asked.
    pub what: What,
    how: How,
}

/// How the rows of a block are tested.
#[derive(Clone, Debug)]
enum How {
    /// All at once.
    Scan {
        /// The byte or number that is not zero where the option of the value holds something: where, and the range.
        some: Option<(usize, Range)>,
        /// Where the value lies.
        at: usize,
        /// The test is passed by what lies in one of these...
        ranges: Vec<Range>,
        /// ...or by everything else.
        negated: bool,
    },
    /// One by one, since the type has no fixed form.
    Rows,
}

/// More values than these are looked up one by one, instead of by as many scans.
const SCANS_MAX: usize = 4;

impl Tested {
    /// The type that the test is about.
    pub fn value_type(&self) -> &FieldType {
        match &*self.field_type {
            FieldType::Optional(inner) if self.in_option => inner,
            field_type => field_type,
        }
    }

    /// The value in a row; `None` if it is an empty option and the test is about what is in it.
    fn value<'r>(&self, row: RowBytes<'r>) -> Option<RowBytes<'r>> {
        let bytes = &row.row[self.offset as usize..][..self.field_type.size()];
        let FieldType::Optional(inner) = &*self.field_type else { return Some(RowBytes { row: bytes, ..row }) };
        if !self.in_option {
            return Some(RowBytes { row: bytes, ..row });
        }
        let is_some = bytes.iter().any(|byte| *byte != 0);
        is_some.then(|| RowBytes { row: &bytes[usize::from(!inner.has_niche())..], ..row })
    }

    /// Where the value in the option `inner` lies, and what says that there is one.
    fn some(&self, inner: &FieldType) -> (usize, (usize, Range)) {
        let at = self.offset as usize;
        match inner.has_niche() {
            true => (at, (at, Range::not_zero(inner.size() as u32))),
            false => (at + 1, (at, Range::not_zero(1))),
        }
    }
}

impl Test {
    /// A test of a column.
    pub fn new(tested: Tested, what: What) -> Self {
        let what = match what {
            What::OneOf(values) => What::OneOf(sorted(values, tested.value_type())),
            what => what,
        };
        let how = how(&tested, &what);
        Self { tested, what, how }
    }

    /// Whether a row, with its heap, passes.
    pub fn holds(&self, row: RowBytes<'_>) -> bool {
        match &self.how {
            How::Scan { some, at, ranges, negated } => {
                let bytes = &row.row;
                scan(*some, *at, ranges, *negated, |range, at| range.mask(bytes, bytes.len(), at, 1)) & 1 == 1
            }
            How::Rows => self.tested.value(row).is_some_and(|value| self.passes(value)),
        }
    }

    /// Which of the slots `wanted` of block `block` have a row that passes.
    pub fn word(&self, version: &Version, block: usize, wanted: u64) -> u64 {
        let table = &version.tables[usize::from(self.tested.table)];
        let Some(chunk) = table.chunk(block / CHUNK_BLOCKS) else { return 0 };
        let present = chunk.word(block % CHUNK_BLOCKS);
        let wanted = wanted & present;
        if wanted == 0 {
            return 0;
        }
        match &self.how {
            How::Scan { some, at, ranges, negated } if !table.geometry().is_wide() => {
                let (rows, stride) =
                    (chunk.block_bytes(table.geometry(), block % CHUNK_BLOCKS), table.geometry().stride());
                // A full block needs no count, which baseline x86-64 does in software.
                let len = if present == u64::MAX { BLOCK_SLOTS } else { present.count_ones() as usize };
                let answers = scan(*some, *at, ranges, *negated, |range, at| range.mask(rows, stride, at, len));
                spread(answers, present) & wanted
            }
            _ => {
                let passes = |bit: &u32| {
                    let row = table.stored((block * BLOCK_SLOTS) as u32 + bit);
                    row.is_some_and(|row| self.holds(row))
                };
                bits(wanted).filter(passes).fold(0, |word, bit| word | 1 << bit)
            }
        }
    }

    /// Whether a value passes, tested one by one.
    fn passes(&self, value: RowBytes<'_>) -> bool {
        let of = self.tested.value_type();
        match &self.what {
            What::Compare(op, operand) => holds(of, *op, value, operand.row_bytes()),
            What::Between(low, high) => {
                holds(of, CompareOp::GreaterOrEqual, value, low.row_bytes())
                    && holds(of, CompareOp::LessOrEqual, value, high.row_bytes())
            }
            What::OneOf(values) => is_one_of(of, values, value),
            What::IsNone => value.row.iter().all(|byte| *byte == 0),
            What::IsSome => value.row.iter().any(|byte| *byte != 0),
            What::StartsWith(start) => text(of, value).starts_with(start.as_bytes()),
            What::Contains(part) => has_part(text(of, value), part.as_bytes()),
            What::Includes(element) => includes(of, value, element),
        }
    }

    /// Writes it as in Rust, with the names of the table.
    pub fn show(&self, f: &mut fmt::Formatter<'_>, table: &TableSchema) -> fmt::Result {
        let name = table.column_at(self.tested.column.into()).map(|column| column.name()).unwrap_or_default();
        write!(f, "{}.{name}", table.name)?;
        let of = self.tested.value_type();
        let value = |value: &Encoded| value.to_value(of);
        match &self.what {
            What::Compare(op, operand) => write!(f, " {op} {}", value(operand)),
            What::Between(low, high) => write!(f, " between {} and {}", value(low), value(high)),
            What::OneOf(values) => write!(f, " in {}", Value::Array(values.iter().map(value).collect())),
            What::IsNone => f.write_str(" is none"),
            What::IsSome => f.write_str(" is some"),
            What::StartsWith(start) => write!(f, " starts with {start:?}"),
            What::Contains(part) => write!(f, " contains {part:?}"),
            What::Includes(element) => match of {
                FieldType::List(of) => write!(f, " contains {}", element.to_value(of)),
                _ => f.write_str(" contains nothing"),
            },
        }
    }
}

/// The answers of rows, by a function that gives those of one range at one place.
#[inline]
fn scan(
    some: Option<(usize, Range)>,
    at: usize,
    ranges: &[Range],
    negated: bool,
    mask: impl Fn(Range, usize) -> u64,
) -> u64 {
    let found = ranges.iter().fold(0, |found, range| found | mask(*range, at));
    let found = if let Some((at, some)) = some { found & mask(some, at) } else { found };
    // Bits beyond the rows go when the answers are brought to their slots.
    if negated { !found } else { found }
}

fn how(tested: &Tested, what: &What) -> How {
    let scan = |some, at, ranges, negated| How::Scan { some, at, ranges, negated };
    let at = tested.offset as usize;
    // Where the value lies, and its type, if there is an option around it.
    let (of, inner_at, some) = match &*tested.field_type {
        FieldType::Optional(inner) => {
            let (at, some) = tested.some(inner);
            (&**inner, at, Some(some))
        }
        field_type => (field_type, at, None),
    };
    match what {
        What::IsNone | What::IsSome => {
            let Some((at, range)) = some else { return How::Rows };
            return scan(None, at, vec![range], matches!(what, What::IsNone));
        }
        _ => {}
    }
    let Some(form) = Form::of(of) else { return How::Rows };
    // An operand is an option itself, unless the test is about what is in it.
    let start = inner_at - at;
    let operand = |operand: &Encoded| -> Option<Vec<u8>> {
        if tested.in_option || some.is_none() {
            return Some(operand.bytes().to_vec());
        }
        operand.bytes().iter().any(|byte| *byte != 0).then(|| operand.bytes()[start..].to_vec())
    };
    match what {
        What::Compare(op, value) => match operand(value) {
            Some(value) => {
                let range = Range::compared(form, *op, &value);
                let negated = *op == CompareOp::NotEqual;
                if negated && tested.in_option {
                    // An empty option passes nothing that is about its content.
                    return How::Rows;
                }
                scan(some, inner_at, vec![range], negated)
            }
            // Compared with an empty option.
            None => how(tested, if *op == CompareOp::Equal { &What::IsNone } else { &What::IsSome }),
        },
        What::Between(low, high) => match (operand(low), operand(high)) {
            (Some(low), Some(high)) => scan(some, inner_at, vec![Range::between(form, &low, &high)], false),
            _ => How::Rows,
        },
        What::OneOf(values) if values.len() <= SCANS_MAX => {
            let values: Option<Vec<Vec<u8>>> = values.iter().map(operand).collect();
            match values {
                Some(values) => {
                    let range = |value: &Vec<u8>| Range::compared(form, CompareOp::Equal, value);
                    scan(some, inner_at, values.iter().map(range).collect(), false)
                }
                None => How::Rows,
            }
        }
        _ => How::Rows,
    }
}

/// Values in their order and each once, where there is one; what equals nothing is left out.
fn sorted(mut values: Vec<Encoded>, of: &FieldType) -> Vec<Encoded> {
    let order = |a: &Encoded, b: &Encoded| compare(of, a.row_bytes(), b.row_bytes());
    if values.first().is_none_or(|first| order(first, first).is_none()) {
        return values;
    }
    values.retain(|value| order(value, value).flatten().is_some());
    values.sort_by(|a, b| order(a, b).flatten().unwrap_or(core::cmp::Ordering::Equal));
    values.dedup_by(|a, b| order(a, b).flatten() == Some(core::cmp::Ordering::Equal));
    values
}

fn is_one_of(of: &FieldType, values: &[Encoded], value: RowBytes<'_>) -> bool {
    match compare(of, value, value) {
        Some(Some(_)) => {
            let order = |other: &Encoded| compare(of, other.row_bytes(), value).flatten();
            values.binary_search_by(|other| order(other).unwrap_or(core::cmp::Ordering::Less)).is_ok()
        }
        Some(None) => false,
        None => values.iter().any(|other| holds(of, CompareOp::Equal, value, other.row_bytes())),
    }
}

/// The bytes of a text.
fn text<'r>(of: &FieldType, value: RowBytes<'r>) -> &'r [u8] {
    match of {
        FieldType::Text => {
            let slot = Slot::read(value.row);
            &value.heap[slot.start()..][..slot.len()]
        }
        FieldType::FixedText { .. } => {
            let len = value.row.iter().position(|byte| *byte == 0).unwrap_or(value.row.len());
            &value.row[..len]
        }
        _ => &[],
    }
}

/// Whether `part` stands somewhere in `text`.
fn has_part(text: &[u8], part: &[u8]) -> bool {
    let Some(first) = part.first() else { return true };
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(part) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

fn includes(of: &FieldType, value: RowBytes<'_>, element: &Encoded) -> bool {
    let FieldType::List(of) = of else { return false };
    let (slot, size) = (Slot::read(value.row), of.size());
    let elements = &value.heap[slot.start()..][..slot.len() * size];
    (0..slot.len()).any(|index| {
        let found = RowBytes { row: &elements[index * size..][..size], ..value };
        holds(of, CompareOp::Equal, found, element.row_bytes())
    })
}
