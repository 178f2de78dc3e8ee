//! Names of services and environments.

use super::fault::{Fault, MAX_QUOTED};
use crate::text;

/// The longest service or environment name, in characters: that of a DNS label.
pub const MAX_NAME: usize = 63;

/// Checks a service or environment name, which becomes part of the name of an object.
pub(super) fn name(at: &[&str], name: &str, what: &str) -> Result<(), Fault> {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    let is_label = bytes.len() <= MAX_NAME
        && bytes.iter().all(|&byte| is_inner(byte) || byte == b'-')
        && bytes.first().copied().is_some_and(is_inner)
        && bytes.last().copied().is_some_and(is_inner);
    if is_label {
        return Ok(());
    }
    let found = text::quoted(name, MAX_QUOTED);
    Err(Fault::new(
        at,
        format!(
            "{found} cannot name {what}: use 1 to {MAX_NAME} lower-case letters, digits and inner hyphens"
        ),
    ))
}
