//! `krm-parity init`: a first policy, the wiring of builds, and today's findings as exemptions.

mod adoption;
mod ending;
mod wiring;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use jiff::civil::Date;

use super::build::{self, By, How};
use super::change::{Change, Consent};
use super::ground::{Built, Ground};
use super::{files, policy_file, process, tree};
use crate::adopt::Hold;
use crate::gate::{self, Gate, Scope};
use crate::init::{self, FUNCTION, RECORDER, WIRED_POLICY};
use crate::layout::Layout;
use crate::policy::{self, Policy};
use crate::repo::Parsed;
use crate::rules::{RULES, Unjudged};
use adoption::Outcome;
use ending::Ending;
use wiring::PolicyFile;

/// How many days adopted findings may stay by default.
const DAYS: &str = "90";

pub(super) const LONG_ABOUT: &str = "\
Writes a policy for the services and environments below DIR. The changes are shown as a diff and written
after you confirm; no other file is changed, and a second run changes nothing.

  krm-parity init                  parity.yaml in DIR, which is all that `krm-parity check` needs
  krm-parity init --adopt          the same, with today's findings as exemptions, so that `check` passes
                                   today and fails only on new findings
  krm-parity init --adopt --prune  also remove the exemptions that match nothing any more
  krm-parity init --wire           parity/policy/policy.yaml instead, a recorder in every base, and the
                                   check in every overlay, so that `kustomize build` itself fails; a
                                   policy that exists elsewhere moves there

Without --wire no kustomization is edited. With it, bases and overlays declare a function, so builds
need --enable-alpha-plugins and --enable-exec (without --enable-exec alone, kustomize skips the check
silently), and Flux cannot build them. Kustomizations, policies and recorders are edited by inserting
lines; comments, order and quotes stay as they are. A function that has no annotation
config.kubernetes.io/function gets one, unless --plugin says that builds use the plugin.

--adopt builds every environment as `check` does; pass flags for kustomize after `--`. Each exemption
covers one field of one resource, and has a reason for its owner to fill in. Environments that do not
build are not adopted.

Exit codes: 0 done; 1 done, but --adopt left findings on which `check` still fails, or --wire left
environments that no build checks (each is listed with the reason); 2 nothing was changed. Without
--adopt nothing is built; run `check` to see the findings.";

pub(super) fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .help(help)
            .action(ArgAction::SetTrue)
    };
    Command::new("init")
        .about("Write a policy, and optionally today's findings as exemptions")
        .long_about(LONG_ABOUT)
        .arg(
            Arg::new("DIR")
                .help("The root directory of the repository; by default the current one")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(flag("adopt", "Write today's findings into the policy as exemptions"))
        .arg(
            Arg::new("days")
                .long("days")
                .value_name("N|N..M")
                .help("How many days the exemptions last; 30..120 spreads the services over those days")
                .value_parser(adoption::days)
                .default_value(DAYS)
                .requires("adopt"),
        )
        .arg(
            Arg::new("expires")
                .long("expires")
                .value_name("YYYY-MM-DD")
                .help("The last day of the exemptions")
                .value_parser(adoption::date)
                .conflicts_with("days")
                .requires("adopt"),
        )
        .arg(
            flag(
                "by-place",
                "Write exemptions for any value of a field, not only for the value that was found",
            )
            .requires("adopt"),
        )
        .arg(
            flag(
                "prune",
                "Remove exemptions that match nothing any more, also expired ones",
            )
            .requires("adopt"),
        )
        .arg(flag(
            "wire",
            "Add a recorder to every base and the check to every overlay",
        ))
        .arg(
            flag(
                "plugin",
                "Add no function annotation, because builds use the plugin",
            )
            .requires("wire"),
        )
        .arg(flag("yes", "Make the changes without asking"))
        .arg(flag("dry-run", "Show the changes without making them").conflicts_with("yes"))
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

/// The options of `init`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Init {
    directory: PathBuf,
    adopt: bool,
    hold: Hold,
    prune: bool,
    wire: bool,
    plugin: bool,
    days: (u16, u16),
    expires: Option<Date>,
    consent: Consent,
    limit: Duration,
    by: By,
    flags: Vec<OsString>,
}

impl Init {
    pub(super) fn read(matches: &ArgMatches) -> Self {
        let flags = matches.get_many("FLAGS").into_iter().flatten();
        let directory: Option<&PathBuf> = matches.get_one("DIR");
        Self {
            directory: directory.cloned().unwrap_or_else(|| PathBuf::from(".")),
            adopt: matches.get_flag("adopt"),
            hold: if matches.get_flag("by-place") {
                Hold::Places
            } else {
                Hold::Values
            },
            prune: matches.get_flag("prune"),
            wire: matches.get_flag("wire"),
            plugin: matches.get_flag("plugin"),
            days: matches.get_one("days").copied().unwrap_or_default(),
            expires: matches.get_one("expires").copied(),
            consent: if matches.get_flag("yes") {
                Consent::Given
            } else if matches.get_flag("dry-run") {
                Consent::Withheld
            } else {
                Consent::Ask
            },
            limit: process::limit(matches),
            by: By::read(matches),
            flags: flags.cloned().collect(),
        }
    }

    /// Runs it, and reports the changes.
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let mut ground = Ground::new(std::slice::from_ref(&self.directory))?;
        let found = policy_file::PolicyFile::find(&ground.first, |path| ground.name_of(path))?;
        let mut sources = ground.read(found.as_ref().map(|found| found.path.as_path()))?;
        sources.is_unrestricted = build::is_unrestricted(&self.flags);
        if self.wire {
            tree::read_beside(&ground.root, &mut sources, RECORDER);
        }
        let parsed = sources.parse();
        let (mut file, mut policy, mut layout) = self.policy(&ground, &parsed, found)?;
        if self.wire {
            wiring::place(&mut file, &mut policy, &ground, &parsed, self.plugin)?;
        }
        let others = layout.leave_others();
        let layout = layout;
        let mut told = Vec::new();
        let mut outcome = Outcome::default();
        if self.adopt {
            let scope = Scope::Repository {
                others: &others,
                is_part: !ground.holds(&file.path),
            };
            outcome = self.adopt(&ground, &parsed, &layout, scope, &mut file, &mut policy)?;
            told.append(&mut outcome.notes);
        }
        let mut wired = init::Wiring::default();
        if self.wire {
            let mut asked = layout.clone();
            asked.leave_siblings();
            wired = wiring::wiring(&parsed, &asked, &file, &policy, self.plugin)?;
        }
        let is_unwired = !wired.notes.is_empty();
        told.extend(wired.notes);
        let mut changes = Vec::new();
        if file.from.is_some() || file.before.as_ref() != Some(&file.after) {
            changes.push(Change {
                path: file.path.clone(),
                name: file.name.clone(),
                from: file.from.clone(),
                before: file.before.clone(),
                after: file.after.clone(),
            });
        }
        changes.extend(wired.files.into_iter().map(|(name, after)| Change {
            path: ground.root.join(&name),
            from: None,
            before: sources.text(&name).map(str::to_owned),
            name,
            after,
        }));
        told.extend(layout.notes.iter().cloned());
        told.extend(layout.unjudged.iter().map(Unjudged::headline));
        for note in told {
            super::complain(&format!("krm-parity: {note}"));
        }
        let ending = Ending {
            file: &file.name,
            adopt: self.adopt,
            prune: self.prune,
            wire: self.wire,
            plugin: self.plugin,
            consent: self.consent,
            outcome: &outcome,
            wired: layout
                .overlays()
                .next()
                .map(|overlay| overlay.directory.as_str()),
            is_unwired,
        };
        ending.finish(&changes)
    }

    /// The policy that applies here, or a first one, with the findings under it.
    fn policy(
        &self,
        ground: &Ground,
        parsed: &Parsed<'_>,
        found: Option<policy_file::PolicyFile>,
    ) -> anyhow::Result<(PolicyFile, Policy, Layout)> {
        let Some(found) = found else {
            let layout = ground.layout(parsed, &Policy::default(), false)?;
            let home = ground.home(&layout);
            let place = match (self.wire, home.join("parity.yaml").exists()) {
                (true, _) => WIRED_POLICY,
                (false, false) => "parity.yaml",
                // A base in this directory records itself by a file of that name.
                (false, true) => "parity/policy.yaml",
            };
            let path = home.join(place);
            let name = ground.name_of(&path);
            let mut asked = layout.clone();
            if home == ground.first {
                asked.leave_others();
            } else {
                let part = match files::shown(&self.directory) {
                    here if here == "." => "this directory".to_owned(),
                    part => part,
                };
                super::complain(&format!(
                    "krm-parity: the policy is {name}, because {part} is only a part of a service"
                ));
            }
            let is_annotated = self.wire && !self.plugin;
            let after = init::policy(&asked, parsed, is_annotated.then_some(FUNCTION));
            let policy = policy::parse(RULES, &name, &after)?;
            let file = PolicyFile {
                path,
                name,
                from: None,
                before: None,
                after,
            };
            return Ok((file, policy, layout));
        };
        let name = ground.name_of(&found.path);
        let path = found.path;
        let (before, policy) = (found.text, found.policy);
        let layout = ground.layout(parsed, &policy, false)?;
        let file = PolicyFile {
            path,
            name,
            from: None,
            after: before.clone(),
            before: Some(before),
        };
        Ok((file, policy, layout))
    }

    /// Writes today's findings into the policy's text, and checks that this has its effect.
    fn adopt(
        &self,
        ground: &Ground,
        parsed: &Parsed<'_>,
        layout: &Layout,
        scope: Scope<'_>,
        file: &mut PolicyFile,
        policy: &mut Policy,
    ) -> anyhow::Result<Outcome> {
        let today = super::function::today()?;
        if let Some(note) = super::function::note_of(today) {
            super::complain(&format!("krm-parity: {note}"));
        }
        let terms = adoption::Terms {
            hold: self.hold,
            is_wired: self.wire,
            days: adoption::ends(self.days, self.expires, today)?,
            prunes: self.prune,
            scope,
        };
        let how = How {
            by: self.by,
            one_by_one: false,
            flags: &self.flags,
            limit: self.limit,
            is_quiet: false,
        };
        let Built {
            builds,
            lacking,
            hidden,
        } = ground.build(parsed, layout, how)?;
        let record = |paths: &BTreeSet<String>| {
            super::history::record(ground.way_to_git(), paths, None, self.limit)
        };
        let gate = Gate {
            layout,
            builds: &builds,
            lacking: &lacking,
            hidden: &hidden,
            policy,
            today,
            parsed: Some(parsed),
            site: Some(ground.site()),
            scope: Scope::Unknown,
            history: Some(&record),
            tells_deployers: true,
            others: Vec::new(),
        };
        let adopted = gate::open(&builds, |resources| {
            adoption::adopt(&gate, resources, &file.name, &file.after, terms)
        });
        let (outcome, after, adopted) =
            adopted.context("the output of the build cannot be read")??;
        file.after = after;
        *policy = adopted;
        Ok(outcome)
    }
}
