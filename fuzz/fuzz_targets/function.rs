//! The whole function: any bytes, or a base, an overlay and a policy with a separator between them.
#![no_main]

use krm_parity_fuzz::mutate::mutate;
use krm_parity_fuzz::{SEPARATOR, check_list, check_reversal, check_same, list_of};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|data: &[u8]| {
    let parts = std::str::from_utf8(data)
        .ok()
        .map(|text| text.split(SEPARATOR).collect::<Vec<_>>());
    let (base, overlay, policy) = match parts.as_deref() {
        Some([base, overlay, policy, ..]) => (*base, *overlay, *policy),
        Some([base, overlay]) => (*base, *overlay, ""),
        _ => return check_list(data),
    };
    let Some(list) = list_of(base, overlay, policy) else {
        return;
    };
    check_list(list.as_bytes());
    check_same(overlay);
    check_reversal(base, overlay);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed)
});
