//! Which types of Rust can be fields: implementations of the contract in [`field`](super::field), one sort a file.

mod compound;
mod enums;
mod fixed_str;
#[cfg(feature = "glam")]
mod glam;
mod list;
mod native;
mod reference;
mod scalars;
mod text;
mod tuples;

pub use enums::{Enum, Packer, Payload, Whole, WholeValue, enum_bytes, no_variant, tag};
pub(crate) use fixed_str::why_not as text_fault;
pub use fixed_str::{FixedStr, TooLong};
pub use list::List;
pub use native::Native;
pub use reference::{Ref, Refers};
