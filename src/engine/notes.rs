//! `buildMetadata`: what kustomize notes at resources about where they come from and what was done to them.
//!
//! It notes that while it builds, so that patches and selectors see it, and takes away at the end what nobody asked for.

use crate::api::{ORIGIN, TRANSFORMATIONS};
use crate::repo::Kustomization;

use super::item::Item;
use super::piece::{Body, Mark, Piece};

/// Who built it.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kustomize-v5.8.1");

/// The prefix of the annotations in which kustomize keeps notes while it builds.
const INTERNAL: &str = "internal.config.kubernetes.io/";

/// What kustomize reads back out of its notes, whoever has written them (`api/internal/utils/annotations.go`).
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

/// What it takes away at the end without having read it.
const TAKEN_AWAY: [&str; 6] = [
    "annotations-migration-resource-id",
    "helm-generated",
    "id",
    "index",
    "path",
    "seqindent",
];

/// What it takes away by older names.
const TAKEN_AWAY_BY_OLDER_NAMES: [&str; 3] = [
    "config.k8s.io/id",
    "config.kubernetes.io/index",
    "config.kubernetes.io/path",
];

/// An annotation of a resource that kustomize takes for a note of its own, and acts on.
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

/// What the kustomization that is built asks for.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of its own")]
pub(crate) struct Notes {
    /// Whether anything is noted while building.
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

    /// Whether anything is noted while building.
    pub fn are_taken(&self) -> bool {
        self.are_taken
    }

    /// Takes away what was only noted for the build, and says who built it.
    ///
    /// Whether kustomize can say so.
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
