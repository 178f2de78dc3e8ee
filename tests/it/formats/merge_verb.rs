//! `krm-parity merge` as a process, and with it the shared code of all verbs that writes formats.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use krm_parity::report::survey::markdown::MARKER;
use krm_parity::report::survey::{Format, json};
use krm_parity::survey::{Shard, Survey};

use super::fixture::{clean, everything, large};
use super::{render, shards};
use crate::support::{Run, binary, run};

fn merge(folder: &Path, arguments: &[&str]) -> Run {
    run(Command::new(binary())
        .arg("merge")
        .args(arguments)
        .current_dir(folder))
}

/// A folder with these reports in it, as `NAME.json`.
fn folder(reports: &[(&str, &Survey)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, survey) in reports {
        fs::write(
            folder.path().join(format!("{name}.json")),
            render(Format::Json, survey),
        )
        .unwrap();
    }
    folder
}

#[test]
fn shards_become_one_report_in_every_format() {
    let whole = large(60, 9);
    let parts = shards(&whole, 3);
    let folder = folder(&[("a", &parts[0]), ("b", &parts[1]), ("c", &parts[2])]);
    let mut arguments = vec!["c.json", "a.json", "b.json", "a.json", "--format", "text"];
    let files: Vec<_> = Format::ALL
        .map(|format| format!("{0}=out.{0}", format.id()))
        .into();
    for file in &files {
        arguments.extend(["--format", file]);
    }
    let run = merge(folder.path(), &arguments);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.stderr, "");
    assert_eq!(run.stdout, render(Format::Text, &whole));
    for format in Format::ALL {
        let written =
            fs::read_to_string(folder.path().join(format!("out.{}", format.id()))).unwrap();
        assert_eq!(written, render(format, &whole), "{format:?}");
    }
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 3 + Format::ALL.len(), "no draft stays behind");
}

#[test]
fn exit_codes_are_those_of_a_check() {
    let folder = folder(&[("clean", &clean()), ("bad", &everything())]);
    let run = merge(folder.path(), &["clean.json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        run.stdout,
        "cart in services/cart: staging (overlays/staging), production (overlays/production) against base\n\
         orders in services/orders: staging (overlays/staging), production (overlays/production) against base\n\
         krm-parity: 2 services, 2 environments: nothing found in 14 resources\n"
    );
    let run = merge(
        folder.path(),
        &["clean.json", "bad.json", "--format=markdown"],
    );
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.starts_with(MARKER));
    fs::write(folder.path().join("cut.json"), "{\"kind\": \"Par").unwrap();
    fs::write(folder.path().join("other.json"), "{\"kind\": \"Pod\"}").unwrap();
    fs::write(folder.path().join("null.json"), "null\n").unwrap();
    fs::write(folder.path().join("binary.json"), [0xff, 0xfe]).unwrap();
    for (arguments, said) in [
        (
            &["cut.json"][..],
            "krm-parity: cut.json: line 1: it is cut short\n",
        ),
        (
            &["clean.json", "other.json"],
            "krm-parity: other.json: it is not a report of krm-parity, but \"Pod\"\n",
        ),
        (
            &["null.json"],
            "krm-parity: null.json: it is not a report of krm-parity, but null\n",
        ),
        (&["binary.json"], "krm-parity: binary.json is not UTF-8\n"),
        (&["none.json"], "krm-parity: cannot read none.json: "),
        (
            &["clean.json", "--format", "htlm"],
            "krm-parity: unknown format \"htlm\"; did you mean html?\n",
        ),
        (
            &["clean.json", "--format", "json=no/x"],
            "krm-parity: the directory no for no/x does not exist\n",
        ),
        (
            &["clean.json", "--format", "json", "--format", "text"],
            "krm-parity: two formats are for stdout; ",
        ),
        (
            &["-", "-"],
            "krm-parity: `-` means stdin and can be given only once\n",
        ),
        (
            &[],
            "error: the following required arguments were not provided:",
        ),
    ] {
        let run = merge(folder.path(), arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}");
        assert_eq!(run.stdout, "");
        assert!(
            run.stderr.starts_with(said),
            "{arguments:?}: {}",
            run.stderr
        );
    }
}

/// A gate that has not seen all shards must not pass.
#[test]
fn shards_that_make_no_whole_are_refused() {
    let shard = |index, count, of: &str| Survey {
        shard: Some(Shard {
            index,
            count,
            of: of.to_owned(),
        }),
        ..clean()
    };
    let of_one = |index| shard(index, 3, "a");
    let folder = folder(&[
        ("1", &of_one(1)),
        ("2", &of_one(2)),
        ("3", &of_one(3)),
        ("again", &of_one(2)),
        ("many", &shard(1, usize::MAX, "a")),
        ("other", &shard(2, 3, "b")),
        ("four", &shard(2, 4, "a")),
        ("whole", &clean()),
    ]);
    for (reports, said) in [
        (
            &["3"][..],
            "shards 1, 2 of 3 are missing; pass the reports of all shards",
        ),
        (
            &["3", "1", "whole"],
            "shard 2 of 3 is missing; pass the reports of all shards",
        ),
        (
            &["many"],
            "shards 2, 3, 4, 5, 6, 7, 8, 9 and 18446744073709551606 more of 18446744073709551615 are missing; pass the reports of all shards",
        ),
        (
            &["1", "2", "3", "again"],
            "2.json and again.json are both shard 2 of 3",
        ),
        (
            &["1", "other", "3"],
            "1.json is shard 1 of 3, and other.json is shard 2 of 3 of different services or under a different policy: they are not parts of the same check",
        ),
        (
            &["1", "four"],
            "1.json is shard 1 of 3, and four.json is shard 2 of 4: they are not parts of the same check",
        ),
    ] {
        let files: Vec<_> = reports.iter().map(|name| format!("{name}.json")).collect();
        let files: Vec<_> = files.iter().map(String::as_str).collect();
        let run = merge(folder.path(), &files);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
        assert_eq!(run.stderr, format!("krm-parity: {said}\n"));
    }
    for files in [
        &["3.json", "1.json", "2.json"][..],
        &["whole.json", "2.json", "1.json", "3.json"],
    ] {
        assert_eq!(merge(folder.path(), files).code, Some(0));
    }
    let none = json::read(&render(Format::Json, &shard(4, 3, "a"))).unwrap_err();
    assert_eq!(none.to_string(), "it claims to be shard 4 of 3");
}

#[test]
fn a_report_may_come_from_stdin() {
    let mut child = Command::new(binary())
        .args(["merge", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let report = render(Format::Json, &everything());
    child
        .stdin
        .take()
        .unwrap()
        .write_all(report.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let survey = json::read(std::str::from_utf8(&output.stdout).unwrap()).unwrap();
    assert!(survey == everything());
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_a_mode_is_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder(&[("clean", &clean())]);
    let (real, link) = (
        folder.path().join("real.txt"),
        folder.path().join("link.txt"),
    );
    fs::write(&real, "old").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&real, &link).unwrap();
    let run = merge(folder.path(), &["clean.json", "--format", "text=link.txt"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""));
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert!(
        fs::read_to_string(&real)
            .unwrap()
            .ends_with("krm-parity: 2 services, 2 environments: nothing found in 14 resources\n")
    );
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    let run = merge(
        folder.path(),
        &["clean.json", "--format", "text=/dev/stderr"],
    );
    assert!(run.stderr.contains("\nkrm-parity: 2 services"), "{run:?}");
}
