#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bmae_parsers::watched(bmae_parsers::parser("table"), bytes));
