//! `krm-parity build`: prints the resources of a directory, without kustomize.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::Value;

use super::ground::Ground;
use super::tree;
use crate::compare::hidden::is_copy;
use crate::engine::{Built, Replay, Unknown, is_ambiguous};
use crate::finding::REDACTED;
use crate::repo::Parsed;
use crate::yaml::{self, Node, Style};
use crate::{krm, snapshot, text};

/// The longest place that is printed.
const MAX_PLACE: usize = 200;

const LONG_ABOUT: &str = "\
Prints the build of DIR as kustomize would: the same resources, names, hashes and references. No program
is run, and kustomize is not needed. Values of Secrets are not printed, and neither are values that
replacements copy from them; the hash in the name of a generated Secret still covers its values.

An error of kustomize is an error here, with the line. If DIR needs a feature that the built-in engine
does not support, such as helm charts, remote bases or functions, the error names its line, and nothing
is printed.

  krm-parity build overlays/production --origins
  diff <(krm-parity build overlays/dev) <(krm-parity build overlays/production)

Exit codes: 0 built; 2 the build failed or is not supported.";

pub(super) fn command() -> Command {
    Command::new("build")
        .about("Print the resources that a directory builds, without kustomize")
        .long_about(LONG_ABOUT)
        .arg(
            Arg::new("DIR")
                .help("The directory of a kustomization; by default the current one")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            Arg::new("format")
                .long("format")
                .help("YAML documents, or JSON with one resource per line")
                .value_parser(["yaml", "json"])
                .default_value("yaml"),
        )
        .arg(
            Arg::new("origins")
                .long("origins")
                .help("Add a comment to each value with the file and line that set it")
                .action(ArgAction::SetTrue),
        )
}

/// Builds a directory.
///
/// # Errors
///
/// The error lists the parts that kustomize refuses, and those that are not modelled.
pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<String> {
    let directories: Vec<PathBuf> = matches.get_one("DIR").cloned().into_iter().collect();
    let ground = Ground::new(&directories)?;
    // Only the files that it is made of are read.
    let sources = tree::read(&ground.root, &ground.directories)?;
    let parsed = sources.parse();
    let replay = replay(&ground, &parsed)?;
    let resources = replay
        .build()
        .map_err(|unknown| anyhow::anyhow!(told(&unknown)))?;
    let resources = resources.into_iter().map(shown);
    let mut resources = resources.collect::<anyhow::Result<Vec<Value>>>()?;
    let copies: Vec<String> = replay.copies().texts.into_iter().collect();
    if !copies.is_empty() {
        for one in &mut resources {
            hide(one, &copies);
        }
    }
    if matches.get_one::<String>("format").map(String::as_str) == Some("json") {
        return Ok(resources.iter().map(|one| format!("{one}\n")).collect());
    }
    let documents = resources.iter().map(serde_yaml::to_string);
    let mut documents = documents
        .map(|document| quoted(&document?))
        .collect::<anyhow::Result<Vec<String>>>()
        .context("cannot write YAML")?;
    if matches.get_flag("origins") {
        for (document, places) in documents.iter_mut().zip(replay.places()) {
            *document = with_origins(document, &places)?;
        }
    }
    Ok(documents.join("---\n"))
}

/// A document with quotes around texts that readers of YAML 1.1, such as kubectl, would read as
/// another type.
fn quoted(document: &str) -> anyhow::Result<String> {
    let tree = yaml::parse(document)?;
    let mut places = Vec::new();
    tree.roots().for_each(|root| mistaken(root, &mut places));
    places.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut out = document.to_owned();
    for (span, text) in places {
        out.replace_range(span, &Value::from(text).to_string());
    }
    Ok(out)
}

/// The unquoted texts that could be read as another type.
fn mistaken(node: Node<'_>, places: &mut Vec<(std::ops::Range<usize>, String)>) {
    for (key, value) in node.entries() {
        mistaken(key, places);
        mistaken(value, places);
    }
    node.items().for_each(|item| mistaken(item, places));
    let text = node.text();
    // A number is written as in JSON.
    let is_text = || node.as_str().is_some() || serde_json::from_str::<Value>(text).is_err();
    if node.is_scalar() && node.style() == Style::Plain && is_ambiguous(text) && is_text() {
        places.push((node.span(), text.to_owned()));
    }
}

/// The replay of the requested directory.
///
/// # Errors
///
/// Fails if there is no kustomization.
pub(super) fn replay<'p>(ground: &Ground, parsed: &'p Parsed<'p>) -> anyhow::Result<Replay<'p>> {
    let directory = ground.directories.first().cloned().unwrap_or_default();
    if parsed.kustomization(&directory).is_none() {
        bail!("{} has no kustomization", ground.first.display());
    }
    Ok(Replay::base(parsed, &[directory]))
}

/// A document with the place of each value in a comment after it.
fn with_origins(document: &str, places: &Value) -> anyhow::Result<String> {
    let tree = yaml::parse(document)?;
    let mut found = BTreeMap::new();
    for root in tree.roots() {
        origins(root, root.line(), places, &mut found);
    }
    let mut out = String::with_capacity(document.len() * 2);
    for (number, line) in document.lines().enumerate() {
        out.push_str(line);
        if let Some(place) = found.get(&(number + 1)) {
            let _ = write!(out, " # {}", text::one_line(place, MAX_PLACE));
        }
        out.push('\n');
    }
    Ok(out)
}

/// Collects the places of all values below a node, by the line on which each begins.
fn origins<'p>(
    node: Node<'_>,
    line: usize,
    places: &'p Value,
    found: &mut BTreeMap<usize, &'p str>,
) {
    match places {
        Value::Object(map) => {
            for (key, value) in node.entries() {
                if let Some(place) = map.get(key.text()) {
                    origins(value, key.line(), place, found);
                }
            }
        }
        Value::Array(list) => {
            for (item, place) in node.items().zip(list) {
                origins(item, item.line(), place, found);
            }
        }
        place => {
            // A block begins at its key, and a list has no room for a comment there; neither has a
            // value of several lines.
            let is_noted = if node.style() == Style::Block {
                line < node.line()
            } else {
                let text = node.tree().source().get(node.span());
                text.is_some_and(|text| !text.contains('\n'))
            };
            let place = place.as_str().filter(|place| is_noted && !place.is_empty());
            found.extend(place.map(|place| (line, place)));
        }
    }
}

/// A resource without the values of a Secret, even if a patch has changed its kind.
fn shown(built: Built) -> anyhow::Result<Value> {
    let Built {
        mut resource,
        is_secret,
        ..
    } = built;
    let kind = resource.get("kind").cloned();
    if is_secret {
        resource["kind"] = "Secret".into();
    }
    let text = resource.to_string();
    let tree = yaml::parse(&text)?;
    let all = krm::read_documents(&tree)?;
    let sealed = snapshot::seal_emitted(&all);
    let mut sealed: Value = serde_json::from_str(&sealed).context("it is not a resource")?;
    if let Some(kind) = kind {
        sealed["kind"] = kind;
    }
    Ok(sealed)
}

/// Hides values that were copied out of Secrets.
fn hide(value: &mut Value, copies: &[String]) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| hide(value, copies)),
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, copies)),
        Value::String(text) if is_copy(text, copies) => REDACTED.clone_into(text),
        Value::Number(number) if is_copy(&number.to_string(), copies) => *value = REDACTED.into(),
        _ => {}
    }
}

/// The unknown or refused parts, one per line.
pub(super) fn told(unknown: &[Unknown]) -> String {
    let mut out = String::from(
        "krm-parity cannot build this by itself; if kustomize does, use kustomize build:",
    );
    for one in unknown {
        let _ = write!(out, "\n  {}", one.placed());
    }
    out
}
