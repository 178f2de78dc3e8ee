//! ARCHITECTURE.md is correct: its module table agrees with the imports of `src/`.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A longer file, without its unit tests, has two subjects.
const MAX_LINES: usize = 520;

/// One row of the module table.
struct Row {
    module: String,
    uses: BTreeSet<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn in_backticks(cell: &str) -> BTreeSet<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The rows between the table's head and the next blank line.
fn table() -> Vec<Row> {
    let text = read(&root().join("ARCHITECTURE.md"));
    let (_, rest) = text
        .split_once("| module | job, and what always holds | may use |\n|---|---|---|\n")
        .expect("the module table");
    rest.lines()
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            let [module, _, uses] = cells.as_slice() else {
                panic!("three cells: {line}")
            };
            let module = in_backticks(module).pop_first().expect("a module");
            Row {
                module,
                uses: in_backticks(uses),
            }
        })
        .collect()
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The top-level module that a file belongs to.
fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).expect("a source");
    let first = inside
        .components()
        .next()
        .expect("a name")
        .as_os_str()
        .to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The code of a file without its unit tests and comments; empty for files with only tests.
fn code(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    if name == "tests.rs" || name == "fixture.rs" {
        return String::new();
    }
    let text = read(path);
    let code = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The modules of `src/` with their code, file by file.
fn modules() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let mut modules: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for path in sources(&root().join("src")) {
        let name = module_of(&path);
        if name != "lib" && name != "main" {
            let code = code(&path);
            modules.entry(name).or_default().push((path, code));
        }
    }
    modules
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The top-level modules that a text names as `crate::x` or `crate::{x, y::z}`.
fn named(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            named.insert(rest.chars().take_while(|&c| is_word(c)).collect());
            continue;
        };
        let mut depth = 0_usize;
        let mut first = String::new();
        for character in group.chars() {
            match character {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    named.insert(std::mem::take(&mut first));
                }
                _ if depth == 0 => first.push(character),
                _ => {}
            }
        }
        named.insert(first);
    }
    named
        .iter()
        .map(|path| {
            path.trim()
                .chars()
                .take_while(|&c| is_word(c))
                .collect::<String>()
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn groups_of_imports_are_understood() {
    let found = named(
        "use crate::{diff::{By, Step}, yaml};\nuse crate::text::one_line;\nlet x = crate::policy::GROUP;",
    );
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        ["diff", "policy", "text", "yaml"]
    );
}

#[test]
fn the_table_lists_the_modules() {
    let listed: BTreeSet<String> = table().into_iter().map(|row| row.module).collect();
    let present: BTreeSet<String> = modules().into_keys().collect();
    assert_eq!(
        listed, present,
        "the modules in ARCHITECTURE.md, and those of src/"
    );
}

/// The other modules that the files of a module use.
fn uses(module: &str, files: &[(PathBuf, String)]) -> BTreeSet<String> {
    let mut used: BTreeSet<String> = files.iter().flat_map(|(_, code)| named(code)).collect();
    used.remove(module);
    used
}

/// The rows agree with the imports of `src/`; `UPDATE=1` rewrites them, in their existing order.
#[test]
fn modules_use_only_what_their_rows_allow() {
    let modules = modules();
    let path = root().join("ARCHITECTURE.md");
    let before = read(&path);
    let mut after = String::new();
    for line in before.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let row = match cells.as_slice() {
            [module, job, _] if line.starts_with("| `") => {
                let name = in_backticks(module).pop_first().unwrap_or_default();
                modules.get(&name).map(|files| {
                    let used: Vec<String> = uses(&name, files)
                        .iter()
                        .map(|name| format!("`{name}`"))
                        .collect();
                    format!("|{module}|{job}| {} |", used.join(", ")).replace("|  |", "| |")
                })
            }
            _ => None,
        };
        after.push_str(row.as_deref().unwrap_or(line));
        after.push('\n');
    }
    if std::env::var_os("UPDATE").is_some() && before != after {
        fs::write(&path, &after).expect("ARCHITECTURE.md");
        panic!("ARCHITECTURE.md was rewritten; read the difference");
    }
    let wrong: Vec<&str> = before
        .lines()
        .zip(after.lines())
        .filter(|(before, after)| before != after)
        .map(|(_, after)| after)
        .collect();
    assert!(
        wrong.is_empty(),
        "the imports say otherwise (UPDATE=1 writes this):\n{}",
        wrong.join("\n")
    );
}

/// A row may name only modules of rows above it, so that there is no cycle and the table reads from
/// the ground up.
#[test]
fn modules_use_only_modules_above_them() {
    let mut above = BTreeSet::new();
    for row in table() {
        let below: Vec<_> = row.uses.difference(&above).collect();
        assert!(
            below.is_empty(),
            "{} uses {below:?}, not above it in the table",
            row.module
        );
        above.insert(row.module);
    }
}

/// This includes children of a module: code that two files share belongs in a third.
#[test]
fn no_files_import_in_a_circle() {
    let directory = root().join("src");
    let files: imports::Files = sources(&directory)
        .iter()
        .map(|path| {
            let inside = path.strip_prefix(&directory).expect("a source");
            (inside.to_string_lossy().replace('\\', "/"), read(path))
        })
        .collect();
    let imports = imports::imports(&files);
    assert!(imports.len() > 100, "only {} files import", imports.len());
    let circles = imports::circles(&imports);
    let all: Vec<&str> = circles.values().map(String::as_str).collect();
    assert!(all.is_empty(), "{}", all.join("\n\n"));
}

/// Names that only one module may use anywhere in its code.
const KEPT: [(&[&str], &str, &str); 2] = [
    (
        &[
            "std::fs",
            "std::env",
            "std::process",
            "std::net",
            "std::thread",
            "std::time",
            "io::stdin",
            "io::stdout",
            "io::stderr",
            "println!",
            "eprintln!",
            "print!",
            "eprint!",
            "dbg!",
            "use std::io",
        ],
        "cli",
        "the rest of the library is pure",
    ),
    (
        &["granit_parser", "serde_yaml::from_str"],
        "yaml",
        "there is one reader of text, and its bounds hold",
    ),
];

#[test]
fn the_outside_world_is_kept_to_one_module() {
    let mut wrong = Vec::new();
    for (module, files) in modules() {
        for (path, code) in files {
            for (words, keeper, reason) in KEPT {
                for word in words.iter().filter(|_| module != keeper) {
                    if code.contains(word) {
                        wrong.push(format!(
                            "{} names {word}; only {keeper} may: {reason}",
                            path.display()
                        ));
                    }
                }
            }
            // At the top level `super` is the crate, and would bypass the table.
            let is_top = path.parent() == Some(root().join("src").as_path());
            if is_top && code.contains("super::") {
                wrong.push(format!("{} climbs to the crate by super::", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let text = read(&root().join("ARCHITECTURE.md"));
    let (_, rest) = text
        .split_once("Longer files:")
        .expect("the list of longer files");
    let excepted = in_backticks(rest.split("\n\n").next().unwrap_or_default());
    let mut long = BTreeSet::new();
    for path in sources(&root().join("src")) {
        let text = read(&path);
        let lines = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default()
            .lines()
            .count();
        if lines > MAX_LINES {
            let inside = path.strip_prefix(root()).expect("a source");
            long.insert(inside.to_string_lossy().into_owned());
        }
    }
    assert_eq!(
        excepted, long,
        "files of more than {MAX_LINES} lines: those in ARCHITECTURE.md, and those of src/"
    );
}

#[test]
fn the_map_of_tests_is_complete() {
    let text = read(&root().join("ARCHITECTURE.md"));
    for entry in fs::read_dir(root().join("tests")).expect("the tests") {
        let name = entry
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .into_owned();
        // Code that tests share, and data from elsewhere.
        let is_shared = matches!(name.as_str(), "support" | "data" | "corpus");
        assert!(
            is_shared || text.contains(&format!("`tests/{name}")),
            "ARCHITECTURE.md does not name tests/{name}"
        );
    }
}
