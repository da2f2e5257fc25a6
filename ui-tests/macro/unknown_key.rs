use ecsdb::Component;

#[derive(Component)]
#[component(tabel = "healths", replicate = "none")]
struct Health {
    #[component(renam = "points")]
    hp: u32,
    #[component(offset = 4)]
    armour: u32,
}

fn main() {}
