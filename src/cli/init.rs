//! `krm-parity init`: a first policy, the wiring of builds, and today's findings as exemptions.

mod adoption;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use jiff::civil::Date;

use super::build::How;
use super::change::{self, Change, Consent, Done};
use super::ground::{Built, Ground};
use super::{policy_file, process, tree};
use crate::adopt::{Adoption, Hold};
use crate::gate::{self, Gate, Scope};
use crate::init::{self, FUNCTION, Plan, RECORDER, WIRED_POLICY};
use crate::layout::Layout;
use crate::policy::{self, Policy};
use crate::repo::Parsed;
use crate::rules::{RULES, Unjudged};
use crate::yaml;

/// How long adopted findings may stay, unless it is said otherwise.
const DAYS: &str = "90";

pub(super) const LONG_ABOUT: &str = "\
Writes a policy for the services and environments below DIR. The changes are shown as a diff and made
after a yes; nothing else is touched, and a second run changes nothing.

  krm-parity init                  parity.yaml in DIR, which is all that `krm-parity check` needs
  krm-parity init --adopt          and today's findings in it as exemptions, so that `check` passes
                                   today and fails on whatever is new
  krm-parity init --wire           parity/policy/policy.yaml instead, a recorder in every base, and the
                                   check in every overlay, so that `kustomize build` itself fails

Without --wire no kustomization is edited: bases and overlays that declare a function can be built by
nobody without --enable-alpha-plugins and --enable-exec, and by Flux not at all. Kustomizations are
edited by inserting lines; comments, order and quotes stay as they are.

--adopt builds every environment as `check` does; flags for kustomize go after `--`. Each exemption is
about one place of one resource, and carries a reason to be filled in by its owner. What does not build
is not adopted.

Exit codes: 0 done, 1 done, but --adopt had to leave findings that `check` will still fail on, or
--wire had to leave environments that no build checks, each of which is named with the reason,
2 nothing was changed. Without --adopt nothing is built, and `check` alone tells what it finds.";

pub(super) fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .help(help)
            .action(ArgAction::SetTrue)
    };
    Command::new("init")
        .about("Write a policy, and today's findings as exemptions")
        .long_about(LONG_ABOUT)
        .arg(
            Arg::new("DIR")
                .help("The directory of the repository; by default the current one")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(flag("adopt", "Write today's findings down as exemptions"))
        .arg(
            Arg::new("days")
                .long("days")
                .value_name("N|N..M")
                .help("How many days the exemptions hold; 30..120 spreads the services over those days")
                .value_parser(adoption::days)
                .default_value(DAYS)
                .requires("adopt"),
        )
        .arg(
            Arg::new("expires")
                .long("expires")
                .value_name("YYYY-MM-DD")
                .help("The last day on which the exemptions hold")
                .value_parser(adoption::date)
                .conflicts_with("days")
                .requires("adopt"),
        )
        .arg(
            flag(
                "by-place",
                "Let exemptions hold for any value at their place, and not for the one that was found",
            )
            .requires("adopt"),
        )
        .arg(flag(
            "wire",
            "Let bases record themselves and overlays check themselves",
        ))
        .arg(flag("yes", "Make the changes without asking"))
        .arg(flag("dry-run", "Only show the changes").conflicts_with("yes"))
        .arg(process::arg())
        .arg(
            Arg::new("FLAGS")
                .help("Flags for kustomize")
                .last(true)
                .num_args(0..)
                .value_parser(value_parser!(OsString)),
        )
}

/// What `init` is asked to do.
pub(super) struct Init {
    directory: PathBuf,
    adopt: bool,
    hold: Hold,
    wire: bool,
    days: (u16, u16),
    expires: Option<Date>,
    consent: Consent,
    limit: Duration,
    flags: Vec<OsString>,
}

/// The policy file, as it is and as it is to be.
struct PolicyFile {
    path: PathBuf,
    name: String,
    before: Option<String>,
    after: String,
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
            wire: matches.get_flag("wire"),
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
            flags: flags.cloned().collect(),
        }
    }

    /// Does it, and says so.
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let mut ground = Ground::new(std::slice::from_ref(&self.directory))?;
        let found = policy_file::PolicyFile::find(&ground.first, |path| ground.name_of(path))?;
        let mut sources = ground.read(found.as_ref().map(|found| found.path.as_path()))?;
        if self.wire {
            tree::read_beside(&ground.root, &mut sources, RECORDER);
        }
        let parsed = sources.parse();
        let (mut file, mut policy, layout) = self.policy(&ground, &parsed, found)?;
        let mut told = Vec::new();
        let mut adoption = Adoption::default();
        if self.adopt {
            adoption = self.adopt(&ground, &parsed, &layout, &mut file, &mut policy)?;
        }
        let mut changes = Vec::new();
        if file.before.as_ref() != Some(&file.after) {
            changes.push(Change {
                path: file.path.clone(),
                name: file.name.clone(),
                before: file.before.clone(),
                after: file.after.clone(),
            });
        }
        let mut is_unwired = false;
        if self.wire {
            let mut asked = layout.clone();
            asked.leave_siblings();
            let wiring = wiring(&parsed, &asked, &file, &policy)?;
            is_unwired = !wiring.notes.is_empty();
            told.extend(wiring.notes);
            changes.extend(wiring.files.into_iter().map(|(name, after)| Change {
                path: ground.root.join(&name),
                before: sources.text(&name).map(str::to_owned),
                name,
                after,
            }));
        }
        told.extend(layout.notes.iter().cloned());
        told.extend(layout.unjudged.iter().map(Unjudged::headline));
        for note in told {
            super::complain(&format!("krm-parity: {note}"));
        }
        self.finish(&file, &changes, &adoption, is_unwired)
    }

    /// The policy that holds here, or a first one, with what is found under it.
    fn policy(
        &self,
        ground: &Ground,
        parsed: &Parsed<'_>,
        found: Option<policy_file::PolicyFile>,
    ) -> anyhow::Result<(PolicyFile, Policy, Layout)> {
        let path = found.as_ref().map_or_else(
            || {
                let place = match (self.wire, ground.first.join("parity.yaml").exists()) {
                    (true, _) => WIRED_POLICY,
                    (false, false) => "parity.yaml",
                    // A base that lies here records itself by a file of that name.
                    (false, true) => "parity/policy.yaml",
                };
                ground.first.join(place)
            },
            |found| found.path.clone(),
        );
        let name = ground.name_of(&path);
        let Some(found) = found else {
            let mut layout = ground.layout(parsed, &Policy::default())?;
            layout.leave_others();
            let after = init::policy(&layout, parsed, self.wire.then_some(FUNCTION));
            let policy = policy::parse(RULES, &name, &after)?;
            let file = PolicyFile {
                path,
                name,
                before: None,
                after,
            };
            return Ok((file, policy, layout));
        };
        let (before, policy) = (found.text, found.policy);
        let mut layout = ground.layout(parsed, &policy)?;
        layout.leave_others();
        let file = PolicyFile {
            path,
            name,
            after: before.clone(),
            before: Some(before),
        };
        Ok((file, policy, layout))
    }

    /// Writes today's findings into the policy's text, and makes sure that it does what it is for.
    fn adopt(
        &self,
        ground: &Ground,
        parsed: &Parsed<'_>,
        layout: &Layout,
        file: &mut PolicyFile,
        policy: &mut Policy,
    ) -> anyhow::Result<Adoption> {
        let today = super::function::today()?;
        if let Some(note) = super::function::note_of(today) {
            super::complain(&format!("krm-parity: {note}"));
        }
        let terms = adoption::Terms {
            hold: self.hold,
            is_wired: self.wire,
            days: adoption::ends(self.days, self.expires, today)?,
        };
        let how = How {
            one_by_one: false,
            flags: &self.flags,
            limit: self.limit,
        };
        let Built { builds, lacking } = ground.build(parsed, layout, how)?;
        let record = |paths: &BTreeSet<String>| {
            super::history::record(&ground.root, paths, None, self.limit)
        };
        let gate = Gate {
            layout,
            builds: &builds,
            lacking: &lacking,
            policy,
            today,
            parsed: Some(parsed),
            site: Some(ground.site()),
            scope: Scope::Unknown,
            history: Some(&record),
            others: Vec::new(),
        };
        let adopted = gate::open(&builds, |resources| {
            adoption::adopt(&gate, resources, &file.name, &file.after, terms)
        });
        let (adoption, after, adopted) = adopted.context("what was built cannot be read")??;
        file.after = after;
        *policy = adopted;
        Ok(adoption)
    }

    /// Shows and makes the changes, and says what is left.
    fn finish(
        &self,
        file: &PolicyFile,
        changes: &[Change],
        adoption: &Adoption,
        is_unwired: bool,
    ) -> anyhow::Result<ExitCode> {
        let is_left = !adoption.unbuilt.is_empty() || adoption.expired > 0;
        let done = if changes.is_empty() {
            super::write_out(&format!(
                "Nothing to do: {} is there{}.\n",
                file.name,
                match (self.adopt, self.wire) {
                    (true, _) if is_left => ", and nothing that is found can be adopted",
                    (true, _) => ", and there is no finding to adopt",
                    (false, true) if is_unwired => {
                        ", and nothing more can be wired: what is left is named above"
                    }
                    (false, true) => ", and everything that can be is wired",
                    (false, false) => "",
                }
            ))?;
            Done::Shown
        } else {
            change::make(changes, self.consent)?
        };
        if done == Done::Written {
            let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
            super::write_out(&format!("\nWrote {}.\n", names.join(", ")))?;
            if adoption.allows_tags {
                super::write_out(
                    "Every environment sets image tags of its own, so spec.allow.classes has image-tag now: \
                     `krm-parity check` reports a tag that no earlier environment has run.\n",
                )?;
            }
            if adoption.adopted > 0 {
                super::write_out(&format!(
                    "{} adopted as {}: fill in the reasons that say TODO, and who owns them.\n",
                    counted(adoption.adopted, "finding"),
                    counted(adoption.items.len(), "exemption"),
                ))?;
            }
        }
        for headline in &adoption.unbuilt {
            super::complain(&format!("krm-parity: not adopted: {headline}"));
        }
        if adoption.expired > 0 {
            super::complain(&format!(
                "krm-parity: not adopted: {} whose exemption has expired; mend them, or decide anew and give it a later date",
                counted(adoption.expired, "finding")
            ));
        }
        if is_left || is_unwired {
            Ok(ExitCode::FAILURE)
        } else {
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What builds need, so that they check themselves.
fn wiring(
    parsed: &Parsed<'_>,
    layout: &Layout,
    file: &PolicyFile,
    policy: &Policy,
) -> anyhow::Result<init::Wiring> {
    if file.name.starts_with("..") {
        bail!(
            "the policy is {}, above the directory to be wired: run this where the policy holds for all",
            file.name
        );
    }
    let Some(home) = init::home_of(&file.name) else {
        bail!(
            "the policy is {}, where no overlay can load it: kustomize takes files only from beside a kustomization or below it. Move it to {WIRED_POLICY} first",
            file.name
        );
    };
    let tree = yaml::parse(&file.after).with_context(|| file.name.clone())?;
    let function = init::function_of(&tree);
    if function.is_none() {
        super::complain(&format!(
            "krm-parity: {} has no annotation config.kubernetes.io/function, so builds look for a plugin: krm-parity plugin install",
            file.name
        ));
    }
    let plan = Plan {
        layout,
        parsed,
        home,
        environments: &policy.environments,
        function: function.as_deref(),
        names_services: policy.exemptions.iter().any(|one| !one.services.is_empty())
            || policy.fields.iter().any(|one| !one.services.is_empty()),
    };
    init::wire(&plan).map_err(|(file, error)| anyhow::anyhow!("{file}: {error}"))
}

fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}
