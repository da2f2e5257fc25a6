//! Types on which no derive stands, as components. Passing twin: `pass/handles.rs`.

use ecsdb::Component;

struct Plain {
    a: u32,
}

fn needs_component<T: Component>() {}

fn main() {
    needs_component::<Plain>();
}
