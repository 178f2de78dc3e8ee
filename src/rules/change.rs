//! Rules that read one comparison: an environment and the base or environment that it is made of.

pub(in crate::rules) mod added_resource;
pub(in crate::rules) mod base_guidance;
pub(in crate::rules) mod class;
pub(in crate::rules) mod limit_request_ratio;
pub(in crate::rules) mod own_namespace;
pub(in crate::rules) mod removed_resource;
