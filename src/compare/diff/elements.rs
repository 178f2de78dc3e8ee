//! Elements of one list that the caller knows to be one, although their keys differ.

use super::change::{By, Change, Step};
use super::walk::Walk;
use crate::resource::Resource;
use crate::schema::{Field, List, Type};

/// Every difference between two elements of a list with keys, each on one side only: the removed one and the added one.
///
/// `None` if they are not maps of one list. The difference of their keys is among the differences.
#[must_use]
pub fn diff_elements<'a>(
    resource: &Resource<'_>,
    gone: &Change<'a>,
    new: &Change<'a>,
) -> Option<Vec<Change<'a>>> {
    let (left, right) = (gone.base?, new.overlay?);
    let (last, way) = gone.steps.split_last()?;
    let (other, same) = new.steps.split_last()?;
    let (
        Step::Element {
            base,
            by: By::Keys(was),
            ..
        },
        Step::Element {
            overlay,
            by: By::Keys(now),
            ..
        },
    ) = (last, other)
    else {
        return None;
    };
    if way != same || !left.is_map() || !right.is_map() || gone.secret || new.secret {
        return None;
    }
    let mut walk = Walk {
        steps: way.to_vec(),
        pod: gone.pod,
        ..Walk::default()
    };
    walk.steps.push(Step::Element {
        base: *base,
        overlay: *overlay,
        by: By::Renamed {
            was: was.clone(),
            now: now.clone(),
        },
    });
    let field = list_of(resource, gone);
    walk.maps(Some(left), Some(right), field.ty, false);
    Some(walk.changes)
}

/// Whether the order matters in the list that holds the changed element.
#[must_use]
pub fn is_in_order(resource: &Resource<'_>, change: &Change<'_>) -> bool {
    !matches!(
        list_of(resource, change).list,
        List::Keyed { ordered: false, .. } | List::Set
    )
}

/// What the schema says about the list that holds the changed element.
fn list_of(resource: &Resource<'_>, change: &Change<'_>) -> Field {
    let ty = Type::of(resource.group(), resource.version(), resource.kind());
    let mut field = Field {
        ty,
        ..Field::UNKNOWN
    };
    let way = change.steps.split_last().map_or(&[][..], |(_, way)| way);
    for (at, step) in way.iter().enumerate() {
        if change.pod == Some(at) {
            field.ty = Type::POD_SPEC;
        }
        match step {
            Step::Field(name) => field = field.ty.field(name),
            // Nothing is known about lists in lists.
            Step::Element { .. } if matches!(way.get(at + 1), Some(Step::Field(_))) => {}
            Step::Element { .. } => field = Field::UNKNOWN,
        }
    }
    field
}
