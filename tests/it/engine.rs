//! The engine's builds compared with those of kustomize: equal, or reported as unknown, and never
//! silently different.

mod defaults;
mod random;
pub mod trees;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use krm_parity::engine::{Built, Replay};
use krm_parity::repo::Sources;
use krm_parity::repo::fields::{Field, Holds, KUSTOMIZATION};
use serde_json::Value;

use crate::support::{NEWEST, Tree, probes, require};
use trees::built;

/// The trees on which the engine silently differs, and why; a tree that became equal must leave the
/// list.
const DIFFERENT: [(&str, &str); 1] = [(
    "buildMetadata",
    "recorded of a kustomize that was built without a version",
)];

/// The annotations that are not part of a resource's content.
const BOOKKEEPING: [&str; 2] = [
    "internal.config.kubernetes.io/",
    "config.kubernetes.io/origin",
];

fn read(root: &Path) -> Sources {
    let mut sources = Sources::default();
    let mut left = vec![root.to_path_buf()];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder");
            left.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if let Ok(text) = fs::read_to_string(&path) {
            let inside = path.strip_prefix(root).expect("below");
            sources.insert(inside.display().to_string(), text);
        }
    }
    sources
}

/// A value without nulls and without kustomize's internal annotations.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, value)| {
                !value.is_null() && !BOOKKEEPING.iter().any(|start| key.starts_with(start))
            });
            let kept = kept.map(|(key, value)| (key.clone(), plain(value)));
            let mut map: serde_json::Map<_, _> = kept.collect();
            if map.get("annotations") == Some(&serde_json::json!({})) {
                map.remove("annotations");
            }
            Value::Object(map)
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        value => value.clone(),
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default()
}

/// Whether two values are equal; numbers are compared by value.
fn is_equal(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let equal = |(key, a)| b.get(key).is_some_and(|b| is_equal(a, b));
            a.len() == b.len() && a.iter().all(equal)
        }
        (a, b) => a == b,
    }
}

/// A resource for the comparison: of a Secret, only the keys.
fn comparable(object: &Value) -> Value {
    let mut object = plain(object);
    if text(&object, "/kind") == "Secret" {
        for field in ["data", "stringData"] {
            let values = object.get_mut(field).and_then(Value::as_object_mut);
            for value in values.into_iter().flat_map(serde_json::Map::values_mut) {
                *value = "sealed".into();
            }
        }
    }
    object
}

/// The full name of a resource.
fn name(object: &Value) -> String {
    let parts = [
        "/apiVersion",
        "/kind",
        "/metadata/namespace",
        "/metadata/name",
    ];
    parts.map(|part| text(object, part)).join(" ")
}

/// The difference between the builds of the engine and of kustomize, including the order; `None` if
/// they are equal.
fn difference(ours: &[Built], theirs: &[Value]) -> Option<String> {
    let names = |objects: &[Value]| objects.iter().map(name).collect::<Vec<_>>();
    let ours: Vec<Value> = ours.iter().map(|one| comparable(&one.resource)).collect();
    let theirs: Vec<Value> = theirs.iter().map(comparable).collect();
    let (here, there) = (names(&ours), names(&theirs));
    if here != there {
        return Some(format!("\n  {here:?}\n  {there:?}"));
    }
    let mut pairs = ours.iter().zip(&theirs);
    let found = pairs.find(|(ours, theirs)| !is_equal(ours, theirs))?;
    Some(format!("\n  {}\n  {}", found.0, found.1))
}

#[test]
fn the_engine_equals_kustomize_or_reports_the_difference() {
    let Some(probes) = probes() else { return };
    let sources = read(&probes);
    let parsed = sources.parse();
    let known: BTreeSet<&str> = DIFFERENT.iter().map(|(tree, _)| *tree).collect();
    let expected = fs::read_to_string(probes.join("expected.jsonl")).expect("what is expected");
    let (mut wrong, mut counts) = (Vec::new(), BTreeMap::<&str, usize>::new());
    for line in expected.lines() {
        let expected: Value = serde_json::from_str(line).expect("JSON");
        let tree = text(&expected, "/tree");
        let replay = Replay::base(&parsed, &[tree.to_owned()]);
        let objects = expected["objects"].as_array();
        let different = match (replay.build(), objects) {
            (Err(unknown), _) => {
                let words: Vec<String> = unknown.iter().map(ToString::to_string).collect();
                println!("{tree}: {words:?}");
                *counts.entry("said to be unknown").or_default() += 1;
                assert!(
                    unknown.iter().all(|one| one.place.is_some()),
                    "{unknown:#?}"
                );
                continue;
            }
            (Ok(_), None) => Some("kustomize refuses it".to_owned()),
            (Ok(mut built), Some(objects)) => {
                // The expected result was recorded in the order of names.
                let mut objects = objects.clone();
                built.sort_by_key(|one| name(&one.resource));
                objects.sort_by_key(name);
                difference(&built, &objects)
            }
        };
        match different {
            Some(difference) if !known.contains(tree) => {
                wrong.push(format!("{tree}: {difference}"));
            }
            None if known.contains(tree) => {
                wrong.push(format!("{tree} is right now, and listed as different"));
            }
            Some(_) => *counts.entry("known to be different").or_default() += 1,
            None => *counts.entry("equal").or_default() += 1,
        }
    }
    println!("{counts:?}");
    assert!(wrong.is_empty(), "{counts:?}\n{}", wrong.join("\n"));
    assert!(counts["equal"] >= 66, "{counts:?}");
}

/// The resource in most of the trees below.
const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app: web}}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - {name: web, image: 'web:1', ports: [{containerPort: 80}]}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cfg}\ndata: {a: '1', b: x.y}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n";

const ACCOUNTS: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sa}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sb, namespace: n}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: rb}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}\nsubjects:\n- {kind: ServiceAccount, name: sa}\n- {kind: ServiceAccount, name: sb, namespace: n}\n- {kind: ServiceAccount, name: sb, namespace: other}\n- {kind: ServiceAccount, name: stranger, namespace: n}\n- {kind: ServiceAccount, name: default}\n- {kind: User, name: default}\n- {kind: Group, name: sb}\n";

const REACHED: &str = "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1.x.io}\nspec: {service: {name: web}}\n---\napiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v2.x.io}\nspec: {group: x.io}\n---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: wh}\nwebhooks:\n- name: a.b.c\n  clientConfig: {service: {name: web, namespace: old}}\n- name: b.b.c\n  clientConfig: {service: {name: other, namespace: old}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: old}\n";

const POLICIES: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np}\nspec:\n  podSelector: {matchLabels: {app: web}}\n  ingress:\n  - from:\n    - podSelector: {matchLabels: {app: x}}\n    - namespaceSelector: {matchLabels: {app: y}}\n  egress: [{to: [{podSelector: {}}]}]\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    spec:\n      containers: [{name: db, image: db}]\n      affinity:\n        podAffinity:\n          preferredDuringSchedulingIgnoredDuringExecution:\n          - weight: 1\n            podAffinityTerm: {topologyKey: z, labelSelector: {matchLabels: {app: db}}}\n        podAntiAffinity:\n          requiredDuringSchedulingIgnoredDuringExecution:\n          - {topologyKey: z, labelSelector: {matchExpressions: []}}\n";

/// The lines below `resources: [web.yaml, …]`, by name.
const KUSTOMIZATIONS: &[(&str, &str)] = &[
    (
        "any case",
        "Images: [{NAME: web, NewTag: '2'}]\nNAMEPREFIX: p-\ncommonlabels: {A: b}\n",
    ),
    (
        "any case of a generator",
        "configmapgenerator: [{Name: g, Literals: [a=b], OPTIONS: {DisableNameSuffixHash: true, Labels: {A: b}}}]\n",
    ),
    (
        "letters beyond ASCII",
        "image\u{17f}: [{name: web, newTag: '2'}]\n",
    ),
    (
        "any case of a patch",
        "patches: [{Target: {KIND: Service}, Patch: '- {op: add, path: /spec/type, value: LoadBalancer}'}]\n",
    ),
    (
        "two spellings",
        "images: [{name: web, newTag: '2'}]\nImages: [{name: web, newTag: '3'}]\n",
    ),
    (
        "two spellings within",
        "images: [{name: web, newTag: '2', newtag: '3'}]\n",
    ),
    ("one key twice", "namePrefix: a-\nnamePrefix: b-\n"),
    ("a slip", "patch: []\n"),
    ("a slip within", "patches: [{file: x.yaml}]\n"),
    ("a merged key", "<<: {namePrefix: a-}\n"),
    ("a number for a text", "namePrefix: 1\n"),
    ("a number for a tag", "images: [{name: web, newTag: 2}]\n"),
    ("yes for a text", "namePrefix: yes\n"),
    (
        "a text for a number",
        "replicas: [{name: web, count: '3'}]\n",
    ),
    ("a label that is a flag", "commonLabels: {a: true}\n"),
    ("another kind", "kind: Kustomisation\n"),
    (
        "another version",
        "apiVersion: kustomize.config.k8s.io/v2\n",
    ),
    ("two documents", "---\nnamePrefix: a-\n"),
    (
        "a patch of nobody",
        "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: wbe}, spec: {replicas: 3}}'}]\n",
    ),
    (
        "a patch of another group",
        "patches: [{patch: '{apiVersion: x.io/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3}}'}]\n",
    ),
    (
        "a patch of another version",
        "patches: [{patch: '{apiVersion: apps/v1beta1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3}}'}]\n",
    ),
    (
        "a patch of another namespace",
        "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: n}, spec: {replicas: 3}}'}]\n",
    ),
    (
        "an old patch of nobody",
        "patchesStrategicMerge: ['{apiVersion: v1, kind: ConfigMap, metadata: {name: nope}}']\n",
    ),
    (
        "a deletion of nobody",
        "patches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: nope}, $patch: delete}'}]\n",
    ),
    (
        "operations without a target",
        "patches: [{patch: '- {op: replace, path: /spec/replicas, value: 3}'}]\n",
    ),
    (
        "a target of nobody",
        "patches: [{target: {kind: Job}, patch: '- {op: replace, path: /spec/replicas, value: 3}'}]\n",
    ),
    (
        "two documents for one target",
        "patches:\n- target: {kind: ConfigMap}\n  patch: |-\n    {apiVersion: v1, kind: ConfigMap, metadata: {name: cfg}, data: {a: '2'}}\n    ---\n    {apiVersion: v1, kind: ConfigMap, metadata: {name: cfg}, data: {b: '2'}}\n",
    ),
    (
        "operations in brackets",
        "patches: [{target: {kind: Deployment}, patch: '[{op: replace, path: /spec/replicas, value: 3}]'}]\n",
    ),
    (
        "operations as JSON",
        "patches: [{target: {kind: Deployment}, patch: '[{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": 3}]'}]\n",
    ),
    (
        "a test that holds",
        "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - {op: test, path: /spec/replicas, value: 1}\n    - {op: replace, path: /spec/replicas, value: 3}\n",
    ),
    (
        "a test that does not",
        "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - {op: test, path: /spec/replicas, value: 2}\n",
    ),
    (
        "a replacement of a key that is not there",
        "patches: [{target: {kind: ConfigMap}, patch: '- {op: replace, path: /data/new, value: x}'}]\n",
    ),
    (
        "a removal of a key that is not there",
        "patches: [{target: {kind: ConfigMap}, patch: '- {op: remove, path: /data/new}'}]\n",
    ),
    (
        "ports with a protocol",
        "patches: [{patch: '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80, protocol: TCP, targetPort: 8080}]}}'}]\n",
    ),
    (
        "ports of containers",
        "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: [{name: web, ports: [{containerPort: 80, protocol: TCP, name: http}]}]}}}}'}]\n",
    ),
    (
        "an element without its key",
        "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: [{image: x}]}}}}'}]\n",
    ),
    (
        "kept keys",
        "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {strategy: {$retainKeys: [type], type: Recreate}}}'}]\n",
    ),
    (
        "an order of elements",
        "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {$setElementOrder/containers: [{name: web}], containers: [{name: web, image: x}]}}}}'}]\n",
    ),
    ("replicas of nobody", "replicas: [{name: wbe, count: 3}]\n"),
    ("images of nobody", "images: [{name: wbe, newTag: '3'}]\n"),
    (
        "immutable",
        "generatorOptions: {immutable: true}\nconfigMapGenerator: [{name: g, literals: [a=b]}]\n",
    ),
    (
        "a literal without a value",
        "configMapGenerator: [{name: g, literals: [a]}]\n",
    ),
    (
        "a merge with nothing",
        "configMapGenerator: [{name: g, behavior: merge, literals: [a=b]}]\n",
    ),
    (
        "a map that is there already",
        "configMapGenerator: [{name: cfg, literals: [a=b]}]\n",
    ),
    (
        "labels beyond selectors",
        "labels: [{pairs: {t: x}, includeSelectors: true}]\n",
    ),
    (
        "labels of templates",
        "labels: [{pairs: {t: x}, includeTemplates: true}]\n",
    ),
    ("another namespace", "namespace: new\n"),
    (
        "a prefix and a namespace",
        "namePrefix: p-\nnamespace: new\n",
    ),
    (
        "a value of its own",
        "replacements: [{sourceValue: z, targets: [{select: {kind: ConfigMap, name: cfg}, fieldPaths: [data.a]}]}]\n",
    ),
    (
        "an encoded value",
        "replacements: [{source: {kind: ConfigMap, name: cfg, fieldPath: data.a}, targets: [{select: {kind: ConfigMap, name: cfg}, fieldPaths: [data.b], options: {encoding: base64}}]}]\n",
    ),
    (
        "a replacement of many",
        "replacements: [{source: {kind: ServiceAccount}, targets: [{select: {kind: ConfigMap, name: cfg}, fieldPaths: [data.b]}]}]\n",
    ),
    (
        "a replacement for nobody",
        "replacements: [{source: {kind: ConfigMap, name: cfg, fieldPath: data.a}, targets: [{select: {kind: Job}, fieldPaths: [spec.x]}]}]\n",
    ),
    (
        "the label of the builder",
        "buildMetadata: [managedByLabel]\n",
    ),
];

#[test]
fn accepted_fields_are_followed_and_refused_ones_are_reported() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    for (name, text) in [
        ("web", WEB),
        ("accounts", ACCOUNTS),
        ("reached", REACHED),
        ("policies", POLICIES),
    ] {
        tree.write(&format!("{name}.yaml"), text);
    }
    let (mut wrong, mut equal) = (Vec::new(), 0);
    for (name, rest) in KUSTOMIZATIONS {
        // Two Services with the same name are one too many.
        let files = if rest.contains("namespace: new") {
            "accounts.yaml, reached.yaml, policies.yaml"
        } else {
            "web.yaml, accounts.yaml, policies.yaml"
        };
        tree.write(
            "kustomization.yaml",
            &format!("resources: [{files}]\n{rest}"),
        );
        let sources = read(&tree.path(""));
        let parsed = sources.parse();
        let replay = Replay::base(&parsed, &[String::new()]);
        match (replay.build(), built(&kustomize, &tree.path("")).ok()) {
            (Err(unknown), built) => {
                println!(
                    "{name}: {} {unknown:?}",
                    if built.is_some() {
                        "builds"
                    } else {
                        "is refused"
                    }
                );
            }
            (Ok(_), None) => wrong.push(format!("{name}: kustomize refuses it")),
            (Ok(ours), Some(objects)) => match difference(&ours, &objects) {
                Some(difference) => wrong.push(format!("{name}: {difference}")),
                None => equal += 1,
            },
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(equal >= 17, "{equal}");
}

/// The sources of kustomize's types in Go's module cache, newest last.
fn types_of_kustomize() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join("go/pkg/mod"));
    let named = std::env::var_os("GOMODCACHE").map(PathBuf::from);
    let cache = named.or(home).unwrap_or_default();
    let entries = fs::read_dir(cache.join("sigs.k8s.io/kustomize"));
    let entries = entries.into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.join("types/kustomization.go").is_file())
        .collect();
    found.sort();
    found
}

/// The keys that Go's JSON decoder accepts for a struct, including those of embedded structs.
fn keys_of(structs: &BTreeMap<String, String>, name: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in structs[name].lines().map(str::trim) {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        match line.split_once("json:\"") {
            None => {}
            Some((_, tag)) => {
                let key = tag.split(['"', ',']).next().unwrap_or_default();
                if key.is_empty() {
                    let embedded = first.rsplit('.').next().unwrap_or_default();
                    found.extend(keys_of(structs, embedded));
                } else {
                    found.insert(key.to_owned());
                }
            }
        }
    }
    found
}

#[test]
fn fields_are_those_of_kustomizes_types() {
    const STRUCTS: [(&str, &str); 26] = [
        ("", "Kustomization"),
        ("metadata", "ObjectMeta"),
        ("labels", "Label"),
        ("labels.fields", "FieldSpec"),
        ("patches", "Patch"),
        ("patches.target", "Selector"),
        ("patches.options", "PatchArgs"),
        ("patchesJson6902", "Patch"),
        ("images", "Image"),
        ("imageTags", "Image"),
        ("replacements", "ReplacementField"),
        ("replacements.source", "SourceSelector"),
        ("replacements.source.options", "FieldOptions"),
        ("replacements.targets", "TargetSelector"),
        ("replacements.targets.reject", "Selector"),
        ("replicas", "Replica"),
        ("vars", "Var"),
        ("vars.objref", "Target"),
        ("vars.fieldref", "FieldSelector"),
        ("sortOptions", "SortOptions"),
        ("sortOptions.legacySortOptions", "LegacySortOptions"),
        ("configMapGenerator", "ConfigMapArgs"),
        ("secretGenerator", "SecretArgs"),
        ("generatorOptions", "GeneratorOptions"),
        ("helmCharts", "HelmChart"),
        ("helmChartInflationGenerator", "HelmChartArgs"),
    ];
    let Some(api) = types_of_kustomize().pop() else {
        println!("skipped: there are no sources of kustomize in the module cache");
        return;
    };
    let text = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    let mut structs = BTreeMap::new();
    let below = |path: &Path| {
        let entries = fs::read_dir(path)
            .into_iter()
            .flatten()
            .filter_map(Result::ok);
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let version = api.to_string_lossy().into_owned();
    let kyaml = PathBuf::from(version.replace("/api@", "/kyaml@"));
    for file in below(&api.join("types"))
        .into_iter()
        .chain(below(&kyaml.join("resid")))
    {
        let source = text(file);
        for block in source.split("\ntype ").skip(1) {
            if let Some((name, body)) = block.split_once(" struct {\n") {
                let body = body.split("\n}").next().unwrap_or_default();
                structs.insert(name.to_owned(), body.to_owned());
            }
        }
    }
    if !structs.contains_key("ResId") {
        println!("skipped: there are no sources of kyaml in the module cache");
        return;
    }
    for (path, name) in STRUCTS {
        let mut fields: &[Field] = KUSTOMIZATION;
        for step in path.split('.').filter(|step| !step.is_empty()) {
            let (_, holds) = fields.iter().find(|(name, _)| *name == step).expect(step);
            fields = match holds {
                Holds::Fields(fields) | Holds::Entries(fields) => fields,
                holds => panic!("{path} holds {holds:?}"),
            };
        }
        let ours: BTreeSet<String> = fields.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(ours, keys_of(&structs, name), "{path} in {version}");
    }
}
