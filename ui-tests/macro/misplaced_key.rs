use ecsdb::Component;

#[derive(Component)]
#[component(rename = "healths")]
struct Health {
    #[component(table = "points")]
    hp: u32,
}

#[derive(Component)]
#[component(row = PosData, view = PosView)]
#[repr(C)]
struct Pos {
    x: f32,
}

#[derive(Component)]
#[component(row = FrozenData)]
struct Frozen;

fn main() {}
