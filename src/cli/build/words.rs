//! The error message of a builder, adapted for a report.

use std::path::Path;
use std::process::Output;

use crate::repo;

/// The error message of a builder, without its warnings and without this machine's paths.
pub(super) fn words(output: &Output, root: &Path) -> String {
    let told = without_warnings(&String::from_utf8_lossy(&output.stderr));
    let told = without_root(told.trim(), &root.display().to_string());
    match repo::without_password(&told).as_ref() {
        "" => format!("it printed nothing and ended with {}", output.status),
        told => without_head(told).to_owned(),
    }
}

/// The builder's message about its flags, if it failed because of one.
pub(super) fn about_flags(output: &Output) -> Option<String> {
    const FAULTS: [&str; 4] = [
        "unknown flag: ",
        "unknown shorthand flag: ",
        "flag needs an argument: ",
        "bad flag syntax: ",
    ];
    if output.status.success() {
        return None;
    }
    let told = String::from_utf8_lossy(&output.stderr);
    // Later lines may come from a program that the builder has started.
    let line = without_head(told.lines().find(|line| !line.trim().is_empty())?);
    let is_value = line.starts_with("invalid argument ") && line.contains(" flag: ");
    let is_fault = is_value || FAULTS.iter().any(|fault| line.starts_with(fault));
    is_fault.then(|| repo::without_password(line).into_owned())
}

/// An error without its prefix, which kustomize and kubectl spell differently.
fn without_head(told: &str) -> &str {
    told.trim_start_matches("Error: ")
        .trim_start_matches("error: ")
}

/// The lines about the failure, without advice on deprecated fields and without times.
fn without_warnings(told: &str) -> String {
    let is_error = |line: &&str| line.starts_with("Error: ") || line.starts_with("error: ");
    let has_error = told.lines().any(|line| is_error(&line));
    let mut out = String::new();
    // A panic continues with the state of its threads.
    let told = told
        .lines()
        .take_while(|line| !line.starts_with("goroutine "));
    for line in told {
        let logged = without_time(line).or_else(|| without_header(line));
        if line.starts_with("# Warning: ") || line == " >" || (has_error && logged.is_some()) {
            continue;
        }
        out.push_str(logged.unwrap_or(line));
        out.push('\n');
    }
    out
}

/// The message of a log line such as `2006/01/02 15:04:05 words`.
fn without_time(line: &str) -> Option<&str> {
    const STAMP: &str = "0000/00/00 00:00:00 ";
    let (stamp, words) = line.split_at_checked(STAMP.len())?;
    let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
    stamp.chars().map(digits).eq(STAMP.chars()).then_some(words)
}

/// The message of a line of kubectl's log such as `E1127 02:02:00.593255     459 run.go:72]
/// "command failed" err="words"`.
fn without_header(line: &str) -> Option<&str> {
    const STAMP: &str = "0000 00:00:00.000000 ";
    let (header, words) = line.split_once("] ")?;
    let stamp = header.strip_prefix(['I', 'W', 'E', 'F'])?;
    let stamp = stamp.get(..STAMP.len())?;
    let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
    if !stamp.chars().map(digits).eq(STAMP.chars()) {
        return None;
    }
    let said = words.split_once("err=").map_or(words, |(_, said)| said);
    Some(said.trim_matches(['"', '<']))
}

/// A text whose paths are relative to a directory if they are below it.
fn without_root(told: &str, root: &str) -> String {
    if root.len() < 2 {
        return told.to_owned();
    }
    let told = told.replace(&format!("{root}/"), "");
    let mut parts = told.split(root);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        // The name of a sibling directory may begin with its name.
        out.push_str(if part.starts_with(goes_on) { root } else { "." });
        out.push_str(part);
    }
    out.replace("'./", "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_and_times_are_left_out_where_there_is_an_error() {
        for (told, words) in [
            ("# Warning: 'vars' is deprecated.\nError: no", "Error: no\n"),
            (
                "2026/11/21 10:32:26 vars: X\nfrom a plugin\nError: no",
                "from a plugin\nError: no\n",
            ),
            ("2026/11/21 10:32:26 fatal", "fatal\n"),
            (
                "E1127 02:02:00.593255     459 run.go:72] \"command failed\" err=\"no base\"",
                "no base\n",
            ),
            (
                "E1127 02:02:00.593255     459 run.go:72] \"command failed\" err=<\n\tno base\n >",
                "\n\tno base\n",
            ),
            ("two\nlines", "two\nlines\n"),
            ("panic: no\n\ngoroutine 1:\nx", "panic: no\n\n"),
        ] {
            assert_eq!(without_warnings(told), words);
        }
    }

    #[test]
    fn paths_are_relative_to_the_root() {
        for (told, words) in [
            ("'/w/x/base' and '/w/x/./a'", "'base' and 'a'"),
            ("'/w/x' must resolve", "'.' must resolve"),
            ("in /w/x: no; in /w/x", "in .: no; in ."),
            ("/w/x-other/base", "/w/x-other/base"),
        ] {
            assert_eq!(without_root(told, "/w/x"), words);
        }
        assert_eq!(without_root("/a/b", "/"), "/a/b");
    }
}
