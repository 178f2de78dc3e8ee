//! References that kustomize changes at its very end: the final values are judged.

use super::{NEWEST, check, findings, report};
use crate::support::{Tree, require};

const BASE: &str = "\
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: web}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: restricted
      containers: [{name: web, image: 'example.com/web:1'}]
";

const HIDDEN: &str = "annotations: {config.kubernetes.io/local-config: 'true'}";
const ROLE: &str = "other web production base RoleBinding web roleRef.name";
const ACCOUNT: &str =
    "other web production base Deployment web spec.template.spec.serviceAccountName";
const IMAGE: &str =
    "image web production base Deployment web spec.template.spec.containers[name=web].image";

fn renamed(kind: &str, to: &str) -> String {
    format!(
        "patches:\n- target: {{kind: {kind}}}\n  options: {{allowNameChange: true}}\n  patch: '- {{op: replace, path: /metadata/name, value: {to}}}'\n"
    )
}

/// The name of a case, the lines that production adds, the files below it, and the expected finding.
type Turn = (
    &'static str,
    String,
    Vec<(&'static str, String)>,
    &'static str,
);

/// The cases; production adds the lines to `resources: [../../base]`.
fn turns() -> Vec<Turn> {
    let role = |name: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {name}, {HIDDEN}}}\n"
        )
    };
    let account =
        format!("apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: restricted, {HIDDEN}}}\n");
    let settings = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: 'example.com/web:1', {HIDDEN}}}\n"
    );
    vec![
        (
            "a local role that the overlay renames",
            format!("- x.yaml\n{}", renamed("ClusterRole", "cluster-admin")),
            vec![("x.yaml", role("view"))],
            ROLE,
        ),
        (
            "a local role that came with another name",
            "- x\n".to_owned(),
            vec![
                ("x/kustomization.yaml", format!("resources: [x.yaml]\n{}", renamed("ClusterRole", "edit"))),
                ("x/x.yaml", role("view")),
            ],
            ROLE,
        ),
        (
            "a local account with a prefix of its own",
            "- x\n".to_owned(),
            vec![
                ("x/kustomization.yaml", "resources: [x.yaml]\nnamePrefix: un\n".to_owned()),
                ("x/x.yaml", account),
            ],
            ACCOUNT,
        ),
        (
            "a local role that says that it had another name",
            "- x.yaml\n".to_owned(),
            vec![(
                "x.yaml",
                role("cluster-admin").replace(
                    "'true'",
                    "'true', internal.config.kubernetes.io/previousNames: view, internal.config.kubernetes.io/previousKinds: ClusterRole, internal.config.kubernetes.io/previousNamespaces: default",
                ),
            )],
            ROLE,
        ),
        (
            "a local role with the prefix that everything has",
            "- x.yaml\nnamePrefix: over\n".to_owned(),
            vec![("x.yaml", role("view"))],
            ROLE,
        ),
        (
            "a local role with the suffix that everything has",
            "- x.yaml\nnameSuffix: -admin\n".to_owned(),
            vec![("x.yaml", role("view"))],
            ROLE,
        ),
        (
            "an account that was called otherwise in between",
            renamed("ServiceAccount", "restricted") + renamed("ServiceAccount", "web").trim_start_matches("patches:\n"),
            vec![],
            ACCOUNT,
        ),
        (
            "a configuration that makes an image a reference",
            "- x\nconfigurations: [names.yaml]\n".to_owned(),
            vec![
                ("names.yaml", "nameReference:\n- kind: ConfigMap\n  fieldSpecs: [{kind: Deployment, path: spec/template/spec/containers/image}]\n".to_owned()),
                ("x/kustomization.yaml", format!("resources: [x.yaml]\n{}", renamed("ConfigMap", "example.com/evil:1"))),
                ("x/x.yaml", settings),
            ],
            IMAGE,
        ),
    ]
}

fn tree(more: &str, files: &[(&str, String)]) -> Tree {
    let tree = Tree::new();
    tree.write("web/base/kustomization.yaml", "resources: [web.yaml]\n");
    tree.write("web/base/web.yaml", BASE);
    let overlay = format!("resources:\n- ../../base\n{more}");
    tree.write("web/overlays/production/kustomization.yaml", &overlay);
    for (path, text) in files {
        tree.write(&format!("web/overlays/production/{path}"), text);
    }
    tree
}

#[test]
fn a_reference_that_changes_at_the_very_end_is_judged() {
    let kustomize = require!(kustomize(NEWEST));
    for (what, more, files, expected) in turns() {
        let tree = tree(&more, &files);
        for arguments in [&[][..], &["--one-by-one"]] {
            let found = findings(&report(&kustomize, &tree.path("web"), arguments));
            assert!(
                found.iter().any(|one| one == expected),
                "{what} {arguments:?}: {found:?}"
            );
        }
    }
}

#[test]
fn local_configuration_with_the_common_prefix_changes_no_reference() {
    let kustomize = require!(kustomize(NEWEST));
    let local = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: values, {HIDDEN}}}\ndata: {{a: b}}\n"
    );
    let tree = tree(
        "- x.yaml\nnamePrefix: prod-\n",
        &[("x.yaml", local.clone()), ("unused.yaml", local)],
    );
    let run = check(&kustomize, &tree.path("web"), &[]);
    assert!(run.succeeded(), "{run:#?}");
}

#[test]
fn a_name_inside_of_a_text_follows_its_rename_and_nothing_else_does() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.write(
        "base/web.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  \
         selector: {matchLabels: {app: api}}\n  template:\n    metadata: {labels: {app: api}}\n    spec:\n      containers:\n      - {name: api, image: 'api:1', args: ['--peer=http://web:80/', --fast]}\n",
    );
    tree.write("base/kustomization.yaml", "resources: [web.yaml]\n");
    for (argument, errors) in [
        ("--peer=http://prod-web:80/", 0),
        ("--peer=http://web:80/", 0),
        ("--peer=http://dev-web:80/", 1),
        ("--peer=http://prod-web:81/", 1),
        ("--peer=http://prod-api:80/", 1),
        ("--peer=http://other-prod-web:80/", 1),
    ] {
        tree.write(
            "overlays/prod/kustomization.yaml",
            &format!(
                "resources: [../../base]\nnamePrefix: prod-\npatches:\n- target: {{kind: Deployment}}\n  patch: |-\n    - op: replace\n      path: /spec/template/spec/containers/0/args/0\n      value: {argument}\n"
            ),
        );
        for arguments in [&[][..], &["--one-by-one"]] {
            let report = report(&kustomize, &tree.path(""), arguments);
            let all = report["findings"].as_array().expect("findings");
            let wrong = all.iter().filter(|one| one["severity"] == "error").count();
            assert_eq!(wrong, errors, "{argument} {arguments:?} {report:#}");
        }
    }
}
