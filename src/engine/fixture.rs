//! The base that the unit tests of the replay and of its queries share.

use crate::repo::Sources;

const BASE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: web
        image: web:1
        args: [a, b]
        env:
        - name: A
          value: \"1\"
        - name: B
          value: \"2\"
        resources:
          limits: {memory: 1Gi}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cfg}
data: {a: \"1\", b: \"2\"}
";

/// Files beside the base, whose overlay is `o`.
pub(crate) fn sources(files: &[(&str, &str)]) -> Sources {
    let mut sources = Sources::default();
    let base = [
        ("base/kustomization.yaml", "resources: [d.yaml]"),
        ("base/d.yaml", BASE),
    ];
    for (path, text) in base.iter().chain(files) {
        sources.insert((*path).to_owned(), (*text).to_owned());
    }
    sources
}
