//! `krm-parity check`: the gate over a repository.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use jiff::civil::Date;

use super::build::{self, By, How};
use super::formats::Formats;
use super::ground::{Built, Ground};
use super::new::{Earlier, Now};
use super::past::Past;
use super::policy_file::{self, PolicyFile};
use super::process;
use super::selection::{Selection, shard};
use crate::adopt;
use crate::catalog::RuleId;
use crate::finding::Finding;
use crate::gate::{self, Gate, Scope};
use crate::layout::Layout;
use crate::policy::Policy;
use crate::repo::Sources;
use crate::survey::{Shard, Step, Survey};
use crate::text;

pub(super) const LONG_ABOUT: &str = "\
Builds every environment of every service below DIR, and compares it with its base and with the other
environments.

Services and environments are found by the resources that kustomizations load and by the names of their
directories: base and overlays/ENV, environments/ENV, deploy/ENV, also in several layers and services.
If they are not found correctly, name the overlays in spec.layout of the policy. The policy is
parity.yaml, or parity/policy/policy.yaml, in DIR or the nearest directory above.

The result of a build is the same as that of kustomize; pass flags for kustomize after `--`:

  krm-parity check -- --enable-helm
  krm-parity check apps/checkout apps/payments
  krm-parity check --rendered base=base.yaml --rendered dev=dev.yaml --rendered production=out/

Exit codes: 0 clean, 1 findings at or above the policy's failOn, 2 could not run.";

pub(super) fn command() -> Command {
    Command::new("check")
        .about("Check every environment of every service in a repository")
        .long_about(LONG_ABOUT)
        .arg(
            Arg::new("DIR")
                .help("The directories to check, with everything below them; by default the current one")
                .num_args(0..)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            Arg::new("policy")
                .long("policy")
                .value_name("FILE")
                .help("The file of the ParityPolicy; by default parity.yaml in DIR or above")
                .value_parser(value_parser!(PathBuf)),
        )
        .args(super::formats::args())
        .arg(
            Arg::new("rendered")
                .long("rendered")
                .value_name("[SERVICE/]ENV=PATH")
                .help(
                    "A rendered environment, or a directory of [SERVICE/]ENV.yaml; may be repeated",
                )
                .action(ArgAction::Append)
                .conflicts_with_all(["DIR", "FLAGS"]),
        )
        .arg(
            Arg::new("since")
                .long("since")
                .value_name("REV")
                .help("Check only services whose files have changed since this branch forked from REV")
                .conflicts_with("rendered"),
        )
        .arg(
            Arg::new("new")
                .long("new")
                .value_name("REV")
                .help("Check REV too, and fail only on findings that this branch adds to it")
                .conflicts_with_all(["rendered", "against"]),
        )
        .arg(
            Arg::new("against")
                .long("against")
                .value_name("REPORT")
                .help(
                    "Fail only on findings that are not in an earlier report of --format json; `-` reads stdin",
                )
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            Arg::new("shard")
                .long("shard")
                .value_name("I/N")
                .help("Check only every Nth service, starting with the Ith; see krm-parity merge")
                .value_parser(shard)
                .conflicts_with("rendered"),
        )
        .arg(
            Arg::new("one-by-one")
                .long("one-by-one")
                .help("Build each directory in a separate process, as it is deployed")
                .action(ArgAction::SetTrue),
        )
        .arg(build::arg())
        .arg(process::arg())
        .arg(
            Arg::new("FLAGS")
                .help("Flags for kustomize")
                .last(true)
                .num_args(0..)
                .value_parser(value_parser!(OsString)),
        )
}

/// Checks and reports; returns whether the run failed.
pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<bool> {
    let formats = Formats::parse(matches)?;
    let survey = Check::read(matches).survey()?;
    formats.write(&survey)?;
    Ok(survey.report.failed)
}

/// The next steps after a first run that failed, unless none of its findings can be adopted.
fn next(findings: &[Finding], policy: &Policy, arguments: &str) -> Vec<Step> {
    let mut counts: BTreeMap<RuleId, usize> = BTreeMap::new();
    for finding in findings {
        if finding.severity >= policy.fail_on && !adopt::is_unknown(finding) {
            *counts.entry(finding.rule).or_default() += 1;
        }
    }
    let most = counts
        .iter()
        .max_by_key(|(rule, count)| (**count, Reverse(**rule)));
    let Some((rule, _)) = most else {
        return Vec::new();
    };
    vec![
        Step {
            command: format!("krm-parity explain {rule}"),
            does: "says what the rule requires, and why".to_owned(),
        },
        Step {
            command: format!("krm-parity init --adopt{arguments}"),
            does: "writes these findings into a policy as exemptions with a date; after that, only new findings fail".to_owned(),
        },
    ]
}

/// The settings of `check`.
pub(super) struct Check {
    directories: Vec<PathBuf>,
    policy: Option<PathBuf>,
    rendered: Vec<String>,
    selection: Selection,
    /// The only environment that is judged, whatever the policy says.
    environment: Option<String>,
    new: Option<String>,
    against: Option<PathBuf>,
    one_by_one: bool,
    limit: Duration,
    by: By,
    flags: Vec<OsString>,
    is_quiet: bool,
}

impl Check {
    pub(super) fn read(matches: &ArgMatches) -> Self {
        let all = |name: &str| -> Vec<PathBuf> {
            matches
                .get_many(name)
                .into_iter()
                .flatten()
                .cloned()
                .collect()
        };
        Self {
            directories: all("DIR"),
            policy: matches.get_one("policy").cloned(),
            rendered: matches
                .get_many("rendered")
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            selection: Selection {
                service: None,
                since: matches.get_one("since").cloned(),
                shard: matches.get_one("shard").copied(),
                limit: process::limit(matches),
            },
            environment: None,
            new: matches.get_one("new").cloned(),
            against: matches.get_one("against").cloned(),
            one_by_one: matches.get_flag("one-by-one"),
            by: By::read(matches),
            limit: process::limit(matches),
            flags: matches
                .get_many("FLAGS")
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            is_quiet: matches.get_flag("quiet"),
        }
    }

    /// A check of a directory, or of one service or environment in it, without other flags.
    pub(super) fn of(
        directory: &Path,
        policy: Option<&Path>,
        service: Option<&str>,
        environment: Option<&str>,
    ) -> Self {
        Self {
            directories: vec![directory.to_owned()],
            policy: policy.map(Path::to_owned),
            selection: Selection {
                service: service.map(str::to_owned),
                ..Selection::default()
            },
            environment: environment.map(str::to_owned),
            rendered: Vec::new(),
            new: None,
            against: None,
            one_by_one: false,
            limit: process::default_limit(),
            by: By::Auto,
            flags: Vec::new(),
            is_quiet: false,
        }
    }

    /// Reads and judges everything.
    pub(super) fn survey(&self) -> anyhow::Result<Survey> {
        let (survey, ()) = self.look(|_, _| Ok(()))?;
        Ok(survey)
    }

    /// The revision to compare with, if one is given.
    fn revision(&self, ground: &mut Ground) -> anyhow::Result<Option<Past>> {
        let Some(name) = &self.new else {
            return Ok(None);
        };
        let past = Past::read(&ground.first, name, self.limit)?;
        ground.is_below(&past.top)?;
        ground.hold_against(|full| past.place_of(full));
        Ok(Some(past))
    }

    /// Judges everything, and also passes the judged input and the policy's file to a callback.
    pub(super) fn look<T>(
        &self,
        look: impl FnOnce(&Gate<'_>, Option<&PolicyFile>) -> anyhow::Result<T>,
    ) -> anyhow::Result<(Survey, T)> {
        let today = super::function::today()?;
        let mut ground = Ground::new(&self.directories)?;
        let stored = self.against.as_deref().map(Earlier::stored).transpose()?;
        let revision = self.revision(&mut ground)?;
        let policy_file = self.policy_file(&ground)?;
        let defaults = Policy {
            file: Some(policy_file::FIRST.to_owned()),
            ..Policy::default()
        };
        let policy = policy_file.as_ref().map_or(&defaults, |file| &file.policy);
        let policy = &*self.asked(policy);
        let policy_path = policy_file.as_ref().map(|file| file.path.as_path());
        let is_rendered = !self.rendered.is_empty();
        let mut sources = if is_rendered {
            Sources::default()
        } else {
            ground.read(policy_path)?
        };
        sources.is_unrestricted = build::is_unrestricted(&self.flags);
        let parsed = sources.parse();
        // Only one shard reports removed services, and objects that belong to no environment.
        let tells_gone = self.selection.shard.is_none_or(|(index, _)| index == 1);
        let is_all = self.selection.service.is_none() && self.environment.is_none();
        let tells_deployers = tells_gone && is_all;
        let mut part = None;
        let mut left_out = Vec::new();
        let (
            mut layout,
            Built {
                builds,
                lacking,
                hidden,
            },
        ) = if is_rendered {
            super::rendered::read(&self.rendered, policy)?
        } else {
            let mut layout = ground.layout(&parsed, policy, is_all)?;
            part = self.part(policy, &layout);
            left_out = self
                .selection
                .apply(&mut layout, &parsed, &ground, policy_path)?;
            let built = ground.build(&parsed, &layout, self.how())?;
            (layout, built)
        };
        let earlier = match &revision {
            Some(then) => Some(Earlier::judged(
                then,
                &Now {
                    ground: &ground,
                    layout: &layout,
                    builds: &builds,
                    left_out: &left_out,
                    policy,
                    file: policy_file.as_ref(),
                    is_named: self.policy.is_some(),
                    tells_gone,
                    how: self.how(),
                    today,
                },
            )?),
            None => stored,
        };
        let mut policy = Cow::Borrowed(policy);
        let mut others = Vec::new();
        if let Some(earlier) = &earlier {
            let name = policy_file.as_ref().map(|file| file.name.as_str());
            others = earlier.loosened(policy.to_mut(), name);
            others.extend(earlier.gone(&mut layout, &left_out, &policy, tells_gone));
        }
        let policy = &*policy;
        let whole = Scope::Repository {
            others: &left_out,
            is_part: !policy_path.is_some_and(|file| ground.holds(file)),
        };
        let record = |paths: &BTreeSet<String>| {
            let asked = self.new.as_deref().or(self.selection.since.as_deref());
            super::history::record(ground.way_to_git(), paths, asked, self.limit)
        };
        let gate = Gate {
            layout: &layout,
            builds: &builds,
            lacking: &lacking,
            hidden: &hidden,
            policy,
            today,
            parsed: (!is_rendered).then_some(&parsed),
            site: Some(ground.site()),
            scope: if is_rendered { Scope::Unknown } else { whole },
            history: Some(&record),
            tells_deployers,
            others,
        };
        let looked = look(&gate, policy_file.as_ref())?;
        let mut survey = gate::judge(&gate).context("the output of the build cannot be read")?;
        if let Some(earlier) = &earlier {
            survey = earlier.hold_judged(&gate, survey)?;
        }
        survey.shard = part;
        self.close(&mut survey, policy, policy_file.as_ref(), today);
        Ok((survey, looked))
    }

    /// The policy, reduced to the requested environment.
    fn asked<'p>(&self, policy: &'p Policy) -> Cow<'p, Policy> {
        let mut policy = Cow::Borrowed(policy);
        if self.environment.is_some() {
            policy.to_mut().environment.clone_from(&self.environment);
        }
        policy
    }

    /// Adds notes about the policy and the day of the judgement, and the next steps after a first
    /// failure.
    fn close(&self, survey: &mut Survey, policy: &Policy, file: Option<&PolicyFile>, today: Date) {
        let judge = match file {
            Some(file) => format!("the policy is {}", file.name),
            None => "there is no policy file, so the defaults apply".to_owned(),
        };
        survey.notes.push(judge);
        if let Some(only) = &policy.environment {
            survey.notes.push(format!(
                "only {only} is checked, because spec.environment of the policy names it; remove it to check all environments"
            ));
        }
        if !policy.exemptions.is_empty() {
            survey.notes.extend(super::function::note_of(today));
        }
        if self.is_first(policy) {
            let findings = &survey.report.findings;
            survey.next = next(findings, policy, &self.arguments());
        }
    }

    /// Whether nothing was adopted yet, and `init` would find the policy's place and can build.
    ///
    /// A branch must fix its own findings: adopting them would loosen the policy.
    fn is_first(&self, policy: &Policy) -> bool {
        let is_alone = self.new.is_none() && self.against.is_none();
        is_alone
            && policy.exemptions.is_empty()
            && self.policy.is_none()
            && self.rendered.is_empty()
    }

    /// The arguments for `init` to check the same; empty if a shell could misread them.
    fn arguments(&self) -> String {
        let is_plain = |word: &str| {
            word.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_./=:,+@".contains(c))
        };
        let mut words = Vec::new();
        if let [directory] = self.directories.as_slice() {
            words.extend(directory.to_str().filter(|name| *name != "."));
        }
        if !self.flags.is_empty() {
            words.push("--");
            words.extend(self.flags.iter().map(|flag| flag.to_str().unwrap_or(" ")));
        }
        if words.iter().all(|word| is_plain(word)) {
            words.iter().flat_map(|word| [" ", word]).collect()
        } else {
            String::new()
        }
    }

    fn how(&self) -> How<'_> {
        How {
            by: self.by,
            one_by_one: self.one_by_one,
            flags: &self.flags,
            limit: self.limit,
            is_quiet: self.is_quiet,
        }
    }

    fn policy_file(&self, ground: &Ground) -> anyhow::Result<Option<PolicyFile>> {
        match &self.policy {
            Some(path) => {
                PolicyFile::named(path, ground.name_of(path), ground.owns(path)).map(Some)
            }
            None => PolicyFile::find(&ground.first, |path| ground.name_of(path)),
        }
    }

    /// The part of the whole check.
    ///
    /// Shards belong together if they have the same services and were judged in the same way.
    fn part(&self, policy: &Policy, layout: &Layout) -> Option<Shard> {
        let (index, count) = self.selection.shard?;
        let whole = format!(
            "{policy:?}{layout:?}{:?}{:?}{:?}{:?}",
            self.selection.since, self.flags, self.new, self.against
        );
        let digest = text::sha256(whole.as_bytes());
        Some(Shard {
            index,
            count,
            of: text::hex(&digest[..16]),
        })
    }
}
