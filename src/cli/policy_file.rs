//! The policy of a repository: named, or found upwards.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::blame::excerpt;
use crate::finding::Place;
use crate::policy::{self, Config, Policy};
use crate::yaml;

/// Where a repository keeps its policy, below one of the directories upwards.
const PLACES: [&str; 4] = [
    "parity.yaml",
    "parity.yml",
    "parity/policy.yaml",
    "parity/policy/policy.yaml",
];

/// Finds the policy that holds for a directory: the nearest upwards, up to the root of the repository.
pub(super) fn find(directory: &Path) -> Option<PathBuf> {
    let mut here = Some(directory);
    while let Some(directory) = here {
        let found = PLACES.iter().map(|place| directory.join(place));
        if let Some(found) = found.into_iter().find(|file| is_policy(file)) {
            return Some(found);
        }
        if directory.join(".git").exists() {
            return None;
        }
        here = directory.parent();
    }
    None
}

/// Whether a file stands where a repository keeps its policy.
pub(super) fn is_place(file: &str) -> bool {
    PLACES
        .iter()
        .any(|place| file == *place || file.ends_with(&format!("/{place}")))
}

/// Whether a file holds a policy, and not a recorder, which is called `parity.yaml` as well.
fn is_policy(file: &Path) -> bool {
    let Ok(text) = fs::read(file) else {
        return false;
    };
    // What cannot be read is for `read` to complain about.
    yaml::parse_bytes(&text).map_or(true, |tree| {
        tree.roots()
            .any(|root| root.str_at(&["kind"]) == Some("ParityPolicy"))
    })
}

/// Reads a policy.
///
/// # Errors
///
/// Says where in the file, and what, is wrong.
pub(super) fn read(file: &Path) -> anyhow::Result<Policy> {
    let name = file.display().to_string();
    let text = fs::read(file).with_context(|| format!("cannot read {name}"))?;
    parse(&name, &text)
}

/// Reads a policy's text, whose file has this name.
///
/// # Errors
///
/// As [`read`]. A second document would say something that nobody listens to.
pub(super) fn parse(name: &str, text: &[u8]) -> anyhow::Result<Policy> {
    let tree = yaml::parse_bytes(text).with_context(|| name.to_owned())?;
    let mut documents = tree.roots().filter(|root| !root.is_null());
    let config = documents.next();
    if let Some(second) = documents.next() {
        bail!(
            "{name}:{}: a policy file holds one document, and this is a second one; put all of the policy into one spec",
            second.line()
        );
    }
    let value = config.map(yaml::Node::to_yaml_value);
    let read = policy::read(value.as_ref()).map_err(|error| {
        let line = config.map_or(1, |config| config.follow(&error.path).0.line());
        anyhow::anyhow!("{name}:{line}: {error}")
    })?;
    match read {
        Config::Policy(policy) => Ok(policy),
        Config::Recorder(_) => bail!("{name}: this is a recorder, not a policy"),
    }
}

/// The line on which each exemption of a policy begins, in a file that is called `name` in reports.
pub(super) fn exemptions(file: &Path, name: &str) -> Vec<Place> {
    let Ok(text) = fs::read_to_string(file) else {
        return Vec::new();
    };
    let Ok(tree) = yaml::parse(&text) else {
        return Vec::new();
    };
    let list = tree
        .roots()
        .find_map(|root| root.at(&["spec", "exemptions"]));
    let items = list.into_iter().flat_map(yaml::Node::items);
    let place = |item: yaml::Node<'_>| {
        let span = item.span();
        excerpt(
            name,
            &text,
            span.start,
            span.end,
            "the exemption".to_owned(),
        )
    };
    items.map(place).collect()
}
