//! The targets of references that kustomize does not update with them.

use std::collections::HashSet;

use crate::compare::diff::{Change, Step};
use crate::compare::steps::{Side, locate};
use crate::resource::Resource;

/// Whether a field is the name of a `Secret` or of a `ConfigMap`.
pub(super) fn is_source(parent: &str, field: &str) -> bool {
    const SOURCES: [&str; 6] = [
        "configMap",
        "configMapKeyRef",
        "configMapRef",
        "secret",
        "secretKeyRef",
        "secretRef",
    ];
    field == "secretName" || field == "name" && SOURCES.contains(&parent)
}

/// The resources that references may lead to.
#[derive(Debug, Default)]
pub(super) struct Targets<'a> {
    /// The service accounts of both sides, by their namespaces and names.
    accounts: HashSet<[(&'a str, &'a str); 2]>,
    /// The sources of settings that kept their names.
    kept: HashSet<&'a str>,
}

impl<'a> Targets<'a> {
    /// Takes note of a resource.
    pub(super) fn add(&mut self, base: &Resource<'a>, overlay: &Resource<'a>) {
        let (from, to) = (base.identity, overlay.identity);
        match overlay.kind() {
            "ServiceAccount" => {
                let both = [from, to].map(|one| (one.namespace, one.name));
                self.accounts.insert(both);
            }
            "ConfigMap" | "Secret" if from.name == to.name => {
                self.kept.insert(from.name);
            }
            _ => {}
        }
    }

    /// Whether a source of settings kept its name.
    pub(super) fn has_kept(&self, name: &str) -> bool {
        self.kept.contains(name)
    }

    /// Whether a namespace is that of a binding's service account, which is among the resources and moved there.
    ///
    /// The base may say where the account is meant to be, and leave it to its overlays to put it there.
    pub(super) fn has_account(
        &self,
        change: &Change<'_>,
        base: &Resource<'_>,
        overlay: &Resource<'_>,
    ) -> bool {
        let [way @ .., Step::Field("namespace")] = change.steps.as_slice() else {
            return false;
        };
        if !matches!(way, [Step::Field("subjects"), Step::Element { .. }]) {
            return false;
        }
        let (Some(before), Some(after)) = (
            account(base, way, Side::Base),
            account(overlay, way, Side::Overlay),
        ) else {
            return false;
        };
        let is_it = |[from, to]: &[(&str, &str); 2]| {
            from.1 == before.1 && (from.0.is_empty() || from.0 == before.0) && *to == after
        };
        !after.0.is_empty() && self.accounts.iter().any(is_it)
    }
}

/// The service account that a subject is, by its namespace and name.
fn account<'n>(binding: &Resource<'n>, way: &[Step<'_>], side: Side) -> Option<(&'n str, &'n str)> {
    let subject = locate(binding.node, way, side)?;
    let is_account = subject.str_at(&["kind"]) == Some("ServiceAccount");
    let namespace = subject.str_at(&["namespace"]).filter(|_| is_account)?;
    Some((namespace, subject.str_at(&["name"])?))
}
