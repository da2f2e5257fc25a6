use ecsdb::Component;

#[derive(Component)]
#[component(table = "")]
struct Nameless {
    #[component(rename = "hit points")]
    hp: u32,
    #[component(rename = "1st")]
    first: u32,
}

#[derive(Component)]
struct Twice {
    a: u32,
    #[component(rename = "a")]
    b: u32,
}

#[derive(Component)]
struct Entities {
    maxHp: u32,
    größe: u32,
}

#[derive(Component)]
#[component(table = "ecsdb_log")]
struct Log;

fn main() {}
