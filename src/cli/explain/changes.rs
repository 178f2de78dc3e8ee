//! The decision about each change of an overlay, with the line of the policy behind it.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};

use super::super::files;
use super::super::function::{read_stdin, today};
use super::request::Request;
use super::told::{Written, write_change};
use crate::compare::comparison::Against;
use crate::environment;
use crate::function;
use crate::gate::Change;
use crate::krm;
use crate::policy::{IdentityMode, Policy};
use crate::report::text::{Style, render};
use crate::resource::Resource;
use crate::rules::permission::{Decision, beside, decide};
use crate::snapshot;
use crate::yaml::{self, Tree};

/// The changes of one environment, with the decision about each.
struct Compared<'p> {
    environment: String,
    decisions: Vec<Decision<'p>>,
}

/// Explains every change of an overlay, or of all environments in a `ResourceList`.
pub(super) fn explain(overlay: &Path, request: &Request) -> anyhow::Result<String> {
    let text = read(overlay)?;
    let tree = parse(&text, overlay)?;
    let list = krm::is_resource_list(&tree)
        .then(|| krm::read(&tree))
        .transpose()
        .with_context(|| name_of(overlay))?;
    if list.is_none() && request.base.is_none() {
        bail!(
            "{}: this is not a ResourceList with a snapshot of its base; name the base with --base",
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
        // The given base replaces the snapshots.
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
    for (all, judged) in all.into_iter().zip(judged) {
        if has_many && !all.decisions.is_empty() {
            let _ = writeln!(out, "{} against {}:\n", all.environment, policy.baseline);
        }
        for (decision, is_judged) in beside(all.decisions, judged.decisions) {
            let change = Change {
                decision,
                is_judged,
                place: None,
                base_place: None,
            };
            write_change(&mut out, &change, policy, written);
        }
    }
    let report = function::check(resources, policy, today)?;
    out.push_str(&render(&report, Style::default()));
    if out.is_empty() {
        out.push_str("the overlay does not change its base\n");
    }
    Ok(out)
}

/// Every change of every environment in the resources.
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

/// The base as a snapshot, as a recorder would have written it.
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
