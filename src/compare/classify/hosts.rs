//! Names under which a service is reached, and changes that are more than another name.
//!
//! If the base has a host and the overlay has none, or one that matches
//! all, the overlay takes the traffic of every host: that is more than another name.

use super::groups::{CONTOUR, is_within};
use super::traefik;
use crate::catalog::Class;
use crate::compare::diff::{Change, ChangeKind, Step};
use crate::resource::Resource;
use crate::yaml::Node;

/// Groups whose hosts are those of a certificate, and take no traffic.
const CERTIFICATES: [&str; 2] = ["cert-manager.io", "networking.gke.io"];

/// The class of a change of a field that holds hosts, or of an element of it.
pub(super) fn class(resource: &Resource<'_>, change: &Change<'_>) -> Option<Class> {
    if !is_hostname(resource, &change.steps) {
        return None;
    }
    Some(if takes_all_traffic(resource, change) {
        Class::IngressStructure
    } else {
        Class::Hostnames
    })
}

/// Whether the overlay, whose resource is given, replaced a host with one that matches all, or removed it.
#[must_use]
pub fn takes_all_traffic(resource: &Resource<'_>, change: &Change<'_>) -> bool {
    let routes = !CERTIFICATES.contains(&resource.group()) && is_hostname(resource, &change.steps);
    routes && weigh(change, Some(resource.node)) == Class::IngressStructure
        || traefik::takes_all_traffic(resource, change)
}

/// The class of a change of a field that holds hosts, whose steps begin at a node of the overlay.
pub(super) fn weigh(change: &Change<'_>, from: Option<Node<'_>>) -> Class {
    if change.overlay.is_some_and(is_catch_all) || has_no_host(change, from) {
        Class::IngressStructure
    } else {
        Class::Hostnames
    }
}

/// Whether a host, or one of a list of hosts, matches all; Istio writes a namespace before it.
fn is_catch_all(node: Node<'_>) -> bool {
    if node.is_seq() {
        return node.items().any(is_catch_all);
    }
    node.as_str()
        .is_some_and(|host| matches!(host.rsplit('/').next(), Some("" | "*")))
}

/// Whether the base has a host there and the overlay has none at all.
fn has_no_host(change: &Change<'_>, from: Option<Node<'_>>) -> bool {
    let is_gone = change.kind == ChangeKind::Removed;
    if !is_gone {
        return change.base.is_some()
            && change
                .overlay
                .is_some_and(|node| node.is_seq() && node.is_childless());
    }
    let [list @ .., Step::Element { .. }] = change.steps.as_slice() else {
        return true;
    };
    // One host fewer is only another set of names, as long as one is left.
    from.and_then(|from| follow(from, list))
        .is_none_or(Node::is_childless)
}

/// The node that steps lead to from a node of the overlay.
pub(super) fn follow<'a>(from: Node<'a>, steps: &[Step<'_>]) -> Option<Node<'a>> {
    steps.iter().try_fold(from, |node, step| match step {
        Step::Field(name) => node.get(name),
        Step::Element { overlay, .. } => node.items().nth((*overlay)?),
    })
}

fn is_hostname(resource: &Resource<'_>, steps: &[Step<'_>]) -> bool {
    let [Step::Field("spec"), rest @ ..] = steps else {
        return false;
    };
    let fields: Vec<&str> = rest
        .iter()
        .filter_map(|step| match step {
            Step::Field(name) => Some(*name),
            Step::Element { .. } => None,
        })
        .collect();
    match resource.group() {
        "networking.k8s.io" | "extensions" if resource.kind() == "Ingress" => {
            matches!(fields.as_slice(), ["rules", "host"] | ["tls", "hosts"])
        }
        "gateway.networking.k8s.io" => {
            matches!(fields.as_slice(), ["hostnames"] | ["listeners", "hostname"])
        }
        "route.openshift.io" | "" if resource.kind() == "Route" => {
            matches!(fields.as_slice(), ["host"])
        }
        CONTOUR if resource.kind() == "HTTPProxy" => {
            matches!(fields.as_slice(), ["virtualhost", "fqdn"])
        }
        "cert-manager.io" if resource.kind() == "Certificate" => {
            matches!(fields.as_slice(), ["dnsNames" | "commonName"])
        }
        "networking.gke.io" if resource.kind() == "ManagedCertificate" => {
            matches!(fields.as_slice(), ["domains"])
        }
        // The hosts of these kinds say what may be called, and by whom.
        group if is_within(group, &["istio.io"]) => {
            !matches!(
                resource.kind(),
                "AuthorizationPolicy" | "ServiceEntry" | "Sidecar"
            ) && fields.last() == Some(&"hosts")
        }
        _ => false,
    }
}
