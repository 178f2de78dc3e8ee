//! Values that no report shows, because they were copied from a Secret.

use serde_json::Value;

use super::diff::secret::{FIELDS, decoded};
use super::diff::{By, Change, Step};
use crate::finding::REDACTED;
use crate::naming::segments;
use crate::resource::{Resource, Secrecy, secrecy};
use crate::yaml::Node;

/// A shorter text is hidden only if it is a whole value: it occurs in many others by chance.
const MIN_PART: usize = 4;

/// Hides a change that holds one of these texts: its values, and the steps that lead to it if they name one.
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

/// The values of Secrets that no other field holds by chance, both encoded and plain.
///
/// It may be unknown what was copied from a Secret. Then a value that could be a word, a number or a
/// short name is shown wherever it occurs: it was more likely written there independently.
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
            let within = parts(plain.as_deref().unwrap_or(text));
            let both = [plain.as_deref().unwrap_or_default().trim(), text.trim()];
            let both = both.into_iter().filter(|text| is_credential(text));
            all.extend(both.map(str::to_owned).chain(within));
        }
    }
    all
}

/// The largest number of parts of one value that are searched for.
const MAX_PARTS: usize = 256;

/// The parts of a Secret's value that look like credentials by themselves: lines, fields of JSON and YAML, variables of
/// an environment file, and the password of a URL.
fn parts(text: &str) -> Vec<String> {
    let mut all: Vec<String> = passwords(text).map(str::to_owned).collect();
    if text.contains(['\n', '=', ':']) {
        // Also the fields of a connection string.
        let fields = text.split(['\n', ';', '&', ' ']).chain(text.lines());
        for line in fields.map(str::trim) {
            if is_of_key(line) {
                all.push(line.to_owned());
            }
            for mark in ["=", ": "] {
                let pair = line.split_once(mark);
                let pair = pair.map(|(key, value)| (key, value.trim().trim_matches(['"', '\''])));
                all.extend(pair.and_then(|(key, value)| named(key, value)));
            }
        }
    }
    if text.contains('{')
        && let Ok(json) = serde_json::from_str::<Value>(text)
    {
        let mut open = vec![json];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(map) => {
                    for (key, value) in map {
                        all.extend(value.as_str().and_then(|value| named(&key, value)));
                        open.push(value);
                    }
                }
                _ => {}
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    all.truncate(MAX_PARTS);
    all
}

/// The value of a field, if both its name and its value look like those of a credential.
fn named(key: &str, value: &str) -> Option<String> {
    (is_named_so(key) && is_credential(value)).then(|| value.to_owned())
}

/// Whether a line may be part of a key or a certificate, or may be a token.
fn is_of_key(line: &str) -> bool {
    const MIN: usize = 20;
    let has = |is: fn(&u8) -> bool| line.bytes().any(|byte| is(&byte));
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/-_.".contains(c);
    line.len() >= MIN
        && line.trim_end_matches('=').chars().all(is_part)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}

/// The passwords of the URLs in a text, except for words that other texts hold by chance, such as `postgres`.
fn passwords(text: &str) -> impl Iterator<Item = &str> {
    const MIN_WORD: usize = 16;
    text.split("://").skip(1).filter_map(|rest| {
        let end = rest.find(['/', '?', '#', ' ', '\n', '"', '\'']);
        let authority = &rest[..end.unwrap_or(rest.len())];
        let (user, password) = authority.rsplit_once('@')?.0.split_once(':')?;
        let is_word = password.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_found = password.len() >= if is_word { MIN_WORD } else { MIN_PART };
        (is_found && password != user).then_some(password)
    })
}

/// Whether the name of a field says that its value is secret: `DB_PASSWORD` and `apiKey`, but not `KEY_FILE` or `monkey`.
fn is_named_so(key: &str) -> bool {
    const WORDS: [&str; 15] = [
        "apikey",
        "auth",
        "cred",
        "creds",
        "credential",
        "credentials",
        "key",
        "pass",
        "passwd",
        "password",
        "pw",
        "pwd",
        "secret",
        "secrets",
        "token",
    ];
    const PLACES: [&str; 9] = [
        "dir", "file", "host", "id", "name", "path", "port", "uri", "url",
    ];
    let mut spaced = String::with_capacity(key.len() + 4);
    let mut was_small = false;
    for c in key.chars() {
        if c.is_uppercase() && was_small {
            spaced.push('_');
        }
        was_small = c.is_lowercase() || c.is_numeric();
        spaced.push(c);
    }
    let words = segments(&spaced);
    let is_one = |list: &[&str], word: &String| list.contains(&word.as_str());
    let last = words.last();
    words.iter().any(|word| is_one(&WORDS, word)) && !last.is_some_and(|word| is_one(&PLACES, word))
}

/// Whether a text looks so random that no other author would write it.
fn is_credential(text: &str) -> bool {
    const MIN: usize = 8;
    let has = |is: fn(&char) -> bool| text.chars().any(|c| is(&c));
    text.len() >= MIN
        && text != REDACTED
        && has(char::is_ascii_alphabetic)
        && (has(char::is_ascii_digit)
            // Neither names nor sentences mix these.
            || has(char::is_ascii_uppercase)
                && has(char::is_ascii_lowercase)
                && has(|c| c.is_ascii_punctuation() && !matches!(c, '-' | '_' | '.' | '/' | ':' | ',')))
}

/// Whether a text is one of the hidden ones, or contains one.
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
    fn credentials_within_a_value_are_found() {
        for (text, expected) in [
            (
                "postgres://shop:hunter2@db.example.com:5432/shop",
                &["hunter2"][..],
            ),
            ("postgres://db01.example.com:5432/shop", &[]),
            ("postgres://shop:postgres@db/shop", &[]),
            ("postgres://hunter2:hunter2@db/shop", &[]),
            (
                "password: s3cret-of-shop\nregion: eu-west-1a\n",
                &["s3cret-of-shop"],
            ),
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
            (
                "jdbc:postgresql://db/shop?user=shop&password=hunterX22",
                &["hunterX22"],
            ),
            (
                "Server=db01;Password=Sup3rSecret!;Pool=10",
                &["Sup3rSecret!"],
            ),
            (
                "AUTH_HOST=db01.example.com\nKEY_FILE=/etc/key01.pem\nmonkey=banana01\nkeyId=abcd1234\n",
                &[],
            ),
            ("one word", &[]),
            ("s3cret-of-shop", &[]),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
