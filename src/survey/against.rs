//! A survey beside an earlier one: its new findings, the known ones, and the fixed ones.
//!
//! A branch answers for what it adds. So findings from before are neither shown nor fail a run; they are counted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Against, State, Survey};
use crate::catalog::RuleId;
use crate::finding::Finding;
use crate::text::without_hash;

/// The result of an earlier check.
#[derive(Clone, Copy, Debug)]
pub struct Before<'b> {
    /// The name that people use for it.
    pub name: &'b str,
    /// The earlier services and findings.
    pub survey: &'b Survey,
    /// Services by their earlier names, if those have changed.
    pub renamed: &'b BTreeMap<String, String>,
}

/// A service with one of its environments.
pub type Judged = BTreeSet<(String, String)>;

impl Survey {
    /// The environments that were judged, with their services.
    #[must_use]
    pub fn judged(&self) -> Judged {
        let services = self.services.iter();
        let environments = services.flat_map(|service| {
            let judged = service.environments.iter();
            let judged = judged.filter(|one| one.state == State::Judged);
            judged.map(|one| (service.name.clone(), one.name.clone()))
        });
        environments.collect()
    }

    /// Removes findings from the fixed ones that still exist under the earlier policy: they are only permitted now.
    pub fn leave_permitted(&mut self, renamed: &BTreeMap<String, String>, there: &[Finding]) {
        let Some(against) = &mut self.against else {
            return;
        };
        let own = |finding: &Finding| finding.service().map(str::to_owned);
        let there = there
            .iter()
            .map(|finding| Identity::of(finding, own(finding)));
        let there: BTreeSet<Identity> = there.collect();
        against.fixed.retain(|finding| {
            let service = own(finding).map(|own| renamed.get(&own).cloned().unwrap_or(own));
            !there.contains(&Identity::of(finding, service))
        });
    }

    /// Keeps only the new findings in the report, and adds the known and the fixed ones beside it.
    ///
    /// Known findings neither count nor fail. Findings in places that this check left out are neither known nor fixed.
    #[must_use]
    pub fn against(mut self, before: Before<'_>) -> Self {
        let earlier = before.survey;
        let old = earlier.against.iter().flat_map(|against| &against.known);
        let old: Vec<&Finding> = earlier.report.findings.iter().chain(old).collect();
        let name_of = |finding: &Finding| -> Option<String> {
            let own = finding.service()?;
            let name = before.renamed.get(own).map_or(own, String::as_str);
            Some(name.to_owned())
        };
        let mut left: BTreeMap<Identity, Vec<usize>> = BTreeMap::new();
        for (at, finding) in old.iter().enumerate() {
            let identity = Identity::of(finding, name_of(finding));
            left.entry(identity).or_default().push(at);
        }
        let mut is_left = vec![true; old.len()];
        let (mut new, mut known) = (Vec::new(), Vec::new());
        let own = |finding: &Finding| finding.service().map(str::to_owned);
        let findings = std::mem::take(&mut self.report.findings);
        // Of several equal ones, those with the same message and file are paired first.
        let mut partner = vec![None; findings.len()];
        for is_exact in [true, false] {
            for (finding, partner) in findings.iter().zip(&mut partner) {
                if partner.is_some() {
                    continue;
                }
                let Some(same) = left.get_mut(&Identity::of(finding, own(finding))) else {
                    continue;
                };
                let found = same
                    .iter()
                    .position(|&at| !is_exact || looks_like(finding, old[at]));
                if let Some(found) = found {
                    let at = same.remove(found);
                    is_left[at] = false;
                    *partner = Some(at);
                }
            }
        }
        for (finding, partner) in findings.into_iter().zip(partner) {
            if partner.is_some() {
                known.push(finding);
            } else {
                new.push(finding);
            }
        }
        // A place whose value has changed is a new finding, and not also a fixed one.
        let changed: BTreeSet<Identity> = new
            .iter()
            .map(|finding| Identity::of(finding, own(finding)).without_values())
            .collect();
        let judged = self.judged();
        let looked_at: BTreeSet<&str> = self
            .services
            .iter()
            .map(|service| service.name.as_str())
            .collect();
        let is_seen = |finding: &Finding| match (name_of(finding), finding.environment()) {
            (None, _) => true,
            (Some(service), None) => looked_at.contains(service.as_str()),
            (Some(service), Some(environment)) => {
                judged.contains(&(service, environment.to_owned()))
            }
        };
        let fixed = old.iter().zip(is_left).filter(|(finding, is_left)| {
            let is_changed = || {
                let identity = Identity::of(finding, name_of(finding));
                changed.contains(&identity.without_values())
            };
            *is_left && is_seen(finding) && !is_changed()
        });
        let fixed = fixed.map(|(finding, _)| (*finding).clone()).collect();
        self.against = Some(Against {
            name: before.name.to_owned(),
            known,
            fixed,
        });
        self.report.findings = new;
        let fail_on = self.report.failing();
        self.report.count(fail_on);
        self
    }
}

/// The parts that make a finding the same one in two checks: everything that [`Survey::against`] compares.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    rule: &'static str,
    service: Option<String>,
    environment: Option<String>,
    resource: Option<[String; 4]>,
    path: Option<String>,
    values: [Option<String>; 2],
}

impl Identity {
    fn of(finding: &Finding, service: Option<String>) -> Self {
        let resource = finding.resource.as_ref().map(|resource| {
            let group = resource.api_version.split_once('/');
            [
                group.map_or("", |(group, _)| group).to_owned(),
                resource.kind.clone(),
                resource.namespace.clone().unwrap_or_default(),
                resource.plain_name().to_owned(),
            ]
        });
        let field = finding.field.as_ref();
        let values = match field {
            Some(field) => [&field.base, &field.overlay].map(|value| value.as_ref().map(plain)),
            // A finding without a field has the amount, or the name, in its headline.
            None if resource.is_none() => {
                [Some(what_happened(&finding.headline)), dead_line(finding)]
            }
            None => [None, None],
        };
        Self {
            rule: finding.rule.as_str(),
            service,
            environment: finding.environment().map(str::to_owned),
            resource,
            path: field.map(|field| field.path.to_string()),
            values,
        }
    }

    fn without_values(self) -> Self {
        Self {
            values: [None, None],
            ..self
        }
    }
}

/// Whether two findings of one identity also have the same message, and are in the same file.
fn looks_like(one: &Finding, other: &Finding) -> bool {
    let file = |finding: &Finding| finding.place.as_ref().map(|place| place.file.clone());
    one.headline == other.headline && file(one) == file(other)
}

/// A value as text, in which names that kustomize generates have no hash.
fn plain(value: &Value) -> String {
    fn strip(value: &mut Value) {
        match value {
            Value::String(text) => {
                let plain = without_hash(text).len();
                text.truncate(plain);
            }
            Value::Array(all) => all.iter_mut().for_each(strip),
            Value::Object(all) => all.values_mut().for_each(strip),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut value = value.clone();
    strip(&mut value);
    value.to_string()
}

/// A headline without the additions about exemptions: days, and numbers that change with the entries before.
fn what_happened(headline: &str) -> String {
    const ADDED: [&str; 2] = [" (exempt until ", " (spec.exemptions["];
    let end = ADDED.iter().filter_map(|added| headline.find(added)).min();
    let headline = &headline[..end.unwrap_or(headline.len())];
    let Some((before, rest)) = headline.split_once("spec.exemptions[") else {
        return headline.to_owned();
    };
    let rest = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
    format!("{before}spec.exemptions[{rest}")
}

/// The line of a dead patch: nothing else distinguishes one from another.
fn dead_line(finding: &Finding) -> Option<String> {
    let place = finding.place.as_ref()?;
    let source = place.source.as_ref()?;
    (finding.rule == RuleId::DeadPatch).then(|| source.trim().to_owned())
}
