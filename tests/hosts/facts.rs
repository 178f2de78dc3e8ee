//! Facts about kustomize, kubectl, kpt and docker on which krm-parity relies.
//!
//! The tests use short shell functions and never the binary, so a failing test here means that a
//! host changed, and not that the project broke. Every test shows that its functions ran.

mod containers;
mod exec;
mod kpt;
mod plugin;
mod travel;

use std::path::Path;

use crate::support::Tree;

/// A `ResourceList` function: appends one sealed local-config item to the items.
const APPEND_SEALED: &str = r#"awk '
/^functionConfig:/ {
  print "- apiVersion: facts.example/v1"
  print "  kind: Sealed"
  print "  metadata:"
  print "    name: sealed"
  print "    annotations:"
  print "      config.kubernetes.io/local-config: \"true\""
  print "  spec:"
  print "    content: opaque"
}
{ print }'
"#;

/// The same in the older plugin protocol.
const APPEND_SEALED_PLUGIN: &str = r"cat
cat <<END
---
apiVersion: facts.example/v1
kind: Sealed
metadata:
  name: sealed
  annotations:
    config.kubernetes.io/local-config: 'true'
spec:
  content: opaque
END
";

/// Passes everything on and keeps a copy in `file`.
fn keep_copy(file: &Path) -> String {
    format!("tee '{}'\n", file.display())
}

/// A functionConfig of `kind` that runs `program` as an exec function.
fn exec_config(kind: &str, program: &Path) -> String {
    format!(
        "{}  annotations:\n    config.kubernetes.io/function: |\n      exec: {{path: {}}}\n",
        plugin_config(kind),
        program.display()
    )
}

/// A functionConfig of `kind` for the older plugin protocol.
fn plugin_config(kind: &str) -> String {
    format!(
        "apiVersion: facts.example/v1\nkind: {kind}\nmetadata:\n  name: {}\n",
        kind.to_lowercase()
    )
}

/// Writes `base/`: a Deployment that uses a generated `ConfigMap`; `more` is added to its
/// kustomization.
fn write_base(tree: &Tree, more: &str) {
    tree.write(
        "base/kustomization.yaml",
        &format!(
            "resources: [deployment.yaml]\nconfigMapGenerator:\n- name: settings\n  literals: [mode=base]\n{more}"
        ),
    );
    tree.write(
        "base/deployment.yaml",
        "# A comment of the base.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  replicas: 1
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
      - name: app
        image: registry.example/app:1
        envFrom: [{configMapRef: {name: settings}}]
      volumes:
      - name: files
        configMap: {name: settings, defaultMode: 0644}
",
    );
}

/// The document or list item of this kind, from its `apiVersion` to the next one's.
fn part_of<'text>(text: &'text str, kind: &str) -> &'text str {
    let mut starts = vec![0];
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("apiVersion: ") || line.starts_with("- apiVersion: ") {
            starts.push(offset);
        }
        offset += line.len();
    }
    starts.push(text.len());
    let line = format!("kind: {kind}");
    starts
        .windows(2)
        .map(|window| &text[window[0]..window[1]])
        .find(|part| {
            part.lines()
                .any(|candidate| candidate == line || candidate.strip_prefix("  ") == Some(&line))
        })
        .unwrap_or_else(|| panic!("no {kind} in {text}"))
}
