//! Services that intentionally have fewer environments than the policy lists.

use super::fault::Fault;
use super::{permits, wire};
use crate::finding::Place;
use crate::path::Glob;

/// The environments that some services have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEnvironments {
    /// The services that the entry applies to.
    pub name: Glob,
    /// The environments that they have, out of those that the policy lists.
    pub environments: Vec<String>,
    /// The place of the entry in the policy, if it is in a file.
    pub place: Option<Place>,
}

pub(super) fn services(
    specs: Vec<wire::ServiceSpec>,
    known: &[String],
) -> Result<Vec<ServiceEnvironments>, Fault> {
    let at = ["spec", "services"];
    let one = |spec: wire::ServiceSpec| {
        let name = permits::services(Some(vec![spec.name]))
            .map_err(|fault| Fault::new(&["name"], fault.what))?
            .pop()
            .ok_or_else(|| Fault::new(&["name"], "the name of a service is missing"))?;
        if known.is_empty() {
            return Err(Fault::new(
                &["environments"],
                "spec.environments is missing; list all environments there first",
            ));
        }
        Ok(ServiceEnvironments {
            name,
            environments: permits::environments(Some(spec.environments), known)?,
            place: None,
        })
    };
    let specs = specs.into_iter().enumerate();
    specs
        .map(|(index, spec)| one(spec).map_err(|fault| fault.below(&at, index)))
        .collect()
}
