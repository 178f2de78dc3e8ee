//! The container image, run by kustomize and kubectl in a real engine.

use std::fs;
use std::process::Command;

use crate::rules_said;
use crate::support::{
    DockerWitness, Host, Run, Tree, binary, copy_examples, example, require, rewrite, run,
    without_functions,
};

/// The examples, with `image` in place of the program.
fn in_containers(image: &str) -> Tree {
    let tree = copy_examples();
    let container = format!("      container:\n        image: {image}\n");
    rewrite(&tree.path(""), &|text: &str| {
        text.replace("      exec:\n        path: krm-parity\n", &container)
    });
    tree
}

fn build(host: &Host, tree: &Tree, folder: &str, witness: &DockerWitness) -> Run {
    let mut command = host.command();
    witness.apply(&mut command);
    run(command.arg("--enable-alpha-plugins").arg(tree.path(folder)))
}

#[test]
fn a_good_overlay_builds_as_without_the_function() {
    let docker = require!(docker());
    let image = require!(image());
    let tree = in_containers(&image);
    let plain = copy_examples();
    rewrite(&plain.path(""), &without_functions);
    for host in require!(hosts()) {
        for (folder, runs) in [
            ("services/checkout/overlays/production", 2),
            ("validators/production", 2),
        ] {
            let witness = DockerWitness::new(&docker);
            let built = build(&host, &tree, folder, &witness);
            assert_eq!(witness.runs(&image), runs, "{}: {built:#?}", host.name);
            assert_eq!(built.stderr, "", "{}", host.name);
            let built = built.expect_success(folder);
            let alone = host.build(&plain.path(folder), &[]).expect_success(folder);
            assert!(built == alone, "{}: {folder} differs", host.name);
        }
    }
}

#[test]
fn a_bad_overlay_fails_with_the_message_of_the_binary() {
    let docker = require!(docker());
    let image = require!(image());
    let tree = in_containers(&image);
    let input = fs::read(example("resourcelist/bad.yaml")).expect("a recorded list");
    let alone = assert_cmd::Command::from_std(Command::new(binary()))
        .write_stdin(input)
        .output()
        .expect("a run");
    let alone = String::from_utf8(alone.stderr).expect("UTF-8");
    assert_eq!(rules_said(&alone), ["env-names", "health-checks", "image"]);
    for host in require!(hosts()) {
        let witness = DockerWitness::new(&docker);
        let built = build(&host, &tree, "hotfix", &witness);
        assert_eq!(witness.runs(&image), 2, "{}: {built:#?}", host.name);
        let said = built.expect_failure(&host.name);
        assert!(said.starts_with(&alone), "{}: {said}", host.name);
    }
}

/// An engine that cannot run the image fails the build; nothing passes unchecked.
#[test]
fn a_missing_image_fails_the_build() {
    let docker = require!(docker());
    let tree = in_containers("localhost/krm-parity:no-such-tag");
    for host in require!(hosts()) {
        let witness = DockerWitness::new(&docker);
        let folder = "services/checkout/overlays/production";
        let built = build(&host, &tree, folder, &witness);
        assert_eq!(witness.calls().len(), 1, "{}: {built:#?}", host.name);
        built.expect_failure(&host.name);
    }
}
