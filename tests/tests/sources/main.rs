//! The schema that is read from sources is the one that the derive makes of them.

#![forbid(unsafe_code)]

#[path = "components/mod.rs"]
mod components;

use ecsdb::schema::Schema;
use ecsdb_schema_gen::Sources;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sources/components/mod.rs");

#[test]
fn the_sources_say_what_the_derive_makes_of_them() {
    let read = Sources::new().file(FILE).schema().unwrap();
    assert_eq!(read.to_toml(), components::World::schema().to_toml());
    assert_eq!(read, components::World::schema());
}

#[test]
fn without_a_registry_all_components_are_tables() {
    let read = Sources::new().file(FILE).database("World", "0.3.0").schema().unwrap();
    // The registry lists them in another order.
    let mut names: Vec<_> = read.tables().iter().map(|table| table.name.to_string()).collect();
    let mut listed: Vec<_> = components::World::schema().tables().iter().map(|table| table.name.to_string()).collect();
    names.sort_unstable();
    listed.sort_unstable();
    assert_eq!(names, listed);
    assert_eq!(read.hash(), components::World::schema().hash());
}
