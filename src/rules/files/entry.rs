//! The place of an entry of a kustomization.

use crate::finding::Place;
use crate::repo::{Edge, Parsed};

/// Where an entry is written: with its line, if that holds nothing else, because a value may be beside it.
#[must_use]
pub fn entry_place(parsed: &Parsed<'_>, edge: &Edge, what: &str) -> Option<Place> {
    let node = parsed.node(edge)?;
    let text = parsed.sources.text(&edge.file)?;
    let place = Place::excerpt(&edge.file, text, node.span(), what.to_owned());
    let source = place.source.filter(|line| is_alone(line, node.text()));
    Some(Place { source, ..place })
}

/// Whether a line holds nothing but an entry.
fn is_alone(line: &str, entry: &str) -> bool {
    let line = line.trim().trim_start_matches(['-', ' ']);
    let fields = ["env:", "path:"];
    let line = fields
        .iter()
        .find_map(|field| line.strip_prefix(field))
        .unwrap_or(line);
    line.trim().trim_matches(['"', '\'']) == entry
}
