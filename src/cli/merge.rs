//! `krm-parity merge`: combines the reports of the shards of one check.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Arg, ArgMatches, Command, value_parser};

use super::formats::{self, Formats};
use super::new::Earlier;
use super::reports::{is_stdin, load};
use crate::survey::Survey;
use crate::survey::merge::{check_shards, merge};

const LONG_ABOUT: &str = "\
Unite the reports of several checks, such as the shards of one check, and print them in any format.

  krm-parity check --shard 1/2 --format json=one.json
  krm-parity check --shard 2/2 --format json=two.json
  krm-parity merge one.json two.json --format text --format sarif=parity.sarif

The same finding in two reports counts once. The exit code is 1 if any of the reports failed, and 2 if a
shard is missing, appears twice, or belongs to another check.";

/// The verb.
pub(super) fn command() -> Command {
    Command::new("merge")
        .about("Unite the JSON reports of several checks")
        .long_about(LONG_ABOUT)
        .arg(
            Arg::new("REPORT")
                .help("A report of --format json; `-` reads stdin")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            Arg::new("against")
                .long("against")
                .value_name("REPORT")
                .help("Fail only on findings that are not in this earlier report; the others are counted as known")
                .value_parser(value_parser!(PathBuf)),
        )
        .args(formats::args())
}

/// Reads, combines and reports; returns whether any of the checks failed.
///
/// # Errors
///
/// Fails if a report cannot be read or a format cannot be written.
pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<bool> {
    let formats = Formats::parse(matches)?;
    let files: Vec<&PathBuf> = matches.get_many("REPORT").unwrap_or_default().collect();
    if files.iter().filter(|file| is_stdin(file)).count() > 1 {
        bail!("`-` means stdin and can be given only once");
    }
    let surveys: Vec<(String, Survey)> = files
        .into_iter()
        .map(|file| load(file).map(|(name, _, survey)| (name, survey)))
        .collect::<anyhow::Result<_>>()?;
    check_shards(&surveys)?;
    let is_held = surveys.iter().find(|(_, survey)| survey.against.is_some());
    let mut survey = merge(surveys.iter().map(|(_, survey)| survey.clone()).collect());
    if let Some(file) = matches.get_one::<PathBuf>("against") {
        if let Some((name, _)) = is_held {
            bail!(
                "{name} already says which findings are new; leave out --against, or unite reports without --new and --against"
            );
        }
        survey = Earlier::stored(file)?.hold_alone(survey);
    }
    formats.write(&survey)?;
    Ok(survey.report.failed)
}
