//! `buildMetadata`: the annotations and labels in which kustomize records where resources come from
//! and how they were changed.
//!
//! kustomize adds them during the build, so patches and selectors see them. At the end it removes
//! those that were not requested.

use crate::api::{ORIGIN, TRANSFORMATIONS};
use crate::repo::Kustomization;

use super::item::Item;
use super::piece::{Body, Mark, Piece};

/// The label that names the builder.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kustomize-v5.8.1");

/// The prefix of the annotations in which kustomize keeps its own records during a build.
const INTERNAL: &str = "internal.config.kubernetes.io/";

/// The annotations that kustomize reads back, even if others have written them
/// (`api/internal/utils/annotations.go`).
const READ_BACK: [&str; 10] = [
    "allowKindChange",
    "allowNameChange",
    "generatorBehavior",
    "needsHashSuffix",
    "prefixes",
    "previousKinds",
    "previousNames",
    "previousNamespaces",
    "refBy",
    "suffixes",
];

/// The annotations that it removes at the end without reading them.
const TAKEN_AWAY: [&str; 6] = [
    "annotations-migration-resource-id",
    "helm-generated",
    "id",
    "index",
    "path",
    "seqindent",
];

/// The annotations that it removes under older names.
const TAKEN_AWAY_BY_OLDER_NAMES: [&str; 3] = [
    "config.k8s.io/id",
    "config.kubernetes.io/index",
    "config.kubernetes.io/path",
];

/// An annotation of a resource that kustomize reads as its own, and acts on.
pub(crate) fn acting(item: &Item) -> Option<(&str, Mark)> {
    let annotations = item.root.at(&["metadata", "annotations"])?;
    let Body::Map(map) = &annotations.body else {
        return None;
    };
    map.iter().find_map(|(key, piece)| {
        let note = key.strip_prefix(INTERNAL)?;
        READ_BACK
            .contains(&note)
            .then_some((key.as_str(), piece.mark))
    })
}

fn is_taken_away(key: &str) -> bool {
    let note = key.strip_prefix(INTERNAL);
    note.is_some_and(|note| TAKEN_AWAY.contains(&note)) || TAKEN_AWAY_BY_OLDER_NAMES.contains(&key)
}

/// The records that the built kustomization requests.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of its own")]
pub(crate) struct Notes {
    /// Whether anything is recorded during the build.
    are_taken: bool,
    origins: bool,
    transformers: bool,
    builder: bool,
}

impl Notes {
    pub fn read(kustomization: Kustomization<'_>) -> Self {
        let words: Vec<_> = kustomization.strings("buildMetadata").collect();
        let has = |wanted: &str| words.iter().any(|word| word.text() == wanted);
        Self {
            are_taken: !words.is_empty(),
            origins: has("originAnnotations"),
            transformers: has("transformerAnnotations"),
            builder: has("managedByLabel"),
        }
    }

    /// Whether anything is recorded during the build.
    pub fn are_taken(&self) -> bool {
        self.are_taken
    }

    /// Removes the annotations that were only for the build, and adds the builder's label.
    ///
    /// Returns whether kustomize can add it.
    pub fn finish(&self, item: &mut Item) -> bool {
        if let Some(Piece {
            body: Body::Map(map),
            ..
        }) = item.root.at_mut(&["metadata", "annotations"])
        {
            for (key, stays) in [(ORIGIN, self.origins), (TRANSFORMATIONS, self.transformers)] {
                if !stays {
                    map.remove(key);
                }
            }
            map.retain(|key, _| !is_taken_away(key));
        }
        if self.builder {
            let (key, value) = MANAGED_BY;
            let mut new = Piece::text(value, item.root.mark);
            let old = item.root.at(&["metadata", "labels", key]);
            new.shared = old.map_or(0, |old| old.shared);
            if new.shared > 0 {
                item.spread(&new);
            }
            return item.root.set(&["metadata", "labels", key], new);
        }
        true
    }
}
