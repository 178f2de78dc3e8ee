//! `overlay-size`: more patches than anyone reads as a whole.

use super::overlay::{Overlay, found};
use crate::blame::Entry;
use crate::catalog::{Rule, RuleId, Severity};
use crate::finding::Finding;
use crate::policy::Policy;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::OverlaySize,
    severity: Severity::Warning,
    summary: "An overlay must not have more than a few patches.",
    why: "Many patches show that the base does not fit, and they are hard to review.",
    example: "the kustomization of production and its components contain 14 patches",
    max: Some("10"),
    unit: " patches",
    of_files: true,
    of_siblings: false,
};

pub(in crate::rules) fn check(
    _: Overlay<'_, '_>,
    entries: &[Entry],
    policy: &Policy,
    findings: &mut Vec<Finding>,
) {
    findings.extend(excess(entries, policy));
}

fn excess(entries: &[Entry], policy: &Policy) -> Option<Finding> {
    let max = policy.max(&RULE);
    let most: f64 = max.parse().ok()?;
    let patches = || entries.iter().filter(|entry| entry.form.is_patch());
    let count: usize = patches().map(|patch| patch.documents.max(1)).sum();
    let entries = patches().count();
    if f64::from(u32::try_from(count).unwrap_or(u32::MAX)) <= most {
        return None;
    }
    // The first one that is too many.
    let mut sum = 0;
    let excess = patches().find(|patch| {
        sum += patch.documents.max(1);
        f64::from(u32::try_from(sum).unwrap_or(u32::MAX)) > most
    })?;
    Some(found(
        &RULE,
        headline(count, entries, max),
        "Move patches that environments share into the base, or raise spec.rules.overlay-size.max in the ParityPolicy.",
        &excess.place,
    ))
}

/// A file of a patch may hold several, and people count what the kustomization lists.
fn headline(count: usize, entries: usize, max: &str) -> String {
    let of_entries = match entries {
        _ if entries == count => String::new(),
        1 => " in one entry".to_owned(),
        entries => format!(" in {entries} entries"),
    };
    format!("the overlay has {count} patches{of_entries}, more than {max}")
}

#[cfg(test)]
mod tests {
    use super::headline;

    #[test]
    fn it_says_where_so_many_patches_are() {
        assert_eq!(
            headline(14, 3, "10"),
            "the overlay has 14 patches in 3 entries, more than 10"
        );
        assert_eq!(
            headline(11, 11, "10"),
            "the overlay has 11 patches, more than 10"
        );
    }
}
