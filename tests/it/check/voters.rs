//! Among environments without a common base, the one that changed is blamed, and not those that also differ from an
//! exempt one.

use super::{NEWEST, report};
use crate::support::{Tree, require};

fn web(limits: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    \
         metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - name: web\n        image: shop/web:1\n        resources: {{limits: {{{limits}}}}}\n"
    )
}

const ALL: &str = "cpu: '1', memory: 1Gi";
const FEW: &str = "cpu: '1'";

fn service(environments: [(&str, &str); 4], exemption: &str) -> Tree {
    let tree = Tree::new();
    for (name, limits) in environments {
        tree.kustomization(&format!("overlays/{name}"), "web.yaml", &web(limits));
    }
    let names = environments.map(|(name, _)| name).join(", ");
    tree.write(
        "parity.yaml",
        &format!(
            "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {{name: p}}\nspec:\n  environments: [{names}]\n  \
             layout: {{overlays: ['overlays/{{environment}}']}}\n{exemption}"
        ),
    );
    tree
}

/// `severity rule environment` of each finding.
fn told(tree: &Tree) -> Vec<String> {
    let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
    let report = report(&kustomize, &tree.path(""), &[]);
    let findings = report["findings"].as_array().expect("findings").iter();
    let told = findings.map(|one| {
        let words = ["severity", "rule", "environment"];
        words
            .map(|word| one[word].as_str().unwrap_or_default())
            .join(" ")
    });
    told.collect()
}

fn settled(environments: &str, value: &str) -> String {
    format!(
        "  exemptions:\n  - rule: environment-mismatch\n    path: 'spec.template.spec.containers[name=web].resources.limits.memory'\n{value}    \
         environments: [{environments}]\n    reason: r\n    expires: '2027-01-01'\n"
    )
}

#[test]
fn an_exempt_environment_has_no_vote_on_the_odd_one() {
    let _kustomize = require!(kustomize(NEWEST));
    let lost = [("local", FEW), ("alpha", ALL), ("beta", ALL), ("prod", FEW)];
    let held = settled("local", "    value: <absent>\n");
    let local = "info environment-mismatch local";
    for exemption in [&held, &settled("local", "")] {
        let tree = service(lost, exemption);
        assert_eq!(told(&tree), [local, "error environment-mismatch prod"]);
    }
    // The state in which it was adopted.
    let adopted = [("local", FEW), ("alpha", ALL), ("beta", ALL), ("prod", ALL)];
    assert_eq!(told(&service(adopted, &held)), [local]);
    // No environment is left that could show what is usual, so all have a vote, and all are exempt.
    let all = settled("local, alpha, beta, prod", "");
    let exempt = told(&service(lost, &all));
    assert!(
        exempt.iter().all(|one| one.starts_with("info")),
        "{exempt:#?}"
    );
}

#[test]
fn an_exempt_value_that_has_changed_is_reported() {
    let _kustomize = require!(kustomize(NEWEST));
    let more = "cpu: '1', memory: 1Gi, ephemeral-storage: 1Gi";
    let held = settled("local", "    value: <absent>\n");
    // An exemption for one value does not cover another.
    let other = [
        ("local", FEW),
        ("alpha", ALL),
        ("beta", ALL),
        ("prod", more),
    ];
    let told = told(&service(other, &held));
    assert!(
        told.contains(&"error environment-mismatch prod".to_owned()),
        "{told:#?}"
    );
    // It agrees with the others again: the exemption has no use.
    let again = [("local", ALL), ("alpha", ALL), ("beta", ALL), ("prod", FEW)];
    let told = self::told(&service(again, &held));
    assert!(
        told.contains(&"error environment-mismatch prod".to_owned())
            && told.iter().any(|one| one.contains("unused-exemption")),
        "{told:#?}"
    );
}
