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
    summary: "Every file that a kustomization names must be available to the check.",
    why: "kpt passes only resources to a function, and no other files, such as JSON 6902 patches; a file that was not seen must not pass silently. In `check` it is a warning about a source of a Secret that git ignores; the rest is checked.",
    example: "overlays/production names patch.json under patches, and kpt does not pass it to the function",
    max: None,
    unit: "",
    of_files: true,
    of_siblings: false,
};

/// The most characters of a path in a message.
const MAX_PATH: usize = 200;

/// The sources of Secrets that one overlay lacks by design, each at the entry that names it.
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
                "{path} decrypts Secrets and was not run, so only its unencrypted part was compared"
            );
            let help = "Names and keys were compared, except keys in encrypted env files. To compare those keys too, run `krm-parity check -- --enable-alpha-plugins --enable-exec` where the decryption key is available.".to_owned();
            findings.push(Finding {
                severity: Severity::Warning,
                place: Some(place),
                ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
            });
            continue;
        }
        let headline = format!(
            "{path}, a source of a Secret, does not exist, so the keys of the Secret were not compared"
        );
        let help = "It seems to be kept out of the repository on purpose, so the rest was checked. To compare the keys too, create the file with the same keys and any values before the check.".to_owned();
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
        "{} names {}, which was not passed to the function, so it was not checked",
        quoted(kustomization, MAX_PATH),
        quoted(path, MAX_PATH)
    );
    let help = "Write it as a resource or a strategic merge patch with apiVersion, kind and name, or inline it, or check the output of kustomize build.".to_owned();
    Finding {
        file: Some(FileRef {
            path: kustomization.to_owned(),
            index: Some(0),
        }),
        ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
    }
}

/// A directory whose files are all here, but use features that only kustomize knows, or that it refuses.
///
/// `own` is the file of its kustomization, and `index_of` finds the item of its file that a line belongs to.
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
        "{} was not checked, because it cannot be built from its files alone{why}",
        quoted(directory, MAX_PATH)
    );
    let help = "Check it with `krm-parity check`, which uses kustomize.".to_owned();
    Finding {
        file: file.map(|(path, index)| FileRef {
            path: path.to_owned(),
            index: Some(index),
        }),
        ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
    }
}
