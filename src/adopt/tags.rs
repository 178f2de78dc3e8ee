//! Image tags that every environment sets: no exemption can keep up with them, so the class is allowed.

use crate::catalog::{Class, RuleId};
use crate::edit::{self, EditError, Item};
use crate::finding::Finding;
use crate::policy::Policy;
use crate::yaml;

/// Whether every environment of a service sets an image's tag, which the policy does not allow.
///
/// `check` reports where such a tag comes from and not that it differs from the base. A build sees one environment, and
/// is as strict as the class.
#[must_use]
pub fn sets_tags(policy: &Policy, findings: &[Finding]) -> bool {
    let is_tag = |finding: &Finding| {
        finding.rule == RuleId::Image
            && finding.class == Some(Class::ImageTag)
            && finding.overridden
            && finding.exemption.is_none()
    };
    !policy.allows(Class::ImageTag) && findings.iter().any(is_tag)
}

/// The text of a policy in which `image-tag` is allowed, too.
///
/// # Errors
///
/// As [`edit::append`].
pub fn allow_tags(text: &str, policy: &Policy) -> Result<String, EditError> {
    let tree = yaml::parse_lax(text)?;
    let mut roots = tree.roots();
    let listed = roots
        .next()
        .and_then(|root| root.at(&["spec", "allow", "classes"]));
    let is_listed = listed.is_some_and(|classes| !classes.is_null());
    // A list replaces the defaults, so it begins with them.
    let defaults = policy.allowed.iter().filter(|_| !is_listed);
    let classes = defaults.chain([Class::ImageTag]);
    let items: Vec<Item> = classes.map(|class| Item::text(class.id())).collect();
    edit::append(text, &["spec", "allow", "classes"], &items)
}
