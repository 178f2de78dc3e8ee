//! The list of documents, and their links.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::docs::{path, read};

/// Every document of the repository that people read, by its path from the root.
pub fn documents() -> Vec<String> {
    let mut names = Vec::new();
    for folder in ["", "docs", "examples"] {
        markdown(&path(folder), folder == "examples", &mut names);
    }
    names.sort();
    assert!(names.len() >= 20, "{names:?}");
    names
}

fn markdown(folder: &Path, is_deep: bool, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let file = entry.expect("an entry").path();
        if is_deep && file.is_dir() {
            markdown(&file, is_deep, names);
        } else if file.extension().is_some_and(|ending| ending == "md") {
            let inside = file.strip_prefix(path("")).expect("ours");
            names.push(inside.to_string_lossy().replace('\\', "/"));
        }
    }
}

/// The anchors that GitHub gives the headings of a document.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut is_code = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        is_code ^= line.trim_start().starts_with("```");
        if !is_code && line.starts_with('#') {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c });
            found.insert(kept.collect());
        }
    }
    found
}

/// Links lead to files of the repository, and to existing headings in them.
#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for name in documents() {
        let text = read(&name);
        let here = path(&name);
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            if file.contains("://") {
                continue;
            }
            let there = if file.is_empty() {
                here.clone()
            } else {
                here.parent().expect("a file is in a directory").join(file)
            };
            assert!(there.exists(), "{name} links to {target}");
            if !anchor.is_empty() {
                let text = fs::read_to_string(&there).expect("a document");
                let is_there = anchors(&text).contains(anchor);
                assert!(
                    is_there,
                    "{name} links to {target}, which has no such heading"
                );
                seen += 1;
            }
        }
    }
    assert!(seen >= 20, "{seen} links to headings");
}
