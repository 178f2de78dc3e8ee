//! Laws over the recorded objects: an equivalent spelling is silent, and every field that a person
//! changes is reported once.

use std::collections::BTreeMap;
use std::fs;

use jiff::civil::date;
use krm_parity::krm;
use krm_parity::live;
use krm_parity::policy::Policy;
use krm_parity::rules::{Cluster, judge_live};
use krm_parity::yaml;
use serde_json::{Map, Value, json};

/// The findings of one object: rule and path.
fn told(git: &Value, running: &Value) -> Vec<String> {
    let (git, running) = (git.to_string(), running.to_string());
    let trees = [&git, &running].map(|text| yaml::parse(text).expect("JSON"));
    let [git, running] = trees
        .each_ref()
        .map(|tree| krm::read_documents(tree).expect("resources"));
    let compared = live::compare(&git, &running, &Policy::default().managers).expect("one object");
    let cluster = Cluster {
        service: "",
        environment: "live",
        named: ("", ""),
        overlay: None,
    };
    let report = judge_live(
        &compared,
        None,
        cluster,
        &Policy::default(),
        date(2026, 1, 1),
    );
    let all = report.findings.iter();
    all.map(|finding| {
        let path = finding.field.as_ref().map(|field| field.path.to_string());
        format!("{} {}", finding.rule, path.unwrap_or_default())
    })
    .collect()
}

/// The objects of a scenario: in Git and in the cluster.
fn pairs(scenario: &str) -> Vec<(Value, Value)> {
    let read = |name: &str| -> Vec<Value> {
        let path = super::recordings().join(scenario).join(name);
        let text = fs::read_to_string(&path)
            .or_else(|_| fs::read_to_string(path.with_extension("json")))
            .expect("a recording");
        let tree = yaml::parse(&text).expect("YAML");
        let all = krm::read_documents(&tree).expect("resources");
        all.iter().map(|one| one.node.to_json()).collect()
    };
    let running = read("live.yaml");
    let name = |one: &Value| (one["kind"].clone(), one["metadata"]["name"].clone());
    let all = read("want.yaml").into_iter().map(|git| {
        let mut same = running.iter().filter(|one| name(one) == name(&git));
        let running = same.next().expect("it runs").clone();
        (git, running)
    });
    all.collect()
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides.max(1) as u64).unwrap_or_default()
    }

    fn is_lucky(&mut self) -> bool {
        self.roll(4) == 0
    }
}

/// Lists whose elements have keys, or whose order has no meaning.
const UNORDERED: [&str; 9] = [
    "containers",
    "env",
    "hosts",
    "policyTypes",
    "ports",
    "subjects",
    "verbs",
    "volumeMounts",
    "volumes",
];

/// Fields of a pod or a container whose zero value has no meaning.
const ZEROS: [(&str, &str); 6] = [
    ("containers", "nodeSelector"),
    ("containers", "tolerations"),
    ("containers", "hostNetwork"),
    ("image", "tty"),
    ("image", "volumeDevices"),
    ("image", "workingDir"),
];

fn zero(name: &str) -> Value {
    match name {
        "nodeSelector" => json!({}),
        "tolerations" | "volumeDevices" => json!([]),
        "workingDir" => json!(""),
        _ => json!(false),
    }
}

/// Another spelling of an amount.
fn respelled(text: &str) -> Option<String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.')?);
    let whole: u64 = number.parse().ok()?;
    match unit {
        "Gi" => Some(format!("{}Mi", whole * 1024)),
        "Mi" => Some(format!("{}Ki", whole * 1024)),
        "m" => Some(format!("{}u", whole * 1000)),
        _ => None,
    }
}

/// Writes the same in another way; `running` is the API server's result.
fn rewrite(git: &mut Value, running: Option<&Value>, name: &str, parent: &str, dice: &mut Dice) {
    match git {
        Value::Object(map) => {
            // Maps with free keys keep their content.
            let is_free = [
                "data",
                "stringData",
                "labels",
                "annotations",
                "matchLabels",
                "selector",
                "nodeSelector",
                "hard",
            ]
            .contains(&name);
            let is_struct = !is_free && !name.is_empty() || parent.is_empty() && name.is_empty();
            if is_struct && name != "metadata" && dice.is_lucky() {
                map.insert("nothing".to_owned(), Value::Null);
            }
            if is_struct {
                for (mark, field) in ZEROS {
                    if map.contains_key(mark) && !map.contains_key(field) && dice.is_lucky() {
                        map.insert(field.to_owned(), zero(field));
                    }
                }
                map.retain(|key, value| {
                    let is_zero =
                        *value == json!(false) || *value == json!("") || *value == json!([]);
                    let may_go = key != "value" && key != "automountServiceAccountToken";
                    !(is_zero && may_go && dice.is_lucky())
                });
                // Values that the API server added may be written out.
                for (key, value) in running.and_then(Value::as_object).into_iter().flatten() {
                    let is_own = matches!(
                        key.as_str(),
                        "status" | "metadata" | "data" | "managedFields"
                    );
                    if !is_own && !map.contains_key(key) && dice.is_lucky() {
                        map.insert(key.clone(), value.clone());
                    }
                }
            }
            for (key, value) in map.iter_mut() {
                let is_amount = matches!(name, "limits" | "requests" | "hard" | "default")
                    || key == "sizeLimit";
                let text = value.as_str().filter(|_| is_amount).and_then(respelled);
                if let Some(text) = text.filter(|_| dice.is_lucky()) {
                    *value = text.into();
                }
                let inner = running.and_then(|running| running.get(key));
                rewrite(value, inner, key, name, dice);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                let own = running.and_then(|running| match item.get("name") {
                    Some(name) => running
                        .as_array()?
                        .iter()
                        .find(|one| one.get("name") == Some(name)),
                    None => running.get(at),
                });
                rewrite(item, own, "[]", name, dice);
            }
            if UNORDERED.contains(&name) {
                for at in (1..items.len()).rev() {
                    items.swap(at, dice.roll(at + 1));
                }
            }
        }
        _ => {}
    }
}

#[test]
fn an_equivalent_spelling_is_silent() {
    const ROUNDS: usize = 110;
    let mut objects = Vec::new();
    for scenario in [
        "untouched-ssa",
        "untouched-argo-csa",
        "hpa",
        "changed-back",
        "v1.37/untouched-argocd",
        "v1.37/untouched-migrated",
        "v1.37/untouched-pipeline",
    ] {
        objects.extend(pairs(scenario));
    }
    let mut rewritten = 0;
    let mut dice = Dice(0x5eed);
    for round in 0..ROUNDS {
        for (git, running) in &objects {
            let mut other = git.clone();
            rewrite(&mut other, Some(running), "", "", &mut dice);
            if round % 2 == 1 {
                // The same without owners.
                let mut plain = running.clone();
                let metadata = plain["metadata"].as_object_mut().expect("metadata");
                metadata.remove("managedFields");
                let found = told(&other, &plain);
                assert!(found.is_empty(), "{found:?}\n{other:#}");
            }
            let found = told(&other, running);
            assert!(found.is_empty(), "{found:?}\n{other:#}");
            rewritten += 1 + round % 2;
        }
    }
    assert!(rewritten >= 10_000, "{rewritten}");
}

/// A path through an object.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Element(usize),
}

fn leaves(value: &Value, way: &mut Vec<Step>, out: &mut Vec<Vec<Step>>) {
    let mut below = |step: Step, value: &Value, out: &mut Vec<Vec<Step>>| {
        way.push(step);
        leaves(value, way, out);
        way.pop();
    };
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                below(Step::Field(key.clone()), value, out);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                below(Step::Element(at), value, out);
            }
        }
        _ => out.push(way.clone()),
    }
}

fn at<'v>(value: &'v Value, way: &[Step]) -> Option<&'v Value> {
    way.iter().try_fold(value, |value, step| match step {
        Step::Field(name) => value.get(name),
        Step::Element(at) => value.get(at),
    })
}

fn at_mut<'v>(value: &'v mut Value, way: &[Step]) -> Option<&'v mut Value> {
    way.iter().try_fold(value, |value, step| match step {
        Step::Field(name) => value.get_mut(name),
        Step::Element(at) => value.get_mut(*at),
    })
}

/// Removes a path from the fields of an entry, and returns it alone.
fn take(fields: &mut Value, running: &Value, way: &[Step]) -> Option<Value> {
    let map = fields.as_object_mut()?;
    let (step, rest) = way.split_first()?;
    let (key, inner) = match step {
        Step::Field(name) => (format!("f:{name}"), running.get(name)?),
        Step::Element(at) => {
            let element = running.get(at)?;
            let is_it = |key: &&String| {
                let keys = key
                    .strip_prefix("k:")
                    .and_then(|keys| serde_json::from_str::<Map<String, Value>>(keys).ok());
                keys.is_some_and(|keys| {
                    keys.iter()
                        .all(|(key, value)| element.get(key) == Some(value))
                })
            };
            (map.keys().find(is_it)?.clone(), element)
        }
    };
    let below = map.get_mut(&key)?;
    let taken = if below.as_object()?.is_empty() || rest.is_empty() {
        map.remove(&key)?
    } else {
        let taken = take(below, inner, rest)?;
        // An entry that owns nothing is removed.
        if below.as_object().is_some_and(Map::is_empty) {
            map.remove(&key);
        }
        taken
    };
    Some(json!({key: taken}))
}

/// Whether a field identifies an element or an object.
fn is_name(way: &[Step], git: &Value) -> bool {
    let Some((Step::Field(last), above)) = way.split_last() else {
        return true;
    };
    let is_key = matches!(
        last.as_str(),
        "name" | "containerPort" | "mountPath" | "port" | "topologyKey" | "whenUnsatisfiable"
    ) && matches!(above.last(), Some(Step::Element(_)));
    let is_top = matches!(way.first(), Some(Step::Field(first)) if matches!(first.as_str(), "apiVersion" | "kind" | "stringData"));
    let is_identity =
        way.len() == 2 && matches!(way.first(), Some(Step::Field(first)) if first == "metadata");
    is_key || is_top || is_identity || git.is_null()
}

/// Another value of the same type.
fn other(value: &Value) -> Value {
    match value {
        Value::Bool(value) => json!(!value),
        Value::Number(number) => json!(number.as_i64().unwrap_or_default() + 7),
        Value::String(text) if respelled(text).is_some() => json!("7"),
        Value::String(text) if text.parse::<f64>().is_ok() => json!("70"),
        value => json!(format!("{}-other", value.as_str().unwrap_or_default())),
    }
}

#[test]
fn every_field_that_a_person_changes_or_removes_is_reported_once() {
    let mut tested = BTreeMap::from([("manual-change", 0), ("manual-removal", 0)]);
    let newer = pairs("v1.37/untouched-argocd");
    for (git, running) in pairs("untouched-ssa").into_iter().chain(newer) {
        let mut all = Vec::new();
        leaves(&git, &mut Vec::new(), &mut all);
        for way in all {
            let value = at(&git, &way).expect("a leaf").clone();
            let zero = [json!(false), json!(""), json!(0)].contains(&value);
            let Some(lives) = at(&running, &way).cloned() else {
                continue;
            };
            if is_name(&way, &value) || zero {
                continue;
            }
            let mut base = running.clone();
            let fields = &mut base["metadata"]["managedFields"][0]["fieldsV1"];
            let Some(taken) = take(fields, &running, &way) else {
                panic!("nobody owns {way:?}");
            };
            let entry = |fields: Value| json!({"manager": "kubectl-edit", "operation": "Update", "time": "2026-02-02T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields});
            // A changed value.
            let mut changed = base.clone();
            *at_mut(&mut changed, &way).expect("it is there") = other(&lives);
            let entries = changed["metadata"]["managedFields"]
                .as_array_mut()
                .expect("entries");
            entries.push(entry(taken.clone()));
            let found = told(&git, &changed);
            let is_replicas = matches!(found.as_slice(), [one, two] if two.starts_with("replicas-and") || one.starts_with("replicas-and"));
            assert!(found.len() == 1 || is_replicas, "{way:?}: {found:?}");
            assert!(found[0].starts_with("manual-change "), "{way:?}: {found:?}");
            *tested.entry("manual-change").or_default() += 1;
            // A removed value; the rest of a list or a map with one owner belongs to the person.
            let Some((Step::Field(last), above)) = way.split_last() else {
                continue;
            };
            let mut removed = base;
            at_mut(&mut removed, above)
                .and_then(Value::as_object_mut)
                .expect("a map")
                .remove(last);
            let mut chain = &taken;
            let mut steps = 0;
            while let Some((_, inner)) = chain.as_object().and_then(|map| map.iter().next()) {
                chain = inner;
                steps += 1;
            }
            if steps < way.len() {
                let entries = removed["metadata"]["managedFields"]
                    .as_array_mut()
                    .expect("entries");
                entries.push(entry(taken));
            }
            let found = told(&git, &removed);
            let rule = if steps < way.len() {
                "manual-change "
            } else {
                "manual-removal "
            };
            let is_default = found.is_empty() && git["kind"] != json!("ConfigMap");
            assert!(
                found.len() == 1 && found[0].starts_with(rule) || is_default,
                "{way:?}: {found:?}"
            );
            if is_default {
                println!("a default: {way:?}");
            } else {
                *tested.entry("manual-removal").or_default() += 1;
            }
        }
    }
    assert!(tested.values().all(|count| *count > 40), "{tested:?}");
}
