//! API groups and domains of keys that more than one module needs.

/// The group of Contour, whose kind `HTTPProxy` replaces an Ingress.
pub(super) const CONTOUR: &str = "projectcontour.io";

/// The groups of Traefik: that of today and that of its second version.
pub(super) const TRAEFIK: [&str; 2] = ["traefik.io", "traefik.containo.us"];

/// Whether a domain is one of the parents, or below one.
pub(in crate::compare) fn is_within(domain: &str, parents: &[&str]) -> bool {
    parents.iter().any(|parent| {
        domain
            .strip_suffix(parent)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}
