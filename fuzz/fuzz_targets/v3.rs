#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| civic_sip_fuzz::v3::run(data));
