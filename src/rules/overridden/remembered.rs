//! The changes that exemptions remember: several environments made them, and one of those is like the base again.
//!
//! The base has no finding then, and the exemption covers the others. So the
//! environments that it names are compared with each other there; otherwise a
//! limit that only production has lost would go unnoticed.

use std::collections::BTreeSet;

use crate::catalog::RuleId;
use crate::compare::comparison::Comparison;
use crate::path::Glob;
use crate::policy::{Exemption, Held, Policy};
use crate::resource::Resource;
use crate::rules::exemption::about::{Subject, standing};

/// The environments that exemptions name together with one for its change, each of them exactly.
pub(super) fn company<'p>(policy: &'p Policy, deed: &Subject<'_>) -> BTreeSet<&'p str> {
    standing(policy, deed)
        .into_iter()
        .map(|(_, one)| one)
        .filter(|one| one.environments.len() > 1 && is_exact(one, deed))
        .flat_map(|one| one.environments.iter().map(String::as_str))
        .filter(|name| *name != deed.environment)
        .collect()
}

/// Whether exemptions name two environments for a resource that one has added or removed, and the other no longer has.
pub(in crate::rules) fn names_both(
    comparison: &Comparison<'_, '_>,
    (rule, resource): (RuleId, &Resource<'_>),
    (environment, other): (&str, &str),
    policy: &Policy,
) -> bool {
    let deed = Subject {
        rule,
        service: comparison.foreign_service(),
        environment,
        resource: &resource.reference(),
        base_name: None,
        field: None,
    };
    company(policy, &deed).contains(other)
}

/// Whether an entry records the actual resource or value, and not only a pattern.
fn is_exact(one: &Exemption, deed: &Subject<'_>) -> bool {
    let is_named = |glob: &Option<Glob>| glob.as_ref().is_some_and(Glob::is_literal);
    match deed.field {
        None => is_named(&one.target.kind) && is_named(&one.target.name),
        Some(_) => one.values != Held::Any,
    }
}
