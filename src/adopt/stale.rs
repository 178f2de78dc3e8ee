//! Exemptions that are not needed: those for a value that has changed, and those that match nothing at all.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::adoption::Adoption;
use super::entry::{after, reason_of};
use crate::catalog::{RuleId, Severity};
use crate::edit::{self, EditError, Item};
use crate::finding::Finding;
use crate::policy::Policy;

/// Where a policy has its exemptions.
const LIST: [&str; 2] = ["spec", "exemptions"];

/// A policy under which every exemption that matches nothing is reported, and no other.
///
/// An expired one is needed as long as its finding exists: without the entry its reason would be lost, and nothing
/// would be allowed.
#[must_use]
pub fn undated(policy: &Policy, today: Date) -> Policy {
    let mut policy = policy.clone();
    policy.rules.remove(&RuleId::UnusedExemption);
    for exemption in policy.exemptions.iter_mut() {
        exemption.expires = exemption.expires.max(today);
    }
    policy
}

/// The exemptions that match nothing according to the findings under an [`undated`] policy, with each one's finding.
#[must_use]
pub fn idle(findings: Vec<Finding>) -> BTreeMap<usize, Finding> {
    let idle = findings.into_iter();
    let idle = idle.filter(|finding| finding.rule == RuleId::UnusedExemption);
    idle.filter_map(|finding| Some((finding.exemption?, finding)))
        .collect()
}

/// The text of a policy with the adopted entries; an exemption of the same place that now matches nothing is replaced.
///
/// # Errors
///
/// As [`edit::append`] and [`edit::replace`].
pub fn join(
    text: &str,
    adoption: &Adoption,
    policy: &Policy,
    idle: &BTreeSet<usize>,
) -> Result<String, EditError> {
    let mut placed: BTreeMap<usize, Item> = BTreeMap::new();
    let mut gone: BTreeSet<usize> = BTreeSet::new();
    let mut added = Vec::new();
    for (item, near) in adoption.items.iter().zip(&adoption.near) {
        let is_free = |index: &&usize| idle.contains(index) && !placed.contains_key(index);
        let free: Vec<usize> = near.iter().filter(is_free).copied().collect();
        let old = free.first().and_then(|at| policy.exemptions.get(*at));
        match (free.first(), old) {
            (Some(at), Some(old)) => {
                let item = after(item, reason_of(&old.reason));
                placed.insert(*at, item);
            }
            _ => added.push(item.clone()),
        }
        gone.extend(free);
    }
    gone.retain(|index| !placed.contains_key(index));
    let text = edit::replace(text, &LIST, &placed)?;
    let text = without(&text, policy, &gone)?;
    edit::append(&text, &LIST, &added)
}

/// The text of a policy without some of its exemptions.
///
/// # Errors
///
/// As [`edit::remove`].
pub fn without(text: &str, policy: &Policy, gone: &BTreeSet<usize>) -> Result<String, EditError> {
    let rules: Vec<RuleId> = policy.exemptions.iter().map(|one| one.rule).collect();
    // The comment that adoption writes above the first exemption of a rule is about those that follow, too.
    let heads = |index: usize, line: &str| {
        let rule = rules[index];
        let mut next = (index + 1..rules.len()).take_while(|next| rules[*next] == rule);
        line.starts_with(&format!("# {rule}: ")) && next.any(|next| !gone.contains(&next))
    };
    edit::remove(text, &LIST, gone, heads)
}

/// Whether findings add no failure or warning that others lack; those about exemptions do not count.
#[must_use]
pub fn is_no_worse(findings: &[Finding], before: &[Finding]) -> bool {
    let open = |all: &'_ [Finding]| -> BTreeMap<String, usize> {
        let mut open = BTreeMap::new();
        for finding in all {
            let is_open = finding.severity >= Severity::Warning;
            if is_open && !finding.rule.is_about_exemptions() {
                let field = finding.field.as_ref().map(|field| &field.path);
                let key = format!(
                    "{} {:?} {:?} {:?} {field:?}",
                    finding.rule, finding.service, finding.compared, finding.resource
                );
                *open.entry(key).or_default() += 1;
            }
        }
        open
    };
    let before = open(before);
    let is_there = |(key, count)| before.get(&key).is_some_and(|known| *known >= count);
    open(findings).into_iter().all(is_there)
}
