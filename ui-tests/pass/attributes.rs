//! The twins of the attributes that are refused, and attribute macros that run before the derive.

use ecsdb::Component;
use ecsdb_ui_attributes::{add_attribute, add_field};

#[derive(Component)]
#[component(table = "healths", row = StoredHealth, view = HealthView,)]
struct Health {
    #[component(rename = "points")]
    hp: u32,
}

#[derive(Component)]
#[component(table = "sizes")]
#[component(crate = ::ecsdb)]
struct Size(#[component(rename = "cm")] u16);

#[add_field(extra: u32)]
#[derive(Component)]
#[repr(C)]
struct Before {
    a: u32,
}

/// A packed row does not lie like the struct, so this changes nothing.
#[derive(Component)]
#[add_attribute(#[repr(C, align(16))])]
struct Aligned {
    a: u32,
}

fn main() {
    let row: StoredHealth = Health { hp: 5 }.into_row();
    let view: HealthView<'_> = Health::view(&row);
    assert_eq!(view.hp(), 5);
    assert_eq!((&*Health::SCHEMA.name, Health::C.hp.name()), ("healths", "points"));
    assert_eq!((&*Size::SCHEMA.name, Size::C.0.name()), ("sizes", "cm"));
    assert_eq!(Before::C.extra.offset(), 4);
    assert_eq!(Aligned::SCHEMA.size, 4);
}
