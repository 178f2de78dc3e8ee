//! Changes that owners of repositories call noise: each is information or is reported once, unlike the changes
//! closest to it.

use super::report;
use crate::support::{Run, Tree, binary, run};
use std::process::Command;

/// The base of a service.
const BASE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: shop-web
      volumes: [{name: data, secret: {secretName: shop-web}}]
      containers:
      - name: web
        image: registry.example.com/shop/web:latest
        resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {cpu: 200m, memory: 256Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}
";

/// A service `web` whose environments have these overlays.
fn service(environments: &[(&str, &str)]) -> Tree {
    let tree = Tree::new();
    tree.kustomization("web/base", "web.yaml", BASE);
    for (name, text) in environments {
        tree.overlay(&format!("web/overlays/{name}"), text);
    }
    tree
}

/// An operation that replaces a value of the Deployment or the Service.
pub(super) fn patch(kind: &str, path: &str, value: &str) -> String {
    format!(
        "patches:\n- target: {{kind: {kind}}}\n  patch: |\n    - {{op: replace, path: {path}, value: {value}}}\n"
    )
}

/// Rule, severity, environment and field of each finding.
pub(super) fn found(tree: &Tree, arguments: &[&str]) -> Vec<String> {
    let report = report(binary(), &tree.path(""), arguments);
    let all = report["findings"].as_array().expect("findings");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    all.iter()
        .map(|one| {
            let [rule, severity, environment] =
                ["rule", "severity", "environment"].map(|key| text(&one[key]));
            let path = text(&one["field"]["path"]);
            let last = path.rsplit('.').next().unwrap_or_default();
            format!("{rule} {severity} {environment} {last}")
        })
        .collect()
}

fn text(tree: &Tree) -> Run {
    let mut command = Command::new(binary());
    run(command.current_dir(tree.path("")).arg("check"))
}

#[test]
fn a_node_port_belongs_to_one_service_in_a_cluster() {
    let port = "/spec/ports/0/nodePort";
    let tree = service(&[("dev", ""), ("prod", &patch("Service", port, "30081"))]);
    assert_eq!(found(&tree, &[]), ["other info prod nodePort"]);
    // Another port for the pods is an error.
    let other = patch("Service", "/spec/ports/0/port", "81");
    let tree = service(&[("dev", ""), ("prod", &other)]);
    assert!(found(&tree, &[]).iter().any(|one| one.contains(" error ")));
    // So is a node port that only one environment sets, and one that the base denies.
    let none = patch("Service", "/spec/type", "ClusterIP")
        + "    - {op: remove, path: /spec/ports/0/nodePort}\n";
    let tree = service(&[("dev", ""), ("prod", &none)]);
    let expected = ["other error prod nodePort", "other error prod type"];
    assert_eq!(found(&tree, &[]), expected);
    let tree = service(&[("dev", ""), ("prod", &patch("Service", port, "30081"))]);
    let denied = BASE.replace(
        "kind: Service\nmetadata: {name: web}",
        "kind: Service\nmetadata: {name: web, annotations: {krm-parity.io/deny: spec.ports}}",
    );
    tree.write("web/base/web.yaml", &denied);
    assert_eq!(found(&tree, &[]), ["other error prod nodePort"]);
}

#[test]
fn environments_without_a_base_may_have_their_own_node_ports() {
    let tree = Tree::new();
    for (name, port) in [("dev", "30080"), ("prod", "30081")] {
        let text = BASE.replace("30080", port);
        tree.kustomization(&format!("web/{name}"), "web.yaml", &text);
    }
    let expected = ["environment-mismatch info prod nodePort"];
    assert_eq!(found(&tree, &[]), expected);
}

#[test]
fn sizes_of_a_development_environment_are_information() {
    let limit = "/spec/template/spec/containers/0/resources/limits/memory";
    let request = limit.replace("limits", "requests");
    let small = patch("Deployment", &request, "16Mi");
    for (name, weight) in [("dev", "info"), ("local", "info"), ("staging", "warning")] {
        let tree = service(&[(name, &small), ("prod", "")]);
        let expected = [
            format!("limit-request-ratio {weight} {name} resources"),
            format!("scale-factor {weight} {name} memory"),
        ];
        assert_eq!(found(&tree, &[]), expected);
    }
    // The API server does not accept a request above its limit, in any environment.
    let above = patch("Deployment", &request, "384Mi");
    let tree = service(&[("dev", &above), ("prod", &above)]);
    let all = found(&tree, &[]);
    assert!(
        all.contains(&"limit-request-ratio warning dev resources".to_owned()),
        "{all:?}"
    );
    // Less in production is an error, whatever dev is for.
    let less = patch("Deployment", limit, "192Mi");
    let tree = service(&[("dev", ""), ("prod", &less)]);
    let all = found(&tree, &[]);
    assert!(
        all.contains(&"inverted-resources error prod memory".to_owned()),
        "{all:?}"
    );
    // The policy decides in the end.
    let tree = service(&[("dev", &small), ("prod", "")]);
    tree.write(
        "parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\nspec: {rules: {scale-factor: {severity: error}}}\n",
    );
    let all = found(&tree, &[]);
    assert!(
        all.contains(&"scale-factor error dev memory".to_owned()),
        "{all:?}"
    );
}

const TAG: &str = "images: [{name: registry.example.com/shop/web, newTag: '1.4'}]\n";

#[test]
fn a_base_without_a_version_leaves_it_to_the_environments_that_build() {
    let broken = "resources: [gone.yaml]\n";
    let tree = service(&[("test", TAG), ("prod", TAG)]);
    tree.write("web/overlays/dev/kustomization.yaml", broken);
    let expected = [
        "build-failure error dev ",
        "image info prod image",
        "image info test image",
    ];
    let mut all = found(&tree, &[]);
    all.sort();
    assert_eq!(all, expected);
    let alone = service(&[("prod", TAG)]);
    assert_eq!(found(&alone, &[]), ["image info prod image"]);
    // An environment runs the image of the base, or the base has a version.
    let tree = service(&[("test", ""), ("prod", TAG)]);
    tree.write("web/overlays/dev/kustomization.yaml", broken);
    assert!(found(&tree, &[]).contains(&"image error prod image".to_owned()));
    let alone = service(&[("prod", TAG)]);
    alone.write("web/base/web.yaml", &BASE.replace(":latest", ":1.3"));
    assert_eq!(found(&alone, &[]), ["image error prod image"]);
    // Another repository is another image.
    let other =
        "images: [{name: registry.example.com/shop/web, newName: shop/other, newTag: '1.4'}]\n";
    assert_eq!(
        found(&service(&[("prod", other)]), &[]),
        ["image error prod image"]
    );
}

#[test]
fn a_value_with_the_own_name_inserted_is_information() {
    let account = "/spec/template/spec/volumes/0/secret/secretName";
    let own = patch("Deployment", account, "shop-prod-web");
    let expected = ["other info prod secretName"];
    assert_eq!(
        found(&service(&[("dev", ""), ("prod", &own)]), &[]),
        expected
    );
    // Another role, the name of another environment, and a policy that does not cancel own names.
    for other in ["shop-prod-admin", "shop-staging-web", "shop-webprod"] {
        let tree = service(&[("dev", ""), ("prod", &patch("Deployment", account, other))]);
        assert_eq!(
            found(&tree, &[]),
            ["other error prod secretName"],
            "{other}"
        );
    }
    let tree = service(&[("dev", ""), ("prod", &own)]);
    tree.write(
        "parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\nspec: {identity: strict}\n",
    );
    assert_eq!(found(&tree, &[]), ["other error prod secretName"]);
    // A value that decides a permission or a target is not such a name.
    for (kind, path, value, last) in [
        (
            "Deployment",
            "/spec/template/spec/serviceAccountName",
            "shop-prod-web",
            "serviceAccountName",
        ),
        ("Service", "/spec/selector/app", "web-prod", "app"),
    ] {
        let tree = service(&[("dev", ""), ("prod", &patch(kind, path, value))]);
        assert_eq!(
            found(&tree, &[]),
            [format!("other error prod {last}")],
            "{path}"
        );
    }
    // Neither is a role, whatever its name is.
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: web}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: web-view}\n";
    let role = patch("RoleBinding", "/roleRef/name", "web-prod-view");
    let tree = service(&[("dev", ""), ("prod", &role)]);
    tree.write("web/base/web.yaml", &format!("{BASE}---\n{binding}"));
    assert_eq!(found(&tree, &[]), ["other error prod name"]);
    // A command is not a name.
    let base = BASE.replace(
        "      - name: web\n",
        "      - name: web\n        command: [run, shop-web]\n",
    );
    let tree = service(&[
        ("dev", ""),
        (
            "prod",
            &patch(
                "Deployment",
                "/spec/template/spec/containers/0/command/1",
                "shop-prod-web",
            ),
        ),
    ]);
    tree.write("web/base/web.yaml", &base);
    assert!(found(&tree, &[]).iter().any(|one| one.contains(" error ")));
}

#[test]
fn a_directory_beside_an_environment_is_another_service() {
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n";
    let tree = service(&[("dev", ""), ("prod", "")]);
    tree.write("web/base/web.yaml", &format!("{BASE}---\n{account}"));
    tree.kustomization("web/overlays/prod-tools", "account.yaml", account);
    let all = found(&tree, &[]);
    assert_eq!(all, ["unjudged-overlay warning prod-tools "]);
    // A directory that runs pods of the service belongs to the service.
    let tree = service(&[("dev", ""), ("prod", "")]);
    tree.kustomization(
        "web/overlays/prod-tools",
        "web.yaml",
        &BASE.replace(":latest", ":9"),
    );
    let all = found(&tree, &[]);
    assert!(
        all.iter().any(|one| one.contains("error prod-tools")),
        "{all:?}"
    );
}

#[test]
fn a_difference_from_one_of_two_bases_is_reported_once() {
    let tree = Tree::new();
    for base in ["base", "base-dev"] {
        tree.kustomization(&format!("web/{base}"), "web.yaml", BASE);
    }
    let grace = "\
patches:
- target: {kind: Deployment}
  patch: |
    - {op: add, path: /spec/template/spec/hostNetwork, value: true}
";
    let load = |name: &str, base: &str, more: &str| {
        let text = format!("resources: [../../{base}]\n{more}");
        tree.write(&format!("web/overlays/{name}/kustomization.yaml"), &text);
    };
    load("dev", "base-dev", "");
    load("prod", "base", grace);
    tree.write(
        "web/base-dev/web.yaml",
        &format!("# Of dev.\n{}", BASE.replace("cpu: 100m", "cpu: 90m")),
    );
    assert_eq!(found(&tree, &[]), ["other error prod hostNetwork"]);
    // Where the bases themselves differ, only the environments can show the difference.
    tree.write(
        "web/base/web.yaml",
        &BASE.replace(
            "      serviceAccountName",
            "      hostPID: true\n      serviceAccountName",
        ),
    );
    let all = found(&tree, &[]);
    assert_eq!(
        all,
        [
            "other error prod hostNetwork",
            "environment-mismatch error prod hostPID"
        ]
    );
}

#[test]
fn the_same_change_to_many_resources_is_reported_once() {
    let names = ["a", "b", "c", "d"];
    let tree = Tree::new();
    let all: Vec<String> = names
        .iter()
        .map(|name| {
            BASE.replace("name: web", &format!("name: {name}"))
                .replace("app: web", &format!("app: {name}"))
        })
        .collect();
    tree.kustomization("web/base", "web.yaml", &all.join("---\n"));
    tree.overlay("web/overlays/dev", "");
    let patches: Vec<String> = names
        .iter()
        .map(|name| {
            format!("- target: {{kind: Deployment, name: {name}}}\n  patch: |\n    - {{op: add, path: /spec/paused, value: true}}\n")
        })
        .collect();
    tree.overlay(
        "web/overlays/prod",
        &format!("patches:\n{}", patches.concat()),
    );
    let run = text(&tree);
    assert_eq!(run.stdout.matches("error[other]").count(), 1, "{run:#?}");
    assert!(run.stdout.contains("also"), "{run:#?}");
    for name in &names[1..] {
        assert!(
            run.stdout.contains(&format!("apps/v1 Deployment {name}")),
            "{name}: {run:#?}"
        );
    }
    assert!(run.stdout.contains("4 errors"), "{run:#?}");
    // Another value is another change.
    tree.overlay(
        "web/overlays/prod",
        &format!(
            "patches:\n{}",
            patches.concat().replacen("value: true", "value: false", 1)
        ),
    );
    let run = text(&tree);
    assert_eq!(run.stdout.matches("error[other]").count(), 2, "{run:#?}");
}

#[test]
fn a_label_that_names_its_own_environment_is_information() {
    let label = |value: &str| {
        format!(
            "patches:\n- target: {{kind: Deployment}}\n  patch: |\n    - {{op: add, path: /metadata/labels, value: {{environment: {value}}}}}\n"
        )
    };
    let tree = service(&[("dev", ""), ("prod", &label("production"))]);
    assert_eq!(found(&tree, &[]), ["labels info prod environment"]);
    for other in ["staging", "'yes'", "production-2"] {
        let tree = service(&[("dev", ""), ("prod", &label(other))]);
        assert_eq!(
            found(&tree, &[]),
            ["labels error prod environment"],
            "{other}"
        );
    }
    // Another key has another meaning.
    let tier = label("prod").replace("environment:", "tier:");
    let tree = service(&[("dev", ""), ("prod", &tier)]);
    assert_eq!(found(&tree, &[]), ["labels error prod tier"]);
    // Each of two environments has its own name.
    let each = |late: &str| {
        let tree = Tree::new();
        for (name, value) in [("staging", "staging"), ("prod", late)] {
            let named = format!("metadata: {{name: web, labels: {{env: {value}}}}}");
            let text = BASE.replacen("metadata: {name: web}", &named, 1);
            tree.kustomization(&format!("web/{name}"), "web.yaml", &text);
        }
        found(&tree, &[])
    };
    assert_eq!(each("prod"), ["environment-mismatch info prod env"]);
    assert_eq!(each("dev"), ["environment-mismatch error prod env"]);
}

#[test]
fn the_same_change_in_copies_of_one_file_is_reported_once() {
    let tree = Tree::new();
    for name in ["a", "b", "c"] {
        tree.kustomization(&format!("{name}/base"), "web.yaml", BASE);
        tree.overlay(&format!("{name}/overlays/dev"), "");
        let account = patch(
            "Deployment",
            "/spec/template/spec/serviceAccountName",
            "root",
        );
        tree.overlay(&format!("{name}/overlays/prod"), &account);
    }
    let run = text(&tree);
    assert_eq!(run.stdout.matches("error[other]").count(), 1, "{run:#?}");
    assert!(
        run.stdout.contains("in service b, in service c"),
        "{run:#?}"
    );
    // Another value is not a copy.
    let account = patch(
        "Deployment",
        "/spec/template/spec/serviceAccountName",
        "other",
    );
    tree.overlay("c/overlays/prod", &account);
    let run = text(&tree);
    assert_eq!(run.stdout.matches("error[other]").count(), 2, "{run:#?}");
}

#[test]
fn the_probes_of_a_container_are_reported_together() {
    let tree = service(&[("dev", ""), ("prod", "")]);
    let probes = |way: &str| {
        let all = ["livenessProbe", "readinessProbe", "startupProbe"];
        let all = all.map(|probe| format!("{probe}: {{{way}}}"));
        BASE.replace("      - name: web\n", &format!("      - {{name: web, image: 'web:1', {}}}\n", all.join(", ")))
            .replace("        image: registry.example.com/shop/web:latest\n", "")
            .replace("        resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {cpu: 200m, memory: 256Mi}}\n", "")
    };
    tree.write("web/base/web.yaml", &probes("httpGet: {port: 80}"));
    let to = |probe: &str| {
        let path = format!("/spec/template/spec/containers/0/{probe}");
        format!(
            "    - {{op: remove, path: {path}/httpGet}}\n    - {{op: add, path: {path}/tcpSocket, value: {{port: 80}}}}\n"
        )
    };
    let operations: Vec<String> = ["livenessProbe", "readinessProbe", "startupProbe"]
        .map(to)
        .to_vec();
    tree.overlay(
        "web/overlays/prod",
        &format!(
            "patches:\n- target: {{kind: Deployment}}\n  patch: |\n{}",
            operations.concat()
        ),
    );
    let run = text(&tree);
    assert_eq!(
        run.stdout.matches("error[health-checks]").count(),
        1,
        "{run:#?}"
    );
    assert!(
        run.stdout.contains("startupProbe.tcpSocket (added)"),
        "{run:#?}"
    );
    assert!(run.stdout.contains("6 errors"), "{run:#?}");
}

#[test]
fn a_ratio_that_gets_closer_is_information() {
    let request = "/spec/template/spec/containers/0/resources/requests/memory";
    for (value, weight) in [("200Mi", "info"), ("64Mi", "warning")] {
        let tree = service(&[
            ("staging", ""),
            ("prod", &patch("Deployment", request, value)),
        ]);
        let all = found(&tree, &[]);
        let expected = format!("limit-request-ratio {weight} prod resources");
        assert!(all.contains(&expected), "{value}: {all:?}");
    }
}

#[test]
fn an_autoscaler_follows_the_new_name_of_its_workload() {
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  maxReplicas: 4\n";
    let base = BASE.replacen("spec:\n", "spec:\n  replicas: 2\n", 1);
    for more in [
        "nameSuffix: -prod\n",
        "namePrefix: prod-\n",
        "namespace: prod\nnameSuffix: -x\n",
    ] {
        let tree = service(&[("prod", more)]);
        tree.write("web/base/web.yaml", &format!("{base}---\n{scaler}"));
        let report = report(binary(), &tree.path(""), &[]);
        let all = report["findings"].as_array().expect("findings");
        assert_eq!(all.len(), 1, "{more}: {report:#}");
        assert_eq!(all[0]["rule"], "replicas-and-autoscaler");
        // The line to edit is the one that sets them.
        assert_eq!(
            all[0]["place"]["file"], "web/base/web.yaml",
            "{more}: {report:#}"
        );
        assert_eq!(all[0]["place"]["line"], 5, "{more}: {report:#}");
    }
    // The autoscaler of another workload does not follow it.
    let tree = service(&[("prod", "nameSuffix: -prod\n")]);
    let other = scaler.replace("Deployment, name: web", "Deployment, name: other");
    tree.write("web/base/web.yaml", &format!("{base}---\n{other}"));
    assert_eq!(found(&tree, &[]), [""; 0]);
}

#[test]
fn an_environment_without_the_workload_has_no_vote_about_its_base() {
    let gone = "patches:\n- patch: |\n    $patch: delete\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n";
    let tree = service(&[("dev", gone), ("staging", TAG), ("prod", TAG)]);
    let mut all = found(&tree, &[]);
    all.sort();
    let expected = [
        "image info prod image",
        "image info staging image",
        "removed-resource error dev ",
    ];
    assert_eq!(all, expected);
    // A version that only one of them sets is a change of its own.
    let tree = service(&[("dev", gone), ("staging", ""), ("prod", TAG)]);
    assert!(found(&tree, &[]).contains(&"image error prod image".to_owned()));
}

#[test]
fn environments_for_special_tests_are_not_a_step_before_production() {
    let less = patch(
        "Deployment",
        "/spec/template/spec/containers/0/resources/limits/memory",
        "192Mi",
    );
    for (name, is_step) in [
        ("test", true),
        ("load-test", false),
        ("pen-test", false),
        ("unit-test", true),
    ] {
        let tree = service(&[(name, ""), ("prod", &less)]);
        let all = found(&tree, &[]);
        let is_inverted = all.iter().any(|one| one.starts_with("inverted-resources"));
        assert_eq!(is_inverted, is_step, "{name}: {all:?}");
    }
}

#[test]
fn builds_that_fail_for_one_cause_are_reported_once() {
    let tree = service(&[]);
    for name in ["dev", "staging", "prod"] {
        tree.overlay(
            &format!("web/overlays/{name}"),
            "patches: [{path: gone.yaml}]\n",
        );
    }
    let run = text(&tree);
    assert_eq!(
        run.stdout.matches("error[build-failure]").count(),
        1,
        "{run:#?}"
    );
    assert!(run.stdout.contains("3 not built"), "{run:#?}");
    // Another cause is reported separately.
    tree.overlay("web/overlays/prod", "patches: [{path: other.yaml}]\n");
    let run = text(&tree);
    assert_eq!(
        run.stdout.matches("error[build-failure]").count(),
        2,
        "{run:#?}"
    );
}

#[test]
fn what_one_file_does_to_a_resource_is_one_place() {
    let tree = Tree::new();
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  annotations: {nginx.ingress.kubernetes.io/rewrite-target: /}\nspec:\n  rules:\n  - host: a.example.com\n    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}\n";
    tree.kustomization("web/base", "web.yaml", &format!("{BASE}---\n{ingress}"));
    tree.overlay("web/overlays/dev", "");
    tree.overlay("web/overlays/prod", "patches: [{path: web.yaml}]\n");
    let routes = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  annotations:\n    nginx.ingress.kubernetes.io/rewrite-target: /$2\n    nginx.ingress.kubernetes.io/use-regex: \"true\"\nspec:\n  tls: [{hosts: [a.example.com], secretName: web-tls}]\n  rules:\n  - host: a.example.com\n    http: {paths: [{path: '/web(/|$)(.*)', pathType: ImplementationSpecific, backend: {service: {name: web, port: {number: 80}}}}]}\n";
    tree.write("web/overlays/prod/web.yaml", routes);
    let text = text(&tree).stdout;
    let said: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("error[") || line.starts_with("also "))
        .collect();
    assert_eq!(
        said,
        [
            "error[annotations]: annotation nginx.ingress.kubernetes.io/rewrite-target differs from the base",
            "also    nginx.ingress.kubernetes.io/use-regex (added)",
            "error[ingress-structure]: an element of the routing list paths is in prod, but not in the base",
            "also    spec.rules[host=a.example.com].http.paths[path=/] (removed), spec.tls (added)",
        ],
        "{text}"
    );
}

#[test]
fn a_canary_runs_few_copies_of_what_production_runs() {
    let scale = |count: &str| patch("Deployment", "/spec/replicas", count);
    let with = |canary: &str| {
        let tree = Tree::new();
        let base = BASE.replace("spec:\n  selector", "spec:\n  replicas: 2\n  selector");
        tree.kustomization("web/base", "web.yaml", &base);
        tree.overlay("web/overlays/staging", &scale("3"));
        tree.overlay("web/overlays/prod", &scale("4"));
        tree.overlay("web/overlays/prod-canary", canary);
        found(&tree, &[])
    };
    assert_eq!(with(&scale("1")), [""; 0]);
    assert_eq!(
        with(&scale("0")),
        ["inverted-replicas error prod-canary replicas"]
    );
    let memory = "/spec/template/spec/containers/0/resources/limits/memory";
    assert_eq!(
        with(&(scale("1") + &format!("    - {{op: replace, path: {memory}, value: 200Mi}}\n"))),
        ["inverted-resources error prod-canary memory"]
    );
}
