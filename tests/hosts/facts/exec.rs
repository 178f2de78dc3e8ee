//! Exec functions under kustomize.

use super::{exec_config, keep_copy, part_of, write_base};
use crate::support::{Tree, Witness, require};

/// Without `--enable-exec` a declared check silently does not run; kubectl has no such flag at all.
/// So a gate must not rely on exec functions alone.
#[test]
fn exec_functions_are_silently_skipped_without_their_flag() {
    for host in require!(hosts()) {
        let tree = Tree::new();
        let function = Witness::of_shell("cat\n");
        write_base(&tree, "transformers: [check.yaml]\n");
        tree.write("base/check.yaml", &exec_config("Check", &function.path()));
        let base = tree.path("base");

        let skipped = host.build(&base, &["--enable-alpha-plugins"]);
        assert_eq!(function.runs(), 0, "{}", host.name);
        assert_eq!(skipped.stderr, "", "{}", host.name);
        let unchecked = skipped.expect_success(&host.name);

        if host.has_exec() {
            let checked = host.build_exec(&base).expect_success(&host.name);
            assert_eq!(function.runs(), 1, "{}", host.name);
            assert_eq!(checked, unchecked, "{}", host.name);
        } else {
            let refused = host.build_exec(&base).expect_failure(&host.name);
            assert!(refused.contains("unknown flag: --enable-exec"), "{refused}");
        }
    }
}

/// A base that declares a function cannot be built without `--enable-alpha-plugins`.
#[test]
fn a_declared_function_needs_the_alpha_flag() {
    for host in require!(hosts()) {
        let tree = Tree::new();
        let function = Witness::of_shell("cat\n");
        write_base(&tree, "transformers: [check.yaml]\n");
        tree.write("base/check.yaml", &exec_config("Check", &function.path()));

        let refused = host
            .build(&tree.path("base"), &[])
            .expect_failure(&host.name);
        assert!(refused.contains("external plugins disabled"), "{refused}");
        assert_eq!(function.runs(), 0, "{}", host.name);
    }
}

/// A function sees names before their hash suffix and references before they are updated; integers
/// are resolved as YAML 1.1, comments are removed, and `functionConfig` comes after `items`.
#[test]
fn functions_see_unhashed_names_and_unfixed_references() {
    for host in require!(kustomizes()) {
        let tree = Tree::new();
        let function = Witness::of_shell(&keep_copy(&tree.path("seen")));
        write_base(&tree, "");
        tree.write(
            "overlay/kustomization.yaml",
            "resources: [../base]\nnamePrefix: production-\ntransformers: [check.yaml]\n",
        );
        tree.write(
            "overlay/check.yaml",
            &exec_config("Check", &function.path()),
        );

        let built = host
            .build_exec(&tree.path("overlay"))
            .expect_success(&host.name);
        assert_eq!(function.runs(), 1, "{}", host.name);
        let seen = tree.read("seen");

        assert!(
            seen.starts_with("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n"),
            "{seen}"
        );
        let settings = part_of(&seen, "ConfigMap");
        assert!(
            settings.contains("\n    name: production-settings\n"),
            "{settings}"
        );
        assert!(
            settings.contains("internal.config.kubernetes.io/needsHashSuffix: enabled"),
            "{settings}"
        );
        let deployment = part_of(&seen, "Deployment");
        assert!(
            deployment.contains("- configMapRef:\n              name: settings\n"),
            "{deployment}"
        );
        assert!(deployment.contains("defaultMode: 420\n"), "{deployment}");
        assert!(!seen.contains("A comment of the base"), "{seen}");
        assert!(
            seen.find("\nitems:") < seen.find("\nfunctionConfig:"),
            "{seen}"
        );
        // kustomize marks a function's configuration as local, whatever its file says.
        let (_, config) = seen
            .split_once("\nfunctionConfig:")
            .expect("a configuration");
        assert!(
            config.contains("config.kubernetes.io/local-config: 'true'"),
            "{config}"
        );

        assert!(built.contains("name: production-settings-"), "{built}");
        assert!(!built.contains("internal.config.kubernetes.io"), "{built}");
    }
}

/// The origin of a resource: parallel lists of its identities, oldest first.
#[test]
fn previous_identities_are_parallel_lists() {
    for host in require!(kustomizes()) {
        let tree = Tree::new();
        let function = Witness::of_shell(&keep_copy(&tree.path("seen")));
        write_base(&tree, "");
        tree.write(
            "middle/kustomization.yaml",
            "resources: [../base]\nnamePrefix: shop-\n",
        );
        tree.write(
            "overlay/kustomization.yaml",
            "resources: [../middle]\nnamespace: production\nnamePrefix: eu-\nnameSuffix: -blue\ntransformers: [check.yaml]\n",
        );
        tree.write(
            "overlay/check.yaml",
            &exec_config("Check", &function.path()),
        );

        host.build_exec(&tree.path("overlay"))
            .expect_success(&host.name);
        assert_eq!(function.runs(), 1, "{}", host.name);
        let seen = tree.read("seen");
        let deployment = part_of(&seen, "Deployment");
        for line in [
            "internal.config.kubernetes.io/previousNames: app,shop-app,shop-app,eu-shop-app\n",
            "internal.config.kubernetes.io/previousNamespaces: default,default,production,production\n",
            "internal.config.kubernetes.io/previousKinds: Deployment,Deployment,Deployment,Deployment\n",
            "internal.config.kubernetes.io/prefixes: shop-,eu-\n",
            "internal.config.kubernetes.io/suffixes: -blue\n",
        ] {
            assert!(
                deployment.contains(line),
                "{}: {line}{deployment}",
                host.name
            );
        }

        // Without a rename there are no annotations.
        tree.write(
            "plain/kustomization.yaml",
            "resources: [../base]\ntransformers: [check.yaml]\n",
        );
        tree.write("plain/check.yaml", &exec_config("Check", &function.path()));
        host.build_exec(&tree.path("plain"))
            .expect_success(&host.name);
        assert_eq!(function.runs(), 2, "{}", host.name);
        assert!(
            !tree.read("seen").contains("previousNames"),
            "{}",
            host.name
        );
    }
}

/// Under `validators:` returned items are refused and no items are right; under `transformers:` no
/// items delete everything. The input is the same in both cases.
#[test]
fn validators_refuse_returned_items_and_accept_none() {
    for host in require!(kustomizes()) {
        let tree = Tree::new();
        let returns = Witness::of_shell(&keep_copy(&tree.path("seen-by-validator")));
        let empty = Witness::of_shell(&format!(
            "cat > '{}'\nprintf 'apiVersion: config.kubernetes.io/v1\\nkind: ResourceList\\nitems: []\\n'\n",
            tree.path("seen").display()
        ));
        write_base(&tree, "");
        let plain = host
            .build(&tree.path("base"), &[])
            .expect_success(&host.name);
        for (folder, field, function) in [
            ("returns", "validators", &returns),
            ("empty", "validators", &empty),
            ("deletes", "transformers", &empty),
        ] {
            tree.write(
                &format!("{folder}/kustomization.yaml"),
                &format!("resources: [../base]\n{field}: [check.yaml]\n"),
            );
            tree.write(
                &format!("{folder}/check.yaml"),
                &exec_config("Check", &function.path()),
            );
        }

        let refused = host
            .build_exec(&tree.path("returns"))
            .expect_failure(&host.name);
        assert!(
            refused.contains("validator shouldn't modify the resource map"),
            "{refused}"
        );
        assert_eq!(returns.runs(), 1, "{}", host.name);

        let kept = host
            .build_exec(&tree.path("empty"))
            .expect_success(&host.name);
        assert_eq!(kept, plain, "{}", host.name);
        assert_eq!(empty.runs(), 1, "{}", host.name);
        let as_validator = tree.read("seen");

        let deleted = host
            .build_exec(&tree.path("deletes"))
            .expect_success(&host.name);
        assert_eq!(deleted.trim(), "", "{}", host.name);
        assert_eq!(empty.runs(), 2, "{}", host.name);
        assert_eq!(as_validator, tree.read("seen"), "{}", host.name);
    }
}

/// kustomize passes stderr on and discards results: only the exit code fails a build.
#[test]
fn results_are_discarded_and_the_exit_code_decides() {
    for host in require!(kustomizes()) {
        let tree = Tree::new();
        let tells = "cat\nprintf 'results:\\n- message: a-result\\n  severity: error\\n'\necho a-line-of-stderr >&2\n";
        let passing = Witness::of_shell(tells);
        let failing = Witness::of_shell(&format!("{tells}exit 1\n"));
        for (folder, function) in [("passing", &passing), ("failing", &failing)] {
            tree.write(
                &format!("{folder}/kustomization.yaml"),
                "resources: [../base]\ntransformers: [check.yaml]\n",
            );
            tree.write(
                &format!("{folder}/check.yaml"),
                &exec_config("Check", &function.path()),
            );
        }
        write_base(&tree, "");

        let passed = host.build_exec(&tree.path("passing"));
        assert_eq!(passed.stderr, "a-line-of-stderr\n", "{}", host.name);
        assert!(!passed.stdout.contains("a-result"), "{passed:#?}");
        passed.expect_success(&host.name);
        assert_eq!(passing.runs(), 1, "{}", host.name);

        let failed = host.build_exec(&tree.path("failing"));
        assert!(!failed.stderr.contains("a-result"), "{failed:#?}");
        assert_eq!(failed.stdout, "", "{}", host.name);
        let stderr = failed.expect_failure(&host.name);
        assert!(stderr.contains("a-line-of-stderr\n"), "{stderr}");
        assert!(
            stderr.contains("couldn't execute function: exit status 1"),
            "{stderr}"
        );
        assert_eq!(failing.runs(), 1, "{}", host.name);
    }
}

/// An exec function runs in the root of the kustomization that declares it, and its relative path
/// starts from there too; the caller's working directory does not matter.
#[test]
fn exec_functions_run_in_the_declaring_kustomization() {
    for host in require!(kustomizes()) {
        let tree = Tree::new();
        let log = tree.path("log");
        tree.script(
            "bin/function",
            &format!("pwd >> '{}'\ncat\n", log.display()),
        );
        write_base(&tree, "transformers: [check.yaml]\n");
        tree.write(
            "base/check.yaml",
            &exec_config("Check", "../bin/function".as_ref()),
        );
        tree.write(
            "deep/overlay/kustomization.yaml",
            "resources: [../../base]\n",
        );

        host.build_exec(&tree.path("deep/overlay"))
            .expect_success(&host.name);
        assert_eq!(
            tree.read("log"),
            format!("{}\n", tree.path("base").display()),
            "{}",
            host.name
        );
    }
}

/// One policy folder serves every overlay; a *file* outside the overlay is refused.
#[test]
fn transformers_may_be_folders_elsewhere_but_not_files() {
    for host in require!(kustomizes()) {
        let tree = Tree::new();
        let function = Witness::of_shell("cat\n");
        write_base(&tree, "");
        tree.write("policy/kustomization.yaml", "resources: [check.yaml]\n");
        tree.write("policy/check.yaml", &exec_config("Check", &function.path()));
        for (folder, entry) in [
            ("by-folder", "../policy"),
            ("by-file", "../policy/check.yaml"),
        ] {
            tree.write(
                &format!("{folder}/kustomization.yaml"),
                &format!("resources: [../base]\ntransformers: [{entry}]\n"),
            );
        }

        host.build_exec(&tree.path("by-folder"))
            .expect_success(&host.name);
        assert_eq!(function.runs(), 1, "{}", host.name);
        let refused = host
            .build_exec(&tree.path("by-file"))
            .expect_failure(&host.name);
        assert!(refused.contains("is not in or below"), "{refused}");
        assert_eq!(function.runs(), 1, "{}", host.name);
    }
}

/// With `buildMetadata` the function gets each resource's file and its transformations.
#[test]
fn origins_are_recorded_when_requested() {
    for host in require!(kustomizes()) {
        let tree = Tree::new();
        let function = Witness::of_shell(&keep_copy(&tree.path("seen")));
        write_base(&tree, "");
        tree.write(
            "overlay/kustomization.yaml",
            "resources: [../base]
buildMetadata: [originAnnotations, transformerAnnotations]
patches:
- patch: |
    - {op: replace, path: /spec/replicas, value: 3}
  target: {kind: Deployment}
transformers: [check.yaml]
",
        );
        tree.write(
            "overlay/check.yaml",
            &exec_config("Check", &function.path()),
        );

        host.build_exec(&tree.path("overlay"))
            .expect_success(&host.name);
        assert_eq!(function.runs(), 1, "{}", host.name);
        let seen = tree.read("seen");
        let deployment = part_of(&seen, "Deployment");
        assert!(
            deployment.contains(
                "config.kubernetes.io/origin: |\n        path: ../base/deployment.yaml\n"
            ),
            "{deployment}"
        );
        assert!(
            deployment.contains("alpha.config.kubernetes.io/transformations: |\n"),
            "{deployment}"
        );
        assert!(
            deployment.contains("kind: PatchTransformer\n"),
            "{deployment}"
        );
        assert!(
            part_of(&seen, "ConfigMap").contains("kind: ConfigMapGenerator"),
            "{seen}"
        );
    }
}

/// A function that fails must leave a parsable stdout, or an empty one: otherwise the build reports
/// the parser's error instead of the exit code.
#[test]
fn a_broken_stdout_hides_the_failure() {
    for host in require!(kustomizes()) {
        for (stdout, told) in [("a: [", "MalformedYAMLError"), ("", "exit status 1")] {
            let tree = Tree::new();
            let function =
                Witness::of_shell(&format!("cat > /dev/null\nprintf '{stdout}'\nexit 1\n"));
            write_base(&tree, "transformers: [check.yaml]\n");
            tree.write("base/check.yaml", &exec_config("Check", &function.path()));
            let failed = host
                .build_exec(&tree.path("base"))
                .expect_failure(&host.name);
            assert_eq!(function.runs(), 1, "{}", host.name);
            assert!(
                failed.contains(&format!("couldn't execute function: {told}")),
                "{failed}"
            );
        }
    }
}

/// A function cannot mount its base: mounted directories must be below its own kustomization.
#[test]
fn the_base_cannot_be_mounted() {
    for host in require!(hosts()) {
        let tree = Tree::new();
        write_base(&tree, "");
        tree.write(
            "overlay/kustomization.yaml",
            "resources: [../base]\ntransformers: [check.yaml]\n",
        );
        tree.write(
            "overlay/check.yaml",
            &exec_config("Check", "unused".as_ref()).replace(
                "exec: {path: unused}",
                "container: {image: registry.example/unused, mounts: [{type: bind, src: ../base, dst: /base}]}",
            ),
        );
        let refused = host
            .build(&tree.path("overlay"), &["--enable-alpha-plugins"])
            .expect_failure(&host.name);
        assert!(
            refused.contains("mount paths must be under the current kustomization directory"),
            "{refused}"
        );
    }
}
