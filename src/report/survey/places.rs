//! One finding a place: what several environments do alike is told once, with what each of them says there.

use std::borrow::{Borrow, Cow};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::iter;

use crate::catalog::Severity;
use crate::finding::Finding;
use crate::report::fingerprint::group;
use crate::report::text::comparison;

/// A finding, and the same one of other environments.
#[derive(Clone, Debug)]
pub(super) struct Told<'f> {
    /// The one of the first environment.
    pub first: &'f Finding,
    /// Those of the others.
    pub others: Vec<&'f Finding>,
}

impl Borrow<Finding> for Told<'_> {
    fn borrow(&self) -> &Finding {
        self.first
    }
}

impl<'f> Told<'f> {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &'f Finding> {
        iter::once(self.first).chain(self.others.iter().copied())
    }

    /// Whether another one is about the same environments, against the same one.
    pub fn is_of_one_side(&self, other: &Self) -> bool {
        self.others.len() == other.others.len()
            && self
                .all()
                .map(Finding::sides)
                .eq(other.all().map(Finding::sides))
    }

    /// The environments, as a person lists them; nothing where it is about none.
    pub fn environments(&self) -> Option<String> {
        let names: Option<Vec<&str>> = self.all().map(Finding::environment).collect();
        let names = names?;
        let (last, others) = names.split_last()?;
        Some(if others.is_empty() {
            (*last).to_owned()
        } else {
            format!("{} and {last}", others.join(", "))
        })
    }

    /// What happened in all of them.
    pub fn headline(&self) -> Cow<'f, str> {
        match self.environments() {
            Some(names) if !self.others.is_empty() => Cow::Owned(renamed(self.first, &names)),
            _ => Cow::Borrowed(&self.first.headline),
        }
    }

    /// `dev, staging and production against base`; nothing where it is about no environment.
    pub fn who(&self) -> Option<String> {
        if self.others.is_empty() {
            return comparison(self.first);
        }
        let environments = self.environments()?;
        Some(match self.first.baseline() {
            Some(baseline) => format!("{environments} against {baseline}"),
            None => environments,
        })
    }
}

/// The headline of a finding, where the environment has another name.
fn renamed(finding: &Finding, name: &str) -> String {
    let Some(own) = finding.environment() else {
        return finding.headline.clone();
    };
    let mut out = String::new();
    let mut rest = finding.headline.as_str();
    let mark = format!(" in {own}");
    while let Some((before, after)) = rest.split_once(&mark) {
        let is_name = after.is_empty() || after.starts_with(',');
        out.extend([before, " in ", if is_name { name } else { own }]);
        rest = after;
    }
    out + rest
}

/// Puts together what says the same of one place, in the order of the findings; of a service, what several environments share comes first.
pub(super) fn places<'f>(findings: &[&'f Finding]) -> Vec<Told<'f>> {
    let mut all: Vec<Told<'f>> = Vec::new();
    let mut known: HashMap<_, usize> = HashMap::new();
    for &finding in findings {
        let place = group(finding).map(|place| {
            let weight = (finding.severity, finding.is_exempt());
            (place, weight, finding.baseline(), renamed(finding, ""))
        });
        let there = place.as_ref().and_then(|place| known.get(place));
        match there.map(|&at| &mut all[at]) {
            // Two that an environment has at one place are two.
            Some(told)
                if told
                    .all()
                    .all(|one| one.environment() != finding.environment()) =>
            {
                told.others.push(finding);
            }
            _ => {
                known.extend(place.map(|place| (place, all.len())));
                all.push(Told {
                    first: finding,
                    others: Vec::new(),
                });
            }
        }
    }
    let of_one = |a: &Told<'_>, b: &Told<'_>| {
        (a.first.service(), a.first.severity) == (b.first.service(), b.first.severity)
    };
    for service in all.chunk_by_mut(of_one) {
        // The sort is stable, so what one environment has stays as it was.
        service.sort_by_key(|told| match told.others.len() {
            0 => (1, None, None),
            _ => (0, told.environments(), told.first.baseline()),
        });
    }
    all
}

/// The places of one side together; the sides, and what each of them has, with the heaviest first.
pub(super) fn sides_by_weight<'f>(findings: &[&'f Finding]) -> Vec<Vec<Told<'f>>> {
    let all = places(findings);
    let sides = all.chunk_by(Told::is_of_one_side);
    let mut sides: Vec<Vec<Told<'f>>> = sides.map(<[_]>::to_vec).collect();
    let weight = |told: &Told<'_>| Reverse(told.first.severity);
    for side in &mut sides {
        side.sort_by_key(weight);
    }
    sides.sort_by_key(|side| side.first().map_or(Reverse(Severity::Ignore), weight));
    sides
}
