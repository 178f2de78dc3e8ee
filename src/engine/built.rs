//! A resource as a build emits it.

use serde_json::Value;

/// A resource as it is emitted.
#[derive(Clone, Debug)]
pub struct Built {
    /// The resource; the values of a generated Secret are empty.
    pub resource: Value,
    /// Whether it is a Secret, or was one.
    pub is_secret: bool,
    /// Its name when it was loaded.
    pub first_name: String,
}
