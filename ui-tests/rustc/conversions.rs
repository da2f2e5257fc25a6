//! Foreign types through wrappers that do not lead there and back. Passing twin: `pass/attributes.rs`.

use ecsdb::Component;

struct Foreign(u8);

struct OneWay(u8);

impl From<Foreign> for u8 {
    fn from(foreign: Foreign) -> Self {
        foreign.0
    }
}

#[derive(Component)]
struct NoWayBack {
    #[component(as = u8)]
    foreign: Foreign,
}

#[derive(Component)]
struct NoField {
    #[component(as = OneWay)]
    foreign: u8,
}

fn main() {}
