//! Changes that look like what makes an environment an environment, and that change what runs: each is an error, and the
//! innocent change closest to it is not.

use super::owners::{found, patch};
use crate::support::Tree;

const BASE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: web, env: base}}
    spec:
      containers: [{name: web, image: 'shop/web:1', env: [{name: APP_ENV, value: base}, {name: DB, value: db.example.com}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {monitor: web}}
spec: {selector: {tier: web}, ports: [{name: http, port: 80, targetPort: http, nodePort: 30080}, {name: admin, port: 81, nodePort: 30081}]}
";

/// Another resource of the base, and what production does.
struct Door {
    more: &'static str,
    production: String,
    wanted: &'static [&'static str],
}

fn door(more: &'static str, production: &str, wanted: &'static [&'static str]) -> Door {
    Door {
        more,
        production: production.to_owned(),
        wanted,
    }
}

/// The findings where production does this.
fn through(door: &Door) -> Vec<String> {
    let tree = Tree::new();
    tree.kustomization("web/base", "web.yaml", &format!("{BASE}{}", door.more));
    tree.overlay("web/overlays/staging", "");
    tree.overlay("web/overlays/production", &door.production);
    found(&tree, &[])
}

/// Labels for everything, pods included.
fn labels(pair: &str) -> String {
    format!("labels: [{{pairs: {{{pair}}}, includeTemplates: true}}]\n")
}

const POLICY: &str = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\nspec: {podSelector: {matchExpressions: [{key: free, operator: DoesNotExist}]}, policyTypes: [Egress]}\n";
const BUDGET: &str = "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {env: base}}}\n";
const MONITOR: &str = "---\napiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: web}\nspec: {selector: {matchLabels: {monitor: web}}, endpoints: [{port: http}]}\n";
const BINDING: &str = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: web}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\nsubjects: [{kind: ServiceAccount, name: web}]\n";
const DATABASE: &str = "---\napiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db}\nspec: {imageName: 'shop/db:16', superuserSecret: {name: shop-db}, storage: {storageClass: shop-fast}}\n";

#[test]
fn a_label_that_a_selector_asks_for_changes_what_runs() {
    for door in [
        door(
            "",
            &labels("tier: production"),
            &["labels error production tier"],
        ),
        door(
            POLICY,
            &labels("free: 'yes'"),
            &["labels error production free"],
        ),
        door(
            BUDGET,
            &labels("env: production"),
            &["labels error production env"],
        ),
        door(
            BUDGET,
            &patch(
                "Deployment",
                "/spec/template/metadata/labels/env",
                "production",
            ),
            &["labels error production env"],
        ),
        door(
            MONITOR,
            &patch("Service", "/metadata/labels/monitor", "web-production"),
            &["labels error production monitor"],
        ),
        // No selector asks for these.
        door("", &labels("team: payments"), &[]),
        door(BUDGET, &labels("team: payments"), &[]),
        door(
            "",
            &patch(
                "Deployment",
                "/spec/template/metadata/labels/env",
                "production",
            ),
            &["labels info production env"],
        ),
        // All selectors follow.
        door(POLICY, "commonLabels: {team: payments}\n", &[]),
        door("", "commonLabels: {tier: production}\n", &[]),
    ] {
        assert_eq!(
            through(&door),
            door.wanted,
            "{}{}",
            door.more,
            door.production
        );
    }
}

#[test]
fn a_name_that_says_what_runs_is_not_an_own_name() {
    let cluster = |path: &str, value: &str| patch("Cluster", path, value);
    for door in [
        door(
            "",
            &patch("Service", "/spec/ports/0/targetPort", "http-production"),
            &["other error production targetPort"],
        ),
        door(
            MONITOR,
            &patch(
                "ServiceMonitor",
                "/spec/endpoints/0/port",
                "http-production",
            ),
            &["other error production port"],
        ),
        door(
            DATABASE,
            &cluster("/spec/imageName", "shop/db-production:16"),
            &["other error production imageName"],
        ),
        door(
            DATABASE,
            &cluster("/spec/storage/storageClass", "shop-production-fast"),
            &["other error production storageClass"],
        ),
        // The data of production.
        door(
            DATABASE,
            &cluster("/spec/superuserSecret/name", "shop-production-db"),
            &["other info production name"],
        ),
    ] {
        assert_eq!(through(&door), door.wanted, "{}", door.production);
    }
    // A right is one in every environment, too.
    let tree = Tree::new();
    tree.kustomization("web/base", "web.yaml", &format!("{BASE}{BINDING}"));
    for name in ["staging", "production"] {
        let overlay = patch("RoleBinding", "/roleRef/name", &format!("{name}-admin"));
        tree.overlay(&format!("web/overlays/{name}"), &overlay);
    }
    assert_eq!(
        found(&tree, &[]),
        ["other error production name", "other error staging name"]
    );
}

#[test]
fn ports_that_two_services_swap_are_not_free() {
    let swapped = "patches:\n- target: {kind: Service}\n  patch: |\n    - {op: replace, path: /spec/ports/0/nodePort, value: 30081}\n    - {op: replace, path: /spec/ports/1/nodePort, value: 30080}\n";
    let wanted = &[
        "other error production nodePort",
        "other error production nodePort",
    ];
    assert_eq!(through(&door("", swapped, wanted)), wanted);
    let free = patch("Service", "/spec/ports/0/nodePort", "30082");
    assert_eq!(
        through(&door("", &free, &[])),
        ["other info production nodePort"]
    );
}

#[test]
fn the_name_of_another_environment_is_found_wherever_it_is() {
    let both = |staging: &str, production: &str| {
        let tree = Tree::new();
        tree.kustomization("web/base", "web.yaml", BASE);
        tree.overlay("web/overlays/staging", staging);
        tree.overlay("web/overlays/production", production);
        found(&tree, &[])
    };
    let variable = |at: usize, value: &str| {
        let path = format!("/spec/template/spec/containers/0/env/{at}/value");
        patch("Deployment", &path, value)
    };
    let copied = |text: &str| both(text, text);
    let value = ["foreign-environment warning production value"];
    assert_eq!(copied(&variable(0, "staging")), value);
    assert_eq!(copied(&variable(1, "\"db.example.com?ns=staging\"")), value);
    let url = |name: &str| variable(1, &format!("shop_{name}@db.staging.example.com"));
    assert_eq!(both(&url("staging"), &url("production")), value);
    assert_eq!(
        copied("namespace: shop-staging\n"),
        ["foreign-environment error production namespace"]
    );
    assert_eq!(
        copied("namespace: staging\n"),
        ["foreign-environment error production namespace"]
    );
    assert_eq!(
        copied("namePrefix: staging-\n"),
        ["foreign-environment error production name"]
    );
    // Own names, no names, and one name for all.
    for own in [
        both("namespace: shop-staging\n", "namespace: shop-production\n"),
        both("namePrefix: staging-\n", "namePrefix: production-\n"),
        both(&variable(0, "staging"), &variable(0, "production")),
        copied("namespace: shop\n"),
    ] {
        assert_eq!(own, [""; 0]);
    }
}
