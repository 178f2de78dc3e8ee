//! Elements and references that each environment names after itself: they count as the same, and their contents are
//! compared.

use std::process::Command;

use super::{NEWEST, report};
use crate::support::{Tree, binary, require, run};

const ALL: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web}
rules:
- {apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [web-dev, shared]}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web}
spec: {selector: {}, endpoints: [], namespaceSelector: {matchNames: [web-dev]}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: web}
spec:
  target: {name: web}
  data:
  - {secretKey: web-dev-password, remoteRef: {key: web/dev/db, property: password}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web}
spec:
  valuesFrom:
  - {kind: ConfigMap, name: web-dev}
  - {kind: ConfigMap, name: all}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      imagePullSecrets: [{name: registry-dev}]
      volumes:
      - {name: data-dev, configMap: {name: all, defaultMode: 420}}
      containers:
      - name: web-dev
        image: web:1
        args: [--peer=web-dev]
        env: [{name: web-dev, value: x}]
        ports: [{name: http-dev, containerPort: 80}]
        volumeMounts: [{name: data-dev, mountPath: /data}]
";

/// A replacement in production: a kind, a path and a value.
type Patch = (&'static str, &'static str, &'static str);

const NAMES: Patch = ("Role", "/rules/0/resourceNames", "[shared, web-prod]");
const SCOPE: Patch = (
    "ServiceMonitor",
    "/spec/namespaceSelector/matchNames",
    "[web-production]",
);
const SECRETS: Patch = (
    "ExternalSecret",
    "/spec/data",
    "[{secretKey: web-prod-password, remoteRef: {key: web/prod/db, property: password}}]",
);
const VALUES: Patch = (
    "HelmRelease",
    "/spec/valuesFrom",
    "[{kind: ConfigMap, name: web-prod}, {kind: ConfigMap, name: all}]",
);
const PULL: Patch = (
    "Deployment",
    "/spec/template/spec/imagePullSecrets",
    "[{name: registry-prod}]",
);
const VOLUMES: Patch = (
    "Deployment",
    "/spec/template/spec/volumes",
    "[{name: data-prod, configMap: {name: all, defaultMode: 420}}]",
);
const MOUNT: Patch = (
    "Deployment",
    "/spec/template/spec/containers/0/volumeMounts/0/name",
    "data-prod",
);

/// An environment with `dev` in its names, and one that replaces some of them; both load one base with those names,
/// or no base.
fn service(has_base: bool, patches: &[Patch]) -> Tree {
    let tree = Tree::new();
    let operations: Vec<String> = patches
        .iter()
        .map(|(kind, path, value)| {
            format!(
                "- target: {{kind: {kind}}}\n  patch: |\n    - {{op: replace, path: {path}, value: {value}}}\n"
            )
        })
        .collect();
    let patches = if operations.is_empty() {
        String::new()
    } else {
        format!("patches:\n{}", operations.concat())
    };
    if has_base {
        tree.kustomization("base", "all.yaml", ALL);
    }
    for (name, patches) in [("dev", ""), ("prod", patches.as_str())] {
        let (folder, resources) = if has_base {
            (format!("overlays/{name}"), "../../base")
        } else {
            let folder = format!("env/{name}");
            tree.write(&format!("{folder}/all.yaml"), ALL);
            (folder, "all.yaml")
        };
        tree.write(
            &format!("{folder}/kustomization.yaml"),
            &format!("resources: [{resources}]\n{patches}"),
        );
    }
    tree
}

/// `rule environment kind path` of each finding.
fn told(tree: &Tree) -> Vec<String> {
    let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
    let report = report(&kustomize, &tree.path(""), &[]);
    let told = report["findings"].as_array().expect("findings").iter();
    let told = told.map(|one| {
        let words = [
            &one["rule"],
            &one["environment"],
            &one["resource"]["kind"],
            &one["field"]["path"],
        ];
        let words = words.map(|word| word.as_str().unwrap_or_default().to_owned());
        words.join(" ").replace("spec.template.spec.", "")
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    told
}

#[test]
fn an_element_with_the_own_name_is_one_element() {
    let _kustomize = require!(kustomize(NEWEST));
    let all = [NAMES, SCOPE, SECRETS, VALUES, PULL, VOLUMES, MOUNT];
    for has_base in [true, false] {
        assert_eq!(told(&service(has_base, &all)), [""; 0], "{has_base}");
    }
}

#[test]
fn the_contents_of_an_element_with_the_own_name_are_compared() {
    let _kustomize = require!(kustomize(NEWEST));
    for ((kind, path, _), value, field) in [
        (
            SECRETS,
            "[{secretKey: web-prod-password, remoteRef: {key: web/prod/db, property: user}}]",
            "spec.data[secretKey=web-prod-password].remoteRef.property",
        ),
        (
            VOLUMES,
            "[{name: data-prod, configMap: {name: all, defaultMode: 256}}]",
            "volumes[name=data-prod].configMap.defaultMode",
        ),
        (
            PULL,
            "[{name: registry-prod}, {name: more}]",
            "imagePullSecrets[name=more]",
        ),
    ] {
        for (has_base, rule) in [(true, "other"), (false, "environment-mismatch")] {
            let tree = service(has_base, &[(kind, path, value)]);
            let mount = if path == VOLUMES.1 { &[MOUNT][..] } else { &[] };
            let expected = [format!("{rule} prod {kind} {field}")];
            let tree = if mount.is_empty() {
                tree
            } else {
                service(has_base, &[(kind, path, value), MOUNT])
            };
            assert_eq!(told(&tree), expected, "{value}");
        }
    }
}

#[test]
fn an_element_with_another_name_is_another_element() {
    let _kustomize = require!(kustomize(NEWEST));
    let container = "/spec/template/spec/containers/0";
    let of = |field: &str| -> &'static str { format!("{container}/{field}").leak() };
    for (kind, path, value, fields) in [
        // The name of another environment, or another name.
        (
            NAMES.0,
            NAMES.1,
            "[shared, web-staging]",
            &[
                "rules[0].resourceNames[=\"web-dev\"]",
                "rules[0].resourceNames[=\"web-staging\"]",
            ][..],
        ),
        (
            NAMES.0,
            NAMES.1,
            "[shared, db-prod]",
            &[
                "rules[0].resourceNames[=\"db-prod\"]",
                "rules[0].resourceNames[=\"web-dev\"]",
            ],
        ),
        // The environment is the whole name.
        (
            PULL.0,
            PULL.1,
            "[{name: prod}]",
            &[
                "imagePullSecrets[name=prod]",
                "imagePullSecrets[name=registry-dev]",
            ],
        ),
        // Two candidates: no one knows which of them it is.
        (
            PULL.0,
            PULL.1,
            "[{name: registry-prod}, {name: registry-production}]",
            &[
                "imagePullSecrets[name=registry-dev]",
                "imagePullSecrets[name=registry-prod]",
                "imagePullSecrets[name=registry-production]",
            ],
        ),
        // The later entry has precedence, and it is another one now.
        (
            VALUES.0,
            VALUES.1,
            "[{kind: ConfigMap, name: all}, {kind: ConfigMap, name: web-prod}]",
            &[
                "spec.valuesFrom[kind=ConfigMap,name=web-dev,valuesKey=values.yaml]",
                "spec.valuesFrom[kind=ConfigMap,name=web-prod,valuesKey=values.yaml]",
            ],
        ),
        // Another volume.
        (
            MOUNT.0,
            MOUNT.1,
            "cache-prod",
            &["containers[name=web-dev].volumeMounts[mountPath=/data].name"],
        ),
        // Names and values that are not references to such an element.
        (
            "Deployment",
            of("args/0"),
            "--peer=web-prod",
            &["containers[name=web-dev].args[flag=--peer]"],
        ),
        (
            "Deployment",
            of("env"),
            "[{name: web-prod, value: x}]",
            &[
                "containers[name=web-dev].env[name=web-dev]",
                "containers[name=web-dev].env[name=web-prod]",
            ],
        ),
        (
            "Deployment",
            of("ports/0/name"),
            "http-prod",
            &["containers[name=web-dev].ports[containerPort=80,protocol=TCP].name"],
        ),
        (
            "Deployment",
            of("name"),
            "web-prod",
            &["containers[name=web-prod].name"],
        ),
    ] {
        for has_base in [true, false] {
            let tree = service(has_base, &[(kind, path, value)]);
            let told: Vec<String> = told(&tree)
                .into_iter()
                .map(|line| line.splitn(4, ' ').last().unwrap_or_default().to_owned())
                .collect();
            assert_eq!(told, fields, "{value} {has_base}");
        }
    }
}

#[test]
fn an_own_name_does_not_excuse_a_field_that_the_base_denies() {
    let _kustomize = require!(kustomize(NEWEST));
    for (path, patch) in [
        ("spec.template.spec.imagePullSecrets", PULL),
        ("rules", NAMES),
    ] {
        let tree = service(true, &[patch]);
        let denied =
            format!("metadata: {{name: web, annotations: {{krm-parity.io/deny: {path}}}}}");
        tree.write(
            "base/all.yaml",
            &ALL.replace("metadata: {name: web}", &denied),
        );
        let told = told(&tree);
        assert!(!told.is_empty(), "{path}");
    }
    let tree = service(true, &[NAMES, PULL]);
    let policy = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: p}\nspec: {identity: strict}\n";
    tree.write("parity.yaml", policy);
    let names = ["dev", "prod"]
        .map(|name| format!("other prod Role rules[0].resourceNames[=\"web-{name}\"]"));
    let pull = "other prod Deployment imagePullSecrets[name=registry-prod].name".to_owned();
    let [gone, new] = names;
    assert_eq!(told(&tree), [pull, gone, new]);
}

#[test]
fn an_element_with_the_own_name_is_explained_as_cancelled() {
    let tree = Tree::new();
    tree.write("base.yaml", ALL);
    let mut overlay = ALL.replace("defaultMode: 420", "defaultMode: 256");
    for name in ["resourceNames: [web", "registry", "data"] {
        overlay = overlay.replace(&format!("{name}-dev"), &format!("{name}-prod"));
    }
    tree.write("prod.yaml", &overlay);
    let mut command = Command::new(binary());
    let arguments = [
        "explain",
        "prod.yaml",
        "--base",
        "base.yaml",
        "--environment",
        "prod",
    ];
    command.current_dir(tree.path("")).args(arguments);
    let text = run(&mut command).stdout;
    let pod = "spec.template.spec";
    for (what, place) in [
        (
            "cancelled rbac.authorization.k8s.io/v1 Role",
            "rules[0].resourceNames[=\"web-dev\"] (removed)".to_owned(),
        ),
        (
            "cancelled rbac.authorization.k8s.io/v1 Role",
            "rules[0].resourceNames[=\"web-prod\"] (added)".to_owned(),
        ),
        (
            "cancelled apps/v1 Deployment",
            format!("{pod}.imagePullSecrets[name=registry-prod].name (modified)"),
        ),
        (
            "cancelled apps/v1 Deployment",
            format!("{pod}.volumes[name=data-prod].name (modified)"),
        ),
        (
            "forbidden other  apps/v1 Deployment",
            format!("{pod}.volumes[name=data-prod].configMap.defaultMode (modified)"),
        ),
    ] {
        let line = format!("{what} web\n  at      {place}\n");
        assert!(text.contains(&line), "{line}\n{text}");
    }
    assert_eq!(text.matches("forbidden").count(), 1, "{text}");
}

const REFERENCES: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      volumes: [{name: keys, secret: {secretName: keys}}]
      containers:
      - name: web
        image: web:1
        envFrom: [{secretRef: {name: keys}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kept}
data: {a: b}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: web}
subjects:
- {kind: ServiceAccount, name: web, namespace: shop}
- {kind: ServiceAccount, name: prometheus, namespace: monitoring}
";

/// Two environments with a suffix or a namespace that is not their name; each sets a value at a path.
fn turned(field: &str, kind: &str, path: &str, values: [&str; 2]) -> Vec<String> {
    let tree = Tree::new();
    tree.kustomization("base", "all.yaml", REFERENCES);
    for (name, value) in ["dev", "prod"].into_iter().zip(values) {
        let letter = &name[..1];
        tree.write(
            &format!("overlays/{name}/kustomization.yaml"),
            &format!(
                "resources: [../../base]\n{field}{letter}1\npatches:\n- target: {{kind: {kind}}}\n  patch: |\n    - {{op: replace, path: {path}, value: {value}}}\n"
            ),
        );
    }
    told(&tree)
}

#[test]
fn a_reference_to_a_resource_elsewhere_follows_the_suffix() {
    let _kustomize = require!(kustomize(NEWEST));
    for (path, rule, field) in [
        (
            "/spec/template/spec/containers/0/envFrom/0/secretRef/name",
            "env-names",
            "containers[name=web].envFrom[0].secretRef.name",
        ),
        (
            "/spec/template/spec/volumes/0/secret/secretName",
            "other",
            "volumes[name=keys].secret.secretName",
        ),
    ] {
        let told = |values| turned("nameSuffix: -", "Deployment", path, values);
        assert_eq!(told(["keys-d1", "keys-p1"]), [""; 0]);
        // The name in another environment, or another name.
        for value in ["keys-d1", "kept-p1", "keys-p1-p1"] {
            let expected = [format!("{rule} prod Deployment {field}")];
            assert_eq!(told(["keys-d1", value]), expected, "{value}");
        }
    }
}

#[test]
fn an_account_of_a_binding_follows_its_namespace() {
    let _kustomize = require!(kustomize(NEWEST));
    let told = |at: &str, values| {
        turned(
            "namespace: ",
            "RoleBinding",
            &format!("/subjects/{at}/namespace"),
            values,
        )
    };
    assert_eq!(told("0", ["d1", "p1"]), [""; 0]);
    assert_eq!(
        told("0", ["d1", "d1"]),
        ["other prod RoleBinding subjects[0].namespace"]
    );
    // It is unknown which account that is.
    let lost =
        ["dev", "prod"].map(|name| format!("other {name} RoleBinding subjects[1].namespace"));
    let told = told("1", ["d1", "p1"]);
    assert!(lost.iter().all(|line| told.contains(line)), "{told:?}");
}
