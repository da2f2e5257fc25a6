//! Indexes that cannot be. Passing twin: `pass/attributes.rs`.

use ecsdb::Component;

#[derive(Component)]
#[component(index(columns(kind, lvel)), index(columns(nothing)), index(columns(kind, kind)), index(columns(speed)))]
#[component(index(name = "by_kind", columns(kind)), index(name = "by_kind", columns(kind, level)))]
#[component(index(columns(level)), index(columns(level), unique))]
struct Item {
    kind: u8,
    #[component(rename = "level", index, unique)]
    height: u32,
    #[component(index)]
    speed: f32,
    #[component(unique)]
    weight: Option<f64>,
    #[component(auto_increment)]
    name: String,
    #[component(auto_increment)]
    small: u8,
}

fn main() {}
