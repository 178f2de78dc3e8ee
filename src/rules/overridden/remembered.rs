//! What exemptions remember: that several environments did something, of which one has gone back to the base.
//!
//! The base says nothing of it, and the exemption lets the others be. So those
//! that it names are compared with each other there, or a limit that production
//! alone has lost would be seen by nobody.

use std::collections::BTreeSet;

use crate::catalog::RuleId;
use crate::compare::comparison::Comparison;
use crate::path::Glob;
use crate::policy::{Exemption, Held, Policy};
use crate::resource::Resource;
use crate::rules::exemption::about::{Subject, standing};

/// The environments that exemptions name along with one for what it does, each of them exactly.
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

/// Whether an entry writes down what was there, and not what may be there.
fn is_exact(one: &Exemption, deed: &Subject<'_>) -> bool {
    let is_named = |glob: &Option<Glob>| glob.as_ref().is_some_and(Glob::is_literal);
    match deed.field {
        None => is_named(&one.target.kind) && is_named(&one.target.name),
        Some(_) => one.values != Held::Any,
    }
}
