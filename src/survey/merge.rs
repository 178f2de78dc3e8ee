//! Merges several surveys: the shards of a check that was split.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::matrix::promotion_order;
use super::{Environment, Service, Shard, State, Survey};
use crate::finding::{self, Finding, Totals};

/// Why reports are not all shards of one check.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ShardError {
    /// They are not parts of one whole.
    #[error("{one}, and {other}{why}: they are not parts of the same check")]
    Mixed {
        /// A report, and its shard: `a.json is shard 1 of 2`.
        one: String,
        /// The same for the report that does not belong to it.
        other: String,
        /// The difference, if the numbers do not show it.
        why: &'static str,
    },
    /// One is there more than once.
    #[error("{one} and {other} are both shard {index} of {count}")]
    Twice {
        /// The name of a report.
        one: String,
        /// The name of the other.
        other: String,
        /// The shard that both are.
        index: usize,
        /// The number of shards.
        count: usize,
    },
    /// Some were compared with an earlier report, and some were not.
    #[error(
        "{one} says which findings are new, and {other} does not; run all of them with --new or --against, or none"
    )]
    Halves {
        /// The name of a report that was.
        one: String,
        /// The name of one that was not.
        other: String,
    },
    /// Some are missing.
    #[error("{missing} missing; pass the reports of all shards")]
    Missing {
        /// `shard 2 of 3 is`, `shards 1, 2 of 3 are`.
        missing: String,
    },
}

/// The most missing shards that an error names.
const MAX_MISSING: usize = 8;

/// Checks that nothing is missing: the shards are all of one check, and each is present once.
///
/// Surveys without a shard are complete. Each survey comes with its name in errors.
///
/// # Errors
///
/// When shards do not make a whole.
pub fn check_shards(surveys: &[(String, Survey)]) -> Result<(), ShardError> {
    let find = |is_held| {
        surveys
            .iter()
            .find(|(_, survey)| survey.against.is_some() == is_held)
    };
    if let (Some((one, _)), Some((other, _))) = (find(true), find(false)) {
        return Err(ShardError::Halves {
            one: one.clone(),
            other: other.clone(),
        });
    }
    let mut shards = surveys
        .iter()
        .filter_map(|(name, survey)| Some((name, survey.shard.as_ref()?)));
    let Some((first, of_first)) = shards.next() else {
        return Ok(());
    };
    let count = of_first.count;
    let mut known = BTreeMap::from([(of_first.index, first)]);
    for (name, shard) in shards {
        if (shard.count, &shard.of) != (count, &of_first.of) {
            let is = |name: &str, shard: &Shard| {
                format!("{name} is shard {} of {}", shard.index, shard.count)
            };
            return Err(ShardError::Mixed {
                one: is(first, of_first),
                other: is(name, shard),
                why: if shard.count == count {
                    " of different services or under a different policy"
                } else {
                    ""
                },
            });
        }
        if let Some(one) = known.insert(shard.index, name) {
            return Err(ShardError::Twice {
                one: one.clone(),
                other: name.clone(),
                index: shard.index,
                count,
            });
        }
    }
    let left = count.saturating_sub(known.len());
    if left == 0 {
        return Ok(());
    }
    let missing = (1..=count).filter(|index| !known.contains_key(index));
    let named: Vec<_> = missing
        .take(MAX_MISSING)
        .map(|index| index.to_string())
        .collect();
    let more = match left - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (noun, verb) = if left == 1 {
        ("shard", "is")
    } else {
        ("shards", "are")
    };
    Err(ShardError::Missing {
        missing: format!("{noun} {}{more} of {count} {verb}", named.join(", ")),
    })
}

/// Merges surveys as if one check had covered everything.
///
/// A survey that equals an earlier one counts once, and so does a finding that equals another one. If two disagree about
/// an environment, the one that knows more wins, and a note says so. [`check_shards`] finds missing shards.
#[must_use]
pub fn merge(surveys: Vec<Survey>) -> Survey {
    let mut distinct: Vec<Survey> = Vec::new();
    for survey in surveys {
        if !distinct.contains(&survey) {
            distinct.push(survey);
        }
    }
    let mut notes: Vec<String> = Vec::new();
    let services = unite_services(&distinct, &mut notes);

    let mut merged = Survey {
        services,
        ..Survey::default()
    };
    let mut seen = BTreeSet::new();
    let mut said = BTreeSet::new();
    let mut all_notes = Vec::new();
    for survey in distinct {
        let report = survey.report;
        merged.report.failed |= report.failed;
        let resources = &mut merged.report.totals.resources;
        *resources = resources.saturating_add(report.totals.resources);
        for finding in report.findings {
            // Findings hold JSON values and have no total order; their text also distinguishes them.
            if seen.insert(format!("{finding:?}")) {
                merged.report.findings.push(finding);
            }
        }
        all_notes.extend(survey.notes);
        if let Some(own) = survey.against {
            let against = merged.against.get_or_insert_default();
            if !against.name.is_empty() && against.name != own.name {
                against.name.push_str("; ");
                against.name.push_str(&own.name);
            } else {
                against.name = own.name;
            }
            for (what, all, own) in [
                ("known", &mut against.known, own.known),
                ("fixed", &mut against.fixed, own.fixed),
            ] {
                let is_first = |finding: &Finding| seen.insert(format!("{what} {finding:?}"));
                all.extend(own.into_iter().filter(is_first));
            }
        }
        merged.report.fail_on = match (merged.report.fail_on, report.fail_on) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
    all_notes.extend(notes);
    all_notes.retain(|note| said.insert(note.clone()));
    merged.notes = all_notes;

    let findings = &mut merged.report.findings;
    finding::sort(findings);
    if let Some(against) = &mut merged.against {
        finding::sort(&mut against.known);
        finding::sort(&mut against.fixed);
    }
    let mut totals = Totals {
        resources: merged.report.totals.resources,
        ..Totals::default()
    };
    for finding in findings {
        totals.add(finding.severity);
    }
    merged.report.totals = totals;
    merged
}

fn unite_services(surveys: &[Survey], notes: &mut Vec<String>) -> Vec<Service> {
    let all = || surveys.iter().flat_map(|survey| &survey.services);
    let names = |service: &Service| -> Vec<String> {
        let environments = service.environments.iter();
        environments.map(|one| one.name.clone()).collect()
    };
    let lists: Vec<_> = all().map(names).collect();
    let lists = lists
        .iter()
        .map(|list| list.iter().map(String::as_str).collect());
    let rank: BTreeMap<&str, usize> = promotion_order(lists, std::iter::empty())
        .into_iter()
        .enumerate()
        .map(|(at, name)| (name, at))
        .collect();

    let mut united: BTreeMap<&str, (BTreeSet<&str>, BTreeMap<usize, &Environment>)> =
        BTreeMap::new();
    let mut judged_twice = 0;
    for service in all() {
        let (bases, environments) = united.entry(&service.name).or_default();
        bases.extend(service.bases.iter().map(String::as_str));
        for environment in &service.environments {
            let at = rank
                .get(environment.name.as_str())
                .copied()
                .unwrap_or(usize::MAX);
            let Some(known) = environments.get(&at).copied() else {
                environments.insert(at, environment);
                continue;
            };
            let are_judged = [known, environment].map(|one| knowledge(&one.state) >= 2);
            if are_judged == [true, true] {
                judged_twice += 1;
                if known != environment {
                    notes.push(format!(
                        "{}, {}: two reports disagree ({} from {}, {} from {})",
                        service.name,
                        environment.name,
                        word(&known.state),
                        known.directory,
                        word(&environment.state),
                        environment.directory,
                    ));
                }
            }
            if knowledge(&environment.state) > knowledge(&known.state) {
                environments.insert(at, environment);
            }
        }
    }
    if judged_twice > 0 {
        notes.push(format!(
            "{judged_twice} environments are in more than one report; their resources are counted more than once"
        ));
    }
    let owned =
        |(name, (bases, environments)): (&str, (BTreeSet<&str>, BTreeMap<_, &Environment>))| {
            Service {
                name: name.to_owned(),
                bases: bases.into_iter().map(str::to_owned).collect(),
                environments: environments.into_values().cloned().collect(),
            }
        };
    united.into_iter().map(owned).collect()
}

/// How much a state says: a failure is certain, and an environment that was skipped here may be judged elsewhere.
const fn knowledge(state: &State) -> u8 {
    match state {
        State::Skipped => 0,
        State::Missing => 1,
        State::Judged => 2,
        State::Failed => 3,
    }
}

const fn word(state: &State) -> &'static str {
    match state {
        State::Judged => "judged",
        State::Failed => "not built",
        State::Missing => "missing",
        State::Skipped => "left out",
    }
}
