//! What the four letters promise, letter by letter.

mod atomicity;
mod consistency;
mod durability;
mod history;
mod isolation;
