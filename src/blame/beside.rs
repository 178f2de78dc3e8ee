//! Why an environment differs from a sibling because the sibling's own patch has more.

use crate::engine::Replay;
use crate::engine::item::Item;
use crate::engine::piece::{Mark, Piece};
use crate::engine::walk::What;
use crate::finding::Place;

use super::Target;

impl Replay<'_> {
    /// The cause of a difference between a field on this side and in a sibling environment.
    ///
    /// If only a patch of the sibling sets the field, it should be added to this environment's own
    /// patch: the place is where that patch names the field, or its nearest parent. Otherwise it is
    /// the [cause](Self::cause).
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

    /// Whether a mark was written by a patch that belongs only to this overlay.
    fn is_own_patch(&self, mark: Mark) -> bool {
        let origin = self.walk.origins.get(mark.origin);
        origin.is_some_and(|origin| {
            matches!(origin.what, What::Strategic | What::Json6902)
                && !origin.in_base
                && origin.component.is_none()
        })
    }

    /// The place where the overlay's own patch names a field or its nearest parent; never the
    /// resource as a whole.
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

    /// The line of the overlay's own patch that names a piece, or has added to it.
    fn own_line(&self, piece: &Piece) -> Option<Mark> {
        let named = piece.named.as_deref().copied();
        let mut marks = named.into_iter().chain(piece.touched);
        marks.find(|mark| self.is_own_patch(*mark))
    }
}
