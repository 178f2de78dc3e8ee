//! The comments of the sources, and the names of their tests.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::{Kind, habits};
use crate::docs::{path, read};

/// The directories with sources.
const SOURCES: [&str; 5] = ["src", "tests", "benches", "examples", "fuzz"];

/// The Rust files below a directory, by their paths from the root.
fn sources(directory: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry").path();
        if entry.is_dir() {
            if entry.file_name().is_some_and(|name| name != "target") {
                sources(&entry, found);
            }
        } else if entry.extension().is_some_and(|ending| ending == "rs") {
            let inside = entry.strip_prefix(path("")).expect("ours");
            found.push(inside.to_string_lossy().replace('\\', "/"));
        }
    }
}

/// The marker of a line that is a comment, and its text.
fn comment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let marker = ["///", "//!", "//"]
        .into_iter()
        .find(|marker| line.starts_with(marker))?;
    Some((marker, &line[marker.len()..]))
}

/// The comments of a source, each with its first line; lines of one comment are joined, without fenced code.
fn comments(text: &str) -> Vec<(usize, String)> {
    let mut all: Vec<(usize, String)> = Vec::new();
    let (mut before, mut is_code) = ("", false);
    for (at, line) in text.lines().enumerate() {
        let Some((marker, words)) = comment(line) else {
            (before, is_code) = ("", false);
            continue;
        };
        if marker != before {
            all.push((at + 1, String::new()));
            is_code = false;
        }
        before = marker;
        let is_fence = words.trim_start().starts_with("```");
        is_code ^= is_fence;
        if let Some((_, comment)) = all.last_mut().filter(|_| !is_code && !is_fence) {
            comment.push_str(words);
            comment.push('\n');
        }
    }
    all
}

/// The name of a test, after its attributes and comments.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    let between = r"(?:#\[[^\]]*\]\s+|//[^\n]*\s+)*";
    Regex::new(&format!(r"#\[test\]\s+{between}fn (\w+)")).expect("a pattern")
});

/// The names of the tests in a source as words, each with its line.
fn names(text: &str) -> Vec<(usize, String)> {
    let line = |at: usize| text[..at].lines().count();
    NAME.captures_iter(text)
        .filter_map(|found| found.get(1))
        .map(|name| (line(name.end()), name.as_str().replace('_', " ")))
        .collect()
}

#[test]
fn comments_and_names_of_tests_have_no_bad_habits() {
    let mut files = Vec::new();
    for directory in SOURCES {
        sources(&path(directory), &mut files);
    }
    files.sort();
    assert!(files.len() > 300, "{}", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let text = read(&file);
        let texts = comments(&text).into_iter().chain(names(&text));
        for (line, words) in texts {
            let habits = habits(&words, Kind::Comment).into_iter();
            wrong.extend(habits.map(|habit| format!("{file}:{line}: {habit}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn comments_and_names_are_found() {
    let text = "//! One\n//! `two`.\n\nfn a() {} // not a line\n/// Three\n///\n/// ```\n/// code\n/// ```\n// four\n";
    let found: Vec<(usize, String)> = comments(text)
        .into_iter()
        .map(|(line, words)| (line, words.split_whitespace().collect::<Vec<_>>().join(" ")))
        .collect();
    let expected = [(1, "One `two`."), (5, "Three"), (10, "four")];
    assert_eq!(
        found,
        expected.map(|(line, words)| (line, words.to_owned()))
    );
    let text = "#[test]\nfn one_two() {}\n\n#[test]\n#[ignore]\nfn three() {}\nfn four() {}\n";
    let expected = [(2, "one two"), (6, "three")];
    assert_eq!(
        names(text),
        expected.map(|(line, words)| (line, words.to_owned()))
    );
}
