//! Reads the live objects from a cluster through kubectl, which has the address and the
//! credentials.
//!
//! It is started only for `drift --context`, only with `get`, and without stdin.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::builder::NonEmptyStringValueParser;
use clap::{Arg, ArgMatches};

use super::process::{self, End};
use super::rendered::File;
use super::wanted::{file, word};
use crate::resource::Resource;
use crate::text::one_line;
use crate::yaml::MAX_BYTES;

mod question;

use question::{Kind, Question, is_label, questions};

/// The largest number of names in one run of kubectl.
const MAX_NAMES: usize = 200;

/// The default time limit of one run of kubectl, in seconds.
const SECONDS: &str = "60";

/// The largest number of characters of kubectl's own message.
const MAX_WORDS: usize = 400;

/// kubectl's error about a kind that the server does not know.
const UNKNOWN: &str = "error: the server doesn't have a resource type";

/// The arguments that select the cluster.
pub(super) fn args() -> [Arg; 4] {
    [
        word(
            "context",
            "Read the cluster of this kubeconfig context, with kubectl from PATH",
        )
        .value_parser(NonEmptyStringValueParser::new()),
        file(
            "kubeconfig",
            "The kubeconfig for kubectl, instead of its default",
        )
        .conflicts_with("live"),
        word(
            "namespace",
            "The namespace of objects that have none in Git; by default that of the context",
        ),
        process::arg()
            .help("The longest that one run of kubectl may take")
            .default_value(SECONDS)
            .conflicts_with("live"),
    ]
}

/// The objects from kubectl, and notes for the reader.
type Found = (Vec<File>, Vec<String>);

/// Gets all objects of Git from the cluster of `--context`.
///
/// # Errors
///
/// Fails if kubectl is missing, cannot reach the cluster, or is not permitted to read the objects.
pub(super) fn ask(matches: &ArgMatches, git: &[Resource<'_>]) -> anyhow::Result<Found> {
    let text = |name: &str| matches.get_one::<String>(name);
    let context = text("context")
        .context("--context is required: pass the name of a context of the kubeconfig")?;
    let namespace = text("namespace").map(String::as_str);
    if let Some(name) = namespace.filter(|name| !is_label(name)) {
        bail!(
            "--namespace: {} is not a valid namespace",
            crate::text::quoted(name, 60)
        );
    }
    let questions = questions(git, namespace).context("--context")?;
    let program = process::find("kubectl").context(
        "--context requires kubectl, which is not on PATH; install it, or pass the output of kubectl get with --live",
    )?;
    let kubectl = Kubectl {
        program,
        context,
        kubeconfig: matches.get_one("kubeconfig"),
        limit: process::limit(matches),
    };
    let mut told = Told::default();
    for question in &questions {
        kubectl.answer(question, &mut told)?;
    }
    told.end(context)
}

/// The answers so far.
#[derive(Default)]
struct Told {
    files: Vec<File>,
    /// Their size in bytes.
    size: usize,
    /// The kinds that may not be read.
    denied: Vec<String>,
    /// The kinds that were not listed.
    by_name: BTreeSet<String>,
    /// The kinds that the server does not know.
    unknown: BTreeSet<String>,
}

impl Told {
    fn end(self, context: &str) -> anyhow::Result<Found> {
        let list = |all: Vec<String>| one_line(&all.join(", "), MAX_WORDS).into_owned();
        if !self.denied.is_empty() {
            bail!(
                "kubectl is not allowed to get {} in the context {}; grant the verb get, and list to also find objects that Git does not have, or pass the output of kubectl get with --live",
                list(self.denied),
                shown(context)
            );
        }
        let mut notes = vec![format!(
            "the live objects were read from the context {} with kubectl",
            shown(context)
        )];
        if !self.by_name.is_empty() {
            notes.push(format!(
                "these kinds were read by name only, so objects that Git does not have are not found: {}",
                list(self.by_name.into_iter().collect())
            ));
        }
        if !self.unknown.is_empty() {
            notes.push(format!(
                "the server of the context {} does not have the kind {}, so it has no such object",
                shown(context),
                list(self.unknown.into_iter().collect())
            ));
        }
        Ok((self.files, notes))
    }
}

/// The answer of kubectl to one run.
enum Said {
    Text(Vec<u8>),
    /// The server does not have that kind.
    Unknown,
    /// The user is not permitted.
    Denied,
    /// The answer is too large.
    TooMuch,
}

/// The program, with the selected cluster.
struct Kubectl<'k> {
    program: PathBuf,
    context: &'k str,
    kubeconfig: Option<&'k PathBuf>,
    limit: Duration,
}

impl Kubectl<'_> {
    /// Asks one question; if the server lacks Git's version, at the server's.
    fn answer(&self, question: &Question<'_>, told: &mut Told) -> anyhow::Result<()> {
        let kind = question.kind;
        let mut said = self.answer_as(&kind.argument(), question, told)?;
        if let (Said::Unknown, Some(other)) = (&said, kind.at_any_version()) {
            said = self.answer_as(&other, question, told)?;
        }
        match said {
            Said::Text(_) => {}
            Said::Unknown => {
                told.unknown.insert(kind.argument());
            }
            Said::Denied => told.denied.push(called(kind, question.namespace)),
            Said::TooMuch => bail!(
                "kubectl printed more than {} MiB of {}",
                MAX_BYTES >> 20,
                called(kind, question.namespace)
            ),
        }
        Ok(())
    }

    /// The same, with a word for the kind. If listing is forbidden, the objects are read by name.
    fn answer_as(
        &self,
        argument: &str,
        question: &Question<'_>,
        told: &mut Told,
    ) -> anyhow::Result<Said> {
        let names: Vec<&str> = question.names.iter().copied().collect();
        if question.is_listed {
            match self.get(argument, question, &[])? {
                Said::Denied | Said::TooMuch => {}
                said => return self.keep(argument, question, said, told),
            }
        }
        let mut last = Said::Text(Vec::new());
        for some in names.chunks(MAX_NAMES) {
            let said = self.get(argument, question, some)?;
            last = self.keep(argument, question, said, told)?;
            if !matches!(last, Said::Text(_)) {
                return Ok(last);
            }
        }
        told.by_name.insert(question.kind.name.to_owned());
        Ok(last)
    }

    /// Keeps the output for the comparison.
    fn keep(
        &self,
        argument: &str,
        question: &Question<'_>,
        said: Said,
        told: &mut Told,
    ) -> anyhow::Result<Said> {
        let Said::Text(text) = said else {
            return Ok(said);
        };
        // If no object has one of these names, kubectl prints nothing.
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok(Said::Text(Vec::new()));
        }
        told.size += text.len();
        if told.size > MAX_BYTES {
            bail!(
                "kubectl printed more than {} MiB in total; compare one service at a time",
                MAX_BYTES >> 20
            );
        }
        told.files.push(File {
            name: self.line(argument, question.namespace),
            text,
        });
        Ok(Said::Text(Vec::new()))
    }

    /// Runs kubectl once; without names it lists all objects.
    fn get(&self, argument: &str, question: &Question<'_>, names: &[&str]) -> anyhow::Result<Said> {
        let mut command = process::command(&self.program);
        let joined = |flag: &str, value: &std::ffi::OsStr| {
            let mut out = OsString::from(flag);
            out.push(value);
            out
        };
        // Each value is in one argument with its flag, so that it cannot be read as a flag itself.
        command.arg(joined("--context=", self.context.as_ref()));
        if let Some(file) = self.kubeconfig {
            command.arg(joined("--kubeconfig=", file.as_os_str()));
        }
        command.args(["get", "--output=json", "--show-managed-fields"]);
        if let Some(namespace) = question.namespace {
            command.arg(format!("--namespace={namespace}"));
        }
        if !names.is_empty() {
            command.arg("--ignore-not-found");
        }
        command.arg("--").arg(argument).args(names);
        // The messages are parsed.
        command.env("LC_ALL", "C");
        let line = self.line(argument, question.namespace);
        let end = process::run(&mut command, self.limit)
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        let output = match end {
            End::Exit(output) => output,
            End::TooMuch => return Ok(Said::TooMuch),
            End::TooLate => bail!(
                "{line} was stopped after {}; --timeout SECONDS allows more",
                process::seconds(self.limit)
            ),
        };
        if output.status.success() {
            return Ok(Said::Text(output.stdout));
        }
        let told = String::from_utf8_lossy(&output.stderr);
        let words = words(&told);
        if words.is_empty() {
            bail!("{line} printed nothing and ended with {}", output.status);
        }
        let mention = question.kind.mention();
        if words.iter().all(|line| line.starts_with(UNKNOWN)) && !told.contains(&mention) {
            return Ok(Said::Unknown);
        }
        if words.iter().all(|line| is_denied(line)) {
            return Ok(Said::Denied);
        }
        bail!("{line} failed: {}", help(&output, &words))
    }

    /// The command line of a run, for messages.
    fn line(&self, argument: &str, namespace: Option<&str>) -> String {
        let space = namespace.map_or_else(String::new, |name| format!(" --namespace={name}"));
        format!(
            "kubectl --context={} get{space} {argument}",
            shown(self.context)
        )
    }
}

/// Its message, and what to do.
fn help(output: &Output, words: &[&str]) -> String {
    let all = one_line(&words.join("; "), MAX_WORDS).into_owned();
    let says = |part: &str| all.contains(part);
    let help = if says("context was not found") || says("does not exist") {
        "list the contexts with kubectl config get-contexts"
    } else if says("resource type") {
        "the server does not list that API group now; try again when its API is available"
    } else if output.status.code().is_none() {
        "it was stopped by a signal"
    } else {
        "run the same command by hand to see why"
    };
    format!("{all}; {help}")
}

fn shown(context: &str) -> String {
    one_line(context, 100).into_owned()
}

/// A kind in a namespace, for messages.
fn called(kind: Kind<'_>, namespace: Option<&str>) -> String {
    match namespace {
        Some(name) => format!("{} in the namespace {name}", kind.argument()),
        None => kind.argument(),
    }
}

/// kubectl's message, without its log lines.
fn words(told: &str) -> Vec<&str> {
    let is_log = |line: &str| {
        let mut chars = line.chars();
        chars.next().is_some_and(|c| "IWEF".contains(c))
            && chars.by_ref().take(4).filter(char::is_ascii_digit).count() == 4
    };
    let lines = told.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !is_log(line) && !line.starts_with("Warning:"))
        .collect()
}

/// Whether a line says that the user is not permitted.
fn is_denied(line: &str) -> bool {
    line.starts_with("Error from server (Forbidden)")
}
