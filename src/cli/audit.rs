//! `krm-parity audit`: the changes that people made to the objects of Git, from an audit log alone.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{ArgMatches, Command};

use super::formats::Formats;
use super::wanted::{self, file, of_git, one_stdin, word};
use super::{audit_log, function, rendered};
use crate::audit::{self, Trail};
use crate::rules;
use crate::survey::Survey;

const LONG_ABOUT: &str = "\
Shows from an audit log who changed the objects that are in Git: every write that does not come from a
deployer, field by field, and whether it was reverted. It also shows changes that self-heal reverted, of
which the objects themselves keep no trace.

  krm-parity audit overlays/production --events audit.log
  zcat audit-*.log.gz | krm-parity audit overlays/production --events -
  kustomize build overlays/production | krm-parity audit --rendered - --events audit.log

The log is the API server's: audit.k8s.io/v1 events, one per line. The exports of CloudWatch, Azure
Monitor and Cloud Logging work too. It is read as a stream and may have any size. Deployers, controllers
and manual tools are recognised as in `krm-parity drift`, and by the names of service accounts.

A change that was reverted is a warning; a change that is still there at the end of the log is an error.
Fields that the policy allows are ignored, and exemptions apply, for example `rule: manual-change`.
Values of Secrets are never shown.

  --format audit-record      one JSON line per change; krm-parity schema AuditRecord describes it

Exit codes: 0 clean, 1 findings at or above the policy's failOn, 2 could not run.";

pub(super) fn command() -> Command {
    Command::new("audit")
        .about("Show from an audit log who changed the objects that are in Git")
        .long_about(LONG_ABOUT)
        .args(wanted::args())
        .group(wanted::one_of())
        .arg(file("events", "The audit log of the API server; - reads stdin").required(true))
        .args(wanted::names())
        .arg(word(
            "namespace",
            "The namespace of objects that have none in Git",
        ))
        .arg(word(
            "cluster",
            "The name of the cluster, for audit records",
        ))
        .args(super::formats::args_of_records())
}

/// Reads the log and reports; returns whether the run failed.
pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<bool> {
    let formats = Formats::parse_with_records(matches)?;
    let survey = survey(matches)?;
    formats.write(&survey)?;
    Ok(survey.report.failed)
}

fn survey(matches: &ArgMatches) -> anyhow::Result<Survey> {
    let path = |name: &str| matches.get_one::<PathBuf>(name);
    let today = function::today()?;
    let log = path("events")
        .context("--events is required: pass the audit log of the API server, or - for stdin")?;
    one_stdin(&[("--rendered", path("rendered")), ("--events", Some(log))])?;
    let look = wanted::look(matches, "audit")?;
    let trees = rendered::trees(&look.wanted.files)?;
    let git = of_git(rendered::resources(&trees)?)?;
    let mut trail = Trail::of(
        &git,
        &look.policy.managers,
        git.iter().map(|want| (want, Some(want))),
    );
    if let Some(name) = matches.get_one::<String>("namespace") {
        trail.in_namespace(name);
    }
    let notes = audit_log::read(log, &mut trail).context("--events")?;
    one_namespace(&trail)?;
    let states = audit::states(&trail);
    let mut records = audit::records(&trail, &git, &states);
    let mut hidden = look.hidden([git.as_slice()]);
    hidden.extend(trail.hidden.iter().cloned());
    let named = matches.get_one::<String>("cluster");
    let named = named.map(|name| crate::text::one_line(name, 200).into_owned());
    for record in &mut records {
        record.hide(&hidden);
        if named.is_some() {
            record.requested.cluster.clone_from(&named);
        }
    }
    let cluster = look.cluster();
    let report = rules::judge_trail(&records, git.len(), cluster, &look.policy, today);
    Ok(look.survey(report, notes, today))
}

/// Checks that no object is ambiguous: one without a namespace in Git must be the only one of its
/// name.
fn one_namespace(trail: &Trail<'_, '_>) -> anyhow::Result<()> {
    let mut objects = trail.objects.iter();
    let Some(object) = objects.find(|object| object.namespaces.len() > 1) else {
        return Ok(());
    };
    let names: Vec<&str> = object.namespaces.iter().map(String::as_str).collect();
    bail!(
        "{} {} has no namespace in Git, and the log has it in {}; choose one with --namespace",
        object.resource.kind(),
        object.resource.name(),
        crate::text::one_line(&names.join(", "), 200)
    )
}
