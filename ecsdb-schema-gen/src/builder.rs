//! TOML to Rust, as a build script does it.

use std::path::{Path, PathBuf};

use ecsdb::schema::DatabaseSchema;

use crate::{Error, generate, output};

/// Writes the components of a schema to `OUT_DIR`, with the usual [`Builder`].
///
/// Gives the path of what was written: the name of the schema file with `.rs`.
///
/// # Errors
/// As [`Builder::compile`].
pub fn compile(schema: impl AsRef<Path>) -> Result<PathBuf, Error> {
    Builder::new().compile(schema)
}

/// What the code looks like and where it goes.
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) derives: Vec<String>,
    pub(crate) registry: Option<String>,
    out_dir: Option<PathBuf>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// Types that are `Clone`, `Debug` and `PartialEq`, and `Copy` where nothing in them has a heap; a registry with the
    /// name of the database.
    pub fn new() -> Self {
        let derives = ["Clone", "Copy", "Debug", "PartialEq"].map(str::to_owned).to_vec();
        Self { derives, registry: None, out_dir: None }
    }

    /// Adds a derive to every component and every type in one, such as `serde::Serialize`.
    #[must_use]
    pub fn derive(mut self, path: impl Into<String>) -> Self {
        self.derives.push(path.into());
        self
    }

    /// Names the registry type, instead of the database's name in upper camel case.
    #[must_use]
    pub fn registry(mut self, name: impl Into<String>) -> Self {
        self.registry = Some(name.into());
        self
    }

    /// Writes somewhere else than to `OUT_DIR`.
    #[must_use]
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(path.into());
        self
    }

    /// The code for a schema. `file` is what the code and errors call the schema's origin.
    ///
    /// # Errors
    /// If a name cannot be one in Rust, or two different types have one name.
    pub fn generate(&self, schema: &DatabaseSchema, file: &str) -> Result<String, Error> {
        generate::generate(self, schema, file)
    }

    /// Reads the schema and writes the code, unless it is there already. Tells cargo to come back when the schema
    /// changes. Gives the path of the code.
    ///
    /// # Errors
    /// If the schema cannot be read or is wrong, and as [`generate`](Self::generate), and if the code cannot be written.
    pub fn compile(&self, schema: impl AsRef<Path>) -> Result<PathBuf, Error> {
        let schema_path = schema.as_ref();
        let (Some(file), Some(stem)) = (schema_path.to_str(), schema_path.file_stem().and_then(|stem| stem.to_str()))
        else {
            return Err(Error::FileName(schema_path.to_owned()));
        };
        // Before anything can fail: also a wrong schema is read again when it has been changed.
        output::rerun_if_changed(file)?;
        let schema = DatabaseSchema::from_toml_file(schema_path)?;
        let code = self.generate(&schema, file)?;
        let path = output::directory(self.out_dir.as_deref())?.join(format!("{stem}.rs"));
        output::write(&path, &code)?;
        Ok(path)
    }
}
