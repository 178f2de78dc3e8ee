//! Names, as kustomize forms them.

use crate::resource::Resource;
use crate::text::without_hash;

/// Kinds that kustomize's prefix and suffix leave alone.
pub(crate) fn is_never_renamed(resource: &Resource<'_>) -> bool {
    matches!(
        resource.kind(),
        "Namespace" | "CustomResourceDefinition" | "APIService"
    )
}

/// The name without the hash that a generator appended.
#[must_use]
pub fn plain_name<'a>(resource: &Resource<'a>) -> &'a str {
    let name = resource.name();
    if matches!(resource.kind(), "ConfigMap" | "Secret") {
        without_hash(name)
    } else {
        name
    }
}
