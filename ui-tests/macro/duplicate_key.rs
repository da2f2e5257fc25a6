use ecsdb::Component;

#[derive(Component)]
#[component(table = "a", table = "b")]
#[component(table = "c")]
struct Health {
    #[component(rename = "a", rename = "a")]
    hp: u32,
}

fn main() {}
