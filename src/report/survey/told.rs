//! A combined finding as people see it: one finding, the same one in other environments, and the
//! other effects of the same lines.

use std::borrow::{Borrow, Cow};
use std::iter;

use super::alike::likeness;
use super::{family, resource_name};
use crate::catalog::RuleId;
use crate::finding::{self, Finding};
use crate::path::argument::Named;
use crate::path::{FieldPath, Segment};
use crate::report::advice::{Advice, Said};
use crate::report::text::{both_values, comparison};

/// A finding, and the same one in other environments.
#[derive(Clone, Debug)]
pub(super) struct Told<'f> {
    /// The finding of the first environment.
    pub first: &'f Finding,
    /// Those of the other environments.
    pub others: Vec<&'f Finding>,
    /// The other effects of the same lines in the same environments.
    pub repeats: Vec<Self>,
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

    /// What else has this cause, as a person lists it: resources, other services, other places of the same resource.
    pub fn also(&self) -> Vec<String> {
        const MAX: usize = 40;
        let mut all: Vec<String> = Vec::new();
        // Of another resource that is alike, the family is as this one's.
        let is_news = |one: &&Self| {
            one.first.resource == self.first.resource
                || family::family(one.first).is_none()
                || is_alike(self.first, one.first)
        };
        let repeats: Vec<&Self> = self.repeats.iter().filter(is_news).collect();
        all.extend(repeats.iter().take(MAX).map(|one| self.name(one)));
        let left = repeats.len().saturating_sub(MAX);
        if left > 0 {
            all.push(format!("{left} more"));
        }
        all
    }

    /// How a reader names another place that is reported with this one.
    fn name(&self, repeat: &Self) -> String {
        let repeat = repeat.first;
        if list_of(self.first).is_some() && list_of(repeat) == list_of(self.first) {
            return element(repeat);
        }
        let own_family = family::family(self.first);
        if own_family.is_some() && family::family(repeat) == own_family {
            return family::said(repeat).unwrap_or_default();
        }
        if repeat.rule == RuleId::BuildFailure {
            let (service, environment) = (repeat.service(), repeat.environment());
            let of = service.map(|service| format!("of service {service}"));
            let all = [environment.map(str::to_owned), of];
            return all.into_iter().flatten().collect::<Vec<_>>().join(" ");
        }
        if repeat.rule == RuleId::DeadPatch
            && repeat.environment() != self.first.environment()
            && let (Some(environment), Some(place)) = (repeat.environment(), &repeat.place)
        {
            return format!("{environment} ({}:{})", place.file, place.line);
        }
        if repeat.rule == RuleId::UnjudgedOverlay {
            let (file, _) = repeat.headline.split_once(' ').unwrap_or_default();
            return file.to_owned();
        }
        let path = |finding: &Finding| finding.field.as_ref().map(|field| field.path.to_string());
        let mut out = String::new();
        if repeat.resource != self.first.resource {
            out = resource_name(repeat).unwrap_or_default();
        }
        let repeated = path(repeat);
        let is_inside = is_alike(self.first, repeat) && !out.is_empty();
        if repeated != path(self.first) && !is_inside {
            out.push_str(if out.is_empty() { "" } else { " at " });
            out.push_str(&repeated.unwrap_or_default());
        }
        if repeat.service() != self.first.service() {
            out.push_str(if out.is_empty() { "" } else { " " });
            out.push_str("in service ");
            out.push_str(repeat.service().unwrap_or_default());
        }
        if out.is_empty()
            && let Some(place) = &repeat.place
        {
            // Two entries of one file.
            out = format!("line {}", place.line);
        }
        out
    }

    /// The advice for it: one entry permits all of it.
    pub fn said(&self, advice: &mut Advice<'f>) -> Said<'f> {
        let said = advice.of(self.first);
        let others: Vec<String> = self
            .repeats
            .iter()
            .filter_map(|one| advice.also(one.first, &one.permit()))
            .collect();
        if said.permit.is_empty() {
            return Said { others, ..said };
        }
        let mut permit = self.permit();
        if said.permit.starts_with(finding::ENTRY)
            && let Some(at) = permit.find(finding::ENTRY)
        {
            permit.drain(..at);
        }
        let permit = Cow::Owned(permit);
        Said {
            permit,
            others,
            ..said
        }
    }

    /// What to do about it, if it is printed alone.
    pub fn advice(&self) -> String {
        finding::advice(&self.first.help, &self.permit())
    }

    /// How to permit all of them; empty if no policy can.
    pub fn permit(&self) -> String {
        let mut permit = self.first.permit.clone();
        for key in ["environments", "services"] {
            let all = self.every().map(|one| one.permit.as_str());
            if let Some(joined) = joined(&permit, all, key) {
                permit = joined;
            }
        }
        let own = without_lists(&self.first.permit);
        let is_other = |one: &Finding| without_lists(&one.permit) != own;
        if !permit.is_empty() && self.every().any(is_other) {
            let at = permit.find(finding::ENTRY).unwrap_or(permit.len());
            permit.insert_str(
                at,
                " The other places need their own entries, or one entry that matches all of them.",
            );
        }
        permit
    }

    /// All of them, including the other effects of the same lines.
    pub fn every(&self) -> impl Iterator<Item = &'f Finding> {
        let elsewhere = self.repeats.iter().flat_map(Self::all);
        self.all().chain(elsewhere)
    }

    /// Whether another one is about the same environments and the same baseline.
    pub fn is_of_one_side(&self, other: &Self) -> bool {
        self.others.len() == other.others.len()
            && self
                .all()
                .map(Finding::sides)
                .eq(other.all().map(Finding::sides))
    }

    /// The environments, as a list for people; `None` if it is about none.
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

    /// The common headline.
    pub fn headline(&self) -> Cow<'f, str> {
        match self.environments() {
            Some(names) if !self.others.is_empty() => Cow::Owned(renamed(self.first, &names)),
            _ => Cow::Borrowed(&self.first.headline),
        }
    }

    /// `dev, staging and production against base`; `None` if it is about no environment.
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

/// Whether two findings say the same of two resources.
fn is_alike(one: &Finding, other: &Finding) -> bool {
    let (one, other) = (likeness(one), likeness(other));
    one.is_some() && one == other
}

/// The headline of a finding, with another name for the environment.
pub(super) fn renamed(finding: &Finding, name: &str) -> String {
    let Some(own) = finding.environment() else {
        return finding.headline.clone();
    };
    let mut out = String::new();
    let mut rest = finding.headline.as_str();
    if finding.rule == RuleId::BuildFailure
        && let Some((before, after)) = rest.split_once(&format!("{own} of service "))
    {
        let after = if before.is_empty() && name.contains(" and ") {
            Cow::Owned(after.replacen(" does not build: ", " do not build: ", 1))
        } else {
            Cow::Borrowed(after)
        };
        return format!("{before}{name} of service {after}");
    }
    let mark = format!(" in {own}");
    while let Some((before, after)) = rest.split_once(&mark) {
        let is_name = after.is_empty() || after.starts_with(',');
        out.extend([before, " in ", if is_name { name } else { own }]);
        rest = after;
    }
    out + rest
}

/// An entry of a policy without the joined lists.
fn without_lists(permit: &str) -> String {
    let mut out = permit.to_owned();
    for key in ["environments", "services"] {
        let mark = format!(", {key}: [");
        if let Some((before, rest)) = out.split_once(&mark)
            && let Some((_, after)) = rest.split_once(']')
        {
            out = format!("{before}{after}");
        }
    }
    out
}

/// The list without keys whose element a finding is about; with the service, the resource and the
/// rule.
pub(super) fn list_of(finding: &Finding) -> Option<(&str, [&str; 2], RuleId, String)> {
    let field = finding.field.as_ref()?;
    let (element, outer) = field.path.spots().split_last()?;
    let is_plain = match element.segment.named() {
        // An order is not an element, and would be listed as all of them.
        Some(named) => named != Named::Order,
        None => matches!(element.segment, Segment::Index(_) | Segment::Value(_)),
    };
    let list = FieldPath::new(outer.to_vec()).to_string();
    let resource = finding.resource.as_ref()?;
    let service = finding.service().unwrap_or_default();
    let resource = [resource.kind.as_str(), resource.name.as_str()];
    is_plain.then_some((service, resource, finding.rule, list))
}

/// The change of an element of a list.
fn element(finding: &Finding) -> String {
    let Some(field) = &finding.field else {
        return String::new();
    };
    let (base, overlay) = both_values(field);
    match (&field.base, &field.overlay) {
        (Some(_), Some(_)) => format!("{base} → {overlay}"),
        (Some(_), None) => format!("{base} (removed)"),
        _ => format!("{overlay} (added)"),
    }
}

/// Joins entries of a policy that differ only in the list under a key; `None` if they differ in
/// more.
fn joined<'p>(permit: &'p str, others: impl Iterator<Item = &'p str>, key: &str) -> Option<String> {
    let mark = format!(", {key}: [");
    let parts = |permit: &'p str| {
        let (before, rest) = permit.split_once(&mark)?;
        let (names, after) = rest.split_once(']')?;
        Some((before, names, after))
    };
    let (before, names, after) = parts(permit)?;
    let mut all = vec![names];
    for other in others {
        match parts(other) {
            Some((one, names, two)) if (one, two) == (before, after) && !all.contains(&names) => {
                all.push(names);
            }
            _ => {}
        }
    }
    Some(format!("{before}{mark}{}]{after}", all.join(", ")))
}
