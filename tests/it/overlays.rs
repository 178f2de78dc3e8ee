//! Edits under real kustomize: each is judged by its field, whatever its form.
//!
//! Overlays of the examples' services are made at random from strategic merge patches, JSON6902
//! patches and the lists of a kustomization, within prefixes, namespaces, labels and annotations.
//! docs/fields.md gives the class of each edit; edits that the default policy allows have no
//! result, and each of the others has one. Hundreds of overlays are built one by one with the
//! function; hundreds more are gathered in one build and then judged.

pub mod edit;
mod engine;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use krm_parity::catalog::RuleId;
use krm_parity::path::Path;
use krm_parity::text::without_hash;
use krm_parity::yaml::{Node, parse};
use serde_json::{Value, json};

use crate::edits::{Dice, first_seed, text};
use crate::fields::table::{Table, place_of, read};
use crate::lawbook::{list, run, sealed};
use crate::support::{
    Call, Host, Run, Tap, Tree, copy_examples, example, require, rewrite, without_functions,
};
use edit::{Edit, Form, random};

const SERVICES: [&str; 4] = ["catalog", "checkout", "inventory", "payments"];

/// The number of overlays that are built with the function.
const BUILT: usize = 360;

/// The number of overlays that one build gathers, for each service.
const GATHERED: usize = 100;

/// The classes that the default policy allows, and changes that are never reported.
const ALLOWED: [&str; 5] = [
    "replicas",
    "resource-values",
    "env-values",
    "hostnames",
    "none",
];

fn values(text: &str) -> Vec<Value> {
    let tree = parse(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    tree.roots().map(Node::to_json).collect()
}

fn is_allowed(edit: &Edit) -> bool {
    let mut classes = edit.expected.iter().map(|[class, ..]| class.as_str());
    classes.all(|class| ALLOWED.contains(&class))
}

/// The changes of everything in an overlay, which make it an environment.
#[derive(Debug)]
struct Frame {
    prefix: &'static str,
    suffix: &'static str,
    fields: Vec<(&'static str, Value)>,
}

fn frame(dice: &mut Dice) -> Frame {
    let prefix = *dice.pick(&["", "eu-", "production-"]);
    let suffix = *dice.pick(&["", "", "-1"]);
    let mut fields = vec![("namePrefix", prefix.into()), ("nameSuffix", suffix.into())];
    if dice.roll(2) == 0 {
        fields.push(("namespace", "shop".into()));
    }
    let pairs = json!({"example.com/environment": "production"});
    match dice.roll(4) {
        0 => fields.push(("labels", json!([{"pairs": pairs}]))),
        1 => fields.push((
            "labels",
            json!([{"pairs": pairs, "includeTemplates": true}]),
        )),
        2 => fields.push((
            "labels",
            json!([{"pairs": pairs, "includeSelectors": true}]),
        )),
        _ => {}
    }
    if dice.roll(2) == 0 {
        fields.push(("commonAnnotations", json!({"example.com/owner": "shop"})));
    }
    fields.retain(|(_, value)| value != "");
    Frame {
        prefix,
        suffix,
        fields,
    }
}

/// One to four unrelated edits.
fn edits(base: &[Value], table: &Table, dice: &mut Dice, guilty: bool) -> Vec<Edit> {
    let count = 1 + dice.roll(4);
    let mut all: Vec<Edit> = Vec::new();
    while all.len() < count {
        if let Some(edit) = random(base, table, dice)
            && (guilty || is_allowed(&edit))
            && !all.iter().any(|one| one.touches(&edit))
        {
            all.push(edit);
        }
    }
    // JSON6902 patches count elements, which other patches may move.
    all.sort_by_key(|edit| edit.form);
    all
}

/// A kustomization; JSON is YAML.
fn kustomization(resources: &[&str], edits: &[Edit]) -> Value {
    let mut file = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    });
    for edit in edits {
        let list = &mut file[edit.form.field()];
        if !list.is_array() {
            *list = json!([]);
        }
        list.as_array_mut()
            .expect("a list")
            .push(edit.entry.clone());
    }
    file
}

/// A finding: rule or class, kind, name and path.
type Told = [String; 4];

fn expected(edits: &[Edit]) -> Vec<Told> {
    let told = edits.iter().flat_map(|edit| edit.expected.clone());
    let mut all: Vec<_> = told
        .filter(|[class, ..]| !ALLOWED.contains(&class.as_str()))
        .collect();
    all.sort();
    // Several edits may move elements of one list.
    all.dedup();
    all
}

/// A finding with the names and places of the base: a patch may move the patched element to the
/// front of its list.
fn by_base(base: &[Value], [class, kind, name, path]: Told, frame: Option<&Frame>) -> Told {
    let mut name = without_hash(&name);
    if let Some(Frame { prefix, suffix, .. }) = frame {
        name = name.strip_prefix(prefix).unwrap_or(name);
        name = name.strip_suffix(suffix).unwrap_or(name);
    }
    let is_it = |one: &&Value| {
        text(one, "/kind") == kind && without_hash(text(one, "/metadata/name")) == name
    };
    let Path(segments) = Path::parse(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let resource = base.iter().find(is_it);
    // An added element has no place there, but its list has.
    let told = (1..=segments.len()).rev().find_map(|end| {
        let place = place_of(segments[..end].iter(), resource?)?;
        Some(format!("{place}{}", Path(segments[end..].to_vec())))
    });
    [class, kind, name.to_owned(), told.unwrap_or(path)]
}

/// The findings without the consequences of an added or removed key (a limit without its request
/// has no ratio), and without contradictions that the base has too.
fn without_consequences(mut told: Vec<Told>) -> Vec<Told> {
    let keys: BTreeSet<_> = told
        .iter()
        .filter(|[class, ..]| class == "resource-names")
        .map(|[_, kind, name, _]| (kind.clone(), name.clone()))
        .collect();
    told.retain(|[class, kind, name, _]| {
        let is_ratio =
            class == "limit-request-ratio" && keys.contains(&(kind.clone(), name.clone()));
        !is_ratio && !RuleId::parse(class).is_some_and(RuleId::is_alone)
    });
    told.sort();
    told
}

fn described(edits: &[Edit]) -> String {
    let lines = edits.iter().map(|edit| {
        let places: Vec<_> = edit.expected.iter().map(|told| told.join(" ")).collect();
        format!("\n  {:?} {}: {}", edit.form, places.join(", "), edit.entry)
    });
    lines.collect()
}

/// Each service's base, rendered by kustomize without functions.
fn bases(host: &Host) -> BTreeMap<&'static str, Vec<Value>> {
    let tree = copy_examples();
    rewrite(&tree.path("services"), &without_functions);
    let render = |service: &&'static str| {
        let folder = tree.path(&format!("services/{service}/base"));
        (
            *service,
            values(&host.build(&folder, &[]).expect_success(service)),
        )
    };
    SERVICES.iter().map(render).collect()
}

/// The number of overlays, in total and by form.
#[derive(Default)]
struct Sum {
    overlays: BTreeSet<String>,
    guilty: usize,
    innocent: usize,
    /// By form, and whether an edit must be reported.
    forms: BTreeMap<(Form, bool), usize>,
    faults: Vec<String>,
}

impl Sum {
    fn add(&mut self, (file, edits): Overlay, fault: Option<String>) {
        self.overlays.insert(file);
        if expected(&edits).is_empty() {
            self.innocent += 1;
        } else {
            self.guilty += 1;
        }
        for edit in &edits {
            *self
                .forms
                .entry((edit.form, !is_allowed(edit)))
                .or_default() += 1;
        }
        self.faults.extend(fault);
    }

    /// Prints the numbers, and fails if there is a fault or too few were tried.
    fn close(self, what: &str, overlays: usize) {
        println!(
            "{what}: {} guilty and {} innocent overlays",
            self.guilty, self.innocent
        );
        let times = |form, guilty| self.forms.get(&(form, guilty)).copied().unwrap_or(0);
        for form in Form::ALL {
            let (guilty, innocent) = (times(form, true), times(form, false));
            println!("  {form:?}: {guilty} guilty and {innocent} innocent edits");
        }
        self.faults
            .iter()
            .take(10)
            .for_each(|fault| println!("{fault}"));
        assert!(self.faults.is_empty(), "{} faults", self.faults.len());
        let distinct = self.overlays.len();
        println!("  {distinct} of {overlays} overlays are like no other");
        assert!(distinct >= overlays - overlays / 20);
        assert!(self.guilty >= overlays / 4 && self.innocent >= overlays / 4);
        for form in [Form::Json, Form::Merge] {
            assert!(times(form, true) >= overlays / 8 && times(form, false) >= overlays / 8);
        }
        assert!(times(Form::Images, true) > 0 && times(Form::Replicas, false) > 0);
        assert!(times(Form::Generator, true) > 0 && times(Form::Generator, false) > 0);
    }
}

/// The state that all builds share.
struct World {
    hosts: Vec<Host>,
    tree: Tree,
    table: Table,
    bases: BTreeMap<&'static str, Vec<Value>>,
    first: u64,
}

/// An overlay: its kustomization and the edits in it.
type Overlay = (String, Vec<Edit>);

/// Builds one overlay with the function, and returns the fault, if there is one.
fn build(world: &World, at: usize) -> (Overlay, Option<String>) {
    let service = SERVICES[at % SERVICES.len()];
    let host = &world.hosts[at / SERVICES.len() % world.hosts.len()];
    let base = &world.bases[service];
    let seed = world.first + u64::try_from(at).expect("few");
    let mut dice = Dice::new(seed);
    let guilty = dice.roll(3) > 0;
    let edits = edits(base, &world.table, &mut dice, guilty);
    let frame = frame(&mut dice);
    let mut file = kustomization(&["../../base"], &edits);
    for (field, value) in &frame.fields {
        file[*field] = value.clone();
    }
    // A validator returns nothing, a transformer returns the items.
    if dice.roll(3) == 0 {
        file["validators"] = json!(["../../../../validators/parity"]);
    } else {
        file["transformers"] = json!(["../../../../parity/production"]);
    }
    let folder = format!("services/{service}/random/o{at}");
    let tree = &world.tree;
    tree.write(&format!("{folder}/kustomization.yaml"), &file.to_string());
    let tap = Tap::on_binary();
    let built = host.build_tapped(&tree.path(&folder), &tap);
    let fault = fault(base, &frame, &expected(&edits), &tap.calls(), &built).map(|fault| {
        let edits = described(&edits);
        let host = &host.name;
        format!("{host} {service} (seed {seed}): {fault} for{edits}\nin {file}\n{built:#?}")
    });
    ((format!("{service} {file}"), edits), fault)
}

/// The fault of a build in which the recorder and then the policy should run.
fn fault(
    base: &[Value],
    frame: &Frame,
    expected: &[Told],
    calls: &[Call],
    built: &Run,
) -> Option<String> {
    let [recorded, judged] = calls else {
        return Some(format!("the function ran {} times", calls.len()));
    };
    let found = judged.found().into_iter().map(|found| {
        let (tags, resource) = (&found.result["tags"], &found.result["resourceRef"]);
        let of = |value: &serde_yaml::Value| value.as_str().unwrap_or_default().to_owned();
        let class = match &tags["class"] {
            serde_yaml::Value::Null => found.rule.clone(),
            class => of(class),
        };
        let (kind, name) = (of(&resource["kind"]), of(&resource["name"]));
        by_base(
            base,
            [class, kind, name, of(&tags["field-path"])],
            Some(frame),
        )
    });
    let told = without_consequences(found.collect());
    if told != expected {
        return Some(format!("expected {expected:#?}, found {told:#?}"));
    }
    let passes = expected.is_empty();
    if recorded.code != 0 || judged.code != i32::from(!passes) || built.succeeded() != passes {
        return Some("the exit codes are wrong".to_owned());
    }
    if !calls.iter().all(Call::keeps_the_items) {
        return Some("the items do not go on as they came".to_owned());
    }
    let is_whole = || values(&built.stdout).len() == base.len() && built.stderr.is_empty();
    (passes && !is_whole()).then(|| "not a silent success".to_owned())
}

#[test]
fn built_overlays_are_judged_by_their_fields() {
    let hosts = require!(kustomizes());
    let world = World {
        bases: bases(&hosts[0]),
        hosts,
        tree: copy_examples(),
        table: read(),
        first: first_seed(),
    };
    let (next, sum) = (AtomicUsize::new(0), Mutex::new(Sum::default()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= BUILT {
                        break;
                    }
                    let (overlay, fault) = build(&world, at);
                    sum.lock().expect("a sum").add(overlay, fault);
                }
            });
        }
    });
    println!(
        "{BUILT} builds, under {} releases, the function running twice in each",
        world.hosts.len()
    );
    sum.into_inner().expect("a sum").close("built", BUILT);
}

/// Writes overlays of one service that one build gathers, each in a separate namespace.
fn gather(
    tree: &Tree,
    service: &str,
    base: &[Value],
    table: &Table,
    first: u64,
) -> BTreeMap<String, Overlay> {
    let mut overlays = BTreeMap::new();
    let folder = format!("services/{service}/gathered");
    for at in 0..GATHERED {
        let mut dice = Dice::new(first + 10_000 + u64::try_from(at).expect("few"));
        let edits = edits(base, table, &mut dice, at % 2 > 0);
        let namespace = format!("e{at}");
        let mut file = kustomization(&["../../base"], &edits);
        file["namespace"] = namespace.clone().into();
        tree.write(
            &format!("{folder}/{namespace}/kustomization.yaml"),
            &file.to_string(),
        );
        overlays.insert(namespace, (format!("{service} {file}"), edits));
    }
    let folders: Vec<&str> = overlays.keys().map(String::as_str).collect();
    let all = kustomization(&folders, &[]).to_string();
    tree.write(&format!("{folder}/kustomization.yaml"), &all);
    overlays
}

#[test]
fn gathered_overlays_are_judged_by_their_fields() {
    let hosts = require!(kustomizes());
    let host = hosts.last().expect("a release");
    let (tree, table, first) = (copy_examples(), read(), first_seed());
    rewrite(&tree.path("services"), &without_functions);
    let mut sum = Sum::default();
    for (service, base) in &bases(host) {
        let texts = base.iter().map(|value| format!("---\n{value}\n"));
        let snapshot = sealed(&texts.collect::<String>());
        let overlays = gather(&tree, service, base, &table, first);
        let folder = tree.path(&format!("services/{service}/gathered"));
        let built = values(&host.build(&folder, &[]).expect_success(service));
        for (namespace, overlay) in overlays {
            let items: Vec<_> = built
                .iter()
                .filter(|item| text(item, "/metadata/namespace") == namespace)
                .map(|item| format!("{item}\n"))
                .collect();
            assert_eq!(items.len(), base.len(), "{service} {namespace}");
            let input = list(None, &snapshot, &items);
            let found = run(&input).report.findings.into_iter().map(|finding| {
                let class = finding
                    .class
                    .map_or(finding.rule.as_str(), |class| class.id());
                let resource = finding.resource.expect("a resource");
                let path = finding
                    .field
                    .map_or_else(String::new, |field| field.path.to_string());
                by_base(
                    base,
                    [class.to_owned(), resource.kind, resource.name, path],
                    None,
                )
            });
            let (told, expected) = (without_consequences(found.collect()), expected(&overlay.1));
            let fault = (told != expected).then(|| {
                let edits = described(&overlay.1);
                format!("{service} {namespace}: expected {expected:#?}, found {told:#?} for{edits}")
            });
            sum.add(overlay, fault);
        }
    }
    sum.close("gathered", GATHERED * SERVICES.len());
}

/// All services of the examples are tested.
#[test]
fn every_service_is_tried() {
    let found = fs::read_dir(example("services")).expect("the services");
    let mut found: Vec<_> = found
        .map(|entry| {
            entry
                .expect("a service")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    found.sort();
    assert_eq!(found, SERVICES);
}
