//! See `ecsdb_tests::fuzzed::wal_directory`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ecsdb_tests::fuzzed::wal_directory(bytes));
