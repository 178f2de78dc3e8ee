//! The policy's names for the environments of a service.

use std::collections::BTreeMap;

use crate::naming::rank;
use crate::policy::Policy;

/// The policy's names for the environments of a service; the only place that decides which names
/// mean the same.
#[derive(Debug)]
pub struct Names {
    /// The number of environments of the service at each rank.
    ranks: BTreeMap<usize, usize>,
    /// The names that the policy lists; else its environment and its baseline.
    said: Vec<String>,
}

impl Names {
    /// Combines the names of a service's environments with those of the policy.
    #[must_use]
    pub fn new<'n>(all: impl IntoIterator<Item = &'n str>, policy: &Policy) -> Self {
        let said = if policy.environments.is_empty() {
            let baseline = policy.needs_baseline.then_some(&policy.baseline);
            policy.environment.iter().chain(baseline).cloned().collect()
        } else {
            policy.environments.clone()
        };
        Self::of(all, said)
    }

    /// Combines the names of a service's environments with a policy's list, if it is not empty.
    #[must_use]
    pub fn listed<'n>(all: impl IntoIterator<Item = &'n str>, listed: &[String]) -> Self {
        Self::of(all, listed.to_vec())
    }

    fn of<'n>(all: impl IntoIterator<Item = &'n str>, said: Vec<String>) -> Self {
        let mut ranks = BTreeMap::new();
        for rank in all.into_iter().filter_map(rank) {
            *ranks.entry(rank).or_default() += 1;
        }
        Self { ranks, said }
    }

    /// The policy's name for an environment: `prod` is its production, if neither name is
    /// ambiguous.
    #[must_use]
    pub fn known_as<'n>(&'n self, name: &'n str) -> &'n str {
        let Some(own) = rank(name) else {
            return name;
        };
        let is_said = self.said.iter().any(|said| said == name);
        let is_alone = self.ranks.get(&own) == Some(&1);
        match alike(own, &self.said) {
            Some(at) if !is_said && is_alone => &self.said[at],
            _ => name,
        }
    }

    /// Whether the policy means this environment by a name.
    #[must_use]
    pub fn is_called(&self, name: &str, wanted: &str) -> bool {
        name == wanted || self.known_as(name) == wanted
    }
}

/// The position of an environment in a policy's list: under its own name, or under the only name
/// with the same meaning.
pub(super) fn place(name: &str, listed: &[String]) -> Option<usize> {
    let own = listed.iter().position(|listed| listed == name);
    own.or_else(|| alike(rank(name)?, listed))
}

/// The only listed name of a rank.
fn alike(own: usize, listed: &[String]) -> Option<usize> {
    let mut alike = (0..listed.len()).filter(|at| rank(&listed[*at]) == Some(own));
    alike.next().filter(|_| alike.next().is_none())
}
