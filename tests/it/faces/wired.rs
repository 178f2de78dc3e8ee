//! The function as hosts run it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use serde_yaml::Value;

use super::case::Case;
use super::face::{Rows, rows_in};
use crate::support::{Tree, binary, run};

/// How kustomize finds the function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As a program that an annotation names.
    Exec,
    /// As a plugin in `KUSTOMIZE_PLUGIN_HOME`.
    Plugin,
}

/// One run of the policy of a case.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Keeps the function's output and passes nothing on after a policy, so that one build can contain
/// a hundred services with the same names, and no failure ends it.
const KEEP: &str = r#"export SOURCE_DATE_EPOCH=1781481600
kept=$(mktemp "$RUNS/XXXXXXXX")
cat > "$kept"
code=0
"$BEHIND" "$@" < "$kept" > "$kept.stdout" 2> "$kept.stderr" || code=$?
config=${1:-$kept}
case $(grep -c -e 'kind: ParityPolicy' -e '"kind":"ParityPolicy"' "$config") in
0)
  cat "$kept.stdout"
  cat "$kept.stderr" >&2
  exit "$code"
  ;;
esac
cp "$config" "$kept.config"
printf '%s' "$code" > "$kept.code"
"#;

/// Builds all overlays in one process, and returns the run of every service's policy.
pub fn built(kustomize: &Path, cases: &[&Case], way: Way) -> BTreeMap<String, Run> {
    let tree = Tree::new();
    let runs = Tree::new();
    let home = Tree::new();
    let place = |behind: &Path| {
        format!(
            "RUNS='{}'\nBEHIND='{}'\n",
            runs.path("").display(),
            behind.display()
        )
    };
    let mut command = Command::new(kustomize);
    command
        .args(["build", "--enable-alpha-plugins"])
        .env("XDG_CONFIG_HOME", "/nonexistent");
    let notes = match way {
        Way::Exec => {
            let answer = "printf 'apiVersion: config.kubernetes.io/v1\\nkind: ResourceList\\nitems: []\\n'\n";
            let script = home.script("keep", &(place(binary()) + KEEP + answer));
            command.arg("--enable-exec");
            json!({"config.kubernetes.io/function": format!("exec: {{path: {}}}", script.display())})
        }
        Way::Plugin => {
            run(Command::new(binary())
                .args(["plugin", "install"])
                .arg(home.path("")))
            .expect_success("krm-parity plugin install");
            for kind in [
                "snapshotrecorder/SnapshotRecorder",
                "paritypolicy/ParityPolicy",
            ] {
                let plugin = format!("krm-parity.io/v1alpha1/{kind}");
                let behind = home.path(&plugin).with_extension("installed");
                fs::rename(home.path(&plugin), &behind).expect("a plugin");
                home.script(&plugin, &(place(&behind) + KEEP));
            }
            command.env("KUSTOMIZE_PLUGIN_HOME", home.path(""));
            json!({})
        }
    };
    let mut resources = Vec::new();
    for case in cases {
        let Some(overlay) = case.overlay() else {
            continue;
        };
        case.write(&tree);
        let service = &case.service;
        let overlay = format!("{service}/overlays/{overlay}");
        let recorder = json!({"apiVersion": "krm-parity.io/v1alpha1", "kind": "SnapshotRecorder",
            "metadata": {"name": service, "annotations": notes}});
        let mut policy = case.policy(true);
        policy["metadata"] = json!({"name": service, "annotations": notes});
        for (folder, config) in [
            (format!("{service}/base"), recorder),
            (overlay.clone(), policy),
        ] {
            let file = format!("{folder}/kustomization.yaml");
            let text = tree.read(&file);
            let mut kustomization: Value = serde_yaml::from_str(&text).expect("a kustomization");
            let fields = kustomization.as_mapping_mut().expect("a kustomization");
            let parity = serde_yaml::from_str("[parity.yaml]").expect("a list");
            fields.insert("transformers".into(), parity);
            let text = serde_json::to_string(&kustomization).expect("JSON");
            tree.write(&file, &text);
            tree.write(&format!("{folder}/parity.yaml"), &format!("{config}\n"));
        }
        resources.push(overlay);
    }
    tree.write(
        "kustomization.yaml",
        &format!("{}\n", json!({"resources": resources})),
    );
    run(command.arg(tree.path(""))).expect_success("kustomize build");
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(runs.path("")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let read = |ending: &str| fs::read_to_string(path.with_extension(ending));
        let Ok(config) = read("config") else {
            continue;
        };
        if path.extension().is_some() {
            continue;
        }
        let config: Value = serde_yaml::from_str(&config).expect("a configuration");
        let config = config.get("functionConfig").unwrap_or(&config);
        let service = config["metadata"]["name"].as_str().expect("a name");
        let run = Run {
            code: read("code").expect("a code").parse().expect("a code"),
            stdout: read("stdout").expect("stdout"),
            stderr: read("stderr").expect("stderr"),
        };
        assert!(
            all.insert(service.to_owned(), run).is_none(),
            "{service} twice"
        );
    }
    assert_eq!(all.len(), cases.len(), "every policy has run");
    all
}

/// The findings of `kpt fn render` in a tree, by service.
pub fn rendered(kpt: &Path, tree: &Tree) -> BTreeMap<String, Rows> {
    let home = Tree::new();
    let body = format!(
        "SOURCE_DATE_EPOCH=1781481600 exec '{}'\n",
        binary().display()
    );
    let function = home.script("function", &body);
    let kptfile = json!({"apiVersion": "kpt.dev/v1", "kind": "Kptfile", "metadata": {"name": "package"},
        "pipeline": {"validators": [{"exec": function, "configPath": "parity.yaml"}]}});
    tree.write("Kptfile", &format!("{kptfile}\n"));
    let results = home.path("results");
    let run = run(Command::new(kpt)
        .current_dir(home.path(""))
        .args(["fn", "render", "--allow-exec", "--results-dir"])
        .arg(&results)
        .arg(tree.path("")));
    let text = fs::read_to_string(results.join("results.yaml"))
        .unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    let list: Value = serde_yaml::from_str(&text).expect("kpt's results");
    rows_in(&list["items"][0])
}
