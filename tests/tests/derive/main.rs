//! What the derives promise at run time, one sort of type a file.

mod attributes;
mod drift;
mod enums;
mod generics;
mod golden;
mod heap;
mod indexes;
mod structs;
mod values;
