//! The one reader of a functionConfig: from a tree with places to what it asks for, and where it says so.

use super::{Config, Policy};
use crate::finding::Place;
use crate::yaml::Node;

/// A functionConfig that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OpenError {
    /// The line of what is wrong, from 1; 0 where there is no functionConfig.
    pub line: usize,
    /// One line that names the place, what is wrong there and what would be right.
    pub message: String,
}

/// Reads a functionConfig; none at all means the default policy.
///
/// `file` is what reports call the file that it stands in, with its text. Given
/// that, every exemption and every allowed field knows its place.
///
/// # Errors
///
/// As [`super::read`], with the line.
pub fn open(config: Option<Node<'_>>, file: Option<(&str, &str)>) -> Result<Config, OpenError> {
    let value = config.map(Node::to_yaml_value);
    let mut read = super::read(value.as_ref()).map_err(|error| OpenError {
        line: config.map_or(0, |config| config.follow(&error.path).0.line()),
        message: error.message,
    })?;
    if let (Config::Policy(policy), Some(config), Some((name, text))) = (&mut read, config, file) {
        locate(policy, config, name, text);
    }
    Ok(read)
}

fn locate(policy: &mut Policy, config: Node<'_>, name: &str, text: &str) {
    let places = |path: &[&str], what: &'static str| {
        let items = config.at(path).into_iter().flat_map(Node::items);
        items.map(move |item| Place::excerpt(name, text, item.span(), what.to_owned()))
    };
    let exemptions = places(&["spec", "exemptions"], "the exemption");
    for (exemption, place) in policy.exemptions.iter_mut().zip(exemptions) {
        exemption.place = Some(place);
    }
    let fields = places(&["spec", "allow", "fields"], "the allowed field");
    for (field, place) in policy.fields.iter_mut().zip(fields) {
        field.place = Some(place);
    }
}
