//! Rules about what is not there to be compared.

pub(in crate::rules) mod build_failure;
pub(in crate::rules) mod missing_baseline;
pub(in crate::rules) mod missing_environment;
