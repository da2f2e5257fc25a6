//! What the benchmarks share: the world that they measure, the limits beside which it stands, and how time is taken.
//! Unpublished member of the ecsdb workspace.
//!
//! Owns workloads and measurement, so that every bench and every engine does the same work on the same rows. It must
//! never reach into the engine: what cannot be measured through the public API is not measured. (`benches/publication.rs` does,
//! by a door that only it uses: users see one of the two implementations that it compares.)

pub mod commits;
pub mod durable;
pub mod flux;
pub mod indexed;
pub mod load;
pub mod paired;
pub mod place;
pub mod random;
pub mod raw_log;
pub mod report;
pub mod soak;
pub mod tails;
pub mod work;
pub mod world;

/// How many entities a world has: 1,000,000, or what the variable `ECSDB_BENCH_ENTITIES` says.
///
/// # Panics
/// If the variable is not a number above 0.
pub fn entity_count() -> usize {
    match std::env::var("ECSDB_BENCH_ENTITIES") {
        Ok(text) => match text.parse() {
            Ok(count) if count > 0 => count,
            _ => panic!("ECSDB_BENCH_ENTITIES is `{text}`: use a number above 0"),
        },
        Err(_) => 1_000_000,
    }
}

/// Whether the bench was asked only to run once and see that it works: `cargo bench -- --test`, or `cargo test`.
pub fn is_smoke_run() -> bool {
    let mut measured = false;
    for argument in std::env::args() {
        match argument.as_str() {
            "--test" => return true,
            "--bench" => measured = true,
            _ => {}
        }
    }
    !measured
}
