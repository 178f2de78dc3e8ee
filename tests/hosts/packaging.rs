//! The container image and the package's own files agree.

use std::fs;
use std::path::Path;

use crate::support::{self, require, run};

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The builder is pinned to the Rust version of the package, and the label to its version.
#[test]
fn the_dockerfile_agrees_with_the_package() {
    let dockerfile = file("Dockerfile");
    let builder = format!("ARG BUILDER=rust:{}-slim-", env!("CARGO_PKG_RUST_VERSION"));
    assert!(dockerfile.contains(&builder), "{builder}");
    let version = format!("ARG VERSION={}\n", env!("CARGO_PKG_VERSION"));
    assert!(dockerfile.contains(&version), "{version}");
    assert!(dockerfile.contains(env!("CARGO_PKG_DESCRIPTION")));
    assert!(file("scripts/lib.sh").contains("BUILDER_IMAGE=rust:"));
    let pinned = dockerfile
        .lines()
        .find_map(|line| line.strip_prefix("ARG BUILDER="))
        .expect("a pinned builder");
    assert!(file("scripts/lib.sh").contains(&format!("BUILDER_IMAGE={pinned}\n")));
}

/// Docker's older builder must suffice: it supports no syntax line, no heredoc and no linked copy.
#[test]
fn the_dockerfile_is_plain() {
    let dockerfile = file("Dockerfile");
    for refused in ["# syntax=", "<<", "COPY --link", "--mount="] {
        assert!(!dockerfile.contains(refused), "{refused}");
    }
    assert!(dockerfile.contains("\nFROM scratch\n"));
}

/// `scripts/setup` installs the releases that the tests look for.
#[test]
fn setup_installs_the_tested_kustomize_releases() {
    let line = format!(
        "KUSTOMIZE_VERSIONS=\"{}\"\n",
        support::KUSTOMIZE_VERSIONS.join(" ")
    );
    assert!(file("scripts/setup").contains(&line), "{line}");
}

/// The image is small and labelled, and its program does not run as root.
#[test]
fn the_image_is_small_and_labelled() {
    let docker = require!(docker());
    let image = require!(image());
    let inspect = |format: &str| {
        run(docker
            .command()
            .args(["image", "inspect", "--format", format, &image]))
        .expect_success("docker image inspect")
        .trim()
        .to_owned()
    };
    let size: u64 = inspect("{{.Size}}").parse().expect("a size");
    assert!(size < 8_000_000, "{size} bytes");
    assert_eq!(inspect("{{.Config.User}}"), "65534:65534");
    assert_eq!(inspect("{{json .Config.Entrypoint}}"), r#"["/krm-parity"]"#);
    for (label, value) in [
        ("title", env!("CARGO_PKG_NAME")),
        ("description", env!("CARGO_PKG_DESCRIPTION")),
        ("licenses", env!("CARGO_PKG_LICENSE")),
        ("version", env!("CARGO_PKG_VERSION")),
    ] {
        let format = format!("{{{{index .Config.Labels \"org.opencontainers.image.{label}\"}}}}");
        assert_eq!(inspect(&format), value);
    }
}

/// It runs on a read-only root, without a network, as `nobody`, in the way kustomize and kpt start
/// it.
#[test]
fn the_image_runs_confined() {
    let docker = require!(docker());
    let image = require!(image());
    let ran = run(docker.command().args([
        "run",
        "--rm",
        "-i",
        "--read-only",
        "--network",
        "none",
        "--user",
        "nobody",
        "--security-opt=no-new-privileges",
        "--cap-drop=ALL",
        &image,
        "--version",
    ]));
    assert!(
        ran.code.is_some_and(|code| code < 125),
        "docker could not start it: {ran:#?}"
    );
}

/// An error of the static program is a message, also where a backtrace is asked for; without a table of frames it aborts.
#[test]
fn the_image_survives_an_error_with_a_backtrace() {
    let docker = require!(docker());
    let image = require!(image());
    let ran = run(docker.command().args([
        "run",
        "--rm",
        "--network",
        "none",
        "--env",
        "RUST_BACKTRACE=1",
        &image,
        "explain",
        "no-such-rule",
    ]));
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(ran.stderr.contains("no-such-rule"), "{ran:#?}");
}
