//! The default reach of kustomize's transformers.
//!
//! One line per field: whether a missing field is created (`+`) or not (`-`), group, version and
//! kind of the resources that have it (`*` for any), and the path. `tests/it/engine/defaults.rs`
//! compares all of it with kustomize's own module.

/// The fields of labels that also select: `commonLabels`, and `labels` with `includeSelectors`.
pub(super) const LABELS: &str = r"
+ * v1 Service spec/selector
+ * v1 ReplicationController spec/selector
+ * * Deployment spec/selector/matchLabels
- apps * Deployment spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels
- apps * Deployment spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels
- apps * Deployment spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels
- apps * Deployment spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels
- apps * Deployment spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels
+ * * ReplicaSet spec/selector/matchLabels
+ * * DaemonSet spec/selector/matchLabels
+ apps * StatefulSet spec/selector/matchLabels
- apps * StatefulSet spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels
- apps * StatefulSet spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels
- apps * StatefulSet spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels
- apps * StatefulSet spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels
- apps * StatefulSet spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels
- batch * Job spec/selector/matchLabels
- batch * CronJob spec/jobTemplate/spec/selector/matchLabels
- policy * PodDisruptionBudget spec/selector/matchLabels
- networking.k8s.io * NetworkPolicy spec/podSelector/matchLabels
- networking.k8s.io * NetworkPolicy spec/ingress/from/podSelector/matchLabels
- networking.k8s.io * NetworkPolicy spec/egress/to/podSelector/matchLabels
+ * * * metadata/labels
+ * v1 ReplicationController spec/template/metadata/labels
+ * * Deployment spec/template/metadata/labels
+ * * ReplicaSet spec/template/metadata/labels
+ * * DaemonSet spec/template/metadata/labels
+ apps * StatefulSet spec/template/metadata/labels
+ apps * StatefulSet spec/volumeClaimTemplates[]/metadata/labels
+ batch * Job spec/template/metadata/labels
+ batch * CronJob spec/jobTemplate/metadata/labels
+ batch * CronJob spec/jobTemplate/spec/template/metadata/labels
";

/// The fields of labels with `includeTemplates`.
pub(super) const TEMPLATE_LABELS: &str = r"
+ * * * metadata/labels
+ * v1 ReplicationController spec/template/metadata/labels
+ * * Deployment spec/template/metadata/labels
+ * * ReplicaSet spec/template/metadata/labels
+ * * DaemonSet spec/template/metadata/labels
+ apps * StatefulSet spec/template/metadata/labels
+ apps * StatefulSet spec/volumeClaimTemplates[]/metadata/labels
+ batch * Job spec/template/metadata/labels
+ batch * CronJob spec/jobTemplate/metadata/labels
+ batch * CronJob spec/jobTemplate/spec/template/metadata/labels
";

/// The fields of `commonAnnotations`.
pub(super) const ANNOTATIONS: &str = r"
+ * * * metadata/annotations
+ * v1 ReplicationController spec/template/metadata/annotations
+ * * Deployment spec/template/metadata/annotations
+ * * ReplicaSet spec/template/metadata/annotations
+ * * DaemonSet spec/template/metadata/annotations
+ * * StatefulSet spec/template/metadata/annotations
+ batch * Job spec/template/metadata/annotations
+ batch * CronJob spec/jobTemplate/metadata/annotations
+ batch * CronJob spec/jobTemplate/spec/template/metadata/annotations
";

/// The fields of a namespace, besides `metadata.namespace`.
pub(super) const NAMESPACE: &str = r"
+ * * Namespace metadata/name
+ apiregistration.k8s.io * APIService spec/service/namespace
- apiextensions.k8s.io * CustomResourceDefinition spec/conversion/webhook/clientConfig/service/namespace
";

/// The fields of images, besides those in `containers` and `initContainers`.
pub(super) const IMAGES: &str = r"
+ * * * spec/containers[]/image
+ * * * spec/initContainers[]/image
+ * * * spec/volumes[]/image/reference
+ * * * spec/template/spec/containers[]/image
+ * * * spec/template/spec/initContainers[]/image
+ * * * spec/template/spec/volumes[]/image/reference
";

/// The fields that `replicas` sets.
pub(super) const REPLICAS: &str = r"
+ * * Deployment spec/replicas
+ * * ReplicationController spec/replicas
+ * * ReplicaSet spec/replicas
+ * * StatefulSet spec/replicas
";
