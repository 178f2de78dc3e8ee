//! Why an environment differs from one beside it, where it is the other's own patch that says more.

use crate::engine::Replay;
use crate::engine::item::Item;
use crate::engine::piece::{Mark, Piece};
use crate::engine::walk::What;
use crate::finding::Place;

use super::Target;

impl Replay<'_> {
    /// What caused a field of this side to be other than it is in an environment beside it.
    ///
    /// What a patch of the other one's own says, and none of this one's, is added to this one's own patch: where that
    /// names the field, or the nearest above it, is the place. Elsewhere it is the [cause](Self::cause).
    #[must_use]
    pub fn cause_beside(
        &self,
        target: &Target<'_>,
        other: &Self,
        theirs: &Target<'_>,
    ) -> Option<Place> {
        let lacks = || {
            let item = self.find(target)?;
            let is_open = match self.locate(item, target) {
                Some(mark) => self.is_base(mark),
                None => target.value.is_none() && !self.is_lost(),
            };
            let mark = other.locate(other.find(theirs)?, theirs)?;
            let is_open = is_open && other.is_own_patch(mark);
            self.own_parent(item, target).filter(|_| is_open)
        };
        lacks().or_else(|| self.cause(target))
    }

    /// Whether a patch that belongs to this overlay alone has written a mark.
    fn is_own_patch(&self, mark: Mark) -> bool {
        let origin = self.walk.origins.get(mark.origin);
        origin.is_some_and(|origin| {
            matches!(origin.what, What::Strategic | What::Json6902)
                && !origin.in_base
                && origin.component.is_none()
        })
    }

    /// Where a patch of the overlay's own names a field, or the nearest above it; never the resource as a whole.
    fn own_parent(&self, item: &Item, target: &Target<'_>) -> Option<Place> {
        let mut piece = &item.root;
        let mut nearest = None;
        for step in target.path?.spots() {
            let Some(next) = piece.step(&step.segment) else {
                break;
            };
            piece = next;
            nearest = self.own_line(piece).or(nearest);
        }
        let place = self.place(nearest?, target.is_hidden());
        Some(Place {
            what: format!("{} (the nearest line that exists)", place.what),
            ..place
        })
    }

    /// The line of a patch of the overlay's own that names a piece, or has added to it.
    fn own_line(&self, piece: &Piece) -> Option<Mark> {
        let named = piece.named.as_deref().copied();
        let mut marks = named.into_iter().chain(piece.touched);
        marks.find(|mark| self.is_own_patch(*mark))
    }
}
