//! Commands that may be pasted into a shell, whatever names are in them.

use crate::resource::Resource;

/// The longest name in a command.
const MAX_WORD: usize = 400;

/// The command that deletes an object.
pub(super) fn deletion(resource: &Resource<'_>) -> Option<String> {
    kubectl("delete", resource)
}

/// The start of a command about an object; `None` if a shell could read a name in it as more than a name.
pub(super) fn kubectl(verb: &str, resource: &Resource<'_>) -> Option<String> {
    let namespace = match resource.identity.namespace {
        "" => String::new(),
        namespace => format!(" -n {namespace}"),
    };
    let group = match resource.group() {
        "" => String::new(),
        group => format!(".{group}"),
    };
    let names = [
        resource.kind(),
        resource.group(),
        resource.name(),
        resource.identity.namespace,
    ];
    names.into_iter().all(is_word).then(|| {
        format!(
            "kubectl{namespace} {verb} {}{group} {}",
            resource.kind().to_lowercase(),
            resource.name()
        )
    })
}

/// Whether a name is one word to every shell, and not a flag.
pub(super) fn is_word(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    name.len() <= MAX_WORD && !name.starts_with('-') && name.chars().all(is_plain)
}
