//! `schema!` with components that are written by hand, as the derive would write them.

use std::borrow::Cow;

use crate::Component;
use crate::component::packed::{Heap, HeapBuf};
use crate::schema::{
    __check_schema, __check_table, Durability, FieldSchema, FieldType, RowLayout, Scalar, Schema, TableOf, TableSchema,
};

macro_rules! component {
    ($name:ident, $table:literal) => {
        pub struct $name(u32);

        // SAFETY: the row is a `u32`, which the schema describes: one field of 4 bytes, aligned to 4, any bits.
        unsafe impl Component for $name {
            type Row = u32;
            type Ref<'a> = u32;

            const TABLE: &'static str = $table;

            const SCHEMA: &'static TableSchema = &TableSchema {
                renamed_from: Cow::Borrowed(""),
                version: 0,
                deprecated: None,
                name: Cow::Borrowed($table),
                doc: Cow::Borrowed(""),
                layout: RowLayout::Native,
                size: 4,
                align: 4,
                key: None,
                durability: Durability::Wal,
                fields: Cow::Borrowed(&[FieldSchema {
                    name: Cow::Borrowed("value"),
                    doc: Cow::Borrowed(""),
                    field_type: FieldType::Scalar(Scalar::U32),
                    offset: 0,
                    renamed_from: Cow::Borrowed(""),
                    default: None,
                    since: 0,
                    deprecated: None,
                    reference: None,
                    auto_increment: false,
                }]),
                indexes: Cow::Borrowed(&[]),
            };

            fn into_row(self, _: &mut HeapBuf) -> u32 {
                self.0
            }

            fn from_row(row: &u32, _: Heap<'_>) -> Self {
                Self(*row)
            }

            fn view<'a>(row: &'a u32, _: Heap<'a>) -> u32 {
                *row
            }

            unsafe fn with_mut<R>(row: &mut u32, _: &mut HeapBuf, change: impl FnOnce(&mut Self) -> R) -> R {
                let mut value = Self(*row);
                let result = change(&mut value);
                *row = value.0;
                result
            }
        }
    };
}

mod parts {
    use super::*;

    component!(Health, "health");
}

component!(Purse, "purse");

crate::schema! { pub World: Purse, parts::Health }

crate::schema! {
    /// Attributes and a trailing comma.
    #[derive(Clone, Copy, Debug)]
    #[schema(name = "second-world", version = "1.2.0")]
    Second: parts::Health,
}

crate::schema! { pub(crate) Nothing: }

fn index<S: Schema, T: TableOf<S>>() -> u16 {
    assert!(
        core::ptr::eq(S::tables()[usize::from(T::INDEX)], T::SCHEMA) || S::tables()[usize::from(T::INDEX)] == T::SCHEMA
    );
    T::INDEX
}

#[test]
fn components_are_numbered_as_they_are_listed() {
    assert_eq!((index::<World, Purse>(), index::<World, parts::Health>()), (0, 1));
    assert_eq!(index::<Second, parts::Health>(), 0, "a component may be in two schemas");
    assert_eq!(Nothing::tables(), [] as [&TableSchema; 0]);
}

#[test]
fn the_schema_is_that_of_its_tables() {
    let world = World::schema();
    assert_eq!((world.name(), world.version()), ("World", ""));
    assert_eq!(world.tables(), [Purse::SCHEMA.clone(), parts::Health::SCHEMA.clone()]);
    let second = Second::schema();
    assert_eq!((second.name(), second.version()), ("second-world", "1.2.0"));
    assert_eq!(Nothing::schema().tables(), []);
}

/// What the compiler would print, had the schema been declared with these tables.
fn refusal(name: &str, types: &[&str], tables: &[&TableSchema]) -> String {
    let check = || {
        types.iter().zip(tables).for_each(|(written, table)| __check_table(name, written, table));
        __check_schema(name, "", types, tables);
    };
    let panic = std::panic::catch_unwind(check).unwrap_err();
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| (*panic.downcast_ref::<&str>().unwrap()).to_owned())
}

#[test]
fn what_the_compiler_says_names_the_types() {
    let purse = Purse::SCHEMA;
    assert_eq!(
        refusal("World", &["a::Purse", "b::Purse"], &[purse, purse]),
        "schema `World`: `a::Purse` and `b::Purse` are both the table `purse`: give one of them #[component(table = \
         \"...\")]"
    );
    let reserved = TableSchema { name: Cow::Borrowed("entities"), ..purse.clone() };
    assert_eq!(
        refusal("World", &["Entities"], &[&reserved]),
        "schema `World`: `Entities`, table `entities`: expected another name than `entities`, which is the table of the \
         entities themselves"
    );
    let twice =
        TableSchema { fields: Cow::Owned([purse.fields.to_vec(), purse.fields.to_vec()].concat()), ..purse.clone() };
    assert_eq!(
        refusal("World", &["Twice"], &[&twice]),
        "schema `World`: `Twice`, table `purse`, field `value`: there are two fields of this name"
    );
    let wide = TableSchema { size: 65537, ..purse.clone() };
    assert_eq!(
        refusal("World", &["Wide"], &[&wide]),
        "schema `World`: `Wide`, table `purse`: 65537 bytes in a row: at most 65536 are allowed"
    );
    assert_eq!(
        refusal("World", &["Purse"; 1025], &[purse; 1025]),
        "schema `World`: 1025 tables: at most 1024 are allowed"
    );
    assert!(refusal("a b", &[], &[]).starts_with("schema `a b`: the database needs a name of letters"));
}
