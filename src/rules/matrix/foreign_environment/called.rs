//! Namespaces and names of resources that hold the name of another environment.
//!
//! What an overlay does to every resource makes it an environment, so nothing else judges it.

use super::{RULE, is_other};
use crate::catalog::{Class, Severity};
use crate::compare::comparison::{Classified, Comparison, Pair};
use crate::compare::diff::{Change, ChangeKind, Step};
use crate::compare::identity::says_name;
use crate::naming::are_alike;
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::found::Found;
use crate::rules::matrix::Matrix;
use crate::rules::told::Saying;
use crate::yaml::Node;

/// The fields of metadata that say where a resource is and how it is called.
const FIELDS: [&str; 2] = ["namespace", "name"];

/// Reports the first namespace and the first name of each environment that name another one.
pub(super) fn check(matrix: &Matrix<'_, '_>, order: &[&str], policy: &Policy, found: &mut Found) {
    for (&environment, comparison) in &matrix.baselines {
        let only = policy.environment.as_ref();
        if only.is_some_and(|only| only != environment) {
            continue;
        }
        let others = order
            .iter()
            .filter(|other| is_other(matrix, environment, other));
        let others: Vec<&str> = others.copied().collect();
        for field in FIELDS {
            let odd = comparison.pairs().find_map(|(pair, _)| {
                let after = value(pair.overlay, field)?;
                let text = after.as_str()?;
                let before = value(pair.base, field).and_then(Node::as_str);
                let is_own = says(text, environment) || before == Some(text);
                let is_new = |other: &&&str| {
                    says(text, other) && before.is_none_or(|before| !says(before, other))
                };
                let other = others.iter().find(is_new).filter(|_| !is_own)?;
                Some((pair, *other))
            });
            if let Some((pair, other)) = odd {
                let position = |name: &str| order.iter().position(|one| *one == name);
                let is_its = matrix
                    .baselines
                    .get(other)
                    .is_some_and(|its| is_at_home(its, field));
                let is_copied = is_its && position(other) < position(environment);
                tell(comparison, pair, (field, other), is_copied, found);
            }
        }
    }
}

/// Whether an environment's own resources have its name there.
fn is_at_home(comparison: &Comparison<'_, '_>, field: &str) -> bool {
    let mut all = comparison.sides.overlay.iter();
    all.any(|resource| {
        let text = value(resource, field).and_then(Node::as_str);
        text.is_some_and(|text| says(text, comparison.sides.environment))
    })
}

fn value<'a>(resource: &Resource<'a>, field: &str) -> Option<Node<'a>> {
    resource.node.at(&["metadata", field])
}

fn says(text: &str, environment: &str) -> bool {
    says_name(text, environment) || are_alike(text, environment)
}

fn tell(
    comparison: &Comparison<'_, '_>,
    pair: Pair<'_, '_>,
    (field, other): (&'static str, &str),
    is_copied: bool,
    found: &mut Found,
) {
    let (base, overlay) = (value(pair.base, field), value(pair.overlay, field));
    let classified = Classified {
        change: Change {
            steps: vec![Step::Field("metadata"), Step::Field(field)],
            kind: if base.is_some() {
                ChangeKind::Modified
            } else {
                ChangeKind::Added
            },
            base,
            overlay,
            pod: None,
            secret: false,
        },
        class: Class::Other,
        is_left_behind: false,
    };
    let environment = comparison.environment();
    let saying = Saying {
        headline: format!("the {field} names {other} in {environment}"),
        demand: RULE.summary,
        help: format!("Use the {field} that belongs to {environment}."),
    };
    let finding = comparison.change_finding(RULE.id, pair, &classified, saying);
    if is_copied {
        found.push_as(Severity::Error, finding);
    } else {
        found.push(finding);
    }
}
