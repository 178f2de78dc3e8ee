//! Builds the part of a request that the engine can build, in several threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::progress::Count;
use super::without::unknown as without_keys;
use super::work::unlocked;
use super::{Lacking, Request};
use crate::engine::Unknown;
use crate::gate::{self, Builds, Stage};
use crate::repo::{Parsed, Sources, is_remote_directory};
use crate::text;

/// Directories that were not built, and why.
pub(super) type Left<'r> = BTreeMap<&'r str, Vec<Unknown>>;

/// A piece of the work.
#[derive(Clone, Copy)]
enum Job<'r> {
    Directory(&'r str, Stage),
    Lacking(&'r Lacking<'r>),
}

/// Builds the directories that can be built exactly; `is_deployed` seals everything as deployed.
pub(super) fn build<'r>(
    parsed: &Parsed<'_>,
    request: &'r Request<'r>,
    is_deployed: bool,
    count: &Count,
) -> (Builds, Left<'r>) {
    let early = if is_deployed {
        Stage::Deployed
    } else {
        Stage::Recorded
    };
    let plain = request.plain.iter().map(|one| Job::Directory(one, early));
    let alone = request.beside.iter().chain(&request.single);
    let alone = alone.map(|one| Job::Directory(one, Stage::Deployed));
    let lacking = request.lacking.iter().map(Job::Lacking);
    let jobs: Vec<Job<'_>> = plain.chain(alone).chain(lacking).collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new((Builds::new(), Left::new()));
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (directory, built) = match *job {
                Job::Directory(directory, stage) => (directory, one(parsed, directory, stage)),
                Job::Lacking(lacking) => (lacking.directory, without(parsed, lacking)),
            };
            let (builds, left) = &mut *unlocked(done.lock());
            match built {
                Ok(content) => {
                    builds.insert(directory.to_owned(), Ok(content));
                    count.add();
                }
                Err(unknown) => {
                    left.insert(directory, unknown);
                }
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 1..workers.min(jobs.len()) {
            scope.spawn(work);
        }
        work();
    });
    unlocked(done.into_inner())
}

fn one(parsed: &Parsed<'_>, directory: &str, stage: Stage) -> Result<String, Vec<Unknown>> {
    // kustomize must fetch a remote directory.
    if is_remote_directory(directory) {
        return Err(Vec::new());
    }
    gate::build(parsed, directory, stage).0
}

/// Builds a directory with a replacement for each missing source of a Secret.
fn without(parsed: &Parsed<'_>, lacking: &Lacking<'_>) -> Result<String, Vec<Unknown>> {
    let mut sources = Sources::default();
    sources.here.clone_from(&parsed.sources.here);
    for file in &lacking.files {
        if let Some(text) = parsed.sources.text(file) {
            sources.insert(file.clone(), text.to_owned());
        } else if let Some((_, bytes)) = parsed.sources.other(file) {
            sources.insert_other(file.clone(), bytes.map(<[u8]>::to_vec));
        }
    }
    for (file, text) in &lacking.stubs {
        sources.insert(file.clone(), text.clone());
    }
    let content = one(&sources.parse(), lacking.directory, Stage::Deployed)?;
    Ok(without_keys(&content))
}

/// The difference between two sealed builds, in words; `None` if they are equal.
pub(super) fn difference(ours: &str, theirs: &str) -> Option<String> {
    if ours == theirs {
        return None;
    }
    let read = |text: &str| -> Vec<Value> {
        let lines = text.lines().map(serde_json::from_str);
        lines.filter_map(Result::ok).collect()
    };
    let (ours, theirs) = (read(ours), read(theirs));
    let names = |all: &[Value]| all.iter().map(name).collect::<Vec<String>>();
    let (here, there) = (names(&ours), names(&theirs));
    if here != there {
        let sets: [BTreeSet<&String>; 2] = [here.iter().collect(), there.iter().collect()];
        let lists = [
            (
                "only the engine builds",
                sets[0].difference(&sets[1]).next(),
            ),
            ("only kustomize builds", sets[1].difference(&sets[0]).next()),
        ];
        let told = lists
            .iter()
            .find_map(|(words, one)| Some(format!("{words} {}", one.as_ref()?)));
        return Some(told.unwrap_or_else(|| "the order of the resources".to_owned()));
    }
    let mut pairs = ours.iter().zip(&theirs);
    pairs.find_map(|(ours, theirs)| {
        let path = unequal(ours, theirs)?;
        Some(format!("{}: {path}", name(ours)))
    })
}

/// The kind and the name of a resource, for people.
fn name(resource: &Value) -> String {
    let text = |pointer| resource.pointer(pointer).and_then(Value::as_str);
    let [version, kind, name] = ["/apiVersion", "/kind", "/metadata/name"].map(text);
    let namespace = text("/metadata/namespace");
    let parts = [version, kind, namespace, name].into_iter().flatten();
    text::one_line(&parts.collect::<Vec<_>>().join(" "), text::MAX_NAME).into_owned()
}

/// The path of the first values that differ, and both values.
fn unequal(ours: &Value, theirs: &Value) -> Option<String> {
    let below = |step: String, inner: String| match inner.as_str() {
        rest if rest.starts_with([' ', '[']) => format!("{step}{rest}"),
        rest => format!("{step}.{rest}"),
    };
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(index, (a, b))| Some(below(format!("[{index}]"), unequal(a, b)?)))
        }
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            keys.into_iter().find_map(|key| {
                let both = [a.get(key), b.get(key)].map(|one| one.unwrap_or(&Value::Null));
                let step = text::one_line(key, text::MAX_NAME).into_owned();
                Some(below(step, unequal(both[0], both[1])?))
            })
        }
        (a, b) if a == b => None,
        (a, b) => {
            let short =
                |value: &Value| text::one_line(&value.to_string(), text::MAX_NAME).into_owned();
            Some(format!(
                " is {} in the engine's build and {} in kustomize's",
                short(a),
                short(b)
            ))
        }
    }
}
