//! How values of Secrets are compared, some of which a snapshot does not hold.

use std::collections::BTreeMap;

use crate::finding::REDACTED;
use crate::yaml::Node;

/// Whether one side of a Secret's value is not known, so that nothing can differ from it.
pub(super) fn is_unknown(base: Option<Node<'_>>, overlay: Option<Node<'_>>) -> bool {
    matches!((base, overlay), (Some(base), Some(overlay)) if base.text() == REDACTED || overlay.text() == REDACTED)
}

/// Whether two values inside a Secret are the same, as far as a snapshot can show.
pub(super) fn same(base: Node<'_>, overlay: Node<'_>) -> bool {
    if base.text() == REDACTED || overlay.text() == REDACTED {
        return true;
    }
    let is_there = |node: Option<&Node<'_>>| node.is_some_and(|node| !node.is_null());
    if base.is_map() && overlay.is_map() {
        let same = |key: &str| match (base.get(key), overlay.get(key)) {
            (Some(left), Some(right)) => same(left, right),
            (left, right) => !is_there(left.as_ref()) && !is_there(right.as_ref()),
        };
        return [base, overlay]
            .into_iter()
            .flat_map(Node::entries)
            .all(|(key, _)| same(key.text()));
    }
    if base.is_seq() && overlay.is_seq() {
        return base.items().count() == overlay.items().count()
            && base
                .items()
                .zip(overlay.items())
                .all(|(left, right)| same(left, right));
    }
    base.is_scalar() && overlay.is_scalar() && base.same_scalar(overlay)
}

/// The fields of a Secret that together form one set of keys.
pub(in crate::compare) const FIELDS: [&str; 2] = ["data", "stringData"];

/// Whether a field of a Secret holds keys, encoded or plain.
pub(super) fn is_field(name: &str) -> bool {
    FIELDS.contains(&name)
}

/// Whether the keys of a Secret are in more than one field of the two sides, each of them a map.
pub(super) fn has_two_fields(base: Option<Node<'_>>, overlay: Option<Node<'_>>) -> bool {
    let [data, plain] = FIELDS.map(|field| {
        let sides = [base, overlay].into_iter().flatten();
        let values: Vec<_> = sides
            .filter_map(|side| side.get(field))
            .filter(|value| !value.is_null())
            .collect();
        let all = values.iter().all(|value| value.is_map());
        all.then_some(values.len())
    });
    matches!((data, plain), (Some(data), Some(plain)) if data > 0 && plain > 0)
}

/// The keys of a Secret, each with the field that holds it and its value; the plain one wins, as in the API server.
pub(super) fn keys(secret: Option<Node<'_>>) -> BTreeMap<&str, (&'static str, Node<'_>)> {
    FIELDS
        .into_iter()
        .filter_map(|field| Some((field, secret?.get(field)?)))
        .flat_map(|(field, map)| {
            let entries = map.entries().filter(|(_, value)| !value.is_null());
            entries.map(move |(key, value)| (key.text(), (field, value)))
        })
        .collect()
}

/// Whether two values of a Secret's key are the same, encoded or plain.
pub(super) fn same_value(
    (field, base): (&str, Node<'_>),
    (other, overlay): (&str, Node<'_>),
) -> bool {
    if is_unknown(Some(base), Some(overlay)) {
        return true;
    }
    match (field, other) {
        ("data", "stringData") => {
            decoded(base.text()).is_some_and(|it| it == overlay.text().as_bytes())
        }
        ("stringData", "data") => {
            decoded(overlay.text()).is_some_and(|it| it == base.text().as_bytes())
        }
        _ => same(base, overlay),
    }
}

/// The bytes that a base64 text stands for; line breaks do not count.
pub(in crate::compare) fn decoded(text: &str) -> Option<Vec<u8>> {
    let digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for digit in digits.take_while(|byte| *byte != b'=') {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::diff::diff;
    use crate::resource::Resource;
    use crate::yaml::parse;

    fn changes(base: &str, overlay: &str) -> Vec<String> {
        let text =
            |data: &str| format!("{{apiVersion: v1, kind: Secret, metadata: {{name: a}}, {data}}}");
        let (base, overlay) = (text(base), text(overlay));
        let (base, overlay) = (parse(&base).unwrap(), parse(&overlay).unwrap());
        let read = |tree| Resource::read(tree).unwrap();
        let base = read(base.roots().next().unwrap());
        let overlay = read(overlay.roots().next().unwrap());
        diff(&base, &overlay)
            .iter()
            .map(|change| {
                assert!(change.secret);
                let path: Vec<_> = change.fields().collect();
                format!("{:?} {}", change.kind, path.join("."))
            })
            .collect()
    }

    #[test]
    fn data_and_string_data_are_one_set_of_keys() {
        let (plain, encoded) = ("stringData: {a: Hi}", "data: {a: SGk=}");
        assert!(changes(plain, encoded).is_empty() && changes(encoded, plain).is_empty());
        let both = "data: {a: WW8=}, stringData: {a: Hi}";
        assert!(changes(both, encoded).is_empty() && changes(plain, both).is_empty());
        for (base, overlay, expected) in [
            (plain, "data: {a: WW8=}", &["Modified data.a"][..]),
            (encoded, both, &[]),
            (
                encoded,
                "data: {a: SGk=}, stringData: {a: Yo}",
                &["Modified data.a"],
            ),
            (
                plain,
                "data: {b: SGk=}",
                &["Removed stringData.a", "Added data.b"],
            ),
            (plain, "data: {a: SGk=, b: SGk=}", &["Added data.b"]),
            (plain, "data: {a: SGk=}, stringData: {}", &[]),
            (
                encoded,
                "data: {a: SGk=}, stringData: {}",
                &["Added stringData"],
            ),
            (both, "stringData: {b: Hi, a: Hi}", &["Added stringData.b"]),
            (
                encoded,
                "stringData: {a: Hi}, binaryData: {a: SGk=}",
                &["Added binaryData.a"],
            ),
        ] {
            let mut found = changes(base, overlay);
            found.sort();
            let mut expected: Vec<_> = expected.iter().map(|it| (*it).to_owned()).collect();
            expected.sort();
            assert_eq!(found, expected, "{base} {overlay}");
        }
    }

    #[test]
    fn base64_is_read_as_api_servers_read_it() {
        for (text, plain) in [
            ("", ""),
            ("SGk=", "Hi"),
            ("SGkh", "Hi!"),
            ("SGkh\nSG kh", "Hi!Hi!"),
        ] {
            assert_eq!(decoded(text).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(decoded("a-b"), None);
    }
}
