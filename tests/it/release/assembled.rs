//! The files that `scripts/release` makes from a binary, and the faults in them that it notices.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::path;
use crate::support::{Run, Tree, require, run};

pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
pub(super) const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A `dist/` with the tested binary, so that nothing is compiled here.
pub(super) struct Dist {
    pub(super) tree: Tree,
}

impl Dist {
    pub(super) fn new(binary: &Path) -> Self {
        let tree = Tree::new();
        // As `--build` leaves it.
        tree.write("dist/made-by-scripts-release", "");
        let place = tree.path(&format!("dist/bin/{TARGET}/krm-parity"));
        fs::create_dir_all(place.parent().expect("a parent")).expect("a folder");
        fs::copy(binary, place).expect("a copy");
        Self { tree }
    }

    fn script(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(&path("scripts/release"));
        run(command.args(arguments))
    }

    /// A script that uses this folder, without the variables of a workflow that may run this test.
    pub(super) fn command(&self, script: &Path) -> Command {
        let mut command = Command::new(script);
        command
            .env("KRM_PARITY_DIST", self.tree.path("dist"))
            .env(
                "KRM_PARITY_REPOSITORY",
                "https://github.com/Tools/krm-parity",
            )
            // The binary of `cargo build --release` is not the small one of the image.
            .env("KRM_PARITY_MAX_IMAGE", "30000000")
            .env_remove("COSIGN_KEY")
            .env_remove("RUSTFLAGS");
        for name in [
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "GITHUB_ACTIONS",
            "GITHUB_REF",
            "KRM_PARITY_BRANCH",
        ] {
            command.env_remove(name);
        }
        command
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.tree.path("dist").join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

/// One run of everything except the compiler: the files, the messages, an identical second run, and what is refused.
#[test]
fn a_release_is_made_checked_and_reproduced() {
    let binary = require!(release_binary());
    require!(program("dpkg-deb"));
    require!(program("ruby"));
    let packages = require!(validators());
    let dist = Dist::new(&binary);
    let ran = dist.script(&["--assemble", VERSION]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let sums = dist.read("SHA256SUMS");
    let names: Vec<&str> = sums
        .lines()
        .filter_map(|line| line.split("  ").nth(1))
        .collect();
    assert_eq!(
        names,
        [
            "function-definitions.yaml",
            &format!("krm-parity-{VERSION}-{TARGET}.tar.gz"),
            &format!("krm-parity-{VERSION}.cdx.json"),
            &format!("krm-parity-{VERSION}.oci.tar"),
            "krm-parity.rb",
            &format!("krm-parity_{VERSION}_amd64.deb"),
        ]
    );
    // The script reports each part that is missing, with the reason.
    assert!(
        ran.stderr.contains("no binary for aarch64-apple-darwin"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("SKIPPED signature: "), "{}", ran.stderr);
    assert!(
        !ran.stderr.contains("syntax of the formula"),
        "{}",
        ran.stderr
    );
    assert!(
        dist.read("krm-parity.rb")
            .contains("homepage \"https://github.com/Tools/krm-parity\"")
    );
    let image = format!("image: ghcr.io/tools/krm-parity:{VERSION}\n");
    assert_eq!(
        dist.read("function-definitions.yaml")
            .matches(&image)
            .count(),
        2
    );
    assert!(
        dist.read("release-notes.md")
            .starts_with("The first version")
    );
    bill_is_valid(
        &packages,
        &dist.path(&format!("krm-parity-{VERSION}.cdx.json")),
    );

    let again = Dist::new(&binary);
    let ran = again.script(&["--assemble"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(again.read("SHA256SUMS"), sums);

    // No fault passes.
    for (name, part) in [
        (
            format!("krm-parity-{VERSION}-{TARGET}.tar.gz"),
            "a checksum of SHA256SUMS is wrong",
        ),
        (
            format!("bin/{TARGET}/krm-parity"),
            "is not the one that was built",
        ),
    ] {
        let good = fs::read(again.path(&name)).expect("a file");
        let mut bad = good.clone();
        // Nothing is read past the end of an ELF file.
        bad.extend(b"x");
        fs::write(again.path(&name), &bad).expect("a file");
        refuses(&again, &["--verify"], part);
        fs::write(again.path(&name), &good).expect("a file");
    }
    let blobs = again.path("oci/blobs/sha256");
    let blob = fs::read_dir(blobs)
        .expect("blobs")
        .next()
        .expect("a blob")
        .expect("a blob")
        .path();
    let good = fs::read(&blob).expect("a blob");
    fs::write(&blob, [&good[..], b"x"].concat()).expect("a blob");
    refuses(&again, &["--verify"], "is not what its descriptor says");
    fs::write(&blob, good).expect("a blob");
    assert_eq!(again.script(&["--verify"]).code, Some(0));
    // Nothing of this is published, either.
    refuses(&again, &["--publish"], "error: ");
}

#[track_caller]
fn refuses(dist: &Dist, arguments: &[&str], part: &str) {
    let ran = dist.script(arguments);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stderr.contains(part), "{part}: {ran:#?}");
}

#[test]
fn a_release_has_the_version_of_the_package() {
    let dist = Dist { tree: Tree::new() };
    let wrong = format!("the version is '9.9.9' here and '{VERSION}' in Cargo.toml");
    refuses(&dist, &["--dry-run", "9.9.9"], &wrong);
    refuses(&dist, &["--drv-run"], "unknown argument '--drv-run'");
    refuses(
        &dist,
        &["--assemble"],
        "dist/bin has no binary that runs here",
    );
}

/// The bill of materials is valid under its own schema, and lists the right components.
fn bill_is_valid(packages: &Path, file: &Path) {
    let text = fs::read_to_string(file).expect("a bill");
    let bill: Value = serde_json::from_str(&text).expect("JSON");
    let components = bill["components"].as_array().expect("components");
    let scope = |name: &str| {
        let found = components.iter().find(|one| one["name"] == name);
        found.map(|one| one["scope"].as_str().unwrap_or_default())
    };
    assert_eq!(scope("granit-parser"), Some("required"));
    assert_eq!(scope("serde_derive"), Some("excluded"));
    assert_eq!(scope("proptest"), None);
    let check = "import json, sys
from pathlib import Path
from jsonschema import Draft7Validator
from referencing import Registry, Resource
folder = Path(sys.argv[1])
load = lambda name: json.loads((folder / name).read_text())
schema = load('bom-1.6.SNAPSHOT.schema.json')
registry = Registry()
for name in ('spdx', 'jsf-0.82'):
    value = load(name + '.SNAPSHOT.schema.json')
    resource = Resource.from_contents(value)
    for uri in (value['$id'], 'http://cyclonedx.org/schema/' + name + '.SNAPSHOT.schema.json'):
        registry = registry.with_resource(uri, resource)
validator = Draft7Validator(schema, registry=registry)
bill = json.loads(Path(sys.argv[2]).read_text())
assert not list(validator.iter_errors(bill)), next(validator.iter_errors(bill))
bill['components'][0]['scope'] = 'somewhere'
assert list(validator.iter_errors(bill)), 'a schema that takes anything'
";
    let mut command = Command::new("python3");
    command
        .env("PYTHONPATH", packages)
        .args(["-c", check])
        .arg(packages.join("cyclonedx/schema/_res"))
        .arg(file);
    run(&mut command).expect_success("CycloneDX");
}
