//! See `ecsdb_tests::fuzzed::wal_record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ecsdb_tests::fuzzed::wal_record(bytes));
