//! kustomize's older plugin protocol, which needs neither docker nor exec functions.

use std::fs;
use std::process::Command;

use crate::rules_said;
use crate::support::{
    Tap, Tree, binary, copy_examples, example, require, rewrite, run, without_functions,
};

const KINDS: [&str; 2] = [
    "snapshotrecorder/SnapshotRecorder",
    "paritypolicy/ParityPolicy",
];

/// A plugin folder as `krm-parity plugin install` creates it, with a tap in front of each plugin.
struct Home {
    tree: Tree,
    taps: [Tap; 2],
}

impl Home {
    fn new(flags: &[&str]) -> Self {
        let tree = Tree::new();
        run(Command::new(binary())
            .args(["plugin", "install"])
            .args(flags)
            .arg(tree.path("")))
        .expect_success("krm-parity plugin install");
        let taps = KINDS.map(|kind| {
            let plugin = tree.path("krm-parity.io/v1alpha1").join(kind);
            assert!(plugin.exists(), "{} was not installed", plugin.display());
            let behind = plugin.with_extension("installed");
            fs::rename(&plugin, &behind).expect("a plugin");
            let tap = Tap::new(&behind);
            std::os::unix::fs::symlink(tap.path(), &plugin).expect("a link");
            tap
        });
        Self { tree, taps }
    }

    /// The number of runs of the recorder and the policy.
    fn runs(&self) -> [usize; 2] {
        [self.taps[0].calls().len(), self.taps[1].calls().len()]
    }
}

#[test]
fn a_good_overlay_builds_as_without_the_function() {
    let plain = copy_examples();
    rewrite(&plain.path(""), &without_functions);
    for host in require!(hosts()) {
        for flags in [&[][..], &["--copy"]] {
            let home = Home::new(flags);
            let built = host.build_plugin(&example("plugin/production"), &home.tree.path(""));
            assert_eq!(home.runs(), [1, 1], "{}: {built:#?}", host.name);
            assert_eq!(built.stderr, "", "{}", host.name);
            let built = built.expect_success(&host.name);
            let alone = host
                .build(&plain.path("plugin/production"), &[])
                .expect_success(&host.name);
            assert!(built == alone, "{}: the output differs", host.name);
            for call in home.taps.iter().flat_map(Tap::calls) {
                assert_eq!((call.code, call.stderr.as_str()), (0, ""));
            }
        }
    }
}

#[test]
fn a_bad_overlay_fails_with_exactly_its_rule() {
    for host in require!(hosts()) {
        let home = Home::new(&[]);
        let built = host.build_plugin(&example("plugin/broken"), &home.tree.path(""));
        assert_eq!(home.runs(), [1, 1], "{}: {built:#?}", host.name);
        let said = built.expect_failure(&host.name);
        let own = &home.taps[1].calls()[0].stderr;
        assert_eq!(rules_said(own), ["health-checks"], "{own}");
        // kustomize includes the complete text in its own message.
        assert!(said.contains(own.trim_end()), "{}: {said}", host.name);
    }
}

/// The annotations of a package do not matter in a build that runs plugins.
#[test]
fn annotations_do_not_make_a_build_a_package() {
    const MARKS: &str = "- target: {kind: Deployment|EnvironmentSnapshot}
  patch: '- {op: add, path: /metadata/annotations/config.kubernetes.io~1origin, value: \"path: z/x.yaml\\n\"}'
";
    for host in require!(hosts()) {
        let home = Home::new(&[]);
        let tree = copy_examples();
        let file = tree.path("plugin/broken/kustomization.yaml");
        let text = fs::read_to_string(&file).expect("an overlay");
        // kustomize adds to annotations only if there are some.
        let some = "- target: {kind: Deployment}\n  patch: '- {op: add, path: /metadata/annotations, value: {note: x}}'\n";
        let marked = text.replace(
            "\ntransformers:\n",
            &format!("\n{some}{MARKS}transformers:\n"),
        );
        assert!(marked != text);
        fs::write(&file, marked).expect("a file");
        let built = host.build_plugin(&tree.path("plugin/broken"), &home.tree.path(""));
        assert_eq!(home.runs(), [1, 1], "{}: {built:#?}", host.name);
        built.expect_failure(&host.name);
        let own = &home.taps[1].calls()[0];
        assert!(own.stdin.contains("z/x.yaml"), "{}", own.stdin);
        let said = rules_said(&own.stderr);
        assert!(said.contains(&"health-checks".to_owned()), "{said:?}");
    }
}

#[test]
fn a_missing_plugin_fails_the_build() {
    for host in require!(hosts()) {
        let nothing = Tree::new();
        host.build_plugin(&example("plugin/production"), &nothing.path(""))
            .expect_failure(&host.name);

        // The recorder alone is not enough.
        let home = Home::new(&[]);
        let policies = home.tree.path("krm-parity.io/v1alpha1/paritypolicy");
        fs::remove_dir_all(policies).expect("a folder");
        let said = host
            .build_plugin(&example("plugin/production"), &home.tree.path(""))
            .expect_failure(&host.name);
        assert_eq!(home.runs(), [1, 0]);
        assert!(said.contains("ParityPolicy"), "{}: {said}", host.name);

        // The flag must not be missing either.
        let said = host
            .build(&example("plugin/production"), &[])
            .expect_failure(&host.name);
        assert!(said.contains("external plugins disabled"), "{said}");
    }
}

/// Under `validators:`, the plugin returns nothing and the resources are kept.
#[test]
fn a_validator_keeps_the_resources() {
    for host in require!(hosts()) {
        for (overlay, passes) in [("plugin/production", true), ("plugin/broken", false)] {
            let examples = copy_examples();
            let path = examples.path(overlay).join("kustomization.yaml");
            let text = fs::read_to_string(&path).expect("a kustomization");
            fs::write(&path, text.replace("transformers:", "validators:")).expect("a file");
            let policy = examples.path("plugin/parity/policy.yaml");
            let text = fs::read_to_string(&policy).expect("a policy");
            fs::write(&policy, text + "  emit: none\n").expect("a file");

            let home = Home::new(&[]);
            let built = host.build_plugin(&examples.path(overlay), &home.tree.path(""));
            assert_eq!(home.runs(), [1, 1], "{}: {built:#?}", host.name);
            assert_eq!(home.taps[1].calls()[0].stdout, "");
            assert_eq!(built.succeeded(), passes, "{}: {built:#?}", host.name);
            if passes {
                rewrite(&examples.path(""), &without_functions);
                let alone = host.build(&examples.path(overlay), &[]);
                assert_eq!(built.stdout, alone.expect_success(&host.name));
            }
        }
    }
}
