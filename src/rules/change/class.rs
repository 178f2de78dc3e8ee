//! The class rules: a change that nothing allows is a finding under the rule of its class.

use crate::api::DENY;
use crate::catalog::{Class, Rule, RuleId, Severity};
use crate::compare::addresses::is_own_address;
use crate::compare::comparison::Comparison;
use crate::compare::defaults::is_default;
use crate::compare::diff::Change;
use crate::compare::guidance::guidance;
use crate::compare::identity::{puts_name_in, says_environment};
use crate::finding::Finding;
use crate::policy::{IdentityMode, Policy};
use crate::rules::found::Found;
use crate::rules::overridden::{Overridden, is_floating, is_placeholder, is_unpinned};
use crate::rules::paste::Environments;
use crate::rules::permission::{Verdict, verdict};
use crate::rules::told::Saying;
use crate::rules::words;

pub(in crate::rules) const REPLICAS: Rule = class(
    RuleId::Replicas,
    "An overlay must not change replica counts.",
    "By default environments may differ here. A policy without this class in `spec.allow.classes` requires the same number of copies everywhere.",
    "spec.replicas is 2 in the base and 3 in production, under a policy that does not allow replicas",
);

pub(in crate::rules) const RESOURCE_VALUES: Rule = class(
    RuleId::ResourceValues,
    "An overlay must not change resource quantities.",
    "By default environments may differ here. A policy without this class in `spec.allow.classes` requires the same sizes everywhere: a smaller limit fails first where it was never tested.",
    "limits.memory is 2Gi in the base and 512Mi in production, under a policy that does not allow resource-values",
);

pub(in crate::rules) const ENV_VALUES: Rule = class(
    RuleId::EnvValues,
    "An overlay must not change the value of an environment variable, or of a key of a ConfigMap or Secret.",
    "By default environments may differ here. A policy without this class in `spec.allow.classes` requires the same settings everywhere.",
    "LOG_LEVEL is info in the base and debug in production",
);

pub(in crate::rules) const HOSTNAMES: Rule = class(
    RuleId::Hostnames,
    "An overlay must not change hostnames.",
    "By default environments may differ here. A policy without this class in `spec.allow.classes` requires the same hostnames everywhere.",
    "an Ingress has the host shop.example.com in the base and shop.prod.example.com in production",
);

pub(in crate::rules) const IMAGE: Rule = class(
    RuleId::Image,
    "Every environment must run the same image.",
    "The image that was tested must be the image that runs.",
    "the image is shop/api:1.14.2 in the base and shop/api:1.14.2-hotfix.1 in production",
);

pub(in crate::rules) const RESOURCE_NAMES: Rule = class(
    RuleId::ResourceNames,
    "An overlay must not add or remove a resource request or limit.",
    "A limit that only one environment has changes scheduling and eviction there.",
    "production removes limits.memory of the container api",
);

pub(in crate::rules) const ENV_NAMES: Rule = class(
    RuleId::EnvNames,
    "An overlay must not add, remove or reorder environment variables.",
    "A variable that only one environment has can enable code that the others never run.",
    "the container api has the variable SKIP_FRAUD_CHECK only in staging",
);

pub(in crate::rules) const CONFIG_KEYS: Rule = class(
    RuleId::ConfigKeys,
    "An overlay must not add or remove keys of a ConfigMap or Secret.",
    "A key that only one environment has can enable code that the others never run.",
    "the ConfigMap settings has the key FEATURE_X only in staging",
);

pub(in crate::rules) const HEALTH_CHECKS: Rule = class(
    RuleId::HealthChecks,
    "Probes must be the same in every environment.",
    "A probe that is looser in one environment hides failures there that another one will show.",
    "readinessProbe.periodSeconds is 10 in the base and 60 in production",
);

pub(in crate::rules) const INGRESS_STRUCTURE: Rule = class(
    RuleId::IngressStructure,
    "Routing must be the same in every environment, except for hostnames.",
    "A different path or backend sends requests where no test has sent them.",
    "the path /api has pathType: Prefix in the base and Exact in production",
);

pub(in crate::rules) const SERVICE_MESH: Rule = class(
    RuleId::ServiceMesh,
    "Service-mesh configuration must be the same in every environment.",
    "Retries, timeouts and sidecars affect every request.",
    "the retries of a VirtualService are 3 in the base and 0 in production",
);

pub(in crate::rules) const LABELS: Rule = class(
    RuleId::Labels,
    "An overlay must not add, change or remove labels of single resources.",
    "Selectors, policies and dashboards select by label.",
    "production sets the label tier: gold on one Deployment",
);

pub(in crate::rules) const ANNOTATIONS: Rule = class(
    RuleId::Annotations,
    "An overlay must not add, change or remove annotations of single resources.",
    "Controllers act on annotations as they do on fields.",
    r#"production sets the annotation prometheus.io/scrape: "false" on one Deployment"#,
);

pub(in crate::rules) const CONTAINERS: Rule = class(
    RuleId::Containers,
    "An overlay must not add, remove, rename or reorder containers.",
    "An additional container shares the pod's network, memory and start-up.",
    "production adds a sidecar named proxy to a Deployment",
);

pub(in crate::rules) const OTHER: Rule = class(
    RuleId::Other,
    "An overlay must not change fields outside the allowed classes.",
    "A test in one environment says nothing about another where the two differ.",
    "terminationGracePeriodSeconds is 30 in the base and 5 in production",
);

/// The record of a class: a change that nothing allows is an error.
const fn class(
    id: RuleId,
    summary: &'static str,
    why: &'static str,
    example: &'static str,
) -> Rule {
    Rule {
        id,
        severity: Severity::Error,
        summary,
        why,
        example,
        max: None,
        unit: "",
        of_files: false,
        of_siblings: false,
    }
}

/// The record of the rule under which a class is reported.
pub(super) const fn record(class: Class) -> &'static Rule {
    match class {
        Class::Image | Class::ImageTag => &IMAGE,
        Class::Replicas => &REPLICAS,
        Class::ResourceValues => &RESOURCE_VALUES,
        Class::EnvValues => &ENV_VALUES,
        Class::Hostnames => &HOSTNAMES,
        Class::ResourceNames => &RESOURCE_NAMES,
        Class::EnvNames => &ENV_NAMES,
        Class::ConfigKeys => &CONFIG_KEYS,
        Class::HealthChecks => &HEALTH_CHECKS,
        Class::IngressStructure => &INGRESS_STRUCTURE,
        Class::ServiceMesh => &SERVICE_MESH,
        Class::Labels => &LABELS,
        Class::Annotations => &ANNOTATIONS,
        Class::Containers => &CONTAINERS,
        Class::Other => &OTHER,
    }
}

pub(in crate::rules) fn check(
    comparison: &Comparison<'_, '_>,
    overridden: &Overridden<'_>,
    policy: &Policy,
    found: &mut Found,
) {
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    for (number, (pair, changes)) in comparison.pairs().enumerate() {
        if changes.is_empty() {
            continue;
        }
        let guidance = guidance(pair.base);
        for (at, classified) in changes.iter().enumerate() {
            let (change, class) = (&classified.change, classified.class);
            let verdict = verdict(
                policy,
                &guidance,
                comparison.sides.environment,
                pair,
                classified,
            );
            // The base's guidance for its overlays has a separate rule.
            if verdict.is_allowed() || verdict == Verdict::Guidance {
                continue;
            }
            let rule = record(class);
            let is_overridden = overridden.holds(comparison, number, at);
            let headline = words::headline(change, class, environment, &baseline);
            let says_default = verdict == Verdict::Forbidden && is_default(change, pair.overlay);
            let says_address =
                verdict == Verdict::Forbidden && is_own_address(change, pair.overlay);
            let says_name = verdict == Verdict::Forbidden
                && is_by_name(change, class, pair.overlay.kind(), comparison, policy);
            let (demand, help) = match &verdict {
                _ if says_address => (
                    "Environments that share a cluster cannot share it.".to_owned(),
                    "Nothing needs to be done.".to_owned(),
                ),
                _ if says_default => (
                    "Kubernetes uses the same value where the field is not set.".to_owned(),
                    format!("Remove it, or also set it in {baseline}."),
                ),
                _ if is_overridden && is_unpinned(classified) => (
                    format!("The version that {baseline} names is replaced by one that moves."),
                    "Set a version or a digest.".to_owned(),
                ),
                _ if is_overridden => (
                    format!("Every environment overrides {baseline} here."),
                    words::share(change.kind, &baseline),
                ),
                Verdict::Denied(pattern) => (
                    format!("The owner of {baseline} denies it: {DENY}: {pattern}."),
                    format!(
                        "Remove the change, or ask the owner of {baseline} to change its annotation {DENY}, which forbids it."
                    ),
                ),
                _ => (
                    rule.summary.to_owned(),
                    words::help(change, pair.overlay, class, &baseline),
                ),
            };
            let saying = Saying {
                headline,
                demand: &demand,
                help,
            };
            let environments = if is_overridden {
                Environments::All
            } else {
                Environments::One
            };
            // No policy permits what the owner of the base denies.
            let permit = match verdict {
                Verdict::Denied(_) => String::new(),
                _ => comparison.permit(rule.id, pair, change, class, environments, policy),
            };
            let finding = Finding {
                overridden: is_overridden,
                permit,
                ..comparison.change_finding(rule.id, pair, classified, saying)
            };
            // Information only: a value that says nothing new, a tag that all set, an own name in a value, an open base.
            let is_told = if says_default || says_address || says_name {
                true
            } else if is_overridden {
                class == Class::ImageTag && !is_unpinned(classified)
                    || is_placeholder(classified)
                    || overridden.is_own_name(comparison, number, at)
            } else {
                verdict == Verdict::Forbidden
                    && (overridden.is_sole(comparison)
                        || overridden.is_by_all_built(comparison, number, at))
                    && (is_placeholder(classified) || is_floating(classified))
            };
            if is_told {
                found.push_as(Severity::Info, finding);
            } else {
                found.push(finding);
            }
        }
    }
}

/// Whether a change only puts in the name of the environment; never if the policy cancels nothing.
pub(in crate::rules) fn is_by_name(
    change: &Change<'_>,
    class: Class,
    kind: &str,
    comparison: &Comparison<'_, '_>,
    policy: &Policy,
) -> bool {
    let names = (comparison.sides.baseline, comparison.sides.environment);
    policy.identity == IdentityMode::Cancel
        && (puts_name_in(change, class, kind, names) || says_environment(change, class, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_the_record_of_its_rule() {
        for class in Class::ALL {
            assert_eq!(record(class).id, class.rule());
        }
    }
}
