//! `krm-parity audit`: what people did to the objects that Git has, from an audit log alone.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{ArgMatches, Command};

use super::drift::one_stdin;
use super::formats::Formats;
use super::wanted::{self, file, of_git, word};
use super::{audit_log, function, rendered};
use crate::audit::{self, Trail};
use crate::compare::hidden::values;
use crate::rules;
use crate::survey::Survey;

const LONG_ABOUT: &str = "\
Tells from an audit log what people did to the objects that Git has: every write by somebody who is not
a deployer, per field, and what became of it. It shows what self-heal has taken back, of which the
objects keep no trace.

  krm-parity audit overlays/production --events audit.log
  zcat audit-*.log.gz | krm-parity audit overlays/production --events -
  kustomize build overlays/production | krm-parity audit --rendered - --events audit.log

The log is that of the API server: audit.k8s.io/v1 events, one a line, also as CloudWatch, Azure Monitor
and Cloud Logging hand them out. It is read as a stream and may have any length. Deployers, controllers
and people's tools are told apart as `krm-parity drift` does, and by the names of service accounts.

What was taken back since is a warning; what still stands when the log ends is an error. Fields that the
policy allows are left alone, and exemptions hold: `rule: manual-change` and so on. Values of Secrets
are never shown.

  --format audit-record      one JSON line a change; krm-parity schema AuditRecord describes it

Exit codes: 0 clean, 1 findings at or above the policy's failOn, 2 could not run.";

pub(super) fn command() -> Command {
    Command::new("audit")
        .about("Tell from an audit log what people did to the objects that Git has")
        .long_about(LONG_ABOUT)
        .args(wanted::args())
        .group(wanted::one_of())
        .arg(file("events", "The audit log of the API server; - for stdin").required(true))
        .args(wanted::names())
        .arg(word("namespace", "The namespace of what has none in Git"))
        .arg(word("cluster", "The cluster, for audit records"))
        .args(super::formats::args_of_records())
}

/// Reads the log and tells; whether it failed.
pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<bool> {
    let formats = Formats::parse_with_records(matches)?;
    let survey = survey(matches)?;
    formats.write(&survey)?;
    Ok(survey.report.failed)
}

fn survey(matches: &ArgMatches) -> anyhow::Result<Survey> {
    let path = |name: &str| matches.get_one::<PathBuf>(name);
    let today = function::today()?;
    let log = path("events").context("--events is needed")?;
    one_stdin(&[("--rendered", path("rendered")), ("--events", Some(log))])?;
    let look = wanted::look(matches, "audit")?;
    let trees = rendered::trees(&look.wanted.files)?;
    let git = of_git(rendered::resources(&trees)?)?;
    let mut trail = Trail::of(&git, git.iter().map(|want| (want, Some(want))));
    if let Some(name) = matches.get_one::<String>("namespace") {
        trail.in_namespace(name);
    }
    let notes = audit_log::read(log, &mut trail).context("--events")?;
    one_namespace(&trail)?;
    let states = audit::states(&trail);
    let mut records = audit::records(&trail, &git, &states);
    let mut hidden = look.wanted.copies.clone();
    hidden.extend(values(&git));
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

/// That no object is several: one without a namespace in Git is the only one of its name.
fn one_namespace(trail: &Trail<'_, '_>) -> anyhow::Result<()> {
    let mut objects = trail.objects.iter();
    let Some(object) = objects.find(|object| object.namespaces.len() > 1) else {
        return Ok(());
    };
    let names: Vec<&str> = object.namespaces.iter().map(String::as_str).collect();
    bail!(
        "{} {} has no namespace in Git, and the log has it in {}; say which one it is with --namespace",
        object.resource.kind(),
        object.resource.name(),
        crate::text::one_line(&names.join(", "), 200)
    )
}
