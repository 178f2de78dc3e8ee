//! Functions in containers.

use super::{plugin_config, write_base};
use crate::support::{DockerWitness, Tree, require, run};

/// The only command line with which kustomize and kubectl start a function's container; `docker` is
/// the first one on PATH.
#[test]
fn containers_are_started_without_network_as_nobody() {
    let docker = require!(docker());
    let image = require!(image());
    for host in require!(hosts()) {
        let tree = Tree::new();
        write_base(&tree, "transformers: [check.yaml]\n");
        tree.write(
            "base/check.yaml",
            &format!(
                "{}  annotations:\n    config.kubernetes.io/function: |\n      container: {{image: {image}}}\n",
                plugin_config("Check")
            ),
        );
        let witness = DockerWitness::new(&docker);
        let mut command = host.command();
        witness.apply(&mut command);
        // The function's answer does not matter here.
        run(command.arg("--enable-alpha-plugins").arg(tree.path("base")));
        let calls = witness.calls();
        assert_eq!(calls.len(), 1, "{}: {calls:?}", host.name);
        assert_eq!(witness.runs(&image), 1, "{}: {calls:?}", host.name);
        let expected = format!(
            " run --rm -i -a STDIN -a STDOUT -a STDERR --network none --user nobody \
             --security-opt=no-new-privileges -e LOG_TO_STDERR=true -e STRUCTURED_RESULTS=true {image}"
        );
        assert!(calls[0].ends_with(&expected), "{}: {calls:?}", host.name);
    }
}

/// `--user nobody` needs an entry in the image's own /etc/passwd; without it docker's exit code is
/// 125.
#[test]
fn the_user_nobody_must_exist_in_the_image() {
    let docker = require!(docker());
    let image = require!(image());
    let tree = Tree::new();
    tree.write(
        "Dockerfile",
        &format!("FROM scratch\nCOPY --from={image} /krm-parity /krm-parity\nENTRYPOINT [\"/krm-parity\"]\n"),
    );
    let name = format!("krm-parity-facts-nobody:{}", std::process::id());
    run(docker
        .command()
        .args(["build", "-q", "-t", &name])
        .arg(tree.path("")))
    .expect_success("docker build");
    let refused = run(docker.command().args([
        "run",
        "--rm",
        "--network",
        "none",
        "--user",
        "nobody",
        &name,
    ]));
    run(docker.command().args(["image", "rm", "-f", &name])).expect_success("docker image rm");
    assert_eq!(refused.code, Some(125), "{refused:#?}");
    assert!(
        refused.stderr.contains("unable to find user nobody"),
        "{refused:#?}"
    );
}
