//! `krm-parity explain`: what a rule or a class says, or what decides about each change of an overlay.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::catalog::{Class, RULES, Rule, find_rule};
use crate::diff::ChangeKind;
use crate::environments;
use crate::krm;
use crate::policy::{self, Config, Policy, nearest};
use crate::report::text::{Style, render};
use crate::resource::Resource;
use crate::rules::permission::{ALLOW, DENY, Decision, Verdict, decide};
use crate::rules::{Sides, compare, judge};
use crate::text;
use crate::yaml::{self, Tree};

/// The help of the verb.
pub(super) const LONG_ABOUT: &str = "\
Explain a rule or a class, or what decides about every change of an overlay.

  krm-parity explain                               all rules and classes
  krm-parity explain health-checks                 one of them
  krm-parity explain overlay.yaml --base base.yaml every change, what decides about it, and what is found

Both files are what `kustomize build` prints; `-` reads the overlay from stdin.";

/// The longest value that a line shows, in characters.
const MAX_VALUE: usize = 60;

/// What the user asked for.
#[derive(Debug, Default)]
pub struct Request {
    /// A rule, a class, or an overlay's file; none for the list of all.
    pub what: Option<String>,
    /// The base's file.
    pub base: Option<PathBuf>,
    /// The policy's file; none for the defaults.
    pub policy: Option<PathBuf>,
    /// The environment that the overlay is.
    pub environment: Option<String>,
}

/// Explains what was asked for.
///
/// # Errors
///
/// When the word is unknown, or a file cannot be read.
pub fn explain(request: &Request) -> anyhow::Result<String> {
    match (&request.what, &request.base) {
        (None, None) => Ok(list()),
        (Some(what), Some(base)) => overlay(Path::new(what), base, request),
        (Some(word), None) => entry(word),
        (None, Some(_)) => bail!("name the overlay's file, or - for stdin"),
    }
}

/// One line a class and a rule.
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
        Some(class) => find_rule(class.rule()),
        None => find_rule(word),
    };
    let Some(rule) = rule else {
        let mut words: Vec<&str> = Class::ALL.map(Class::id).to_vec();
        words.extend(RULES.iter().map(|rule| rule.id));
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
        class.map_or(rule.id, Class::id),
        rule.summary,
        rule.why
    );
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
        "  weigh     spec.rules.{}.severity: error, warning, info or ignore",
        rule.id
    );
    let _ = writeln!(
        out,
        "  exempt    spec.exemptions with rule: {}, a reason and a last day",
        rule.id
    );
    out
}

fn overlay(overlay: &Path, base: &Path, request: &Request) -> anyhow::Result<String> {
    let policy = read_policy(request.policy.as_deref())?;
    let environment = request
        .environment
        .clone()
        .or_else(|| policy.environment.clone())
        .unwrap_or_default();
    let (base_text, overlay_text) = (read(base)?, read(overlay)?);
    let (base_tree, overlay_tree) = (parse(&base_text, base)?, parse(&overlay_text, overlay)?);
    let (base, overlay) = (
        resources(&base_tree, base)?,
        resources(&overlay_tree, overlay)?,
    );
    let sides = Sides {
        environment: &environment,
        baseline: &policy.baseline,
        base: &base,
        services: &vec![""; base.len()],
        overlay: &overlay,
        witnesses: &[],
    };
    let comparison = compare(sides, policy.identity);
    let mut out = String::new();
    for decision in decide(&comparison, &policy) {
        write_decision(&mut out, &decision);
    }
    let report = judge(&[comparison], &[], &policy, super::function::today()?);
    out.push_str(&render(&report, Style::default()));
    if out.is_empty() {
        out.push_str("the overlay changes nothing of its base but what makes it an environment\n");
    }
    Ok(out)
}

fn write_decision(out: &mut String, decision: &Decision<'_>) {
    let resource = &decision.resource;
    let class = decision.class.id();
    let (word, why) = match &decision.verdict {
        Verdict::Class => ("allowed", format!("spec.allow.classes holds {class}")),
        Verdict::Field(field) => (
            "allowed",
            format!("spec.allow.fields has {} ({})", field.path, field.reason),
        ),
        Verdict::Base(pattern) => ("allowed", format!("the base has {ALLOW}: {pattern}")),
        Verdict::Denied(pattern) => ("forbidden", format!("the base has {DENY}: {pattern}")),
        Verdict::Forbidden => ("forbidden", format!("nothing allows {class}")),
    };
    let kind = match decision.kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Modified => "modified",
        ChangeKind::Reordered => "reordered",
    };
    let shown = |value: Option<&Value>| match value {
        None => "(absent)".to_owned(),
        Some(value) => text::one_line(&value.to_string(), MAX_VALUE).into_owned(),
    };
    let lines = [
        format!(
            "{word:9} {class}  {} {} {}",
            resource.api_version, resource.kind, resource.name
        ),
        format!("  at      {} ({kind})", decision.field.path),
        format!("  base    {}", shown(decision.field.base.as_ref())),
        format!("  overlay {}", shown(decision.field.overlay.as_ref())),
        format!("  because {why}"),
    ];
    for line in lines {
        let _ = writeln!(out, "{}", text::one_line(&line, 400));
    }
    out.push('\n');
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        return super::function::read_stdin().context("cannot read stdin");
    }
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn parse<'t>(text: &'t [u8], path: &Path) -> anyhow::Result<Tree<'t>> {
    yaml::parse_bytes(text).with_context(|| path.display().to_string())
}

/// The deployed resources of a file: the items of a `ResourceList`, or plain documents.
fn resources<'t>(tree: &'t Tree<'t>, path: &Path) -> anyhow::Result<Vec<Resource<'t>>> {
    let is_list = tree
        .roots()
        .any(|root| root.str_at(&["kind"]) == Some("ResourceList"));
    let all = if is_list {
        krm::read(tree).map(|list| list.resources)
    } else {
        krm::read_documents(tree)
    };
    let all = all.with_context(|| path.display().to_string())?;
    let items = environments::sort(&all).with_context(|| path.display().to_string())?;
    Ok(items.live)
}

fn read_policy(path: Option<&Path>) -> anyhow::Result<Policy> {
    let Some(path) = path else {
        return Ok(Policy::default());
    };
    let text = read(path)?;
    let tree = parse(&text, path)?;
    let value = tree.roots().next().map(yaml::Node::to_yaml_value);
    match policy::read(value.as_ref()).with_context(|| path.display().to_string())? {
        Config::Policy(policy) => Ok(policy),
        Config::Recorder(_) => bail!("{}: this is a recorder, not a policy", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Severity;

    #[test]
    fn every_word_is_explained_and_slips_are_told() {
        for word in Class::ALL
            .map(Class::id)
            .into_iter()
            .chain(RULES.iter().map(|rule| rule.id))
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
