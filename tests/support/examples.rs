//! The examples, and copies of them that a test may change.

use std::fs;
use std::path::{Path, PathBuf};

use super::witness::Tree;

/// A folder or file of the examples.
#[must_use]
pub fn example(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(relative)
}

/// Copies all examples into a new tree.
///
/// # Panics
/// If that fails.
#[must_use]
pub fn copy_examples() -> Tree {
    let tree = Tree::new();
    copy(&example(""), &tree.path(""));
    tree
}

/// Copies a folder with everything below it.
///
/// # Panics
/// If that fails.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let from = entry.expect("an entry").path();
        let to = to.join(from.file_name().expect("a name"));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a copy");
        }
    }
}

/// Rewrites every YAML file below a folder.
///
/// # Panics
/// If a file cannot be read or written.
pub fn rewrite(folder: &Path, change: &impl Fn(&str) -> String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rewrite(&path, change);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            let before = fs::read_to_string(&path).expect("a file");
            let after = change(&before);
            if after != before {
                fs::write(&path, after).expect("a file");
            }
        }
    }
}

/// A kustomization without the functions that it declares.
///
/// It removes lines, so that nothing else is reformatted: the lists `transformers:` and
/// `validators:`, and components that only declare a function.
#[must_use]
pub fn without_functions(kustomization: &str) -> String {
    let mut out = String::new();
    let mut skips = false;
    for line in kustomization.lines() {
        if !line.starts_with([' ', '-', '#']) {
            skips = matches!(line, "transformers:" | "validators:")
                || line == "components:" && kustomization.contains("components:\n- ../record\n");
        }
        if !skips {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
