//! The snapshots of a recorder, and their way up.

use serde_yaml::Value;

use crate::support::{Call, require};
use crate::{BASE, Scene, policy, recorder};

/// Objects that look like the files of a small, clean tree of kustomizations.
const LISTING: &str = "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Listing
metadata:
  name: one
  annotations:
    config.kubernetes.io/local-config: 'true'
    config.kubernetes.io/origin: \"path: fake/base/kustomization.yaml\\n\"
resources: [extra.yaml]
---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Listing
metadata:
  name: two
  annotations:
    config.kubernetes.io/local-config: 'true'
    config.kubernetes.io/origin: \"path: fake/overlays/prod/kustomization.yaml\\n\"
resources: [../../base]
";

/// Another image, under origins that no build has written.
const DISGUISE: &str = "images: [{name: registry.example/app, newName: evil.example/app}]
patches:
- target: {kind: Deployment}
  patch: '- {op: add, path: /metadata/annotations, value: {config.kubernetes.io/origin: \"path: z/app.yaml\\n\"}}'
- target: {kind: EnvironmentSnapshot}
  patch: '- {op: add, path: /metadata/annotations/config.kubernetes.io~1origin, value: \"path: z/snapshot.yaml\\n\"}'
";

/// The names of the snapshots in the input of a run, sorted.
fn snapshots(call: &Call) -> Vec<String> {
    let list: Value = serde_yaml::from_str(&call.stdin).expect("a ResourceList");
    let items = list["items"].as_sequence().expect("items");
    let mut names: Vec<_> = items
        .iter()
        .filter(|item| item["kind"].as_str() == Some("EnvironmentSnapshot"))
        .map(|item| {
            item["metadata"]["name"]
                .as_str()
                .expect("a name")
                .to_owned()
        })
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn a_snapshot_is_never_in_the_output() {
    for host in require!(kustomizes()) {
        let scene = Scene::new();
        let alone = scene.build_folder(&host, "base");
        let alone = alone.passes(1);
        assert_eq!(alone.matches("\nkind: ").count(), 3, "{alone}");
        assert!(!alone.contains("krm-parity"), "{alone}");

        let built = scene.build(&host);
        assert_eq!(built.passes(2), scene.plain(&host));
        assert!(
            built.calls[1]
                .stdin
                .contains("\n  kind: EnvironmentSnapshot\n")
        );
    }
}

/// Every kustomize seals the same snapshot, or a committed one would never be up to date.
#[test]
fn a_snapshot_does_not_depend_on_the_kustomize() {
    let mut names = Vec::new();
    for host in require!(kustomizes()) {
        let scene = Scene::new();
        names.push(snapshots(&scene.build(&host).calls[1]));
    }
    names.dedup();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0][0].starts_with("app-base-"), "{names:?}");
}

/// One recorder in a separate directory serves two bases, whose snapshots are read as one.
#[test]
fn a_shared_recorder_serves_two_bases() {
    for host in require!(kustomizes()) {
        let scene = Scene::new();
        scene
            .tree
            .write("record/recorder.yaml", &recorder("app", ""));
        scene
            .tree
            .write("record/kustomization.yaml", "resources: [recorder.yaml]\n");
        for base in ["web", "worker"] {
            let text = BASE.replace("name: app\n", &format!("name: {base}\n"));
            scene.tree.write(&format!("{base}/app.yaml"), &text);
            scene.tree.write(
                &format!("{base}/kustomization.yaml"),
                "resources: [app.yaml]\ntransformers: [../record]\n",
            );
        }
        let overlay =
            "resources: [../web, ../worker]\nnamePrefix: eu-\ntransformers: [policy.yaml]\n";
        scene.tree.write("overlay/kustomization.yaml", overlay);
        let built = scene.build(&host);
        built.passes(3);
        let names = snapshots(&built.calls[2]);
        assert_eq!(names.len(), 2);
        assert_ne!(names[0], names[1]);

        // Both bases are compared, not only the first.
        for base in ["web", "worker"] {
            let patch = format!(
                "patches:\n- target: {{kind: Deployment, name: {base}}}\n  patch: |\n    \
                 - {{op: remove, path: /spec/template/spec/containers/0/livenessProbe}}\n"
            );
            scene
                .tree
                .write("overlay/kustomization.yaml", &(overlay.to_owned() + &patch));
            let said = scene.build(&host).fails(3, &["health-checks"]).to_owned();
            assert!(said.contains(&format!("Deployment eu-{base} ")), "{said}");
        }
    }
}

/// A build is judged as a build, whatever its annotations and whatever else it contains.
#[test]
fn annotations_do_not_make_a_build_a_package() {
    for host in require!(kustomizes()) {
        let scene = Scene::new();
        scene.tree.write("overlay/files.yaml", LISTING);
        scene.overlay(DISGUISE);
        let overlay = scene.tree.read("overlay/kustomization.yaml");
        let overlay = overlay.replace("resources: [../base]", "resources: [../base, files.yaml]");
        scene.tree.write("overlay/kustomization.yaml", &overlay);
        let built = scene.build(&host);
        assert!(!built.run.stdout.contains("evil"), "{:#?}", built.run);
        // An item of a build is not a file of a package, whatever its annotations say.
        built.fails(2, &["image"]);
        // The findings are the same without the annotations.
        scene.overlay("images: [{name: registry.example/app, newName: evil.example/app}]\n");
        scene.build(&host).fails(2, &["image"]);
    }
}

#[test]
fn one_resource_with_two_contents_is_a_contradiction() {
    for host in require!(kustomizes()) {
        let scene = Scene::new();
        for (folder, image) in [("one", "app:1"), ("two", "app:2")] {
            scene
                .tree
                .write(&format!("{folder}/app.yaml"), &BASE.replace("app:1", image));
            scene.tree.write(
                &format!("{folder}/record.yaml"),
                &recorder("app", "spec: {mode: replace}\n"),
            );
            scene.tree.write(
                &format!("{folder}/kustomization.yaml"),
                "resources: [app.yaml]\ntransformers: [record.yaml]\n",
            );
        }
        scene.tree.write("matrix/policy.yaml", &policy(""));
        scene.tree.write(
            "matrix/kustomization.yaml",
            "resources: [../one, ../two]\ntransformers: [policy.yaml]\n",
        );
        let built = scene.build_folder(&host, "matrix");
        let said = built.refuses(3);
        let names = snapshots(&built.calls[2]);
        for word in ["\"app\"", "\"base\"", "Deployment", &names[0], &names[1]] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

/// An overlay that edits the snapshot could choose its own base.
#[test]
fn an_edited_snapshot_is_an_error() {
    for host in require!(kustomizes()) {
        for (path, value) in [
            ("/spec/resources", "''"),
            ("/spec/digest", "'sha256:0000'"),
            ("/spec/resources", "[1, 2]"),
        ] {
            let scene = Scene::new();
            scene.overlay(&format!(
                "patches:\n- target: {{kind: EnvironmentSnapshot}}\n  patch: |\n    \
                 - {{op: replace, path: {path}, value: {value}}}\n"
            ));
            let built = scene.build(&host);
            let said = built.refuses(2);
            assert!(said.contains("EnvironmentSnapshot \"app-base-"), "{said}");
            assert!(said.contains("line "), "{said}");
            assert!(said.contains(path.trim_start_matches("/spec/")), "{said}");
        }
    }
}

/// An overlay that deletes the snapshot deletes its reference, which must not pass.
#[test]
fn a_deleted_snapshot_is_a_missing_baseline() {
    for host in require!(kustomizes()) {
        let scene = Scene::new();
        let name = snapshots(&scene.build(&host).calls[1]).remove(0);
        scene.overlay(&format!(
            "patches:\n- patch: |\n    $patch: delete\n    apiVersion: krm-parity.io/v1alpha1\n    \
             kind: EnvironmentSnapshot\n    metadata: {{name: {name}}}\n"
        ));
        scene.build(&host).fails(2, &["missing-baseline"]);
    }
}

/// A change of everything also changes the snapshot, but its content stays sealed.
#[test]
fn an_overlay_that_transforms_everything_leaves_the_content_alone() {
    for host in require!(kustomizes()) {
        let scene = Scene::new();
        scene.overlay(
            "namespace: eu
namePrefix: eu-
nameSuffix: -blue
labels: [{pairs: {tier: gold}, includeSelectors: true, includeTemplates: true}]
commonAnnotations: {owner: shop}
patches:
- target: {name: .*}
  patch: |
    apiVersion: any/v1
    kind: Any
    metadata: {name: any, annotations: {patched: everywhere}}
",
        );
        let built = scene.build(&host);
        assert_eq!(built.passes(2), scene.plain(&host));
        assert_eq!(built.run.stdout.matches("patched: everywhere").count(), 3);
        let seen = &built.calls[1].stdin;
        assert!(seen.contains(" name: eu-app-base-"), "{seen}");
    }
}
