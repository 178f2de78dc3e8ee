//! `krm-parity drift OVERLAY --live FILE --fix`: changes an overlay to match the cluster, where it
//! may.
//!
//! The result is built before it is shown: an entry that does not make the two equal is left out,
//! and reported with the reason.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::{Arg, ArgAction, ArgMatches};
use serde_json::{Value, json};

use super::change::{self, Change, Consent, Done};
use super::ground::Ground;
use super::rendered::File;
use super::wanted::{self, Look};
use super::{complain, emit, tree, write_out};
use crate::catalog::{RuleId, Severity};
use crate::edit::{self, Item};
use crate::finding::{Finding, Report};
use crate::repo::Sources;
use crate::{text, yaml};

/// The longest line about a change that was not written.
const MAX_LINE: usize = 2400;

/// The reason for leaving out an entry that has no effect on the build.
const OVERRULED: &str = "a later step overrides the overlay's patches, such as images, replicas, replacements or a component; change the value there";

/// The arguments of `drift` for writing.
pub(super) fn args() -> [Arg; 3] {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .help(help)
            .action(ArgAction::SetTrue)
    };
    [
        flag(
            "fix",
            "Write the changes that the policy allows into the overlay; shown as a diff first",
        )
        .requires("OVERLAY")
        .conflicts_with_all(["rendered", "audit", "format", "follow", "context"]),
        flag("yes", "With --fix, write the changes without asking").requires("fix"),
        flag(
            "dry-run",
            "With --fix, show the changes without writing them",
        )
        .requires("fix")
        .conflicts_with("yes"),
    ]
}

/// Writes the permitted changes; returns whether the remaining findings fail the run.
pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<bool> {
    let path = |name: &str| matches.get_one::<PathBuf>(name);
    let overlay = path("OVERLAY").context("--fix requires the directory of an overlay")?;
    let live = path("live")
        .context("--live is required: pass the output of kubectl get -o yaml, or - for stdin")?;
    let look = wanted::look(matches, "drift")?;
    let case = Case {
        live: wanted::read(live).context("--live")?,
        built: look.wanted.files.iter().flat_map(resources).collect(),
        look,
    };
    let before = case.report(&case.look.wanted.files)?;
    let ground = Ground::new(std::slice::from_ref(overlay))?;
    let mut sources = tree::read(&ground.root, &ground.directories)?;
    let file = case.look.wanted.file.clone();
    own_file(&ground.root.join(&file), &file)?;
    let text = sources.text(&file).unwrap_or_default().to_owned();
    let plan = case.plan(&ground, &mut sources, &text, &before)?;

    let mut failed = before.failed;
    let mut report = &before;
    let changes: Vec<Change> = (plan.text != text)
        .then(|| Change {
            path: ground.root.join(&file),
            name: file.clone(),
            from: None,
            before: Some(text.clone()),
            after: plan.text.clone(),
        })
        .into_iter()
        .collect();
    if changes.is_empty() {
        write_out("Nothing to do: the cluster has no change that the overlay may keep.\n")?;
    } else if change::make(&changes, consent(matches))? == Done::Written {
        write_out(&format!(
            "\nWrote {file}. Run krm-parity check to compare the result with the other environments.\n"
        ))?;
        failed = plan.report.failed;
        report = &plan.report;
    } else {
        complain("krm-parity: nothing was written, because of --dry-run");
        report = &plan.report;
    }
    for finding in &report.findings {
        let left = plan.left.iter().find(|(one, _)| is_same(one, finding));
        let why = match (finding.severity, finding.is_exempt()) {
            (_, true) => "an exemption covers it",
            (Severity::Info, _) => continue,
            _ => left.map_or(finding.help.as_str(), |(_, why)| why),
        };
        let words = format!("krm-parity: not written: {}: {why}", called(finding));
        complain(&text::one_line(&words, MAX_LINE));
    }
    Ok(failed)
}

/// As in `init`.
fn consent(matches: &ArgMatches) -> Consent {
    if matches.get_flag("yes") {
        Consent::Given
    } else if matches.get_flag("dry-run") {
        Consent::Withheld
    } else {
        Consent::Ask
    }
}

/// Checks that a file belongs to the overlay, and is not a link to another owner's file.
fn own_file(path: &Path, name: &str) -> anyhow::Result<()> {
    let found = fs::symlink_metadata(path).with_context(|| format!("cannot read {name}"))?;
    if !found.is_file() {
        bail!(
            "{name} is a link or not a file; --fix only writes a kustomization file in the overlay's own directory"
        );
    }
    Ok(())
}

/// The subject of a finding, in one line.
fn called(finding: &Finding) -> String {
    let resource = finding.resource.as_ref();
    let resource = resource.map(|one| format!("{} {}", one.kind, one.name));
    let path = finding.field.as_ref().map(|field| field.path.to_string());
    let parts: Vec<String> = resource.into_iter().chain(path).collect();
    parts.join(": ")
}

/// Whether two findings are about the same place.
fn is_same(one: &Finding, other: &Finding) -> bool {
    let path = |finding: &Finding| finding.field.as_ref().map(|field| field.path.clone());
    one.resource == other.resource && path(one) == path(other)
}

/// Whether a finding is about a person's change that the overlay may keep.
fn may_stay(finding: &Finding) -> bool {
    let is_by_hand = matches!(
        finding.rule,
        RuleId::ManualChange | RuleId::ManualRemoval | RuleId::ManualAddition
    );
    is_by_hand && finding.entry.is_some() && !finding.is_exempt()
}

/// An overlay and a cluster.
struct Case {
    look: Look,
    live: Vec<File>,
    /// The current build of the overlay.
    built: Vec<Value>,
}

/// The changes to write.
struct Plan {
    /// The new text of the kustomization.
    text: String,
    /// The report after the changes.
    report: Report,
    /// The findings that are left out although they could be kept, and why.
    left: Vec<(Finding, String)>,
}

impl Case {
    /// The report on Git compared with the cluster.
    fn report(&self, files: &[File]) -> anyhow::Result<Report> {
        wanted::judged(&self.look, files, &self.live, |_, report, _| Ok(report))
    }

    /// Finds the changes that the overlay may keep and that a build confirms.
    fn plan(
        &self,
        ground: &Ground,
        sources: &mut Sources,
        text: &str,
        before: &Report,
    ) -> anyhow::Result<Plan> {
        let mut kept: Vec<&Finding> = before.findings.iter().filter(|one| may_stay(one)).collect();
        let mut left: Vec<(Finding, String)> = Vec::new();
        while !kept.is_empty() {
            let mut attempt = |kept: &[&Finding]| self.attempt(ground, sources, text, before, kept);
            let (edited, report) = match attempt(&kept) {
                Ok(done) => done,
                Err(all) => {
                    // If some entries fail, the others are written without them.
                    let alone = kept.iter().map(|one| (*one, attempt(&[one]).err()));
                    let (bad, good): (Vec<_>, Vec<_>) = alone.partition(|(_, why)| why.is_some());
                    if good.is_empty() || bad.is_empty() {
                        return Err(all.context("nothing was written"));
                    }
                    left.extend(bad.into_iter().filter_map(|(one, why)| {
                        let why = format!("{:#}", why?);
                        Some((one.clone(), why))
                    }));
                    kept = good.into_iter().map(|(one, _)| one).collect();
                    continue;
                }
            };
            let is_left = |one: &&Finding| report.findings.iter().any(|left| is_same(left, one));
            let (overruled, done): (Vec<&Finding>, Vec<&Finding>) =
                kept.iter().copied().partition(is_left);
            if overruled.is_empty() {
                return Ok(Plan {
                    text: edited,
                    report,
                    left,
                });
            }
            let overruled = overruled.into_iter();
            left.extend(overruled.map(|one| (one.clone(), OVERRULED.to_owned())));
            kept = done;
        }
        Ok(Plan {
            text: text.to_owned(),
            report: before.clone(),
            left,
        })
    }

    /// The kustomization with the new entries, and the report on its build.
    fn attempt(
        &self,
        ground: &Ground,
        sources: &mut Sources,
        text: &str,
        before: &Report,
        kept: &[&Finding],
    ) -> anyhow::Result<(String, Report)> {
        let file = &self.look.wanted.file;
        let entries: Vec<&Value> = kept.iter().filter_map(|one| one.entry.as_deref()).collect();
        let edited = edited(text, &entries).with_context(|| file.clone())?;
        sources.insert(file.clone(), edited.clone());
        let parsed = sources.parse();
        let replay = emit::replay(ground, &parsed)?;
        let built = replay.build();
        let built = built.map_err(|unknown| anyhow!("{}", emit::told(&unknown)))?;
        let (built, _) = wanted::emitted(built, file)?;
        let is_kept = |one: &Value| kept.iter().any(|finding| is_about(finding, one));
        let is_changed = |one: &&Value| !self.built.contains(*one) && !is_kept(one);
        if let Some(other) = resources(&built).iter().find(is_changed) {
            let text = |path: &str| other.pointer(path).and_then(Value::as_str);
            bail!(
                "the change would also change {} {}",
                text("/kind").unwrap_or_default(),
                text("/metadata/name").unwrap_or_default()
            );
        }
        let report = self.report(&[built])?;
        let is_known = |one: &Finding| before.findings.iter().any(|old| is_same(old, one));
        match report.findings.iter().find(|one| !is_known(one)) {
            Some(new) => bail!("the change would cause another difference, {}", called(new)),
            None => Ok((edited, report)),
        }
    }
}

/// The resources of a build, which has one per line.
fn resources(built: &File) -> Vec<Value> {
    let text = String::from_utf8_lossy(&built.text);
    let lines = text.lines();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Whether a finding is about this resource.
fn is_about(finding: &Finding, one: &Value) -> bool {
    let text = |path: &str| one.pointer(path).and_then(Value::as_str);
    finding.resource.as_ref().is_some_and(|resource| {
        text("/kind") == Some(&resource.kind)
            && text("/metadata/name") == Some(&resource.name)
            && text("/metadata/namespace").unwrap_or_default()
                == resource.namespace.as_deref().unwrap_or_default()
    })
}

/// A kustomization with these entries added to its patches, or set in its replicas if they are
/// listed there.
fn edited(text: &str, entries: &[&Value]) -> anyhow::Result<String> {
    let mut edited = text.to_owned();
    let mut patches: Vec<(Value, Value)> = Vec::new();
    for entry in entries {
        let (target, patch) = (&entry["target"], &entry["patch"]);
        if let Some((at, count)) = number(&edited, target, patch)? {
            edited = edit::set_number(&edited, &["replicas"], at, "count", &count)?;
            continue;
        }
        let mut own = patches.iter_mut();
        match own.find(|(other, merged)| other == target && merged.is_object() && patch.is_object())
        {
            Some((_, merged)) => merge(merged, patch),
            None => patches.push((target.clone(), patch.clone())),
        }
    }
    let items: Vec<Item> = patches
        .iter()
        .map(|(target, patch)| item(target, patch))
        .collect();
    Ok(edit::append(&edited, &["patches"], &items)?)
}

/// The index in `replicas`, and the number, of a patch for a listed resource: that list comes after
/// all patches.
fn number(text: &str, target: &Value, patch: &Value) -> anyhow::Result<Option<(usize, Value)>> {
    let Some(count) = patch
        .pointer("/spec/replicas")
        .filter(|count| count.is_number())
    else {
        return Ok(None);
    };
    let tree = yaml::parse_lax(text)?;
    let list = tree.roots().next().and_then(|root| root.get("replicas"));
    let mut items = list.into_iter().flat_map(yaml::Node::items);
    let name = target["name"].as_str().unwrap_or_default();
    let at = items.position(|item| item.str_at(&["name"]) == Some(name));
    Ok(at.map(|at| (at, count.clone())))
}

/// An entry of `patches`, with the patch as text.
fn item(target: &Value, patch: &Value) -> Item {
    let text = edit::block(patch);
    let text = text.trim_end();
    let mut block = dashed(&json!({"target": target}));
    block.push_str("\n  patch: |-");
    for line in text.lines() {
        block.push_str("\n    ");
        block.push_str(line);
    }
    Item {
        comment: None,
        block,
        value: json!({"target": target, "patch": text}),
    }
}

/// A value as an element of a list in block style.
fn dashed(value: &Value) -> String {
    edit::block(&json!([value])).trim_end().to_owned()
}

/// Merges one strategic merge patch into another one for the same resource.
fn merge(into: &mut Value, from: &Value) {
    const KEYS: [&str; 6] = [
        "name",
        "containerPort",
        "mountPath",
        "port",
        "ip",
        "topologyKey",
    ];
    match (into, from) {
        (Value::Object(own), Value::Object(from)) => {
            for (key, value) in from {
                match own.get_mut(key) {
                    Some(own) => merge(own, value),
                    None => {
                        own.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(own), Value::Array(from)) => {
            for value in from {
                let key = KEYS.iter().find(|key| value.get(**key).is_some());
                let mut all = own.iter_mut();
                let is_it =
                    |one: &&mut Value| key.is_some_and(|key| one.get(*key) == value.get(*key));
                match all.find(is_it) {
                    Some(own) => merge(own, value),
                    None => own.push(value.clone()),
                }
            }
        }
        (own, from) => own.clone_from(from),
    }
}
