//! The older plugin protocol: `$KUSTOMIZE_PLUGIN_HOME/GROUP/VERSION/kind/Kind`.

use std::collections::BTreeMap;

use super::{plugin_config, write_base};
use crate::support::{Tree, Witness, plugin_home, require};

/// A tree whose overlay declares the plugin `Check` in this field.
fn declared_in(field: &str) -> Tree {
    let tree = Tree::new();
    write_base(&tree, "");
    tree.write(
        "overlay/kustomization.yaml",
        &format!("resources: [../base]\nnamePrefix: eu-\n{field}: [check.yaml]\n"),
    );
    tree.write("overlay/check.yaml", &plugin_config("Check"));
    tree
}

/// The plugin gets the configuration as a file and in the environment, plain documents on stdin,
/// and the earlier identities of resources.
#[test]
fn plugins_are_called_with_documents_and_a_configuration_file() {
    for host in require!(hosts()) {
        let tree = declared_in("transformers");
        let plugin = Witness::of_shell(&format!(
            "cp \"$1\" '{config}'
printf '%s' \"$KUSTOMIZE_PLUGIN_CONFIG_STRING\" > '{text}'
printf '%s\\n' \"$#\" \"$KUSTOMIZE_PLUGIN_CONFIG_ROOT\" \"$PWD\" > '{environment}'
tee '{seen}'
",
            config = tree.path("config").display(),
            text = tree.path("text").display(),
            environment = tree.path("environment").display(),
            seen = tree.path("seen").display(),
        ));
        let home = plugin_home(&BTreeMap::from([("facts.example/v1/Check", plugin.path())]));
        let overlay = tree.path("overlay");

        let built = host
            .build_plugin(&overlay, &home.path(""))
            .expect_success(&host.name);
        assert_eq!(plugin.runs(), 1, "{}", host.name);
        let root = overlay.display();
        assert_eq!(
            tree.read("environment"),
            format!("1\n{root}\n{root}\n"),
            "{}",
            host.name
        );
        assert_eq!(tree.read("config"), plugin_config("Check"), "{}", host.name);
        assert_eq!(tree.read("text"), plugin_config("Check"), "{}", host.name);
        let seen = tree.read("seen");
        assert!(!seen.contains("ResourceList"), "{seen}");
        assert!(seen.contains("\n---\n"), "{seen}");
        assert!(
            seen.contains("internal.config.kubernetes.io/previousNames: app\n"),
            "{seen}"
        );
        assert!(seen.contains("name: eu-settings\n"), "{seen}");
        assert!(!built.contains("internal.config"), "{built}");
    }
}

/// A missing plugin or flag fails the build: never a silent pass.
#[test]
fn missing_plugins_fail_closed() {
    for host in require!(hosts()) {
        let tree = declared_in("transformers");
        let overlay = tree.path("overlay");
        let refused = host
            .build(&overlay, &["--enable-alpha-plugins"])
            .expect_failure(&host.name);
        assert!(refused.contains("unable to find plugin root"), "{refused}");

        let plugin = Witness::of_shell("cat\n");
        let other = plugin_home(&BTreeMap::from([("facts.example/v1/Other", plugin.path())]));
        let absent = host
            .build_plugin(&overlay, &other.path(""))
            .expect_failure(&host.name);
        assert!(absent.contains("Check"), "{absent}");

        let disabled = host.build(&overlay, &[]).expect_failure(&host.name);
        assert!(disabled.contains("external plugins disabled"), "{disabled}");
        assert_eq!(plugin.runs(), 0, "{}", host.name);
    }
}

/// The plugins are found in `$XDG_CONFIG_HOME/kustomize/plugin` by default.
#[test]
fn plugins_have_a_default_home() {
    for host in require!(hosts()) {
        let tree = declared_in("transformers");
        let plugin = Witness::of_shell("cat\n");
        let home = plugin_home(&BTreeMap::from([(
            "kustomize/plugin/facts.example/v1/Check",
            plugin.path(),
        )]));
        let built = crate::support::run(
            host.command()
                .env("XDG_CONFIG_HOME", home.path(""))
                .arg("--enable-alpha-plugins")
                .arg(tree.path("overlay")),
        );
        built.expect_success(&host.name);
        assert_eq!(plugin.runs(), 1, "{}", host.name);
    }
}

/// A failing plugin fails the build, which shows its stderr.
#[test]
fn failing_plugins_fail_the_build_with_their_stderr() {
    for host in require!(hosts()) {
        let tree = declared_in("transformers");
        let plugin = Witness::of_shell("cat\necho a-line-of-stderr >&2\nexit 1\n");
        let home = plugin_home(&BTreeMap::from([("facts.example/v1/Check", plugin.path())]));
        let failed = host
            .build_plugin(&tree.path("overlay"), &home.path(""))
            .expect_failure(&host.name);
        assert!(failed.contains("a-line-of-stderr"), "{failed}");
        assert_eq!(plugin.runs(), 1, "{}", host.name);
    }
}

/// No host shows the stderr of a plugin that passes: its warnings are lost.
#[test]
fn stderr_of_passing_plugins_is_discarded() {
    for host in require!(hosts()) {
        let tree = declared_in("transformers");
        let plugin = Witness::of_shell("cat\necho a-warning >&2\n");
        let home = plugin_home(&BTreeMap::from([("facts.example/v1/Check", plugin.path())]));
        let passed = host.build_plugin(&tree.path("overlay"), &home.path(""));
        assert_eq!(plugin.runs(), 1, "{}", host.name);
        assert_eq!(passed.stderr, "", "{}", host.name);
        passed.expect_success(&host.name);
    }
}

/// Under `validators:` an empty stdout passes and keeps the resources.
#[test]
fn an_empty_answer_of_a_validator_keeps_the_resources() {
    for host in require!(hosts()) {
        let tree = declared_in("validators");
        let plugin = Witness::of_shell("cat > /dev/null\n");
        let home = plugin_home(&BTreeMap::from([("facts.example/v1/Check", plugin.path())]));
        let built = host
            .build_plugin(&tree.path("overlay"), &home.path(""))
            .expect_success(&host.name);
        assert_eq!(plugin.runs(), 1, "{}", host.name);
        assert!(built.contains("kind: Deployment\n"), "{built}");
    }
}

/// As for any function, returned items are refused under `validators:`, even if they are unchanged.
#[test]
fn a_validator_that_returns_items_is_refused() {
    for host in require!(hosts()) {
        let tree = declared_in("validators");
        let plugin = Witness::of_shell("cat\n");
        let home = plugin_home(&BTreeMap::from([("facts.example/v1/Check", plugin.path())]));
        let refused = host
            .build_plugin(&tree.path("overlay"), &home.path(""))
            .expect_failure(&host.name);
        assert_eq!(plugin.runs(), 1, "{}", host.name);
        assert!(
            refused.contains("validator shouldn't modify the resource map"),
            "{refused}"
        );
    }
}
