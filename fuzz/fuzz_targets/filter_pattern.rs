//! Runs [`inputs::filter_pattern`] on whatever the fuzzer comes up with.

#![no_main]

#[path = "../inputs.rs"]
#[expect(dead_code, reason = "each target runs one of the functions")]
mod inputs;

libfuzzer_sys::fuzz_target!(|data: &[u8]| inputs::filter_pattern(data));
