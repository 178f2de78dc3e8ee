//! The roles of field managers and users in a cluster, as a policy defines them beside the known
//! ones.

use schemars::JsonSchema;
use serde::Deserialize;

use super::fault::{Fault, MAX_QUOTED};
use crate::path::Glob;
use crate::text;

/// The role of a field manager or a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// It deploys from Git into the cluster.
    Deployer,
    /// A person works with it.
    Person,
    /// It runs in the cluster and writes computed values.
    Controller,
    /// Its role is not known.
    Unknown,
}

impl Group {
    /// All roles, in the order of a policy.
    pub const ALL: [Self; 4] = [
        Self::Deployer,
        Self::Person,
        Self::Controller,
        Self::Unknown,
    ];

    /// The key of a policy for the names with this role.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Deployer => "deployers",
            Self::Person => "people",
            Self::Controller => "controllers",
            Self::Unknown => "unknown",
        }
    }
}

/// What `krm-parity drift` and `krm-parity audit` need to know about the clusters.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriftSpec {
    /// Managers of the clusters, in addition to those that krm-parity knows.
    pub managers: Option<ManagersSpec>,
}

/// Names of field managers, service accounts and users by their role, as globs with `*` and `?`. They override the built-in list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManagersSpec {
    /// Tools that deploy from Git into the cluster: globs of field managers, service accounts and users.
    pub deployers: Option<Vec<String>>,
    /// People, and tools that people use: globs as in `deployers`.
    pub people: Option<Vec<String>>,
    /// Controllers that run in the cluster and write fields by themselves: globs as in `deployers`.
    pub controllers: Option<Vec<String>>,
    /// Names to treat as unknown, although the built-in list has them: globs as in `deployers`.
    pub unknown: Option<Vec<String>>,
}

/// The names that a policy defines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managers {
    named: Vec<(Glob, Group)>,
}

impl Managers {
    /// The role of a name according to the policy; `None` if it has none. A literal name takes
    /// precedence over a pattern.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<Group> {
        let fit = |is_literal: bool| {
            let mut named = self.named.iter();
            named.find(|(glob, _)| glob.is_literal() == is_literal && glob.matches(name))
        };
        let found = fit(true).or_else(|| fit(false));
        found.map(|(_, group)| *group)
    }

    /// The names as written, each with its role.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Group)> {
        self.named
            .iter()
            .map(|(glob, group)| (glob.as_str(), *group))
    }
}

/// The largest number of names: each pattern is compared with those of the other groups.
const MAX_NAMES: usize = 256;

/// The longest name, in characters. A manager's name has at most 128; a user's may be longer.
const MAX_LENGTH: usize = 256;

pub(super) fn managers(spec: DriftSpec) -> Result<Managers, Fault> {
    let spec = spec.managers.unwrap_or_default();
    let lists = [spec.deployers, spec.people, spec.controllers, spec.unknown];
    let mut named: Vec<(Glob, Group)> = Vec::new();
    for (group, names) in Group::ALL.into_iter().zip(lists) {
        for (index, name) in names.unwrap_or_default().iter().enumerate() {
            let at = ["spec", "drift", "managers", group.key()];
            let fault = |what: String| Fault::new(&at, what).at_index(index);
            let glob = glob(name).map_err(fault)?;
            if named.len() >= MAX_NAMES {
                return Err(fault(format!("there are more than {MAX_NAMES} names")));
            }
            let others = named.iter().filter(|(_, other)| *other != group);
            for (other, of) in others {
                clash(&glob, other, *of).map_err(fault)?;
            }
            named.push((glob, group));
        }
    }
    Ok(Managers { named })
}

fn glob(name: &str) -> Result<Glob, String> {
    let found = || text::quoted(name, MAX_QUOTED);
    if name.trim().is_empty() || name.chars().any(text::is_unsafe) {
        return Err(format!("{} is not the name of a manager", found()));
    }
    if name.chars().count() > MAX_LENGTH {
        return Err(format!("the name has more than {MAX_LENGTH} characters"));
    }
    if name.chars().all(|c| c == '*') {
        return Err(format!(
            "{} matches every manager; use a narrower pattern",
            found()
        ));
    }
    Ok(Glob::new(name))
}

/// Checks that a name is not in two groups.
fn clash(one: &Glob, other: &Glob, group: Group) -> Result<(), String> {
    let [own, theirs] = [one, other].map(|glob| text::quoted(glob.as_str(), MAX_QUOTED));
    let key = group.key();
    match (one.is_literal(), other.is_literal()) {
        (true, true) if one == other => Err(format!(
            "{own} is also listed under {key}; keep it in one group"
        )),
        (false, false) if one.meets(other) => Err(format!(
            "{own} and {theirs} of {key} can match the same name; make one of them narrower"
        )),
        _ => Ok(()),
    }
}
