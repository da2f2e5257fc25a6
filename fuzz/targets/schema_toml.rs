//! See `ecsdb_tests::fuzzed::schema_toml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ecsdb_tests::fuzzed::schema_toml(bytes));
