//! Schemas: what tables there are and what their rows are made of.
//!
//! Owns the logical description, its checks, its text form and its hash. It never touches a row in storage.

mod check;
mod column;
mod compare;
mod database;
mod default_value;
pub mod diff;
mod error;
mod field_type;
mod hash;
mod key;
mod key_rules;
mod names;
mod plain;
mod registry;
mod relation;
mod relation_rules;
mod repack;
mod scalar;
mod serde_form;
mod table_schema;
#[cfg(test)]
mod tests;
mod toml_in;
mod toml_out;
mod toml_relations;
mod toml_section;
mod type_code;
mod type_rules;
mod type_text;
mod validate;
mod value;
mod value_bytes;
mod value_field;
mod value_row;

pub use crate::limits::ROW_BYTES_MAX;
pub use check::TYPE_DEPTH_MAX;
pub(crate) use check::text as constant_text;
pub use column::ColumnSchema;
pub(crate) use compare::{array, compare, holds, with_number};
pub use database::{DatabaseSchema, RegistryColumn, RegistrySchema};
pub use default_value::{DefaultValue, Encoded};
pub use error::{Location, SchemaError, SchemaErrorKind};
pub use field_type::{EnumType, FieldType, Member, StructType, TypeRef, Variant};
#[doc(hidden)]
pub use key::{KEY_BYTES_MAX, KeyBuf, KeyFault, KeyRange, KeySpec, Probe, TEXT_KEY_BYTES, entity_key, entity_of_key};
pub(crate) use key_rules::{LIST_WITH_OTHERS, constant_key_fault, coordinate_fault};
pub use names::{ENTITIES, NAME_BYTES_MAX, RESERVED_PREFIX};
pub(crate) use names::{name_fault, nearest};
pub use registry::{Schema, TableOf};
pub use relation::{Cardinality, IndexKind, IndexSchema, OnDelete, ReferenceSchema};
pub use scalar::Scalar;
pub use table_schema::{Durability, FieldSchema, RowLayout, TableSchema};
pub(crate) use type_code::{Names, put_type, take_type};
pub use validate::{InvalidRow, InvalidRowKind};
pub use value::{Value, ValueError};

// For the code that `schema!` writes.
#[doc(hidden)]
pub use ecsdb_derive::schema as __schema;
#[doc(hidden)]
pub use registry::{check_schema as __check_schema, check_table as __check_table};
