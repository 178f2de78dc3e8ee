//! `unchecked-file`: a file that a kustomization names was not there to be checked, or could not be.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Overlay, entry_place};
use crate::blame::Entry;
use crate::catalog::{Rule, RuleId, Severity};
use crate::engine::Unknown;
use crate::finding::{FileRef, Finding};
use crate::policy::Policy;
use crate::repo::Role;
use crate::text::{one_line, quoted};

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::UncheckedFile,
    severity: Severity::Error,
    summary: "Every file that a kustomization names must be there to be checked.",
    why: "kpt hands a function the resources of a package and leaves out what is none, such as files of JSON 6902 operations; what was not seen must not pass in silence. In `check` it is a warning about a source of a Secret that git ignores, without which the rest is judged.",
    example: "overlays/production names patch.json under patches, and kpt does not pass it on",
    max: None,
    unit: "",
    of_files: true,
    of_siblings: false,
};

/// The most characters of a path in a message.
const MAX_PATH: usize = 200;

/// What the files of one overlay lack: sources of Secrets that are absent by design, each at the entry that names it.
pub(in crate::rules) fn check(
    overlay: Overlay<'_, '_>,
    _: &[Entry],
    _: &Policy,
    findings: &mut Vec<Finding>,
) {
    let mut told = BTreeSet::new();
    for edge in overlay.lacking {
        let place = entry_place(overlay.parsed, edge, "the source of a Secret");
        let Some((path, place)) = edge.to.path().zip(place) else {
            continue;
        };
        if !told.insert((&*edge.file, edge.node)) {
            continue;
        }
        let path = quoted(path, MAX_PATH);
        if edge.role == Role::Generator {
            let headline = format!(
                "{path} decrypts Secrets, and nothing is run here, so they were compared as far as what is encrypted tells"
            );
            let help = "Names and keys were; of keys in an encrypted file of variables nothing is known. With `krm-parity check -- --enable-alpha-plugins --enable-exec` the generator is run, where its key is.".to_owned();
            findings.push(Finding {
                severity: Severity::Warning,
                place: Some(place),
                ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
            });
            continue;
        }
        let headline = format!(
            "{path}, a source of a Secret, is not here, so the keys of that Secret were not compared"
        );
        let help = "It seems to be kept out of the repository by intent, so all else was judged. To compare the keys as well, put a file with the same keys and any values there before the check.".to_owned();
        findings.push(Finding {
            severity: Severity::Warning,
            place: Some(place),
            ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
        });
    }
}

/// A file that a kustomization names and the host did not pass on.
#[must_use]
pub fn unchecked(kustomization: &str, path: &str) -> Finding {
    let headline = format!(
        "{} names {}, which the host did not pass on, so it was not checked",
        quoted(kustomization, MAX_PATH),
        quoted(path, MAX_PATH)
    );
    let help = "Write it as a resource or as a strategic merge patch of its own with apiVersion, kind and name, inline it, or check what kustomize builds.".to_owned();
    Finding {
        file: Some(FileRef {
            path: kustomization.to_owned(),
            index: Some(0),
        }),
        ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
    }
}

/// A directory whose files are all there, and use what only kustomize knows, or what it refuses.
///
/// `own` is the file of its kustomization, and `index_of` tells which item of its file a line is.
#[must_use]
pub fn untold(
    directory: &str,
    own: Option<&str>,
    unknown: &[Unknown],
    index_of: impl Fn(usize) -> u64,
) -> Finding {
    let first = unknown.first();
    let place = first.and_then(|first| first.place.as_ref());
    let file = place
        .map(|(file, line)| (file.as_str(), index_of(*line)))
        .or_else(|| Some((own?, 0)));
    let mut why = first.map_or_else(String::new, |first| {
        format!(": {}", one_line(&first.to_string(), MAX_PATH))
    });
    if let Some((file, _)) = place.filter(|(file, _)| Some(file.as_str()) != own) {
        let _ = write!(why, " ({})", quoted(file, MAX_PATH));
    }
    if unknown.len() > 1 {
        let _ = write!(why, ", and {} more", unknown.len() - 1);
    }
    let headline = format!(
        "what {} comes to cannot be told by its files alone, so it was not checked{why}",
        quoted(directory, MAX_PATH)
    );
    let help = "Check what kustomize builds of it, with `krm-parity check`.".to_owned();
    Finding {
        file: file.map(|(path, index)| FileRef {
            path: path.to_owned(),
            index: Some(index),
        }),
        ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
    }
}
