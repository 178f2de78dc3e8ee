//! Numbers and addresses that a cluster gives to only one Service, so that environments that share a cluster must differ in them.
//!
//! From the API reference of Kubernetes: a node port belongs to one Service of a cluster, and an address to one load balancer.

use super::diff::{Change, ChangeKind, Step};
use crate::resource::Resource;
use crate::yaml::Node;

/// Whether both sides set such a field and only its value differs, to one that no Service of the base has.
///
/// Two Services that swap their ports answer for each other.
#[must_use]
pub fn is_own_address(change: &Change<'_>, resource: &Resource<'_>, base: &[Resource<'_>]) -> bool {
    let is_service = |one: &Resource<'_>| (one.group(), one.kind()) == ("", "Service");
    let is_taken = || {
        let after = change.overlay.map(Node::text).unwrap_or_default();
        let mut services = base.iter().filter(|one| is_service(one));
        services.any(|one| addresses(one).any(|address| address.text() == after))
    };
    let says = |node: Option<Node<'_>>| {
        node.is_some_and(|node| node.is_scalar() && !matches!(node.text(), "" | "0" | "null"))
    };
    is_service(resource)
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
        && !is_taken()
}

/// The node ports and the address that a Service sets.
fn addresses<'a>(service: &Resource<'a>) -> impl Iterator<Item = Node<'a>> {
    let spec = service.node.get("spec");
    let own = ["healthCheckNodePort", "loadBalancerIP"];
    let own = own.into_iter().filter_map(move |field| spec?.get(field));
    let ports = spec.and_then(|spec| spec.get("ports")).into_iter();
    let ports = ports.flat_map(Node::items);
    own.chain(ports.filter_map(|port| port.get("nodePort")))
}
