//! Numbers and addresses that a cluster gives to only one Service, so that environments that share a cluster must differ in them.
//!
//! From the API reference of Kubernetes: a node port belongs to one Service of a cluster, and an address to one load balancer.

use super::diff::{Change, ChangeKind, Step};
use crate::resource::Resource;

/// Whether both sides set such a field and only its value differs.
#[must_use]
pub fn is_own_address(change: &Change<'_>, resource: &Resource<'_>) -> bool {
    let is_service = (resource.group(), resource.kind()) == ("", "Service");
    let says = |node: Option<crate::yaml::Node<'_>>| {
        node.is_some_and(|node| node.is_scalar() && !matches!(node.text(), "" | "0" | "null"))
    };
    is_service
        && change.kind == ChangeKind::Modified
        && says(change.base)
        && says(change.overlay)
        && matches!(
            change.steps.as_slice(),
            [
                Step::Field("spec"),
                Step::Field("healthCheckNodePort" | "loadBalancerIP")
            ] | [
                Step::Field("spec"),
                Step::Field("ports"),
                Step::Element { .. },
                Step::Field("nodePort"),
            ]
        )
}
