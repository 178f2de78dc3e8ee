//! The words that describe changes, the same in every format.

use serde_json::Value;

use crate::catalog::Class;
use crate::compare::classify::takes_all_traffic;
use crate::compare::diff::{By, Change, ChangeKind, Step};
use crate::compare::steps::keyed_path;
use crate::policy::Policy;
use crate::resource::Resource;
use crate::text;

/// The most characters of a value in a one-line message.
const MAX_VALUE: usize = 80;

/// A resource as a sentence calls it.
pub(super) fn resource(resource: &Resource<'_>) -> String {
    match resource.name() {
        "" => resource.kind().to_owned(),
        name => format!("{} {name}", resource.kind()),
    }
}

/// A value as a sentence quotes it.
pub(super) fn value(value: Option<&Value>) -> String {
    match value {
        None => "absent".to_owned(),
        Some(value) => text::one_line(&value.to_string(), MAX_VALUE).into_owned(),
    }
}

/// Both values of a field as a sentence quotes them; long ones without most of an equal start, to show the difference.
pub(super) fn values(overlay: Option<&Value>, base: Option<&Value>) -> [String; 2] {
    /// How much of the equal part is kept before a difference, in characters.
    const LEAD: usize = 16;
    let [Some(ours), Some(theirs)] = [overlay, base].map(|one| one.map(Value::to_string)) else {
        return [overlay, base].map(value);
    };
    let equal = ours.chars().zip(theirs.chars());
    let equal = equal.take_while(|(ours, theirs)| ours == theirs).count();
    if equal + LEAD <= MAX_VALUE {
        return [overlay, base].map(value);
    }
    [ours, theirs].map(|text| {
        let rest: String = text.chars().skip(equal - LEAD).collect();
        format!("…{}", text::one_line(&rest, MAX_VALUE - 1))
    })
}

/// The container that a change is in, as an addition to a sentence; empty elsewhere.
pub(super) fn of_container(steps: &[Step<'_>]) -> String {
    let container = steps.windows(2).find_map(|pair| match pair {
        [
            Step::Field(list @ ("containers" | "initContainers" | "ephemeralContainers")),
            Step::Element { by, .. },
        ] => {
            let name = by.keys()?.iter().find(|(key, _)| *key == "name")?.1;
            Some((
                if *list == "initContainers" {
                    "init container"
                } else {
                    "container"
                },
                name,
            ))
        }
        _ => None,
    });
    match container {
        Some((kind, name)) => format!(" of {kind} {name}"),
        None => String::new(),
    }
}

/// The differing part, as the subject of a sentence: by its own name, never as the whole that has it.
pub(super) fn subject(change: &Change<'_>, class: Class) -> String {
    let steps = change.steps.as_slice();
    let last = change.fields().next_back().unwrap_or("");
    let container = of_container(steps);
    let is_reordered = change.kind == ChangeKind::Reordered;
    if let Some(name) = parameter(steps) {
        return format!("the parameter {name}");
    }
    if class != Class::HealthChecks
        && let Some(argument) = argument(steps)
    {
        return format!("{argument}{container}");
    }
    match class {
        Class::Containers | Class::Other if is_reordered => format!("the order of {last}"),
        Class::Image => format!("the image{container}"),
        Class::ImageTag => format!("the image's tag or digest{container}"),
        Class::HealthChecks => {
            let probe = steps.iter().enumerate().find_map(|(at, step)| match step {
                Step::Field("livenessProbe") => Some((at, "the liveness probe")),
                Step::Field("readinessProbe") => Some((at, "the readiness probe")),
                Step::Field("startupProbe") => Some((at, "the startup probe")),
                Step::Field(name) if name.ends_with("Probe") => Some((at, *name)),
                _ => None,
            });
            match probe {
                Some((at, probe)) => {
                    let order = if is_reordered { "the order of " } else { "" };
                    format!(
                        "{order}{}{container}",
                        part_of(&steps[at + 1..], probe.to_owned())
                    )
                }
                None => format!("health-check annotation {last}{}", of_template(steps)),
            }
        }
        Class::ResourceNames | Class::ResourceValues => {
            let names: Vec<_> = change
                .fields()
                .skip_while(|field| *field != "resources")
                .skip(1)
                .collect();
            let what = match names.as_slice() {
                ["limits", key] => format!("the {key} limit"),
                ["requests", key] => format!("the {key} request"),
                [] if class == Class::ResourceValues => "the storage request".to_owned(),
                _ => "the list of resources".to_owned(),
            };
            format!("{what}{container}")
        }
        Class::EnvNames if is_reordered => {
            format!("the order of environment variables{container}")
        }
        Class::EnvNames | Class::EnvValues => {
            format!("{}{container}", setting(change))
        }
        Class::ConfigKeys => key(steps),
        Class::Labels if matches!(steps, [_, Step::Field("selector"), ..]) => {
            format!("selector label {last}")
        }
        Class::Labels => format!("label {last}{}", of_template(steps)),
        Class::Annotations => format!("annotation {last}{}", of_template(steps)),
        Class::Containers if change.kind == ChangeKind::Modified => format!("the name{container}"),
        Class::Containers => match container.strip_prefix(" of ") {
            Some(container) => container.to_owned(),
            None => format!("the list of {last}"),
        },
        Class::Replicas if last.contains("min") || last.contains("max") => {
            format!("the replica bound {last}")
        }
        Class::Replicas => "the replica count".to_owned(),
        Class::Hostnames => "a hostname".to_owned(),
        Class::IngressStructure | Class::ServiceMesh | Class::Other => {
            let of = match class {
                Class::IngressStructure => "routing ",
                Class::ServiceMesh => "service-mesh ",
                _ => "",
            };
            match steps.last() {
                _ if is_reordered => format!("the order of the {of}list {last}"),
                Some(Step::Element { .. }) => {
                    format!("an element of the {of}list {last}{container}")
                }
                _ if class == Class::Other => format!("the field {}{container}", part(steps)),
                // It may be a label or an annotation.
                _ => format!(
                    "the {of}field {}{container}{}",
                    part(steps),
                    of_template(steps)
                ),
            }
        }
    }
}

/// A field by its name and the whole that it is part of, because many have a `name` or a `type`.
fn part(steps: &[Step<'_>]) -> String {
    let whole = match steps {
        // A whole that the sentence names anyway, or that adds nothing.
        [
            ..,
            Step::Field("containers" | "initContainers" | "ephemeralContainers"),
            Step::Element { .. },
            Step::Field(_),
        ]
        | [
            ..,
            Step::Field("spec" | "labels" | "annotations"),
            Step::Field(_),
        ] => 1,
        [.., Step::Element { .. }, _] => 3,
        _ => 2,
    };
    match steps.last() {
        Some(Step::Field(last)) if whole == 1 => (*last).to_owned(),
        _ => keyed_path(&steps[steps.len().saturating_sub(whole)..]).to_string(),
    }
}

/// An argument by its flag, or the order of all; `None` if it is known only by its place.
fn argument(steps: &[Step<'_>]) -> Option<String> {
    let [way @ .., Step::Field(list), Step::Element { by, .. }] = steps else {
        return None;
    };
    let start = way
        .iter()
        .rposition(|step| matches!(step, Step::Element { .. }));
    let way = &way[start.map_or(0, |at| at + 1)..];
    // A hook of a container has its own arguments.
    let of = if way.is_empty() && start.is_some() {
        String::new()
    } else {
        format!(
            " of {}",
            keyed_path(&steps[start.map_or(0, |at| at + 1)..steps.len() - 1])
        )
    };
    match by {
        By::Flag(flag) => Some(format!("flag {flag}{of}")),
        By::After(flag) => Some(format!("what follows flag {flag}{of}")),
        By::Order if of.is_empty() => Some(format!("the order of {list}")),
        By::Order => Some(format!("the order{of}")),
        By::Index | By::Keys(_) | By::Renamed { .. } | By::Value(_) => None,
    }
}

/// A part by the path to it, or the whole if the path ends there.
fn part_of(way: &[Step<'_>], whole: String) -> String {
    if way.is_empty() {
        whole
    } else {
        format!("{} of {whole}", keyed_path(way))
    }
}

/// An environment variable, a source of them or a key of a `ConfigMap`, or a part of one.
fn setting(change: &Change<'_>) -> String {
    let steps = change.steps.as_slice();
    let list = steps
        .windows(2)
        .enumerate()
        .find_map(|(at, pair)| match pair {
            [
                Step::Field(list @ ("env" | "envFrom")),
                Step::Element { by, .. },
            ] => Some((*list, by, &steps[at + 2..])),
            _ => None,
        });
    match list {
        Some(("env", by, way)) => {
            let named = || {
                let element = change.overlay.or(change.base)?;
                element.get("name")?.as_str()
            };
            let name = match by.keys() {
                None if way.is_empty() => named(),
                keys => keys.and_then(|keys| Some(keys.first()?.1)),
            };
            let whole = match name {
                Some(name) => format!("environment variable {name}"),
                None => "an environment variable".to_owned(),
            };
            match way {
                [Step::Field("value")] => format!("the value of {whole}"),
                _ => part_of(way, whole),
            }
        }
        Some((_, _, way)) => {
            let whole = "a source of environment variables".to_owned();
            match way {
                [
                    Step::Field("configMapRef" | "secretRef"),
                    Step::Field("name"),
                ] => whole,
                _ => part_of(way, whole),
            }
        }
        None if matches!(steps.last(), Some(Step::Field("env" | "envFrom"))) => {
            "the list of environment variables".to_owned()
        }
        None => key(steps),
    }
}

/// The parameter of a chart that a change is about, by its name; Argo CD lists them.
fn parameter<'a>(steps: &[Step<'a>]) -> Option<&'a str> {
    steps.windows(3).find_map(|three| match three {
        [
            Step::Field("helm"),
            Step::Field("parameters"),
            Step::Element { by, .. },
        ] => by
            .keys()?
            .iter()
            .find(|(key, _)| *key == "name")
            .map(|(_, name)| *name),
        _ => None,
    })
}

/// A key of a `ConfigMap` or `Secret`, or the field that has all of them; a `SealedSecret` has its keys one level deeper.
///
/// A value that is set for a chart is named by the path to it.
fn key(steps: &[Step<'_>]) -> String {
    let steps = match steps {
        [Step::Field("spec"), rest @ ..] => rest,
        _ => steps,
    };
    let values = steps
        .iter()
        .position(|step| matches!(step, Step::Field("substitute" | "values" | "valuesObject")));
    if let Some(at) = values
        && !matches!(steps.first(), Some(Step::Field("data")))
        && at + 1 < steps.len()
    {
        return format!("the setting {}", keyed_path(&steps[at + 1..]));
    }
    if let [.., Step::Field("helm"), Step::Field("values")] = steps {
        return "the text of values".to_owned();
    }
    match steps {
        [Step::Field(all)] => format!("the field {all}"),
        [_, Step::Field(key), way @ ..] => part_of(way, format!("key {key}")),
        _ => "a key".to_owned(),
    }
}

/// The template that has a label or an annotation, as an addition to a sentence; empty if it is the resource's own.
fn of_template(steps: &[Step<'_>]) -> String {
    let at = steps
        .iter()
        .rposition(|step| *step == Step::Field("metadata"))
        .unwrap_or(0);
    match &steps[..at] {
        [] => String::new(),
        [.., Step::Field("jobTemplate")] => " of the job template".to_owned(),
        [.., Step::Field("template")] => " of the template".to_owned(),
        way => format!(" of {}", keyed_path(way)),
    }
}

/// The kind of a container, and its names on both sides, if a change is about these.
fn renamed<'a>(change: &Change<'a>) -> Option<(&'static str, &'a str, &'a str)> {
    let [
        ..,
        Step::Field(list),
        Step::Element { .. },
        Step::Field("name"),
    ] = change.steps.as_slice()
    else {
        return None;
    };
    let names = change.base.zip(change.overlay)?;
    let kind = match *list {
        "initContainers" => "init container",
        _ => "container",
    };
    Some((kind, names.0.as_str()?, names.1.as_str()?))
}

/// What happened, without the place.
pub(super) fn headline(
    change: &Change<'_>,
    class: Class,
    environment: &str,
    baseline: &str,
) -> String {
    if let (Class::Containers, Some((kind, was, now))) = (class, renamed(change)) {
        let told = format!("{kind} {was} of {baseline} is named {now} in {environment}");
        return text::one_line(&told, 300).into_owned();
    }
    let subject = subject(change, class);
    let verb = match change.kind {
        ChangeKind::Added => format!("is in {environment}, but not in {baseline}"),
        ChangeKind::Removed => format!("is in {baseline}, but not in {environment}"),
        ChangeKind::Modified => format!("differs from {baseline}"),
        ChangeKind::Reordered => format!("differs from {baseline}, and order matters here"),
    };
    text::one_line(&format!("{subject} {verb}"), 300).into_owned()
}

/// How a policy would permit a class.
pub(super) fn permit(class: Class, policy: &Policy) -> String {
    // A list in the policy replaces the default, so the help gives the whole list.
    let classes: Vec<_> = policy
        .allowed
        .iter()
        .chain([class])
        .map(Class::id)
        .collect();
    format!(
        "To permit the whole class, set spec.allow.classes: [{}].",
        classes.join(", ")
    )
}

/// What to do about a change that every environment makes.
pub(super) fn share(kind: ChangeKind, baseline: &str) -> String {
    match kind {
        ChangeKind::Added => {
            format!("Move it to {baseline}, and keep only its differences in the overlays.")
        }
        ChangeKind::Removed => format!("Remove it from {baseline}: no environment keeps it."),
        _ => format!(
            "Set the common value in {baseline}, and keep only the differences in the overlays."
        ),
    }
}

/// What to do about a forbidden change.
pub(super) fn help(
    change: &Change<'_>,
    overlay: &Resource<'_>,
    class: Class,
    baseline: &str,
) -> String {
    match (class, change.kind) {
        (Class::IngressStructure, _) if takes_all_traffic(overlay, change) => {
            "Set a host here: a route without a host, or with a wildcard for all hosts, takes requests that are meant for other routes.".to_owned()
        }
        (Class::Containers | Class::EnvNames, ChangeKind::Reordered) => {
            "Use a JSON6902 patch, which keeps the order; a strategic merge patch moves the elements that it patches to the front of the list.".to_owned()
        }
        (Class::Image | Class::ImageTag, _) => {
            format!("Set the image in {baseline}, so that every environment runs what was tested.")
        }
        (Class::EnvNames, ChangeKind::Added) => {
            format!("Declare the variable in {baseline} with a default, and set only its value here.")
        }
        (Class::ConfigKeys, ChangeKind::Added) => {
            format!("Declare the key in {baseline} with a default, and set only its value here.")
        }
        (_, ChangeKind::Added) => format!("Remove it from the overlay, or move it to {baseline} for every environment."),
        (_, ChangeKind::Removed) => format!("Keep it in the overlay, or remove it from {baseline} for every environment."),
        _ => format!("Remove the change from the overlay, or make it in {baseline} for every environment."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::classify::{Surroundings, classify};
    use crate::compare::diff::diff;
    use crate::yaml;

    /// The headlines of one resource, of which the differing lines are given, on two sides.
    fn headlines(resource: &str, base: &str, overlay: &str) -> Vec<String> {
        let texts = [base, overlay].map(|lines| format!("{resource}{lines}"));
        let trees = texts.each_ref().map(|text| yaml::parse(text).unwrap());
        let [base, overlay] = trees
            .each_ref()
            .map(|tree| Resource::read(tree.roots().next().unwrap()).unwrap());
        let around = Surroundings {
            resource: &overlay,
            base: &[],
            overlay: &[],
        };
        let changes = diff(&base, &overlay);
        let told = changes.iter().map(|change| {
            let class = classify(change, around);
            headline(change, class, "prod", "the base")
        });
        told.collect()
    }

    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: web:1\n";

    #[test]
    fn a_part_of_a_probe_is_called_by_its_name() {
        for (base, overlay, wanted) in [
            (
                "{httpGet: {path: /a, port: 1}}",
                "{httpGet: {port: 1}, periodSeconds: 9}",
                vec![
                    "httpGet.path of the liveness probe of container web is in the base, but not in prod",
                    "periodSeconds of the liveness probe of container web is in prod, but not in the base",
                ],
            ),
            (
                "{httpGet: {port: 1, httpHeaders: [{name: Host, value: a}]}}",
                "{httpGet: {port: 1, httpHeaders: [{name: Host, value: b}]}}",
                vec![
                    "httpGet.httpHeaders[0].value of the liveness probe of container web differs from the base",
                ],
            ),
            // The probe itself.
            (
                "{tcpSocket: {port: 1}}",
                "null",
                vec!["the liveness probe of container web is in the base, but not in prod"],
            ),
        ] {
            let probe = |text: &str| format!("    livenessProbe: {text}\n");
            assert_eq!(headlines(POD, &probe(base), &probe(overlay)), wanted);
        }
    }

    #[test]
    fn a_part_of_a_variable_is_called_by_its_name() {
        for (base, overlay, wanted) in [
            (
                "env: [{name: A, value: a}]",
                "env: [{name: A, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]",
                vec![
                    "the value of environment variable A of container web is in the base, but not in prod",
                    "valueFrom of environment variable A of container web is in prod, but not in the base",
                ],
            ),
            (
                "env: []",
                "env: [{name: A, value: a}]",
                vec!["environment variable A of container web is in prod, but not in the base"],
            ),
            // A list without keys.
            (
                "env: [{name: A, value: a}, {name: A, value: b}]",
                "env: [{name: A, value: a}, {name: A, value: b}, {name: B, value: c}]",
                vec!["environment variable B of container web is in prod, but not in the base"],
            ),
            (
                "envFrom: [{configMapRef: {name: a}}]",
                "envFrom: [{configMapRef: {name: a, optional: true}}]",
                vec![
                    "configMapRef.optional of a source of environment variables of container web is in prod, but not in the base",
                ],
            ),
            (
                "envFrom: [{configMapRef: {name: a}}]",
                "envFrom: [{configMapRef: {name: b}}]",
                vec!["a source of environment variables of container web differs from the base"],
            ),
        ] {
            let lines = |text: &str| format!("    {text}\n");
            assert_eq!(headlines(POD, &lines(base), &lines(overlay)), wanted);
        }
    }

    #[test]
    fn a_field_is_called_with_what_it_is_a_part_of() {
        let volumes = |name: &str, tier: &str| {
            format!(
                "  volumes:\n  - name: a\n    configMap: {{name: {name}}}\n  nodeSelector: {{tier: {tier}}}\n  dnsPolicy: {name}\n"
            )
        };
        let [base, overlay] = [("a", "x"), ("b", "y")].map(|(name, tier)| volumes(name, tier));
        let changed = [
            format!("    stdin: true\n{base}"),
            format!("    stdin: false\n{overlay}"),
        ];
        assert_eq!(
            headlines(POD, &changed[0], &changed[1]),
            [
                "the field stdin of container web differs from the base",
                "the field configMap.name differs from the base",
                "the field nodeSelector.tier differs from the base",
                "the field dnsPolicy differs from the base",
            ]
        );
        let text =
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x}\n";
        let subject = |name: &str| {
            format!("roleRef: {{name: {name}}}\nsubjects: [{{kind: User, name: {name}}}]\n")
        };
        assert_eq!(
            headlines(text, &subject("a"), &subject("b"))[0],
            "the field roleRef.name differs from the base"
        );
    }

    #[test]
    fn long_values_show_their_difference() {
        let text = |end: &str| Value::from(format!("{}{end}", "a".repeat(200)));
        let [ours, theirs] = values(Some(&text("1 and more")), Some(&text("2")));
        assert_eq!(ours, format!("…{}1 and more\"", "a".repeat(16)));
        assert_eq!(theirs, format!("…{}2\"", "a".repeat(16)));
        // One that is cut at both ends.
        let long = text(&"b".repeat(200));
        let [ours, _] = values(Some(&long), Some(&text("2")));
        assert!(ours.starts_with("…a") && ours.ends_with("b…"), "{ours}");
        assert_eq!(ours.chars().count(), MAX_VALUE);
        // Short ones, and ones that differ at once, are not cut at the start.
        for (ours, theirs) in [("a", "b"), ("short", &*"x".repeat(300))] {
            let both = [ours, theirs].map(Value::from);
            let shown = values(Some(&both[0]), Some(&both[1]));
            assert_eq!(shown, [value(Some(&both[0])), value(Some(&both[1]))]);
        }
        assert_eq!(values(None, Some(&long))[0], "absent");
        assert!(values(None, Some(&long))[1].starts_with("\"aaa"));
    }

    #[test]
    fn a_sealed_key_is_called_by_its_name() {
        let text = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: db}\n";
        assert_eq!(
            headlines(
                text,
                "spec: {encryptedData: {a: Ag}}\n",
                "spec: {encryptedData: {a: Ax, root: Ag}}\n"
            ),
            [
                "key a differs from the base",
                "key root is in prod, but not in the base"
            ]
        );
    }

    #[test]
    fn a_wildcard_host_is_reported_with_its_effect() {
        let text = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\n";
        let rule = |text: &str| format!("spec: {{rules: [{{{text}}}]}}");
        for (overlay, is_for_all) in [
            ("host: '*', http: {}", true),
            ("http: {}", true),
            ("host: a.example.com", false),
        ] {
            let texts = ["host: a.example.com, http: {}", overlay].map(rule);
            let texts = texts.map(|lines| format!("{text}{lines}"));
            let trees = texts.each_ref().map(|text| yaml::parse(text).unwrap());
            let [base, overlay] = trees
                .each_ref()
                .map(|tree| Resource::read(tree.roots().next().unwrap()).unwrap());
            let changes = diff(&base, &overlay);
            let class = Class::IngressStructure;
            let help = help(&changes[0], &overlay, class, "the base");
            assert_eq!(help.starts_with("Set a host here"), is_for_all, "{help}");
        }
    }

    #[test]
    fn labels_of_a_template_are_not_those_of_the_resource() {
        let text = "apiVersion: batch/v1\nkind: CronJob\n";
        let labels = |text: &str| {
            format!(
                "metadata: {{name: web, labels: {{a: b}}}}\nspec: {{jobTemplate: {{metadata: {{labels: {{{text}}}}}, spec: {{template: {{metadata: {{annotations: {{{text}}}}}}}}}}}}}\n"
            )
        };
        assert_eq!(
            headlines(text, &labels("a: b"), &labels("a: c")),
            [
                "label a of the job template differs from the base",
                "annotation a of the template differs from the base"
            ]
        );
    }
}
