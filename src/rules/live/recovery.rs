//! What to do about a field that differs from Git, ready to be pasted.
//!
//! There are two ways out: Git gets the value of the cluster, in the overlay if environments may differ and else in the
//! base, or the cluster gets the value of Git. Both are given, in this order.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::cluster::Cluster;
use super::shell::{deletion, is_word, kubectl};
use crate::compare::comparison::{Classified, Pair};
use crate::compare::diff::{By, Step};
use crate::compare::guidance::guidance;
use crate::live::{Drift, InPlace, Sides, in_place};
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::paste::scalar;
use crate::rules::permission::verdict;
use crate::text::{one_line, safe_json, without_hash};

/// The longest entry or command that a sentence holds.
const MAX_PASTE: usize = 1000;

/// What to do about a field.
pub(super) struct Recovery {
    /// The strategic merge patch that gives an overlay the cluster's value.
    pub patch: Option<Value>,
    /// The entry of `patches` that keeps the change, if the policy lets overlays differ.
    pub entry: Option<Value>,
    /// How to give Git the cluster's value, as a sentence.
    pub keep: String,
    /// The command that gives the object Git's value.
    pub command: Option<String>,
    /// Whether there is nothing else to do than what `keep` says.
    is_scaled: bool,
    /// Whether the API server does not change the field, so that the command deletes the object.
    is_fixed: bool,
}

impl Recovery {
    /// The ways out for a field in this environment; `is_past` says that the object is a past state.
    pub fn of<'a>(
        drift: &Drift<'a>,
        sides: Sides<'_, 'a>,
        is_past: bool,
        cluster: Cluster<'_>,
        policy: &Policy,
    ) -> Self {
        let Sides { want, live } = sides;
        let classified = Classified {
            change: drift.change.clone(),
            class: drift.class,
            is_left_behind: false,
        };
        let pair = Pair {
            base: want,
            overlay: live,
            service: cluster.service,
        };
        let verdict = verdict(
            policy,
            &guidance(want),
            cluster.environment,
            pair,
            &classified,
        );
        if drift.is_scaled {
            return Self {
                patch: None,
                entry: None,
                keep: "Do nothing: the autoscaler sets it again. To change its range, set minReplicas and maxReplicas in Git."
                    .to_owned(),
                command: None,
                is_scaled: true,
                is_fixed: false,
            };
        }
        let patch = sides.merge_patch(drift);
        let is_hashed = matches!(want.kind(), "ConfigMap" | "Secret")
            && without_hash(want.name()) != want.name();
        let entry = (verdict.is_allowed() && !is_hashed)
            .then(|| entry(sides, drift, patch.as_ref(), cluster.name(want)))
            .flatten();
        let class = drift.class.id();
        let keep = match &entry {
            Some(entry) => {
                let file = cluster.overlay.map_or_else(
                    || "the overlay's kustomization.yaml".to_owned(),
                    |overlay| one_line(overlay.file, MAX_PASTE).into_owned(),
                );
                match line(entry) {
                    Some(line) if is_image(drift) => format!(
                        "To keep it, set it under images of {file} if the image is listed there, else add to patches: {line}"
                    ),
                    Some(line) => format!("To keep it, add to patches of {file}: {line}"),
                    None => format!("To keep it, let krm-parity drift --fix write a patch into {file}."),
                }
            }
            None if is_hashed => {
                "Change it in the generator and deploy: the name of the object contains a hash of its data."
                    .to_owned()
            }
            None if verdict.is_allowed() => {
                "Write it into the overlay by hand; a patch cannot be shown here.".to_owned()
            }
            None if drift.change.overlay.is_some() => {
                format!("Write it into the base to keep it: overlays must not differ in {class}.")
            }
            None => format!("Remove it from the base to keep it so: overlays must not differ in {class}."),
        };
        Self {
            patch,
            entry,
            keep,
            command: command(sides, drift, is_past),
            is_scaled: false,
            is_fixed: matches!(
                in_place(sides.live, &drift.change.steps),
                InPlace::Never { .. }
            ),
        }
    }
}

/// Whether it is a container's image, which `images` sets after all patches.
fn is_image(drift: &Drift<'_>) -> bool {
    matches!(
        drift.change.steps.as_slice(),
        [.., Step::Element { .. }, Step::Field("image")]
    )
}

impl Recovery {
    /// Both ways out: `way` names the effect of the other one, as the end of a sentence.
    pub fn or(&self, way: &str) -> String {
        if self.is_scaled {
            return self.keep.clone();
        }
        let way = if self.is_fixed {
            "delete the object and deploy again, because Kubernetes does not change this in place"
        } else {
            way
        };
        match &self.command {
            Some(command) => format!("{} Or {way}: {command}", self.keep),
            None => format!("{} Or {way}.", self.keep),
        }
    }
}

/// An entry of `patches` that gives Git the cluster's value; `name` is the patch's name for the resource.
fn entry<'a>(
    sides: Sides<'_, 'a>,
    drift: &Drift<'a>,
    patch: Option<&Value>,
    name: &str,
) -> Option<Value> {
    let is_merged = is_of_kubernetes(sides.want) || !has_elements(&drift.change.steps);
    let patch = match patch.filter(|_| is_merged) {
        Some(patch) => {
            let mut patch = patch.clone();
            let metadata = patch.get_mut("metadata")?.as_object_mut()?;
            metadata.insert("name".to_owned(), name.into());
            // The target selects the resource, and the namespace may be set later.
            metadata.remove("namespace");
            patch
        }
        None => sides.of_git(drift)?,
    };
    let mut target = Map::new();
    if !sides.want.group().is_empty() {
        target.insert("group".to_owned(), sides.want.group().into());
    }
    target.insert("kind".to_owned(), sides.want.kind().into());
    target.insert("name".to_owned(), name.into());
    Some(json!({"target": target, "patch": patch}))
}

/// An entry of `patches` on one line; `None` if that would be too long.
fn line(entry: &Value) -> Option<String> {
    let mut out = String::from("{target: {");
    for (at, (key, value)) in entry.get("target")?.as_object()?.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        let _ = write!(out, "{comma}{key}: {}", scalar(value.as_str()?));
    }
    let _ = write!(out, "}}, patch: '{}'}}", one_word(entry.get("patch")?));
    (out.len() <= MAX_PASTE).then_some(out)
}

/// Whether kustomize knows for a kind which of its lists have keys.
fn is_of_kubernetes(resource: &Resource<'_>) -> bool {
    /// Groups below `k8s.io` whose kinds are custom resources.
    const CUSTOM: [&str; 3] = [
        "gateway.networking.k8s.io",
        "x-k8s.io",
        "snapshot.storage.k8s.io",
    ];
    let group = resource.group();
    !group.contains('.')
        || group.ends_with(".k8s.io") && !CUSTOM.iter().any(|custom| group.ends_with(custom))
}

fn has_elements(steps: &[Step<'_>]) -> bool {
    let mut steps = steps.iter();
    steps.any(|step| matches!(step, Step::Element { .. }))
}

/// JSON that can be put between single quotes, in YAML and in a shell.
fn one_word(value: &Value) -> String {
    // An apostrophe occurs inside of strings only.
    safe_json(&value.to_string()).replace('\'', "\\u0027")
}

/// The command that gives the object Git's value.
fn command<'a>(sides: Sides<'_, 'a>, drift: &Drift<'a>, is_past: bool) -> Option<String> {
    let subresource = match in_place(sides.live, &drift.change.steps) {
        InPlace::Directly => String::new(),
        InPlace::Through(name) => format!(" --subresource={name}"),
        InPlace::Never { is_cheap: true } => return deletion(sides.live),
        InPlace::Never { is_cheap: false } => return None,
    };
    let command = variable(sides.live, drift)
        .or_else(|| note(sides, drift))
        .or_else(|| {
            let operations = sides.of_live(drift)?;
            let operations = operations.as_array()?;
            // The indices of a past list may have changed, unless each element is checked by its name.
            let elements = drift.change.steps.iter();
            let elements = elements.filter(|step| matches!(step, Step::Element { .. }));
            if is_past && elements.count() >= operations.len() {
                return None;
            }
            let command = kubectl("patch", sides.live)?;
            let operations = one_word(&Value::Array(operations.clone()));
            Some(format!(
                "{command}{subresource} --type=json -p '{operations}'"
            ))
        });
    command.filter(|command| command.len() <= MAX_PASTE)
}

/// The command that sets or removes a label or an annotation of the object.
///
/// It merges, because the map is gone when its last entry is removed.
fn note(sides: Sides<'_, '_>, drift: &Drift<'_>) -> Option<String> {
    let change = &drift.change;
    let [
        Step::Field("metadata"),
        Step::Field(map @ ("labels" | "annotations")),
        Step::Field(key),
    ] = change.steps.as_slice()
    else {
        return None;
    };
    let operations = sides.of_live(drift)?;
    let value = match (change.base, operations.as_array()?.last()?.get("value")) {
        (None, _) => &Value::Null,
        // Where the map is gone, the operation adds it with this one entry.
        (Some(_), Some(value)) => value.get(*key).unwrap_or(value),
        (Some(_), None) => return None,
    };
    let command = kubectl("patch", sides.live)?;
    let patch = one_word(&json!({"metadata": {*map: {*key: value}}}));
    Some(format!("{command} --type=merge -p '{patch}'"))
}

/// The command that removes a variable that was added to a container.
fn variable(live: &Resource<'_>, drift: &Drift<'_>) -> Option<String> {
    let change = &drift.change;
    let [
        ..,
        Step::Field("template"),
        Step::Field("spec"),
        Step::Field("containers"),
        Step::Element {
            by: By::Keys(container),
            ..
        },
        Step::Field("env"),
        Step::Element {
            by: By::Keys(variable),
            ..
        },
    ] = change.steps.as_slice()
    else {
        return None;
    };
    let is_of_kubectl = matches!(
        (live.group(), live.kind()),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet")
    );
    let ([("name", container)], [("name", variable)]) = (container.as_slice(), variable.as_slice())
    else {
        return None;
    };
    let is_removal = change.base.is_none() && is_of_kubectl;
    let is_plain = is_word(container) && is_word(variable) && !variable.contains('=');
    let command = kubectl("set env", live).filter(|_| is_removal && is_plain)?;
    // `set env` takes the object as one word.
    let (verb, name) = command.rsplit_once(' ')?;
    Some(format!("{verb}/{name} -c {container} {variable}-"))
}
