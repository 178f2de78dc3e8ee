//! The files of an overlay in the form that the rules about them read.

use crate::catalog::Rule;
use crate::engine::Replay;
use crate::finding::{Finding, Place};
use crate::repo::{Edge, Parsed};
use crate::resource::Resource;

/// An overlay and the base that it is made of.
#[derive(Clone, Copy)]
pub struct Overlay<'l, 't> {
    /// Every file.
    pub parsed: &'t Parsed<'t>,
    /// The replayed part of the overlay.
    pub replay: &'l Replay<'t>,
    /// The overlay's directory.
    pub directory: &'l str,
    /// The base as it was built.
    pub base: &'l [Resource<'l>],
    /// The overlay as it was built.
    pub built: &'l [Resource<'l>],
    /// The entries that name sources of Secrets which are absent by design.
    pub lacking: &'l [Edge],
}

/// A finding about a place of a file.
pub(in crate::rules) fn found(rule: &Rule, headline: String, help: &str, place: &Place) -> Finding {
    let message = format!("{}:{}: {headline}.", place.file, place.line);
    Finding {
        place: Some(place.clone()),
        ..Finding::new(rule.id, message, headline, help.to_owned())
    }
}
