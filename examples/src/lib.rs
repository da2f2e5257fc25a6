//! Programs that show ecsdb at work, and the parts that they are made of.
//!
//! Each module is one program; `src/bin` holds their `main`, and `ticks`, which is nothing but one. Nothing here prints: the programs do.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod feed;
pub mod inventory;
pub mod scene;
pub mod spatial;
pub mod world;
