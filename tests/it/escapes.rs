//! No change escapes: whatever an overlay does to a field is reported, once, at its path, in its
//! class.
//!
//! Every field of every kind is changed, removed and added, alone, under a policy that allows no
//! class; docs/fields.md gives the expected class. With `--nocapture`, the tests print how much
//! they tried.

mod everywhere;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::civil::date;
use krm_parity::finding::{FieldRef, Finding};
use krm_parity::function;
use krm_parity::resource::Resource;
use krm_parity::snapshot::seal;
use krm_parity::yaml::parse;
use serde_json::{Value, json};

use crate::fields::kinds::{Kind, NO_MANIFESTS, built_in, published, samples};
use crate::fields::mutate::{Mutation, walk};
use crate::fields::table::{Change, Classes, Place, Seg, Table, place_of, read};

/// The number of mutations in one run of the function, each on a separate resource.
const BATCH: usize = 200;

/// The function's whole pipeline for a base and an overlay: the base is sealed, the overlay judged.
fn judged(base: &[Value], overlay: &[Value], identity: &str) -> Vec<Finding> {
    judged_beside(base, overlay, identity, |_| {})
}

/// The same, if a change of everything also reached the snapshot.
fn judged_beside(
    base: &[Value],
    overlay: &[Value],
    identity: &str,
    reach: impl FnOnce(&mut Value),
) -> Vec<Finding> {
    let text: String = base.iter().map(|item| format!("---\n{item}\n")).collect();
    let tree = parse(&text).expect("JSON is YAML");
    let resources: Vec<_> = tree.roots().filter_map(Resource::read).collect();
    let snapshot = seal("all", "base", &resources).to_json();
    let mut snapshot: Value = serde_json::from_str(&snapshot).expect("a snapshot");
    reach(&mut snapshot);
    let items: String = overlay.iter().map(|item| format!(", {item}")).collect();
    let policy = json!({
        "apiVersion": "krm-parity.io/v1alpha1",
        "kind": "ParityPolicy",
        "spec": {"environment": "production", "allow": {"classes": []}, "identity": identity},
    });
    let input = format!(
        "{{\"apiVersion\": \"config.kubernetes.io/v1\", \"kind\": \"ResourceList\", \"functionConfig\": {policy}, \
         \"items\": [{snapshot}{items}]}}"
    );
    let answer = function::run(input.as_bytes(), date(2026, 6, 15))
        .unwrap_or_else(|error| panic!("{error} for\n{input}"));
    let mut findings = answer.report.findings;
    // A contradiction that both sides have is not a difference.
    findings.retain(|finding| !finding.rule.is_alone());
    findings
}

fn named(value: &Value, name: &str) -> Value {
    let mut value = value.clone();
    value["metadata"]["name"] = name.into();
    value
}

/// The place of a field by index; in the base if the overlay has no such field, and so no index for
/// it.
fn by_index(field: &FieldRef, mutation: &Mutation) -> String {
    let keyed = field.path.spots().iter().map(|spot| &spot.segment);
    let in_base = place_of(keyed, &mutation.base).filter(|_| field.overlay.is_none());
    in_base.map_or_else(
        || field.path.by_index().to_string(),
        |place| place.to_string(),
    )
}

/// The faults of the findings about one mutation.
fn faults(classes: &Classes<'_>, mutation: &Mutation, found: &[&Finding]) -> Option<String> {
    let expected = |place: &Place, change| {
        let class = classes.class(place, change);
        (class != "none").then(|| (place.to_string(), class.to_owned()))
    };
    let mut wanted: Vec<_> = mutation
        .expected
        .iter()
        .filter_map(|(place, change)| expected(place, *change))
        .collect();
    let mut told: Vec<_> = found
        .iter()
        .map(|finding| {
            let path = finding
                .field
                .as_ref()
                .map_or_else(String::new, |field| by_index(field, mutation));
            let class = finding
                .class
                .map_or(finding.rule.as_str(), |class| class.id());
            (path, class.to_owned())
        })
        .collect();
    wanted.sort();
    told.sort();
    let mut fault = (wanted != told).then(|| format!("expected {wanted:?}, found {told:?}"));
    for finding in found {
        let Some(field) = &finding.field else {
            continue;
        };
        let by_index = by_index(field, mutation);
        // The path for people leads to the same place, on one of the sides.
        let keyed = || field.path.spots().iter().map(|spot| &spot.segment);
        let leads = [&mutation.overlay, &mutation.base]
            .into_iter()
            .filter_map(|side| place_of(keyed(), side))
            .any(|place| place.to_string() == by_index);
        if !leads {
            fault.get_or_insert_with(|| format!("{} is not {by_index}", field.path));
        }
    }
    fault.map(|fault| {
        format!(
            "{}\n  {fault}\n  base    {}\n  overlay {}",
            mutation.what, mutation.base, mutation.overlay
        )
    })
}

#[derive(Default)]
struct Sum {
    kinds: usize,
    fields: usize,
    mutations: usize,
    faults: Vec<String>,
}

fn try_kind(kind: &Kind, table: &Table) -> Sum {
    let classes = table.of(&kind.name());
    let walk = walk(kind, &classes);
    let mut sum = Sum {
        kinds: 1,
        fields: walk.fields,
        mutations: walk.mutations.len(),
        faults: Vec::new(),
    };
    // One unchanged resource, so that nothing is changed on everything.
    let still = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "still"}});
    for batch in walk.mutations.chunks(BATCH) {
        let side = |of: fn(&Mutation) -> &Value| {
            let items = batch.iter().enumerate();
            items
                .map(|(at, mutation)| named(of(mutation), &format!("m{at}")))
                .chain([still.clone()])
                .collect::<Vec<_>>()
        };
        let findings = judged(
            &side(|mutation| &mutation.base),
            &side(|mutation| &mutation.overlay),
            "cancel",
        );
        let mut by_name: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in &findings {
            let resource = finding.resource.as_ref().expect("a resource");
            by_name.entry(&resource.name).or_default().push(finding);
        }
        for (at, mutation) in batch.iter().enumerate() {
            let found = by_name
                .remove(format!("m{at}").as_str())
                .unwrap_or_default();
            sum.faults.extend(faults(&classes, mutation, &found));
        }
        assert!(by_name.is_empty(), "{by_name:?}");
    }
    sum
}

/// Tries all kinds, on all processors.
fn try_all(what: &str, kinds: &[Kind]) -> Sum {
    let table = read();
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Sum::default());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(kind) = kinds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let sum = try_kind(kind, &table);
                    let mut all = all.lock().expect("a sum");
                    all.kinds += sum.kinds;
                    all.fields += sum.fields;
                    all.mutations += sum.mutations;
                    all.faults.extend(sum.faults);
                }
            });
        }
    });
    let mut all = all.into_inner().expect("a sum");
    println!(
        "{what}: {} kinds, {} fields, {} mutations",
        all.kinds, all.fields, all.mutations
    );
    all.faults.sort();
    for fault in all.faults.iter().take(40) {
        println!("{fault}");
    }
    assert!(all.faults.is_empty(), "{} faults", all.faults.len());
    all
}

/// The list of kinds is complete: every published kind is tested, or is not in manifests.
#[test]
fn no_kind_of_kubernetes_is_missed() {
    let mut known: BTreeSet<String> = built_in()
        .iter()
        .map(|kind| format!("{}/{} {}", kind.group, kind.version, kind.kind))
        .collect();
    known.extend(NO_MANIFESTS.iter().map(|kind| (*kind).to_owned()));
    let published = published();
    assert!(published.len() > 100, "{published:?}");
    assert_eq!(published, known);
}

#[test]
fn no_field_of_kubernetes_escapes() {
    let sum = try_all("built-in", &built_in());
    assert!(sum.kinds >= 93 && sum.fields > 17_000 && sum.mutations > 130_000);
}

/// Extensions that kustomize users often deploy, by group; each has a sample.
#[rustfmt::skip]
const EXTENSIONS: &[(&str, &[&str])] = &[
    ("argoproj.io", &["AnalysisTemplate", "AppProject", "Application", "ApplicationSet", "Rollout"]),
    ("broker.amq.io", &["ActiveMQArtemis"]),
    ("cert-manager.io", &["Certificate", "ClusterIssuer", "Issuer"]),
    ("elasticsearch.k8s.elastic.co", &["Elasticsearch"]),
    ("helm.toolkit.fluxcd.io", &["HelmRelease"]),
    ("kustomize.toolkit.fluxcd.io", &["Kustomization"]),
    ("gateway.networking.k8s.io", &["GRPCRoute", "Gateway", "GatewayClass", "HTTPRoute", "ReferenceGrant", "TCPRoute", "TLSRoute"]),
    ("kibana.k8s.elastic.co", &["Kibana"]),
    ("minio.min.io", &["Tenant"]),
    ("ray.io", &["RayCluster"]),
    ("serving.kserve.io", &["InferenceService"]),
    ("keda.sh", &["ScaledJob", "ScaledObject", "TriggerAuthentication"]),
    ("monitoring.coreos.com", &["Alertmanager", "PodMonitor", "Probe", "Prometheus", "PrometheusRule", "ServiceMonitor"]),
    ("networking.istio.io", &["DestinationRule", "EnvoyFilter", "Gateway", "ServiceEntry", "Sidecar", "VirtualService"]),
    ("kafka.strimzi.io", &["Kafka", "KafkaNodePool"]),
    ("networking.gke.io", &["ManagedCertificate"]),
    ("postgresql.cnpg.io", &["Cluster", "Pooler"]),
    ("projectcontour.io", &["HTTPProxy"]),
    ("security.istio.io", &["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"]),
    ("telemetry.istio.io", &["Telemetry"]),
    ("traefik.io", &["IngressRoute", "IngressRouteTCP", "IngressRouteUDP"]),
];

#[test]
fn no_field_of_an_extension_escapes() {
    let kinds = samples(include_str!("../data/custom/samples.yaml"));
    for (group, names) in EXTENSIONS {
        for name in *names {
            let is_it = |kind: &Kind| kind.group == *group && kind.kind == *name;
            assert!(kinds.iter().any(is_it), "{name}.{group} has no sample");
        }
    }
    let sum = try_all("extensions", &kinds);
    assert!(sum.kinds >= 60 && sum.fields > 1_700 && sum.mutations > 12_000);
}

fn deployment() -> Value {
    let container = |name: &str| json!({"name": name, "image": "i", "env": [{"name": "A", "value": "a"}, {"name": "B", "value": "$(A)"}]});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": [container("one"), container("two")]}}}})
}

/// The findings, as class (or rule) and path.
fn told(base: &[Value], overlay: &[Value], identity: &str) -> Vec<(String, String)> {
    classes_and_paths(&judged(base, overlay, identity))
}

fn classes_and_paths(findings: &[Finding]) -> Vec<(String, String)> {
    findings
        .iter()
        .map(|finding| {
            let path = finding
                .field
                .as_ref()
                .map_or(String::new(), |field| field.path.to_string());
            (
                finding
                    .class
                    .map_or(finding.rule.as_str(), |class| class.id())
                    .to_owned(),
                path,
            )
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(class, path)| ((*class).to_owned(), (*path).to_owned()))
        .collect()
}

/// The order of variables matters if one refers to another; that of containers if one waits for its
/// hook.
#[test]
fn order_is_reported_where_it_acts() {
    let base = deployment();
    let containers = "/spec/template/spec/containers";
    let mut overlay = base.clone();
    overlay
        .pointer_mut(&format!("{containers}/0/env"))
        .and_then(Value::as_array_mut)
        .expect("variables")
        .reverse();
    let env = "spec.template.spec.containers[name=one].env";
    assert_eq!(
        told(std::slice::from_ref(&base), &[overlay], "cancel"),
        pairs(&[("env-names", env)])
    );
    let swapped = |base: &Value| {
        let mut overlay = base.clone();
        overlay
            .pointer_mut(containers)
            .and_then(Value::as_array_mut)
            .expect("containers")
            .reverse();
        overlay
    };
    assert_eq!(
        told(std::slice::from_ref(&base), &[swapped(&base)], "cancel"),
        []
    );
    let mut hooked = base;
    hooked["spec"]["template"]["spec"]["containers"][0]["lifecycle"] =
        json!({"postStart": {"sleep": {"seconds": 1}}});
    let overlay = swapped(&hooked);
    assert_eq!(
        told(&[hooked], &[overlay], "cancel"),
        pairs(&[("containers", "spec.template.spec.containers")])
    );
}

/// An empty resource.
fn resource(api_version: &str, kind: &str, name: &str, namespace: &str) -> Value {
    let mut value = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
    if !namespace.is_empty() {
        value["metadata"]["namespace"] = namespace.into();
    }
    value
}

/// A resource for which kustomize recorded an earlier name.
fn noted(mut value: Value, name: &str) -> Value {
    value["metadata"]["annotations"] = json!({
        "internal.config.kubernetes.io/previousNames": name,
        "internal.config.kubernetes.io/previousNamespaces": "default",
    });
    value
}

fn every_kind() -> Vec<Kind> {
    let mut kinds = built_in();
    kinds.extend(samples(include_str!("../data/custom/samples.yaml")));
    kinds
}

/// The identity of a resource: renames of everything are cancelled, all others are reported.
#[test]
fn another_identity_is_another_resource() {
    let table = read();
    let mut tried = 0;
    for kind in every_kind() {
        let (api_version, name) = (kind.api_version(), kind.name());
        let it = |name: &str, namespace: &str| resource(&api_version, &kind.kind, name, namespace);
        let mate = |name: &str, namespace: &str| resource("v1", "ConfigMap", name, namespace);
        let mut expect = |what: &str, it_is: Value, mate_is: Value, expected: &[(&str, &str)]| {
            let base = [it("web", ""), mate("mate", "")];
            let mut found = told(&base, &[it_is, mate_is], "cancel");
            found.sort();
            assert_eq!(found, pairs(expected), "{name}: {what}");
            tried += 1;
        };
        let of_name = [("other", "metadata.name")];
        let field = Place(vec![Seg::Field("apiVersion".to_owned())]);
        let classes = table.of(&name);
        let of_version = [(classes.class(&field, Change::Changed), "apiVersion")];
        let gone = [("added-resource", ""), ("removed-resource", "")];
        // The findings for a new name, of one resource alone and of all together. One kind may be
        // named after its environment; others are named after what they define, so an environment
        // cannot rename them.
        let (singly, together): (&[_], &[_]) = match kind.kind.as_str() {
            "Namespace" => (&[], &[]),
            "CustomResourceDefinition" | "APIService" => (&of_name, &of_name),
            _ => (&of_name, &[]),
        };

        expect("all stays", it("web", ""), mate("mate", ""), &[]);
        let moved = || it("web", "production");
        expect("all moves", moved(), mate("mate", "production"), &[]);
        let strayed = [("other", "metadata.namespace")];
        expect("one moves", moved(), mate("mate", ""), &strayed);
        let longer = || it("production-web", "");
        let longer_mate = || mate("production-mate", "");
        expect("a prefix", longer(), longer_mate(), together);
        let noted_mate = noted(longer_mate(), "mate");
        expect(
            "a noted prefix",
            noted(longer(), "web"),
            noted_mate,
            together,
        );
        let one = noted(longer(), "web");
        expect("a noted prefix on one", one, mate("mate", ""), singly);
        let other = noted(it("other", ""), "web");
        expect("a noted name", other, mate("mate", ""), singly);
        let unnoted: &[_] = if name == "Namespace" { &[] } else { &gone };
        expect("a prefix on one", longer(), mate("mate", ""), unnoted);
        expect("a name", it("other", ""), mate("mate", ""), unnoted);
        let newer = api_version.replace(&kind.version, "v9");
        let newer = resource(&newer, &kind.kind, "web", "");
        expect("a version", newer, mate("mate", ""), &of_version);
        let other = resource(&api_version, "Other", "web", "");
        expect("a kind", other, mate("mate", ""), &gone);
    }
    println!("identities: {tried} mutations");
    assert!(tried > 1_500);
}

/// Under a strict identity, nothing is cancelled.
#[test]
fn a_strict_identity_reports_changes_of_everything() {
    for kind in every_kind() {
        let it = |name: &str, namespace: &str| {
            resource(&kind.api_version(), &kind.kind, name, namespace)
        };
        let mate = |name: &str, namespace: &str| resource("v1", "ConfigMap", name, namespace);
        let base = [it("web", ""), mate("mate", "")];
        let moved = [it("web", "eu"), mate("mate", "eu")];
        let renamed = [
            noted(it("eu-web", ""), "web"),
            noted(mate("eu-mate", ""), "mate"),
        ];
        for (overlay, path) in [(moved, "metadata.namespace"), (renamed, "metadata.name")] {
            let found = told(&base, &overlay, "strict");
            assert_eq!(found, pairs(&[("other", path); 2]), "{}", kind.name());
        }
    }
}
