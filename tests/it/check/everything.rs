//! A field that an overlay puts on everything, where there is only one resource: it is recognized as in a build
//! that also contains a snapshot.

use super::{NEWEST, report};
use crate::support::{Tree, require};

const REPORT: &str = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: report}\nspec:\n  schedule: '0 3 * * *'\n  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: report, image: example.com/report:2}]}}}}\n";

#[test]
fn a_field_on_the_only_resource_is_on_everything_unless_a_patch_added_it() {
    let kustomize = require!(kustomize(NEWEST));
    let everything = "commonAnnotations: {example.com/team: a}\n";
    let patch = "patches: [{target: {kind: CronJob}, patch: '[{op: add, path: /metadata/annotations, value: {example.com/team: a}}]'}]\n";
    let component = "components: [../../team]\n";
    for (says, expected) in [(everything, 0), (component, 0), (patch, 1)] {
        let tree = Tree::new();
        tree.kustomization("base", "all.yaml", REPORT);
        tree.write(
            "team/kustomization.yaml",
            &format!("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n{everything}"),
        );
        tree.overlay("overlays/dev", "");
        tree.overlay("overlays/prod", says);
        let report = report(&kustomize, &tree.path(""), &[]);
        let found = report["findings"].as_array().expect("findings");
        assert_eq!(found.len(), expected, "{says}: {report:#}");
    }
}
