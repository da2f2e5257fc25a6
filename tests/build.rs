//! Makes components of the schemas in `schema/`, for the tests of the generator.

fn main() -> Result<(), ecsdb_schema_gen::Error> {
    ecsdb_schema_gen::compile("schema/world.toml")?;
    ecsdb_schema_gen::Builder::new().registry("Game").compile("../ecsdb/src/schema/tests/game.toml")?;
    ecsdb_schema_gen::compile("../ecsdb-schema-gen/tests/golden/kinds.toml")?;
    Ok(())
}
