use ecsdb::Component;

struct Plain {
    a: u32,
}

fn needs_component<T: Component>() {}

fn main() {
    needs_component::<Plain>();
}
