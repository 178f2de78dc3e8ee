//! `krm-parity explain`: the text of a rule or a class, or the decision about each change of an
//! overlay.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::bail;

use crate::catalog::{Class, Rule, RuleId};
use crate::policy::nearest;
use crate::rules::{RULES, record};
use crate::text;

mod changes;
mod directory;
mod live;
mod request;
mod told;

use request::MAX_VALUE;
pub use request::Request;

/// The help of the verb.
pub(super) const LONG_ABOUT: &str = "\
Explain a rule or a class, or the decision about every change in an overlay.

  krm-parity explain                               all rules and classes
  krm-parity explain health-checks                 one of them
  krm-parity explain overlays/production           every change, its lines, and why it is allowed or not
  krm-parity explain overlay.yaml --base base.yaml the same for the output of `kustomize build`
  krm-parity explain list.yaml                     the same for a ResourceList with a snapshot, a policy
  krm-parity explain overlays/production --live live.yaml
                                                   every difference from a cluster: who owns the value,
                                                   and whether it is drift

A directory is read as `check` reads it: it may be one overlay or contain many, and the policy is found
above it. --service and --environment select from them. If a directory has the name of a rule, write
./NAME.

With --live, RESOURCE (checkout, or deployment/checkout) and PATH (spec.replicas, **.env) select one
object and one field; instead of a directory, a rendered file works too.

For files, `-` reads the overlay or the list from stdin. The policy is that of --policy or of the list's
functionConfig. Entries of the policy for single services or environments, such as the exemptions of
`init --adopt`, apply only with --service and --environment.";

/// Prints the requested explanation.
///
/// # Errors
///
/// Fails if the word is unknown, or a file cannot be read.
pub fn explain(request: &Request) -> anyhow::Result<String> {
    if let Some(live) = &request.live {
        let Some(git) = &request.what else {
            bail!("name the overlay's directory, or the file with its rendered resources");
        };
        if request.base.is_some() {
            bail!(
                "--live and --base exclude each other: --live compares with a cluster, --base with a base"
            );
        }
        return live::explain(Path::new(git), live, request);
    }
    match &request.what {
        None if request.base.is_none() => Ok(list()),
        None => bail!("name the overlay's rendered file, or - for stdin"),
        Some(what) if is_directory(what) => directory::explain(Path::new(what), request),
        Some(_) if request.service.is_some() && request.base.is_none() => {
            bail!("--service works only with a directory, or with an overlay's file and its --base")
        }
        Some(what) if request.base.is_some() || is_file(what) => {
            changes::explain(Path::new(what), request)
        }
        Some(word) => entry(word),
    }
}

/// Whether a word is a directory's name, and not also a rule or a class.
fn is_directory(word: &str) -> bool {
    !is_word(word) && Path::new(word).is_dir()
}

fn is_word(word: &str) -> bool {
    Class::from_id(word).is_some() || RuleId::parse(word).is_some()
}

/// Whether a word is a file's name, and not also a rule or a class.
fn is_file(word: &str) -> bool {
    word == "-" || (!is_word(word) && (word.contains(['/', '.']) || Path::new(word).is_file()))
}

/// One line per class and rule.
fn list() -> String {
    let mut out = String::from("Classes, and whether an overlay may change them by default:\n");
    for class in Class::ALL {
        let default = if is_allowed(class) {
            "may differ"
        } else {
            "identical"
        };
        let _ = writeln!(out, "  {:20} {default:11} {}", class.id(), class.fields());
    }
    out.push_str("\nRules:\n");
    for rule in RULES {
        let _ = writeln!(
            out,
            "  {:20} {:11} {}",
            rule.id,
            rule.severity.id(),
            rule.summary
        );
    }
    out
}

fn is_allowed(class: Class) -> bool {
    Class::ALLOWED_BY_DEFAULT.contains(&class)
}

fn entry(word: &str) -> anyhow::Result<String> {
    let class = Class::from_id(word);
    let rule = match class {
        Some(class) => Some(record(class.rule())),
        None => RuleId::parse(word).map(record),
    };
    let Some(rule) = rule else {
        let mut words: Vec<&str> = Class::ALL.map(Class::id).to_vec();
        words.extend(RULES.iter().map(|rule| rule.id.as_str()));
        let found = text::quoted(word, MAX_VALUE);
        match nearest(word, &words) {
            Some(near) => bail!("unknown rule or class {found}; did you mean {near}?"),
            None => bail!("unknown rule or class {found}; `krm-parity explain` lists all"),
        }
    };
    Ok(describe(rule, class))
}

fn describe(rule: &Rule, class: Option<Class>) -> String {
    let mut out = format!(
        "{}\n\n  {}\n  {}\n\n",
        class.map_or(rule.id.as_str(), Class::id),
        rule.summary,
        rule.why
    );
    let _ = writeln!(out, "  example   {}", rule.example);
    if let Some(class) = class {
        let _ = writeln!(out, "  fields    {}", class.fields());
        let default = if is_allowed(class) {
            "an overlay may change it"
        } else {
            "must be identical"
        };
        let _ = writeln!(
            out,
            "  default   {default}; a forbidden change is an {}",
            rule.severity.id()
        );
        let _ = writeln!(
            out,
            "  allow     spec.allow.classes for the class, spec.allow.fields for single fields"
        );
    } else {
        let _ = writeln!(out, "  default   {}", rule.severity.id());
    }
    if let Some(max) = rule.max {
        let _ = writeln!(
            out,
            "  bound     spec.rules.{}.max, by default {max}",
            rule.id
        );
    }
    let _ = writeln!(
        out,
        "  severity  spec.rules.{}.severity: error, warning, info or ignore",
        rule.id
    );
    if !rule.id.is_about_exemptions() && !rule.id.is_blind() {
        let _ = writeln!(
            out,
            "  exempt    spec.exemptions with rule: {}, a reason and a last day",
            rule.id
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Severity;

    #[test]
    fn every_word_is_explained_and_typing_errors_are_corrected() {
        for word in Class::ALL
            .map(Class::id)
            .into_iter()
            .chain(RULES.iter().map(|rule| rule.id.as_str()))
        {
            let text = entry(word).unwrap();
            assert!(text.starts_with(word), "{text}");
            assert!(list().contains(word));
        }
        for severity in Severity::ALL {
            assert!(entry("other").unwrap().contains(severity.id()));
        }
        assert_eq!(
            entry("helth-checks").unwrap_err().to_string(),
            "unknown rule or class \"helth-checks\"; did you mean health-checks?"
        );
    }
}
