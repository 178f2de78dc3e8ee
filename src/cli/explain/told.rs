//! A change and the decision about it, for people, with the line of the policy behind it.

use std::fmt::Write as _;

use anyhow::bail;
use serde_json::Value;

use super::request::MAX_VALUE;
use crate::api::{ALLOW, DENY};
use crate::catalog::{Class, Severity};
use crate::compare::diff::ChangeKind;
use crate::finding::Place;
use crate::gate::Change;
use crate::policy::{self, Config, Policy};
use crate::rules::permission::{Decision, Verdict};
use crate::rules::{RULES, record};
use crate::text;
use crate::yaml::Node;

/// The longest line, in characters.
pub(super) const MAX_LINE: usize = 400;

/// A policy in its file: the document, and the file's name for people.
#[derive(Clone, Copy)]
pub(super) struct Written<'t> {
    pub name: &'t str,
    pub config: Option<Node<'t>>,
}

pub(super) fn write_change(
    out: &mut String,
    change: &Change<'_>,
    policy: &Policy,
    written: Written<'_>,
) {
    let decision = &change.decision;
    let resource = &decision.resource;
    let (word, class, why) = if change.is_judged {
        let (word, why) = judgement(decision, policy, written);
        (word, format!(" {} ", decision.class.id()), why)
    } else {
        let at = written.at(&["spec", "identity"]);
        let why = format!("it makes the overlay an environment: spec.identity is cancel{at}");
        ("cancelled", String::new(), why)
    };
    let kind = match decision.kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Modified => "modified",
        ChangeKind::Reordered => "reordered",
    };
    let shown = |value: Option<&Value>, place: Option<&Place>| {
        let value = value.map_or_else(
            || "(absent)".to_owned(),
            |value| text::one_line(&value.to_string(), MAX_VALUE).into_owned(),
        );
        match place {
            Some(Place { file, line, .. }) => format!("{value}, {file}:{line}"),
            None => value,
        }
    };
    let lines = [
        format!(
            "{word:9}{class} {} {} {}",
            resource.api_version, resource.kind, resource.name
        ),
        format!("  at      {} ({kind})", decision.field.path),
        format!(
            "  base    {}",
            shown(decision.field.base.as_ref(), change.base_place.as_ref())
        ),
        format!(
            "  overlay {}",
            shown(decision.field.overlay.as_ref(), change.place.as_ref())
        ),
        format!("  because {why}"),
    ];
    for line in lines {
        let _ = writeln!(out, "{}", text::one_line(&line, MAX_LINE));
    }
    out.push('\n');
}

/// One word for the decision about a change, and its reason.
fn judgement(
    decision: &Decision<'_>,
    policy: &Policy,
    written: Written<'_>,
) -> (&'static str, String) {
    let class = decision.class.id();
    let mut why = match &decision.verdict {
        Verdict::Class => {
            format!(
                "spec.allow.classes contains {class}{}",
                written.at_class(decision.class)
            )
        }
        Verdict::Field(field) => {
            let index = policy
                .fields
                .iter()
                .position(|one| std::ptr::eq(one, *field));
            let index = index.unwrap_or_default().to_string();
            let at = written.at(&["spec", "allow", "fields", &index]);
            format!(
                "spec.allow.fields[{index}]{at} has {} ({})",
                field.path, field.reason
            )
        }
        Verdict::Base(pattern) => format!("the base has {ALLOW}: {pattern}"),
        Verdict::Denied(pattern) => format!("the base has {DENY}: {pattern}"),
        Verdict::Guidance => {
            "overlays must not change the base's annotations about them".to_owned()
        }
        Verdict::Forbidden => {
            let at = written.at(&["spec", "allow", "classes"]);
            format!("no entry allows it, and spec.allow.classes{at} does not contain {class}")
        }
    };
    if decision.verdict.is_allowed() {
        return ("allowed", why);
    }
    let rule = decision.rule;
    let severity = policy.severity(record(rule));
    if severity != Severity::Error {
        let at = written.at(&["spec", "rules", rule.as_str()]);
        let _ = write!(
            why,
            ", and spec.rules.{rule}.severity{at} is {}",
            severity.id()
        );
    }
    if severity == Severity::Ignore {
        return ("ignored", why);
    }
    let exemption = decision
        .exemption
        .and_then(|index| Some((index, policy.exemptions.get(index)?)));
    if let Some((index, exemption)) = exemption {
        let at = written.at(&["spec", "exemptions", &index.to_string()]);
        let _ = write!(
            why,
            ", but spec.exemptions[{index}]{at} exempts it until {} ({})",
            exemption.expires, exemption.reason
        );
        return ("exempt", why);
    }
    let word = match severity {
        Severity::Error => "forbidden",
        other => other.id(),
    };
    (word, why)
}

impl Written<'_> {
    pub fn read(self) -> anyhow::Result<Policy> {
        match policy::open(RULES, self.config, None) {
            Ok(Config::Policy(policy)) => Ok(policy),
            Ok(Config::Recorder(_)) => bail!(
                "{}: this is a SnapshotRecorder, not a ParityPolicy",
                self.name
            ),
            Err(error) => bail!("{}:{}: {error}", self.name, error.line.max(1)),
        }
    }

    /// The line of a place in the policy, in brackets; or a note that the value is the default.
    fn at(self, path: &[&str]) -> String {
        let found = self.config.map(|config| config.follow(path));
        match found {
            Some((place, true)) => format!(" ({}:{})", self.name, place.line()),
            _ => " (the default)".to_owned(),
        }
    }

    /// The line of a class among the allowed ones.
    fn at_class(self, class: Class) -> String {
        let Some(config) = self.config else {
            return self.at(&[]);
        };
        if config.str_at(&["kind"]) == Some("ConfigMap") {
            return self.at(&["data", "allow"]);
        }
        let classes = config.at(&["spec", "allow", "classes"]);
        let mut names = classes.into_iter().flat_map(Node::items);
        match names.position(|name| name.text() == class.id()) {
            Some(index) => self.at(&["spec", "allow", "classes", &index.to_string()]),
            None => self.at(&["spec", "allow", "classes"]),
        }
    }
}
