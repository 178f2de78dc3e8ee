//! The checked-in copies of the schema equal the output of the program.

use std::path::{Path, PathBuf};
use std::process::Command;

fn print(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_krm-parity"))
        .arg("schema")
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The name of every copy, and its expected content.
fn copies() -> Vec<(&'static str, String)> {
    let both = |format: &str| {
        ["ParityPolicy", "SnapshotRecorder"]
            .map(|kind| print(&[kind, "--format", format]))
            .join("---\n")
    };
    let definitions: String = print(&["--format", "krmfile"])
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    vec![
        ("schema/paritypolicy.json", print(&[])),
        ("schema/snapshotrecorder.json", print(&["snapshotrecorder"])),
        ("schema/parityreport.json", print(&["ParityReport"])),
        (
            "schema/auditrecord.json",
            print(&["--format", "audit-record"]),
        ),
        ("schema/function-definitions.yaml", both("definition")),
        ("schema/custom-resources.yaml", both("crd")),
        (
            "Krmfile",
            format!(
                "# Marks the repository as a package of KRM resources, and tells kpt and kyaml the schema of our kinds.\n\
                 apiVersion: config.k8s.io/v1alpha1\nkind: Krmfile\nmetadata:\n  name: krm-parity\nopenAPI:\n  \
                 definitions:\n{definitions}"
            ),
        ),
    ]
}

#[test]
fn the_copies_equal_the_output_of_the_program() {
    for (name, expected) in copies() {
        let path = root().join(name);
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        if found == expected {
            continue;
        }
        assert!(
            std::env::var_os("UPDATE").is_some(),
            "{name} is not what `krm-parity schema` prints; run this test with UPDATE=1"
        );
        std::fs::write(&path, expected).unwrap();
        panic!("{name} was written anew: look at it, then run again without UPDATE");
    }
}

#[test]
fn an_unknown_kind_is_an_error_with_the_nearest_one() {
    let output = Command::new(env!("CARGO_BIN_EXE_krm-parity"))
        .args(["schema", "PartyPolicy"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "krm-parity: unknown kind \"PartyPolicy\"; did you mean ParityPolicy?\n"
    );
}
