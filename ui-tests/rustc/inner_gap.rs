use ecsdb::Component;

#[derive(Component)]
#[repr(C)]
struct Gap {
    a: u8,
    b: u32,
}

fn main() {}
