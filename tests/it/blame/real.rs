//! The overlays of the corpus, unchanged.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use krm_parity::blame::{Effect, Target};
use krm_parity::engine::Replay;
use krm_parity::finding::UNTOLD;
use krm_parity::finding::{Finding, Place};
use krm_parity::policy::IdentityMode;
use krm_parity::repo::Sources;
use krm_parity::resource::Resource;
use krm_parity::yaml::parse;

use serde_json::Value;

use super::judged::{Sum, findings, sameness, text_at};
use super::mutate::{mutations, removed};
use crate::support::{Host, NEWEST, Tree, copy, corpus, require};

/// Every text file below a folder.
pub fn read(folder: &Path) -> Sources {
    let mut sources = Sources::default();
    collect(folder, "", &mut sources);
    sources
}

fn collect(folder: &Path, prefix: &str, sources: &mut Sources) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{name}/"), sources);
        } else if let Ok(text) = fs::read_to_string(&path) {
            sources.insert(name, text);
        }
    }
}

/// Findings by the place that caused them; those without a place are noted.
pub fn by_place(
    replay: &Replay<'_>,
    sources: &Sources,
    findings: &[Finding],
    name: &str,
    sum: &mut Sum,
) -> BTreeMap<Place, Vec<Finding>> {
    let mut places: BTreeMap<Place, Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        let target = Target::overlay(finding).expect("a resource");
        let place = replay
            .cause(&target)
            .unwrap_or_else(|| panic!("{name}: no kustomization"));
        let there = text_at(sources, &place);
        assert!(
            !there.is_empty() || place.what.starts_with("file of"),
            "{place:?}"
        );
        if place.what == UNTOLD {
            sum.untold.push(format!("{name}: {}", finding.message));
        } else {
            sum.told.entry(place.what.clone()).or_default().0 += 1;
            places.entry(place).or_default().push(finding.clone());
        }
    }
    places
}

/// Cases in which two lines of one kind have the same effect, so that removing one changes nothing:
/// the first line is reported.
const JOINT: [(&str, &str); 2] = [
    ("p0942", "replacements"),
    ("p0096", "JSON6902 operation (component backend-fwi)"),
];

/// Records whether an edit of a place changed each of its findings.
pub fn conclude(
    place: &Place,
    left: &[Finding],
    all: usize,
    was_built: bool,
    name: &str,
    sum: &mut Sum,
) {
    sum.told.entry(place.what.clone()).or_default().1 += all - left.len();
    for finding in left {
        let line = format!("{name}: {place:?}\n    {}", finding.message);
        if was_built && !JOINT.contains(&(name, &place.what)) {
            sum.faults.push(line);
        } else {
            sum.unproven.push(line);
        }
    }
}

fn pair(host: &Host, folder: &Path, bases: &[String], overlay: &str, name: &str) -> Sum {
    let mut sum = Sum::default();
    let build = |directory: &str| host.build(&folder.join(directory), &[]);
    let base: Vec<String> = bases
        .iter()
        .map(|base| build(base).expect_success(base))
        .collect();
    let base = base.join("---\n");
    let text = build(overlay).expect_success(overlay);
    let found = findings(&base, &text, IdentityMode::Cancel);
    let before: Vec<String> = found.iter().map(sameness).collect();
    let sources = read(folder);
    let parsed = sources.parse();
    let replay = Replay::overlay(&parsed, overlay, bases);
    let standing = Replay::base(&parsed, bases);
    for finding in &found {
        let target = Target::base(finding).expect("a resource");
        let Some(place) = standing.standing(&target) else {
            continue;
        };
        let there = text_at(&sources, &place).trim_matches(['"', '\'']);
        let value = finding.field.as_ref().and_then(|field| field.base.as_ref());
        let value = match value {
            Some(Value::String(text)) => text.clone(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            _ => continue,
        };
        // Generated names end with a hash, and a `$(NAME)` is replaced by a value.
        let is_held = value.contains(there) || value.contains('\n') || there.contains("$(");
        let held = sum.held.entry(is_held).or_default();
        held.push(format!("{name}: {value} at {place:?}"));
    }
    let tree = parse(&base).expect("what was built");
    let resources: Vec<_> = tree.roots().filter_map(Resource::read).collect();
    let tree = parse(&text).expect("what was built");
    let made: Vec<_> = tree.roots().filter_map(Resource::read).collect();
    for entry in replay.entries(&resources, &made) {
        if entry.effect == Effect::Something {
            continue;
        }
        // Without a dead entry the build is the same.
        let place = &entry.place;
        let text_there = sources.text(&place.file).expect("a file");
        let Some(new) = removed(text_there, place) else {
            continue;
        };
        let path = folder.join(&place.file);
        fs::write(&path, new).expect("a file");
        let now = build(overlay).expect_success(overlay);
        fs::write(&path, text_there).expect("a file");
        assert_eq!(now, text, "{name}: {place:?}");
        sum.dead += 1;
    }
    for (place, findings) in by_place(&replay, &sources, &found, name, &mut sum) {
        let path = folder.join(&place.file);
        let text = sources.text(&place.file).expect("a file");
        let mut left = findings.clone();
        let mut was_built = false;
        for new in mutations(text, &place) {
            fs::write(&path, new).expect("a file");
            let run = build(overlay);
            if run.succeeded() {
                was_built = true;
                let now = super::judged::findings(&base, &run.stdout, IdentityMode::Cancel);
                let now: Vec<String> = now.iter().map(sameness).collect();
                left.retain(|finding| {
                    // Two findings with the same text have separate causes.
                    let count = |all: &[String]| {
                        let this = sameness(finding);
                        all.iter().filter(|one| **one == this).count()
                    };
                    count(&now) >= count(&before)
                });
            }
            if left.is_empty() {
                break;
            }
        }
        fs::write(&path, text).expect("a file");
        conclude(&place, &left, findings.len(), was_built, name, &mut sum);
    }
    sum
}

#[test]
fn in_the_corpus_every_place_is_the_cause_of_its_finding() {
    let Some(corpus) = corpus() else { return };
    let host = require!(kustomize_host(NEWEST));
    let index = fs::read_to_string(corpus.join("index.tsv")).expect("an index");
    let mut rows: BTreeMap<&str, Vec<Vec<&str>>> = BTreeMap::new();
    for row in index.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        rows.entry(columns[1]).or_default().push(columns);
    }
    let (queue, sum) = (
        Mutex::new(rows.into_iter().collect::<Vec<_>>()),
        Mutex::new(Sum::default()),
    );
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("a queue").pop();
                    let Some((repository, rows)) = next else {
                        break;
                    };
                    let tree = Tree::new();
                    let source = corpus.join(repository.replace('/', "+")).join("source");
                    copy(&source, &tree.path("source"));
                    for row in rows {
                        let bases: Vec<String> = row[4].split('|').map(str::to_owned).collect();
                        let done = pair(&host, &tree.path("source"), &bases, row[5], row[0]);
                        sum.lock().expect("a sum").merge(done);
                    }
                }
            });
        }
    });
    let sum = sum.into_inner().expect("a sum");
    let held = |is: bool| sum.held.get(&is).map_or(0, Vec::len);
    println!(
        "base: {} lines hold the value, {} do not",
        held(true),
        held(false)
    );
    sum.held
        .get(&false)
        .into_iter()
        .flatten()
        .for_each(|one| println!("  {one}"));
    println!("{} dead entries, without which the same is built", sum.dead);
    assert!(held(true) > 50 && held(false) == 0);
    sum.close("corpus", 5.0, 2.0);
}
