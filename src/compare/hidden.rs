//! Values that no report shows, since they were taken out of a Secret.

use super::diff::secret::{FIELDS, decoded};
use super::diff::{By, Change, Step};
use crate::finding::REDACTED;
use crate::resource::{Resource, Secrecy, secrecy};
use crate::yaml::{self, Node};

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
            let within = plain.as_deref().map(parts).unwrap_or_default();
            let both = plain.into_iter().chain([text.to_owned()]);
            all.extend(both.filter(|text| is_credential(text)).chain(within));
        }
    }
    all
}

/// What stands within the value of a Secret and looks like a credential by itself: lines, fields of JSON and YAML,
/// variables of an environment file, and the password of a URL.
fn parts(text: &str) -> Vec<String> {
    const MIN_LINE: usize = 20;
    let is_structured = text.contains(['\n', '{', '=']);
    let mut all: Vec<String> = passwords(text).map(str::to_owned).collect();
    if !is_structured {
        return all;
    }
    for line in text.lines().map(str::trim) {
        // Such a line is one of a key or a certificate, or a token.
        let has = |is: fn(&u8) -> bool| line.bytes().any(|byte| is(&byte));
        let is_of_key = |c: char| c.is_ascii_alphanumeric() || "+/-_.".contains(c);
        if line.len() >= MIN_LINE
            && line.trim_end_matches('=').chars().all(is_of_key)
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_digit)
        {
            all.push(line.to_owned());
        }
        if let Some((key, value)) = line.split_once('=') {
            let value = value.trim().trim_matches(['"', '\'']);
            if is_named_so(key) && is_credential(value) {
                all.push(value.to_owned());
            }
        }
    }
    if let Ok(tree) = yaml::parse_lax(text) {
        let mut open: Vec<Node<'_>> = tree.roots().collect();
        while let Some(node) = open.pop() {
            open.extend(node.items());
            for (key, value) in node.entries() {
                if value.is_scalar() && is_named_so(key.text()) && is_credential(value.text()) {
                    all.push(value.text().to_owned());
                }
                open.push(value);
            }
        }
    }
    all
}

/// The passwords of the URLs in a text.
fn passwords(text: &str) -> impl Iterator<Item = &str> {
    text.split("://").skip(1).filter_map(|rest| {
        let end = rest.find(['/', '?', '#', ' ', '\n', '"', '\'']);
        let authority = &rest[..end.unwrap_or(rest.len())];
        let (_, password) = authority.rsplit_once('@')?.0.split_once(':')?;
        (password.len() >= MIN_PART).then_some(password)
    })
}

/// Whether a field is called like something that is kept secret.
fn is_named_so(key: &str) -> bool {
    const WORDS: [&str; 7] = ["pass", "pwd", "secret", "token", "key", "auth", "cred"];
    let key = key.to_ascii_lowercase();
    WORDS.iter().any(|word| key.contains(word))
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

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn what_stands_within_a_value_is_found() {
        for (text, expected) in [
            (
                "postgres://shop:hunter2@db.example.com:5432/shop",
                &["hunter2"][..],
            ),
            ("postgres://db01.example.com:5432/shop", &[]),
            (
                "DB_HOST=db01.example.com\nDB_PASSWORD=\"s3cret-of-shop\"\n",
                &["s3cret-of-shop"],
            ),
            (
                r#"{"auths": {"registry01.example.com": {"password": "s3cret-of-shop"}}, "region": "eu-west-1a"}"#,
                &["s3cret-of-shop"],
            ),
            (
                "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END KEY-----\n",
                &["MIIEvQIBADANBgkqhkiG9w0B"],
            ),
            (
                "host: db01.example.com\nport: 5432\nname: shop-v2-database\n",
                &[],
            ),
            ("one word", &[]),
            ("s3cret-of-shop", &[]),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
