//! The tables of the engine compared with those of kustomize.
//!
//! kustomize's program contains its default configuration as text, so every row can be read there.
//! Its knowledge of kinds is tested by builds: which kinds have a namespace, and which lists of
//! which kinds are merged.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::trees::{Files, Outcome, build};
use crate::support::{NEWEST, require};

const DEFAULTS: &str = include_str!("../../../src/engine/reach/defaults.rs");
const NAMES: &str = include_str!("../../../src/engine/reach/names.rs");
const VARIABLES: &str = include_str!("../../../src/engine/reach/variables.rs");
const KINDS: &str = include_str!("../../../src/engine/kinds.rs");
const SHAPES: &str = include_str!("../../../src/engine/merge/shape.rs");

/// The name of one of our tables, its file, and kustomize's name for it.
const TABLES: [(&str, &str, &str); 8] = [
    ("LABELS", DEFAULTS, "commonLabels"),
    ("TEMPLATE_LABELS", DEFAULTS, "templateLabels"),
    ("ANNOTATIONS", DEFAULTS, "commonAnnotations"),
    ("NAMESPACE", DEFAULTS, "namespace"),
    ("IMAGES", DEFAULTS, "images"),
    ("REPLICAS", DEFAULTS, "replicas"),
    ("NAMES", NAMES, "nameReference"),
    ("VARS", VARIABLES, "varReference"),
];

/// The rows of one of our tables, each with the unindented row above it.
fn ours(source: &str, name: &str) -> BTreeSet<String> {
    let start = format!("const {name}: &str = r\"");
    let (_, table) = source.split_once(&start).expect(name);
    let (table, _) = table.split_once('"').expect("an end");
    let mut rows = BTreeSet::new();
    let mut head = "";
    for line in table.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("  ") {
            Some(row) => rows.insert(format!("{head}: {row}")),
            None if name == "NAMES" => {
                head = line;
                false
            }
            None => rows.insert(line.to_owned()),
        };
    }
    rows
}

/// The fields of one of kustomize's entries.
#[derive(Default)]
struct Entry {
    create: bool,
    group: String,
    version: String,
    kind: String,
    path: String,
}

impl Entry {
    /// Adds a line, and returns whether it belongs to an entry.
    fn take(&mut self, line: &str) -> bool {
        let Some((key, value)) = line.trim_start_matches([' ', '-']).split_once(": ") else {
            return false;
        };
        match key {
            "create" => self.create = value == "true",
            "group" => value.clone_into(&mut self.group),
            "version" => value.clone_into(&mut self.version),
            "kind" => value.clone_into(&mut self.kind),
            "path" => value.clone_into(&mut self.path),
            _ => return false,
        }
        true
    }

    fn kinds(&self) -> String {
        let any = |text: &str| {
            if text.is_empty() {
                "*".to_owned()
            } else {
                text.to_owned()
            }
        };
        [&self.group, &self.version, &self.kind]
            .map(|text| any(text))
            .join(" ")
    }

    fn row(&self) -> String {
        let sign = if self.create { '+' } else { '-' };
        format!("{sign} {} {}", self.kinds(), self.path)
    }
}

/// The rows of one of kustomize's tables, from the text in its program.
fn theirs(program: &[u8], name: &str) -> BTreeSet<String> {
    let has_heads = name == "nameReference";
    let first = if has_heads { "- kind: " } else { "- path: " };
    let starts = [
        format!("\n{name}:\n{first}"),
        format!("\n{name}:\n\n{first}"),
    ];
    let at = |start: &String| {
        let mut found = program.windows(start.len()).enumerate();
        found
            .find(|(_, window)| *window == start.as_bytes())
            .map(|(at, _)| at)
    };
    let at = starts.iter().find_map(at).expect(name);
    let text = String::from_utf8_lossy(&program[at..program.len().min(at + (1 << 16))]);
    let mut rows = BTreeSet::new();
    let (mut head, mut entry) = (Entry::default(), Entry::default());
    let mut is_head = has_heads;
    for line in text.lines().skip(2).filter(|line| !line.trim().is_empty()) {
        let starts_entry = line.trim_start().starts_with("- ");
        if starts_entry && !entry.path.is_empty() {
            let row = std::mem::take(&mut entry).row();
            rows.insert(if has_heads {
                format!("{}: {row}", head.kinds())
            } else {
                row
            });
        }
        if has_heads && line.starts_with("- ") {
            (head, is_head) = (Entry::default(), true);
        } else if line.trim() == "fieldSpecs:" {
            is_head = false;
            continue;
        }
        let into = if is_head { &mut head } else { &mut entry };
        // The text ends at other content.
        if !into.take(line) {
            break;
        }
    }
    if !entry.path.is_empty() {
        let row = entry.row();
        rows.insert(if has_heads {
            format!("{}: {row}", head.kinds())
        } else {
            row
        });
    }
    rows
}

#[test]
fn the_fields_that_transformations_reach_are_kustomizes() {
    let kustomize = require!(kustomize(NEWEST));
    let program = fs::read(kustomize).expect("the program");
    for (name, source, theirs_name) in TABLES {
        let (ours, theirs) = (ours(source, name), theirs(&program, theirs_name));
        let missing: Vec<_> = theirs.difference(&ours).collect();
        let needless: Vec<_> = ours.difference(&theirs).collect();
        assert!(
            missing.is_empty() && needless.is_empty(),
            "{name} lacks {missing:#?} and should lack {needless:#?}"
        );
        println!("{name}: {} rows", ours.len());
    }
}

/// Every quoted text on lines that begin a tuple, line by line.
fn tuples(source: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = source
        .lines()
        .filter(|line| line.trim_start().starts_with("(\""));
    lines.map(|line| line.split('"').skip(1).step_by(2).collect())
}

/// Group, version and kind.
type Kind = (String, String, String);

/// The groups, versions and kinds in the tables, and some unknown ones.
fn kinds() -> BTreeSet<Kind> {
    const VERSIONS: [&str; 7] = [
        "v1", "v2", "v1beta1", "v1beta2", "v1alpha1", "v2beta1", "v2beta2",
    ];
    const MORE: [(&str, &str); 9] = [
        ("apps", "Deployment"),
        ("extensions", "Deployment"),
        ("extensions", "PodSecurityPolicy"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("resource.k8s.io", "DeviceClass"),
        ("networking.k8s.io", "IPAddress"),
        ("storage.k8s.io", "VolumeAttributesClass"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("x.io", "Node"),
    ];
    let mut found = BTreeSet::new();
    let mut add = |group: &str, kind: &str| {
        for version in VERSIONS {
            found.insert((group.to_owned(), version.to_owned(), kind.to_owned()));
        }
    };
    for tuple in tuples(KINDS) {
        add(tuple[0], tuple[1]);
    }
    for tuple in tuples(SHAPES).filter(|tuple| tuple.len() == 3) {
        tuple[2].split(' ').for_each(|kind| add(tuple[0], kind));
    }
    for (group, kind) in MORE {
        add(group, kind);
    }
    found
}

/// Resources of some kinds with the same body, named by index.
fn resources<'k>(kinds: impl IntoIterator<Item = &'k Kind>, body: &str) -> String {
    let mut text = String::new();
    for (at, (group, version, kind)) in kinds.into_iter().enumerate() {
        let slash = if group.is_empty() { "" } else { "/" };
        let _ = writeln!(
            text,
            "---\n{{apiVersion: {group}{slash}{version}, kind: {kind}, metadata: {{name: n{at}{body}}}"
        );
    }
    text
}

fn is_same(kustomize: &Path, files: &[(&str, String)]) {
    let files: Files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.clone()))
        .collect();
    match build(kustomize, &files).0 {
        Outcome::Same => {}
        Outcome::Wrong(why) => panic!("{why}"),
        Outcome::Refused => panic!("it is refused"),
        Outcome::Unknown(unknown) => panic!("{unknown:?}"),
    }
}

#[test]
fn the_kinds_that_have_no_namespace_are_kustomizes() {
    let kustomize = require!(kustomize(NEWEST));
    // Two Namespaces would get the same name.
    let all = resources(&kinds(), "}");
    let all: Vec<&str> = all
        .split("---\n")
        .filter(|one| !one.contains("kind: Namespace,"))
        .collect();
    let namespaces = "\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: one}}\n";
    is_same(
        &kustomize,
        &[
            (
                "kustomization.yaml",
                "resources: [a.yaml]\nnamespace: new\n".to_owned(),
            ),
            ("a.yaml", format!("{}{namespaces}", all.join("---\n"))),
        ],
    );
}

/// The body of a resource with every list that may be merged, in every possible place; `old` is the
/// patched resource.
fn lists_everywhere(old: bool) -> String {
    const KEYS: [&str; 10] = [
        "name",
        "uid",
        "ip",
        "type",
        "key",
        "topologyKey",
        "whenUnsatisfiable",
        "mountPath",
        "devicePath",
        "conditionType",
    ];
    const LISTS: [&str; 24] = [
        "addresses",
        "conditions",
        "configMapGenerator",
        "containers",
        "drivers",
        "env",
        "ephemeralContainers",
        "hostAliases",
        "imagePullSecrets",
        "initContainers",
        "matchConditions",
        "metrics",
        "podIPs",
        "ports",
        "readinessGates",
        "rules",
        "secrets",
        "subjects",
        "tolerations",
        "topologySpreadConstraints",
        "volumeDevices",
        "volumeMounts",
        "volumes",
        "webhooks",
    ];
    let element = |name: &str, more: &str| {
        let keys = KEYS.map(|key| format!("{key}: {name}")).join(", ");
        format!("{{{keys}, port: 1{name}, containerPort: 1{name}, protocol: p{name}{more}}}")
    };
    let lists = |below: &str| {
        let one = |list: &&str| {
            let below = if list.ends_with("ontainers") {
                below
            } else {
                ""
            };
            if old {
                format!("{list}: [{}, {}]", element("a", ""), element("b", below))
            } else {
                format!("{list}: [{}]", element("b", &format!(", x: y{below}")))
            }
        };
        let texts = if old {
            "podCIDRs: [a, b]"
        } else {
            "podCIDRs: [b, c]"
        };
        format!(
            "{}, {texts}",
            LISTS.iter().map(one).collect::<Vec<_>>().join(", ")
        )
    };
    let inner = lists("");
    let of_containers = ["env", "ports", "volumeDevices", "volumeMounts"].map(|list| {
        let first = if old {
            format!("{}, ", element("a", ""))
        } else {
            String::new()
        };
        format!(
            "{list}: [{first}{}]",
            element("b", if old { "" } else { ", x: y" })
        )
    });
    let own = lists(&format!(", {}", of_containers.join(", ")));
    let metadata = if old { "a, b" } else { "b, c" };
    let metadata = format!("finalizers: [{metadata}], {}", lists(""));
    format!(
        ", {metadata}}}, {inner}, status: {{{inner}}}, template: {{metadata: {{{metadata}}}, spec: {{{own}}}}}, \
             spec: {{{own}, template: {{metadata: {{{metadata}}}, spec: {{{own}}}}}, \
             jobTemplate: {{metadata: {{{metadata}}}, spec: {{template: {{spec: {{{own}}}}}}}}}}}"
    )
}

#[test]
fn the_lists_that_are_merged_are_kustomizes() {
    let kustomize = require!(kustomize(NEWEST));
    // The kinds with a known schema, and an unknown version of each.
    let known = tuples(SHAPES).filter(|tuple| tuple.len() == 3);
    let known = known.flat_map(|tuple| {
        let versions = tuple[1].split(' ').chain(["v9"]);
        let tuple = &tuple;
        let all = versions.flat_map(|version| {
            let kinds = tuple[2].split(' ');
            kinds.map(move |kind| (tuple[0].to_owned(), version.to_owned(), kind.to_owned()))
        });
        all.collect::<Vec<_>>()
    });
    let (old, new) = (lists_everywhere(true), lists_everywhere(false));
    for kinds in known.collect::<Vec<_>>().chunks(32) {
        is_same(
            &kustomize,
            &[
                (
                    "kustomization.yaml",
                    "resources: [a.yaml]\npatches: [{path: p.yaml}]\n".to_owned(),
                ),
                ("a.yaml", resources(kinds, &old)),
                ("p.yaml", resources(kinds, &new)),
            ],
        );
    }
}
