//! The rules by name, and the record of a rule.

use std::fmt;

use super::severity::Severity;

/// One rule as the policy and the messages know it; every file of a rule below [`crate::rules`] holds one.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name that policies, messages and tags use.
    pub id: RuleId,
    /// The weight of a finding unless the policy says otherwise.
    pub severity: Severity,
    /// The demand of the rule, in one sentence.
    pub summary: &'static str,
    /// The reason for the demand.
    pub why: &'static str,
    /// An example of a violation, in a few words without a full stop.
    pub example: &'static str,
    /// The default of the policy's `max`, as a decimal, if the rule has one.
    pub max: Option<&'static str>,
    /// The unit of `max`, as it follows a number; empty for rules without one.
    pub unit: &'static str,
    /// Whether the rule is about files, which a function in a build does not see, and not about the built resources.
    pub of_files: bool,
    /// Whether it compares environments with each other, so that a build of one does not show all that it finds.
    pub of_siblings: bool,
}

/// The unit of a bound that counts days.
pub const DAYS: &str = " days";

impl Rule {
    /// The least value of the rule's `max` in a policy: a number of days may be zero.
    #[must_use]
    pub fn least(&self) -> u32 {
        u32::from(self.unit != DAYS)
    }
}

/// Declares [`RuleId`] with the names and the list of all, so that none of them lacks a rule.
macro_rules! rule_ids {
    ($($variant:ident = $id:literal,)*) => {
        /// The name of a rule; policies, messages, tags and reports write it as [`RuleId::as_str`] gives it.
        ///
        /// The order is the order of the names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RuleId {
            $(#[doc = concat!("`", $id, "`.")] $variant,)*
        }

        impl RuleId {
            /// All rules, sorted by name.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name as people write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)*
                }
            }
        }
    };
}

rule_ids! {
    AddedResource = "added-resource",
    Annotations = "annotations",
    ArgocdIgnoredDrift = "argocd-ignored-drift",
    ArgocdNotifications = "argocd-notifications",
    ArgocdPaused = "argocd-paused",
    ArgocdSelfHeal = "argocd-self-heal",
    ArgocdSource = "argocd-source",
    ArgocdSyncOptions = "argocd-sync-options",
    BaseGuidance = "base-guidance",
    BuildFailure = "build-failure",
    ConfigKeys = "config-keys",
    Containers = "containers",
    ControllerChange = "controller-change",
    DeadPatch = "dead-patch",
    EnvNames = "env-names",
    EnvValues = "env-values",
    EnvironmentMismatch = "environment-mismatch",
    ExpiredExemption = "expired-exemption",
    ExpiringExemption = "expiring-exemption",
    ExtraObject = "extra-object",
    ForeignEnvironment = "foreign-environment",
    HealthChecks = "health-checks",
    Hostnames = "hostnames",
    Image = "image",
    IngressStructure = "ingress-structure",
    InvertedReplicas = "inverted-replicas",
    InvertedResources = "inverted-resources",
    Labels = "labels",
    LimitRequestRatio = "limit-request-ratio",
    LoosenedPolicy = "loosened-policy",
    ManualAddition = "manual-addition",
    ManualChange = "manual-change",
    ManualRemoval = "manual-removal",
    MissingBaseline = "missing-baseline",
    MissingEnvironment = "missing-environment",
    MissingObject = "missing-object",
    Other = "other",
    OutOfSync = "out-of-sync",
    OverlaySize = "overlay-size",
    RemovedResource = "removed-resource",
    Replicas = "replicas",
    ReplicasAndAutoscaler = "replicas-and-autoscaler",
    ResourceNames = "resource-names",
    ResourceValues = "resource-values",
    RolloutRestart = "rollout-restart",
    ScaleFactor = "scale-factor",
    ServiceMesh = "service-mesh",
    UncheckedFile = "unchecked-file",
    UnguardedOverlay = "unguarded-overlay",
    UnjudgedOverlay = "unjudged-overlay",
    UnpromotedImage = "unpromoted-image",
    UnusedExemption = "unused-exemption",
}

impl RuleId {
    /// Whether the rule is about exemptions themselves, or about all permissions of a policy.
    #[must_use]
    pub const fn is_about_exemptions(self) -> bool {
        matches!(
            self,
            Self::ExpiredExemption
                | Self::ExpiringExemption
                | Self::LoosenedPolicy
                | Self::UnusedExemption
        )
    }

    /// Whether the rule is about objects that run in a cluster, which no check of files and no build shows.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(
            self,
            Self::ControllerChange
                | Self::ExtraObject
                | Self::ManualAddition
                | Self::ManualChange
                | Self::ManualRemoval
                | Self::MissingObject
                | Self::OutOfSync
                | Self::RolloutRestart
        )
    }

    /// Whether the rule is about a single environment, so that it finds the same in one and in that it is made of.
    #[must_use]
    pub const fn is_alone(self) -> bool {
        matches!(
            self,
            Self::ArgocdIgnoredDrift
                | Self::ArgocdPaused
                | Self::ArgocdSelfHeal
                | Self::ArgocdNotifications
                | Self::ArgocdSource
                | Self::ArgocdSyncOptions
                | Self::ReplicasAndAutoscaler
        )
    }

    /// Whether the rule says that something was not checked at all, which no policy can allow.
    #[must_use]
    pub const fn is_blind(self) -> bool {
        matches!(self, Self::BuildFailure | Self::MissingBaseline)
    }

    /// The rule of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let at = Self::ALL.binary_search_by(|rule| rule.as_str().cmp(name));
        at.ok().map(|at| Self::ALL[at])
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
