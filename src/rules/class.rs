//! The class rules: a change whose class is not allowed is a finding under the class's own rule.

use super::{Comparison, Told, field, words};
use crate::finding::Finding;
use crate::policy::Policy;

pub(super) fn check(comparison: &Comparison<'_, '_>, policy: &Policy, findings: &mut Vec<Finding>) {
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    for (pair, changes) in comparison.pairs() {
        for classified in changes
            .iter()
            .filter(|classified| !policy.allows(classified.class))
        {
            let (change, class) = (&classified.change, classified.class);
            let rule = class.rule();
            let field = field(change);
            let headline = words::headline(change, class, environment, &baseline);
            let told = Told {
                message: words::message(
                    pair.overlay,
                    &headline,
                    &field,
                    rule,
                    environment,
                    &baseline,
                ),
                headline,
                help: words::help(change, class, policy, &baseline),
            };
            findings.push(Finding {
                class: Some(class),
                field: Some(field),
                ..comparison.finding(rule, pair.overlay, pair.service, told)
            });
        }
    }
}
