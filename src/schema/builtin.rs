//! The built-in types, one per line, from the `OpenAPI` definitions of Kubernetes 1.37.
//!
//! Kinds that 1.37 has dropped keep the type of their last version (the resource.k8s.io alphas,
//! `ClusterCIDR`); older groups and versions map to the modern type (extensions,
//! `autoscaling/v2beta2`). Published keys come from `x-kubernetes-list-map-keys`, else from
//! `x-kubernetes-patch-merge-key`; published sets are sets. tests/it/schema.rs checks all of that,
//! and has a reason for each difference.
//!
//! A list that is published as atomic is only not shared between appliers. The pairing of its
//! elements is our judgement:
//!
//! - **In order although keyed**: `containers` and `initContainers` (started in that order), `env`
//!   and `variables` (a later one may refer to an earlier one), `firstAvailable` (the first
//!   available one is used), `additionalPrinterColumns` (printed in that order), Ingress `paths`
//!   (load balancers that turn `ImplementationSpecific` paths into numbered listener rules do so in
//!   order).
//! - **In order**: `command` and `args`; `envFrom` and projected `sources` (the later one wins);
//!   `nameservers`, `searches`, `clusterIPs` and `ipFamilies` (the first is the primary one); a
//!   host alias's `hostnames` (the first is the canonical name); `httpHeaders` (may repeat);
//!   failure, success and restart rules (the first match decides); `mutations` and device `config`
//!   (applied in turn); `admissionReviewVersions` and `conversionReviewVersions` (the first common
//!   version is used).
//! - **By key although atomic**: where validation refuses two elements with that key, or the key
//!   identifies the element for its reader.
//! - **Sets**: the rest, including everything in RBAC, network policies, affinity, selectors and
//!   webhook rules, where each element is evaluated separately and the results are united.

#![expect(
    non_upper_case_globals,
    reason = "types are constants that carry the names of Kubernetes' types"
)]

use super::types::{Root, Type};
#[allow(
    clippy::wildcard_imports,
    reason = "a table is written in all the words of its language"
)]
use super::words::*;

types! { from 0;
    Unknown {}
    Object { "metadata": one(ObjectMeta) }
    APIService { "metadata": one(ObjectMeta), "status": one(APIServiceStatus) }
    APIServiceStatus { "conditions": keyed(Unknown, TYPE) }
    Affinity { "nodeAffinity": one(NodeAffinity), "podAffinity": one(PodAffinity), "podAntiAffinity": one(PodAntiAffinity) }
    AggregationRule { "clusterRoleSelectors": set(LabelSelector) }
    AllocatedDeviceStatus { "conditions": keyed(Unknown, TYPE), "networkData": one(NetworkDeviceData) }
    AllocationResult { "devices": one(DeviceAllocationResult), "nodeSelector": one(NodeSelector) }
    BasicDevice { "attributes": one(DeviceAttributeMap), "bindingConditions": set(Unknown), "bindingFailureConditions": set(Unknown), "capacity": one(DeviceCapacityMap), "consumesCounters": keyed(DeviceCounterConsumption, COUNTER_SET), "nodeAllocatableResources": one(NodeAllocatableResourceMap), "nodeSelector": one(NodeSelector), "taints": set(Unknown) }
    CSIDriver { "metadata": one(ObjectMeta), "spec": one(CSIDriverSpec) }
    CSIDriverSpec { "tokenRequests": keyed(Unknown, AUDIENCE), "volumeLifecycleModes": set(Unknown) }
    CSINode { "metadata": one(ObjectMeta), "spec": one(CSINodeSpec), "status": one(CSINodeStatus) }
    CSINodeDriver { "topologyKeys": set(Unknown) }
    CSINodeSpec { "drivers": keyed(CSINodeDriver, NAME) }
    CSINodeStatus { "storageHealth": keyed(StorageHealth, NAME) }
    CSIStorageCapacity { "capacity": quantity(), "maximumVolumeSize": quantity(), "metadata": one(ObjectMeta), "nodeTopology": one(LabelSelector) }
    Capabilities { "add": set(Unknown), "drop": set(Unknown) }
    CapacityRequestPolicy { "default": quantity(), "validRange": one(CapacityRequestPolicyRange), "validValues": set_of_quantities() }
    CapacityRequestPolicyRange { "max": quantity(), "min": quantity(), "step": quantity() }
    CapacityRequirements { "requests": quantities() }
    CephFSPersistentVolumeSource { "monitors": set(Unknown) }
    CephFSVolumeSource { "monitors": set(Unknown) }
    CertificateSigningRequest { "metadata": one(ObjectMeta), "spec": one(CertificateSigningRequestSpec), "status": one(CertificateSigningRequestStatus) }
    CertificateSigningRequestSpec { "extra": one(StringsMap), "groups": set(Unknown), "usages": set(Unknown) }
    CertificateSigningRequestStatus { "conditions": keyed(Unknown, TYPE) }
    ClusterCIDR { "metadata": one(ObjectMeta), "spec": one(ClusterCIDRSpec) }
    ClusterCIDRSpec { "nodeSelector": one(NodeSelector) }
    ClusterRole { "aggregationRule": one(AggregationRule), "metadata": one(ObjectMeta), "rules": set(PolicyRule) }
    ClusterRoleBinding { "metadata": one(ObjectMeta), "subjects": set(Unknown) }
    ClusterTrustBundleProjection { "labelSelector": one(LabelSelector) }
    ComponentStatus { "conditions": keyed(Unknown, TYPE), "metadata": one(ObjectMeta) }
    CompositePodGroup { "metadata": one(ObjectMeta), "spec": one(CompositePodGroupSpec), "status": one(CompositePodGroupStatus) }
    CompositePodGroupSchedulingConstraints { "topology": set(Unknown) }
    CompositePodGroupSpec { "schedulingConstraints": one(CompositePodGroupSchedulingConstraints) }
    CompositePodGroupStatus { "conditions": keyed(Unknown, TYPE) }
    CompositePodGroupTemplate { "compositePodGroupTemplates": keyed(CompositePodGroupTemplate, NAME), "podGroupTemplates": keyed(PodGroupTemplate, NAME), "schedulingConstraints": one(CompositePodGroupSchedulingConstraints) }
    ConfigMapProjection { "items": keyed(Unknown, PATH) }
    ConfigMapVolumeSource { "items": keyed(Unknown, PATH) }
    Container { "args": ordered(Unknown), "command": ordered(Unknown), "env": keyed_in_order(EnvVar, NAME), "envFrom": ordered(Unknown), "lifecycle": one(Lifecycle), "livenessProbe": one(Probe), "ports": keyed(Unknown, CONTAINER_PORT_PROTOCOL_OR_TCP), "readinessProbe": one(Probe), "resizePolicy": keyed(Unknown, RESOURCE_NAME), "resources": one(ResourceRequirements), "restartPolicyRules": ordered(ContainerRestartRule), "securityContext": one(SecurityContext), "startupProbe": one(Probe), "volumeDevices": keyed(Unknown, DEVICE_PATH), "volumeMounts": keyed(VolumeMount, MOUNT_PATH) }
    ContainerImage { "names": set(Unknown) }
    ContainerResourceMetricSource { "target": one(MetricTarget) }
    ContainerResourceMetricStatus { "current": one(MetricValueStatus) }
    ContainerRestartRule { "exitCodes": one(ContainerRestartRuleOnExitCodes) }
    ContainerRestartRuleOnExitCodes { "values": set(Unknown) }
    ContainerStatus { "allocatedResources": quantities(), "allocatedResourcesStatus": keyed(ResourceStatus, NAME), "resources": one(ResourceRequirements), "user": one(ContainerUser), "volumeMounts": keyed(Unknown, MOUNT_PATH) }
    ContainerUser { "linux": one(LinuxContainerUser) }
    Counter { "value": quantity() }
    CounterMap { "*": one(Counter) }
    CounterSet { "counters": one(CounterMap) }
    CronJob { "metadata": one(ObjectMeta), "spec": one(CronJobSpec), "status": one(CronJobStatus) }
    CronJobSpec { "jobTemplate": one(JobTemplateSpec) }
    CronJobStatus { "active": set(Unknown) }
    CustomResourceConversion { "webhook": one(WebhookConversion) }
    CustomResourceDefinition { "metadata": one(ObjectMeta), "spec": one(CustomResourceDefinitionSpec), "status": one(CustomResourceDefinitionStatus) }
    CustomResourceDefinitionNames { "categories": set(Unknown), "shortNames": set(Unknown) }
    CustomResourceDefinitionSpec { "conversion": one(CustomResourceConversion), "names": one(CustomResourceDefinitionNames), "versions": keyed(CustomResourceDefinitionVersion, NAME) }
    CustomResourceDefinitionStatus { "acceptedNames": one(CustomResourceDefinitionNames), "conditions": keyed(Unknown, TYPE), "storedVersions": set(Unknown) }
    CustomResourceDefinitionVersion { "additionalPrinterColumns": keyed_in_order(Unknown, NAME), "schema": one(CustomResourceValidation), "selectableFields": set(Unknown) }
    CustomResourceValidation { "openAPIV3Schema": one(JSONSchemaProps) }
    DaemonSet { "metadata": one(ObjectMeta), "spec": one(DaemonSetSpec), "status": one(DaemonSetStatus) }
    DaemonSetSpec { "selector": one(LabelSelector), "template": one(PodTemplateSpec) }
    DaemonSetStatus { "conditions": keyed(Unknown, TYPE) }
    DeleteOptions { "dryRun": set(Unknown) }
    Deployment { "metadata": one(ObjectMeta), "spec": one(DeploymentSpec), "status": one(DeploymentStatus) }
    DeploymentSpec { "selector": one(LabelSelector), "template": one(PodTemplateSpec) }
    DeploymentStatus { "conditions": keyed(Unknown, TYPE) }
    Device { "attributes": one(DeviceAttributeMap), "bindingConditions": set(Unknown), "bindingFailureConditions": set(Unknown), "capacity": one(DeviceCapacityMap), "consumesCounters": keyed(DeviceCounterConsumption, COUNTER_SET), "nodeAllocatableResources": one(NodeAllocatableResourceMap), "nodeSelector": one(NodeSelector), "taints": set(Unknown) }
    DeviceAllocationConfiguration { "requests": set(Unknown) }
    DeviceAllocationResult { "config": ordered(DeviceAllocationConfiguration), "results": ordered(DeviceRequestAllocationResult) }
    DeviceAttribute { "bools": set(Unknown), "ints": set(Unknown), "strings": set(Unknown), "versions": set(Unknown) }
    DeviceAttributeMap { "*": one(DeviceAttribute) }
    DeviceCapacity { "requestPolicy": one(CapacityRequestPolicy), "value": quantity() }
    DeviceCapacityMap { "*": one(DeviceCapacity) }
    DeviceClaim { "config": ordered(DeviceClaimConfiguration), "constraints": set(DeviceConstraint), "requests": keyed(DeviceRequest, NAME) }
    DeviceClaimConfiguration { "requests": set(Unknown) }
    DeviceClaimV1beta1 { "config": ordered(DeviceClaimConfiguration), "constraints": set(DeviceConstraint), "requests": keyed(DeviceRequestV1beta1, NAME) }
    DeviceClass { "metadata": one(ObjectMeta), "spec": one(DeviceClassSpec) }
    DeviceClassSpec { "config": ordered(Unknown), "selectors": set(Unknown) }
    DeviceConstraint { "requests": set(Unknown) }
    DeviceCounterConsumption { "compatibilityGroups": set(Unknown), "counters": one(CounterMap) }
    DeviceRequest { "exactly": one(ExactDeviceRequest), "firstAvailable": keyed_in_order(DeviceSubRequest, NAME) }
    DeviceRequestAllocationResult { "bindingConditions": set(Unknown), "bindingFailureConditions": set(Unknown), "consumedCapacity": quantities(), "skipNodeOperations": set(Unknown), "tolerations": set(Unknown) }
    DeviceRequestV1beta1 { "capacity": one(CapacityRequirements), "derivedAttributes": set(Unknown), "firstAvailable": keyed_in_order(DeviceSubRequest, NAME), "selectors": set(Unknown), "tolerations": set(Unknown) }
    DeviceSubRequest { "capacity": one(CapacityRequirements), "derivedAttributes": set(Unknown), "selectors": set(Unknown), "tolerations": set(Unknown) }
    DeviceTaintRule { "metadata": one(ObjectMeta), "status": one(DeviceTaintRuleStatus) }
    DeviceTaintRuleStatus { "conditions": keyed(Unknown, TYPE) }
    DeviceV1beta1 { "basic": one(BasicDevice) }
    DownwardAPIProjection { "items": keyed(DownwardAPIVolumeFile, PATH) }
    DownwardAPIVolumeFile { "resourceFieldRef": one(ResourceFieldSelector) }
    DownwardAPIVolumeSource { "items": keyed(DownwardAPIVolumeFile, PATH) }
    DriverRequests { "requests": set(Unknown) }
    EmptyDirVolumeSource { "sizeLimit": quantity() }
    Endpoint { "addresses": set(Unknown), "hints": one(EndpointHints) }
    EndpointHints { "forNodes": keyed(Unknown, NAME), "forZones": keyed(Unknown, NAME) }
    EndpointSlice { "endpoints": set(Endpoint), "metadata": one(ObjectMeta), "ports": keyed(Unknown, NAME_OR_EMPTY) }
    EndpointSubset { "addresses": keyed(Unknown, IP), "notReadyAddresses": keyed(Unknown, IP), "ports": keyed(Unknown, NAME_OR_EMPTY) }
    Endpoints { "metadata": one(ObjectMeta), "subsets": set(EndpointSubset) }
    EnvVar { "valueFrom": one(EnvVarSource) }
    EnvVarSource { "resourceFieldRef": one(ResourceFieldSelector) }
    EphemeralContainer { "args": ordered(Unknown), "command": ordered(Unknown), "env": keyed_in_order(EnvVar, NAME), "envFrom": ordered(Unknown), "lifecycle": one(Lifecycle), "livenessProbe": one(Probe), "ports": keyed(Unknown, CONTAINER_PORT_PROTOCOL_OR_TCP), "readinessProbe": one(Probe), "resizePolicy": keyed(Unknown, RESOURCE_NAME), "resources": one(ResourceRequirements), "restartPolicyRules": ordered(ContainerRestartRule), "securityContext": one(SecurityContext), "startupProbe": one(Probe), "volumeDevices": keyed(Unknown, DEVICE_PATH), "volumeMounts": keyed(VolumeMount, MOUNT_PATH) }
    EphemeralVolumeSource { "volumeClaimTemplate": one(PersistentVolumeClaimTemplate) }
    Eviction { "deleteOptions": one(DeleteOptions), "metadata": one(ObjectMeta) }
    EvictionRequest { "metadata": one(ObjectMeta), "status": one(EvictionRequestStatus) }
    EvictionRequestStatus { "conditions": keyed(Unknown, TYPE) }
    EvictionStatus { "conditions": keyed(Unknown, TYPE), "requesters": keyed(Unknown, NAME), "responders": keyed(Unknown, NAME), "targetResponders": keyed(Unknown, NAME) }
    ExactDeviceRequest { "capacity": one(CapacityRequirements), "derivedAttributes": set(Unknown), "selectors": set(Unknown), "tolerations": set(Unknown) }
    ExecAction { "command": ordered(Unknown) }
    ExternalMetricSource { "metric": one(MetricIdentifier), "target": one(MetricTarget), "targetAverageValue": quantity(), "targetValue": quantity() }
    ExternalMetricStatus { "current": one(MetricValueStatus), "metric": one(MetricIdentifier) }
    FCVolumeSource { "targetWWNs": set(Unknown), "wwids": set(Unknown) }
    FieldSelectorAttributes { "requirements": set(FieldSelectorRequirement) }
    FieldSelectorRequirement { "values": set(Unknown) }
    FlowSchema { "metadata": one(ObjectMeta), "spec": one(FlowSchemaSpec), "status": one(FlowSchemaStatus) }
    FlowSchemaSpec { "rules": set(PolicyRulesWithSubjects) }
    FlowSchemaStatus { "conditions": keyed(Unknown, TYPE) }
    HPAScalingRules { "policies": set(Unknown), "tolerance": quantity() }
    HTTPGetAction { "httpHeaders": ordered(Unknown) }
    HTTPIngressRuleValue { "paths": keyed_in_order(Unknown, PATH_OR_ROOT) }
    HorizontalPodAutoscaler { "metadata": one(ObjectMeta), "spec": one(HorizontalPodAutoscalerSpec), "status": one(HorizontalPodAutoscalerStatus) }
    HorizontalPodAutoscalerBehavior { "scaleDown": one(HPAScalingRules), "scaleUp": one(HPAScalingRules) }
    HorizontalPodAutoscalerSpec { "behavior": one(HorizontalPodAutoscalerBehavior), "metrics": set(MetricSpec) }
    HorizontalPodAutoscalerStatus { "conditions": keyed(Unknown, TYPE), "currentMetrics": set(MetricStatus) }
    HostAlias { "hostnames": ordered(Unknown) }
    IPBlock { "except": set(Unknown) }
    ISCSIPersistentVolumeSource { "portals": set(Unknown) }
    ISCSIVolumeSource { "portals": set(Unknown) }
    Ingress { "metadata": one(ObjectMeta), "spec": one(IngressSpec), "status": one(IngressStatus) }
    IngressLoadBalancerIngress { "ports": set(Unknown) }
    IngressLoadBalancerStatus { "ingress": set(IngressLoadBalancerIngress) }
    IngressRule { "http": one(HTTPIngressRuleValue) }
    IngressSpec { "rules": ingress_rules(IngressRule), "tls": set(IngressTLS) }
    IngressStatus { "loadBalancer": one(IngressLoadBalancerStatus) }
    IngressTLS { "hosts": set(Unknown) }
    JSONSchemaProps { "additionalItems": one(JSONSchemaProps), "additionalProperties": one(JSONSchemaProps), "allOf": set(JSONSchemaProps), "anyOf": set(JSONSchemaProps), "definitions": one(JSONSchemaPropsMap), "dependencies": one(JSONSchemaPropsMap), "enum": set(Unknown), "items": ordered(JSONSchemaProps), "not": one(JSONSchemaProps), "oneOf": set(JSONSchemaProps), "patternProperties": one(JSONSchemaPropsMap), "properties": one(JSONSchemaPropsMap), "required": set(Unknown), "x-kubernetes-list-map-keys": set(Unknown), "x-kubernetes-validations": keyed(Unknown, RULE) }
    JSONSchemaPropsMap { "*": one(JSONSchemaProps) }
    Job { "metadata": one(ObjectMeta), "spec": one(JobSpec), "status": one(JobStatus) }
    JobSchedulingConfiguration { "resourceClaims": keyed(Unknown, NAME), "schedulingConstraints": one(WorkloadPodGroupSchedulingConstraints) }
    JobSpec { "podFailurePolicy": one(PodFailurePolicy), "scheduling": one(JobSchedulingConfiguration), "selector": one(LabelSelector), "successPolicy": one(SuccessPolicy), "template": one(PodTemplateSpec) }
    JobStatus { "conditions": keyed(Unknown, TYPE), "uncountedTerminatedPods": one(UncountedTerminatedPods) }
    JobTemplateSpec { "metadata": one(ObjectMeta), "spec": one(JobSpec) }
    LabelSelector { "matchExpressions": set(LabelSelectorRequirement) }
    LabelSelectorAttributes { "requirements": set(LabelSelectorRequirement) }
    LabelSelectorRequirement { "values": set(Unknown) }
    Lifecycle { "postStart": one(LifecycleHandler), "preStop": one(LifecycleHandler) }
    LifecycleEviction { "metadata": one(ObjectMeta), "status": one(EvictionStatus) }
    LifecycleHandler { "exec": one(ExecAction), "httpGet": one(HTTPGetAction) }
    LimitRange { "metadata": one(ObjectMeta), "spec": one(LimitRangeSpec) }
    LimitRangeItem { "default": quantities(), "defaultRequest": quantities(), "max": quantities(), "maxLimitRequestRatio": quantities(), "min": quantities() }
    LimitRangeSpec { "limits": keyed(LimitRangeItem, TYPE) }
    LinuxContainerUser { "supplementalGroups": set(Unknown) }
    LoadBalancerIngress { "ports": set(Unknown) }
    LoadBalancerStatus { "ingress": set(LoadBalancerIngress) }
    LocalSubjectAccessReview { "metadata": one(ObjectMeta), "spec": one(SubjectAccessReviewSpec) }
    MatchResources { "excludeResourceRules": set(NamedRuleWithOperations), "namespaceSelector": one(LabelSelector), "objectSelector": one(LabelSelector), "resourceRules": set(NamedRuleWithOperations) }
    MetricIdentifier { "selector": one(LabelSelector) }
    MetricSpec { "containerResource": one(ContainerResourceMetricSource), "external": one(ExternalMetricSource), "object": one(ObjectMetricSource), "pods": one(PodsMetricSource), "resource": one(ResourceMetricSource) }
    MetricStatus { "containerResource": one(ContainerResourceMetricStatus), "external": one(ExternalMetricStatus), "object": one(ObjectMetricStatus), "pods": one(PodsMetricStatus), "resource": one(ResourceMetricStatus) }
    MetricTarget { "averageValue": quantity(), "value": quantity() }
    MetricValueStatus { "averageValue": quantity(), "value": quantity() }
    MutatingAdmissionPolicy { "metadata": one(ObjectMeta), "spec": one(MutatingAdmissionPolicySpec) }
    MutatingAdmissionPolicyBinding { "metadata": one(ObjectMeta), "spec": one(MutatingAdmissionPolicyBindingSpec) }
    MutatingAdmissionPolicyBindingSpec { "matchResources": one(MatchResources), "paramRef": one(ParamRef) }
    MutatingAdmissionPolicySpec { "matchConditions": keyed(Unknown, NAME), "matchConstraints": one(MatchResources), "mutations": ordered(Unknown), "variables": keyed_in_order(Unknown, NAME) }
    MutatingWebhook { "admissionReviewVersions": ordered(Unknown), "matchConditions": keyed(Unknown, NAME), "namespaceSelector": one(LabelSelector), "objectSelector": one(LabelSelector), "rules": set(RuleWithOperations) }
    MutatingWebhookConfiguration { "metadata": one(ObjectMeta), "webhooks": keyed(MutatingWebhook, NAME) }
    NamedRuleWithOperations { "apiGroups": set(Unknown), "apiVersions": set(Unknown), "operations": set(Unknown), "resourceNames": set(Unknown), "resources": set(Unknown) }
    Namespace { "metadata": one(ObjectMeta), "spec": one(NamespaceSpec), "status": one(NamespaceStatus) }
    NamespaceSpec { "finalizers": set(Unknown) }
    NamespaceStatus { "conditions": keyed(Unknown, TYPE) }
    NetworkDeviceData { "ips": set(Unknown) }
    NetworkPolicy { "metadata": one(ObjectMeta), "spec": one(NetworkPolicySpec) }
    NetworkPolicyEgressRule { "ports": set(Unknown), "to": set(NetworkPolicyPeer) }
    NetworkPolicyIngressRule { "from": set(NetworkPolicyPeer), "ports": set(Unknown) }
    NetworkPolicyPeer { "ipBlock": one(IPBlock), "namespaceSelector": one(LabelSelector), "podSelector": one(LabelSelector) }
    NetworkPolicySpec { "egress": set(NetworkPolicyEgressRule), "ingress": set(NetworkPolicyIngressRule), "podSelector": one(LabelSelector), "policyTypes": set(Unknown) }
    Node { "metadata": one(ObjectMeta), "spec": one(NodeSpec), "status": one(NodeStatus) }
    NodeAffinity { "preferredDuringSchedulingIgnoredDuringExecution": set(PreferredSchedulingTerm), "requiredDuringSchedulingIgnoredDuringExecution": one(NodeSelector) }
    NodeAllocatableMappedResources { "quantity": quantity() }
    NodeAllocatableMapping { "capacityMultiplier": quantity(), "deviceMultiplier": quantity() }
    NodeAllocatableOverhead { "perContainer": quantity(), "perPod": quantity() }
    NodeAllocatableOverheadResources { "perContainer": quantity(), "perPod": quantity() }
    NodeAllocatableResource { "mapping": one(NodeAllocatableMapping), "overhead": one(NodeAllocatableOverhead) }
    NodeAllocatableResourceClaimStatus { "containers": set(Unknown), "mapping": keyed(NodeAllocatableMappedResources, NAME), "overhead": keyed(NodeAllocatableOverheadResources, NAME) }
    NodeAllocatableResourceMap { "*": one(NodeAllocatableResource) }
    NodePodPreemptionPolicy { "disableResizePreemption": set(Unknown) }
    NodeSelector { "nodeSelectorTerms": set(NodeSelectorTerm) }
    NodeSelectorRequirement { "values": set(Unknown) }
    NodeSelectorTerm { "matchExpressions": set(NodeSelectorRequirement), "matchFields": set(NodeSelectorRequirement) }
    NodeSpec { "podCIDRs": set(Unknown), "podPreemptionPolicy": one(NodePodPreemptionPolicy), "taints": keyed(Unknown, KEY_EFFECT) }
    NodeStatus { "addresses": keyed(Unknown, TYPE), "allocatable": quantities(), "capacity": quantities(), "conditions": keyed(Unknown, TYPE), "declaredFeatures": set(Unknown), "images": set(ContainerImage), "runtimeHandlers": set(Unknown), "volumesAttached": set(Unknown), "volumesInUse": set(Unknown) }
    NonResourcePolicyRule { "nonResourceURLs": set(Unknown), "verbs": set(Unknown) }
    NonResourceRule { "nonResourceURLs": set(Unknown), "verbs": set(Unknown) }
    ObjectMeta { "finalizers": set(Unknown), "managedFields": set(Unknown), "ownerReferences": keyed(Unknown, UID) }
    ObjectMetricSource { "averageValue": quantity(), "metric": one(MetricIdentifier), "target": one(MetricTarget), "targetValue": quantity() }
    ObjectMetricStatus { "current": one(MetricValueStatus), "metric": one(MetricIdentifier) }
    Overhead { "podFixed": quantities() }
    ParamRef { "selector": one(LabelSelector) }
    PersistentVolume { "metadata": one(ObjectMeta), "spec": one(PersistentVolumeSpec) }
    PersistentVolumeClaim { "metadata": one(ObjectMeta), "spec": one(PersistentVolumeClaimSpec), "status": one(PersistentVolumeClaimStatus) }
    PersistentVolumeClaimSpec { "accessModes": set(Unknown), "resources": one(VolumeResourceRequirements), "selector": one(LabelSelector) }
    PersistentVolumeClaimStatus { "accessModes": set(Unknown), "allocatedResources": quantities(), "capacity": quantities(), "conditions": keyed(Unknown, TYPE), "healthStatus": one(VolumeHealthStatus) }
    PersistentVolumeClaimTemplate { "metadata": one(ObjectMeta), "spec": one(PersistentVolumeClaimSpec) }
    PersistentVolumeSpec { "accessModes": set(Unknown), "capacity": quantities(), "cephfs": one(CephFSPersistentVolumeSource), "fc": one(FCVolumeSource), "iscsi": one(ISCSIPersistentVolumeSource), "mountOptions": set(Unknown), "nodeAffinity": one(VolumeNodeAffinity), "rbd": one(RBDPersistentVolumeSource) }
    Pod { "metadata": one(ObjectMeta), "spec": one(PodSpec), "status": one(PodStatus) }
    PodAffinity { "preferredDuringSchedulingIgnoredDuringExecution": set(WeightedPodAffinityTerm), "requiredDuringSchedulingIgnoredDuringExecution": set(PodAffinityTerm) }
    PodAffinityTerm { "labelSelector": one(LabelSelector), "matchLabelKeys": set(Unknown), "mismatchLabelKeys": set(Unknown), "namespaceSelector": one(LabelSelector), "namespaces": set(Unknown) }
    PodAntiAffinity { "preferredDuringSchedulingIgnoredDuringExecution": set(WeightedPodAffinityTerm), "requiredDuringSchedulingIgnoredDuringExecution": set(PodAffinityTerm) }
    PodCertificateRequest { "metadata": one(ObjectMeta), "status": one(PodCertificateRequestStatus) }
    PodCertificateRequestStatus { "conditions": keyed(Unknown, TYPE) }
    PodDNSConfig { "nameservers": ordered(Unknown), "options": keyed(Unknown, NAME), "searches": ordered(Unknown) }
    PodDisruptionBudget { "metadata": one(ObjectMeta), "spec": one(PodDisruptionBudgetSpec), "status": one(PodDisruptionBudgetStatus) }
    PodDisruptionBudgetSpec { "selector": one(LabelSelector) }
    PodDisruptionBudgetStatus { "conditions": keyed(Unknown, TYPE) }
    PodExtendedResourceClaimStatus { "requestMappings": set(Unknown) }
    PodFailurePolicy { "rules": ordered(PodFailurePolicyRule) }
    PodFailurePolicyOnExitCodesRequirement { "values": set(Unknown) }
    PodFailurePolicyRule { "onExitCodes": one(PodFailurePolicyOnExitCodesRequirement), "onPodConditions": set(Unknown) }
    PodGroup { "metadata": one(ObjectMeta), "spec": one(PodGroupSpec), "status": one(PodGroupStatus) }
    PodGroupSchedulingConstraints { "topology": set(Unknown) }
    PodGroupSpec { "resourceClaims": keyed(Unknown, NAME), "schedulingConstraints": one(PodGroupSchedulingConstraints) }
    PodGroupStatus { "conditions": keyed(Unknown, TYPE), "resourceClaimStatuses": keyed(Unknown, NAME) }
    PodGroupTemplate { "resourceClaims": keyed(Unknown, NAME), "schedulingConstraints": one(PodGroupSchedulingConstraints) }
    PodScheduling { "metadata": one(ObjectMeta), "spec": one(PodSchedulingSpec), "status": one(PodSchedulingStatus) }
    PodSchedulingContext { "metadata": one(ObjectMeta), "spec": one(PodSchedulingContextSpec), "status": one(PodSchedulingContextStatus) }
    PodSchedulingContextSpec { "potentialNodes": set(Unknown) }
    PodSchedulingContextStatus { "resourceClaims": keyed(ResourceClaimSchedulingStatus, NAME) }
    PodSchedulingSpec { "potentialNodes": set(Unknown) }
    PodSchedulingStatus { "resourceClaims": keyed(ResourceClaimSchedulingStatus, NAME) }
    PodSecurityContext { "supplementalGroups": set(Unknown), "sysctls": keyed(Unknown, NAME) }
    PodSecurityPolicy { "metadata": one(ObjectMeta), "spec": one(PodSecurityPolicySpec) }
    PodSecurityPolicySpec { "allowedCSIDrivers": set(Unknown), "allowedCapabilities": set(Unknown), "allowedFlexVolumes": set(Unknown), "allowedHostPaths": set(Unknown), "allowedProcMountTypes": set(Unknown), "allowedUnsafeSysctls": set(Unknown), "defaultAddCapabilities": set(Unknown), "forbiddenSysctls": set(Unknown), "hostPorts": set(Unknown), "requiredDropCapabilities": set(Unknown), "volumes": set(Unknown) }
    PodSpec { "affinity": one(Affinity), "containers": keyed_in_order(Container, NAME), "dnsConfig": one(PodDNSConfig), "ephemeralContainers": keyed(EphemeralContainer, NAME), "evictionResponders": keyed(Unknown, NAME), "hostAliases": keyed(HostAlias, IP), "imagePullSecrets": keyed(Unknown, NAME), "initContainers": keyed_in_order(Container, NAME), "overhead": quantities(), "readinessGates": keyed(Unknown, CONDITION_TYPE), "resourceClaims": keyed(Unknown, NAME), "resources": one(ResourceRequirements), "schedulingGates": keyed(Unknown, NAME), "securityContext": one(PodSecurityContext), "tolerations": set(Unknown), "topologySpreadConstraints": keyed(TopologySpreadConstraint, TOPOLOGY_KEY_WHEN_UNSATISFIABLE), "volumes": keyed(Volume, NAME) }
    PodStatus { "allocatedResources": quantities(), "conditions": keyed(Unknown, TYPE), "containerStatuses": set(ContainerStatus), "ephemeralContainerStatuses": set(ContainerStatus), "extendedResourceClaimStatus": one(PodExtendedResourceClaimStatus), "hostIPs": keyed(Unknown, IP), "initContainerStatuses": set(ContainerStatus), "nodeAllocatableResourceClaimStatuses": keyed(NodeAllocatableResourceClaimStatus, RESOURCE_CLAIM_NAME), "podIPs": keyed(Unknown, IP), "resourceClaimStatuses": keyed(Unknown, NAME), "resources": one(ResourceRequirements), "volumeHealth": keyed(PodVolumeHealth, NAME) }
    PodTemplate { "metadata": one(ObjectMeta), "template": one(PodTemplateSpec) }
    PodTemplateSpec { "metadata": one(ObjectMeta), "spec": one(PodSpec) }
    PodVolumeHealth { "healthConditions": keyed(Unknown, STATUS_REASON) }
    PodsMetricSource { "metric": one(MetricIdentifier), "target": one(MetricTarget), "targetAverageValue": quantity() }
    PodsMetricStatus { "current": one(MetricValueStatus), "metric": one(MetricIdentifier) }
    PolicyRule { "apiGroups": set(Unknown), "nonResourceURLs": set(Unknown), "resourceNames": set(Unknown), "resources": set(Unknown), "verbs": set(Unknown) }
    PolicyRulesWithSubjects { "nonResourceRules": set(NonResourcePolicyRule), "resourceRules": set(ResourcePolicyRule), "subjects": set(Unknown) }
    PoolStatus { "partitionSummary": set(Unknown), "shareableSummary": one(ShareableSummaryStatus) }
    PreferredSchedulingTerm { "preference": one(NodeSelectorTerm) }
    PriorityLevelConfiguration { "metadata": one(ObjectMeta), "status": one(PriorityLevelConfigurationStatus) }
    PriorityLevelConfigurationStatus { "conditions": keyed(Unknown, TYPE) }
    Probe { "exec": one(ExecAction), "httpGet": one(HTTPGetAction) }
    ProjectedVolumeSource { "sources": ordered(VolumeProjection) }
    RBDPersistentVolumeSource { "monitors": set(Unknown) }
    RBDVolumeSource { "monitors": set(Unknown) }
    ReplicaSet { "metadata": one(ObjectMeta), "spec": one(ReplicaSetSpec), "status": one(ReplicaSetStatus) }
    ReplicaSetSpec { "selector": one(LabelSelector), "template": one(PodTemplateSpec) }
    ReplicaSetStatus { "conditions": keyed(Unknown, TYPE) }
    ReplicationController { "metadata": one(ObjectMeta), "spec": one(ReplicationControllerSpec), "status": one(ReplicationControllerStatus) }
    ReplicationControllerSpec { "template": one(PodTemplateSpec) }
    ReplicationControllerStatus { "conditions": keyed(Unknown, TYPE) }
    ResourceAttributes { "fieldSelector": one(FieldSelectorAttributes), "labelSelector": one(LabelSelectorAttributes) }
    ResourceClaim { "metadata": one(ObjectMeta), "spec": one(ResourceClaimSpec), "status": one(ResourceClaimStatus) }
    ResourceClaimParameters { "driverRequests": set(DriverRequests), "metadata": one(ObjectMeta) }
    ResourceClaimSchedulingStatus { "unsuitableNodes": set(Unknown) }
    ResourceClaimSpec { "devices": one(DeviceClaim) }
    ResourceClaimSpecV1beta1 { "devices": one(DeviceClaimV1beta1) }
    ResourceClaimStatus { "allocation": one(AllocationResult), "devices": keyed(AllocatedDeviceStatus, DRIVER_DEVICE_POOL_SHARE_ID_OR_EMPTY), "reservedFor": keyed(Unknown, UID) }
    ResourceClaimTemplate { "metadata": one(ObjectMeta), "spec": one(ResourceClaimTemplateSpec) }
    ResourceClaimTemplateSpec { "metadata": one(ObjectMeta), "spec": one(ResourceClaimSpec) }
    ResourceClaimTemplateSpecV1beta1 { "metadata": one(ObjectMeta), "spec": one(ResourceClaimSpecV1beta1) }
    ResourceClaimTemplateV1beta1 { "metadata": one(ObjectMeta), "spec": one(ResourceClaimTemplateSpecV1beta1) }
    ResourceClaimV1beta1 { "metadata": one(ObjectMeta), "spec": one(ResourceClaimSpecV1beta1), "status": one(ResourceClaimStatus) }
    ResourceClass { "metadata": one(ObjectMeta), "suitableNodes": one(NodeSelector) }
    ResourceClassParameters { "filters": set(Unknown), "metadata": one(ObjectMeta), "vendorParameters": set(Unknown) }
    ResourceFieldSelector { "divisor": quantity() }
    ResourceMetricSource { "target": one(MetricTarget), "targetAverageValue": quantity() }
    ResourceMetricStatus { "current": one(MetricValueStatus) }
    ResourcePolicyRule { "apiGroups": set(Unknown), "namespaces": set(Unknown), "resources": set(Unknown), "verbs": set(Unknown) }
    ResourcePoolStatusRequest { "metadata": one(ObjectMeta), "status": one(ResourcePoolStatusRequestStatus) }
    ResourcePoolStatusRequestStatus { "conditions": keyed(Unknown, TYPE), "pools": set(PoolStatus) }
    ResourceQuota { "metadata": one(ObjectMeta), "spec": one(ResourceQuotaSpec), "status": one(ResourceQuotaStatus) }
    ResourceQuotaSpec { "hard": quantities(), "scopeSelector": one(ScopeSelector), "scopes": set(Unknown) }
    ResourceQuotaStatus { "hard": quantities(), "used": quantities() }
    ResourceRequirements { "claims": keyed(Unknown, NAME), "limits": quantities(), "requests": quantities() }
    ResourceRule { "apiGroups": set(Unknown), "resourceNames": set(Unknown), "resources": set(Unknown), "verbs": set(Unknown) }
    ResourceSlice { "metadata": one(ObjectMeta), "spec": one(ResourceSliceSpec) }
    ResourceSliceSpec { "devices": keyed(Device, NAME), "nodeSelector": one(NodeSelector), "sharedCounters": keyed(CounterSet, NAME), "skipNodeOperations": set(Unknown) }
    ResourceSliceSpecV1beta1 { "devices": keyed(DeviceV1beta1, NAME), "nodeSelector": one(NodeSelector), "sharedCounters": keyed(CounterSet, NAME), "skipNodeOperations": set(Unknown) }
    ResourceSliceV1beta1 { "metadata": one(ObjectMeta), "spec": one(ResourceSliceSpecV1beta1) }
    ResourceStatus { "resources": keyed(Unknown, RESOURCE_ID) }
    Role { "metadata": one(ObjectMeta), "rules": set(PolicyRule) }
    RoleBinding { "metadata": one(ObjectMeta), "subjects": set(Unknown) }
    RuleWithOperations { "apiGroups": set(Unknown), "apiVersions": set(Unknown), "operations": set(Unknown), "resources": set(Unknown) }
    RuntimeClass { "metadata": one(ObjectMeta), "overhead": one(Overhead), "scheduling": one(Scheduling) }
    Scheduling { "tolerations": set(Unknown) }
    ScopeSelector { "matchExpressions": set(ScopedResourceSelectorRequirement) }
    ScopedResourceSelectorRequirement { "values": set(Unknown) }
    SecretProjection { "items": keyed(Unknown, PATH) }
    SecretVolumeSource { "items": keyed(Unknown, PATH) }
    SecurityContext { "capabilities": one(Capabilities) }
    SelfSubjectAccessReview { "metadata": one(ObjectMeta), "spec": one(SelfSubjectAccessReviewSpec) }
    SelfSubjectAccessReviewSpec { "resourceAttributes": one(ResourceAttributes) }
    SelfSubjectReview { "metadata": one(ObjectMeta), "status": one(SelfSubjectReviewStatus) }
    SelfSubjectReviewStatus { "userInfo": one(UserInfo) }
    SelfSubjectRulesReview { "metadata": one(ObjectMeta), "status": one(SubjectRulesReviewStatus) }
    ServerStorageVersion { "decodableVersions": set(Unknown), "servedVersions": set(Unknown) }
    Service { "metadata": one(ObjectMeta), "spec": one(ServiceSpec), "status": one(ServiceStatus) }
    ServiceAccount { "imagePullSecrets": keyed(Unknown, NAME), "metadata": one(ObjectMeta), "secrets": keyed(Unknown, NAME) }
    ServiceCIDR { "metadata": one(ObjectMeta), "spec": one(ServiceCIDRSpec), "status": one(ServiceCIDRStatus) }
    ServiceCIDRSpec { "cidrs": set(Unknown) }
    ServiceCIDRStatus { "conditions": keyed(Unknown, TYPE) }
    ServiceSpec { "clusterIPs": ordered(Unknown), "externalIPs": set(Unknown), "ipFamilies": ordered(Unknown), "loadBalancerSourceRanges": set(Unknown), "ports": keyed(Unknown, PORT_PROTOCOL_OR_TCP) }
    ServiceStatus { "conditions": keyed(Unknown, TYPE), "loadBalancer": one(LoadBalancerStatus) }
    ShareableCapacityStatus { "available": quantity(), "consumed": quantity(), "total": quantity() }
    ShareableSummaryStatus { "capacity": set(ShareableCapacityStatus) }
    StatefulSet { "metadata": one(ObjectMeta), "spec": one(StatefulSetSpec), "status": one(StatefulSetStatus) }
    StatefulSetSpec { "selector": one(LabelSelector), "template": one(PodTemplateSpec), "volumeClaimTemplates": keyed(PersistentVolumeClaim, METADATA_NAME) }
    StatefulSetStatus { "conditions": keyed(Unknown, TYPE) }
    StorageClass { "allowedTopologies": set(TopologySelectorTerm), "metadata": one(ObjectMeta), "mountOptions": set(Unknown) }
    StorageHealth { "healthConditions": set(Unknown) }
    StorageVersion { "metadata": one(ObjectMeta), "status": one(StorageVersionStatus) }
    StorageVersionMigration { "metadata": one(ObjectMeta), "status": one(StorageVersionMigrationStatus) }
    StorageVersionMigrationStatus { "conditions": keyed(Unknown, TYPE) }
    StorageVersionStatus { "conditions": keyed(Unknown, TYPE), "storageVersions": keyed(ServerStorageVersion, API_SERVER_ID) }
    StringsMap { "*": set(Unknown) }
    SubjectAccessReview { "metadata": one(ObjectMeta), "spec": one(SubjectAccessReviewSpec) }
    SubjectAccessReviewSpec { "extra": one(StringsMap), "groups": set(Unknown), "resourceAttributes": one(ResourceAttributes) }
    SubjectRulesReviewStatus { "nonResourceRules": set(NonResourceRule), "resourceRules": set(ResourceRule) }
    SuccessPolicy { "rules": ordered(Unknown) }
    TokenRequest { "metadata": one(ObjectMeta), "spec": one(TokenRequestSpec) }
    TokenRequestSpec { "attestations": one(StringsMap), "audiences": set(Unknown) }
    TokenReview { "metadata": one(ObjectMeta), "spec": one(TokenReviewSpec), "status": one(TokenReviewStatus) }
    TokenReviewSpec { "audiences": set(Unknown) }
    TokenReviewStatus { "audiences": set(Unknown), "user": one(UserInfo) }
    TopologySelectorLabelRequirement { "values": set(Unknown) }
    TopologySelectorTerm { "matchLabelExpressions": set(TopologySelectorLabelRequirement) }
    TopologySpreadConstraint { "labelSelector": one(LabelSelector), "matchLabelKeys": set(Unknown) }
    TypeChecking { "expressionWarnings": set(Unknown) }
    UncountedTerminatedPods { "failed": set(Unknown), "succeeded": set(Unknown) }
    UserInfo { "extra": one(StringsMap), "groups": set(Unknown) }
    ValidatingAdmissionPolicy { "metadata": one(ObjectMeta), "spec": one(ValidatingAdmissionPolicySpec), "status": one(ValidatingAdmissionPolicyStatus) }
    ValidatingAdmissionPolicyBinding { "metadata": one(ObjectMeta), "spec": one(ValidatingAdmissionPolicyBindingSpec) }
    ValidatingAdmissionPolicyBindingSpec { "matchResources": one(MatchResources), "paramRef": one(ParamRef), "validationActions": set(Unknown) }
    ValidatingAdmissionPolicySpec { "auditAnnotations": keyed(Unknown, KEY), "matchConditions": keyed(Unknown, NAME), "matchConstraints": one(MatchResources), "validations": set(Unknown), "variables": keyed_in_order(Unknown, NAME) }
    ValidatingAdmissionPolicyStatus { "conditions": keyed(Unknown, TYPE), "typeChecking": one(TypeChecking) }
    ValidatingWebhook { "admissionReviewVersions": ordered(Unknown), "matchConditions": keyed(Unknown, NAME), "namespaceSelector": one(LabelSelector), "objectSelector": one(LabelSelector), "rules": set(RuleWithOperations) }
    ValidatingWebhookConfiguration { "metadata": one(ObjectMeta), "webhooks": keyed(ValidatingWebhook, NAME) }
    Volume { "cephfs": one(CephFSVolumeSource), "configMap": one(ConfigMapVolumeSource), "downwardAPI": one(DownwardAPIVolumeSource), "emptyDir": one(EmptyDirVolumeSource), "ephemeral": one(EphemeralVolumeSource), "fc": one(FCVolumeSource), "iscsi": one(ISCSIVolumeSource), "projected": one(ProjectedVolumeSource), "rbd": one(RBDVolumeSource), "secret": one(SecretVolumeSource) }
    VolumeAttachment { "metadata": one(ObjectMeta), "spec": one(VolumeAttachmentSpec) }
    VolumeAttachmentSource { "inlineVolumeSpec": one(PersistentVolumeSpec) }
    VolumeAttachmentSpec { "source": one(VolumeAttachmentSource) }
    VolumeHealthStatus { "healthConditions": keyed(Unknown, STATUS_REASON) }
    VolumeMount { "bindMountOptions": set(Unknown) }
    VolumeNodeAffinity { "required": one(NodeSelector) }
    VolumeProjection { "clusterTrustBundle": one(ClusterTrustBundleProjection), "configMap": one(ConfigMapProjection), "downwardAPI": one(DownwardAPIProjection), "secret": one(SecretProjection) }
    VolumeResourceRequirements { "limits": quantities(), "requests": quantities() }
    WebhookConversion { "conversionReviewVersions": ordered(Unknown) }
    WeightedPodAffinityTerm { "podAffinityTerm": one(PodAffinityTerm) }
    Workload { "metadata": one(ObjectMeta), "spec": one(WorkloadSpec) }
    WorkloadPodGroupSchedulingConstraints { "topology": set(Unknown) }
    WorkloadSpec { "compositePodGroupTemplates": keyed(CompositePodGroupTemplate, NAME), "podGroupTemplates": keyed(PodGroupTemplate, NAME) }
}

/// The kinds that Kubernetes itself serves, or used to serve.
#[rustfmt::skip]
pub(super) static ROOTS: &[Root] = &[
    ("", "Binding", "", Object),
    ("", "ComponentStatus", "", ComponentStatus),
    ("", "ConfigMap", "", Object),
    ("", "Endpoints", "", Endpoints),
    ("", "Event", "", Object),
    ("", "LimitRange", "", LimitRange),
    ("", "Namespace", "", Namespace),
    ("", "Node", "", Node),
    ("", "PersistentVolume", "", PersistentVolume),
    ("", "PersistentVolumeClaim", "", PersistentVolumeClaim),
    ("", "Pod", "", Pod),
    ("", "PodTemplate", "", PodTemplate),
    ("", "ReplicationController", "", ReplicationController),
    ("", "ResourceQuota", "", ResourceQuota),
    ("", "Secret", "", Object),
    ("", "Service", "", Service),
    ("", "ServiceAccount", "", ServiceAccount),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy", "", MutatingAdmissionPolicy),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", "", MutatingAdmissionPolicyBinding),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration", "", MutatingWebhookConfiguration),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", "", ValidatingAdmissionPolicy),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", "", ValidatingAdmissionPolicyBinding),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "", ValidatingWebhookConfiguration),
    ("apiextensions.k8s.io", "CustomResourceDefinition", "", CustomResourceDefinition),
    ("apiregistration.k8s.io", "APIService", "", APIService),
    ("apps", "ControllerRevision", "", Object),
    ("apps", "DaemonSet", "", DaemonSet),
    ("apps", "Deployment", "", Deployment),
    ("apps", "ReplicaSet", "", ReplicaSet),
    ("apps", "StatefulSet", "", StatefulSet),
    ("authentication.k8s.io", "SelfSubjectReview", "", SelfSubjectReview),
    ("authentication.k8s.io", "TokenRequest", "", TokenRequest),
    ("authentication.k8s.io", "TokenReview", "", TokenReview),
    ("authorization.k8s.io", "LocalSubjectAccessReview", "", LocalSubjectAccessReview),
    ("authorization.k8s.io", "SelfSubjectAccessReview", "", SelfSubjectAccessReview),
    ("authorization.k8s.io", "SelfSubjectRulesReview", "", SelfSubjectRulesReview),
    ("authorization.k8s.io", "SubjectAccessReview", "", SubjectAccessReview),
    ("autoscaling", "HorizontalPodAutoscaler", "v2", HorizontalPodAutoscaler),
    ("autoscaling", "HorizontalPodAutoscaler", "v1", Object),
    ("autoscaling", "Scale", "", Object),
    ("batch", "CronJob", "", CronJob),
    ("batch", "Job", "", Job),
    ("certificates.k8s.io", "CertificateSigningRequest", "", CertificateSigningRequest),
    ("certificates.k8s.io", "ClusterTrustBundle", "", Object),
    ("certificates.k8s.io", "PodCertificateRequest", "", PodCertificateRequest),
    ("coordination.k8s.io", "Lease", "", Object),
    ("coordination.k8s.io", "LeaseCandidate", "", Object),
    ("discovery.k8s.io", "EndpointSlice", "", EndpointSlice),
    ("events.k8s.io", "Event", "", Object),
    ("extensions", "DaemonSet", "", DaemonSet),
    ("extensions", "Deployment", "", Deployment),
    ("extensions", "Ingress", "", Ingress),
    ("extensions", "NetworkPolicy", "", NetworkPolicy),
    ("extensions", "PodSecurityPolicy", "", PodSecurityPolicy),
    ("extensions", "ReplicaSet", "", ReplicaSet),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema", "", FlowSchema),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "", PriorityLevelConfiguration),
    ("internal.apiserver.k8s.io", "StorageVersion", "", StorageVersion),
    ("lifecycle.k8s.io", "Eviction", "", LifecycleEviction),
    ("lifecycle.k8s.io", "EvictionRequest", "", EvictionRequest),
    ("networking.k8s.io", "ClusterCIDR", "", ClusterCIDR),
    ("networking.k8s.io", "IPAddress", "", Object),
    ("networking.k8s.io", "Ingress", "", Ingress),
    ("networking.k8s.io", "IngressClass", "", Object),
    ("networking.k8s.io", "NetworkPolicy", "", NetworkPolicy),
    ("networking.k8s.io", "ServiceCIDR", "", ServiceCIDR),
    ("node.k8s.io", "RuntimeClass", "", RuntimeClass),
    ("policy", "Eviction", "", Eviction),
    ("policy", "PodDisruptionBudget", "", PodDisruptionBudget),
    ("policy", "PodSecurityPolicy", "", PodSecurityPolicy),
    ("rbac.authorization.k8s.io", "ClusterRole", "", ClusterRole),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", "", ClusterRoleBinding),
    ("rbac.authorization.k8s.io", "Role", "", Role),
    ("rbac.authorization.k8s.io", "RoleBinding", "", RoleBinding),
    ("resource.k8s.io", "DeviceClass", "", DeviceClass),
    ("resource.k8s.io", "DeviceTaintRule", "", DeviceTaintRule),
    ("resource.k8s.io", "PodScheduling", "", PodScheduling),
    ("resource.k8s.io", "PodSchedulingContext", "", PodSchedulingContext),
    ("resource.k8s.io", "ResourceClaim", "v1", ResourceClaim),
    ("resource.k8s.io", "ResourceClaim", "v1beta2", ResourceClaim),
    ("resource.k8s.io", "ResourceClaim", "v1beta1", ResourceClaimV1beta1),
    ("resource.k8s.io", "ResourceClaimParameters", "", ResourceClaimParameters),
    ("resource.k8s.io", "ResourceClaimTemplate", "v1", ResourceClaimTemplate),
    ("resource.k8s.io", "ResourceClaimTemplate", "v1beta2", ResourceClaimTemplate),
    ("resource.k8s.io", "ResourceClaimTemplate", "v1beta1", ResourceClaimTemplateV1beta1),
    ("resource.k8s.io", "ResourceClass", "", ResourceClass),
    ("resource.k8s.io", "ResourceClassParameters", "", ResourceClassParameters),
    ("resource.k8s.io", "ResourcePoolStatusRequest", "", ResourcePoolStatusRequest),
    ("resource.k8s.io", "ResourceSlice", "v1", ResourceSlice),
    ("resource.k8s.io", "ResourceSlice", "v1beta2", ResourceSlice),
    ("resource.k8s.io", "ResourceSlice", "v1beta1", ResourceSliceV1beta1),
    ("scheduling.k8s.io", "CompositePodGroup", "", CompositePodGroup),
    ("scheduling.k8s.io", "PodGroup", "", PodGroup),
    ("scheduling.k8s.io", "PriorityClass", "", Object),
    ("scheduling.k8s.io", "Workload", "", Workload),
    ("storage.k8s.io", "CSIDriver", "", CSIDriver),
    ("storage.k8s.io", "CSINode", "", CSINode),
    ("storage.k8s.io", "CSIStorageCapacity", "", CSIStorageCapacity),
    ("storage.k8s.io", "StorageClass", "", StorageClass),
    ("storage.k8s.io", "VolumeAttachment", "", VolumeAttachment),
    ("storage.k8s.io", "VolumeAttributesClass", "", Object),
    ("storagemigration.k8s.io", "StorageVersionMigration", "", StorageVersionMigration),
];
