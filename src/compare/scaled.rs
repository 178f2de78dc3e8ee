//! The workloads that autoscalers scale.

use std::collections::BTreeMap;

use crate::resource::Resource;
use crate::yaml::Node;

/// The autoscaler that sets the number of replicas of a workload instead of the workload itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scaler {
    /// That of Kubernetes, which leaves a workload without replicas alone.
    FromOne,
    /// KEDA, which also starts a workload without replicas.
    FromZero,
}

/// Kind, name and namespace of a workload.
pub type Workload<'a> = (&'a str, &'a str, &'a str);

/// The workload that a resource scales, if it is an autoscaler.
#[must_use]
pub fn scaled<'a>(resource: &Resource<'a>) -> Option<(Scaler, Workload<'a>)> {
    let (scaler, usual) = match (resource.group(), resource.kind()) {
        ("autoscaling", "HorizontalPodAutoscaler") => (Scaler::FromOne, ""),
        ("keda.sh", "ScaledObject") => (Scaler::FromZero, "Deployment"),
        _ => return None,
    };
    let target = resource.node.at(&["spec", "scaleTargetRef"])?;
    let text = |name: &str| target.get(name).and_then(Node::as_str);
    let kind = text("kind").unwrap_or(usual);
    Some((scaler, (kind, text("name")?, resource.identity.namespace)))
}

/// The workloads that autoscalers scale, and how; of several autoscalers for one workload, the one that does more.
pub fn all_scaled<'a, 's>(
    resources: impl Iterator<Item = &'s Resource<'a>>,
) -> BTreeMap<Workload<'a>, Scaler>
where
    'a: 's,
{
    let mut all = BTreeMap::new();
    for (scaler, workload) in resources.filter_map(scaled) {
        let known = all.entry(workload).or_insert(scaler);
        *known = scaler.max(*known);
    }
    all
}

/// A resource as an autoscaler refers to it.
#[must_use]
pub fn workload<'a>(resource: &Resource<'a>) -> Workload<'a> {
    (
        resource.kind(),
        resource.name(),
        resource.identity.namespace,
    )
}

/// Every name by which an autoscaler beside a resource may refer to it.
///
/// Functions see items before kustomize updates references to new names, so earlier names count.
pub fn workloads<'a>(resource: &Resource<'a>) -> impl Iterator<Item = Workload<'a>> {
    let namespace = resource.identity.namespace;
    resource
        .history()
        .map(move |one| (one.kind, one.name, namespace))
}
