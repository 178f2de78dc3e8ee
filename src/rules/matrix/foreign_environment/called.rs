//! Namespaces and names of resources that hold the name of another environment.
//!
//! What an overlay does to every resource makes it an environment, so nothing else judges it.

use crate::catalog::Class;
use crate::compare::comparison::{Classified, Comparison, Pair};
use crate::compare::diff::{Change, ChangeKind, Step};
use crate::compare::identity::says_name;
use crate::naming::are_alike;
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::matrix::Matrix;
use crate::yaml::Node;

/// The fields of metadata that say where a resource is and how it is called.
const FIELDS: [&str; 2] = ["namespace", "name"];

/// A name or a namespace that names another environment.
pub(super) struct Called<'m, 'a> {
    pub comparison: &'m Comparison<'m, 'a>,
    pub pair: Pair<'m, 'a>,
    pub change: Classified<'a>,
    /// What it is: `namespace`.
    pub field: &'static str,
    /// The environment that it names.
    pub other: &'m str,
    /// Whether it is that of an environment before.
    pub is_copied: bool,
}

/// The first namespace and the first name of each environment that name another one.
pub(super) fn called<'m, 'a: 'm>(
    matrix: &Matrix<'m, 'a>,
    order: &[&'m str],
    policy: &Policy,
    is_other: impl Fn(&str, &str) -> bool,
) -> Vec<Called<'m, 'a>> {
    let mut all = Vec::new();
    for (&environment, &comparison) in &matrix.baselines {
        let only = policy.environment.as_ref();
        if only.is_some_and(|only| only != environment) {
            continue;
        }
        let others = order.iter().filter(|other| is_other(environment, other));
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
                let its = matrix.baselines.get(other);
                let is_its = its.is_some_and(|its| is_at_home(its, field));
                all.push(Called {
                    comparison,
                    pair,
                    change: change(pair, field),
                    field,
                    other,
                    is_copied: is_its && position(other) < position(environment),
                });
            }
        }
    }
    all
}

/// The change of such a field, as nothing else reports it.
fn change<'a>(pair: Pair<'_, 'a>, field: &'static str) -> Classified<'a> {
    let (base, overlay) = (value(pair.base, field), value(pair.overlay, field));
    Classified {
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
