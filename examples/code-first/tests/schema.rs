//! The schema file that is checked in, and the one that the build script makes.

use std::error::Error;

use ecsdb::Db;
use ecsdb::schema::Schema;
use ecsdb_example_code_first::SCHEMA;
use ecsdb_example_code_first::components::{Health, Position, World};

/// Run with `ECSDB_BLESS=1` after a change of the components, and read the difference.
#[test]
fn the_schema_file_says_what_the_components_say() {
    ecsdb_schema_gen::drift::assert_matches(&World::schema(), "schema/world.toml");
}

#[test]
fn the_build_script_has_read_what_the_compiler_sees() {
    assert_eq!(SCHEMA, World::schema().to_toml());
}

#[test]
fn the_components_are_stored_and_read() -> Result<(), Box<dyn Error>> {
    let db = Db::<World>::in_memory()?;
    let ann = db.spawn((Position { x: 1.0, y: 2.0 }, Health { life: 20, most: 30 }))?;
    let view = db.snapshot();
    assert_eq!(view.get::<Position>(ann), Some(&Position { x: 1.0, y: 2.0 }));
    assert_eq!(view.get::<Health>(ann).map(|health| (health.life(), health.most())), Some((20, 30)));
    Ok(())
}
