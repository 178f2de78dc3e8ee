//! Values that no report shows, since they were taken out of a Secret.

use super::diff::secret::{FIELDS, decoded};
use super::diff::{By, Change, Step};
use crate::finding::REDACTED;
use crate::resource::{Resource, Secrecy, secrecy};
use crate::yaml::Node;

/// A shorter text is hidden only where it is all of a value: it stands in many others by chance.
const MIN_PART: usize = 4;

/// Hides a change that holds one of these texts: its values, and the way to it where that names them.
pub fn hide(change: &mut Change<'_>, hidden: &[String]) {
    for step in &mut change.steps {
        if let Step::Element { by, .. } = step
            && let By::Value(text) | By::Flag(text) | By::After(text) = by
            && is_copy(text, hidden)
        {
            *text = REDACTED;
            change.secret = true;
        }
    }
    let mut sides = [change.base, change.overlay].into_iter().flatten();
    change.secret |= sides.any(|side| holds(side, hidden));
}

fn holds(node: Node<'_>, hidden: &[String]) -> bool {
    if node.is_scalar() {
        return is_copy(node.text(), hidden);
    }
    let mut entries = node.entries();
    entries.any(|(key, value)| is_copy(key.text(), hidden) || holds(value, hidden))
        || node.items().any(|item| holds(item, hidden))
}

/// The values of Secrets that no other field holds by chance, as they are encoded and as they are.
///
/// Where nobody knows what was taken out of a Secret, a value that could be a word, a number or a
/// short name is shown where it stands: it is more likely to stand there by itself.
#[must_use]
pub fn values(resources: &[Resource<'_>]) -> Vec<String> {
    let mut all = Vec::new();
    for resource in resources {
        let fields = match secrecy(resource.node) {
            Secrecy::None => continue,
            _ => FIELDS.iter().filter_map(|field| resource.node.get(field)),
        };
        for (_, value) in fields.flat_map(Node::entries) {
            let text = value.text();
            let plain = decoded(text).and_then(|bytes| String::from_utf8(bytes).ok());
            let both = plain.into_iter().chain([text.to_owned()]);
            all.extend(both.filter(|text| is_credential(text)));
        }
    }
    all
}

/// Whether a text looks as if nobody else would write it.
fn is_credential(text: &str) -> bool {
    const MIN: usize = 8;
    let has = |is: fn(&char) -> bool| text.chars().any(|c| is(&c));
    text.len() >= MIN
        && text != REDACTED
        && has(char::is_ascii_alphabetic)
        && (has(char::is_ascii_digit)
            // No name and no sentence mixes these.
            || has(char::is_ascii_uppercase)
                && has(char::is_ascii_lowercase)
                && has(|c| c.is_ascii_punctuation() && !matches!(c, '-' | '_' | '.' | '/' | ':' | ',')))
}

/// Whether a text is one of those that are hidden, or holds one.
#[must_use]
pub fn is_copy(text: &str, hidden: &[String]) -> bool {
    hidden
        .iter()
        .any(|copy| text == copy || copy.len() >= MIN_PART && text.contains(copy.as_str()))
}
