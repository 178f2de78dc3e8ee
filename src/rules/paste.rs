//! The entry of a policy that would permit a finding, ready for a person to paste.
//!
//! It is about one place of one resource of one service in one environment, because a wider entry would also permit
//! changes that no one has reviewed.

use std::fmt::Write as _;

use super::words;
use crate::catalog::{Class, RuleId};
use crate::compare::comparison::{Comparison, Pair};
use crate::compare::diff::Change;
use crate::compare::pair::plain_name;
use crate::compare::steps::field_path;
use crate::edit;
use crate::finding::{ENTRY, Finding};
use crate::path::FieldPath;
use crate::path::fitting::{glob, pattern, service_glob};
use crate::policy::Policy;
use crate::resource::Resource;
use crate::text::is_unsafe;

/// The name of the policy in rules, which do not know its file.
const CALLED: &str = "the ParityPolicy";

/// Which environments an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Environments {
    /// The one that the finding is about.
    One,
    /// All of the service, because all differ from their base there.
    All,
}

impl Comparison<'_, '_> {
    /// How a policy would permit a change: the rest of a sentence, and last the entry to paste.
    pub(super) fn permit(
        &self,
        rule: RuleId,
        pair: Pair<'_, '_>,
        change: &Change<'_>,
        class: Class,
        environments: Environments,
        policy: &Policy,
    ) -> String {
        let path = pattern(&field_path(&change.steps));
        let entry = self.entry(pair.base, Some(&path), pair.service, environments);
        let mut out = format!(
            "add this entry to spec.allow.fields of {CALLED}. To permit it only until a day, add it to spec.exemptions instead, with rule: {rule} and expires: YYYY-MM-DD."
        );
        // The class `other` is the rest of all fields, which no policy should permit as a whole.
        if class != Class::Other {
            out.push(' ');
            out.push_str(&words::permit(class, policy));
        }
        // The entry is last, without a full stop, so that it can be pasted.
        let _ = write!(out, "{ENTRY}{{{entry}, reason: TODO}}");
        out
    }

    /// How a policy would exempt a whole resource until a day: the rest of a sentence, and last the entry to paste.
    pub(super) fn exempt(&self, rule: RuleId, resource: &Resource<'_>, service: &str) -> String {
        exemption(
            rule,
            &self.entry(resource, None, service, Environments::One),
        )
    }

    /// How a policy would exempt a place until a day: the rest of a sentence, and last the entry to paste.
    pub(super) fn exempt_at(
        &self,
        rule: RuleId,
        pair: Pair<'_, '_>,
        path: &FieldPath<'_>,
    ) -> String {
        let path = pattern(path);
        exemption(
            rule,
            &self.entry(pair.base, Some(&path), pair.service, Environments::One),
        )
    }

    /// The content of an entry, without the braces around it.
    fn entry(
        &self,
        resource: &Resource<'_>,
        path: Option<&str>,
        service: &str,
        environments: Environments,
    ) -> String {
        let environment = match environments {
            Environments::One => self.sides.environment,
            Environments::All => "",
        };
        entry(resource, path, service, environment)
    }
}

/// The content of an entry, without the braces around it; a part without a name covers all.
fn entry(resource: &Resource<'_>, path: Option<&str>, service: &str, environment: &str) -> String {
    let mut out = format!(
        "target: {{kind: {}, name: {}}}",
        scalar(&glob(resource.kind())),
        scalar(&glob(plain_name(resource)))
    );
    let lists = [
        ("services", service_glob(service)),
        ("environments", environment.to_owned()),
    ];
    let path = path.map(|path| format!(", path: {}", scalar(path)));
    out.extend(path);
    for (key, name) in lists {
        if !name.is_empty() {
            let _ = write!(out, ", {key}: [{}]", scalar(&name));
        }
    }
    out
}

/// How a policy would exempt a place that was compared with nothing until a day.
pub(super) fn exempt_alone(
    rule: RuleId,
    resource: &Resource<'_>,
    path: Option<&str>,
    (service, environment): (&str, &str),
) -> String {
    exemption(rule, &entry(resource, path, service, environment))
}

fn exemption(rule: RuleId, entry: &str) -> String {
    format!(
        "add this entry to spec.exemptions of {CALLED}.{ENTRY}{{rule: {rule}, {entry}, reason: TODO, expires: YYYY-MM-DD}}"
    )
}

/// Completes the help of findings: it names the policy by its file, and says how to permit those that are not permitted.
pub(super) fn settle(findings: &mut [Finding], file: Option<&str>) {
    for finding in findings {
        if finding.is_exempt() {
            finding.permit.clear();
        }
        let Some(file) = file else {
            continue;
        };
        if finding.help.contains(CALLED) {
            let help = finding.help.replacen(CALLED, file, 1);
            // Some messages end in the help; quotations in them stay as they are.
            finding.message = finding.message.replacen(&finding.help, &help, 1);
            finding.help = help;
        }
        finding.permit = finding.permit.replacen(CALLED, file, 1);
    }
}

/// Adds to entries that the branch alone must not have them; `earlier` is people's name for the policy that counts.
pub(super) fn warn_branch(findings: &mut [Finding], earlier: &str) {
    let sentence = format!(
        " Let the owner of the policy merge the entry into {earlier} first: in this branch alone it is a {} finding.",
        RuleId::LoosenedPolicy
    );
    for finding in findings {
        if let Some(at) = finding.permit.find(ENTRY) {
            finding.permit.insert_str(at, &sentence);
        }
    }
}

/// A string as a map on one line has it.
pub(super) fn scalar(text: &str) -> String {
    let plain = edit::scalar(text);
    if plain == text || text.contains(['\'', '\\']) || text.chars().any(is_unsafe) {
        plain
    } else {
        format!("'{text}'")
    }
}
