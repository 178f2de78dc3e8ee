//! Places with one cause: the changes of one line to several resources, many names or elements beside one another, and the
//! same change to many resources.
//!
//! A report shows the first of them and names the others.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;

use super::alike::{likeness, original, unjudged, values};
use super::family::{family, said};
use super::told::{Told, list_of};
use crate::catalog::RuleId;
use crate::finding::Finding;
use crate::survey::Survey;

/// Joins the changes of the same lines to several resources; the one that is nearest to the lines comes first.
pub(super) fn causes<'f>(survey: &Survey, all: Vec<Told<'f>>) -> Vec<Told<'f>> {
    let mut known: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
    let mut lines: HashMap<Vec<String>, usize> = HashMap::new();
    for (at, told) in all.iter().enumerate() {
        if let Some(cause) = cause(told) {
            known.entry(cause).or_default().push(at);
        }
        if let Some(line) = line(told).filter(|_| !is_of_siblings(told)) {
            lines.entry(line).or_insert(at);
        }
    }
    // The one that stands for it, if it is another.
    let mut nearest: Vec<Option<usize>> = vec![None; all.len()];
    for group in known.values().filter(|group| group.len() > 1) {
        let distance = |at: &usize| (Reverse(nearness(survey, all[*at].first)), *at);
        let Some(first) = group.iter().copied().min_by_key(distance) else {
            continue;
        };
        for &at in group.iter().filter(|&&at| at != first) {
            nearest[at] = Some(first);
        }
    }
    for (at, told) in all.iter().enumerate() {
        // A finding of a service is not repeated where another service loads it.
        let there = line(told).filter(|_| nearest[at].is_none() && is_of_siblings(told));
        if let Some(&there) = there.and_then(|line| lines.get(&line))
            && all[there].first.service() != told.first.service()
            && all[there].first.severity >= told.first.severity
        {
            nearest[at] = Some(nearest[there].unwrap_or(there));
        }
    }
    // A file that was copied says one thing, in however many services.
    let of_each = |_, told: &Told<'f>| told.all().map(original).collect::<Option<Vec<_>>>();
    gather(&all, &mut nearest, of_each);
    let sides = |told: &Told<'f>| told.all().map(Finding::sides).collect::<Vec<_>>();
    let list = |_, told: &Told<'f>| Some((list_of(told.first)?, sides(told)));
    gather(&all, &mut nearest, list);
    let of_each = |_, told: &Told<'f>| {
        let own = told.all().map(family).collect::<Option<Vec<_>>>()?;
        Some((own, sides(told)))
    };
    gather(&all, &mut nearest, of_each);
    // Those that stand for a family are alike where their families are.
    let mut names: HashMap<usize, Vec<String>> = HashMap::new();
    for (at, there) in nearest.iter().enumerate() {
        if let Some(name) = there.and_then(|_| said(all[at].first)) {
            names.entry(there.unwrap_or(at)).or_default().push(name);
        }
    }
    let of_each = |at: usize, told: &Told<'f>| {
        let alike = told.all().map(likeness).collect::<Option<Vec<_>>>()?;
        Some((alike, sides(told), names.get(&at)))
    };
    gather(&all, &mut nearest, of_each);
    gather(&all, &mut nearest, |_, told| unjudged(told.first));
    let mut repeats: Vec<Vec<Told<'f>>> = vec![Vec::new(); all.len()];
    for (at, told) in all.iter().enumerate() {
        // The one that stands for it may itself be joined to another one.
        let mut end = None;
        let mut next = nearest[at];
        while let Some(there) = next {
            end = Some(there);
            next = nearest[there];
        }
        if let Some(repeats) = end.and_then(|at| repeats.get_mut(at)) {
            repeats.push(told.clone());
        }
    }
    let told = all.into_iter().zip(repeats).zip(nearest);
    told.filter(|(_, nearest)| nearest.is_none())
        .map(|((told, repeats), _)| Told { repeats, ..told })
        .collect()
}

/// Lets the first of those that share a key and a weight stand for all of them.
fn gather<'f, K: Hash + Eq>(
    all: &[Told<'f>],
    nearest: &mut [Option<usize>],
    key: impl Fn(usize, &Told<'f>) -> Option<K>,
) {
    let mut groups: HashMap<_, Vec<usize>> = HashMap::new();
    for (at, told) in all.iter().enumerate() {
        if let Some(key) = key(at, told).filter(|_| nearest[at].is_none()) {
            let weight = (told.first.severity, told.first.is_exempt());
            groups.entry((key, weight)).or_default().push(at);
        }
    }
    for group in groups.values().filter(|group| group.len() > 1) {
        for &at in &group[1..] {
            nearest[at] = Some(group[0]);
        }
    }
}

/// Whether it is about environments that disagree, whatever the base says.
fn is_of_siblings(told: &Told<'_>) -> bool {
    told.first.rule == RuleId::EnvironmentMismatch
}

/// What findings have in common that the same lines have caused: the rule, the environments, their lines and the values.
fn cause(told: &Told<'_>) -> Option<Vec<String>> {
    let first = told.first;
    first.resource.as_ref()?;
    let mut out = vec![
        first.rule.to_string(),
        first.severity.id().to_owned(),
        first.is_exempt().to_string(),
    ];
    for finding in told.all() {
        let [own, base] = values(finding);
        let baseline = finding.baseline().unwrap_or_default().to_owned();
        out.extend(spot(finding)?.into_iter().chain([baseline, own, base]));
    }
    Some(out)
}

/// What findings of two services have in common that one of them has from the other: the resource, the environments, their lines and values.
fn line(told: &Told<'_>) -> Option<Vec<String>> {
    let first = told.first;
    let resource = first.resource.as_ref()?;
    let mut out = vec![
        resource.kind.clone(),
        resource.plain_name().to_owned(),
        first.is_exempt().to_string(),
    ];
    for finding in told.all() {
        let [own, _] = values(finding);
        out.extend(spot(finding)?.into_iter().chain([own]));
    }
    Some(out)
}

/// The environment of a finding, and where its line is; nothing if the line is unknown.
fn spot(finding: &Finding) -> Option<[String; 3]> {
    let place = finding.line()?;
    Some([
        finding.environment().unwrap_or_default().to_owned(),
        place.file.clone(),
        format!("{}:{}:{}", place.line, place.column, place.what),
    ])
}

/// How many directories the line of a finding and its environment share.
fn nearness(survey: &Survey, finding: &Finding) -> usize {
    let file = finding.place.as_ref().map_or("", |place| &place.file);
    let services = survey.services.iter();
    let mut environments = services
        .filter(|service| finding.service() == Some(&service.name))
        .flat_map(|service| &service.environments);
    let own = environments.find(|one| finding.environment() == Some(&one.name));
    let directory = own.map_or("", |one| &one.directory);
    let parts = directory.split('/').zip(file.split('/'));
    parts.take_while(|(one, other)| one == other).count()
}
