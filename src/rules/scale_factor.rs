//! `scale-factor`: a resource quantity is many times the base's, or a small part of it.

use super::{Classified, Comparison, Told, field, words};
use crate::catalog::Class;
use crate::diff::{ChangeKind, quantity};
use crate::finding::Finding;
use crate::policy::Policy;
use crate::quantity::{Quantity, ratio, ratio_exceeds};

const RULE: &str = "scale-factor";

pub(super) fn check(comparison: &Comparison<'_, '_>, policy: &Policy, findings: &mut Vec<Finding>) {
    let max_text = policy.max(RULE);
    let Ok(max) = Quantity::parse(max_text) else {
        return;
    };
    // A class that is not allowed is an error already, however small the change.
    if !policy.allows(Class::ResourceValues) {
        return;
    }
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    for (pair, changes) in comparison.pairs() {
        for Classified { change, class } in changes {
            if *class != Class::ResourceValues || change.kind != ChangeKind::Modified {
                continue;
            }
            let (Some(base), Some(overlay)) = (
                change.base.and_then(quantity),
                change.overlay.and_then(quantity),
            ) else {
                continue;
            };
            if !ratio_exceeds(base, overlay, max) {
                continue;
            }
            let field = field(change);
            let mut names = change.fields().rev();
            let (key, list) = (names.next().unwrap_or(""), names.next().unwrap_or(""));
            let list = list.trim_end_matches('s');
            let more = if overlay > base { "more" } else { "less" };
            let by = match ratio(overlay, base) {
                Some(times) => format!("{times} {more} than"),
                None => "far from".to_owned(),
            };
            let headline = format!(
                "the {key} {list}{} is {by} in {baseline}, beyond {max_text}×",
                words::of_container(&change.steps)
            );
            let told = Told {
                message: words::message(
                    pair.overlay,
                    &headline,
                    &field,
                    words::demand(RULE),
                    environment,
                    &baseline,
                ),
                headline,
                help: format!(
                    "Bring the two closer together, or raise spec.rules.{RULE}.max in the ParityPolicy if {environment} really needs it."
                ),
            };
            findings.push(Finding {
                class: Some(*class),
                field: Some(field),
                ..comparison.pair_finding(RULE, pair, told)
            });
        }
    }
}
