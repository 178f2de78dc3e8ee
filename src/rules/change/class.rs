//! The class rules: a change that nothing allows is a finding under the rule of its class.

use crate::api::DENY;
use crate::compare::comparison::Comparison;
use crate::finding::Finding;
use crate::policy::Policy;
use crate::rules::permission::{Verdict, guidance, verdict};
use crate::rules::told::Saying;
use crate::rules::words;

pub(in crate::rules) fn check(
    comparison: &Comparison<'_, '_>,
    policy: &Policy,
    findings: &mut Vec<Finding>,
) {
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    for (pair, changes) in comparison
        .pairs()
        .filter(|(_, changes)| !changes.is_empty())
    {
        let guidance = guidance(pair.base);
        for classified in changes {
            let (change, class) = (&classified.change, classified.class);
            let verdict = verdict(
                policy,
                &guidance,
                comparison.sides.environment,
                pair,
                classified,
            );
            // What the base says about its overlays has a rule of its own.
            if verdict.is_allowed() || verdict == Verdict::Guidance {
                continue;
            }
            let rule = class.rule();
            let headline = words::headline(change, class, environment, &baseline);
            let (demand, help) = match verdict {
                Verdict::Denied(pattern) => (
                    format!("The owner of {baseline} denies it: {DENY}: {pattern}."),
                    format!(
                        "Remove the change, or ask the owner of {baseline}, whose annotation {DENY} forbids it."
                    ),
                ),
                _ => (
                    words::demand(rule).to_owned(),
                    words::help(change, class, policy, &baseline),
                ),
            };
            let saying = Saying {
                headline,
                demand: &demand,
                help,
            };
            findings.push(comparison.change_finding(rule, pair, classified, saying));
        }
    }
}
