//! The possible targets of a patch: a Secret, or certainly something else.

use regex::bytes::RegexBuilder;

use crate::yaml::{self, Node};

/// Whether a patch may be for a Secret, according to its target and its own kind.
#[must_use]
pub fn may_patch_secret(target: Option<Node<'_>>, patch: Node<'_>) -> bool {
    let own = patch.str_at(&["kind"]);
    match target.filter(|target| target.is_map()) {
        // The target decides, but a patch with the kind Secret holds the values of one.
        Some(target) => {
            target.str_at(&["kind"]).is_none_or(may_match) || own.is_some_and(|own| !is_other(own))
        }
        None => !own.is_some_and(is_other),
    }
}

/// Whether the text of a patch is known to be for something other than a Secret.
pub(super) fn is_harmless(target: Option<Node<'_>>, text: &str) -> bool {
    if let Ok(tree) = yaml::parse_lax(text) {
        let mut roots = tree.roots().filter(|root| !root.is_null()).peekable();
        return roots.peek().is_some() && roots.all(|root| !may_patch_secret(target, root));
    }
    let mut kinds = text.lines().filter_map(|line| line.strip_prefix("kind:"));
    let is_for_other = match target.filter(|target| target.is_map()) {
        Some(target) => !target.str_at(&["kind"]).is_none_or(may_match),
        None => kinds.next().is_some_and(|kind| is_other(kind.trim())),
    };
    is_for_other && !text.contains("Secret") && kinds.all(|kind| is_other(kind.trim()))
}

/// Whether a kind is neither a Secret nor a type that contains Secrets.
fn is_other(kind: &str) -> bool {
    !kind.is_empty()
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !kind.starts_with("Secret")
        && !kind.ends_with("List")
}

/// Whether the pattern of a target's kind may match a Secret.
fn may_match(pattern: &str) -> bool {
    let regex = RegexBuilder::new(&format!("^(?:{pattern})$"))
        .unicode(false)
        .size_limit(1 << 20)
        .build();
    pattern.is_empty() || regex.map_or(true, |regex| regex.is_match(b"Secret"))
}
