//! The texts of the program are plain English: none has a habit of `words`.
//!
//! The texts are those of the rules, of the help of every verb, of the schemas, of the goldens, and all strings in
//! the sources of the program. `words` checks the documents and the comments.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use krm_parity::catalog::Class;
use krm_parity::rules::RULES;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use serde_json::Value;

use crate::support;
use crate::words::{Kind, habits};

/// A text with its place.
type Text = (String, String);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn assert_plain(texts: &[Text]) {
    let mut wrong = BTreeSet::new();
    for (place, text) in texts {
        for habit in habits(text, Kind::Message) {
            let text: String = text.chars().take(200).collect();
            wrong.insert(format!("{place}: {habit}: {text}"));
        }
    }
    let wrong: Vec<String> = wrong.into_iter().collect();
    assert!(
        wrong.is_empty(),
        "{} texts:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The files below a directory with one of these endings, sorted.
fn files(below: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut open = vec![below.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if ends.iter().any(|end| path.to_string_lossy().ends_with(end)) {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

fn named(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path);
    path.display().to_string()
}

#[test]
fn rules_and_classes_are_explained_in_plain_words() {
    let mut texts = Vec::new();
    for rule in RULES {
        for text in [rule.summary, rule.why, rule.example] {
            texts.push((rule.id.to_string(), text.to_owned()));
        }
    }
    for class in Class::ALL {
        texts.push((class.id().to_owned(), class.fields().to_owned()));
    }
    assert!(texts.len() > 150);
    assert_plain(&texts);
    // A sentence begins with a capital letter and ends with a full stop; an example becomes part of one.
    for rule in RULES {
        for text in [rule.summary, rule.why] {
            assert!(text.ends_with('.'), "{}: {text}", rule.id);
            assert!(
                text.starts_with(char::is_uppercase) || text.starts_with("kpt "),
                "{}: {text}",
                rule.id
            );
        }
        assert!(
            !rule.example.ends_with('.'),
            "{}: {}",
            rule.id,
            rule.example
        );
    }
}

/// The verbs that a help lists.
fn verbs(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| line.starts_with("  "));
    let verb = |line: &str| {
        let rest = line.strip_prefix("  ")?;
        rest.split_whitespace()
            .next()
            .filter(|_| !rest.starts_with(' '))
            .map(str::to_owned)
    };
    lines.filter_map(verb).collect()
}

fn help(verb: &[&str], flag: &str) -> String {
    let run = support::run(Command::new(support::binary()).args(verb).arg(flag));
    run.expect_success(&verb.join(" "))
}

#[test]
fn helps_are_written_in_plain_words() {
    let all = verbs(&help(&[], "--help"));
    assert!(all.len() > 8, "{all:?}");
    let mut texts = vec![("--help".to_owned(), help(&[], "--help"))];
    for verb in all.iter().filter(|verb| *verb != "help") {
        for flag in ["-h", "--help"] {
            texts.push((format!("{verb} {flag}"), help(&[verb], flag)));
        }
    }
    texts.push((
        "plugin install --help".to_owned(),
        help(&["plugin", "install"], "--help"),
    ));
    assert_plain(&texts);
}

/// The texts that a schema has for people.
fn descriptions(value: &Value, place: &str, texts: &mut Vec<Text>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if let (true, Some(text)) = (key == "description", value.as_str()) {
                    texts.push((place.to_owned(), text.to_owned()));
                }
                descriptions(value, &format!("{place}.{key}"), texts);
            }
        }
        Value::Array(all) => {
            for value in all {
                descriptions(value, place, texts);
            }
        }
        _ => {}
    }
}

#[test]
fn schemas_are_described_in_plain_words() {
    let mut texts = Vec::new();
    for file in files(&root().join("schema"), &[".json"]) {
        let text = fs::read_to_string(&file).expect("a schema");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        descriptions(&value, &named(&file), &mut texts);
    }
    assert!(texts.len() > 100);
    assert_plain(&texts);
}

#[test]
fn goldens_are_written_in_plain_words() {
    let mut texts = Vec::new();
    for (below, ends) in [
        ("tests/cases", &["expected.yaml"][..]),
        (
            "tests/it/formats/golden",
            &["-text.txt", "-concise.txt", "-markdown.md"],
        ),
    ] {
        for file in files(&root().join(below), ends) {
            let text = fs::read_to_string(&file).expect("a golden");
            let lines = text.lines().enumerate();
            texts.extend(
                lines.map(|(at, line)| (format!("{}:{}", named(&file), at + 1), line.to_owned())),
            );
        }
    }
    assert!(texts.len() > 500);
    assert_plain(&texts);
}

/// Whether a group is the rest of an attribute of that name.
fn is_attribute(group: &Group, names: &[&str]) -> bool {
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket
        && first.is_some_and(|token| names.contains(&token.to_string().as_str()))
}

/// The strings in a part of a program, except those of its tests, its comments and its lints.
fn strings(tokens: TokenStream, file: &str, texts: &mut Vec<Text>) {
    let mut is_after_hash = false;
    let mut is_of_tests = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) if is_after_hash && is_attribute(&group, &["cfg"]) => {
                is_of_tests |= group
                    .stream()
                    .to_string()
                    .replace(' ', "")
                    .contains("(test)");
            }
            TokenTree::Group(group)
                if is_after_hash && is_attribute(&group, &["doc", "allow", "expect"]) => {}
            TokenTree::Group(group) => {
                if is_of_tests && group.delimiter() == Delimiter::Brace {
                    is_of_tests = false;
                } else {
                    strings(group.stream(), file, texts);
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => is_of_tests = false,
            TokenTree::Punct(punct) => {
                is_after_hash = punct.as_char() == '#' || is_after_hash && punct.as_char() == '!';
                continue;
            }
            TokenTree::Literal(literal) if !is_of_tests => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    texts.push((file.to_owned(), text.value()));
                }
            }
            TokenTree::Literal(_) | TokenTree::Ident(_) => {}
        }
        is_after_hash = false;
    }
}

#[test]
fn the_program_speaks_plainly() {
    let mut texts = Vec::new();
    for file in files(&root().join("src"), &[".rs"]) {
        let name = named(&file);
        if name.contains("/tests") {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file");
        let tokens = TokenStream::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        strings(tokens, &name, &mut texts);
    }
    // A name or a key is not a sentence.
    texts.retain(|(_, text)| text.trim().contains(' '));
    assert!(texts.len() > 1000, "{}", texts.len());
    assert_plain(&texts);
}
