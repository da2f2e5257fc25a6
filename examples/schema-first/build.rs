//! Makes components of `schema/game.toml`.

fn main() -> Result<(), ecsdb_schema_gen::Error> {
    ecsdb_schema_gen::compile("schema/game.toml")?;
    Ok(())
}
