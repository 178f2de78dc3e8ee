//! Which services have fewer environments than the policy lists, by intent.

use super::{Fault, Policy, permits, wire};
use crate::path::Glob;

/// The environments that some services have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEnvironments {
    /// The services that this is about.
    pub name: Glob,
    /// The environments that they have, of those that the policy lists.
    pub environments: Vec<String>,
}

impl Policy {
    /// The environments that a service must have, in promotion order.
    ///
    /// The first entry of `spec.services` that fits decides; a service that none fits has all that are listed.
    pub fn expected<'p>(&'p self, service: &'p str) -> impl Iterator<Item = &'p String> {
        let mut entries = self.services.iter();
        let own = entries.find(|entry| entry.name.matches(service));
        let all = self.environments.iter();
        all.filter(move |name| own.is_none_or(|own| own.environments.contains(name)))
    }
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
            .ok_or_else(|| Fault::new(&["name"], "names no service"))?;
        if known.is_empty() {
            return Err(Fault::new(
                &["environments"],
                "there is no spec.environments, of which a service could have fewer",
            ));
        }
        Ok(ServiceEnvironments {
            name,
            environments: permits::environments(Some(spec.environments), known)?,
        })
    };
    let specs = specs.into_iter().enumerate();
    specs
        .map(|(index, spec)| one(spec).map_err(|fault| fault.below(&at, index)))
        .collect()
}
