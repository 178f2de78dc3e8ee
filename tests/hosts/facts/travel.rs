//! How a sealed local-config item travels from a base to the overlays above it.

use std::collections::BTreeMap;

use super::{
    APPEND_SEALED, APPEND_SEALED_PLUGIN, exec_config, keep_copy, part_of, plugin_config, write_base,
};
use crate::support::{Host, Run, Tree, Witness, plugin_home, require};

/// The protocol of the two functions in these tests.
#[derive(Clone, Copy, Debug)]
enum Protocol {
    Exec,
    Plugin,
}

/// A recorder that appends a sealed item, and an observer that keeps its input.
struct Functions {
    protocol: Protocol,
    recorder: Witness,
    observer: Witness,
    home: Tree,
    tree: Tree,
}

impl Functions {
    fn new(protocol: Protocol) -> Self {
        let tree = Tree::new();
        let recorder = Witness::of_shell(match protocol {
            Protocol::Exec => APPEND_SEALED,
            Protocol::Plugin => APPEND_SEALED_PLUGIN,
        });
        let observer = Witness::of_shell(&keep_copy(&tree.path("seen")));
        let home = plugin_home(&BTreeMap::from([
            ("facts.example/v1/Record", recorder.path()),
            ("facts.example/v1/Observe", observer.path()),
        ]));
        Self {
            protocol,
            recorder,
            observer,
            home,
            tree,
        }
    }

    /// Writes `record.yaml` or `observe.yaml` into a folder.
    fn declare(&self, folder: &str, kind: &str) {
        let program = if kind == "Record" {
            &self.recorder
        } else {
            &self.observer
        };
        let config = match self.protocol {
            Protocol::Exec => exec_config(kind, &program.path()),
            Protocol::Plugin => plugin_config(kind),
        };
        self.tree
            .write(&format!("{folder}/{}.yaml", kind.to_lowercase()), &config);
    }

    fn build(&self, host: &Host, folder: &str) -> Run {
        match self.protocol {
            Protocol::Exec => host.build_exec(&self.tree.path(folder)),
            Protocol::Plugin => host.build_plugin(&self.tree.path(folder), &self.home.path("")),
        }
    }

    /// The input of the observer, after both functions have run once.
    fn seen(&self, what: &str) -> String {
        assert_eq!(
            (self.recorder.runs(), self.observer.runs()),
            (1, 1),
            "{what}"
        );
        self.tree.read("seen")
    }
}

/// Every host with every protocol that it supports.
fn cases(hosts: Vec<Host>) -> impl Iterator<Item = (Host, Protocol, String)> {
    hosts.into_iter().flat_map(|host| {
        [Protocol::Exec, Protocol::Plugin]
            .into_iter()
            .filter(|protocol| matches!(protocol, Protocol::Plugin) || host.has_exec())
            .map(|protocol| {
                (
                    host.clone(),
                    protocol,
                    format!("{}, {protocol:?}", host.name),
                )
            })
            .collect::<Vec<_>>()
    })
}

#[test]
fn a_local_config_item_reaches_the_overlay_and_not_the_output() {
    for (host, protocol, what) in cases(require!(hosts())) {
        let functions = Functions::new(protocol);
        let tree = &functions.tree;
        write_base(tree, "");
        tree.write("plain/kustomization.yaml", "resources: [../base]\n");
        let plain = functions.build(&host, "plain").expect_success(&what);

        write_base(tree, "transformers: [record.yaml]\n");
        functions.declare("base", "Record");
        tree.write(
            "overlay/kustomization.yaml",
            "resources: [../base]\ntransformers: [observe.yaml]\n",
        );
        functions.declare("overlay", "Observe");

        let built = functions.build(&host, "overlay").expect_success(&what);
        assert!(
            part_of(&functions.seen(&what), "Sealed").contains("content: opaque"),
            "{what}"
        );
        assert_eq!(built, plain, "{what}");
    }
}

/// The overlay's own transformers treat the travelling item as any other: its name, namespace,
/// labels and annotations change. A single opaque string in it does not change.
#[test]
fn an_overlay_renames_and_labels_the_travelling_item() {
    for (host, protocol, what) in cases(require!(hosts())) {
        let functions = Functions::new(protocol);
        let tree = &functions.tree;
        write_base(tree, "transformers: [record.yaml]\n");
        functions.declare("base", "Record");
        tree.write(
            "overlay/kustomization.yaml",
            "resources: [../base]
namespace: production
namePrefix: eu-
nameSuffix: -blue
labels: [{pairs: {tier: gold}}]
commonLabels: {team: shop}
commonAnnotations: {owner: shop}
transformers: [observe.yaml]
",
        );
        functions.declare("overlay", "Observe");

        let built = functions.build(&host, "overlay").expect_success(&what);
        let seen = functions.seen(&what);
        let sealed = part_of(&seen, "Sealed");
        for text in [
            " name: eu-sealed-blue\n",
            " namespace: production\n",
            " tier: gold\n",
            " team: shop\n",
            " owner: shop\n",
            " internal.config.kubernetes.io/previousNames: sealed,sealed,eu-sealed\n",
            " internal.config.kubernetes.io/previousNamespaces: default,production,production\n",
            " config.kubernetes.io/local-config: \"true\"\n",
            " content: opaque\n",
        ] {
            assert!(sealed.contains(text), "{what}: {text}{sealed}");
        }
        assert!(!built.contains("Sealed"), "{what}: {built}");
    }
}

/// A patch whose target names no kind reaches the travelling item too.
#[test]
fn a_patch_for_everything_reaches_the_travelling_item() {
    for (host, protocol, what) in cases(require!(hosts())) {
        let functions = Functions::new(protocol);
        let tree = &functions.tree;
        write_base(tree, "transformers: [record.yaml]\n");
        functions.declare("base", "Record");
        tree.write(
            "overlay/kustomization.yaml",
            "resources: [../base]
patches:
- patch: |
    - {op: add, path: /metadata/labels, value: {patched: everything}}
  target: {name: .*}
transformers: [observe.yaml]
",
        );
        functions.declare("overlay", "Observe");

        functions.build(&host, "overlay").expect_success(&what);
        let seen = functions.seen(&what);
        assert!(
            part_of(&seen, "Sealed").contains(" patched: everything\n"),
            "{what}: {seen}"
        );
    }
}

/// A Component that overlays include sees the resources before the overlay's patches.
#[test]
fn a_component_sees_the_state_before_the_patches() {
    for (host, protocol, what) in cases(require!(hosts())) {
        let functions = Functions::new(protocol);
        let tree = &functions.tree;
        write_base(tree, "");
        tree.write(
            "parity/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ntransformers: [record.yaml, observe.yaml]\n",
        );
        functions.declare("parity", "Record");
        functions.declare("parity", "Observe");
        tree.write(
            "overlay/extra.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: extra}\n",
        );
        tree.write(
            "overlay/kustomization.yaml",
            "resources: [../base, extra.yaml]
components: [../parity]
namePrefix: eu-
configMapGenerator:
- name: settings
  behavior: merge
  literals: [mode=overlay]
patches:
- patch: |
    - {op: replace, path: /spec/replicas, value: 3}
  target: {kind: Deployment}
",
        );

        let built = functions.build(&host, "overlay").expect_success(&what);
        let seen = functions.seen(&what);
        let deployment = part_of(&seen, "Deployment");
        assert!(
            deployment.contains(" replicas: 1\n"),
            "{what}: {deployment}"
        );
        assert!(deployment.contains(" name: app\n"), "{what}: {deployment}");
        // The resources that the overlay itself loads and generates are already there.
        assert!(
            part_of(&seen, "Service").contains(" name: extra\n"),
            "{what}: {seen}"
        );
        assert!(
            part_of(&seen, "ConfigMap").contains(" mode: overlay\n"),
            "{what}: {seen}"
        );
        assert!(built.contains(" replicas: 3\n"), "{what}: {built}");
    }
}

/// Transformers that replace everything by one sealed item let one kustomization gather several
/// environments without conflicting names; the sealed items' own names must differ.
#[test]
fn sealed_environments_can_be_gathered() {
    for host in require!(kustomizes()) {
        let tree = Tree::new();
        let observer = Witness::of_shell(&keep_copy(&tree.path("seen")));
        write_base(&tree, "");
        let mut recorders = Vec::new();
        for environment in ["staging", "production"] {
            let recorder = Witness::of_shell(&format!(
                "cat > /dev/null
cat <<END
apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
- apiVersion: facts.example/v1
  kind: Sealed
  metadata:
    name: sealed-{environment}
    annotations: {{config.kubernetes.io/local-config: 'true'}}
END
"
            ));
            tree.write(
                &format!("{environment}/kustomization.yaml"),
                "resources: [../base]\ntransformers: [record.yaml]\n",
            );
            tree.write(
                &format!("{environment}/record.yaml"),
                &exec_config("Record", &recorder.path()),
            );
            recorders.push(recorder);
        }
        tree.write(
            "matrix/kustomization.yaml",
            "resources: [../staging, ../production]\ntransformers: [observe.yaml]\n",
        );
        tree.write(
            "matrix/observe.yaml",
            &exec_config("Observe", &observer.path()),
        );

        let built = host
            .build_exec(&tree.path("matrix"))
            .expect_success(&host.name);
        assert_eq!(built.trim(), "", "{}", host.name);
        assert!(
            recorders.iter().all(|recorder| recorder.runs() == 1),
            "{}",
            host.name
        );
        assert_eq!(observer.runs(), 1, "{}", host.name);
        let seen = tree.read("seen");
        assert!(seen.contains("name: sealed-staging\n"), "{seen}");
        assert!(seen.contains("name: sealed-production\n"), "{seen}");
        assert!(!seen.contains("kind: Deployment\n"), "{seen}");

        // A duplicate name does not build.
        let twin = Witness::of_shell(APPEND_SEALED);
        for folder in ["one", "two"] {
            tree.write(
                &format!("{folder}/kustomization.yaml"),
                "resources: [own.yaml]\ntransformers: [record.yaml]\n",
            );
            tree.write(
                &format!("{folder}/own.yaml"),
                &format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {folder}}}\n"),
            );
            tree.write(
                &format!("{folder}/record.yaml"),
                &exec_config("Record", &twin.path()),
            );
        }
        tree.write("clash/kustomization.yaml", "resources: [../one, ../two]\n");
        let clash = host
            .build_exec(&tree.path("clash"))
            .expect_failure(&host.name);
        assert!(
            clash.contains("may not add resource with an already registered id"),
            "{clash}"
        );
        assert_eq!(twin.runs(), 2, "{}", host.name);
    }
}
