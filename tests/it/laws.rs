//! Laws, for the corpus of real overlays and for proptest's input.

use krm_parity::function::{self, Output, run_plugin};
use krm_parity::resource::Resource;
use krm_parity::snapshot::{self, seal};
use krm_parity::yaml::{Node, parse};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Map, Value, json};

use crate::lawbook::{
    TODAY, assert_covered, assert_diff_laws, assert_distinct, assert_reversible, assert_same,
    assert_spliced, corpus_pairs, differences, documents, findings, list, resources, run, sealed,
    shuffled, shuffled_keys, shuffled_unordered,
};

/// The same cases in every run; `KRM_PARITY_EXPLORE=1` finds new ones.
fn config(cases: u32) -> Config {
    let explores = std::env::var_os("KRM_PARITY_EXPLORE").is_some();
    Config {
        cases,
        failure_persistence: None,
        rng_seed: if explores {
            RngSeed::Random
        } else {
            RngSeed::Fixed(2026)
        },
        ..Config::default()
    }
}

// The corpus.

#[test]
fn the_corpus_keeps_the_laws_of_the_diff() {
    for (id, base, overlay) in corpus_pairs() {
        println!("{id}");
        assert_diff_laws(&base, &overlay);
    }
}

#[test]
fn the_corpus_keeps_the_laws_of_the_function() {
    for (id, base, overlay) in corpus_pairs() {
        println!("{id}");
        for text in [&base, &overlay] {
            let input = list(None, &sealed(text), &documents(text));
            assert_eq!(differences(&input).len(), 0, "against itself");
        }
        let items = documents(&overlay);
        let input = list(None, &sealed(&base), &items);
        let found = findings(&input);
        assert_spliced(&input, &run(&input).output, "results");
        let others = shuffled(documents(&base), 1).join("---\n");
        let input = list(None, &sealed(&others), &shuffled(items, 2));
        assert_eq!(found, findings(&input), "items shuffled");
    }
}

#[test]
fn the_corpus_keeps_the_laws_of_order() {
    for (id, base, overlay) in corpus_pairs() {
        println!("{id}");
        for document in documents(&base).iter().chain(&documents(&overlay)) {
            let tree = parse(document).unwrap();
            let Some(resource) = tree.roots().find_map(Resource::read) else {
                continue;
            };
            let value = resource.node.to_json();
            for other in [shuffled_keys(&value, 3), shuffled_unordered(&value, 4)] {
                with(&other, |other| {
                    assert_same(&resource, other);
                    assert_same(other, &resource);
                });
            }
        }
    }
}

/// Reads a value as a resource, by way of its JSON text.
fn with(value: &Value, then: impl FnOnce(&Resource<'_>)) {
    let text = value.to_string();
    let tree = parse(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
    let resource = tree.roots().find_map(Resource::read);
    then(&resource.unwrap_or_else(|| panic!("no resource: {text}")));
}

// Random trees.

/// Keys with a meaning for the diff, and some without.
const KEYS: &[&str] = &[
    "a",
    "b",
    "name",
    "kind",
    "metadata",
    "labels",
    "annotations",
    "spec",
    "data",
    "stringData",
    "containers",
    "image",
    "env",
    "envFrom",
    "value",
    "resources",
    "limits",
    "requests",
    "cpu",
    "ports",
    "rules",
    "host",
    "http",
    "paths",
    "path",
    "items",
    "namespace",
    "template",
    "config.kubernetes.io/index",
    "<<",
    "",
    "1",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        select(vec![
            json!(1.5),
            json!(1000),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(0.1)
        ]),
        select(vec![
            "",
            "a",
            "b",
            "1",
            "1000m",
            "1Gi",
            "1024Mi",
            "null",
            "true",
            "Secret",
            "Pod",
            "$(a)",
            "yes",
            "0644",
            "~",
            "- x",
            "a: b",
            " x",
            "x ",
            "#",
            "two\nlines\n",
            "\u{1b}[31m",
            "ü\u{202e}",
        ])
        .prop_map(Value::from),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            map(inner.clone()),
            // A list whose elements may have keys.
            vec((select(&["a", "b", "c"][..]), map(inner)), 0..4).prop_map(|items| {
                let named = items.into_iter().map(|(name, mut item)| {
                    item["name"] = name.into();
                    item
                });
                named.collect()
            }),
        ]
    })
}

fn map(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    btree_map(select(KEYS), inner, 0..5).prop_map(|entries| {
        let entries = entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value));
        Value::Object(entries.collect())
    })
}

const KINDS: &[(&str, &str)] = &[
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("example.com/v1", "Widget"),
];

/// A resource that no API server would accept.
fn wild() -> impl Strategy<Value = Value> {
    (select(KINDS), map(tree())).prop_map(|((version, kind), mut body)| {
        body["apiVersion"] = version.into();
        body["kind"] = kind.into();
        body
    })
}

/// Arguments of a program: flags with and without values, repeated ones, a shell, elements after
/// which there can be no flag.
fn arguments() -> BoxedStrategy<Value> {
    let word = select(vec![
        "--a", "--a=1", "--a=2", "--b", "--b=x", "-v", "x", "y", "$(a)", "--", "sh", "-c", "-", "",
    ]);
    let word = prop_oneof![9 => word.prop_map(Value::from), 1 => Just(json!(8080))];
    vec(word, 0..7).prop_map(Value::from).boxed()
}

/// A resource with the fields of its kind.
#[expect(clippy::too_many_lines, reason = "a table of shapes")]
fn tame() -> impl Strategy<Value = Value> {
    let names = || select(vec!["a", "b", "c", "d"]);
    let words = || select(vec!["x", "y", "z", "$(a)", "$(b)", "1"]);
    let amounts = || {
        select(vec![
            json!("1"),
            json!(1),
            json!("1000m"),
            json!("2Gi"),
            json!("2048Mi"),
            json!(0.5),
        ])
    };
    let list = |item: BoxedStrategy<Value>| vec(item, 0..4).prop_map(Value::from).boxed();
    let maybe = |value: BoxedStrategy<Value>| prop_oneof![Just(Value::Null), value].boxed();
    let env = (names(), words())
        .prop_map(|(name, value)| json!({"name": name, "value": value}))
        .boxed();
    let source = names()
        .prop_map(|name| json!({"configMapRef": {"name": name}}))
        .boxed();
    let port = (select(vec![80, 443, 53]), select(vec!["TCP", "UDP"]))
        .prop_map(
            |(port, protocol)| json!({"containerPort": port, "port": port, "protocol": protocol}),
        )
        .boxed();
    let mount = (names(), words())
        .prop_map(|(path, name)| json!({"mountPath": path, "name": name}))
        .boxed();
    let quantities = btree_map(select(vec!["cpu", "memory", "x/gpu"]), amounts(), 0..3)
        .prop_map(|map| {
            map.into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect::<Map<_, _>>()
        })
        .prop_map(Value::from)
        .boxed();
    let container = (
        names(),
        words(),
        maybe(list(env)),
        maybe(list(source)),
        maybe(list(port.clone())),
        maybe(list(mount)),
        maybe(quantities.clone()),
        maybe(arguments()),
    )
        .prop_map(|(name, image, env, from, ports, mounts, limits, args)| {
            json!({"name": name, "image": image, "env": env, "envFrom": from, "ports": ports, "volumeMounts": mounts,
                   "resources": {"limits": limits}, "args": args})
        })
        .boxed();
    let toleration = (words(), words())
        .prop_map(|(key, value)| json!({"key": key, "value": value}))
        .boxed();
    let labels = || {
        btree_map(names(), words(), 0..3).prop_map(|map| {
            let entries = map
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.into()));
            Value::Object(entries.collect())
        })
    };
    let pod = (
        list(container.clone()),
        maybe(list(container)),
        maybe(list(names().prop_map(|name| json!({"name": name, "emptyDir": {}})).boxed())),
        maybe(list(toleration)),
    )
        .prop_map(|(containers, init, volumes, tolerations)| {
            json!({"containers": containers, "initContainers": init, "volumes": volumes, "tolerations": tolerations})
        })
        .boxed();
    let path = (words(), names())
        .prop_map(|(path, name)| json!({"path": path, "pathType": "Prefix", "backend": {"service": {"name": name}}}))
        .boxed();
    let rule = (maybe(names().prop_map(Value::from).boxed()), list(path))
        .prop_map(|(host, paths)| json!({"host": host, "http": {"paths": paths}}))
        .boxed();
    let hosts = list(names().prop_map(Value::from).boxed());
    let route = (
        list(
            words()
                .prop_map(|path| json!({"path": {"value": path}}))
                .boxed(),
        ),
        list(names().prop_map(|name| json!({"name": name})).boxed()),
    )
        .prop_map(|(matches, backends)| json!({"matches": matches, "backendRefs": backends}))
        .boxed();
    let rbac = (hosts.clone(), hosts.clone())
        .prop_map(|(verbs, resources)| json!({"verbs": verbs, "resources": resources}))
        .boxed();
    let metadata = (names(), maybe(labels().boxed()), maybe(labels().boxed()))
        .prop_map(|(name, labels, annotations)| json!({"name": name, "labels": labels, "annotations": annotations}))
        .boxed();
    let body = prop_oneof![
        pod.clone().prop_map(|spec| json!({"apiVersion": "v1", "kind": "Pod", "spec": spec})),
        (pod.clone(), any::<bool>()).prop_map(|(pod, stateful)| {
            let kind = if stateful { "StatefulSet" } else { "Deployment" };
            json!({"apiVersion": "apps/v1", "kind": kind, "spec": {"template": {"spec": pod}}})
        }),
        // A kind without a known schema, and a pod in it.
        pod.prop_map(|pod| json!({"apiVersion": "example.com/v1", "kind": "Widget", "spec": {"worker": pod, "items": [[1], [2]]}})),
        (list(rule), list(hosts.prop_map(|hosts| json!({"hosts": hosts})).boxed()))
            .prop_map(|(rules, tls)| json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": {"rules": rules, "tls": tls}})),
        list(route).prop_map(|rules| json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "spec": {"rules": rules}})),
        list(port).prop_map(|ports| json!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": ports}})),
        list(rbac).prop_map(|rules| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "rules": rules})),
        (labels(), any::<bool>()).prop_map(|(data, secret)| {
            let kind = if secret { "Secret" } else { "ConfigMap" };
            json!({"apiVersion": "v1", "kind": kind, "data": data})
        }),
        quantities.prop_map(|hard| json!({"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": hard}})),
    ];
    (body, metadata).prop_map(|(mut body, metadata)| {
        body["metadata"] = metadata;
        body
    })
}

/// One edit of a value: at a place, remove, replace, repeat, or move.
#[derive(Clone, Debug)]
struct Edit {
    place: Index,
    how: u8,
    other: Index,
    with: Value,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit =
        (any::<Index>(), 0..5_u8, any::<Index>(), tree()).prop_map(|(place, how, other, with)| {
            Edit {
                place,
                how,
                other,
                with,
            }
        });
    vec(edit, 0..4)
}

fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                places(value, &at, all);
                all.push(at);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                let at = format!("{at}/{index}");
                places(value, &at, all);
                all.push(at);
            }
        }
        _ => {}
    }
}

fn edited(resource: &Value, edits: &[Edit]) -> Value {
    let mut value = resource.clone();
    for edit in edits {
        let mut all = Vec::new();
        places(&value, "", &mut all);
        all.retain(|place| place != "/kind" && place != "/apiVersion");
        if all.is_empty() {
            continue;
        }
        let place = edit.place.get(&all);
        let (parent, last) = place.rsplit_once('/').unwrap();
        match (edit.how, value.pointer_mut(parent).unwrap()) {
            (0, Value::Object(entries)) => {
                entries.shift_remove(&last.replace("~1", "/").replace("~0", "~"));
            }
            (0, Value::Array(items)) => {
                items.remove(last.parse().unwrap());
            }
            (1, Value::Array(items)) => {
                let item = edit.other.get(items).clone();
                items.insert(last.parse().unwrap(), item);
            }
            (2, Value::Array(items)) => {
                let (at, other) = (last.parse().unwrap(), edit.other.index(items.len()));
                items.swap(at, other);
            }
            (3, Value::Array(items)) => items.insert(last.parse().unwrap(), edit.with.clone()),
            _ => *value.pointer_mut(place).unwrap() = edit.with.clone(),
        }
    }
    value
}

fn hold(base: &Value, overlay: &Value) {
    with(base, |base| {
        with(overlay, |overlay| {
            assert_same(base, base);
            assert_reversible(base, overlay);
            assert_distinct(base, overlay);
            assert_covered(base, overlay);
            assert_covered(overlay, base);
        });
    });
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn random_arguments_keep_the_laws(base in arguments(), overlay in arguments()) {
        let pod = |args: &Value| json!({
            "apiVersion": "v1", "kind": "Pod",
            "spec": {"containers": [{"name": "a", "image": "x", "args": args, "command": ["run"]}]},
        });
        hold(&pod(&base), &pod(&overlay));
    }

    #[test]
    fn random_trees_keep_the_laws(base in wild(), edits in edits()) {
        hold(&base, &edited(&base, &edits));
    }

    #[test]
    fn random_resources_keep_the_laws(base in tame(), edits in edits()) {
        hold(&base, &edited(&base, &edits));
    }
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn unlike_trees_keep_the_laws(base in wild(), mut overlay in wild()) {
        overlay["apiVersion"] = base["apiVersion"].clone();
        overlay["kind"] = base["kind"].clone();
        hold(&base, &overlay);
    }

    #[test]
    fn unlike_resources_keep_the_laws(base in tame(), overlay in tame()) {
        if base["kind"] == overlay["kind"] {
            hold(&base, &overlay);
        }
    }

    #[test]
    fn orders_without_meaning_are_not_changes(resource in prop_oneof![tame(), wild()], seed: u64) {
        let seed = seed >> 1;
        for other in [shuffled_keys(&resource, seed), shuffled_unordered(&resource, seed)] {
            with(&resource, |resource| with(&other, |other| {
                assert_same(resource, other);
                assert_same(other, resource);
            }));
        }
    }

    #[test]
    fn a_spelling_is_not_a_change(resource in prop_oneof![tame(), wild()], style in style()) {
        let text = document(&resource, &style);
        let tree = parse(&text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
        let root = tree.roots().next().unwrap();
        prop_assert_eq!(root.to_json(), resource.clone(), "{}", text);
        with(&resource, |json| {
            let spelt = Resource::read(root).unwrap();
            assert_same(json, &spelt);
            assert_eq!(seal("s", "e", std::slice::from_ref(json)), seal("s", "e", &[spelt]));
        });
        let other = shuffled_keys(&resource, 5);
        with(&resource, |one| with(&other, |other| {
            assert_eq!(seal("s", "e", std::slice::from_ref(one)), seal("s", "e", std::slice::from_ref(other)));
        }));
    }

    #[test]
    fn a_sealed_snapshot_opens(all in items(), indent in 0..3_usize) {
        let text = all.iter().map(|value| format!("---\n{value}\n")).collect::<String>();
        let tree = parse(&text).unwrap();
        let live = resources(&tree);
        let snapshot = seal("shop", "base", &live);
        let block = format!("- {}", snapshot.to_yaml(2, "\n")).replace('\n', &format!("\n{}", " ".repeat(indent)));
        for text in [format!("{}{}", " ".repeat(indent), block), format!("[{}]", snapshot.to_json())] {
            let tree = parse(&text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
            let item = Resource::read(tree.roots().next().unwrap().items().next().unwrap()).unwrap();
            let opened = snapshot::open(&item).unwrap();
            prop_assert_eq!(opened.content, &snapshot.content);
            let inner = opened.parse().unwrap();
            let again = opened.resources(&inner).unwrap();
            prop_assert_eq!(again.len(), live.iter().filter(|item| !item.is_local_config()).count());
            prop_assert_eq!(seal("shop", "base", &again), snapshot.clone());
            // Only the values of Secrets are lost.
            let mut pairs: Vec<_> = live.iter().filter(|item| !item.is_local_config()).collect();
            pairs.sort_by_key(|resource| (resource.group(), resource.identity, resource.version()));
            for (live, sealed) in pairs.into_iter().zip(&again) {
                assert_same(sealed, live);
                assert_same(live, sealed);
            }
        }
    }
}

// Random styles.

/// The style of a document; each choice is taken from here in turn.
#[derive(Clone, Debug)]
struct Style {
    choices: Vec<u8>,
    crlf: bool,
}

fn style() -> impl Strategy<Value = Style> {
    (vec(any::<u8>(), 64), any::<bool>()).prop_map(|(choices, crlf)| Style { choices, crlf })
}

struct Writer<'s> {
    style: &'s Style,
    at: usize,
}

/// A value as one document, in a certain style.
fn document(value: &Value, style: &Style) -> String {
    let mut writer = Writer { style, at: 0 };
    let mut out = String::new();
    writer.block(&mut out, value, 0);
    if style.crlf {
        out.replace('\n', "\r\n")
    } else {
        out
    }
}

impl Writer<'_> {
    fn choose(&mut self, of: u8) -> u8 {
        self.at += 1;
        self.style.choices[self.at % self.style.choices.len()] % of
    }

    fn scalar(&mut self, value: &Value) -> String {
        match value {
            Value::Null => ["null", "~", "Null", "NULL"][usize::from(self.choose(4))].to_owned(),
            Value::Bool(true) => ["true", "True", "TRUE"][usize::from(self.choose(3))].to_owned(),
            Value::String(text) => match self.choose(3) {
                0 if text.chars().all(|c| c.is_ascii_graphic() || c == ' ') => {
                    format!("'{}'", text.replace('\'', "''"))
                }
                1 if !text.is_empty()
                    && text.chars().all(|c| c.is_ascii_lowercase())
                    && !matches!(text.as_str(), "null" | "true" | "false") =>
                {
                    text.clone()
                }
                _ => {
                    let mut out = String::new();
                    krm_parity::text::push_quoted(&mut out, text);
                    out
                }
            },
            other => other.to_string(),
        }
    }

    fn flow(&mut self, value: &Value) -> String {
        match value {
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.flow(item)).collect();
                let end = if !items.is_empty() && self.choose(2) == 0 {
                    " ,]"
                } else {
                    "]"
                };
                format!("[{}{end}", items.join(", "))
            }
            Value::Object(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| format!("{}: {}", self.key(key), self.flow(value)))
                    .collect();
                format!(
                    "{{{}}}",
                    entries.join(if self.choose(2) == 0 { "," } else { " , " })
                )
            }
            scalar => self.scalar(scalar),
        }
    }

    fn key(&mut self, key: &str) -> String {
        self.scalar(&key.into())
    }

    fn comment(&mut self) -> &'static str {
        ["\n", "\n", "\n", " # [a comment] {\n", "   \n", "\n\n"][usize::from(self.choose(6))]
    }

    /// Writes a value at the beginning of a line, with each of its lines indented by that many
    /// spaces.
    fn block(&mut self, out: &mut String, value: &Value, indent: usize) {
        let pad = " ".repeat(indent);
        match value {
            Value::Object(entries) if !entries.is_empty() && self.choose(5) > 0 => {
                for (key, value) in entries {
                    out.push_str(&pad);
                    let key = self.key(key);
                    out.push_str(&key);
                    out.push(':');
                    self.below(out, value, indent, true);
                }
            }
            Value::Array(items) if !items.is_empty() && self.choose(5) > 0 => {
                for item in items {
                    out.push_str(&pad);
                    out.push('-');
                    self.below(out, item, indent, false);
                }
            }
            other => {
                out.push_str(&pad);
                out.push_str(&self.flow(other));
                out.push_str(self.comment());
            }
        }
    }

    fn below(&mut self, out: &mut String, value: &Value, indent: usize, in_map: bool) {
        if let Value::String(text) = value
            && text.ends_with('\n')
            && !text.starts_with([' ', '\n'])
            && !text
                .chars()
                .any(|c| c != '\n' && krm_parity::text::is_unsafe(c))
            && self.choose(2) == 0
        {
            out.push_str(" |\n");
            for line in text.lines() {
                out.extend([&" ".repeat(indent + 2), line, "\n"]);
            }
        } else if value.is_object() || value.is_array() {
            out.push_str(self.comment());
            // A list may be in the column of its key.
            let deeper = if in_map && value.is_array() {
                usize::from(self.choose(2)) * 2
            } else {
                1 + usize::from(self.choose(3))
            };
            let mut inner = String::new();
            self.block(&mut inner, value, indent + deeper);
            // But not if it is in brackets.
            if deeper == 0 && !inner.trim_start().starts_with('-') {
                inner.insert(0, ' ');
            }
            out.push_str(&inner);
        } else {
            out.push(' ');
            out.push_str(&self.scalar(value));
            out.push_str(self.comment());
        }
    }
}

/// Removes complete Secrets inside a resource, because their fields are sealed and no list has keys
/// of them.
fn no_inner_secrets(resource: &mut Value) {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(entries) => {
                entries.retain(|key, value| key != "kind" || value != "Secret");
                entries.values_mut().for_each(walk);
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    if let Value::Object(entries) = resource {
        entries.values_mut().for_each(walk);
    }
}

fn resource_list(items: &[Value], config: Option<&str>) -> Value {
    let mut list =
        json!({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items});
    if let Some(config) = config {
        let tree = parse(config).unwrap();
        list["functionConfig"] = tree.roots().next().map(Node::to_json).unwrap_or_default();
    }
    list
}

const RECORDER: &str =
    "{apiVersion: krm-parity.io/v1alpha1, kind: SnapshotRecorder, metadata: {name: shop}}";

/// Resources that may be in one list: each has a unique name.
fn items() -> impl Strategy<Value = Vec<Value>> {
    vec(prop_oneof![tame(), wild()], 0..4)
        .prop_map(|items| items.into_iter().enumerate().map(named).collect())
}

fn named((index, mut item): (usize, Value)) -> Value {
    if !item["metadata"].is_object() {
        item["metadata"] = json!({});
    }
    item["metadata"]["name"] = format!("n{index}").into();
    no_inner_secrets(&mut item);
    // A namespace that is null, or not a string, is an identity as written.
    item["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("namespace");
    item
}

proptest! {
    #![proptest_config(config(800))]

    #[test]
    fn the_input_is_passed_on(
        base in items(), edits in edits(), style in style(), first in any::<bool>(),
    ) {
        let overlay: Vec<_> = base.iter().map(|item| edited(item, &edits)).enumerate().map(named).collect();
        let text = base.iter().map(|value| format!("---\n{value}\n")).collect::<String>();
        let tree = parse(&sealed(&text).to_json()).map(|tree| tree.roots().next().unwrap().to_json()).unwrap();
        let mut items = overlay;
        items.insert(0, tree);
        let mut value = resource_list(&items, None);
        if first {
            // Keys in another order: items are not the last.
            value = shuffled_keys(&value, 9);
        }
        let input = document(&value, &style);
        let answer = run(&input);
        assert_spliced(&input, &answer.output, "results");
        prop_assert_eq!(answer.report.findings.is_empty(), answer.output == Output::Unchanged);
        // The same input as JSON has the same findings.
        let json = value.to_string();
        prop_assert_eq!(findings(&input), findings(&json));
        assert_spliced(&json, &run(&json).output, "results");
    }

    #[test]
    fn a_recorder_adds_one_item(items in items(), style in style(), seed: u32) {
        let value = shuffled_keys(&resource_list(&items, Some(RECORDER)), seed.into());
        let input = document(&value, &style);
        let output = run(&input).output;
        assert_spliced(&input, &output, "items");
        let Output::Text(output) = output else { panic!("nothing was recorded") };
        let tree = parse(&output).unwrap();
        let after: Vec<_> = tree.roots().next().unwrap().get("items").unwrap().items().map(Node::to_json).collect();
        prop_assert_eq!(&after[0]["kind"], "EnvironmentSnapshot");
        prop_assert_eq!(&after[1..], &items[..]);
        // The recorded content equals the items; two empty sides are a missing baseline.
        let policy = output.replace("SnapshotRecorder", "ParityPolicy");
        prop_assert_eq!(run(&policy).report.findings.len(), usize::from(items.is_empty()));
    }
}

// Nothing panics.

/// Both protocols answer or refuse; an answer is a valid list.
fn survive(input: &[u8]) {
    let output = match function::run(input, TODAY) {
        Ok(answer) => match answer.output {
            Output::Unchanged => return,
            Output::Text(text) => text,
        },
        Err(refusal) => {
            assert!(!refusal.to_string().is_empty());
            refusal.to_list(input)
        }
    };
    let tree = parse(&output).unwrap_or_else(|error| panic!("{error} in\n{output}"));
    krm_parity::krm::read(&tree).unwrap_or_else(|error| panic!("{error} in\n{output}"));
    let _ = run_plugin(RECORDER.as_bytes(), input, TODAY);
    let _ = run_plugin(input, input, TODAY);
}

const TOKENS: &[&str] = &[
    "a",
    "b: ",
    "- ",
    "? ",
    ": ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\n",
    "\n  ",
    "\n    ",
    "&a ",
    "*a",
    "<<: ",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "\\",
    "#",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "!!str ",
    "!x ",
    "~",
    "1",
    "\t",
    "\r\n",
    "\u{feff}",
    "\0",
    "apiVersion: config.kubernetes.io/v1\n",
    "kind: ResourceList\n",
    "items:\n",
    "items: []\n",
    "results:\n",
    "functionConfig:\n",
    "- kind: A\n",
    "  metadata: ",
    "\u{85}",
    "\u{2028}",
];

fn a_good_list() -> String {
    let base = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v, l: \"w\"}\n---\napiVersion: v1\nkind: Pod\n\
                metadata: {name: p}\nspec:\n  containers:\n  - {name: c, image: i, env: [{name: A, value: x}]}\n";
    let overlay = documents(
        &base
            .replace("k: v", "k2: v")
            .replace("image: i", "image: j"),
    );
    let policy = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  environment: production\n  rules: {other: {severity: info}}\n";
    list(Some(policy), &sealed(base), &overlay)
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        survive(&bytes);
    }

    #[test]
    fn tokens_never_panic(tokens in vec(select(TOKENS), 0..40)) {
        let text = tokens.concat();
        survive(text.as_bytes());
        survive(format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {text}").as_bytes());
        survive(format!("{{apiVersion: config.kubernetes.io/v1, kind: ResourceList, items: [{text}").as_bytes());
    }

    #[test]
    fn broken_lists_never_panic(cuts in vec((any::<Index>(), any::<Index>(), 0..6_u8, select(TOKENS)), 1..5)) {
        let mut text = a_good_list();
        for (from, to, how, token) in cuts {
            let bounds: Vec<usize> = (0..=text.len()).filter(|&at| text.is_char_boundary(at)).collect();
            let (a, b) = (*from.get(&bounds), *to.get(&bounds));
            let (a, b) = (a.min(b), a.max(b).min(a.min(b) + 200));
            let b = (0..=b).rev().find(|&at| text.is_char_boundary(at)).unwrap();
            let part = text[a..b].to_owned();
            match how {
                0 => text.truncate(b),
                1 => text.insert_str(a, &part),
                2 => text.replace_range(a..b, ""),
                3 => text.replace_range(a..b, token),
                4 => text.insert_str(a, token),
                _ => text = text.replacen(&part, token, 1),
            }
        }
        survive(text.as_bytes());
    }
}

#[test]
fn the_good_list_is_good() {
    let input = a_good_list();
    let found = findings(&input);
    assert_eq!(found.len(), 3, "{found:?}");
}

/// A sealed `prod` is the production that a policy names, both in a build and in a matrix.
#[test]
fn a_baseline_may_be_sealed_under_another_word_for_it() {
    const WEB: &str =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, annotations: {a: '1'}}\n";
    let tree = parse(WEB).unwrap();
    let sealed = seal("web", "prod", &resources(&tree));
    let live = documents(&WEB.replace("'1'", "'2'"));
    for (spec, rule) in [
        ("environment: eu, baseline: production", "annotations"),
        (
            "environments: [eu, production], environment: eu, baseline: production",
            "annotations",
        ),
        ("environment: eu, baseline: staging", "missing-baseline"),
    ] {
        let policy = format!(
            "{{apiVersion: krm-parity.io/v1alpha1, kind: ParityPolicy, metadata: {{name: p}}, spec: {{{spec}}}}}"
        );
        let answer = function::run(list(Some(&policy), &sealed, &live).as_bytes(), TODAY).unwrap();
        let rules: Vec<_> = answer
            .report
            .findings
            .iter()
            .map(|one| one.rule.as_str())
            .collect();
        assert_eq!(rules, [rule], "{spec}");
    }
}
