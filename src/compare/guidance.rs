//! What a base says in its own annotations about its overlays.

use super::diff::{Change, Step, places};
use super::steps::{base_path, field_path};
use crate::api::{ALLOW, DENY, PREFIX};
use crate::finding::ResourceRef;
use crate::path::{PathError, Pattern, Spot};
use crate::policy::{About, Indexed};
use crate::resource::Resource;

/// What a base says about one of its resources.
#[derive(Debug, Default)]
pub struct Guidance {
    /// The fields that overlays may touch.
    pub allow: Indexed<Pattern>,
    /// The fields that they may not touch, whatever else allows it.
    pub deny: Indexed<Pattern>,
    /// The patterns that could not be read: the annotation, the text and the reason.
    pub faults: Vec<(&'static str, String, PathError)>,
}

impl Guidance {
    /// The first pattern by which the base denies the place of a change, anything above it, or anything below it.
    ///
    /// However much a change adds at once, it does not bring in anything that the base denies.
    #[must_use]
    pub fn denier(
        &self,
        base: &Resource<'_>,
        overlay: &Resource<'_>,
        change: &Change<'_>,
    ) -> Option<&Pattern> {
        if self.deny.is_empty() {
            return None;
        }
        // The base speaks of this resource only.
        let about = About {
            rule: None,
            resource: &ResourceRef::default(),
            names: &[],
            place: &[],
            environment: "",
            service: "",
        };
        let place = field_path(&change.steps);
        let mut found: Option<(usize, &Pattern)> = None;
        let mut look = |place: &[Spot<'_>]| {
            let mut near = self.deny.near(About { place, ..about });
            let fits = near.find(|(_, pattern)| pattern.matches(place));
            found = found.into_iter().chain(fits).min_by_key(|(at, _)| *at);
        };
        // A pattern for a map is about everything in it.
        for place in [Some(place), base_path(&change.steps)]
            .into_iter()
            .flatten()
        {
            for end in 1..=place.spots().len() {
                look(place.spots().get(..end).unwrap_or_default());
            }
        }
        places(base, overlay, change, &mut look);
        found.map(|(_, pattern)| pattern)
    }
}

/// Reads what a base says about a resource.
#[must_use]
pub fn guidance(base: &Resource<'_>) -> Guidance {
    let mut guidance = Guidance::default();
    for key in [ALLOW, DENY] {
        for text in base
            .annotation(key)
            .into_iter()
            .flat_map(str::split_whitespace)
        {
            match Pattern::parse(text) {
                Ok(pattern) if key == ALLOW => guidance.allow.push(pattern),
                Ok(pattern) => guidance.deny.push(pattern),
                Err(error) => guidance.faults.push((key, text.to_owned(), error)),
            }
        }
    }
    guidance
}

/// Whether a change is about one of our own annotations on the resource itself.
#[must_use]
pub fn is_guidance(change: &Change<'_>) -> bool {
    matches!(
        change.steps.as_slice(),
        [Step::Field("metadata"), Step::Field("annotations"), Step::Field(key)] if key.starts_with(PREFIX)
    )
}
