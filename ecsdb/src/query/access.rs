//! Ways to the rows of a condition through indexes, and what they cost.
//!
//! Owns the choice, from what the indexes know of how many rows they would give. What it gives may be more than what passes the
//! condition, never less.

use core::ops::Bound;

use super::condition::{Node, Test, What};
use super::cost;
use crate::component::CompareOp;
use crate::schema::{FieldType, IndexKind, KeyRange, Value, ValueError};
use crate::storage::{IndexDefinition, IndexRead, Point, Version};

/// More lookups than these are not put together.
const LOOKUPS_MAX: usize = 64;

/// A way through an index.
#[derive(Clone)]
pub struct Access {
    /// The index, by its number.
    index: u16,
    lookups: Lookups,
    /// About how many entries it gives; nothing if it does not know.
    estimate: Option<u64>,
}

#[derive(Clone)]
enum Lookups {
    Ranges(Vec<KeyRange>),
    Box(Point, Point),
}

impl Access {
    /// The slots that it gives: all for which the condition may hold, and perhaps others.
    pub fn slots(&self, version: &Version) -> Vec<u32> {
        let read = IndexRead::new(version, self.index);
        match (&self.lookups, read.grid()) {
            (Lookups::Box(low, high), Some(grid)) => grid.in_box(low, high),
            (Lookups::Ranges(ranges), _) => ranges.iter().flat_map(|range| read.range(range.clone())).collect(),
            (Lookups::Box(..), None) => Vec::new(),
        }
    }

    /// About how many rows it gives.
    pub fn rows(&self) -> u64 {
        self.estimate.unwrap_or(u64::MAX)
    }

    fn cost(&self) -> u64 {
        let lookups = match &self.lookups {
            Lookups::Ranges(ranges) => ranges.len() as u64,
            Lookups::Box(..) => 1,
        };
        self.rows().saturating_mul(cost::INDEX_ROW).saturating_add(lookups * cost::INDEX_LOOKUP)
    }

    /// How many rows a scan would compare instead.
    fn scanned(&self, version: &Version) -> u64 {
        version.tables[usize::from(self.definition(version).table)].rows()
    }

    fn definition<'v>(&self, version: &'v Version) -> &'v IndexDefinition {
        IndexRead::new(version, self.index).definition()
    }

    /// What the index is called in plans.
    pub fn name(&self, version: &Version) -> String {
        name_of(self.definition(version))
    }
}

/// What an index is called in plans.
pub fn name_of(index: &IndexDefinition) -> String {
    format!("{}.{}", index.table_name, index.name)
}

/// All ways through indexes for a condition.
pub fn accesses(version: &Version, condition: &Node) -> Vec<Access> {
    let tests: Vec<&Test> = match condition {
        Node::Test(test) => vec![test],
        Node::All(parts) => {
            parts.iter().filter_map(|part| if let Node::Test(test) = part { Some(&**test) } else { None }).collect()
        }
        _ => Vec::new(),
    };
    if tests.is_empty() {
        return Vec::new();
    }
    let definitions = version.indexes.definitions.all();
    let numbers = (0..definitions.len())
        .filter(|number| tests.iter().any(|test| test.tested.table == definitions[*number].table));
    numbers.filter_map(|number| access(version, number as u16, &tests)).collect()
}

/// The cheapest way through an index that costs less than a scan.
pub fn choose(version: &Version, condition: &Node) -> Option<Access> {
    let best = accesses(version, condition).into_iter().min_by_key(Access::cost)?;
    (best.cost() < best.scanned(version)).then_some(best)
}

fn access(version: &Version, index: u16, tests: &[&Test]) -> Option<Access> {
    let read = IndexRead::new(version, index);
    let definition = read.definition();
    let tests: Vec<&Test> = tests.iter().copied().filter(|test| test.tested.table == definition.table).collect();
    if let IndexKind::Grid { cell } = definition.kind {
        let (low, high) = in_box(definition, &tests)?;
        let axes = definition.key.column_count();
        let cells: f64 = (0..axes).map(|axis| ((high[axis] - low[axis]) / cell).max(0.0).ceil() + 1.0).product();
        let rows_of_cell = read.entries() as f64 / read.keys().max(1) as f64;
        let estimate = read.is_settled().then_some(((cells * rows_of_cell) as u64).min(read.entries()));
        return Some(Access { index, lookups: Lookups::Box(low, high), estimate });
    }
    let ranges = ranges(definition, &tests).ok().flatten()?;
    let estimate = ranges.iter().map(|range| read.estimate(range)).sum::<Option<u64>>();
    Some(Access { index, lookups: Lookups::Ranges(ranges), estimate })
}

/// The ranges of keys that rows must have which pass all tests; nothing if the tests say nothing about the first column.
fn ranges(index: &IndexDefinition, tests: &[&Test]) -> Result<Option<Vec<KeyRange>>, ValueError> {
    let key = &index.key;
    // The values that the columns so far may have.
    let mut prefixes: Vec<Vec<Value>> = vec![Vec::new()];
    let columns = key.columns_in_row().enumerate();
    for (number, (start, of, is_list)) in columns {
        let about = |test: &&&Test| {
            let tested = &test.tested;
            let is_same = if is_list {
                matches!((&*tested.field_type, &test.what), (FieldType::List(element), What::Includes(_)) if **element == *of)
            } else {
                *tested.field_type == *of
            };
            tested.offset as usize == start && is_same
        };
        let tests: Vec<&Test> = tests.iter().filter(about).copied().collect();
        let equal = tests.iter().find_map(|test| equal_values(test));
        if let Some(values) = equal.filter(|values| prefixes.len() * values.len() <= LOOKUPS_MAX) {
            if index.skips_none() && values.contains(&Value::Optional(None)) {
                return Ok(None);
            }
            let with = |prefix: &Vec<Value>| {
                let prefix = prefix.clone();
                values.iter().map(move |value| prefix.iter().chain([value]).cloned().collect()).collect::<Vec<_>>()
            };
            prefixes = prefixes.iter().flat_map(with).collect();
            continue;
        }
        if index.kind == IndexKind::Hash {
            return Ok(None);
        }
        if let Some(ranges) = tail(index, number, &prefixes, &tests)? {
            return Ok(Some(ranges));
        }
        break;
    }
    if prefixes.iter().all(Vec::is_empty) && !prefixes.is_empty() {
        return Ok(None);
    }
    let whole = |prefix: &Vec<Value>| Ok(KeyRange::Equal(key.probe_values(prefix)?));
    prefixes.iter().map(whole).collect::<Result<_, _>>().map(Some)
}

/// The values that a column has where a test holds, if the test says so.
fn equal_values(test: &Test) -> Option<Vec<Value>> {
    let of = test.tested.value_type();
    let inside = |value: Value| if test.tested.in_option { Value::Optional(Some(Box::new(value))) } else { value };
    let values = match &test.what {
        What::Compare(CompareOp::Equal, operand) => vec![inside(operand.to_value(of))],
        What::OneOf(values) => values.iter().map(|value| inside(value.to_value(of))).collect(),
        What::IsNone => vec![Value::Optional(None)],
        What::Includes(element) => match of {
            FieldType::List(of) => vec![element.to_value(of)],
            _ => return None,
        },
        _ => return None,
    };
    // Zeros are equal and have two keys. Inside of another value there would be too many to look for.
    if values.iter().any(has_zero_inside) {
        return None;
    }
    Some(values.into_iter().flat_map(|value| [Some(value.clone()), other_zero(&value)]).flatten().collect())
}

/// The zero with the other sign, of a float that is zero.
fn other_zero(value: &Value) -> Option<Value> {
    match value {
        Value::F32(value) if *value == 0.0 => Some(Value::F32(-value)),
        Value::F64(value) if *value == 0.0 => Some(Value::F64(-value)),
        Value::Optional(Some(value)) => other_zero(value).map(|value| Value::Optional(Some(Box::new(value)))),
        _ => None,
    }
}

/// Whether a part of an array, a struct or a variant is a float that is zero.
fn has_zero_inside(value: &Value) -> bool {
    let has_zero = |value: &Value| other_zero(value).is_some() || has_zero_inside(value);
    match value {
        Value::Optional(Some(value)) => has_zero_inside(value),
        Value::Array(values) => values.iter().any(has_zero),
        Value::Struct(fields) | Value::Variant { fields, .. } => fields.iter().any(|(_, value)| has_zero(value)),
        _ => false,
    }
}

/// One end of what a column may hold.
type End = Option<(Value, bool)>;

/// The least and the greatest value that the tests leave, each with whether it is one itself.
fn ends(tests: &[&Test]) -> (End, End) {
    let (mut low, mut high) = (None, None);
    for test in tests {
        let of = test.tested.value_type();
        match &test.what {
            What::Compare(op @ (CompareOp::Greater | CompareOp::GreaterOrEqual), operand) => {
                low = low.or(Some((operand.to_value(of), *op == CompareOp::GreaterOrEqual)));
            }
            What::Compare(op @ (CompareOp::Less | CompareOp::LessOrEqual), operand) => {
                high = high.or(Some((operand.to_value(of), *op == CompareOp::LessOrEqual)));
            }
            What::Between(least, greatest) => {
                low = low.or(Some((least.to_value(of), true)));
                high = high.or(Some((greatest.to_value(of), true)));
            }
            _ => {}
        }
    }
    // -0 and 0 are equal, and -0 has the lower key.
    let signed = |end: End, is_low: bool| end.map(|(value, is_in)| (zero_at_end(value, is_low), is_in));
    (signed(low, true), signed(high, false))
}

fn zero_at_end(value: Value, is_low: bool) -> Value {
    let sign = if is_low { -1.0 } else { 1.0 };
    match value {
        Value::F32(0.0) => Value::F32(0.0_f32.copysign(sign)),
        Value::F64(0.0) => Value::F64(0.0_f64.copysign(sign.into())),
        value => value,
    }
}

/// Ranges that begin with `prefixes` and are bounded by the tests of column number `column`; nothing if these set no bounds.
fn tail(
    index: &IndexDefinition,
    column: usize,
    prefixes: &[Vec<Value>],
    tests: &[&Test],
) -> Result<Option<Vec<KeyRange>>, ValueError> {
    let key = &index.key;
    let starts = tests.iter().find_map(|test| match &test.what {
        What::StartsWith(start) => Some(start),
        _ => None,
    });
    if let Some(start) = starts {
        let range =
            |prefix: &Vec<Value>| Ok(KeyRange::Equal(key.probe_values(prefix)?.with_text_prefix(key, column, start)));
        return prefixes.iter().map(range).collect::<Result<_, ValueError>>().map(Some);
    }
    let in_option = tests.iter().any(|test| test.tested.in_option);
    let is_some = in_option || tests.iter().any(|test| matches!(test.what, What::IsSome));
    let (low, high) = ends(tests);
    if low.is_none() && high.is_none() && !is_some {
        return Ok(None);
    }
    let bound = |prefix: &Vec<Value>, end: &End, is_low: bool| {
        let probe = |value: Option<&Value>| key.probe_values(&prefix.iter().chain(value).cloned().collect::<Vec<_>>());
        Ok(match end {
            Some((value, true)) => Bound::Included(probe(Some(value))?),
            Some((value, false)) => Bound::Excluded(probe(Some(value))?),
            None if is_low && is_some => Bound::Excluded(probe(Some(&Value::Optional(None)))?),
            None if prefix.is_empty() => Bound::Unbounded,
            None => Bound::Included(probe(None)?),
        })
    };
    let range = |prefix: &Vec<Value>| Ok(KeyRange::new(bound(prefix, &low, true)?, bound(prefix, &high, false)?));
    prefixes.iter().map(range).collect::<Result<_, ValueError>>().map(Some)
}

/// The box that the tests leave of a grid; nothing if it is open on a side.
fn in_box(index: &IndexDefinition, tests: &[&Test]) -> Option<(Point, Point)> {
    let (mut low, mut high) = (Point::default(), Point::default());
    for (axis, (start, of, _)) in index.key.columns_in_row().enumerate() {
        let own = |test: &&&Test| test.tested.offset as usize == start && *test.tested.field_type == *of;
        let own: Vec<&Test> = tests.iter().filter(own).copied().collect();
        let exactly = own.iter().find_map(|test| match &test.what {
            What::Compare(CompareOp::Equal, operand) => Some((operand.to_value(of), true)),
            _ => None,
        });
        let (least, greatest) = ends(&own);
        low[axis] = coordinate(&exactly.clone().or(least)?.0)?;
        high[axis] = coordinate(&exactly.or(greatest)?.0)?;
    }
    Some((low, high))
}

/// A number as a grid sees it.
fn coordinate(value: &Value) -> Option<f64> {
    Some(match value {
        Value::F32(value) => (*value).into(),
        Value::F64(value) => *value,
        Value::U8(value) => (*value).into(),
        Value::U16(value) => (*value).into(),
        Value::U32(value) => (*value).into(),
        Value::U64(value) => *value as f64,
        Value::I8(value) => (*value).into(),
        Value::I16(value) => (*value).into(),
        Value::I32(value) => (*value).into(),
        Value::I64(value) => *value as f64,
        _ => return None,
    })
}
