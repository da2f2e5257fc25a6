use ecsdb::Component;

#[derive(Component)]
struct Packed {
    a: u32,
}

impl Drop for Packed {
    fn drop(&mut self) {}
}

#[derive(Component)]
#[repr(C)]
struct Native {
    a: u32,
}

impl Drop for Native {
    fn drop(&mut self) {}
}

#[derive(Component)]
struct Tag;

impl Drop for Tag {
    fn drop(&mut self) {}
}

fn main() {}
