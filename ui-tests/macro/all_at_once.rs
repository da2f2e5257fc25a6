//! All errors are reported together, and uses of the component make no further ones.

use ecsdb::Component;

#[derive(Component)]
#[component(tabel = "healths")]
struct Health {
    hp: u32,
    name: String,
    #[component(rename = 5)]
    armour: usize,
}

#[derive(Component)]
#[component(nothing)]
#[repr(C)]
struct Pos {
    x: f32,
}

fn needs_component<T: Component>() {}

fn uses(health: Health, _: HealthRef<'_>, _: &HealthRow) {
    needs_component::<Health>();
    needs_component::<Pos>();
    let _ = Health::C.hp;
    let _ = Pos::C.x;
    let _ = health.into_row();
}

fn main() {}
