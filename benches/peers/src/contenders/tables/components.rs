//! The components of further tables: one float each.

/// The components of further tables.
macro_rules! components {
    ($($name:ident $number:literal),*) => {
        $(
            /// A further table.
            #[derive(
                bevy_ecs::component::Component,
                ecsdb::Component,
                flecs_ecs::prelude::Component,
                shipyard::Component,
                Clone,
                Copy,
            )]
            #[repr(C)]
            pub struct $name {
                /// Whatever it is.
                pub value: f32,
            }
        )*
    };
}

/// Calls the macro `$each` with the further tables and their numbers.
macro_rules! for_each_further {
    ($each:ident) => {
        $each! {
            M1 1, M2 2, M3 3, M4 4, M5 5, M6 6, M7 7, M8 8, M9 9, M10 10, M11 11, M12 12, M13 13, M14 14, M15 15,
            M16 16, M17 17, M18 18, M19 19, M20 20, M21 21, M22 22, M23 23, M24 24, M25 25, M26 26, M27 27, M28 28,
            M29 29, M30 30, M31 31, M32 32, M33 33, M34 34, M35 35, M36 36, M37 37, M38 38, M39 39, M40 40, M41 41,
            M42 42, M43 43, M44 44, M45 45, M46 46, M47 47, M48 48, M49 49, M50 50, M51 51, M52 52, M53 53, M54 54,
            M55 55, M56 56, M57 57, M58 58, M59 59, M60 60, M61 61, M62 62, M63 63
        }
    };
}
pub(super) use for_each_further;

for_each_further!(components);
