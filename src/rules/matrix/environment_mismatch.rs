//! `environment-mismatch`: two environments disagree where no comparison with a base has told it.
//!
//! Without a base every forbidden difference of two neighbours in promotion order
//! is one. With one base of both, each was judged against it, and what is left are
//! the resources that both have added. Where their bases differ, or one of them has
//! none, all is compared but what was made of one resource that both bases hold.

use std::collections::HashMap;

use crate::catalog::{Rule, RuleId, Severity};
use crate::compare::comparison::{Against, Comparison};
use crate::compare::guidance::{Guidance, guidance};
use crate::policy::Policy;
use crate::resource::{Identity, Resource};
use crate::rules::found::Found;
use crate::rules::matrix::Matrix;
use crate::rules::permission::verdict;
use crate::rules::told::{Saying, Told};
use crate::rules::words;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::EnvironmentMismatch,
    severity: Severity::Error,
    summary: "Two environments of a service must agree where environments must not differ.",
    why: "What one environment was tested with is not what the other one runs, though neither breaks a rule of its own.",
    example: "without a base, the readinessProbe waits 5 seconds in staging and 60 in production",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: true,
};

pub(in crate::rules) fn check(matrix: &Matrix<'_, '_>, policy: &Policy, found: &mut Found) {
    let mut layers = None;
    for comparison in &matrix.siblings {
        let Against::Sibling {
            is_next: true,
            is_of_one_base,
            ..
        } = comparison.sides.against
        else {
            continue;
        };
        if is_of_one_base {
            let added = |environment: &str| {
                let against_base = matrix.baselines.get(environment);
                against_base.map(|comparison| comparison.pairing.added.as_slice())
            };
            let early = added(comparison.sides.baseline);
            let late = added(comparison.sides.environment);
            let is_new =
                |added: Option<&[usize]>, at: usize| added.is_none_or(|all| all.contains(&at));
            let is_told = |at: usize, other: usize| !is_new(early, at) || !is_new(late, other);
            check_changes(comparison, is_told, |_, _| Vec::new(), policy, found);
            continue;
        }
        let layers = layers.get_or_insert_with(|| Layers::of(matrix));
        let early = Origins::of(matrix, layers, comparison.sides.baseline);
        let late = Origins::of(matrix, layers, comparison.sides.environment);
        let is_told = |at: usize, other: usize| match (early.of_one(at), late.of_one(other)) {
            (Origin::Made { root: a, .. }, Origin::Made { root: b, .. }) => is_same(a, b),
            _ => false,
        };
        let guides = |at: usize, other: usize| {
            let origins = [early.of_one(at), late.of_one(other)].into_iter();
            origins.filter_map(Origin::base).collect()
        };
        check_changes(comparison, is_told, guides, policy, found);
        check_resources(comparison, &early, &late, found);
    }
}

/// Where a resource of an environment comes from.
#[derive(Clone, Copy)]
enum Origin<'m, 'a> {
    /// The environment was compared with no base.
    Untold,
    /// The environment has added it, which was judged.
    Added,
    /// It was made of this resource of its base, and that of this one at the bottom of all layers, which was judged.
    Made {
        base: &'m Resource<'a>,
        root: &'m Resource<'a>,
    },
}

impl<'m, 'a> Origin<'m, 'a> {
    fn base(self) -> Option<&'m Resource<'a>> {
        match self {
            Self::Made { base, .. } => Some(base),
            _ => None,
        }
    }
}

/// Where the resources of an environment come from.
struct Origins<'m, 'a> {
    /// By index; nothing where the environment was compared with no base.
    known: Option<HashMap<usize, Origin<'m, 'a>>>,
    /// All that its base holds, traced to the bottom of all layers.
    roots: HashMap<Key<'a>, Vec<&'m Resource<'a>>>,
}

impl<'m, 'a> Origins<'m, 'a> {
    fn of(matrix: &Matrix<'m, 'a>, layers: &Layers<'m, 'a>, environment: &str) -> Self {
        let Some(comparison) = matrix.baselines.get(environment) else {
            return Self {
                known: None,
                roots: HashMap::new(),
            };
        };
        let bases = comparison.sides.base.iter();
        let roots: Vec<_> = bases.map(|base| layers.root(base, environment)).collect();
        let made = |&(at, other): &(usize, usize)| {
            let (base, root) = (&comparison.sides.base[at], roots[at]);
            (other, Origin::Made { base, root })
        };
        let known = comparison.pairing.matched.iter().map(made).collect();
        let mut by_key: HashMap<Key<'a>, Vec<_>> = HashMap::new();
        for root in roots {
            by_key.entry(key(root)).or_default().push(root);
        }
        Self {
            known: Some(known),
            roots: by_key,
        }
    }

    fn of_one(&self, at: usize) -> Origin<'m, 'a> {
        match &self.known {
            None => Origin::Untold,
            Some(known) => known.get(&at).copied().unwrap_or(Origin::Added),
        }
    }

    /// Whether the base holds a resource.
    fn holds(&self, root: &Resource<'a>) -> bool {
        let alike = self.roots.get(&key(root)).into_iter().flatten();
        alike.into_iter().any(|own| is_same(own, root))
    }
}

type Key<'a> = (&'a str, Identity<'a>);

fn key<'a>(resource: &Resource<'a>) -> Key<'a> {
    (resource.group(), resource.identity)
}

/// What is built is sealed in one order, so equal resources are equal in order.
fn is_same(a: &Resource<'_>, b: &Resource<'_>) -> bool {
    a.node.same_in_order(b.node)
}

/// What each environment made of its base: an environment may itself be the base of others.
struct Layers<'m, 'a> {
    made: HashMap<Key<'a>, Vec<Layer<'m, 'a>>>,
}

struct Layer<'m, 'a> {
    environment: &'m str,
    overlay: &'m Resource<'a>,
    base: &'m Resource<'a>,
}

impl<'m, 'a> Layers<'m, 'a> {
    fn of(matrix: &Matrix<'m, 'a>) -> Self {
        let mut made: HashMap<Key<'a>, Vec<Layer<'m, 'a>>> = HashMap::new();
        for (environment, comparison) in &matrix.baselines {
            for &(at, other) in &comparison.pairing.matched {
                let overlay = &comparison.sides.overlay[other];
                made.entry(key(overlay)).or_default().push(Layer {
                    environment,
                    overlay,
                    base: &comparison.sides.base[at],
                });
            }
        }
        Self { made }
    }

    /// What a resource of an environment's base was made of, as far as all steps were judged.
    fn root(&self, base: &'m Resource<'a>, environment: &str) -> &'m Resource<'a> {
        let mut seen = vec![environment];
        let mut root = base;
        loop {
            let layers = self.made.get(&key(root)).into_iter().flatten();
            let mut below = layers.filter(|layer| {
                !seen.contains(&layer.environment)
                    && is_same(layer.overlay, root)
                    && !is_same(layer.base, root)
            });
            let Some(layer) = below.next() else {
                return root;
            };
            seen.push(layer.environment);
            root = layer.base;
        }
    }
}

/// Reports the changes of resources, but of those where a comparison with the base has told them.
///
/// `guides` are the resources of bases that may say what environments may touch.
fn check_changes<'m, 'a: 'm>(
    comparison: &Comparison<'_, 'a>,
    is_told: impl Fn(usize, usize) -> bool,
    guides: impl Fn(usize, usize) -> Vec<&'m Resource<'a>>,
    policy: &Policy,
    found: &mut Found,
) {
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    for (&(at, other), (pair, changes)) in comparison.pairing.matched.iter().zip(comparison.pairs())
    {
        if changes.is_empty() || is_told(at, other) {
            continue;
        }
        let mut guidances = vec![Guidance::default()];
        let guides = guides(at, other).into_iter();
        guidances.extend(guides.map(guidance));
        for classified in changes {
            let allows = |environment: &str| {
                guidances.iter().any(|guidance| {
                    verdict(policy, guidance, environment, pair, classified).is_allowed()
                })
            };
            if allows(comparison.sides.environment) || allows(comparison.sides.baseline) {
                continue;
            }
            let (change, class) = (&classified.change, classified.class);
            let headline = words::headline(change, class, environment, &baseline);
            let saying = Saying {
                headline,
                demand: RULE.summary,
                help: format!(
                    "Let {environment} and {baseline} say the same. {}",
                    words::permit(class, policy)
                ),
            };
            found.push(comparison.change_finding(RULE.id, pair, classified, saying));
        }
    }
}

/// Reports the resources that one of two environments lacks, but those that were judged as added or removed.
fn check_resources<'a>(
    comparison: &Comparison<'_, 'a>,
    early: &Origins<'_, 'a>,
    late: &Origins<'_, 'a>,
    found: &mut Found,
) {
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    let is_news = |own: &Origins<'_, 'a>, at: usize, other: &Origins<'_, 'a>| match own.of_one(at) {
        Origin::Untold => true,
        Origin::Added => false,
        Origin::Made { root, .. } => !other.holds(root),
    };
    let added = comparison.pairing.added.iter();
    let added = added.filter(|&&at| is_news(late, at, early));
    let added = added.map(|&at| (&comparison.sides.overlay[at], environment, &*baseline));
    let removed = comparison.pairing.removed.iter();
    let removed = removed.filter(|&&at| is_news(early, at, late));
    let removed = removed.map(|&at| (&comparison.sides.base[at], &*baseline, environment));
    for (resource, with, without) in added.chain(removed) {
        let headline = format!("the resource is in {with}, but not in {without}");
        let told = Told {
            message: format!(
                "{} is in {with}, but not in {without}. {}",
                words::resource(resource),
                RULE.summary
            ),
            headline,
            help: format!(
                "Give it to both, or set spec.rules.{}.severity in the ParityPolicy.",
                RULE.id
            ),
        };
        found.push(comparison.finding(RULE.id, resource, comparison.foreign_service(), told));
    }
}
