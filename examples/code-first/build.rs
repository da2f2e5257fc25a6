//! Makes a schema of the components in `src/components`.

fn main() -> Result<(), ecsdb_schema_gen::Error> {
    ecsdb_schema_gen::Sources::new().file("src/components/mod.rs").write("world")?;
    Ok(())
}
