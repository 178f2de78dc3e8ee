//! New findings: compares a survey with an earlier one, from a revision or a report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, bail};
use jiff::civil::Date;

use super::build::{self, How};
use super::ground::{Built, Ground};
use super::past::Past;
use super::policy_file::PolicyFile;
use super::{reports, tree};
use crate::catalog::RuleId;
use crate::finding::Finding;
use crate::gate::{self, Builds, Gate, Resources, Scope};
use crate::layout::{self, Layout, Overlay, Service};
use crate::policy::Policy;
use crate::repo::Parsed;
use crate::rules::{self, Reason, Stated};
use crate::survey::against::{Before, Judged};
use crate::survey::{Against, State, Survey};

/// The largest number of names in a note.
const MAX_NAMES: usize = 5;

/// The earlier survey.
pub(super) struct Earlier {
    /// Its name for people.
    pub name: String,
    survey: Survey,
    /// The policy at that time, and its file's name in reports; `None` if a report does not have
    /// it.
    stated: Option<(Policy, Option<String>)>,
    /// Services that have been renamed since.
    renamed: BTreeMap<String, String>,
    /// Notes for the reader.
    notes: Vec<String>,
}

/// The current run, which limits the earlier survey.
pub(super) struct Now<'n> {
    pub ground: &'n Ground,
    pub layout: &'n Layout,
    pub builds: &'n Builds,
    pub left_out: &'n [Service],
    pub policy: &'n Policy,
    /// The file of the policy, and whether the user named it.
    pub file: Option<&'n PolicyFile>,
    pub is_named: bool,
    /// Whether this run reports removed services, and not another shard.
    pub tells_gone: bool,
    pub how: How<'n>,
    pub today: Date,
}

impl Earlier {
    /// Reads an earlier report.
    ///
    /// # Errors
    ///
    /// Fails if it is not a report of this version, or is only a part of one.
    pub(super) fn stored(file: &Path) -> anyhow::Result<Self> {
        let (name, version, survey) =
            reports::load(file).with_context(|| "--against requires a report of --format json")?;
        if let Some(shard) = &survey.shard {
            bail!(
                "{name} is only shard {} of {}; unite all shards first with krm-parity merge",
                shard.index,
                shard.count
            );
        }
        let own = env!("CARGO_PKG_VERSION");
        let mut notes = Vec::new();
        if version != own {
            let version = crate::text::quoted(&version, crate::text::MAX_NAME);
            notes.push(format!(
                "{name} was written by krm-parity {version}, and this is {own}: findings that only one of the versions reports count as new or fixed"
            ));
        }
        Ok(Self {
            name,
            survey,
            stated: None,
            renamed: BTreeMap::new(),
            notes,
        })
    }

    /// Builds and judges a revision in the same way as this run, with its own policy.
    ///
    /// # Errors
    ///
    /// Fails if the revision cannot be read or built.
    pub(super) fn judged(past: &Past, now: &Now<'_>) -> anyhow::Result<Self> {
        let mut notes = vec![past.told.clone()];
        let mut ground = now.ground.moved(|full| past.place_of(full))?;
        let (policy, file) = policy_of(past, &ground, now, &mut notes);
        let path = file.as_ref().map(|file| past.place_of(&full(&file.path)));
        let name = past.name.clone();
        let file_name = file.map(|file| file.name);
        if ground.directories.is_empty() {
            notes.push(format!("none of the checked directories exists in {name}"));
            return Ok(Self {
                name,
                survey: Survey::default(),
                stated: Some((policy, file_name)),
                renamed: BTreeMap::new(),
                notes,
            });
        }
        let mut sources = ground.read(path.as_deref())?;
        sources.is_unrestricted = build::is_unrestricted(now.how.flags);
        let parsed = sources.parse();
        let mut layout = ground.discover(&parsed, &policy);
        let mut left_out = layout.leave_others();
        let is_left_out = |service: &mut Service| {
            let is_of = |all: &[Service]| all.iter().any(|one| one.name == service.name);
            !is_of(&now.layout.services) && (is_of(now.left_out) || !now.tells_gone)
        };
        left_out.extend(layout.services.extract_if(.., is_left_out));
        layout
            .unjudged
            .retain(|one| !left_out.iter().any(|service| service.name == one.service));
        let Built {
            builds,
            lacking,
            hidden,
        } = ground.build(&parsed, &layout, now.how)?;
        // Both use the branch of this run, so that a change that passed through it is not a finding
        // of the revision either.
        let (way, limit) = (now.ground.way_to_git(), now.how.limit);
        let record = |paths: &BTreeSet<String>| {
            super::history::record(way, paths, Some(&past.revision), limit)
        };
        let gate = Gate {
            layout: &layout,
            builds: &builds,
            lacking: &lacking,
            hidden: &hidden,
            policy: &policy,
            today: now.today,
            parsed: Some(&parsed),
            site: Some(ground.site()),
            scope: Scope::Repository {
                others: &left_out,
                is_part: !path.is_some_and(|file| ground.holds(&file)),
            },
            history: Some(&record),
            tells_deployers: now.tells_gone,
            others: Vec::new(),
        };
        let survey = gate::judge(&gate).context("the output of the build cannot be read")?;
        let lost = unbuilt(&survey, now);
        if !lost.is_empty() {
            refuse_unwritten(past, &ground, &parsed, &layout, &lost)?;
            notes.push(format!(
                "{} did not build in {name}, so all findings there count as new",
                listed(&lost)
            ));
        }
        let renamed = renamed(&layout, &builds, now)?;
        for (before, after) in &renamed {
            notes.push(format!(
                "service {after} has the resources that {before} had in {name}, and is treated as the same service"
            ));
        }
        Ok(Self {
            name,
            survey,
            stated: Some((policy, file_name)),
            renamed,
            notes,
        })
    }

    /// Findings about permissions that are new in this policy; the earlier policy decides their
    /// severity.
    pub(super) fn loosened(&self, policy: &mut Policy, file: Option<&str>) -> Vec<Finding> {
        let Some((earlier, earlier_file)) = &self.stated else {
            return Vec::new();
        };
        let old = Stated {
            policy: earlier,
            file: earlier_file.as_deref(),
        };
        let found = rules::loosened(old, Stated { policy, file }, &self.name);
        match earlier.rules.get(&RuleId::LoosenedPolicy) {
            Some(setting) => policy.rules.insert(RuleId::LoosenedPolicy, setting.clone()),
            None => policy.rules.remove(&RuleId::LoosenedPolicy),
        };
        found
    }

    /// Findings about environments that are no longer judged; they are more severe if an unjudged
    /// directory looks like one of them.
    pub(super) fn gone(
        &self,
        layout: &mut Layout,
        left_out: &[Service],
        policy: &Policy,
        tells_gone: bool,
    ) -> Vec<Finding> {
        let all = layout.services.iter().chain(left_out);
        let mut there: Judged = BTreeSet::new();
        let mut services = BTreeSet::new();
        for service in all {
            services.insert(service.name.clone());
            for overlay in &service.overlays {
                let name = gate::name_of(overlay, &service.overlays, &policy.environments);
                if policy.environment.as_ref().is_none_or(|only| *only == name) {
                    there.insert((service.name.clone(), name));
                }
            }
        }
        let mut lost: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (service, environment) in self.survey.judged() {
            let service = self.renamed.get(&service).cloned().unwrap_or(service);
            let one = (service, environment);
            if !there.contains(&one) {
                let (service, environment) = one;
                lost.entry(service).or_default().push(environment);
            }
        }
        let mut found = Vec::new();
        for (service, mut environments) in lost {
            environments.retain(|environment| {
                let is_told = services.contains(&service)
                    && policy.environment.is_none()
                    && policy.expected(&service).any(|name| name == environment);
                !is_told && !self.is_unjudged(layout, &service, environment)
            });
            if environments.is_empty() || !tells_gone && !services.contains(&service) {
                continue;
            }
            let names: Vec<&str> = environments.iter().map(String::as_str).collect();
            let is_whole = !services.contains(&service);
            found.extend(rules::gone(&service, &names, is_whole, &self.name));
        }
        found
    }

    /// Whether an unjudged directory is a former environment, which then has the severity of one.
    fn is_unjudged(&self, layout: &mut Layout, service: &str, environment: &str) -> bool {
        let services = self.survey.services.iter();
        let directory = services
            .filter(|one| self.renamed.get(&one.name).unwrap_or(&one.name) == service)
            .flat_map(|one| &one.environments)
            .find(|one| one.name == environment)
            .map(|one| one.directory.as_str());
        let mut is_found = false;
        for unjudged in &mut layout.unjudged {
            let is_own = Some(unjudged.directory.as_str()) == directory
                || unjudged.service == service
                    && match &unjudged.reason {
                        Reason::Variants(names) => names.iter().any(|name| name == environment),
                        _ => unjudged.environment == environment,
                    };
            if is_own {
                unjudged.is_environment = true;
                is_found = true;
            }
        }
        is_found
    }

    /// Compares the survey of a gate with the earlier one, whose policy is the one that counts.
    ///
    /// # Errors
    ///
    /// As [`gate::judge`].
    pub(super) fn hold_judged(&self, gate: &Gate<'_>, survey: Survey) -> anyhow::Result<Survey> {
        let mut survey = self.hold(survey);
        let Some((policy, _)) = &self.stated else {
            return Ok(survey);
        };
        if policy.severity(rules::record(RuleId::LoosenedPolicy)) >= policy.fail_on {
            rules::warn_branch(&mut survey.report.findings, &self.name);
        }
        let has_fixed = |against: &Against| !against.fixed.is_empty();
        if policy != gate.policy && survey.against.as_ref().is_some_and(has_fixed) {
            let before = Gate {
                policy,
                others: Vec::new(),
                ..gate.clone()
            };
            let there = gate::judge(&before).context("the output of the build cannot be read")?;
            survey.leave_permitted(&self.renamed, &there.report.findings);
        }
        Ok(survey)
    }

    /// Compares a survey with the earlier one.
    pub(super) fn hold(&self, survey: Survey) -> Survey {
        let mut survey = survey.against(Before {
            name: &self.name,
            survey: &self.survey,
            renamed: &self.renamed,
        });
        survey.notes.extend(self.notes.iter().cloned());
        survey
    }

    /// Compares a survey with the earlier one, if the survey alone says what was checked.
    pub(super) fn hold_alone(&self, mut survey: Survey) -> Survey {
        let mut missing = Vec::new();
        let mut lost: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (service, environment) in self.survey.judged() {
            match survey.services.iter().find(|one| one.name == service) {
                None => missing.push(service),
                Some(own) if own.environments.iter().any(|one| one.name == environment) => {}
                Some(_) => lost.entry(service).or_default().push(environment),
            }
        }
        for (service, environments) in lost {
            let names: Vec<&str> = environments.iter().map(String::as_str).collect();
            for mut finding in rules::gone(&service, &names, false, &self.name) {
                finding.severity = rules::record(finding.rule).severity;
                survey.report.findings.push(finding);
            }
        }
        crate::finding::sort(&mut survey.report.findings);
        missing.dedup();
        if !missing.is_empty() {
            survey.notes.push(format!(
                "{} of {} are in none of these reports, so they were not compared",
                listed(&missing),
                self.name
            ));
        }
        self.hold(survey)
    }
}

/// The policy of a revision, found as this run finds its own.
fn policy_of(
    past: &Past,
    ground: &Ground,
    now: &Now<'_>,
    notes: &mut Vec<String>,
) -> (Policy, Option<PolicyFile>) {
    let own = now.file.map(|file| full(&file.path));
    let found = match &own {
        // The user named it, so the same file is meant; a file outside the repository has no past.
        Some(own) if now.is_named && !own.starts_with(&past.top) => {
            return (now.policy.clone(), None);
        }
        Some(own) if now.is_named => {
            let path = past.place_of(own);
            let name = ground.name_of(&path);
            path.is_file()
                .then(|| PolicyFile::at(&path, name))
                .transpose()
        }
        _ => PolicyFile::find(&ground.first, |path| ground.name_of(path)),
    };
    match found {
        Ok(Some(file)) => (file.policy.clone(), Some(file)),
        Ok(None) => (Policy::default(), None),
        // A policy that could not be read must not prevent its own correction.
        Err(error) => {
            notes.push(format!(
                "the policy of {} cannot be read ({error:#}), so the current policy is used for it",
                past.name
            ));
            (now.policy.clone(), None)
        }
    }
}

fn full(path: &Path) -> std::path::PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The environments that did not build then, and do now.
fn unbuilt(survey: &Survey, now: &Now<'_>) -> Vec<String> {
    let is_built = |service: &str, directory: &str| {
        let mut own = now.layout.services.iter();
        let own = own.find(|one| one.name == service);
        let mut overlays = own.into_iter().flat_map(|own| &own.overlays);
        overlays.any(|overlay| overlay.directory == directory)
            && matches!(now.builds.get(directory), Some(Ok(_)))
    };
    let mut lost = Vec::new();
    for service in &survey.services {
        for environment in &service.environments {
            if environment.state == State::Failed && is_built(&service.name, &environment.directory)
            {
                lost.push(format!("{} of {}", environment.name, service.name));
            }
        }
    }
    lost
}

/// Refuses a revision whose build failed because of a file that could not be written.
fn refuse_unwritten(
    past: &Past,
    ground: &Ground,
    parsed: &Parsed<'_>,
    layout: &Layout,
    lost: &[String],
) -> anyhow::Result<()> {
    let names: BTreeMap<String, &String> = past
        .unwritten
        .iter()
        .map(|(path, why)| (ground.name_of(&past.place_of(path)), why))
        .collect();
    let all: BTreeSet<String> = names.keys().cloned().collect();
    for service in &layout.services {
        let is_lost =
            |overlay: &Overlay| lost.contains(&format!("{} of {}", overlay.name, service.name));
        if !service.overlays.iter().any(is_lost) {
            continue;
        }
        let Some(paths) = layout::dependencies(parsed, service) else {
            continue;
        };
        let paths = tree::real_paths(&ground.root, paths);
        for (name, why) in &names {
            let one = BTreeSet::from([name.clone()]);
            if all.contains(name) && layout::is_touched(&paths, &one) {
                bail!(
                    "service {} of {} cannot be built: {name} {why}. Compare with a report instead: run krm-parity check --format json=report.json where it can be built, and pass --against report.json here",
                    service.name,
                    past.name
                );
            }
        }
    }
    Ok(())
}

/// Removed services, with the new name of the service that has the same contents: equally many
/// environments with the same names, and mostly the same resources.
fn renamed(
    before: &Layout,
    builds: &Builds,
    now: &Now<'_>,
) -> anyhow::Result<BTreeMap<String, String>> {
    let is_in = |name: &str, all: &[Service]| all.iter().any(|one| one.name == name);
    let gone: Vec<&Service> = before
        .services
        .iter()
        .filter(|one| !is_in(&one.name, &now.layout.services) && !is_in(&one.name, now.left_out))
        .collect();
    let mut added: Vec<&Service> = now
        .layout
        .services
        .iter()
        .filter(|one| !is_in(&one.name, &before.services))
        .collect();
    let mut found = BTreeMap::new();
    if gone.is_empty() || added.is_empty() {
        return Ok(found);
    }
    let environments = |service: &Service| -> BTreeSet<String> {
        service
            .overlays
            .iter()
            .map(|one| one.name.clone())
            .collect()
    };
    let held = |services: &[&Service], builds: &Builds| {
        let open = |resources: &Resources<'_>| -> Vec<BTreeSet<String>> {
            services.iter().map(|one| held_by(one, resources)).collect()
        };
        gate::open(builds, open).context("the output of the build cannot be read")
    };
    let had = held(&gone, builds)?;
    let mut has = held(&added, now.builds)?;
    for (service, had) in gone.into_iter().zip(had) {
        let shared = |at: &usize| had.intersection(&has[*at]).count();
        let fits = |at: &usize| {
            environments(added[*at]) == environments(service)
                && 2 * shared(at) >= had.len().max(has[*at].len()).max(1)
        };
        let best = (0..added.len()).filter(fits).max_by_key(shared);
        if let Some(at) = best {
            found.insert(service.name.clone(), added.remove(at).name.clone());
            has.remove(at);
        }
    }
    Ok(found)
}

/// The resources of a service's environments, by kind and name.
fn held_by(service: &Service, resources: &Resources<'_>) -> BTreeSet<String> {
    let overlays = service.overlays.iter();
    let all = overlays.filter_map(|overlay| resources.get(overlay.directory.as_str()));
    let names = all.flatten().map(|resource| {
        let reference = resource.reference();
        format!("{}/{}", reference.kind, reference.plain_name())
    });
    names.collect()
}

/// A few names, and the number of the others.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(MAX_NAMES).cloned();
    let shown: Vec<String> = shown.collect();
    match names.len().saturating_sub(MAX_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
