//! The only reader of a functionConfig: from a tree with places to its settings and their places.

use std::collections::BTreeMap;

use super::config::{Config, Policy};
use super::read::read as read_value;
use crate::catalog::Rule;
use crate::finding::{Place, line_around};
use crate::text::one_line;
use crate::yaml::{self, Node};

/// The longest name of a file that messages repeat, in characters.
const MAX_FILE: usize = 200;

/// A functionConfig that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OpenError {
    /// The line of the fault, from 1; 0 if there is no functionConfig.
    pub line: usize,
    /// One line with the place, the fault and the right form.
    pub message: String,
}

/// Reads a functionConfig; without one, the default policy applies.
///
/// `file` is the name of its file in reports, with the text. With it, every exemption and every
/// allowed field gets its place. `rules` are those that a policy may set, as
/// [`crate::rules::RULES`] lists them.
///
/// # Errors
///
/// As [`super::read()`], with the line.
pub fn open(
    rules: &[&Rule],
    config: Option<Node<'_>>,
    file: Option<(&str, &str)>,
) -> Result<Config, OpenError> {
    let value = config.map(Node::to_yaml_value);
    let mut read = read_value(rules, value.as_ref()).map_err(|error| OpenError {
        line: config.map_or(0, |config| config.follow(&error.path).0.line()),
        message: error.message,
    })?;
    if let (Config::Policy(policy), Some(config), Some((name, text))) = (&mut read, config, file) {
        locate(policy, config, name, text);
        policy.file = Some(one_line(name, MAX_FILE).into_owned());
    }
    Ok(read)
}

/// Reads the text of a file that contains only a policy; `name` is its name in reports.
///
/// # Errors
///
/// The error names the place and the fault. A second document is an error, because it would have no
/// effect.
pub fn parse(rules: &[&Rule], name: &str, text: &str) -> Result<Policy, ParseError> {
    let at = |line: usize, message: String| ParseError(format!("{name}:{line}: {message}"));
    let tree = yaml::parse(text).map_err(|error| ParseError(format!("{name}: {error}")))?;
    let mut documents = tree.roots().filter(|root| !root.is_null());
    let Some(config) = documents.next() else {
        return Err(ParseError(format!(
            "{name}: the file is empty, and krm-parity looks for the policy here; write a ParityPolicy, or remove the file"
        )));
    };
    if let Some(second) = documents.next() {
        let message = "a policy file must have one document, and this is a second one; put the whole policy into one spec";
        return Err(at(second.line(), message.to_owned()));
    }
    match open(rules, Some(config), Some((name, text))) {
        Ok(Config::Policy(policy)) => Ok(policy),
        Ok(Config::Recorder(_)) => Err(ParseError(format!(
            "{name}: this is a SnapshotRecorder, not a ParityPolicy"
        ))),
        Err(error) => Err(at(error.line.max(1), error.message)),
    }
}

/// The error of a file without a valid policy: its name, the line if known, and the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(String);

fn locate(policy: &mut Policy, config: Node<'_>, name: &str, text: &str) {
    let places = |path: &[&str], what: &'static str| {
        let items = config.at(path).into_iter().flat_map(Node::items);
        let mut known = (0, 0);
        items.map(move |item| {
            // Lines are counted from the previous entry, because there may be thousands.
            let range = item.span();
            let start = line_around(text, range.start).start;
            // An alias refers to an earlier text.
            if start < known.0 {
                known = (0, 0);
            }
            let lines = text.as_bytes()[known.0..start].iter();
            known = (
                start,
                known.1 + lines.filter(|&&byte| byte == b'\n').count(),
            );
            let rest = text.get(start..).unwrap_or_default();
            let range = range.start.saturating_sub(start)..range.end.saturating_sub(start);
            let place = Place::excerpt(name, rest, range, what.to_owned());
            Place {
                line: known.1 + place.line,
                ..place
            }
        })
    };
    let exemptions = places(&["spec", "exemptions"], "the exemption");
    for (exemption, place) in policy.exemptions.iter_mut().zip(exemptions) {
        exemption.place = Some(place);
    }
    let fields = places(&["spec", "allow", "fields"], "the allowed field");
    for (field, place) in policy.fields.iter_mut().zip(fields) {
        field.place = Some(place);
    }
    policy.layout.overlay_places = places(&["spec", "layout", "overlays"], "the pattern").collect();
    policy.layout.ignore_places = places(&["spec", "layout", "ignore"], "the pattern").collect();
    let services = places(&["spec", "services"], "the entry");
    for (service, place) in policy.services.iter_mut().zip(services) {
        service.place = Some(place);
    }
    policy.places = settings(config, name, text);
}

/// Where a policy says what it says once: each class, and each setting.
fn settings(config: Node<'_>, name: &str, text: &str) -> BTreeMap<String, Place> {
    let mut all = BTreeMap::new();
    let mut put = |key: String, node: Node<'_>| {
        let place = Place::excerpt(name, text, node.span(), "the policy".to_owned());
        all.insert(key, place);
    };
    let spec = config.get("spec");
    for (key, value) in spec.iter().flat_map(|spec| spec.entries()) {
        put(format!("spec.{}", key.text()), value);
    }
    let classes = spec.and_then(|spec| spec.at(&["allow", "classes"]));
    for class in classes.iter().flat_map(|list| list.items()) {
        put(format!("spec.allow.classes.{}", class.text()), class);
    }
    let rules = spec.and_then(|spec| spec.get("rules"));
    for (rule, setting) in rules.iter().flat_map(|rules| rules.entries()) {
        put(format!("spec.rules.{}", rule.text()), setting);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_its_own_line() {
        let entry = |at: usize| {
            format!("  - rule: image # é {at}\n    reason: r\n    expires: \"2027-01-31\"\n\n")
        };
        let entries: String = (0..50).map(entry).collect();
        let text = format!(
            "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  exemptions:\n{entries}"
        );
        let policy = parse(&[], "p.yaml", &text).unwrap();
        let tree = yaml::parse(&text).unwrap();
        let root = tree.roots().next().unwrap();
        let items = root.at(&["spec", "exemptions"]).unwrap().items();
        assert_eq!(policy.exemptions.len(), 50);
        for (exemption, item) in policy.exemptions.iter().zip(items) {
            let expected = Place::excerpt("p.yaml", &text, item.span(), "the exemption".to_owned());
            assert_eq!(exemption.place.as_ref(), Some(&expected));
        }
        let alias = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: p}\nspec:\n  exemptions:\n  - &a {rule: image, reason: r, expires: '2027-01-31'}\n  - {rule: labels, reason: r, expires: '2027-01-31'}\n  - *a\n";
        let lines = parse(&[], "p.yaml", alias).unwrap().exemptions;
        let lines = lines.iter().map(|one| one.place.as_ref().unwrap().line);
        let lines: Vec<_> = lines.collect();
        assert!(matches!(lines.as_slice(), [6, 7, 6 | 8]), "{lines:?}");
        let flow = "{apiVersion: krm-parity.io/v1alpha1, kind: ParityPolicy, spec: {exemptions: [{rule: image, reason: r, expires: '2027-01-31'}, {rule: labels, reason: r, expires: '2027-01-31'}]}}";
        let policy = parse(&[], "p.yaml", flow).unwrap();
        let columns = policy
            .exemptions
            .iter()
            .map(|one| one.place.as_ref().unwrap());
        let columns: Vec<_> = columns.map(|place| (place.line, place.column)).collect();
        let at = |word: &str| flow.find(word).unwrap() + 1;
        assert_eq!(columns, [(1, at("{rule: image")), (1, at("{rule: labels"))]);
    }
}
