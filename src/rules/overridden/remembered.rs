//! What exemptions remember: that several environments did something, of which one has gone back to the base.
//!
//! The base says nothing of it, and the exemption lets the others be. So those
//! that it names are compared with each other there, or a limit that production
//! alone has lost would be seen by nobody.

use std::collections::BTreeSet;

use crate::catalog::RuleId;
use crate::finding::ResourceRef;
use crate::path::{Glob, Spot};
use crate::policy::{About, Exemption, Held, Policy};
use crate::rules::exemption::about::names;

/// What an environment of a service does somewhere.
pub(super) struct Deed<'d> {
    pub rule: RuleId,
    pub service: &'d str,
    pub environment: &'d str,
    pub resource: &'d ResourceRef,
    pub base_name: Option<&'d str>,
    pub place: &'d [Spot<'d>],
}

/// The environments that exemptions name along with one for what it does, each of them exactly.
pub(super) fn company<'p>(policy: &'p Policy, deed: &Deed<'_>) -> BTreeSet<&'p str> {
    let names = names(deed.resource, deed.base_name);
    let about = About {
        rule: Some(deed.rule),
        resource: deed.resource,
        names: &names,
        place: deed.place,
        environment: deed.environment,
        service: deed.service,
    };
    policy
        .exemptions
        .near(about)
        .map(|(_, one)| one)
        .filter(|one| {
            one.rule == deed.rule
                && one.environments.len() > 1
                && is_exact(one, deed)
                && one.is_for(deed.environment, deed.service)
                && one.target.matches(deed.resource, &names)
                && one.covers(deed.place)
        })
        .flat_map(|one| one.environments.iter().map(String::as_str))
        .filter(|name| *name != deed.environment)
        .collect()
}

/// Whether an entry writes down what was there, and not what may be there.
fn is_exact(one: &Exemption, deed: &Deed<'_>) -> bool {
    let is_named = |glob: &Option<Glob>| glob.as_ref().is_some_and(Glob::is_literal);
    let is_of_resource = deed.place.is_empty();
    is_of_resource && is_named(&one.target.kind) && is_named(&one.target.name)
        || !is_of_resource && one.values != Held::Any
}
