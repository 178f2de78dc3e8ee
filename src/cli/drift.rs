//! `krm-parity drift`: what Git says against what a cluster runs.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{ArgGroup, ArgMatches, Command};

use super::formats::Formats;
use super::wanted::{self, file, is_object, of_git, one_stdin, word};
use super::{audit_log, follow, function, keep, kubectl, rendered};
use crate::audit::{self, Trail};
use crate::live;
use crate::report::survey::records;
use crate::rules;
use crate::survey::Survey;

const LONG_ABOUT: &str = "\
Compares what Git says with what a cluster runs, and says what was changed, removed or added, and with
which tool. Git's side is what OVERLAY builds, or what is already rendered; the other side is what
kubectl printed:

  kubectl get deploy,cm,svc,ing -n shop --show-managed-fields -o yaml > live.yaml
  krm-parity drift overlays/production --live live.yaml
  kustomize build overlays/production | krm-parity drift --rendered - --live live.yaml
  krm-parity drift overlays/production --context production

With --context kubectl is started and asked for each kind that Git has, at Git's version: whole
namespaces, Secrets and what has no namespace by name. Otherwise no program is.

With --follow the live side is a stream of watch events, and each change is told when it comes:

  kubectl get deploy -n shop --watch --output-watch-events --show-managed-fields -o json |
    krm-parity drift overlays/production --live - --follow

Resources are matched by group, kind, namespace and name; pass all kinds that Git has. A manager is a
tool, not a person, and its time is that of its last write. Without --show-managed-fields values are
compared, but nobody knows what was added, nor with what. What the API server fills in is no drift, nor
is another way to write a value.

With --audit the report says who made each change, as far as the log holds the request: the user,
groups, address and client, and how sure that is.

With --fix, what may be kept is written into the overlay's kustomization as patches: replicas, resource
values and whatever else the policy lets overlays differ in. The change is built, shown as a diff and
made after a yes; what is not written is named with the reason.

Fields that the policy allows are left alone, and exemptions hold: `rule: manual-change` and so on.
Classes that overlays may change are no reason to change them in the cluster. Values of Secrets are
compared and never shown.

Exit codes: 0 clean, 1 findings at or above the policy's failOn, 2 could not run.";

pub(super) fn command() -> Command {
    Command::new("drift")
        .about("Compare what Git says with what a cluster runs")
        .long_about(LONG_ABOUT)
        .args(wanted::args())
        .group(wanted::one_of())
        .arg(file(
            "live",
            "What kubectl get -o yaml or -o json printed; - for stdin",
        ))
        .args(kubectl::args())
        .arg(follow::arg())
        .group(
            ArgGroup::new("cluster's side")
                .args(["live", "context"])
                .required(true),
        )
        .arg(file(
            "audit",
            "The audit log of the API server, which says who it was; - for stdin",
        ))
        .args(wanted::names())
        .arg(word("cluster", "The cluster, for audit records"))
        .args(super::formats::args_of_records())
        .args(keep::args())
}

/// Compares and tells; whether it failed.
pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<bool> {
    if matches.get_flag("follow") {
        return follow::run(matches);
    }
    if matches.get_flag("fix") {
        return keep::run(matches);
    }
    let formats = Formats::parse_with_records(matches)?;
    if formats.has_records() && !matches.contains_id("audit") {
        bail!("--format {} needs --audit", records::ID);
    }
    let survey = survey(matches)?;
    formats.write(&survey)?;
    Ok(survey.report.failed)
}

fn survey(matches: &ArgMatches) -> anyhow::Result<Survey> {
    let path = |name: &str| matches.get_one::<PathBuf>(name);
    let today = function::today()?;
    let live = path("live");
    let log = path("audit");
    if live.is_some() && matches.contains_id("namespace") {
        bail!(
            "--namespace is for --context and --follow: pass --live the objects of one namespace"
        );
    }
    one_stdin(&[
        ("--rendered", path("rendered")),
        ("--live", live),
        ("--audit", log),
    ])?;
    let look = wanted::look(matches, "drift")?;
    let git_trees = rendered::trees(&look.wanted.files)?;
    let git = of_git(rendered::resources(&git_trees)?)?;
    let (live_files, mut notes) = match live {
        Some(live) => (wanted::read(live).context("--live")?, Vec::new()),
        None => kubectl::ask(matches, &git)?,
    };
    let live_trees = rendered::trees(&live_files)?;
    let running = rendered::resources(&live_trees).context("--live")?;
    running.iter().try_for_each(is_object)?;
    let mut compared = live::compare(&git, &running, &look.policy.managers).context("--live")?;
    if !compared.is_managed && !running.is_empty() {
        notes.push(
            "the live objects came without managed fields, so what was added, and with which tool, is left out; pass what kubectl get --show-managed-fields -o yaml prints"
                .to_owned(),
        );
    }
    let mut hidden = look.hidden([git.as_slice(), &running]);
    let joined = match log {
        None => None,
        Some(log) => {
            let pairs = compared
                .pairs
                .iter()
                .map(|pair| (pair.live, Some(pair.want)));
            let missing = compared
                .missing
                .iter()
                .map(|(want, _)| (*want, Some(*want)));
            let extra = compared.extra.iter().map(|(extra, _)| (*extra, None));
            let mut trail = Trail::of(
                &git,
                &look.policy.managers,
                pairs.chain(missing).chain(extra),
            );
            let mut spaces = compared
                .pairs
                .iter()
                .map(|pair| pair.live.identity.namespace);
            if let Some(first) = spaces.find(|name| !name.is_empty())
                && spaces.all(|name| name.is_empty() || name == first)
            {
                trail.in_namespace(first);
            }
            notes.extend(audit_log::read(log, &mut trail).context("--audit")?);
            hidden.extend(trail.hidden.iter().cloned());
            let mut joined = audit::join(&mut compared, &trail);
            if let Some(name) = matches.get_one::<String>("cluster") {
                joined.name(name);
            }
            Some(joined)
        }
    };
    compared.hide(&hidden);
    let cluster = look.cluster();
    let report = rules::judge_live(&compared, joined.as_ref(), cluster, &look.policy, today);
    Ok(look.survey(report, notes, today))
}
