//! The whole function: any bytes, or a base, an overlay and a policy with a separator between them.
#![no_main]

use krm_parity_fuzz::{SEPARATOR, check_list, list_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let parts = std::str::from_utf8(data)
        .ok()
        .map(|text| text.split(SEPARATOR).collect::<Vec<_>>());
    match parts.as_deref() {
        Some([base, overlay, policy, ..]) => {
            if let Some(list) = list_of(base, overlay, policy) {
                check_list(list.as_bytes());
            }
        }
        Some([base, overlay]) => {
            if let Some(list) = list_of(base, overlay, "") {
                check_list(list.as_bytes());
            }
        }
        _ => check_list(data),
    }
});
