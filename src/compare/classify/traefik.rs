//! Routes of Traefik, whose hosts are inside an expression: ``Host(`shop.example.com`) && PathPrefix(`/api`)``.

use super::groups::TRAEFIK;
use crate::catalog::Class;
use crate::compare::diff::{Change, Step};
use crate::resource::Resource;
use crate::text::open_hosts;
use crate::yaml::Node;

/// Whether a resource is a route.
pub(super) fn is_route(resource: &Resource<'_>) -> bool {
    TRAEFIK.contains(&resource.group())
        && matches!(
            resource.kind(),
            "IngressRoute" | "IngressRouteTCP" | "IngressRouteUDP"
        )
}

/// The class of a change of an expression: another host name, unless more than that differs.
pub(super) fn class(resource: &Resource<'_>, change: &Change<'_>) -> Option<Class> {
    let (base, overlay) = hosts(resource, change)?;
    let is_same = base.rest == overlay.rest;
    Some(if is_same && !overlay.takes_all {
        Class::Hostnames
    } else {
        Class::IngressStructure
    })
}

/// Whether an expression has become one that matches every host.
pub(super) fn takes_all_traffic(resource: &Resource<'_>, change: &Change<'_>) -> bool {
    hosts(resource, change).is_some_and(|(base, overlay)| overlay.takes_all && !base.takes_all)
}

fn hosts(resource: &Resource<'_>, change: &Change<'_>) -> Option<(Opened, Opened)> {
    let [
        Step::Field("spec"),
        Step::Field("routes"),
        Step::Element { .. },
        Step::Field("match"),
    ] = change.steps.as_slice()
    else {
        return None;
    };
    let read = |node: Option<Node<'_>>| node.and_then(|node| node.as_str().map(open));
    is_route(resource).then_some(())?;
    Some((read(change.base)?, read(change.overlay)?))
}

/// An expression without its hosts.
struct Opened {
    rest: String,
    takes_all: bool,
}

fn open(expression: &str) -> Opened {
    let (rest, hosts) = open_hosts(expression);
    let takes_all = hosts.iter().any(|(is_pattern, host)| {
        if *is_pattern {
            !names_domain(host)
        } else {
            matches!(*host, "" | "*")
        }
    });
    Opened { rest, takes_all }
}

/// Whether a regular expression ends in a domain, so that it does not match every host.
fn names_domain(pattern: &str) -> bool {
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    let is_literal = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '\\')
    };
    let end = pattern.trim_end_matches(is_literal).len();
    let labels = pattern[end..].split(['.', '\\']);
    let labels = labels.filter(|label| !label.is_empty()).count();
    labels > 1 && !pattern.contains('|')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_for_all_hosts_names_no_domain() {
        for pattern in [
            ".+",
            ".*",
            "^.+$",
            "{any:.+}",
            "[a-z]+",
            ".*com",
            ".+|shop.example.com",
            "",
        ] {
            assert!(!names_domain(pattern), "{pattern}");
        }
        for pattern in [
            r"^.+\.example\.com$",
            "{shop:[a-z]+}.example.com",
            "shop.example.com",
        ] {
            assert!(names_domain(pattern), "{pattern}");
        }
    }
}
