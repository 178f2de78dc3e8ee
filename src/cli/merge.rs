//! `krm-parity merge`: the reports of the shards of one check, made one.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Arg, ArgMatches, Command, value_parser};

use super::files;
use super::formats::{self, Formats};
use crate::report::survey::json::{MAX_BYTES, read};
use crate::survey::Survey;
use crate::survey::merge::{check_shards, merge};

const LONG_ABOUT: &str = "\
Unite the reports of several checks, such as the shards of one, and tell them in any format.

  krm-parity check --shard 1/2 --format json=one.json
  krm-parity check --shard 2/2 --format json=two.json
  krm-parity merge one.json two.json --format text --format sarif=parity.sarif

The same finding in two reports counts once. Exit code 1 where any of the reports has failed, 2 where
one of the shards is missing, there twice, or of another check: then nobody knows what was found.";

/// The verb.
pub(super) fn command() -> Command {
    Command::new("merge")
        .about("Unite the JSON reports of several checks")
        .long_about(LONG_ABOUT)
        .arg(
            Arg::new("REPORT")
                .help("A report that --format json wrote; `-` for stdin")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(formats::arg())
}

/// Reads, unites and tells; gives whether the policy of any of the checks was broken.
///
/// # Errors
///
/// When a report cannot be read or a format cannot be written.
pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<bool> {
    let formats = Formats::parse(matches)?;
    let files: Vec<&PathBuf> = matches.get_many("REPORT").unwrap_or_default().collect();
    if files.iter().filter(|file| is_stdin(file)).count() > 1 {
        bail!("`-` stands for stdin and can be given once");
    }
    let surveys: Vec<(String, Survey)> = files
        .into_iter()
        .map(|file| load(file))
        .collect::<anyhow::Result<_>>()?;
    check_shards(&surveys)?;
    let survey = merge(surveys.into_iter().map(|(_, survey)| survey).collect());
    formats.write(&survey)?;
    Ok(survey.report.failed)
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

fn load(file: &Path) -> anyhow::Result<(String, Survey)> {
    let name = if is_stdin(file) {
        "stdin".to_owned()
    } else {
        crate::text::one_line(&file.display().to_string(), 400).into_owned()
    };
    let bytes = if is_stdin(file) {
        let mut bytes = Vec::new();
        // One byte more than is taken tells too much from just enough.
        let source = std::io::stdin().lock().take(MAX_BYTES as u64 + 1);
        { source }
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot read {name}"))?;
        bytes
    } else {
        files::read_named(file, MAX_BYTES).with_context(|| format!("cannot read {name}"))?
    };
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is not UTF-8"))?;
    let survey = read(&text).with_context(|| name.clone())?;
    Ok((name, survey))
}
