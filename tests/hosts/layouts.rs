//! Layouts from real repositories, over a base that contains nearly every kind of field.
//!
//! Changes that only make an overlay an environment must pass silently, and the build must equal
//! that of kustomize alone; every other change must be found, by its rule.

use crate::Scene;
use crate::support::{Host, Tap, Witness, require};

/// The oldest and the newest installed kustomize.
fn both_ends(mut hosts: Vec<Host>) -> Vec<Host> {
    hosts.drain(1..hosts.len() - 1);
    hosts
}

/// A scene whose base is the zoo.
fn zoo() -> Scene {
    let scene = Scene::new();
    scene.tree.write("base/app.yaml", include_str!("zoo.yaml"));
    scene.base(
        "resources: [app.yaml]
configMapGenerator: [{name: settings, literals: [MODE=base, SIZE=1]}]
secretGenerator: [{name: creds, literals: [password=a]}]
",
    );
    scene
}

/// A strategic merge patch of the Deployment's pod, on one line.
macro_rules! pod {
    ($pod:literal) => {
        concat!(
            "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: app}\n    \
             spec: {template: {spec: {",
            $pod,
            "}}}\n"
        )
    };
}

/// A JSON 6902 patch of everything of a kind, with one operation.
macro_rules! json {
    ($kind:literal, $operation:literal) => {
        concat!(
            "patches:\n- target: {kind: ",
            $kind,
            "}\n  patch: |\n    - {",
            $operation,
            "}\n"
        )
    };
}

/// Permitted overlays: their kustomizations without `resources:` and `transformers:`.
const ENVIRONMENTS: &[&str] = &[
    "",
    "namePrefix: eu-\n",
    "nameSuffix: -blue\nnamespace: production\n",
    "namePrefix: eu-\nnameSuffix: -blue\nnamespace: production\ncommonAnnotations: {owner: shop}\n",
    "labels: [{pairs: {stage: production}}]\n",
    "labels: [{pairs: {stage: production}, includeTemplates: true}]\n",
    "labels: [{pairs: {stage: production}, includeSelectors: true}]\n",
    "labels: [{pairs: {app: shop}, includeSelectors: true}]\n",
    "replicas: [{name: app, count: 7}, {name: db, count: 3}]\n",
    "buildMetadata: [originAnnotations, managedByLabel]\n",
    "sortOptions: {order: fifo}\n",
    "generatorOptions: {disableNameSuffixHash: true}\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [MODE=production]}]\n",
    "namePrefix: eu-\nnamespace: production\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [MODE=production]}]\n",
    "configMapGenerator: [{name: settings, behavior: replace, literals: [SIZE=2, MODE=production]}]\nsecretGenerator: [{name: creds, behavior: replace, literals: [password=b]}]\n",
    "replacements:
- source: {kind: Service, name: app, fieldPath: metadata.name}
  targets: [{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.[name=app].env.[name=HOST].value']}]
",
    "patches:
- target: {kind: Ingress}
  patch: |
    - {op: replace, path: /spec/rules/0/host, value: production.example.com}
    - {op: replace, path: /spec/tls/0/hosts, value: [production.example.com, www.example.com]}
- target: {kind: HTTPRoute}
  patch: |
    - {op: replace, path: /spec/hostnames, value: [x.example.com]}
- target: {kind: Certificate}
  patch: |
    - {op: replace, path: /spec/dnsNames/0, value: x.example.com}
- target: {kind: ScaledObject}
  patch: |
    - {op: replace, path: /spec/maxReplicaCount, value: 9}
- target: {kind: HorizontalPodAutoscaler}
  patch: |
    - {op: replace, path: /spec/minReplicas, value: 3}
",
    // A strategic merge patch moves the elements that it names to the front; none of them refers to
    // another.
    "patches:
- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
          - name: app
            env: [{name: HOST, value: null, valueFrom: {secretKeyRef: {name: creds, key: password}}}]
            ports: [{containerPort: 8080, protocol: TCP}]
            resources: {requests: {cpu: '0.1', memory: 268435456}}
",
    "patches:
- target: {kind: Odd}
  patch: |
    - {op: replace, path: /spec/a, value: 420}
    - {op: replace, path: /spec/f, value: 1}
    - {op: remove, path: /spec/k}
- target: {kind: ConfigMap, name: odd}
  patch: |
    - {op: replace, path: /binaryData/bytes, value: AAED}
",
    "patches:
- target: {name: .*}
  patch: |
    apiVersion: any/v1
    kind: Any
    metadata: {name: any, labels: {stage: production}}
",
];

#[test]
fn changes_that_make_an_environment_pass() {
    for host in both_ends(require!(kustomizes())) {
        let scene = zoo();
        for body in ENVIRONMENTS {
            scene.overlay(body);
            let built = scene.build(&host);
            assert_eq!(built.passes(2), scene.plain(&host), "{body}");
        }
    }
}

/// A label that is also added to all selectors removes the pods from a selector for another
/// service's pods.
#[test]
fn a_peer_of_strangers_does_not_follow() {
    for host in both_ends(require!(kustomizes())) {
        let scene = zoo();
        let own = "from: [{podSelector: {matchLabels: {app: app}}}]";
        let zoo = scene.tree.read("base/app.yaml");
        assert!(zoo.contains(own));
        let strangers = own.replace("app: app", "app: web");
        scene
            .tree
            .write("base/app.yaml", &zoo.replace(own, &strangers));
        scene.overlay("labels: [{pairs: {stage: production}, includeSelectors: true}]\n");
        scene.build(&host).fails(2, &["other"]);
    }
}

/// If requested, every transformer is recorded on every resource. So the output is not that of a
/// build without functions, but that of a build with a function without effect.
#[test]
fn the_output_is_that_of_a_function_without_effect() {
    for host in both_ends(require!(kustomizes())) {
        let scene = zoo();
        scene.overlay(
            "buildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]\n",
        );
        let cat = Witness::of_shell("exec cat\n");
        let nothing = Tap::new(&cat.path());
        let identity = host.build_tapped(&scene.tree.path("overlay"), &nothing);
        assert_eq!(nothing.calls().len(), 2);
        let identity = identity.expect_success("a build with a function that does nothing");
        assert_ne!(identity, scene.plain(&host), "{}", host.name);
        assert_eq!(scene.build(&host).passes(2), identity, "{}", host.name);
    }
}

/// Forbidden overlays, with the rules that report them.
const DEVIATIONS: &[(&str, &[&str])] = &[
    ("images: [{name: registry.example/app, newTag: '2'}]\n", &["image"]),
    ("images: [{name: registry.example/app, newName: mirror.example/app}]\n", &["image"]),
    ("configMapGenerator: [{name: settings, behavior: replace, literals: [MODE=production]}]\n", &["config-keys"]),
    ("configMapGenerator: [{name: extra, literals: [A=b]}]\n", &["added-resource"]),
    (
        "generatorOptions: {labels: {a: b}, annotations: {c: d}}\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [MODE=x]}]\n",
        &["annotations", "labels"],
    ),
    (
        "replacements:
- source: {kind: Service, name: app, fieldPath: metadata.name}
  targets: [{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.[name=app].image']}]
",
        &["image"],
    ),
    (
        "patches:\n- target: {labelSelector: app=app}\n  patch: |\n    - {op: add, path: /metadata/labels/tier, value: gold}\n",
        &["labels"],
    ),
    (
        "patches:
- patch: |
    $patch: delete
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: app}
",
        &["removed-resource"],
    ),
    (
        "patches:
- target: {kind: Service, name: app}
  options: {allowNameChange: true}
  patch: |
    - {op: replace, path: /metadata/name, value: other}
",
        &["other"],
    ),
    (pod!("containers: [{name: side, image: registry.example/side:1}]"), &["containers"]),
    (pod!("initContainers: [{name: init, $patch: delete}]"), &["containers"]),
    (pod!("containers: [{name: app, livenessProbe: null}]"), &["health-checks"]),
    (pod!("containers: [{name: app, resources: {limits: null}}]"), &["resource-names"]),
    (pod!("containers: [{name: app, args: [serve]}]"), &["other"]),
    (pod!("serviceAccountName: admin"), &["other"]),
    (json!("Deployment", "op: add, path: /spec/template/metadata/annotations, value: {a: b}"), &["annotations"]),
    (
        json!("Deployment", "op: add, path: /spec/template/metadata/labels/sidecar.istio.io~1inject, value: 'true'"),
        &["service-mesh"],
    ),
    (json!("Service", "op: add, path: /spec/type, value: LoadBalancer"), &["other"]),
    (json!("Service", "op: add, path: /spec/selector/a, value: b"), &["other"]),
    (json!("Ingress", "op: replace, path: /spec/tls/0/secretName, value: other"), &["ingress-structure"]),
    (
        json!("Ingress", "op: replace, path: /spec/rules/0/http/paths/0/backend/service/name, value: db"),
        &["ingress-structure"],
    ),
    (json!("HTTPRoute", "op: replace, path: /spec/rules/0/matches/0/path/value, value: /x"), &["ingress-structure"]),
    (json!("CronJob", "op: replace, path: /spec/schedule, value: '0 4 * * *'"), &["other"]),
    // The requested size may differ; the properties of a claim may not.
    (
        json!("StatefulSet", "op: add, path: /spec/volumeClaimTemplates/0/spec/storageClassName, value: slow"),
        &["other"],
    ),
    (json!("Odd", "op: replace, path: /spec/a, value: '420'"), &["other"]),
    (json!("Odd", "op: remove, path: /spec/m"), &["other"]),
    (
        json!("Deployment", "op: add, path: /metadata/annotations, value: {config.kubernetes.io/local-config: 'true'}"),
        &["removed-resource"],
    ),
];

#[test]
fn deviations_are_found_by_their_rules() {
    for host in both_ends(require!(kustomizes())) {
        let scene = zoo();
        for (body, expected) in DEVIATIONS {
            scene.overlay(body);
            let built = scene.build(&host);
            println!("{body}");
            built.fails(2, expected);
            // The same, with the whole overlay renamed.
            scene.overlay(&format!("namePrefix: eu-\nnamespace: production\n{body}"));
            println!("renamed as a whole");
            scene.build(&host).fails(2, expected);
        }
    }
}

#[test]
fn layers_rename_one_after_the_other() {
    for host in both_ends(require!(kustomizes())) {
        let scene = zoo();
        let base = scene.tree.read("base/kustomization.yaml");
        scene.tree.write(
            "base/kustomization.yaml",
            &format!("namePrefix: shop-\nnamespace: shop\n{base}"),
        );
        for (folder, body) in [
            (
                "one",
                "resources: [../base]\nnamePrefix: a-\nlabels: [{pairs: {one: x}, includeSelectors: true}]\n",
            ),
            (
                "two",
                "resources: [../one]\nnamespace: two\ncommonAnnotations: {two: x}\n",
            ),
            (
                "three",
                "resources: [../two]\nnameSuffix: -c\nnamespace: three\nreplicas: [{name: app, count: 4}]\n",
            ),
        ] {
            scene
                .tree
                .write(&format!("{folder}/kustomization.yaml"), body);
        }
        let top = "resources: [../three]\nnamePrefix: d-\ntransformers: [policy.yaml]\n";
        scene.tree.write("overlay/kustomization.yaml", top);
        let built = scene.build(&host);
        assert!(built.passes(2).contains(" name: d-a-shop-app-c\n"));

        // The changes of a middle layer are visible from above.
        let two = scene.tree.read("two/kustomization.yaml");
        let two = format!("{two}images: [{{name: registry.example/job, newTag: '2'}}]\n");
        scene.tree.write("two/kustomization.yaml", &two);
        scene.build(&host).fails(2, &["image"]);
    }
}

#[test]
fn components_count_as_part_of_the_overlay() {
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
    for host in both_ends(require!(kustomizes())) {
        let scene = zoo();
        scene.overlay("components: [../component]\n");
        let good = "namePrefix: c-\nreplicas: [{name: app, count: 5}]\n";
        scene.tree.write(
            "component/kustomization.yaml",
            &format!("{component}{good}"),
        );
        scene.build(&host).passes(2);
        let bad = json!(
            "Deployment",
            "op: add, path: /spec/template/spec/containers/0/env/-, value: {name: NEW, value: x}"
        );
        scene
            .tree
            .write("component/kustomization.yaml", &format!("{component}{bad}"));
        scene.build(&host).fails(2, &["env-names"]);
    }
}

#[test]
fn two_services_in_one_overlay_are_distinguished() {
    for host in both_ends(require!(kustomizes())) {
        let scene = Scene::new();
        let other = crate::BASE.replace("name: app\n", "name: other\n");
        scene.tree.write("other/app.yaml", &other);
        scene
            .tree
            .write("other/record.yaml", &crate::recorder("other", ""));
        scene.tree.write(
            "other/kustomization.yaml",
            "resources: [app.yaml]\ntransformers: [record.yaml]\n",
        );
        let middle = "resources: [../other]\nnamePrefix: m-\nnamespace: z\nlabels: [{pairs: {only: other}, includeSelectors: true}]\n";
        scene.tree.write("middle/kustomization.yaml", middle);
        let top = "resources: [../base, ../middle]\ntransformers: [policy.yaml]\n";
        scene.tree.write("overlay/kustomization.yaml", top);
        scene.build(&host).passes(3);
        let images = "images: [{name: registry.example/app, newTag: '2'}]\n";
        scene
            .tree
            .write("middle/kustomization.yaml", &format!("{middle}{images}"));
        let built = scene.build(&host);
        built.fails(3, &["image"]);
        let found = built.found(3);
        assert_eq!(found[0].result["tags"]["service"].as_str(), Some("other"));
    }
}

#[test]
fn the_old_words_of_kustomizations_work_as_well() {
    for host in both_ends(require!(kustomizes())) {
        let scene = Scene::new();
        scene.tree.write(
            "overlay/kustomization.yaml",
            "bases: [../base]
patchesStrategicMerge: [patch.yaml]
patchesJson6902:
- target: {group: apps, version: v1, kind: Deployment, name: app}
  patch: |
    - {op: replace, path: /spec/replicas, value: 3}
transformers: [policy.yaml]
",
        );
        let patch = |what: &str| {
            scene.tree.write(
                "overlay/patch.yaml",
                &format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app}}\nspec: {{template: {{spec: {what}}}}}\n"),
            );
        };
        patch("{containers: [{name: app, resources: {limits: {memory: 600Mi}}}]}");
        let built = scene.build(&host);
        // kustomize itself warns about these words, before everything else.
        assert!(
            built.run.succeeded() && built.calls.len() == 2,
            "{:#?}",
            built.run
        );
        assert!(
            built.calls[1].stderr.is_empty(),
            "{}",
            built.calls[1].stderr
        );
        patch("{terminationGracePeriodSeconds: 5}");
        let built = scene.build(&host);
        assert_eq!(crate::support::rules(&built.found(2)), ["other"]);
        assert!(!built.run.succeeded(), "{:#?}", built.run);
    }
}

/// A duplicate resource is judged once, and its copy counts as one resource more; no group is
/// skipped.
#[test]
fn additions_of_an_overlay_are_found() {
    for host in both_ends(require!(kustomizes())) {
        let scene = Scene::new();
        scene.tree.write(
            "overlay/canary/kustomization.yaml",
            "resources: [../../base]\nnameSuffix: -canary\n",
        );
        scene.tree.write(
            "overlay/kustomization.yaml",
            "resources: [canary, ../base]\ntransformers: [policy.yaml]\n",
        );
        let built = scene.build(&host);
        let told = built.fails(3, &["added-resource"]);
        assert!(told.contains(": 3 errors in 6 resources"), "{told}");
        scene.tree.write(
            "overlay/group.yaml",
            "apiVersion: kpt.dev/v1alpha1\nkind: ResourceGroup\nmetadata: {name: inventory}\n",
        );
        scene.tree.write(
            "overlay/kustomization.yaml",
            "resources: [../base, group.yaml]\ntransformers: [policy.yaml]\n",
        );
        scene.build(&host).fails(2, &["added-resource"]);
    }
}
