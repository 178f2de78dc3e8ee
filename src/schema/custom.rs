//! Types of well-known extensions, written by hand for their lists, quantities and pods.
//!
//! A type that is not listed is unknown, not plain: KEDA's `triggers` have no key that users keep
//! unique, so inference does as well as a table would. Some keys are unique in practice although no
//! validation requires it, such as `secretKey` of an external secret. They are listed: if an
//! element lacks one, or two share it, the list is compared as one without keys.

#![expect(
    non_upper_case_globals,
    reason = "types are constants that carry the names of the kinds' own types"
)]

use super::builtin::{
    self, EnvVar, HorizontalPodAutoscalerBehavior, JobSpec, LabelSelector, ObjectMeta,
    PersistentVolumeClaim, PodTemplateSpec, Unknown,
};
use super::types::{Root, Type};
#[allow(
    clippy::wildcard_imports,
    reason = "a table is written in all the words of its language"
)]
use super::words::*;

types! { from builtin::END;
    AuthorizationOperation { "hosts": set(Unknown), "methods": set(Unknown), "notHosts": set(Unknown), "notMethods": set(Unknown), "notPaths": set(Unknown), "notPorts": set(Unknown), "paths": set(Unknown), "ports": set(Unknown) }
    AuthorizationPolicy { "metadata": one(ObjectMeta), "spec": one(AuthorizationPolicySpec) }
    AuthorizationPolicySpec { "rules": set(AuthorizationRule), "targetRefs": set(Unknown) }
    AuthorizationRule { "from": set(AuthorizationRuleFrom), "to": set(AuthorizationRuleTo), "when": set(AuthorizationWhen) }
    AuthorizationRuleFrom { "source": one(AuthorizationSource) }
    AuthorizationRuleTo { "operation": one(AuthorizationOperation) }
    AuthorizationSource { "ipBlocks": set(Unknown), "namespaces": set(Unknown), "notIpBlocks": set(Unknown), "notNamespaces": set(Unknown), "notPrincipals": set(Unknown), "notRemoteIpBlocks": set(Unknown), "notRequestPrincipals": set(Unknown), "principals": set(Unknown), "remoteIpBlocks": set(Unknown), "requestPrincipals": set(Unknown), "serviceAccounts": set(Unknown) }
    AuthorizationWhen { "notValues": set(Unknown), "values": set(Unknown) }
    Certificate { "metadata": one(ObjectMeta), "spec": one(CertificateSpec) }
    CertificateSpec { "additionalOutputFormats": set(Unknown), "dnsNames": set(Unknown), "emailAddresses": set(Unknown), "ipAddresses": set(Unknown), "uris": set(Unknown), "usages": set(Unknown) }
    DeploymentConfig { "metadata": one(ObjectMeta), "spec": one(DeploymentConfigSpec) }
    DeploymentConfigCustomParams { "command": ordered(Unknown), "environment": keyed_in_order(EnvVar, NAME) }
    DeploymentConfigExecNewPod { "command": ordered(Unknown), "env": keyed_in_order(EnvVar, NAME), "volumes": set(Unknown) }
    DeploymentConfigHook { "execNewPod": one(DeploymentConfigExecNewPod) }
    DeploymentConfigHooks { "mid": one(DeploymentConfigHook), "post": one(DeploymentConfigHook), "pre": one(DeploymentConfigHook) }
    DeploymentConfigSpec { "strategy": one(DeploymentConfigStrategy), "template": one(PodTemplateSpec) }
    DeploymentConfigStrategy { "customParams": one(DeploymentConfigCustomParams), "recreateParams": one(DeploymentConfigHooks), "resources": one(builtin::ResourceRequirements), "rollingParams": one(DeploymentConfigHooks) }
    DestinationRule { "metadata": one(ObjectMeta), "spec": one(DestinationRuleSpec) }
    DestinationRuleSpec { "exportTo": set(Unknown), "subsets": keyed(Unknown, NAME), "workloadSelector": one(LabelSelector) }
    ClusterExternalSecret { "metadata": one(ObjectMeta), "spec": one(ClusterExternalSecretSpec) }
    ClusterExternalSecretSpec { "externalSecretSpec": one(ExternalSecretSpec), "namespaceSelector": one(LabelSelector) }
    DnsEndpoint { "metadata": one(ObjectMeta), "spec": one(DnsEndpointSpec) }
    DnsEndpointSpec { "endpoints": keyed(DnsEndpointRecord, DNS_NAME_RECORD_TYPE) }
    DnsEndpointRecord { "targets": set(Unknown) }
    ExternalSecret { "metadata": one(ObjectMeta), "spec": one(ExternalSecretSpec) }
    ExternalSecretSpec { "data": keyed(Unknown, SECRET_KEY) }
    HelmRelease { "metadata": one(ObjectMeta), "spec": one(HelmReleaseSpec) }
    HelmReleaseSpec { "valuesFrom": keyed_in_order(Unknown, KIND_NAME_VALUES_KEY) }
    FluxKustomization { "metadata": one(ObjectMeta), "spec": one(FluxKustomizationSpec) }
    FluxKustomizationSpec { "postBuild": one(FluxPostBuild) }
    FluxPostBuild { "substituteFrom": keyed_in_order(Unknown, KIND_NAME) }
    IngressRoute { "metadata": one(ObjectMeta), "spec": one(IngressRouteSpec) }
    IngressRouteSpec { "routes": route_rules(Unknown) }
    ManagedCertificate { "metadata": one(ObjectMeta), "spec": one(ManagedCertificateSpec) }
    ManagedCertificateSpec { "domains": set(Unknown) }
    NodePool { "metadata": one(ObjectMeta), "spec": one(NodePoolSpec) }
    NodePoolSpec { "limits": quantities(), "template": one(NodePoolTemplate) }
    NodePoolTemplate { "metadata": one(ObjectMeta), "spec": one(NodePoolTemplateSpec) }
    NodePoolTemplateSpec { "requirements": keyed(NodePoolRequirement, KEY) }
    NodePoolRequirement { "values": set(Unknown) }
    SecretProviderClass { "metadata": one(ObjectMeta), "spec": one(SecretProviderClassSpec) }
    SecretProviderClassSpec { "secretObjects": keyed(SecretProviderClassObject, SECRET_NAME) }
    SecretProviderClassObject { "data": keyed(Unknown, KEY) }
    GatewayAllowedRoutes { "kinds": set(Unknown), "namespaces": one(GatewayRouteNamespaces) }
    GatewayApiGateway { "metadata": one(ObjectMeta), "spec": one(GatewayApiGatewaySpec) }
    GatewayApiGatewaySpec { "addresses": set(Unknown), "listeners": keyed(GatewayListener, NAME) }
    GatewayListener { "allowedRoutes": one(GatewayAllowedRoutes), "tls": one(GatewayTls) }
    GatewayRouteNamespaces { "selector": one(LabelSelector) }
    GatewayTls { "certificateRefs": set(Unknown) }
    IstioGateway { "metadata": one(ObjectMeta), "spec": one(IstioGatewaySpec) }
    IstioGatewaySpec { "servers": ordered(IstioServer) }
    IstioServer { "hosts": set(Unknown), "tls": one(IstioServerTls) }
    IstioServerTls { "cipherSuites": ordered(Unknown), "subjectAltNames": set(Unknown) }
    KnativeService { "metadata": one(ObjectMeta), "spec": one(KnativeServiceSpec) }
    KnativeServiceSpec { "template": one(PodTemplateSpec) }
    KubeflowJob { "metadata": one(ObjectMeta), "spec": one(KubeflowJobSpec) }
    KubeflowJobSpec { "jaxReplicaSpecs": one(KubeflowReplicaSpecs), "mpiReplicaSpecs": one(KubeflowReplicaSpecs), "mxReplicaSpecs": one(KubeflowReplicaSpecs), "paddleReplicaSpecs": one(KubeflowReplicaSpecs), "pytorchReplicaSpecs": one(KubeflowReplicaSpecs), "tfReplicaSpecs": one(KubeflowReplicaSpecs), "xgbReplicaSpecs": one(KubeflowReplicaSpecs) }
    KubeflowReplicaSpec { "template": one(PodTemplateSpec) }
    KubeflowReplicaSpecs { "*": one(KubeflowReplicaSpec) }
    LeaderWorkerSet { "metadata": one(ObjectMeta), "spec": one(LeaderWorkerSetSpec) }
    LeaderWorkerSetSpec { "leaderWorkerTemplate": one(LeaderWorkerTemplate) }
    LeaderWorkerTemplate { "leaderTemplate": one(PodTemplateSpec), "volumeClaimTemplates": keyed(PersistentVolumeClaim, METADATA_NAME), "workerTemplate": one(PodTemplateSpec) }
    Monitor { "metadata": one(ObjectMeta), "spec": one(MonitorSpec) }
    MonitorNamespaces { "matchNames": set(Unknown) }
    MonitorSpec { "namespaceSelector": one(MonitorNamespaces), "podTargetLabels": set(Unknown), "selector": one(LabelSelector), "targetLabels": set(Unknown) }
    PodTemplateWorkload { "metadata": one(ObjectMeta), "spec": one(PodTemplateWorkloadSpec) }
    PodTemplateWorkloadSpec { "selector": one(LabelSelector), "template": one(PodTemplateSpec), "volumeClaimTemplates": keyed(PersistentVolumeClaim, METADATA_NAME) }
    PrometheusRule { "metadata": one(ObjectMeta), "spec": one(PrometheusRuleSpec) }
    PrometheusRuleGroup { "rules": ordered(Unknown) }
    PrometheusRuleSpec { "groups": keyed(PrometheusRuleGroup, NAME) }
    ReferenceGrant { "metadata": one(ObjectMeta), "spec": one(ReferenceGrantSpec) }
    ReferenceGrantSpec { "from": set(Unknown), "to": set(Unknown) }
    Rollout { "metadata": one(ObjectMeta), "spec": one(RolloutSpec) }
    RolloutCanary { "steps": ordered(Unknown) }
    RolloutSpec { "selector": one(LabelSelector), "strategy": one(RolloutStrategy), "template": one(PodTemplateSpec) }
    RolloutStrategy { "canary": one(RolloutCanary) }
    Route { "metadata": one(ObjectMeta), "spec": one(RouteSpec) }
    RouteActions { "request": ordered(Unknown), "response": ordered(Unknown) }
    RouteHeaders { "actions": one(RouteActions) }
    RouteSpec { "alternateBackends": keyed(Unknown, NAME), "httpHeaders": one(RouteHeaders) }
    ScaledJob { "metadata": one(ObjectMeta), "spec": one(ScaledJobSpec) }
    ScaledJobSpec { "jobTargetRef": one(JobSpec) }
    ScaledObject { "metadata": one(ObjectMeta), "spec": one(ScaledObjectSpec) }
    ScaledObjectAdvanced { "horizontalPodAutoscalerConfig": one(ScaledObjectAutoscaler) }
    ScaledObjectAutoscaler { "behavior": one(HorizontalPodAutoscalerBehavior) }
    ScaledObjectSpec { "advanced": one(ScaledObjectAdvanced) }
    ServiceEntry { "metadata": one(ObjectMeta), "spec": one(ServiceEntrySpec) }
    ServiceEntrySpec { "addresses": set(Unknown), "endpoints": set(Unknown), "exportTo": set(Unknown), "hosts": set(Unknown), "ports": keyed(Unknown, NUMBER), "subjectAltNames": set(Unknown) }
    TrafficBackend { "filters": ordered(TrafficFilter) }
    TrafficFilter { "requestHeaderModifier": one(TrafficHeaders), "responseHeaderModifier": one(TrafficHeaders) }
    TrafficHeaders { "add": keyed(Unknown, NAME), "remove": set(Unknown), "set": keyed(Unknown, NAME) }
    TrafficMatch { "headers": keyed(Unknown, NAME), "queryParams": keyed(Unknown, NAME) }
    TrafficRoute { "metadata": one(ObjectMeta), "spec": one(TrafficRouteSpec) }
    TrafficRouteSpec { "hostnames": set(Unknown), "parentRefs": set(Unknown), "rules": route_rules(TrafficRule) }
    TrafficRule { "backendRefs": set(TrafficBackend), "filters": ordered(TrafficFilter), "matches": set(TrafficMatch) }
    VerticalPodAutoscaler { "metadata": one(ObjectMeta), "spec": one(VerticalPodAutoscalerSpec) }
    VerticalPodAutoscalerContainer { "controlledResources": set(Unknown), "maxAllowed": quantities(), "minAllowed": quantities() }
    VerticalPodAutoscalerResources { "containerPolicies": keyed(VerticalPodAutoscalerContainer, CONTAINER_NAME) }
    VerticalPodAutoscalerSpec { "recommenders": keyed(Unknown, NAME), "resourcePolicy": one(VerticalPodAutoscalerResources) }
    VirtualService { "metadata": one(ObjectMeta), "spec": one(VirtualServiceSpec) }
    VirtualServiceRoute { "match": set(VirtualServiceMatch), "route": set(Unknown) }
    VirtualServiceMatch { "destinationSubnets": set(Unknown), "gateways": set(Unknown), "sniHosts": set(Unknown) }
    VirtualServiceSpec { "exportTo": set(Unknown), "gateways": set(Unknown), "hosts": set(Unknown), "http": ordered(VirtualServiceRoute), "tcp": ordered(VirtualServiceRoute), "tls": ordered(VirtualServiceRoute) }
}

/// Kinds of other projects; all versions have the same type.
#[rustfmt::skip]
pub(super) static ROOTS: &[Root] = &[
    ("", "DeploymentConfig", "", DeploymentConfig), // OpenShift 3 served it in the core group
    ("", "Route", "", Route),
    ("apps.kruise.io", "CloneSet", "", PodTemplateWorkload),
    ("apps.kruise.io", "DaemonSet", "", PodTemplateWorkload),
    ("apps.kruise.io", "StatefulSet", "", PodTemplateWorkload),
    ("apps.openshift.io", "DeploymentConfig", "", DeploymentConfig),
    ("argoproj.io", "Rollout", "", Rollout),
    ("autoscaling.k8s.io", "VerticalPodAutoscaler", "", VerticalPodAutoscaler),
    ("cert-manager.io", "Certificate", "", Certificate),
    ("external-secrets.io", "ClusterExternalSecret", "", ClusterExternalSecret),
    ("external-secrets.io", "ExternalSecret", "", ExternalSecret),
    ("externaldns.k8s.io", "DNSEndpoint", "", DnsEndpoint),
    ("gateway.networking.k8s.io", "GRPCRoute", "", TrafficRoute),
    ("gateway.networking.k8s.io", "Gateway", "", GatewayApiGateway),
    ("gateway.networking.k8s.io", "HTTPRoute", "", TrafficRoute),
    ("gateway.networking.k8s.io", "ListenerSet", "", GatewayApiGateway),
    ("gateway.networking.k8s.io", "ReferenceGrant", "", ReferenceGrant),
    ("gateway.networking.k8s.io", "TCPRoute", "", TrafficRoute),
    ("gateway.networking.k8s.io", "TLSRoute", "", TrafficRoute),
    ("gateway.networking.k8s.io", "UDPRoute", "", TrafficRoute),
    ("helm.toolkit.fluxcd.io", "HelmRelease", "", HelmRelease),
    ("karpenter.sh", "NodePool", "", NodePool),
    ("keda.sh", "ScaledJob", "", ScaledJob),
    ("keda.sh", "ScaledObject", "", ScaledObject),
    ("kubeflow.org", "JAXJob", "", KubeflowJob),
    ("kubeflow.org", "MPIJob", "", KubeflowJob),
    ("kubeflow.org", "MXJob", "", KubeflowJob),
    ("kubeflow.org", "Notebook", "", PodTemplateWorkload),
    ("kubeflow.org", "PaddleJob", "", KubeflowJob),
    ("kubeflow.org", "PyTorchJob", "", KubeflowJob),
    ("kubeflow.org", "TFJob", "", KubeflowJob),
    ("kubeflow.org", "XGBoostJob", "", KubeflowJob),
    ("kustomize.toolkit.fluxcd.io", "Kustomization", "", FluxKustomization),
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet", "", LeaderWorkerSet),
    ("monitoring.coreos.com", "PodMonitor", "", Monitor),
    ("monitoring.coreos.com", "PrometheusRule", "", PrometheusRule),
    ("monitoring.coreos.com", "ServiceMonitor", "", Monitor),
    ("networking.gke.io", "ManagedCertificate", "", ManagedCertificate),
    ("networking.istio.io", "DestinationRule", "", DestinationRule),
    ("networking.istio.io", "Gateway", "", IstioGateway),
    ("networking.istio.io", "ServiceEntry", "", ServiceEntry),
    ("networking.istio.io", "VirtualService", "", VirtualService),
    ("route.openshift.io", "Route", "", Route),
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass", "", SecretProviderClass),
    ("security.istio.io", "AuthorizationPolicy", "", AuthorizationPolicy),
    ("serving.knative.dev", "Configuration", "", KnativeService),
    ("serving.knative.dev", "Service", "", KnativeService),
    ("traefik.containo.us", "IngressRoute", "", IngressRoute),
    ("traefik.containo.us", "IngressRouteTCP", "", IngressRoute),
    ("traefik.io", "IngressRoute", "", IngressRoute),
    ("traefik.io", "IngressRouteTCP", "", IngressRoute),
];
