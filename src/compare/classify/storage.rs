//! The storage that resources of operators ask for, where that is not written as a claim.

use crate::catalog::Class;
use crate::compare::diff::{Change, Step};
use crate::resource::Resource;

/// Group, kind, and the fields below `spec` that hold how much is asked for.
#[rustfmt::skip]
const REQUESTS: &[(&str, &str, &[&[&str]])] = &[
    ("acid.zalan.do", "postgresql", &[&["volume", "size"]]),
    ("k8s.mariadb.com", "MariaDB", &[&["storage", "size"]]),
    ("kafka.strimzi.io", "Kafka", &[&["kafka", "storage", "size"], &["kafka", "storage", "volumes", "size"], &["zookeeper", "storage", "size"]]),
    ("kafka.strimzi.io", "KafkaNodePool", &[&["storage", "size"], &["storage", "volumes", "size"]]),
    ("opensearch.opster.io", "OpenSearchCluster", &[&["nodePools", "diskSize"]]),
    ("postgresql.cnpg.io", "Cluster", &[&["storage", "size"], &["tablespaces", "storage", "size"], &["walStorage", "size"]]),
    ("rabbitmq.com", "RabbitmqCluster", &[&["persistence", "storage"]]),
];

/// The class of a request that is another amount.
pub(super) fn class(resource: &Resource<'_>, change: &Change<'_>) -> Option<Class> {
    let [Step::Field("spec"), rest @ ..] = change.steps.as_slice() else {
        return None;
    };
    let fields: Vec<&str> = rest
        .iter()
        .filter_map(|step| match step {
            Step::Field(name) => Some(*name),
            Step::Element { .. } => None,
        })
        .collect();
    let is_request = REQUESTS.iter().any(|(group, kind, requests)| {
        *group == resource.group()
            && *kind == resource.kind()
            && requests.contains(&fields.as_slice())
    });
    (is_request && super::parts::is_reweighed(change)).then_some(Class::ResourceValues)
}
