use ecsdb::Component;

#[derive(Component)]
#[component]
struct NoList {
    a: u32,
}

#[derive(Component)]
#[component = "a"]
struct Equals {
    a: u32,
}

#[derive(Component)]
#[component[table = "a"]]
struct Brackets {
    a: u32,
}

#[derive(Component)]
#[component(table, row = "Row", view(View), crate = "ecsdb")]
struct Values {
    #[component(rename = points)]
    a: u32,
    #[component(rename("b"))]
    b: u32,
    #[component(rename =)]
    c: u32,
    #[component("rename")]
    d: u32,
    #[component(rename = "d" "e")]
    e: u32,
}

fn main() {}
