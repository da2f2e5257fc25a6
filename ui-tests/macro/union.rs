use ecsdb::Component;

#[derive(Component)]
#[repr(C)]
union Bits {
    float: f32,
    int: u32,
}

fn main() {}
