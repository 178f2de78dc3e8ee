//! `buildMetadata`: what kustomize notes at resources about where they come from and what was done to them.
//!
//! It notes that while it builds, so that patches and selectors see it, and takes away at the end what nobody asked for.

use crate::api::{ORIGIN, TRANSFORMATIONS};
use crate::repo::Kustomization;

use super::item::Item;
use super::piece::{Body, Piece};

/// Who built it.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kustomize-v5.8.1");

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
