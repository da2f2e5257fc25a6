//! Tries the derive on shapes of components, as games have them: which of them compile, and why the others do not.
//!
//! A *shape* is what a field list says: names, types, variants, parameters. A file of shapes is JSON:
//!
//! ```json
//! {
//!   "components": [
//!     { "repo": "owner/game", "name": "Health", "kind": "struct", "class": "c",
//!       "fields": [{ "name": "hp", "type": "u32" }, { "name": "last", "type": "Option<Damage>" }] }
//!   ],
//!   "support_types": [
//!     { "repo": "owner/game", "name": "Damage", "kind": "enum_with_data", "variants": ["Fall", "Hit"],
//!       "fields": [{ "variant": "Hit", "name": "by", "type": "Entity" }] }
//!   ]
//! }
//! ```
//!
//! `kind` is `struct`, `tuple`, `unit`, `enum_c_like`, `enum_with_data` or `alias` (with `"alias": "type"`); `generics` lists
//! parameters. `class` says what a component needs: `a` a row without padding, `b` plain numbers with padding, `c` fixed
//! width in other ways, `d` strings, `e` lists or maps, `f` what cannot be stored.
//!
//! Each component becomes a module of one generated crate: `#[derive(Component)]` on the component, `#[derive(Field)]` on the
//! types that it uses. `cargo check` decides. Nothing is done to help a shape: no attribute, no other type.
//!
//! What is not in the file is made up, and the report says so: a *stand-in* for well-known types of other crates (vectors,
//! timers, ids), with their real fields (`glam` is no stand-in: the engine has a feature for it), and a *stub*, a number, for names that nobody knows. Both stand for the types
//! that a game would write its own `Field` for. What a database cannot keep (maps, pointers, handles, references) stays as it
//! is, and its component counts as failed.
//!
//! This crate owns the tool. It must never depend on how the derive works: it knows what a user knows.

mod check;
mod error;
mod foreign;
mod module;
mod names;
mod report;
mod shapes;
mod text;

use std::path::{Path, PathBuf};

pub use error::Error;
pub use report::{Group, Outcome, Report};
pub use shapes::{Corpus, FieldShape, Shape};

/// Compiles every component of `corpus` in a crate that is written to `scratch`.
///
/// `target` is the target directory of the build: dependencies that are there already are not built again. What an earlier
/// run has left in `scratch` is replaced.
///
/// # Errors
/// If files cannot be written, or `cargo` cannot be run or fails for a reason that has nothing to do with the shapes.
pub fn run(corpus: &Corpus, scratch: &Path, target: &Path) -> Result<Report, Error> {
    let index = names::Index::new(corpus);
    let modules: Vec<module::Module> =
        corpus.components.iter().enumerate().map(|(number, shape)| module::write(&index, number, shape)).collect();
    let failures = check::check(&modules, scratch, target)?;
    Ok(Report::new(corpus, &modules, failures))
}

/// The target directory that the running program was built in, or `target` in the current directory.
pub fn target_directory() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let marked = program.ancestors().skip(1).find(|folder| folder.join("CACHEDIR.TAG").exists());
    marked.map_or_else(|| PathBuf::from("target"), Path::to_path_buf)
}
