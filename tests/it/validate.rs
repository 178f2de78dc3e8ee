//! The published schema in an independent validator.
//!
//! Configurations in examples and documents are valid, those with a wrong form are not, and both
//! report the same place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jsonschema::{Draft, Validator};
use krm_parity::policy;
use krm_parity::rules::RULES;
use krm_parity::yaml::{Node, parse};
use serde_json::{Value, json};

const KINDS: [&str; 2] = ["ParityPolicy", "SnapshotRecorder"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn print(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_krm-parity"))
        .arg("schema")
        .args(arguments)
        .output()
        .expect("the program");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The single document of a printed text.
fn document(text: &str) -> Value {
    let tree = parse(text).expect("what is printed is YAML");
    tree.roots().map(Node::to_json).next().expect("a document")
}

/// Every published form of a kind's schema, by name.
fn forms(kind: &str) -> Vec<(String, Validator)> {
    let open_api = |schema: &Value| {
        jsonschema::options()
            .with_draft(Draft::Draft4)
            .build(schema)
            .expect("a schema")
    };
    let strict: Value = serde_json::from_str(&print(&[kind])).expect("JSON");
    assert!(jsonschema::meta::is_valid(&strict), "{kind}");
    let resource = document(&print(&[kind, "--format", "crd"]));
    let definition = document(&print(&[kind, "--format", "definition"]));
    let krmfile = document(&print(&["--format", "krmfile"]));
    let ours = krmfile
        .as_object()
        .expect("definitions")
        .iter()
        .find(|(name, _)| name.ends_with(kind))
        .expect("a definition of the kind")
        .1;
    let at = |value: &Value, pointer: &str| value.pointer(pointer).expect(pointer).clone();
    vec![
        (
            format!("{kind} as JSON Schema"),
            jsonschema::draft202012::new(&strict).expect("a schema"),
        ),
        (
            format!("{kind} as CustomResourceDefinition"),
            open_api(&at(&resource, "/spec/versions/0/schema/openAPIV3Schema")),
        ),
        (
            format!("{kind} as KRMFunctionDefinition"),
            open_api(&at(&definition, "/spec/versions/0/schema/openAPIV3Schema")),
        ),
        (format!("{kind} in a Krmfile"), open_api(ours)),
    ]
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            found.push(path);
        }
    }
}

/// The configurations of a document: itself, or the functionConfig of a list.
fn configurations(text: &str) -> Vec<Value> {
    // Some files of the cases are intentionally not YAML.
    let Ok(tree) = parse(text) else {
        return Vec::new();
    };
    tree.roots()
        .map(Node::to_json)
        .map(|root| match root.get("functionConfig") {
            Some(config) => config.clone(),
            None => root,
        })
        .filter(|root| KINDS.iter().any(|kind| root["kind"] == *kind))
        .collect()
}

/// All configurations of the repository that this program accepts, by place.
fn accepted() -> Vec<(String, Value)> {
    let mut files = Vec::new();
    for folder in ["examples", "tests/cases"] {
        yaml_files(&root().join(folder), &mut files);
    }
    let mut texts: Vec<(String, String)> = files
        .iter()
        .map(|path| {
            let name = path.strip_prefix(root()).expect("ours").display();
            (name.to_string(), fs::read_to_string(path).expect("a file"))
        })
        .collect();
    for name in ["docs/function.md", "docs/policy.md"] {
        let text = fs::read_to_string(root().join(name)).expect("a document");
        let blocks = text.split("```yaml\n").skip(1);
        let blocks = blocks.filter_map(|rest| rest.split_once("```"));
        texts.extend(blocks.map(|(block, _)| (name.to_owned(), block.to_owned())));
    }
    texts
        .iter()
        .flat_map(|(name, text)| {
            let all = configurations(text).into_iter();
            all.map(move |config| (name.clone(), config))
        })
        .filter(|(_, config)| {
            config.get("apiVersion").is_some()
                && policy::read(RULES, Some(&serde_yaml::to_value(config).expect("YAML"))).is_ok()
        })
        .collect()
}

fn complaints(validator: &Validator, config: &Value) -> Vec<String> {
    validator
        .iter_errors(config)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn configurations_of_the_repository_are_valid() {
    let accepted = accepted();
    let forms: BTreeMap<_, _> = KINDS.map(|kind| (kind, forms(kind))).into();
    for (name, config) in &accepted {
        let kind = config["kind"].as_str().expect("a kind");
        for (form, validator) in &forms[kind] {
            let complaints = complaints(validator, config);
            assert!(complaints.is_empty(), "{name}, {form}: {complaints:#?}");
        }
    }
    let count = |prefix: &str| {
        let of = accepted.iter().filter(|(name, _)| name.starts_with(prefix));
        of.count()
    };
    println!("{} configurations", accepted.len());
    assert!(count("examples/") >= 20 && count("tests/") >= 20);
    assert!(count("docs/function.md") >= 2 && count("docs/policy.md") >= 2);
}

/// A policy with a wrong form, and the keys and indices of the fault.
fn faults() -> Vec<(Value, &'static str)> {
    let field = json!({"path": "spec.x", "reason": "r"});
    let exemption = json!({"rule": "image", "reason": "r", "expires": "2027-01-31"});
    let with = |value: &Value, key: &str, new: Value| {
        let mut value = value.clone();
        value[key] = new;
        value
    };
    let without = |value: &Value, key: &str| {
        let mut value = value.clone();
        value.as_object_mut().expect("a map").remove(key);
        value
    };
    vec![
        (json!({"alow": {}}), "/spec"),
        (json!({"environment": 5}), "/spec/environment"),
        (json!({"environments": "dev"}), "/spec/environments"),
        (json!({"environments": ["dev", 5]}), "/spec/environments/1"),
        (json!({"baseline": ["base"]}), "/spec/baseline"),
        (json!({"identity": "loose"}), "/spec/identity"),
        (json!({"failOn": "info"}), "/spec/failOn"),
        (json!({"emit": "nothing"}), "/spec/emit"),
        (json!({"allow": {"class": []}}), "/spec/allow"),
        (
            json!({"allow": {"classes": ["replica"]}}),
            "/spec/allow/classes/0",
        ),
        (
            json!({"allow": {"fields": [without(&field, "path")]}}),
            "/spec/allow/fields/0",
        ),
        (
            json!({"allow": {"fields": [without(&field, "reason")]}}),
            "/spec/allow/fields/0",
        ),
        (
            json!({"allow": {"fields": [field, with(&field, "target", json!({"names": "a"}))]}}),
            "/spec/allow/fields/1/target",
        ),
        (json!({"rules": {"health-check": {}}}), "/spec/rules"),
        (
            json!({"rules": {"image": {"severity": "fatal"}}}),
            "/spec/rules/image/severity",
        ),
        (json!({"rules": {"image": {"max": 4}}}), "/spec/rules/image"),
        (
            json!({"rules": {"scale-factor": {"max": "4"}}}),
            "/spec/rules/scale-factor/max",
        ),
        (json!({"exemptions": exemption}), "/spec/exemptions"),
        (
            json!({"exemptions": [without(&exemption, "expires")]}),
            "/spec/exemptions/0",
        ),
        (
            json!({"exemptions": [without(&exemption, "reason")]}),
            "/spec/exemptions/0",
        ),
        (
            json!({"exemptions": [without(&exemption, "rule")]}),
            "/spec/exemptions/0",
        ),
        (
            json!({"exemptions": [with(&exemption, "environments", json!("dev"))]}),
            "/spec/exemptions/0/environments",
        ),
    ]
}

#[test]
fn a_refused_form_is_invalid_at_the_same_place() {
    let forms = forms("ParityPolicy");
    for (spec, place) in faults() {
        let config = json!({
            "apiVersion": "krm-parity.io/v1alpha1",
            "kind": "ParityPolicy",
            "spec": spec,
        });
        let read = policy::read(RULES, Some(&serde_yaml::to_value(&config).expect("YAML")));
        let error = read.expect_err(&format!("{config} is refused"));
        let said = format!("/{}", error.path.join("/"));
        assert!(
            said.starts_with(place),
            "{config}: {said}, {}",
            error.message
        );
        // A structural schema leaves unknown keys to its reader, such as the API server.
        let is_key = ["unknown key", "unknown rule"]
            .iter()
            .any(|what| error.message.contains(what));
        let able = if is_key { 1 } else { forms.len() };
        for (form, validator) in &forms[..able] {
            let places: BTreeSet<_> = validator
                .iter_errors(&config)
                .map(|error| error.instance_path().to_string())
                .collect();
            assert_eq!(
                places,
                BTreeSet::from([place.to_owned()]),
                "{form}: {config}"
            );
        }
    }
}

/// The comment by which editors find the schema leads to the one of the kind.
#[test]
fn editors_find_the_schema_of_every_example() {
    let mut files = Vec::new();
    yaml_files(&root().join("examples"), &mut files);
    let mut seen = 0;
    for file in files {
        let text = fs::read_to_string(&file).expect("a file");
        let all = configurations(&text);
        let [config] = all.as_slice() else { continue };
        if text.contains("kind: ResourceList") {
            continue;
        }
        let line = text.lines().next().unwrap_or_default();
        let schema = line
            .strip_prefix("# yaml-language-server: $schema=")
            .unwrap_or_else(|| panic!("{} begins with {line:?}", file.display()));
        let schema = file.parent().expect("a folder").join(schema);
        let schema = fs::read_to_string(&schema)
            .unwrap_or_else(|error| panic!("{}: {error}", schema.display()));
        let schema: Value = serde_json::from_str(&schema).expect("JSON");
        assert_eq!(schema["title"], config["kind"], "{}", file.display());
        seen += 1;
    }
    assert!(seen >= 18, "{seen}");
}
