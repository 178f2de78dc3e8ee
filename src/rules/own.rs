//! The rules about a single environment: settings that work against it, whatever its base says.

mod applications;
pub(in crate::rules) mod argocd_ignored_drift;
pub(in crate::rules) mod argocd_notifications;
pub(in crate::rules) mod argocd_paused;
pub(in crate::rules) mod argocd_self_heal;
pub(in crate::rules) mod argocd_source;
pub(in crate::rules) mod argocd_sync_options;
mod deployed_changes;
mod notifications;
pub(in crate::rules) mod replicas_and_autoscaler;
mod repository;

use std::collections::BTreeSet;

pub use applications::deploys;
pub use deployed_changes::deployed_changes;
pub use notifications::Notifications;
pub use repository::{Deployed, Repository, called};

use super::told::Says;
use super::{paste, words};
use crate::catalog::RuleId;
use crate::compare::comparison::{Against, Comparison};
use crate::compare::hidden::is_copy;
use crate::finding::{Compared, FieldRef, Finding, Name, REDACTED};
use crate::path::{FieldPath, Path, Segment};
use crate::resource::Resource;
use crate::yaml::Node;

/// A single environment.
pub(super) struct Own<'c, 'a> {
    /// Its service; empty where that is not known.
    service: &'c str,
    /// The environment; empty if that is unknown.
    environment: &'c str,
    /// The baseline that it is compared with; empty if there is none.
    baseline: &'c str,
    pub(super) resources: &'c [Resource<'a>],
    /// The path of the file or the directory that declares it, if it is in no environment.
    from: &'c str,
    /// Values that no report may show.
    hidden: &'c [String],
    /// The repository that it is in, if that is known.
    repository: Option<&'c Repository>,
}

/// Every environment that is compared with anything, each once.
pub(super) fn environments<'c, 'a>(
    comparisons: &'c [Comparison<'c, 'a>],
    repository: Option<&'c Repository>,
) -> Vec<Own<'c, 'a>> {
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    let of_base = |comparison: &&Comparison<'_, '_>| comparison.sides.against == Against::Baseline;
    let against_base = comparisons.iter().filter(of_base);
    let others = comparisons.iter().filter(|one| !of_base(one));
    for comparison in against_base.chain(others) {
        let sides = &comparison.sides;
        let service = comparison.foreign_service();
        let is_against_base = sides.against == Against::Baseline;
        if seen.insert((service, sides.environment)) {
            all.push(Own {
                service,
                environment: sides.environment,
                baseline: if is_against_base { sides.baseline } else { "" },
                resources: sides.overlay,
                from: "",
                hidden: sides.hidden,
                repository,
            });
        }
        if !is_against_base && seen.insert((service, sides.baseline)) {
            all.push(Own {
                service,
                environment: sides.baseline,
                baseline: "",
                resources: sides.base,
                from: "",
                hidden: sides.hidden,
                repository,
            });
        }
    }
    all
}

/// The resources of a deployer that are in no environment.
pub(super) fn alone<'c, 'a>(
    resources: &'c [Resource<'a>],
    from: &'c str,
    repository: &'c Repository,
) -> Own<'c, 'a> {
    Own {
        service: "",
        environment: "",
        baseline: "",
        resources,
        from,
        hidden: &[],
        repository: Some(repository),
    }
}

impl Own<'_, '_> {
    /// A finding about a field that exists, or about a whole resource if the path is empty.
    fn finding(
        &self,
        rule: RuleId,
        resource: &Resource<'_>,
        way: Vec<Segment<'_>>,
        says: Says,
    ) -> Finding {
        let path = FieldPath::from(Path(way));
        let place = if path.is_empty() {
            String::new()
        } else {
            format!(" ({path})")
        };
        let pattern = (!path.is_empty()).then(|| crate::path::fitting::pattern(&path));
        let message = format!(
            "{}: {}{place}{}. {}",
            words::resource(resource),
            says.headline,
            self.whereabouts(),
            says.demand
        );
        let value = value(resource.node, &path).map(|node| self.shown(node));
        Finding {
            service: Name::new(self.service),
            compared: Compared::with_base(self.environment, self.baseline),
            resource: Some(resource.reference()),
            file: resource.file(),
            permit: paste::exempt_alone(
                rule,
                resource,
                pattern.as_deref(),
                (self.service, self.environment),
            ),
            // The message says what is wrong with it, and there is nothing to compare it with.
            field: value.as_ref().map(|_| FieldRef {
                path: path.clone().into_owned(),
                base_path: None,
                overlay: None,
                base: None,
            }),
            part: value.map(|value| FieldRef {
                path: path.into_owned(),
                base_path: None,
                overlay: Some(value),
                base: None,
            }),
            ..Finding::new(rule, message, says.headline, says.help)
        }
    }

    fn whereabouts(&self) -> String {
        match self.environment {
            "" => String::new(),
            environment => format!(" in {environment}"),
        }
    }

    /// A value for a report, unless any of it was copied from a Secret.
    fn shown(&self, node: Node<'_>) -> serde_json::Value {
        let mut value = node.to_json();
        value.sort_all_objects();
        if is_copy(&value.to_string(), self.hidden) {
            REDACTED.into()
        } else {
            value
        }
    }
}

/// The value at a path of fields and indices.
fn value<'a>(node: Node<'a>, path: &FieldPath<'_>) -> Option<Node<'a>> {
    let mut at = node;
    for spot in path.spots() {
        at = match &spot.segment {
            Segment::Field(name) => at.get(name)?,
            Segment::Index(index) => at.items().nth(*index)?,
            Segment::Key(_) | Segment::Value(_) => return None,
        };
    }
    (!path.is_empty()).then_some(at)
}

/// Fields as the segments of a path.
fn fields<'s>(names: &[&'s str]) -> Vec<Segment<'s>> {
    let names = names.iter().copied();
    names.map(|name| Segment::Field(name.into())).collect()
}
