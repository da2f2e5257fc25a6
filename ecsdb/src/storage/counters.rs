//! The numbers that counted fields give.
//!
//! Owns the next number of each. Numbers are never taken back: what a transaction has taken that was rolled back is skipped. After
//! a restart the next number is above all that the log has seen in the field, also in rows that are gone, as long as the rows of
//! the table are not made anew for another schema: then only those count that were there.

use crate::schema::{DatabaseSchema, FieldType, Scalar};
use crate::storage::version::Version;

/// The counted fields of a database.
#[derive(Debug, Default)]
pub struct Counters {
    counters: Vec<Counter>,
    /// Whether each table has any.
    counts: Box<[bool]>,
}

#[derive(Debug)]
struct Counter {
    table: u16,
    field: u16,
    name: Box<str>,
    former_name: Box<str>,
    /// Where the field starts in the row.
    start: usize,
    scalar: Scalar,
    /// The greatest number that was given, or seen in a row that was kept.
    last: u128,
    /// The greatest number that the running transaction has put there itself.
    claimed: u128,
}

/// A counted field has no number left to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumbersExhausted {
    /// The number of the table.
    pub table: u16,
    /// The number of the field.
    pub field: u16,
}

impl Counters {
    /// Those of a schema, which begin with 1.
    pub fn of(schema: &DatabaseSchema) -> Self {
        let mut counters = Vec::new();
        for (table, of) in schema.tables().iter().enumerate() {
            for (number, field) in of.fields.iter().enumerate().filter(|(_, field)| field.auto_increment) {
                // The schema has nothing else counted.
                let FieldType::Scalar(scalar) = field.field_type else { continue };
                counters.push(Counter {
                    table: table as u16,
                    field: number as u16,
                    name: (*field.name).into(),
                    former_name: (*field.renamed_from).into(),
                    start: field.offset as usize,
                    scalar,
                    last: 0,
                    claimed: 0,
                });
            }
        }
        let counts = |table| counters.iter().any(|counter: &Counter| usize::from(counter.table) == table);
        Self { counts: (0..schema.tables().len()).map(counts).collect(), counters }
    }

    /// Whether rows of the table have counted fields.
    #[inline]
    pub fn has(&self, table: u16) -> bool {
        self.counts.get(usize::from(table)).copied().unwrap_or(false)
    }

    fn of_table(&mut self, table: u16) -> impl Iterator<Item = &mut Counter> {
        self.counters.iter_mut().filter(move |counter| counter.table == table)
    }

    /// Gives a row that is to be stored its numbers: in the place of a 0 that which `earlier`, the row before, has, or else
    /// the next one. Other numbers are noted, so that they are not given again.
    pub fn number(&mut self, table: u16, row: &mut [u8], earlier: Option<&[u8]>) -> Result<(), NumbersExhausted> {
        for counter in self.of_table(table) {
            let place = counter.start..counter.start + counter.scalar.size();
            if row[place.clone()].iter().any(|byte| *byte != 0) {
                counter.claimed = counter.claimed.max(counter.read(row));
            } else if let Some(earlier) = earlier {
                row[place.clone()].copy_from_slice(&earlier[place]);
            } else {
                let number = counter.next()?.to_le_bytes();
                row[place].copy_from_slice(&number[..counter.scalar.size()]);
            }
        }
        Ok(())
    }

    /// Notes the numbers in a row that was changed or restored.
    pub fn note(&mut self, table: u16, row: &[u8]) {
        for counter in self.of_table(table) {
            counter.claimed = counter.claimed.max(counter.read(row));
        }
    }

    /// Ends a transaction that was kept: the numbers in its rows are taken.
    pub fn keep(&mut self) {
        for counter in &mut self.counters {
            counter.last = counter.last.max(core::mem::take(&mut counter.claimed));
        }
    }

    /// Ends a transaction that was rolled back: its own numbers are nobody's, those that it was given are not given again.
    pub fn forget(&mut self) {
        self.counters.iter_mut().for_each(|counter| counter.claimed = 0);
    }

    /// Every counted field, by table and field, and the greatest number that was given or seen.
    pub fn last_numbers(&self) -> impl Iterator<Item = (u16, u16, u128)> + '_ {
        self.counters.iter().map(|counter| (counter.table, counter.field, counter.last))
    }

    /// Has the field give no number up to `last` any more.
    pub fn restore(&mut self, table: u16, field: u16, last: u128) {
        for counter in self.of_table(table).filter(|counter| counter.field == field) {
            counter.last = counter.last.max(last);
        }
    }

    /// Goes on where `before` has stopped, whose tables have the same numbers, and above the numbers in the rows of `version`.
    pub fn go_on(&mut self, before: &Self, version: &Version) {
        for counter in &mut self.counters {
            let is_same = |other: &&Counter| {
                other.table == counter.table && (other.name == counter.name || other.name == counter.former_name)
            };
            counter.last = before.counters.iter().filter(is_same).map(|other| other.last).max().unwrap_or(0);
            let table = &version.tables[usize::from(counter.table)];
            for row in table.slots().filter_map(|slot| table.row_bytes(slot)) {
                counter.last = counter.last.max(counter.read(row));
            }
        }
    }
}

impl Counter {
    /// The number in a row; 0 for one below that.
    fn read(&self, row: &[u8]) -> u128 {
        let size = self.scalar.size();
        let bytes = &row[self.start..self.start + size];
        if self.is_signed() && bytes[size - 1] >= 0x80 {
            return 0;
        }
        let mut number = [0; size_of::<u128>()];
        number[..size].copy_from_slice(bytes);
        u128::from_le_bytes(number)
    }

    fn is_signed(&self) -> bool {
        matches!(self.scalar, Scalar::I16 | Scalar::I32 | Scalar::I64 | Scalar::I128)
    }

    fn next(&mut self) -> Result<u128, NumbersExhausted> {
        let most = u128::MAX >> (128 - 8 * self.scalar.size() as u32 + u32::from(self.is_signed()));
        match self.last.max(self.claimed).checked_add(1).filter(|next| *next <= most) {
            Some(next) => {
                self.last = next;
                Ok(next)
            }
            None => Err(NumbersExhausted { table: self.table, field: self.field }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{FieldSchema, RegistrySchema, TableSchema};

    fn counters(scalar: Scalar) -> Counters {
        let field = FieldSchema { auto_increment: true, ..FieldSchema::new("n", FieldType::Scalar(scalar), 0) };
        let table = TableSchema::packed("a", vec![field]);
        Counters::of(&DatabaseSchema::new("x", "", RegistrySchema::default(), vec![table]).unwrap())
    }

    /// The number that a row with `number` in it gets.
    fn give(counters: &mut Counters, number: i16) -> Result<i16, NumbersExhausted> {
        let mut row = number.to_le_bytes();
        counters.number(0, &mut row, None)?;
        Ok(i16::from_le_bytes(row))
    }

    #[test]
    fn numbers_go_up_and_are_never_given_twice() {
        let mut counters = counters(Scalar::I16);
        assert_eq!([0; 3].map(|zero| give(&mut counters, zero).unwrap()), [1, 2, 3]);
        counters.forget();
        assert_eq!(give(&mut counters, 0), Ok(4), "what was rolled back is skipped");
        assert_eq!((give(&mut counters, 10), give(&mut counters, 0)), (Ok(10), Ok(11)));
        assert_eq!((give(&mut counters, -5), give(&mut counters, 0)), (Ok(-5), Ok(12)));
        counters.keep();
        give(&mut counters, 500).unwrap();
        counters.forget();
        assert_eq!(give(&mut counters, 0), Ok(13), "a number of one's own that was rolled back is nobody's");
    }

    #[test]
    fn a_row_that_is_stored_again_keeps_its_number() {
        let mut counters = counters(Scalar::U16);
        let mut row = [0; 2];
        counters.number(0, &mut row, Some(&7_u16.to_le_bytes())).unwrap();
        assert_eq!(row, 7_u16.to_le_bytes());
    }

    #[test]
    fn numbers_end_with_the_range_of_the_field() {
        for (scalar, most) in [(Scalar::I16, i16::MAX as u128), (Scalar::U16, 0xffff), (Scalar::U128, u128::MAX)] {
            let mut counters = counters(scalar);
            counters.counters[0].last = most - 1;
            let mut row = [0; 16];
            counters.number(0, &mut row[..scalar.size()], None).unwrap();
            assert_eq!(u128::from_le_bytes(row), most);
            let mut row = [0; 16];
            let exhausted = counters.number(0, &mut row[..scalar.size()], None);
            assert_eq!(exhausted, Err(NumbersExhausted { table: 0, field: 0 }));
        }
    }
}
