//! `krm-parity drift`: compares Git with a cluster.

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
Compares Git with a cluster, and reports what was changed, removed or added in the cluster, and with
which tool. Git's side is the build of OVERLAY, or a rendered file; the cluster's side is the output of
kubectl:

  kubectl get deploy,cm,svc,ing -n shop --show-managed-fields -o yaml > live.yaml
  krm-parity drift overlays/production --live live.yaml
  kustomize build overlays/production | krm-parity drift --rendered - --live live.yaml
  krm-parity drift overlays/production --context production

With --context, krm-parity runs kubectl and reads every kind that is in Git, in Git's version: all
objects of the namespaces, and Secrets and cluster-scoped objects by name. Otherwise no program is run.

With --follow, the cluster's side is a stream of watch events; each change is reported as it happens:

  kubectl get deploy -n shop --watch --output-watch-events --show-managed-fields -o json |
    krm-parity drift overlays/production --live - --follow

Resources are matched by group, kind, namespace and name, so pass all kinds that are in Git. A manager
is a tool, not a person, and its time is that of its last write. Without --show-managed-fields values
are compared, but additions and the tools behind changes are not known. Fields that the API server
fills in, and different spellings of the same value, are not drift.

With --audit, the report shows who made each change, if the log contains the request: the user, groups,
address and client, and how sure the match is.

With --fix, changes that the policy lets overlays keep (replicas, resource values and so on) are written
as patches into the overlay's kustomization. The changes are built, shown as a diff, and written after
you confirm; every change that is not written is listed with the reason.

Fields that the policy allows are ignored, and exemptions apply, for example `rule: manual-change`. A
class that overlays may change is still reported if it was changed in the cluster. Values of Secrets are
compared and never shown.

Exit codes: 0 clean, 1 findings at or above the policy's failOn, 2 could not run.";

pub(super) fn command() -> Command {
    Command::new("drift")
        .about("Compare Git with a cluster")
        .long_about(LONG_ABOUT)
        .args(wanted::args())
        .group(wanted::one_of())
        .arg(file(
            "live",
            "The output of kubectl get -o yaml or -o json; - reads stdin",
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
            "The audit log of the API server, which shows who made each change; - reads stdin",
        ))
        .args(wanted::names())
        .arg(word(
            "cluster",
            "The name of the cluster, for audit records",
        ))
        .args(super::formats::args_of_records())
        .args(keep::args())
}

/// Compares and reports; returns whether the run failed.
pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<bool> {
    if matches.get_flag("follow") {
        return follow::run(matches);
    }
    if matches.get_flag("fix") {
        return keep::run(matches);
    }
    let formats = Formats::parse_with_records(matches)?;
    if formats.has_records() && !matches.contains_id("audit") {
        bail!("--format {} requires --audit", records::ID);
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
            "--namespace works only with --context and --follow; with --live, pass the objects of one namespace"
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
            "the live objects have no managed fields, so additions and the tools behind changes are not reported; pass the output of kubectl get --show-managed-fields -o yaml"
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
