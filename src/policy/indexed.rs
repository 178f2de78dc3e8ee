//! Finds the permissions among thousands that may apply to a place of a resource.
//!
//! The caller tries the few that are found as a loop would, so the index only decides which ones
//! need not be tried.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use super::permits::{AllowedField, Exemption, Target};
use crate::catalog::RuleId;
use crate::finding::ResourceRef;
use crate::path::{Demand, Glob, Index, Pattern, Spot};

/// Up to this number, trying all of them is faster than any index.
const FEW: usize = 16;

/// The subject of a search.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The rule; `None` for a list that has no rules.
    pub rule: Option<RuleId>,
    /// The resource.
    pub resource: &'a ResourceRef,
    /// The names that the resource may have.
    pub names: &'a [&'a str],
    /// The place in it.
    pub place: &'a [Spot<'a>],
    /// The environment.
    pub environment: &'a str,
    /// The service.
    pub service: &'a str,
}

/// An entry of an index.
pub trait Entry {
    /// Adds this entry to an index under a number.
    fn add_to(&self, index: &mut Index, at: usize);
}

/// A list with an index that is built at its first use, and again after the list has changed.
pub struct Indexed<T> {
    all: Vec<T>,
    index: OnceLock<Box<Index>>,
}

impl<T: Entry> Indexed<T> {
    /// The entries that may apply to a subject, in order and with their numbers; no other entry
    /// applies.
    pub fn near(&self, about: About<'_>) -> impl Iterator<Item = (usize, &T)> {
        let found = if self.all.len() <= FEW {
            (0..self.all.len()).collect()
        } else {
            let rule = about.rule.map(RuleId::as_str);
            let namespace = about.resource.namespace.as_deref().unwrap_or("");
            let demands: [&[&str]; 4] = [
                rule.as_slice(),
                &[&about.resource.kind],
                about.names,
                &[namespace],
            ];
            let lists: [&[&str]; 2] = [&[about.service], &[about.environment]];
            self.index().find(&demands, about.place, &lists)
        };
        found
            .into_iter()
            .filter_map(|at| Some((at, self.all.get(at)?)))
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for (at, entry) in self.all.iter().enumerate() {
                entry.add_to(&mut index, at);
            }
            Box::new(index)
        })
    }
}

impl Entry for Exemption {
    fn add_to(&self, index: &mut Index, at: usize) {
        let lists = lists(&self.environments, &self.services);
        let rule = Demand::Text(self.rule.as_str());
        let demands = demands(rule, &self.target);
        index.add(at, &demands, self.path.as_ref(), &lists);
    }
}

impl Entry for AllowedField {
    fn add_to(&self, index: &mut Index, at: usize) {
        let lists = lists(&self.environments, &self.services);
        let demands = demands(Demand::Any, &self.target);
        index.add(at, &demands, Some(&self.path), &lists);
    }
}

impl Entry for Pattern {
    fn add_to(&self, index: &mut Index, at: usize) {
        let lists = lists(&[], &[]);
        index.add(at, &[Demand::Any; 4], Some(self), &lists);
    }
}

fn demands<'a>(rule: Demand<'a>, target: &'a Target) -> [Demand<'a>; 4] {
    [
        rule,
        Demand::of(target.kind.as_ref()),
        Demand::of(target.name.as_ref()),
        Demand::of(target.namespace.as_ref()),
    ]
}

fn lists<'a>(environments: &'a [String], services: &'a [Glob]) -> [Vec<Demand<'a>>; 2] {
    const MAX_PRODUCT: usize = 256;
    let any = || vec![Demand::Any];
    let is_long = environments.len().saturating_mul(services.len()) > MAX_PRODUCT;
    [
        match services {
            [] => any(),
            globs => globs.iter().map(Demand::Glob).collect(),
        },
        match environments {
            [] => any(),
            // Searching both lists costs their sum, and not their product.
            _ if is_long => any(),
            names => names.iter().map(|name| Demand::Text(name)).collect(),
        },
    ]
}

impl<T> From<Vec<T>> for Indexed<T> {
    fn from(all: Vec<T>) -> Self {
        Self {
            all,
            index: OnceLock::new(),
        }
    }
}

impl<T> Default for Indexed<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T: Clone> Clone for Indexed<T> {
    fn clone(&self) -> Self {
        self.all.clone().into()
    }
}

impl<T: fmt::Debug> fmt::Debug for Indexed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all.fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Indexed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.all == other.all
    }
}

impl<T: Eq> Eq for Indexed<T> {}

impl<T> Deref for Indexed<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.all
    }
}

impl<T> DerefMut for Indexed<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        self.index.take();
        &mut self.all
    }
}
