//! Where an environment's resources come from: a base that was judged, the environment itself, or an unknown place.

use std::collections::HashMap;

use crate::resource::{Key, Resource};
use crate::rules::matrix::Matrix;

/// Where a resource of an environment comes from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'m, 'a> {
    /// The environment was compared with no base.
    Untold,
    /// The environment has added it, which was judged.
    Added,
    /// It was made of this resource of its base, which was made of this one of the lowest base; all steps were judged.
    Made {
        base: &'m Resource<'a>,
        root: &'m Resource<'a>,
    },
}

impl<'m, 'a> Origin<'m, 'a> {
    pub(super) fn base(self) -> Option<&'m Resource<'a>> {
        match self {
            Self::Made { base, .. } => Some(base),
            _ => None,
        }
    }
}

/// Where the resources of an environment come from.
pub(super) struct Origins<'m, 'a> {
    /// By index; `None` if the environment was compared with no base.
    known: Option<HashMap<usize, Origin<'m, 'a>>>,
    /// All that its base holds, traced to the bottom of all layers.
    roots: HashMap<Key<'a>, Vec<&'m Resource<'a>>>,
}

impl<'m, 'a> Origins<'m, 'a> {
    pub(super) fn of(matrix: &Matrix<'m, 'a>, layers: &Layers<'m, 'a>, environment: &str) -> Self {
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
            by_key.entry(root.key()).or_default().push(root);
        }
        Self {
            known: Some(known),
            roots: by_key,
        }
    }

    pub(super) fn of_one(&self, at: usize) -> Origin<'m, 'a> {
        match &self.known {
            None => Origin::Untold,
            Some(known) => known.get(&at).copied().unwrap_or(Origin::Added),
        }
    }

    /// Whether the base holds a resource.
    pub(super) fn holds(&self, root: &Resource<'a>) -> bool {
        let alike = self.roots.get(&root.key()).into_iter().flatten();
        alike.into_iter().any(|own| is_same(own, root))
    }
}

/// Built resources are sealed in one order, so equal resources are equal in order.
pub(super) fn is_same(a: &Resource<'_>, b: &Resource<'_>) -> bool {
    a.node.same_in_order(b.node)
}

/// The resources that each environment made of its base: an environment may itself be the base of others.
pub(super) struct Layers<'m, 'a> {
    made: HashMap<Key<'a>, Vec<Layer<'m, 'a>>>,
}

struct Layer<'m, 'a> {
    environment: &'m str,
    overlay: &'m Resource<'a>,
    base: &'m Resource<'a>,
}

impl<'m, 'a> Layers<'m, 'a> {
    pub(super) fn of(matrix: &Matrix<'m, 'a>) -> Self {
        let mut made: HashMap<Key<'a>, Vec<Layer<'m, 'a>>> = HashMap::new();
        for (environment, comparison) in &matrix.baselines {
            for &(at, other) in &comparison.pairing.matched {
                let overlay = &comparison.sides.overlay[other];
                made.entry(overlay.key()).or_default().push(Layer {
                    environment,
                    overlay,
                    base: &comparison.sides.base[at],
                });
            }
        }
        Self { made }
    }

    /// The resource that one of an environment's base was made of, as far as all steps were judged.
    pub(super) fn root(&self, base: &'m Resource<'a>, environment: &str) -> &'m Resource<'a> {
        let mut seen = vec![environment];
        let mut root = base;
        loop {
            let layers = self.made.get(&root.key()).into_iter().flatten();
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
