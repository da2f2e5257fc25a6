//! Components with too many fields. Passing twin: `pass/limits.rs`.

use ecsdb::Component;

macro_rules! wide {
    ($name:ident [$($bits:tt)*] $($fields:tt)*) => {
        wide!(@double $name [$($bits)*] [$($fields)*]);
    };
    (@double $name:ident [] [$($fields:tt)*]) => {
        #[derive(Component)]
        struct $name(u8, $($fields)*);
    };
    (@double $name:ident [* $($rest:tt)*] [$($fields:tt)*]) => {
        wide!(@double $name [$($rest)*] [$($fields)* $($fields)*]);
    };
}

wide!(Wide [* * * * * * * * * *] u8,);

fn main() {}
