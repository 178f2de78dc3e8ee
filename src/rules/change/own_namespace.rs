//! Changes in the namespace that an overlay brings for its own resources, which act on those.
//!
//! The namespace makes an overlay an environment. A key in it that switches
//! sidecars on, or lets privileged pods in, acts on all that runs there.

use super::class::record;
use crate::compare::comparison::{Comparison, Pair};
use crate::compare::guidance::Guidance;
use crate::finding::Finding;
use crate::policy::Policy;
use crate::rules::found::Found;
use crate::rules::paste::Environments;
use crate::rules::permission::verdict;
use crate::rules::told::Saying;
use crate::rules::words;

pub(in crate::rules) fn check(comparison: &Comparison<'_, '_>, policy: &Policy, found: &mut Found) {
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    for (at, entries) in &comparison.namespaces {
        let resource = &comparison.sides.overlay[*at];
        let pair = Pair {
            base: resource,
            overlay: resource,
            service: comparison.foreign_service(),
        };
        for classified in entries {
            let (change, class) = (&classified.change, classified.class);
            let own = comparison.sides.environment;
            if verdict(policy, &Guidance::default(), own, pair, classified).is_allowed() {
                continue;
            }
            let rule = record(class);
            let saying = Saying {
                headline: words::headline(change, class, environment, &baseline),
                demand: rule.summary,
                help: words::help(change, resource, class, &baseline),
            };
            let one = Environments::One;
            found.push(Finding {
                permit: comparison.permit(rule.id, pair, change, class, one, policy),
                ..comparison.change_finding(rule.id, pair, classified, saying)
            });
        }
    }
}
