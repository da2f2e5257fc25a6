//! Schemas: what tables there are and what their rows are made of.
//!
//! Owns the logical description, its checks, its text form and its hash. It never touches a row in storage.

mod field_type;
mod table_schema;
mod validate;

pub use field_type::{FieldType, Scalar, TypeRef};
pub use table_schema::{FieldSchema, RowLayout, TableSchema};
pub use validate::{InvalidRow, InvalidRowKind};
