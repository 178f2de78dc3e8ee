//! `init` in a part of a repository writes what it would write for the whole.

use super::repository::Repository;
use crate::support::{NEWEST, require};

/// The deployment of a service whose production scales down to less than staging.
const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n  template: {spec: {containers: [{name: web, image: 'example.com/web:1'}]}}\n";

/// Two services; web's production has one replica and another image.
fn shop(kustomize: &std::path::Path) -> Repository {
    let repository = Repository::new("shop", kustomize);
    for service in ["web", "cart"] {
        let at = |path: &str| format!("apps/{service}/{path}");
        let deployment = DEPLOYMENT.replace("web", service);
        repository.write(&at("base/deployment.yaml"), &deployment);
        repository.write(
            &at("base/kustomization.yaml"),
            "resources: [deployment.yaml]\n",
        );
        for environment in ["staging", "production"] {
            repository.write(
                &at(&format!("overlays/{environment}/kustomization.yaml")),
                "resources: [../../base]\n",
            );
        }
    }
    repository.write(
        "apps/web/overlays/production/kustomization.yaml",
        "resources: [../../base]\nreplicas: [{name: web, count: 1}]\nimages: [{name: example.com/web, newTag: '2'}]\n",
    );
    repository
}

const PRODUCTION: &str = "apps/web/overlays/production";

/// A policy covers what is below its directory, so one in an overlay would not know its siblings.
#[test]
fn a_first_policy_for_an_overlay_belongs_to_the_whole() {
    let kustomize = require!(kustomize(NEWEST));
    for (here, arguments) in [
        ("", &["init", "--adopt", "--yes", PRODUCTION][..]),
        (PRODUCTION, &["init", "--adopt", "--yes"]),
        (
            "apps/web/overlays",
            &["init", "--adopt", "--yes", "production"],
        ),
    ] {
        let repository = shop(&kustomize);
        let made = repository.krm_parity_in(here, arguments);
        assert_eq!(made.code, Some(0), "{here}: {made:#?}");
        assert!(
            made.stderr.contains("is only a part of a service"),
            "{here}: {made:#?}"
        );
        let policy = repository.read("parity.yaml");
        for part in ["environments: [staging, production]", "services: [web]"] {
            assert!(policy.contains(part), "{here}: {policy}");
        }
        let others = repository.files().into_keys();
        let others: Vec<String> = others
            .filter(|file| file.starts_with("apps/") && file.ends_with("parity.yaml"))
            .collect();
        assert!(others.is_empty(), "{others:?}");
        for checked in [PRODUCTION, "apps/web", "."] {
            let run = repository.krm_parity(&["check", checked]);
            assert_eq!(run.code, Some(0), "{here}: {checked}: {run:#?}");
        }
    }
}

/// A directory that holds whole services is the root of what its policy covers.
#[test]
fn a_first_policy_for_whole_services_stays_where_it_was_asked_for() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = shop(&kustomize);
    let made = repository.krm_parity(&["init", "--adopt", "--yes", "apps/web"]);
    assert_eq!(made.code, Some(0), "{made:#?}");
    let policy = repository.read("apps/web/parity.yaml");
    assert!(policy.contains("services: [web]"), "{policy}");
}

/// The directory in which the command runs changes neither the entries nor the names in the diff.
#[test]
fn adoption_from_below_is_adoption_from_above() {
    let kustomize = require!(kustomize(NEWEST));
    let empty = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  environments: [staging, production]\n";
    let made = ["", "apps", "apps/web/overlays"].map(|here| {
        let repository = shop(&kustomize);
        repository.write("parity.yaml", empty);
        let made = repository.krm_parity_in(here, &["init", "--adopt", "--yes"]);
        assert_eq!(made.code, Some(0), "{here}: {made:#?}");
        let diff = made.stdout.split("\n\n").next().unwrap_or_default();
        assert!(
            diff.starts_with("--- a/parity.yaml\n+++ b/parity.yaml\n"),
            "{here}: {diff}"
        );
        (repository.read("parity.yaml"), diff.to_owned())
    });
    assert!(made[0].0.contains("services: [web]"), "{}", made[0].0);
    assert_eq!(made[0], made[1]);
    assert_eq!(made[0], made[2]);
}
