//! Phrases that several formats share: the verdict in one line, and the place and subject of a
//! finding.

use std::borrow::{Borrow, Cow};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::finding::{Finding, Totals};
use crate::report::text::{counted, counts};
use crate::survey::{Against, State, Survey};
use crate::text::{one_line, without_commands};

/// The longest name of the report that a survey was compared with, in characters.
const MAX_NAME: usize = 200;

/// The indexes of findings, the most severe first, otherwise in the report's order.
///
/// If there is not room for all, the least severe ones are omitted.
pub(super) fn heaviest_first<F: Borrow<Finding>>(findings: &[F]) -> Vec<usize> {
    let mut indexes: Vec<_> = (0..findings.len()).collect();
    indexes.sort_by_key(|&index| Reverse(findings[index].borrow().severity));
    indexes
}

/// The name of the other side of a finding.
pub(super) fn baseline_name(finding: &Finding) -> &str {
    finding.baseline().unwrap_or("base")
}

/// The name of the judged side of a finding.
pub(super) fn environment_name(finding: &Finding) -> &str {
    finding.environment().unwrap_or("overlay")
}

/// A file and a line for programs that require one: the finding's own, else the judged
/// kustomization.
///
/// The line is only given if it is known.
pub(super) fn location<'a>(
    survey: &'a Survey,
    finding: &'a Finding,
) -> (Cow<'a, str>, Option<usize>) {
    if let Some(place) = &finding.place {
        return (Cow::Borrowed(&place.file), Some(place.line));
    }
    let services = survey.services.iter();
    let service = services
        .into_iter()
        .find(|one| finding.service() == Some(&one.name));
    let directory = service.and_then(|service| {
        let environments = service.environments.iter();
        let mut there = environments.filter(|one| !one.directory.is_empty());
        let any = there.clone().next().map(|one| &one.directory);
        let own = there.find(|one| finding.environment() == Some(&one.name));
        own.map(|one| &one.directory)
            .or(service.bases.first())
            .or(any)
    });
    match directory {
        Some(directory) => (kustomization_of(directory), None),
        None => (Cow::Borrowed("kustomization.yaml"), None),
    }
}

/// The kustomization file of a directory; a file represents itself.
fn kustomization_of(directory: &str) -> Cow<'_, str> {
    let name = directory.rsplit('/').next().unwrap_or_default();
    let is_file = [".yaml", ".yml", ".json"]
        .iter()
        .any(|end| name.ends_with(end));
    match directory.trim_end_matches('/') {
        _ if is_file => Cow::Borrowed(directory),
        "" | "." => Cow::Borrowed("kustomization.yaml"),
        directory => Cow::Owned(format!("{directory}/kustomization.yaml")),
    }
}

/// The verdict in one line: what was checked, and the number of findings.
///
/// It begins with `krm-parity: ` and has no line break.
#[must_use]
pub fn summary(survey: &Survey) -> String {
    let names: BTreeSet<_> = survey
        .services
        .iter()
        .flat_map(|service| &service.environments)
        .map(|environment| environment.name.as_str())
        .collect();
    let totals = &survey.report.totals;
    let found = match &survey.against {
        Some(against) => standings(totals, against),
        None => counts(totals),
    };
    let mut out = format!(
        "krm-parity: {}, {}: {}",
        counted(survey.services.len(), "service"),
        counted(names.len(), "environment"),
        if found.is_empty() {
            "nothing found"
        } else {
            &found
        },
    );
    if totals.resources > 0 {
        out.push_str(" in ");
        out.push_str(&counted(totals.resources, "resource"));
    }
    if let Some(against) = &survey.against {
        let name = one_line(&against.name, MAX_NAME);
        let _ = write!(out, ", against {}", without_commands(&name));
    }
    let states = [
        (State::Failed, "not built"),
        (State::Missing, "missing"),
        (State::Skipped, "left out"),
    ];
    for (state, word) in states {
        let environments = survey
            .services
            .iter()
            .flat_map(|service| &service.environments);
        let count = environments.filter(|one| one.state == state).count();
        if count > 0 {
            let _ = write!(out, "; {count} {word}");
        }
    }
    if survey.report.failed && totals.errors == 0 {
        out.push_str(" (the policy fails on warnings)");
    }
    out
}

/// `2 new (1 error, 1 warning), 5 known, 1 fixed`.
pub(super) fn standings(totals: &Totals, against: &Against) -> String {
    let mut out = format!("{} new", totals.findings());
    if totals.findings() > 0 {
        let _ = write!(out, " ({})", counts(totals));
    }
    let (known, fixed) = (against.known.len(), against.fixed.len());
    let _ = write!(out, ", {known} known, {fixed} fixed");
    out
}

/// What to do about a finding, unless its message already ends with that.
pub(super) fn advice(finding: &Finding) -> Option<String> {
    let help = finding.help.as_str();
    let advice = finding.advice();
    let advice = if finding.message.contains(help) {
        advice.strip_prefix(help).unwrap_or_default().trim_start()
    } else {
        &advice
    };
    (!advice.is_empty()).then(|| advice.to_owned())
}

/// The name of a resource for people: `apps/v1 Deployment shop/checkout`.
pub(super) fn resource_name(finding: &Finding) -> Option<String> {
    let resource = finding.resource.as_ref()?;
    let namespace = resource.namespace.as_ref().map(|name| format!("{name}/"));
    Some(format!(
        "{} {} {}{}",
        resource.api_version,
        resource.kind,
        namespace.unwrap_or_default(),
        resource.name
    ))
}
