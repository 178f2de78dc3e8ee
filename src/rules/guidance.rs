//! What a base says in its own annotations about its overlays.

use crate::api::{ALLOW, DENY, PREFIX};
use crate::compare::diff::{Change, Step};
use crate::path::{PathError, Pattern};
use crate::policy::Indexed;
use crate::resource::Resource;

/// What a base says of one of its resources.
#[derive(Debug, Default)]
pub(in crate::rules) struct Guidance {
    pub allow: Indexed<Pattern>,
    pub deny: Indexed<Pattern>,
    /// What could not be read: the annotation, the text and why.
    pub faults: Vec<(&'static str, String, PathError)>,
}

/// Reads what a base says of a resource.
pub(in crate::rules) fn guidance(base: &Resource<'_>) -> Guidance {
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

/// Whether a change is at one of our own annotations on the resource itself.
pub(in crate::rules) fn is_guidance(change: &Change<'_>) -> bool {
    matches!(
        change.steps.as_slice(),
        [Step::Field("metadata"), Step::Field("annotations"), Step::Field(key)] if key.starts_with(PREFIX)
    )
}
