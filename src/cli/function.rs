//! The function: stdin to stdout, for KRM hosts and kustomize's plugin protocol.

use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::function::{Answer, Output, Refusal, run, run_plugin};
use crate::repo::Ours;
use crate::report::text::{Style, render};
use crate::yaml::{MAX_BYTES, Node, parse_bytes};

/// Runs as a KRM function, from a `ResourceList` on stdin to one on stdout.
///
/// It never silently passes items that it could not judge.
#[must_use]
pub fn function() -> ExitCode {
    let input = match read_stdin() {
        Ok(input) => input,
        Err(error) => return cannot(&format!("cannot read stdin: {error}")),
    };
    let today = match today() {
        Ok(today) => today,
        Err(error) => return cannot(&error.to_string()),
    };
    match run(&input, today) {
        Ok(answer) => finish(&input, &answer, today),
        Err(refusal) => refuse(&refusal, &refusal.to_list(&input)),
    }
}

/// Runs as a plugin of kustomize's older protocol, configured by a file.
///
/// Both streams have plain documents, so findings go only to stderr.
#[must_use]
pub fn plugin_protocol(config: &Path) -> ExitCode {
    let config = match super::files::read_named(config, MAX_BYTES) {
        Ok(config) => config,
        Err(error) => return cannot(&format!("cannot read the functionConfig: {error}")),
    };
    let input = match read_stdin() {
        Ok(input) => input,
        Err(error) => return cannot(&format!("cannot read stdin: {error}")),
    };
    if super::build::is_judged_later() && holds_policy(&config) {
        // Under `validators:` a policy must return nothing, which it says with `emit`.
        let output: &[u8] = if emits_none(&config) { &[] } else { &input };
        return match write_stdout(output) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => cannot(&format!("cannot write to stdout: {error}")),
        };
    }
    let today = match today() {
        Ok(today) => today,
        Err(error) => return cannot(&error.to_string()),
    };
    match run_plugin(&config, &input, today) {
        Ok(answer) => finish(&input, &answer, today),
        Err(refusal) => refuse(&refusal, ""),
    }
}

fn holds_policy(config: &[u8]) -> bool {
    root_of(config, |root| Ours::read(root) == Some(Ours::Policy))
}

fn emits_none(config: &[u8]) -> bool {
    root_of(config, |root| {
        root.str_at(&["spec", "emit"]) == Some("none")
    })
}

fn root_of(config: &[u8], is: impl Fn(Node<'_>) -> bool) -> bool {
    parse_bytes(config).is_ok_and(|tree| tree.roots().any(is))
}

/// The day in UTC against which exemptions are checked; `SOURCE_DATE_EPOCH` sets it for
/// reproducible builds.
pub(super) fn today() -> anyhow::Result<Date> {
    Ok(timestamp()?.to_zoned(TimeZone::UTC).date())
}

/// The current second, in the format of API servers; `SOURCE_DATE_EPOCH` sets it too.
pub(super) fn now() -> anyhow::Result<String> {
    let second = Timestamp::from_second(timestamp()?.as_second())?;
    Ok(second.to_string())
}

fn timestamp() -> anyhow::Result<Timestamp> {
    Ok(match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds
            .parse()
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .with_context(|| {
                format!("SOURCE_DATE_EPOCH is {seconds:?}; it must be seconds since 1970")
            })?,
        Err(_) => Timestamp::now(),
    })
}

/// The note about a day that is not today; `None` if it is.
pub(super) fn note_of(today: Date) -> Option<String> {
    std::env::var_os("SOURCE_DATE_EPOCH")?;
    Some(format!(
        "exemptions are judged as of {today}, the day of SOURCE_DATE_EPOCH"
    ))
}

/// Reads one byte more than the parser accepts, so that too large an input is detected.
pub(super) fn read_stdin() -> io::Result<Vec<u8>> {
    let mut input = Vec::new();
    io::stdin()
        .lock()
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut input)?;
    Ok(input)
}

fn finish(input: &[u8], answer: &Answer, today: Date) -> ExitCode {
    let color = io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let report = render(&answer.report, Style { color });
    if !report.is_empty() {
        super::complain(report.trim_end());
    }
    if answer.is_of_a_day
        && let Some(note) = note_of(today)
    {
        super::complain(&format!("krm-parity: {note}"));
    }
    let written = match &answer.output {
        Output::Unchanged => write_stdout(input),
        Output::Text(text) => write_stdout(text.as_bytes()),
    };
    match written {
        Err(error) => cannot(&format!("cannot write to stdout: {error}")),
        Ok(()) if answer.report.failed => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
    }
}

fn refuse(refusal: &Refusal, output: &str) -> ExitCode {
    // The list only repeats the reason, so a closed stdout loses nothing.
    let _ = write_stdout(output.as_bytes());
    cannot(&refusal.to_string())
}

/// Writes everything; a closed stdout is not an error, but the findings still count.
fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn cannot(reason: &str) -> ExitCode {
    super::complain(&format!(
        "krm-parity: {}",
        crate::text::one_line(reason, 2000)
    ));
    ExitCode::FAILURE
}
