//! See `ecsdb_tests::fuzzed::snapshot`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ecsdb_tests::fuzzed::snapshot(bytes));
