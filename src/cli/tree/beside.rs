//! Files that no kustomization names, but that declare deployments or contain manifests.
//!
//! Argo CD and Flux read their own objects from wherever these are applied: most repositories keep
//! them as plain files beside the kustomizations that they name.

use std::path::Path;

use super::super::files;
use crate::repo::{NAMES, Sources, holds_manifest, speaks_of_deployers};

/// The extensions of files that may contain resources.
const ENDINGS: [&str; 3] = [".yaml", ".yml", ".json"];

/// Whether a file with this name makes its directory deployable: as a kustomization, a chart or
/// manifests.
pub(super) fn may_be_deployed(name: &str) -> bool {
    may_hold_resources(name) || NAMES.contains(&name) || name.ends_with(".jsonnet")
}

/// Whether a file with this name may contain resources.
pub(super) fn may_hold_resources(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Reads those of some files that declare deployments, and records those that contain manifests,
/// unless an entry names them.
pub(super) fn read(root: &Path, names: Vec<String>, sources: &mut Sources) {
    for name in names {
        if sources.contains(&name) {
            continue;
        }
        let Ok(text) = files::read_text(&root.join(&name)) else {
            continue;
        };
        if holds_manifest(&text) {
            sources.insert_loose(name.clone());
        }
        if speaks_of_deployers(&text) {
            sources.insert_beside(name, text);
        }
    }
}
