//! What the derive says about code that is wrong, and that code that is right compiles. The cases are the files in
//! `macro` (texts of our own), `rustc` (texts of the compiler, for one version of it) and `pass`; `tests/ui.rs` runs
//! them. After a change of a text run `TRYBUILD=overwrite cargo test -p ecsdb-ui-tests` and read the difference.
