//! The catalogue of classes and rules: every name that a policy, a message or a tag may carry.
//!
//! It is data so that the policy, the judgement, the reports and the rule
//! reference speak of the same things in the same words. What a rule *does*
//! stands in [`crate::rules`].

mod class;

use std::fmt;

pub use class::Class;

/// How much a finding weighs, from silence to a failed build.
///
/// The order is the order of weight, so thresholds compare with `>=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The finding is dropped.
    Ignore,
    /// The finding is told, and never fails a build.
    Info,
    /// The finding fails a build only under `failOn: warning`.
    Warning,
    /// The finding fails the build.
    Error,
}

impl Severity {
    /// All severities, lightest first.
    pub const ALL: [Self; 4] = [Self::Ignore, Self::Info, Self::Warning, Self::Error];

    /// The word that policies and results use.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One rule as the policy and the messages know it.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name that policies, messages and tags use.
    pub id: RuleId,
    /// What the rule demands, in one sentence.
    pub summary: &'static str,
    /// Why it is demanded.
    pub why: &'static str,
    /// What breaks it, in a few words without a full stop.
    pub example: &'static str,
    /// The weight of a finding unless the policy says otherwise.
    pub severity: Severity,
    /// The default of the policy's `max`, as a decimal, where the rule has one.
    pub max: Option<&'static str>,
    /// What `max` counts, as it follows a number; empty for rules without one.
    pub unit: &'static str,
    /// Whether the rule is about files, which no function sees in a build, and not about what is built of them.
    pub of_files: bool,
    /// Whether it compares environments with each other, so that a build of one does not show all that it finds.
    pub of_siblings: bool,
}

/// Declares [`RuleId`] and [`RULES`] together, so that neither knows a rule that the other lacks.
macro_rules! rules {
    ($($variant:ident = $id:literal: $record:expr,)*) => {
        /// The name of a rule; policies, messages, tags and reports write it as [`RuleId::as_str`] gives it.
        ///
        /// The order is the order of the names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RuleId {
            $(#[doc = concat!("`", $id, "`.")] $variant,)*
        }

        impl RuleId {
            /// The name as people write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)*
                }
            }
        }

        /// Every rule, sorted by id.
        pub const RULES: &[Rule] = &[$($record,)*];
    };
}

rules! {
    AddedResource = "added-resource": rule(
        RuleId::AddedResource,
        Severity::Error,
        "An overlay must not hold a resource that the base does not have.",
        "A resource that one environment alone has was never tested by the others.",
        "production holds a CronJob that the base, and so staging, does not have",
    ),
    Annotations = "annotations": rule(
        RuleId::Annotations,
        Severity::Error,
        "An overlay must not add, change or remove annotations of single resources.",
        "Controllers act on annotations as they act on fields.",
        r#"production sets the annotation prometheus.io/scrape: "false" on one Deployment"#,
    ),
    BaseGuidance = "base-guidance": rule(
        RuleId::BaseGuidance,
        Severity::Error,
        "What a base says about its overlays must be readable, and no overlay may change it.",
        "An overlay that could allow itself a field would need no permission.",
        "production removes the annotation krm-parity.io/deny from a Deployment of the base",
    ),
    BuildFailure = "build-failure": of_files(rule(
        RuleId::BuildFailure,
        Severity::Error,
        "Every environment and its base must build.",
        "What does not build was not checked, and will not be deployed either.",
        "a patch of production names a Deployment that the base has renamed, so kustomize finds no target for it",
    )),
    ConfigKeys = "config-keys": rule(
        RuleId::ConfigKeys,
        Severity::Error,
        "An overlay must not add or remove keys of a ConfigMap or Secret.",
        "A key that only one environment has is a code path that only one environment runs.",
        "the ConfigMap settings has a key FEATURE_X in staging alone",
    ),
    Containers = "containers": rule(
        RuleId::Containers,
        Severity::Error,
        "An overlay must not add, remove or reorder containers.",
        "Another container in the pod shares its network, its memory and its start-up.",
        "production adds a sidecar named proxy to a Deployment",
    ),
    DeadPatch = "dead-patch": of_files(rule(
        RuleId::DeadPatch,
        Severity::Warning,
        "A patch of an overlay must change something.",
        "A patch that finds nothing to patch, or repeats what stands there, looks like a difference and hides that there is none.",
        "a patch of production sets replicas to 3, which is what the base has",
    )),
    EnvNames = "env-names": rule(
        RuleId::EnvNames,
        Severity::Error,
        "An overlay must not add, remove or reorder environment variables.",
        "A variable that only one environment has switches code that the others never run.",
        "the container api has a variable SKIP_FRAUD_CHECK in staging alone",
    ),
    EnvValues = "env-values": rule(
        RuleId::EnvValues,
        Severity::Error,
        "An overlay must not change the value of a setting: of an environment variable, or of a key of a ConfigMap or Secret.",
        "By default environments may differ here; a policy that leaves the class out of `spec.allow.classes` wants one behaviour everywhere.",
        "LOG_LEVEL is info in the base and debug in production",
    ),
    EnvironmentMismatch = "environment-mismatch": of_siblings(rule(
        RuleId::EnvironmentMismatch,
        Severity::Error,
        "Two environments of a service must agree where environments must not differ.",
        "What one environment was tested with is not what the other one runs, though neither breaks a rule of its own.",
        "without a base, the readinessProbe waits 5 seconds in staging and 60 in production",
    )),
    ExpiredExemption = "expired-exemption": rule(
        RuleId::ExpiredExemption,
        Severity::Error,
        "An exemption must not outlive its date.",
        "A debt without a date is never paid.",
        r#"an exemption with expires: "2026-06-30" still stands in the policy on 2026-07-01"#,
    ),
    HealthChecks = "health-checks": rule(
        RuleId::HealthChecks,
        Severity::Error,
        "Probes must be the same in every environment.",
        "A probe loosened in one environment hides the failure that another one will show.",
        "readinessProbe.periodSeconds is 10 in the base and 60 in production",
    ),
    Hostnames = "hostnames": rule(
        RuleId::Hostnames,
        Severity::Error,
        "An overlay must not change hostnames.",
        "By default environments may differ here; a policy that leaves the class out of `spec.allow.classes` has one set of names for all.",
        "an Ingress has the host shop.example.com in the base and shop.prod.example.com in production",
    ),
    Image = "image": rule(
        RuleId::Image,
        Severity::Error,
        "Every environment must run the same image.",
        "What was tested must be what is run.",
        "the image is shop/api:1.14.2 in the base and shop/api:1.14.2-hotfix.1 in production",
    ),
    IngressStructure = "ingress-structure": rule(
        RuleId::IngressStructure,
        Severity::Error,
        "Routing must be the same in every environment, hostnames aside.",
        "A path or backend that differs sends requests where no test has sent them.",
        "the path /api has pathType: Prefix in the base and Exact in production",
    ),
    InvertedResources = "inverted-resources": of_siblings(rule(
        RuleId::InvertedResources,
        Severity::Error,
        "An environment must not get less of a resource than one that comes before it in spec.environments.",
        "A service that passed staging with 2Gi of memory was killed in production, where somebody had set 512Mi half a year before.",
        "limits.memory is 2Gi in staging and 512Mi in production",
    )),
    Labels = "labels": rule(
        RuleId::Labels,
        Severity::Error,
        "An overlay must not add, change or remove labels of single resources.",
        "Selectors, policies and dashboards choose by label.",
        "production sets the label tier: gold on one Deployment",
    ),
    LimitRequestRatio = "limit-request-ratio": ratio_rule(
        RuleId::LimitRequestRatio,
        "1.5",
        "The ratio of limit to request must stay near the base's.",
        "The ratio decides the quality-of-service class and how hard a container may be throttled or evicted.",
        "cpu has limit 500m and request 250m in the base (2), and limit 1 and request 250m in production (4)",
    ),
    MissingBaseline = "missing-baseline": rule(
        RuleId::MissingBaseline,
        Severity::Error,
        "There must be something to compare with.",
        "A check that has nothing to compare with must never pass in silence.",
        "an overlay calls the policy, but no recorder has sealed its base",
    ),
    MissingEnvironment = "missing-environment": of_siblings(rule(
        RuleId::MissingEnvironment,
        Severity::Error,
        "A service must have every environment that spec.environments lists.",
        "An environment that is not there was not checked.",
        "the policy lists staging, and only dev and production are sealed",
    )),
    Other = "other": rule(
        RuleId::Other,
        Severity::Error,
        "An overlay must not change fields outside the allowed classes.",
        "What differs between environments is what a test in one cannot show for the other.",
        "terminationGracePeriodSeconds is 30 in the base and 5 in production",
    ),
    OverlaySize = "overlay-size": of_files(Rule {
        unit: " patches",
        ..ratio_rule(
            RuleId::OverlaySize,
            "10",
            "An overlay must not hold more than a few patches.",
            "An overlay of many patches says that its base is too generic, and nobody reads it as a whole.",
            "the kustomization of production and its components name 14 patches",
        )
    }),
    RemovedResource = "removed-resource": rule(
        RuleId::RemovedResource,
        Severity::Error,
        "An overlay must not drop a resource of the base.",
        "What the base promises must exist in every environment.",
        "production drops the PodDisruptionBudget of the base by $patch: delete",
    ),
    Replicas = "replicas": rule(
        RuleId::Replicas,
        Severity::Error,
        "An overlay must not change replica counts.",
        "By default environments may differ here; a policy that leaves the class out of `spec.allow.classes` wants every environment to run as many copies.",
        "spec.replicas is 2 in the base and 3 in production, under a policy that does not allow replicas",
    ),
    ResourceNames = "resource-names": rule(
        RuleId::ResourceNames,
        Severity::Error,
        "An overlay must not add or remove a requested or limited resource.",
        "A limit that exists in one environment alone changes scheduling and eviction there.",
        "production removes limits.memory of the container api",
    ),
    ResourceValues = "resource-values": rule(
        RuleId::ResourceValues,
        Severity::Error,
        "An overlay must not change resource quantities.",
        "By default environments may differ here; a policy that leaves the class out of `spec.allow.classes` wants containers of one size, since a smaller limit fails first where it was never tested.",
        "limits.memory is 2Gi in the base and 512Mi in production, under a policy that does not allow resource-values",
    ),
    ScaleFactor = "scale-factor": of_siblings(ratio_rule(
        RuleId::ScaleFactor,
        "4",
        "A resource quantity must stay within a factor of the base's, and of every other environment's.",
        "An environment that is many times smaller does not show how the larger one behaves.",
        "requests.memory is 256Mi in the base and 2Gi in production: 8 times as much",
    )),
    ServiceMesh = "service-mesh": rule(
        RuleId::ServiceMesh,
        Severity::Error,
        "Service-mesh configuration must be the same in every environment.",
        "Retries, timeouts and sidecars change what every request sees.",
        "the retries of a VirtualService are 3 in the base and 0 in production",
    ),
    UncheckedFile = "unchecked-file": of_files(rule(
        RuleId::UncheckedFile,
        Severity::Error,
        "Every file that a kustomization names must be there to be checked.",
        "kpt hands a function the resources of a package and leaves out what is none, such as files of JSON 6902 operations; what was not seen must not pass in silence.",
        "overlays/production names patch.json under patches, and kpt does not pass it on",
    )),
    UnguardedOverlay = "unguarded-overlay": of_files(rule(
        RuleId::UnguardedOverlay,
        Severity::Ignore,
        "A kustomization must call krm-parity after the last change of an overlay.",
        "What is checked only in a pipeline can be built without the check, and what is changed after the check is not judged.",
        "production replaces an image and names no ParityPolicy under transformers or validators, though its base does",
    )),
    UnjudgedOverlay = "unjudged-overlay": of_files(rule(
        RuleId::UnjudgedOverlay,
        Severity::Warning,
        "What looks like an overlay must be judged, or left out on purpose.",
        "An environment that nobody looked at passes every check; where an environment is made of the same base, or a link names it, this is an error by default.",
        "the overlay of production lies in overlays/.production, beside overlays/dev",
    )),
    UnusedExemption = "unused-exemption": rule(
        RuleId::UnusedExemption,
        Severity::Warning,
        "An exemption must exempt something.",
        "An exemption that matches nothing hides what comes later.",
        "an exemption names the Deployment paymnets, where there is only payments",
    ),
}

impl RuleId {
    /// Whether the rule is about exemptions themselves.
    #[must_use]
    pub const fn is_about_exemptions(self) -> bool {
        matches!(self, Self::ExpiredExemption | Self::UnusedExemption)
    }

    /// Whether the rule says that something was not checked at all, which nobody can allow.
    #[must_use]
    pub const fn is_blind(self) -> bool {
        matches!(self, Self::BuildFailure | Self::MissingBaseline)
    }

    /// The rule of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        find_rule(name).map(|rule| rule.id)
    }

    /// What the catalogue says of the rule.
    #[must_use]
    pub const fn record(self) -> &'static Rule {
        &RULES[self as usize]
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

const fn rule(
    id: RuleId,
    severity: Severity,
    summary: &'static str,
    why: &'static str,
    example: &'static str,
) -> Rule {
    Rule {
        id,
        summary,
        why,
        example,
        severity,
        max: None,
        unit: "",
        of_files: false,
        of_siblings: false,
    }
}

const fn ratio_rule(
    id: RuleId,
    max: &'static str,
    summary: &'static str,
    why: &'static str,
    example: &'static str,
) -> Rule {
    Rule {
        id,
        summary,
        why,
        example,
        severity: Severity::Warning,
        max: Some(max),
        unit: "×",
        of_files: false,
        of_siblings: false,
    }
}

/// A rule that compares environments with each other.
const fn of_siblings(rule: Rule) -> Rule {
    Rule {
        of_siblings: true,
        ..rule
    }
}

/// A rule about the files of kustomizations.
const fn of_files(rule: Rule) -> Rule {
    Rule {
        of_files: true,
        ..rule
    }
}

/// The rule of that id.
#[must_use]
pub fn find_rule(id: &str) -> Option<&'static Rule> {
    RULES
        .binary_search_by(|rule| rule.id.as_str().cmp(id))
        .ok()
        .map(|at| &RULES[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_every_class_has_its_rule() {
        let names: Vec<&str> = RULES.iter().map(|rule| rule.id.as_str()).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        for rule in RULES {
            assert_eq!(rule.id.record().id, rule.id);
            assert_eq!(RuleId::parse(rule.id.as_str()), Some(rule.id));
        }
        for class in Class::ALL {
            let is_own = class.rule().as_str() == class.id();
            assert!(is_own || class == Class::ImageTag, "{}", class.id());
            assert_eq!(Class::from_id(class.id()), Some(class));
        }
    }
}
