//! What the engine builds, sealed as what kustomize builds is.

use std::slice::from_ref;

use crate::engine::{Reason, Replay, Unknown};
use crate::environment;
use crate::repo::Parsed;
use crate::resource::Resource;
use crate::snapshot;
use crate::yaml;

/// At which end of a build resources are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Where a recorder stands: before names get their hashes, and references follow.
    Recorded,
    /// As they are deployed.
    Deployed,
}

/// Builds a directory, and says how much work it was.
///
/// # Errors
///
/// What kustomize refuses, and what is not known to be exact; empty where what was built holds no resources that can be read.
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
    // Much of what kustomize refuses shows at the end alone.
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

/// The resources of these lines, sealed; nothing where they could not be read.
fn sealed(lines: &str) -> Option<String> {
    let tree = yaml::parse_json_lines(lines).ok()?;
    let resources: Vec<Resource<'_>> = tree.roots().filter_map(Resource::read).collect();
    let items = environment::sort(&resources).ok()?;
    Some(snapshot::seal("", "", &items.to_seal()).content)
}
