//! Settings inside other kinds: values of a chart, and those that Argo CD and Flux fill in when they deploy.
//!
//! How a chart uses its values cannot be seen here. Names that have one meaning in all charts
//! get its class, everything below a map of settings is a setting, and all else stays
//! unknown: above all switches, and fields of Kubernetes itself.

use super::hosts;
use super::parts::{image, in_resources};
use crate::catalog::Class;
use crate::compare::diff::{Change, ChangeKind, Step, diff_maps, quantity};
use crate::resource::Resource;
use crate::yaml::{Node, parse};

/// Maps, and lists of names and values, that hold settings in most charts.
const SETTINGS: &[&str] = &[
    "config",
    "configData",
    "configMap",
    "configs",
    "data",
    "env",
    "envVars",
    "environment",
    "envs",
    "extraEnv",
    "extraEnvVars",
    "extraEnvironment",
    "extraEnvs",
    "settings",
    "variables",
    "vars",
];

/// Fields that charts pass on to Kubernetes as they are, and switches that create or drop whole resources.
const OWN: &[&str] = &[
    "affinity",
    "allowPrivilegeEscalation",
    "annotations",
    "args",
    "automountServiceAccountToken",
    "capabilities",
    "command",
    "containerSecurityContext",
    "containers",
    "create",
    "dnsConfig",
    "dnsPolicy",
    "enabled",
    "envFrom",
    "extraContainers",
    "extraEnvFrom",
    "extraVolumeMounts",
    "extraVolumes",
    "fsGroup",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostPath",
    "hostPort",
    "hostUsers",
    "imagePullPolicy",
    "imagePullSecrets",
    "initContainers",
    "labels",
    "lifecycle",
    "nodeName",
    "nodeSelector",
    "podAnnotations",
    "podLabels",
    "podSecurityContext",
    "preemptionPolicy",
    "priorityClassName",
    "privileged",
    "procMount",
    "rbac",
    "readOnlyRootFilesystem",
    "restartPolicy",
    "runAsGroup",
    "runAsNonRoot",
    "runAsUser",
    "runtimeClassName",
    "schedulerName",
    "seLinuxOptions",
    "seccompProfile",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "shareProcessNamespace",
    "sidecars",
    "strategy",
    "supplementalGroups",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
    "updateStrategy",
    "volumeDevices",
    "volumeMounts",
    "volumes",
];

/// The class of a change of a setting, if its kind has settings and the class is known.
pub(super) fn class(resource: &Resource<'_>, change: &Change<'_>) -> Option<Class> {
    match (resource.group(), resource.kind()) {
        ("helm.toolkit.fluxcd.io", "HelmRelease") => match change.steps.as_slice() {
            [Step::Field("spec"), Step::Field("values"), ..] => below(resource, change, 2),
            [Step::Field("spec"), Step::Field("suspend")] => Some(Class::EnvValues),
            _ => None,
        },
        ("argoproj.io", "Application" | "ApplicationSet") => of_application(resource, change),
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => match change.steps.as_slice() {
            [Step::Field("spec"), Step::Field("path" | "targetNamespace")]
                if is_changed(change) =>
            {
                Some(Class::EnvValues)
            }
            // Whether an environment is paused is its own setting; a separate rule reports pauses.
            [Step::Field("spec"), Step::Field("suspend")] => Some(Class::EnvValues),
            [
                Step::Field("spec"),
                Step::Field("postBuild"),
                Step::Field("substitute"),
                key @ ..,
            ] if key.len() < 2 && is_one_sided(change) => Some(Class::ConfigKeys),
            _ => None,
        },
        _ => None,
    }
}

/// The class of a change of an Application, or of the template of an `ApplicationSet`.
fn of_application(resource: &Resource<'_>, change: &Change<'_>) -> Option<Class> {
    let steps = change.steps.as_slice();
    let spec = match steps {
        [
            Step::Field("spec"),
            Step::Field("template"),
            Step::Field("spec"),
            ..,
        ] => 3,
        _ => 1,
    };
    match steps.get(spec..)? {
        // Its destination, and the project whose rights it has: these make an environment.
        [
            Step::Field("destination"),
            Step::Field("name" | "namespace" | "server"),
        ]
        | [Step::Field("project")] => is_changed(change).then_some(Class::EnvValues),
        [
            Step::Field("syncPolicy"),
            Step::Field("automated"),
            Step::Field("enabled"),
        ] => Some(Class::EnvValues),
        _ => of_source(resource, change, spec),
    }
}

/// The class of a change below a source of an Application; `source` is the number of steps to its specification.
fn of_source(resource: &Resource<'_>, change: &Change<'_>, source: usize) -> Option<Class> {
    let steps = change.steps.as_slice();
    let tool = match steps.get(source..)? {
        [Step::Field("source"), ..] => source + 1,
        [Step::Field("sources"), Step::Element { .. }, ..] => source + 2,
        _ => return None,
    };
    match steps.get(tool..)? {
        [Step::Field("path")] if is_changed(change) => Some(Class::EnvValues),
        // The revision of a chart is the version of the program.
        [Step::Field("targetRevision")] if is_changed(change) => {
            let source = hosts::follow(resource.node, &steps[..tool])?;
            let is_chart = source.get("chart").is_some();
            (!is_chart).then_some(Class::EnvValues)
        }
        [Step::Field("helm"), Step::Field("valuesObject"), ..] => below(resource, change, tool + 2),
        [Step::Field("helm"), Step::Field("values")] => of_text(change),
        [
            Step::Field("helm"),
            Step::Field("parameters"),
            parameter @ ..,
        ] => of_parameter(change, parameter),
        [Step::Field("kustomize"), Step::Field("images")] => Some(Class::Image),
        [
            Step::Field("kustomize"),
            Step::Field("images"),
            Step::Element { .. },
        ] => Some(image(change)),
        [
            Step::Field("kustomize"),
            Step::Field("replicas"),
            Step::Element { .. },
            Step::Field("count"),
        ] => Some(Class::Replicas),
        _ => None,
    }
}

/// The class of a change of values; `from` is the number of steps that lead to them.
fn below(resource: &Resource<'_>, change: &Change<'_>, from: usize) -> Option<Class> {
    let (way, rest) = change.steps.split_at_checked(from)?;
    let inner = Change {
        steps: rest.to_vec(),
        ..change.clone()
    };
    in_values(&inner, hosts::follow(resource.node, way))
}

/// The class of a change of values that are written as one text; `None` if more than one class of them changes.
fn of_text(change: &Change<'_>) -> Option<Class> {
    let text = |side: Option<Node<'_>>| Some(side?.as_str()?.to_owned());
    let (base, overlay) = (text(change.base)?, text(change.overlay)?);
    let trees = (parse(&base).ok()?, parse(&overlay).ok()?);
    let mut roots = (trees.0.roots(), trees.1.roots());
    let (base, overlay) = (roots.0.next()?, roots.1.next()?);
    if roots.0.next().is_some() || roots.1.next().is_some() || !base.is_map() || !overlay.is_map() {
        return None;
    }
    let mut class = None;
    for inner in diff_maps(base, overlay) {
        let its = in_values(&inner, Some(overlay)).filter(|_| inner.pod.is_none())?;
        if class.replace(its).is_some_and(|other| other != its) {
            return None;
        }
    }
    match class {
        // Two spellings of the same values.
        None => Some(Class::EnvValues),
        // The text is not a tag.
        Some(Class::ImageTag) => Some(Class::Image),
        class => class,
    }
}

/// The class of a change of one parameter, whose name is the path to a value.
fn of_parameter(change: &Change<'_>, steps: &[Step<'_>]) -> Option<Class> {
    let (name, base, overlay) = match steps {
        [element] => (
            parameter(element).or_else(|| sides(change).next()?.get("name")?.as_str())?,
            change.base.and_then(|side| side.get("value")),
            change.overlay.and_then(|side| side.get("value")),
        ),
        [element, Step::Field("value")] => (parameter(element)?, change.base, change.overlay),
        _ => return None,
    };
    let parts = name.split('.').map(|part| match part.split_once('[') {
        Some((list, _)) => Step::Field(list),
        None => Step::Field(part),
    });
    let inner = Change {
        steps: parts.collect(),
        base,
        overlay,
        ..change.clone()
    };
    in_values(&inner, None)
}

/// The name of the parameter that a step leads to.
fn parameter<'a>(step: &Step<'a>) -> Option<&'a str> {
    match step {
        Step::Element { by, .. } => by
            .keys()?
            .iter()
            .find(|(key, _)| *key == "name")
            .map(|(_, name)| *name),
        Step::Field(_) => None,
    }
}

/// The class of a change whose steps begin at the top of values; the overlay's values are given if they are known.
fn in_values(change: &Change<'_>, values: Option<Node<'_>>) -> Option<Class> {
    let steps = change.steps.as_slice();
    let position = |is_it: &dyn Fn(&str) -> bool| {
        steps
            .iter()
            .position(|step| matches!(step, Step::Field(name) if is_it(name)))
    };
    if position(&|name| name.ends_with("Probe")).is_some() {
        return Some(Class::HealthChecks);
    }
    if position(&|name| OWN.contains(&name)).is_some() {
        return Some(Class::Other);
    }
    if let Some(at) = position(&|name| name == "resources") {
        return Some(in_resources(change, &steps[at + 1..]));
    }
    let of_image = position(&|name| name == "image" || name.ends_with("Image"));
    if let Some(class) = of_image.and_then(|at| in_image(change, &steps[at + 1..])) {
        return Some(class);
    }
    if is_count(change) {
        return Some(Class::Replicas);
    }
    if is_host(change) {
        return Some(hosts::weigh(change, values));
    }
    if position(&|name| SETTINGS.contains(&name)).is_some() {
        return Some(in_settings(change));
    }
    let is_key = matches!(steps.last(), Some(Step::Field(_)));
    (is_key && is_one_sided(change) && has_scalars(change)).then_some(Class::ConfigKeys)
}

fn in_image(change: &Change<'_>, steps: &[Step<'_>]) -> Option<Class> {
    match steps {
        [] => Some(image(change)),
        // A tag that YAML reads as a number cannot be followed through environments.
        [Step::Field("tag" | "digest")]
            if change.kind == ChangeKind::Modified
                && sides(change).all(|side| side.as_str().is_some()) =>
        {
            Some(Class::ImageTag)
        }
        [Step::Field("digest" | "name" | "registry" | "repository" | "tag")] => Some(Class::Image),
        _ => None,
    }
}

fn is_count(change: &Change<'_>) -> bool {
    let last = change.steps.last();
    let names = ["maxReplicas", "minReplicas", "replicaCount", "replicas"];
    matches!(last, Some(Step::Field(name)) if names.contains(name))
        && sides(change).all(|side| quantity(side).is_some())
}

/// Whether a change is of a host, of a list of hosts, or of an element of such a list.
fn is_host(change: &Change<'_>) -> bool {
    let is_list = match change.steps.as_slice() {
        [.., Step::Field("hostnames" | "hosts")] => true,
        [.., Step::Field("host")]
        | [.., Step::Field("hostnames" | "hosts"), Step::Element { .. }] => false,
        _ => return false,
    };
    change.kind != ChangeKind::Reordered
        && sides(change).all(|side| {
            side.is_scalar() || (is_list && side.is_seq() && side.items().all(Node::is_scalar))
        })
}

fn in_settings(change: &Change<'_>) -> Class {
    match change.steps.as_slice() {
        // Another name is another setting.
        [.., Step::Element { .. }, Step::Field("name")] => Class::ConfigKeys,
        _ if change.kind != ChangeKind::Modified => Class::ConfigKeys,
        _ if has_scalars(change) => Class::EnvValues,
        _ => Class::Other,
    }
}

fn sides<'a>(change: &Change<'a>) -> impl Iterator<Item = Node<'a>> {
    [change.base, change.overlay].into_iter().flatten()
}

fn has_scalars(change: &Change<'_>) -> bool {
    sides(change).all(Node::is_scalar)
}

fn is_changed(change: &Change<'_>) -> bool {
    change.kind == ChangeKind::Modified && has_scalars(change)
}

const fn is_one_sided(change: &Change<'_>) -> bool {
    matches!(change.kind, ChangeKind::Added | ChangeKind::Removed)
}
