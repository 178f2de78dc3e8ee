//! Storage, compute resources and copies that operators are asked for by custom resources, not by pods or claims.

use crate::catalog::Class;
use crate::compare::diff::{Change, Step};
use crate::resource::Resource;

use super::parts::{in_resources, is_reweighed};

/// Group, kind, and the fields below `spec` that say how much storage is requested.
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

/// Group, kind, and the fields below `spec` that say how many copies run.
#[rustfmt::skip]
const COPIES: &[(&str, &str, &[&[&str]])] = &[
    ("acid.zalan.do", "postgresql", &[&["numberOfInstances"]]),
    ("broker.amq.io", "ActiveMQArtemis", &[&["deploymentPlan", "size"]]),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch", &[&["nodeSets", "count"]]),
    ("kafka.strimzi.io", "Kafka", &[&["kafka", "replicas"], &["zookeeper", "replicas"]]),
    ("kibana.k8s.elastic.co", "Kibana", &[&["count"]]),
    ("minio.min.io", "Tenant", &[&["pools", "servers"]]),
    ("opensearch.opster.io", "OpenSearchCluster", &[&["nodePools", "replicas"]]),
    ("postgresql.cnpg.io", "Cluster", &[&["instances"]]),
    ("postgresql.cnpg.io", "Pooler", &[&["instances"]]),
    ("ray.io", "RayCluster", &[&["workerGroupSpecs", "maxReplicas"], &["workerGroupSpecs", "minReplicas"], &["workerGroupSpecs", "replicas"]]),
    ("serving.kserve.io", "InferenceService", &[&["predictor", "maxReplicas"], &["predictor", "minReplicas"]]),
];

/// The class of a change of the storage or the copies that an operator is asked for.
pub(super) fn class(resource: &Resource<'_>, change: &Change<'_>) -> Option<Class> {
    let [Step::Field("spec"), rest @ ..] = change.steps.as_slice() else {
        return None;
    };
    let fields: Vec<&str> = change.fields().skip(1).collect();
    let is_in = |table: &[(&str, &str, &[&[&str]])]| {
        table.iter().any(|(group, kind, paths)| {
            *group == resource.group()
                && *kind == resource.kind()
                && paths.contains(&fields.as_slice())
        })
    };
    // An added or removed element is more than a count.
    let is_field = matches!(rest.last(), Some(Step::Field(_)));
    if is_field && is_in(COPIES) {
        return Some(Class::Replicas);
    }
    if is_in(REQUESTS) && is_reweighed(change) {
        return Some(Class::ResourceValues);
    }
    None
}

/// The class of a change of an amount below `resources`, which operators write as pods do.
pub(super) fn compute(change: &Change<'_>) -> Option<Class> {
    let steps = change.steps.as_slice();
    let [Step::Field("spec"), inner @ ..] = steps else {
        return None;
    };
    let [
        ..,
        Step::Field("resources"),
        Step::Field("requests" | "limits"),
        Step::Field(_),
    ] = inner
    else {
        return None;
    };
    Some(in_resources(change, &steps[steps.len() - 2..]))
}
