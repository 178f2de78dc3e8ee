//! The one reader of a functionConfig: from a tree with places to what it asks for, and where it says so.

use super::{Config, Policy};
use crate::finding::Place;
use crate::yaml::{self, Node};

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

/// Reads the text of a file that holds a policy and nothing else; `name` is what reports call it.
///
/// # Errors
///
/// Says where in the file, and what, is wrong. A second document would say something that nobody listens to.
pub fn parse(name: &str, text: &str) -> Result<Policy, ParseError> {
    let at = |line: usize, message: String| ParseError(format!("{name}:{line}: {message}"));
    let tree = yaml::parse(text).map_err(|error| ParseError(format!("{name}: {error}")))?;
    let mut documents = tree.roots().filter(|root| !root.is_null());
    let Some(config) = documents.next() else {
        return Err(ParseError(format!(
            "{name}: there is nothing in it, where the policy is looked for; write a ParityPolicy, or remove the file"
        )));
    };
    if let Some(second) = documents.next() {
        let message = "a policy file holds one document, and this is a second one; put all of the policy into one spec";
        return Err(at(second.line(), message.to_owned()));
    }
    match open(Some(config), Some((name, text))) {
        Ok(Config::Policy(policy)) => Ok(policy),
        Ok(Config::Recorder(_)) => Err(ParseError(format!(
            "{name}: this is a recorder, not a policy"
        ))),
        Err(error) => Err(at(error.line.max(1), error.message)),
    }
}

/// A file that holds no policy: its name, the line where it is known, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(String);

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
