//! Fields with the value that the API server would use without them.
//!
//! From the API reference of Kubernetes: an overlay that writes such a value out, or
//! leaves it out, changes nothing that runs.

use super::diff::{Change, Step};
use crate::resource::Resource;

/// Below a pod's specification: the path of fields, without list elements, and the default.
#[rustfmt::skip]
const IN_PODS: &[(&[&str], &str)] = &[
    (&["dnsPolicy"], "ClusterFirst"),
    (&["enableServiceLinks"], "true"),
    (&["hostIPC"], "false"),
    (&["hostNetwork"], "false"),
    (&["hostPID"], "false"),
    (&["schedulerName"], "default-scheduler"),
    (&["terminationGracePeriodSeconds"], "30"),
];

/// In a container.
#[rustfmt::skip]
const IN_CONTAINERS: &[(&[&str], &str)] = &[
    (&["securityContext", "privileged"], "false"),
    (&["securityContext", "readOnlyRootFilesystem"], "false"),
    (&["stdin"], "false"),
    (&["terminationMessagePath"], "/dev/termination-log"),
    (&["terminationMessagePolicy"], "File"),
    (&["tty"], "false"),
];

/// In a probe.
#[rustfmt::skip]
const IN_PROBES: &[(&[&str], &str)] = &[
    (&["failureThreshold"], "3"),
    (&["httpGet", "scheme"], "HTTP"),
    (&["initialDelaySeconds"], "0"),
    (&["periodSeconds"], "10"),
    (&["successThreshold"], "1"),
    (&["timeoutSeconds"], "1"),
];

/// Group, kind, the fields, and the default.
#[rustfmt::skip]
const IN_KINDS: &[(&str, &str, &[&str], &str)] = &[
    ("", "Secret", &["type"], "Opaque"),
    ("", "Service", &["spec", "internalTrafficPolicy"], "Cluster"),
    ("", "Service", &["spec", "sessionAffinity"], "None"),
    ("", "Service", &["spec", "type"], "ClusterIP"),
    ("apps", "DaemonSet", &["spec", "revisionHistoryLimit"], "10"),
    ("apps", "DaemonSet", &["spec", "template", "spec", "restartPolicy"], "Always"),
    ("apps", "DaemonSet", &["spec", "updateStrategy", "type"], "RollingUpdate"),
    ("apps", "Deployment", &["spec", "progressDeadlineSeconds"], "600"),
    ("apps", "Deployment", &["spec", "revisionHistoryLimit"], "10"),
    ("apps", "Deployment", &["spec", "strategy", "type"], "RollingUpdate"),
    ("apps", "Deployment", &["spec", "template", "spec", "restartPolicy"], "Always"),
    ("apps", "StatefulSet", &["spec", "podManagementPolicy"], "OrderedReady"),
    ("apps", "StatefulSet", &["spec", "revisionHistoryLimit"], "10"),
    ("apps", "StatefulSet", &["spec", "template", "spec", "restartPolicy"], "Always"),
    ("apps", "StatefulSet", &["spec", "updateStrategy", "type"], "RollingUpdate"),
    ("batch", "CronJob", &["spec", "concurrencyPolicy"], "Allow"),
    ("batch", "CronJob", &["spec", "failedJobsHistoryLimit"], "1"),
    ("batch", "CronJob", &["spec", "successfulJobsHistoryLimit"], "3"),
    ("batch", "CronJob", &["spec", "suspend"], "false"),
    ("bitnami.com", "SealedSecret", &["spec", "template", "type"], "Opaque"),
    ("route.openshift.io", "Route", &["spec", "to", "weight"], "100"),
];

/// Whether one side lacks a field and the other says the value that the API server uses without it.
#[must_use]
pub fn is_default(change: &Change<'_>, resource: &Resource<'_>) -> bool {
    let ((Some(said), None) | (None, Some(said))) = (change.base, change.overlay) else {
        return false;
    };
    // A map that holds only a default says no more.
    let (mut said, mut steps) = (said, change.steps.clone());
    while said.is_map() {
        let mut entries = said.entries();
        let (Some((key, value)), None) = (entries.next(), entries.next()) else {
            return false;
        };
        steps.push(Step::Field(key.text()));
        said = value;
    }
    if !said.is_scalar() {
        return false;
    }
    is_protocol(&steps, said.text(), change.pod.is_some(), resource)
        || is_of_kind(&steps, said.text(), resource)
        || is_in_pod(&steps, said.text(), change.pod, resource)
}

/// Whether a port of a container or of a Service says TCP.
fn is_protocol(steps: &[Step<'_>], said: &str, is_in_pod: bool, resource: &Resource<'_>) -> bool {
    let is_port = matches!(
        steps,
        [
            ..,
            Step::Field("ports"),
            Step::Element { .. },
            Step::Field("protocol")
        ]
    );
    let is_service = (resource.group(), resource.kind()) == ("", "Service");
    said == "TCP" && is_port && (is_in_pod || is_service)
}

fn is_of_kind(steps: &[Step<'_>], said: &str, resource: &Resource<'_>) -> bool {
    IN_KINDS.iter().any(|(group, kind, path, default)| {
        (*group, *kind) == (resource.group(), resource.kind())
            && *default == said
            && is_at(steps, path)
    })
}

fn is_in_pod(steps: &[Step<'_>], said: &str, pod: Option<usize>, resource: &Resource<'_>) -> bool {
    let is_workload = matches!(resource.group(), "" | "apps" | "batch");
    let Some(pod) = pod.filter(|_| is_workload) else {
        return false;
    };
    let is_in = |steps: &[Step<'_>], table: &[(&[&str], &str)]| {
        let mut table = table.iter();
        table.any(|(path, default)| *default == said && is_at(steps, path))
    };
    match &steps[pod..] {
        [
            Step::Field("containers" | "initContainers"),
            Step::Element { .. },
            Step::Field("livenessProbe" | "readinessProbe" | "startupProbe"),
            probe @ ..,
        ] => is_in(probe, IN_PROBES),
        [
            Step::Field("containers" | "initContainers"),
            Step::Element { .. },
            container @ ..,
        ] => is_in(container, IN_CONTAINERS),
        inner => is_in(inner, IN_PODS),
    }
}

/// Whether steps lead through exactly these fields and through no list.
fn is_at(steps: &[Step<'_>], path: &[&str]) -> bool {
    let mut pairs = steps.iter().zip(path);
    steps.len() == path.len() && pairs.all(|(step, field)| *step == Step::Field(field))
}
