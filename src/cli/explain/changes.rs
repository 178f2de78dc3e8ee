//! What decides about each change of an overlay, with the line of the policy that says so.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use super::super::files;
use super::super::function::{read_stdin, today};
use super::request::{MAX_VALUE, Request};
use crate::api::{ALLOW, DENY};
use crate::catalog::{Class, Severity};
use crate::compare::comparison::Against;
use crate::compare::diff::ChangeKind;
use crate::environment;
use crate::function;
use crate::krm;
use crate::policy::{self, Config, IdentityMode, Policy};
use crate::report::text::{Style, render};
use crate::resource::Resource;
use crate::rules::permission::{Decision, Verdict, decide};
use crate::rules::{RULES, record};
use crate::snapshot;
use crate::text;
use crate::yaml::{self, Node, Tree};

/// The longest line, in characters.
const MAX_LINE: usize = 400;

/// The changes of one environment, with what decides about each.
struct Compared<'p> {
    environment: String,
    decisions: Vec<Decision<'p>>,
}

/// Where a policy stands: its document, and how a person calls that file.
#[derive(Clone, Copy)]
struct Written<'t> {
    name: &'t str,
    config: Option<Node<'t>>,
}

/// Explains every change of an overlay, or of whatever environments a `ResourceList` holds.
pub(super) fn explain(overlay: &Path, request: &Request) -> anyhow::Result<String> {
    let text = read(overlay)?;
    let tree = parse(&text, overlay)?;
    let list = krm::is_resource_list(&tree)
        .then(|| krm::read(&tree))
        .transpose()
        .with_context(|| name_of(overlay))?;
    if list.is_none() && request.base.is_none() {
        bail!(
            "{}: this is no ResourceList, which would bring its base as a snapshot; name the base with --base",
            name_of(overlay)
        );
    }
    let policy_text = request.policy.as_deref().map(read).transpose()?;
    let policy_name = name_of(request.policy.as_deref().unwrap_or(overlay));
    let policy_tree = policy_text
        .as_ref()
        .map(|text| parse(text, Path::new(&policy_name)))
        .transpose()?;
    let written = Written {
        name: &policy_name,
        config: match &policy_tree {
            Some(tree) => tree.roots().next(),
            None => list.as_ref().and_then(|list| list.config),
        },
    };
    let mut policy = written.read()?;
    if request.environment.is_some() {
        policy.environment.clone_from(&request.environment);
    }
    let mut resources = match list {
        Some(list) => list.resources,
        None => krm::read_documents(&tree).with_context(|| name_of(overlay))?,
    };
    let sealed = request
        .base
        .as_deref()
        .map(|base| seal(base, request.service.as_deref(), &policy.baseline))
        .transpose()?;
    let sealed = sealed.as_deref().map(yaml::parse).transpose()?;
    if let Some(sealed) = &sealed {
        // The base that was named is the one that counts.
        resources.retain(|resource| !snapshot::is_snapshot(resource));
        resources.extend(sealed.roots().filter_map(Resource::read));
    }
    tell(&resources, &policy, written)
}

fn tell(
    resources: &[Resource<'_>],
    policy: &Policy,
    written: Written<'_>,
) -> anyhow::Result<String> {
    let today = today()?;
    let strict = Policy {
        identity: IdentityMode::Strict,
        ..policy.clone()
    };
    let all = compared(resources, &strict)?;
    let judged = compared(resources, policy)?;
    let has_many = all.len() > 1;
    let mut out = String::new();
    for (all, judged) in all.iter().zip(&judged) {
        if has_many && !all.decisions.is_empty() {
            let _ = writeln!(out, "{} against {}:\n", all.environment, policy.baseline);
        }
        // What is judged are some of all changes, in the same order.
        let mut judged = judged.decisions.iter().peekable();
        for change in &all.decisions {
            let decision = judged.next_if(|decision| is_same(decision, change));
            write_change(
                &mut out,
                decision.unwrap_or(change),
                decision.is_some(),
                policy,
                written,
            );
        }
    }
    let report = function::check(resources, policy, today)?;
    out.push_str(&render(&report, Style::default()));
    if out.is_empty() {
        out.push_str("the overlay changes nothing of its base\n");
    }
    Ok(out)
}

/// Every change of every environment that the resources hold.
fn compared<'p>(
    resources: &[Resource<'_>],
    policy: &'p Policy,
) -> anyhow::Result<Vec<Compared<'p>>> {
    let today = today()?;
    let all = function::compare(resources, policy, |comparisons, _| {
        comparisons
            .iter()
            .filter(|comparison| comparison.sides.against == Against::Baseline)
            .map(|comparison| Compared {
                environment: comparison.sides.environment.to_owned(),
                decisions: decide(comparison, policy, today),
            })
            .collect()
    })?;
    Ok(all)
}

fn is_same(one: &Decision<'_>, other: &Decision<'_>) -> bool {
    one.resource == other.resource && one.field == other.field && one.kind == other.kind
}

fn write_change(
    out: &mut String,
    decision: &Decision<'_>,
    is_judged: bool,
    policy: &Policy,
    written: Written<'_>,
) {
    let resource = &decision.resource;
    let (word, class, why) = if is_judged {
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
    let shown = |value: Option<&Value>| match value {
        None => "(absent)".to_owned(),
        Some(value) => text::one_line(&value.to_string(), MAX_VALUE).into_owned(),
    };
    let lines = [
        format!(
            "{word:9}{class} {} {} {}",
            resource.api_version, resource.kind, resource.name
        ),
        format!("  at      {} ({kind})", decision.field.path),
        format!("  base    {}", shown(decision.field.base.as_ref())),
        format!("  overlay {}", shown(decision.field.overlay.as_ref())),
        format!("  because {why}"),
    ];
    for line in lines {
        let _ = writeln!(out, "{}", text::one_line(&line, MAX_LINE));
    }
    out.push('\n');
}

/// One word for what becomes of a change, and what decides it.
fn judgement(
    decision: &Decision<'_>,
    policy: &Policy,
    written: Written<'_>,
) -> (&'static str, String) {
    let class = decision.class.id();
    let mut why = match &decision.verdict {
        Verdict::Class => {
            format!(
                "spec.allow.classes holds {class}{}",
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
        Verdict::Guidance => "only the base says what overlays may touch".to_owned(),
        Verdict::Forbidden => {
            let at = written.at(&["spec", "allow", "classes"]);
            format!("nothing allows it, nor does spec.allow.classes{at} hold {class}")
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
            ", but spec.exemptions[{index}]{at} lets it be until {} ({})",
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
    fn read(self) -> anyhow::Result<Policy> {
        match policy::open(RULES, self.config, None) {
            Ok(Config::Policy(policy)) => Ok(policy),
            Ok(Config::Recorder(_)) => bail!("{}: this is a recorder, not a policy", self.name),
            Err(error) => bail!("{}:{}: {error}", self.name, error.line.max(1)),
        }
    }

    /// The line of a place in the policy, in brackets; or that what stands there is the default.
    fn at(self, path: &[&str]) -> String {
        let found = self.config.map(|config| config.follow(path));
        match found {
            Some((place, true)) => format!(" ({}:{})", self.name, place.line()),
            _ => " (the default)".to_owned(),
        }
    }

    /// The line of a class among those that are allowed.
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

/// The base as the snapshot that a recorder would have made of it.
fn seal(base: &Path, service: Option<&str>, baseline: &str) -> anyhow::Result<String> {
    let text = read(base)?;
    let tree = parse(&text, base)?;
    let all = krm::read_resources(&tree).with_context(|| name_of(base))?;
    let items = environment::sort(&all).with_context(|| name_of(base))?;
    Ok(snapshot::seal(service.unwrap_or_default(), baseline, &items.to_seal()).to_json())
}

fn name_of(path: &Path) -> String {
    if path == Path::new("-") {
        return "stdin".to_owned();
    }
    path.display().to_string()
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        return read_stdin().context("cannot read stdin");
    }
    files::read_named(path, yaml::MAX_BYTES)
        .with_context(|| format!("cannot read {}", files::shown(path)))
}

fn parse<'t>(text: &'t [u8], path: &Path) -> anyhow::Result<Tree<'t>> {
    yaml::parse_bytes(text).with_context(|| name_of(path))
}
