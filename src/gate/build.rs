//! Builds with the engine, and seals the result like that of kustomize.

use std::slice::from_ref;

use crate::engine::{Reason, Replay, Unknown};
use crate::environment;
use crate::repo::Parsed;
use crate::resource::Resource;
use crate::snapshot;
use crate::yaml;

/// The stage of a build at which resources are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// At a recorder: before names get their hashes, and before references follow.
    Recorded,
    /// As deployed.
    Deployed,
}

/// Builds a directory, and returns the amount of work.
///
/// # Errors
///
/// The parts that kustomize refuses or that are not modelled exactly; empty if the built resources
/// cannot be read.
pub fn build(
    parsed: &Parsed<'_>,
    directory: &str,
    stage: Stage,
) -> (Result<String, Vec<Unknown>>, usize) {
    if parsed.kustomization(directory).is_none() {
        let unknown = Unknown {
            reason: Reason::Unreadable,
            what: directory.to_owned(),
            place: None,
        };
        return (Err(vec![unknown]), 1);
    }
    let replay = Replay::base(parsed, from_ref(&directory.to_owned()));
    let size = replay.size();
    // Many of kustomize's refusals only occur at the end of a build.
    let built = replay.build().and_then(|built| {
        let lines = match stage {
            Stage::Recorded => replay.recorded(),
            Stage::Deployed => {
                let lines = built.iter().map(|one| format!("{}\n", one.resource));
                lines.collect()
            }
        };
        sealed(&lines).ok_or_else(Vec::new)
    });
    (built, size)
}

/// The resources of these lines, sealed; `None` if they cannot be read.
fn sealed(lines: &str) -> Option<String> {
    let tree = yaml::parse_json_lines(lines).ok()?;
    let resources: Vec<Resource<'_>> = tree.roots().filter_map(Resource::read).collect();
    let items = environment::sort(&resources).ok()?;
    Some(snapshot::seal("", "", &items.to_seal()).content)
}
