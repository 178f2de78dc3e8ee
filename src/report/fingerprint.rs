//! Fingerprints, which identify a finding across runs.
//!
//! Code scanning and code quality use them to distinguish new findings from known ones, and to
//! remember dismissed ones.

use std::collections::BTreeMap;

use crate::catalog::RuleId;
use crate::finding::{Finding, ResourceRef};
use crate::naming::without_own;
use crate::survey::Survey;
use crate::text;

/// The fingerprints of the findings of one run, in order: 32 hexadecimal digits each, all
/// different.
///
/// They are made of the service, the two environments, the rule, the resource and the field's path.
/// So they survive moved lines, changed values, reworded messages and a new version of the
/// resource's API. Findings that agree in all of these are numbered.
#[must_use]
pub fn fingerprints(findings: &[Finding]) -> Vec<String> {
    let mut seen: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    let fingerprint_of = |finding| {
        let identity = identity(finding);
        let ordinal = seen.entry(identity.clone()).or_default();
        let counted = [&identity[..], &ordinal.to_be_bytes()].concat();
        *ordinal += 1;
        text::hex(&text::sha256(&counted)[..16])
    };
    findings.iter().map(fingerprint_of).collect()
}

/// The fingerprints of the new, known and fixed findings of a survey; all different.
///
/// Known findings come first, so that they keep their fingerprints.
#[must_use]
pub fn of_survey(survey: &Survey) -> [Vec<String>; 3] {
    let new = &survey.report.findings;
    let Some(against) = &survey.against else {
        return [fingerprints(new), Vec::new(), Vec::new()];
    };
    let known = against.known.iter();
    let all: Vec<Finding> = known.chain(new).chain(&against.fixed).cloned().collect();
    let mut known = fingerprints(&all);
    let mut new_ones = known.split_off(against.known.len());
    let fixed = new_ones.split_off(new.len());
    [new_ones, known, fixed]
}

/// The group of the findings at one place: the service, the rule, the resource's name in the base
/// and the field's path.
///
/// It is 32 hexadecimal digits if several findings share it, and `None` otherwise.
#[must_use]
pub fn groups(findings: &[Finding]) -> Vec<Option<String>> {
    let mut sizes: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    let keys: Vec<_> = findings.iter().map(group).collect();
    for key in keys.iter().flatten() {
        *sizes.entry(key.clone()).or_default() += 1;
    }
    let named = |key: Option<Vec<u8>>| {
        let key = key.filter(|key| sizes.get(key).is_some_and(|size| *size > 1))?;
        Some(text::hex(&text::sha256(&key)[..16]))
    };
    keys.into_iter().map(named).collect()
}

/// The place of a finding about an environment's resource, or the reason for a failed build; `None`
/// for other findings.
#[must_use]
pub fn group(finding: &Finding) -> Option<Vec<u8>> {
    let environment = finding.environment()?;
    if finding.rule == RuleId::BuildFailure {
        let own = format!("{environment} of service ");
        let headline = finding.headline.replacen(&own, "", 1);
        let service = finding.service().unwrap_or_default();
        return Some(joined(&[service, finding.rule.as_str(), &headline]));
    }
    let resource = finding.resource.as_ref()?;
    let path = finding.field.as_ref().map(|field| field.path.to_string());
    // What each environment adds with its own name in it is one resource.
    let own = |name: &str| without_own(name, environment).unwrap_or_else(|| name.to_owned());
    let name = match &finding.base_name {
        Some(name) => name.clone(),
        None => own(written_name(finding).unwrap_or_else(|| resource.plain_name())),
    };
    Some(joined(&[
        finding.service().unwrap_or_default(),
        finding.rule.as_str(),
        &resource.kind,
        &name,
        path.as_deref().unwrap_or_default(),
    ]))
}

/// The name of an added resource as written, without the prefix and suffix of each environment.
fn written_name(finding: &Finding) -> Option<&str> {
    let place = finding.place.as_ref()?;
    let source = place.source.as_deref()?;
    let start = source.char_indices().nth(place.column.checked_sub(1)?)?.0;
    let (before, name) = source.split_at(start);
    let end = name.char_indices().nth(place.length);
    let name = end.map_or(name, |(end, _)| &name[..end]);
    let is_name = before.trim_end().ends_with("name:") && !name.is_empty();
    (finding.rule == RuleId::AddedResource && is_name).then_some(name)
}

/// The parts that identify a finding.
fn identity(finding: &Finding) -> Vec<u8> {
    let [service, environment, baseline] = finding.sides();
    let resource = finding.resource.as_ref();
    let path = finding.field.as_ref().map(|field| field.path.to_string());
    joined(&[
        service.unwrap_or_default(),
        environment.unwrap_or_default(),
        baseline.unwrap_or_default(),
        finding.rule.as_str(),
        resource.map_or("", |resource| &resource.kind),
        resource
            .and_then(|resource| resource.namespace.as_deref())
            .unwrap_or_default(),
        resource.map_or("", ResourceRef::plain_name),
        path.as_deref().unwrap_or_default(),
    ])
}

/// Joins parts, each with its length before it so that different lists never give the same text.
fn joined(parts: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{at, change, findings};
    use super::*;
    use crate::catalog::RuleId;
    use crate::finding::{Compared, Name, Place};
    use serde_json::json;

    #[test]
    fn a_fingerprint_is_of_the_place_and_not_of_the_words() {
        let finding = change("web", "spec.x", json!(1), json!(2));
        let [known] = fingerprints(std::slice::from_ref(&finding))
            .try_into()
            .unwrap();
        // A change of this value makes every known finding a new one.
        assert_eq!(known, "1073974b7ed467290cbce03afc0d0c49");
        let mut moved = finding.clone();
        moved.message = "other words".to_owned();
        moved.help.clear();
        moved.field.as_mut().unwrap().overlay = Some(json!(3));
        moved.resource.as_mut().unwrap().api_version = "apps/v2".to_owned();
        moved.place = Some(Place {
            file: "a.yaml".to_owned(),
            line: 7,
            column: 1,
            length: 1,
            what: "patch".to_owned(),
            source: None,
        });
        assert_eq!(fingerprints(&[moved])[0], known);
        let others: [fn(&mut Finding); 7] = [
            |finding| finding.service = Name::new("x"),
            |finding| finding.compared = Compared::with_base("x", "base"),
            |finding| finding.compared = Compared::with_base("production", "x"),
            |finding| finding.rule = RuleId::Image,
            |finding| finding.resource.as_mut().unwrap().kind.push('x'),
            |finding| finding.resource.as_mut().unwrap().namespace = Some("x".to_owned()),
            |finding| finding.field.as_mut().unwrap().path = at("spec.y", "spec.y"),
        ];
        for change in others {
            let mut other = finding.clone();
            change(&mut other);
            assert_ne!(fingerprints(&[other])[0], known);
        }
    }

    #[test]
    fn the_position_of_an_element_does_not_count() {
        let prints = ["spec[0]", "spec[1]"].map(|indexed| {
            let mut finding = change("web", "", json!(1), json!(2));
            finding.field.as_mut().unwrap().path = at("spec[name=a]", indexed);
            fingerprints(&[finding])
        });
        assert_eq!(prints[0], prints[1]);
    }

    #[test]
    fn all_fingerprints_of_a_run_differ() {
        let mut all = findings();
        all.extend(findings());
        let mut prints = fingerprints(&all);
        let count = prints.len();
        prints.sort();
        prints.dedup();
        assert_eq!(prints.len(), count);
        assert!(prints.iter().all(|print| print.len() == 32));
    }

    #[test]
    fn hashes_of_generators_do_not_count() {
        let mut resource = ResourceRef {
            kind: "ConfigMap".to_owned(),
            name: "settings-7hf9k8m2b5".to_owned(),
            ..ResourceRef::default()
        };
        assert_eq!(resource.plain_name(), "settings");
        resource.kind = "Deployment".to_owned();
        assert_eq!(resource.plain_name(), "settings-7hf9k8m2b5");
    }
}
