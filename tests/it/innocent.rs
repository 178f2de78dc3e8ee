//! Innocent changes are never reported: any combination of permitted changes has no result.
//!
//! The bases are those of the examples and, if it exists, of the corpus of public overlays.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use krm_parity::function::Output;
use krm_parity::yaml::{Node, parse};
use serde_json::{Value, json};

use crate::edits::{Dice, INNOCENT, first_seed, text};
use crate::lawbook::{corpus_pairs, run, sealed, shuffled, shuffled_keys, shuffled_unordered};

/// A name and its resources.
type Base = (String, Vec<Value>);

fn values(text: &str) -> Vec<Value> {
    let tree = parse(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    tree.roots()
        .map(Node::to_json)
        .filter(|value| value["kind"].is_string())
        .collect()
}

/// The bases of the examples, as this program reads their files, including generators.
fn examples() -> Vec<Base> {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/services");
    let mut bases = Vec::new();
    for service in fs::read_dir(services).expect("the services") {
        let service = service.expect("a service").path();
        let mut base = Vec::new();
        let mut files: Vec<_> = fs::read_dir(service.join("base"))
            .expect("a base")
            .map(|file| file.expect("a file").path())
            .collect();
        files.sort();
        for file in files {
            let read = values(&fs::read_to_string(&file).expect("a file"));
            for value in read {
                match text(&value, "/kind") {
                    "SnapshotRecorder" => {}
                    "Kustomization" => base.extend(generated(&value)),
                    _ => base.push(value),
                }
            }
        }
        base.retain(|value| value["metadata"]["name"].is_string());
        let name = service.file_name().expect("a name").to_string_lossy();
        bases.push((name.into_owned(), base));
    }
    bases.sort_by(|a, b| a.0.cmp(&b.0));
    bases
}

fn generated(kustomization: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for (field, kind) in [
        ("configMapGenerator", "ConfigMap"),
        ("secretGenerator", "Secret"),
    ] {
        for generator in kustomization[field].as_array().into_iter().flatten() {
            let literals = generator["literals"].as_array().into_iter().flatten();
            let data: serde_json::Map<_, _> = literals
                .filter_map(|literal| literal.as_str()?.split_once('='))
                .map(|(key, value)| (key.to_owned(), value.into()))
                .collect();
            all.push(json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": generator["name"]}, "data": data}));
        }
    }
    all
}

fn corpus() -> Vec<Base> {
    corpus_pairs()
        .into_iter()
        .map(|(id, base, _)| (id, values(&base)))
        .collect()
}

fn joined(resources: &[Value]) -> String {
    resources
        .iter()
        .map(|value| format!("---\n{value}\n"))
        .collect()
}

/// A base after these edits, with the snapshot that went through them too.
fn edited(base: &[Value], chosen: &[usize], seed: u64) -> Vec<Value> {
    let mut dice = Dice::new(seed);
    let snapshot: Value =
        serde_json::from_str(&sealed(&joined(base)).to_json()).expect("a snapshot");
    // A change of everything reaches the snapshot as well.
    let mut items = base.to_vec();
    items.push(snapshot);
    for &edit in chosen {
        INNOCENT[edit].1(&mut items, &mut dice);
    }
    items
}

/// The findings in these items, in another order: none, if all is well.
fn found(items: &[Value], seed: u64) -> Vec<String> {
    let items: Vec<Value> = shuffled(items.to_vec(), seed)
        .iter()
        .map(|item| shuffled_keys(&shuffled_unordered(item, seed), seed))
        .collect();
    let input = json!({
        "apiVersion": "config.kubernetes.io/v1",
        "kind": "ResourceList",
        "functionConfig": {
            "apiVersion": "krm-parity.io/v1alpha1",
            "kind": "ParityPolicy",
            "spec": {"environment": "production", "failOn": "warning"},
        },
        "items": items,
    });
    let answer = run(&input.to_string());
    let findings = answer.report.findings.iter();
    assert_eq!(
        answer.report.findings.is_empty(),
        answer.output == Output::Unchanged
    );
    // A contradiction within one side is also in the base.
    let told: Vec<_> = findings
        .filter(|finding| !finding.rule.is_alone())
        .map(|finding| format!("{}: {}", finding.rule.as_str(), finding.message))
        .collect();
    told
}

/// The smallest subset of the edits that is reported.
fn least(base: &[Value], chosen: &[usize], seed: u64) -> Vec<usize> {
    let mut chosen = chosen.to_vec();
    while let Some(at) = (0..chosen.len()).find(|&at| {
        let mut fewer = chosen.clone();
        fewer.remove(at);
        !found(&edited(base, &fewer, seed), seed).is_empty()
    }) {
        chosen.remove(at);
    }
    chosen
}

/// A base and edits.
type Tried = (String, Vec<&'static str>);

/// The number of attempts, and the reported edits.
#[derive(Default)]
struct Sum {
    /// The number of times that each edit, alone, changed a base.
    effects: [usize; INNOCENT.len()],
    /// The seed, and the findings.
    faults: BTreeMap<Tried, (u64, Vec<String>)>,
}

/// First each edit alone, then combinations.
fn try_base((name, base): &Base, round: usize, seed: u64, sum: &Mutex<Sum>) {
    let mut dice = Dice::new(seed);
    let chosen: Vec<usize> = if round < 2 * INNOCENT.len() {
        vec![round / 2]
    } else {
        (0..INNOCENT.len()).filter(|_| dice.roll(2) == 0).collect()
    };
    let items = edited(base, &chosen, seed);
    if let [edit] = chosen[..]
        && items[..base.len()] != *base
    {
        sum.lock().expect("a sum").effects[edit] += 1;
    }
    if found(&items, seed).is_empty() {
        return;
    }
    let least = least(base, &chosen, seed);
    let edits = least.iter().map(|&edit| INNOCENT[edit].0).collect();
    let told = found(&edited(base, &least, seed), seed);
    let mut sum = sum.lock().expect("a sum");
    sum.faults.insert((name.clone(), edits), (seed, told));
}

fn try_bases(what: &str, bases: &[Base], combinations: usize, first: u64) {
    let next = AtomicUsize::new(0);
    let sum = Mutex::new(Sum::default());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let all = bases.len() * combinations;
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= all {
                        break;
                    }
                    let seed = first + u64::try_from(at).expect("few");
                    try_base(&bases[at / combinations], at % combinations, seed, &sum);
                }
            });
        }
    });
    println!("{what}: {} bases, {all} overlays", bases.len());
    let Sum { effects, faults } = sum.into_inner().expect("a sum");
    for ((name, edits), (seed, told)) in faults.iter().take(30) {
        println!("{name} {edits:?} (seed {seed}):");
        told.iter().take(3).for_each(|told| println!("  {told}"));
    }
    assert!(faults.is_empty(), "{} faults", faults.len());
    // An edit that changes nothing is always innocent.
    for ((edit, _), times) in INNOCENT.iter().zip(effects) {
        println!("  {edit} alone changed a base {times} times");
        assert!(times >= 2, "{edit} changes nothing");
    }
}

#[test]
fn the_bases_of_the_examples_may_be_used() {
    let bases = examples();
    assert!(bases.len() >= 4);
    try_bases("examples", &bases, 1000, first_seed());
}

#[test]
fn the_bases_of_the_corpus_may_be_used() {
    let bases: Vec<_> = corpus()
        .into_iter()
        .filter(|(_, base)| !base.is_empty() && joined(base).len() < 40_000)
        .collect();
    if !bases.is_empty() {
        try_bases("corpus", &bases, 60, first_seed());
    }
}
