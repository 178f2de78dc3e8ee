//! The command line: the only part that touches files, processes, streams and the environment.
//!
//! Without arguments the program is the KRM function, and nothing of the command
//! line is even built: a build may start it a thousand times.
#![expect(
    clippy::disallowed_methods,
    reason = "what clippy.toml bans elsewhere is this module's work"
)]

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use clap_complete::Shell;

mod audit;
mod audit_log;
mod build;
mod change;
mod check;
mod drift;
mod emit;
pub mod explain;
mod files;
mod follow;
mod formats;
pub mod function;
mod git;
mod ground;
mod history;
mod init;
mod keep;
mod kubectl;
mod lacking;
mod merge;
mod new;
mod past;
pub mod plugin;
mod policy_file;
mod process;
mod program;
mod remains;
mod rendered;
mod reports;
pub mod schema;
mod selection;
mod since;
mod snapshot;
mod strays;
mod streams;
mod tree;
mod wanted;

use streams::{complain, may_color, write_bytes, write_out};

/// The exit code for "could not run", as opposed to "ran and found something".
pub const COULD_NOT_RUN: u8 = 2;

/// Runs the program as its arguments and its environment ask for.
///
/// `main` does nothing but return the code.
#[must_use]
pub fn run() -> ExitCode {
    match std::env::args_os().nth(1) {
        None if io::stdin().is_terminal() => say(&command().render_long_help().to_string()),
        None => function::function(),
        Some(config) if is_plugin_call(&config) => function::plugin_protocol(Path::new(&config)),
        Some(_) => verb(std::env::args_os()),
    }
}

/// Whether kustomize calls this program as a plugin of its older protocol.
///
/// It then sets one of two variables, and the first argument names a file with
/// the configuration. Both together keep a file that is named like a verb, and
/// a variable that was left behind in a shell, from being taken for such a call.
fn is_plugin_call(first: &OsStr) -> bool {
    let is_set = |name| std::env::var_os(name).is_some();
    (is_set("KUSTOMIZE_PLUGIN_CONFIG_ROOT") || is_set("KUSTOMIZE_PLUGIN_CONFIG_STRING"))
        && Path::new(first).is_file()
}

fn verb(args: impl Iterator<Item = OsString>) -> ExitCode {
    let matches = match command().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(help) if !help.use_stderr() => return say(&help.render().to_string()),
        Err(error) => {
            complain(error.render().to_string().trim_end());
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    if let Some(("init", matches)) = matches.subcommand() {
        return init::Init::read(matches).run().unwrap_or_else(|error| {
            complain(&complaint(&error));
            ExitCode::from(COULD_NOT_RUN)
        });
    }
    match dispatch(&matches) {
        Ok(Outcome::Text(text)) => say(&text),
        Ok(Outcome::Told { failed: false }) => ExitCode::SUCCESS,
        Ok(Outcome::Told { failed: true }) => ExitCode::FAILURE,
        Err(error) => {
            complain(&complaint(&error));
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

/// Why a verb could not run, in a line that can be read.
fn complaint(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    format!("krm-parity: {}", files::without_long_words(&text))
}

/// What a verb leaves to be done.
enum Outcome {
    /// This goes to stdout.
    Text(String),
    /// Nothing: the verb has told a survey, which has failed or not.
    Told { failed: bool },
}

/// Runs a verb.
fn dispatch(matches: &ArgMatches) -> anyhow::Result<Outcome> {
    match matches.subcommand() {
        Some(("check", matches)) => check::run(matches).map(|failed| Outcome::Told { failed }),
        Some(("audit", matches)) => audit::run(matches).map(|failed| Outcome::Told { failed }),
        Some(("drift", matches)) => drift::run(matches).map(|failed| Outcome::Told { failed }),
        Some(("merge", matches)) => merge::run(matches).map(|failed| Outcome::Told { failed }),
        _ => print(matches).map(Outcome::Text),
    }
}

/// Runs a verb that only has something to print.
fn print(matches: &ArgMatches) -> anyhow::Result<String> {
    match matches.subcommand() {
        Some(("plugin", matches)) => match matches.subcommand() {
            Some(("install", matches)) => plugin::install(&plugin::Request {
                home: matches.get_one("DIR").cloned(),
                copy: matches.get_flag("copy"),
                force: matches.get_flag("force"),
            }),
            _ => Ok(help_of(&["plugin"])),
        },
        Some(("explain", matches)) => explain::explain(&explain::Request {
            what: matches.get_one("WHAT").cloned(),
            base: matches.get_one("base").cloned(),
            live: matches.get_one("live").cloned(),
            resource: matches.get_one("RESOURCE").cloned(),
            path: matches.get_one("PATH").cloned(),
            policy: matches.get_one("policy").cloned(),
            environment: matches.get_one("environment").cloned(),
            service: matches.get_one("service").cloned(),
        })
        .map(|text| crate::text::without_commands(&text).into_owned()),
        Some(("build", matches)) => emit::run(matches),
        Some(("snapshot", matches)) => snapshot::Request::read(matches).run(),
        Some(("completions", matches)) => {
            let shell = matches.get_one::<Shell>("SHELL").copied();
            shell.map(completions).context("a shell is needed")
        }
        Some(("schema", matches)) => {
            let word = |name: &str| matches.get_one::<String>(name).map_or("", String::as_str);
            schema::print(word("KIND"), word("format"))
        }
        _ => Ok(help_of(&[])),
    }
}

/// The help of a verb that was named without the rest of its words.
fn help_of(verbs: &[&str]) -> String {
    let mut command = command();
    command.build();
    let mut inner = &mut command;
    for verb in verbs {
        if inner.find_subcommand(verb).is_none() {
            break;
        }
        inner = inner.find_subcommand_mut(verb).expect("it was just found");
    }
    inner.render_long_help().to_string()
}

/// Writes to stdout; a reader that has gone away is no error.
fn say(text: &str) -> ExitCode {
    match write_bytes(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("krm-parity: cannot write to stdout: {error}"));
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

const ABOUT: &str = "Keeps kustomize overlays in parity with their base";

const LONG_ABOUT: &str = "\
krm-parity says where the environments of a service differ that must not: probes, images, routes,
containers, the names of settings, and sizes that shrink on the way to production.

Over a repository, with kustomize or kubectl on PATH:

  krm-parity check                   every environment against its base and against the others
  krm-parity init --adopt            today's findings written down, so that only new ones fail

It is also a KRM function. Without arguments it reads a ResourceList on stdin and writes one to stdout,
so kustomize and kpt call it, and a build fails by itself:

  parity.yaml, listed under `transformers:` of an overlay
    apiVersion: krm-parity.io/v1alpha1
    kind: ParityPolicy
    metadata:
      name: parity
      annotations:
        config.kubernetes.io/function: 'exec: {path: ./krm-parity}'
    spec:
      environment: production

  kustomize build --enable-alpha-plugins --enable-exec overlays/production

The base lists a SnapshotRecorder in the same way, which seals its state for the comparison.
Without the annotation, and after `krm-parity plugin install`, `--enable-exec` is not needed.";

const AFTER_HELP: &str = "\
Exit codes: 0 clean; 1 findings, and as a function also whatever kept it from running; 2 could not run.
The function tells its findings on stderr and in the `results` of the ResourceList, `check` on stdout.";

fn command() -> Command {
    Command::new("krm-parity")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .long_about(LONG_ABOUT)
        .after_long_help(AFTER_HELP)
        .disable_help_subcommand(true)
        .subcommand(check::command())
        .subcommand(drift::command())
        .subcommand(audit::command())
        .subcommand(init::command())
        .subcommand(explain_command())
        .subcommand(emit::command())
        .subcommand(merge::command())
        .subcommand(snapshot::command())
        .subcommand(schema_command())
        .subcommand(
            Command::new("plugin")
                .about("Let kustomize find this program without --enable-exec")
                .disable_help_subcommand(true)
                .subcommand(plugin_install()),
        )
        .subcommand(completions_command())
}

fn explain_command() -> Command {
    let file = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("FILE")
            .help(help)
            .value_parser(value_parser!(PathBuf))
    };
    Command::new("explain")
        .about("Explain a rule, a class, or every change of an overlay")
        .long_about(explain::LONG_ABOUT)
        .arg(Arg::new("WHAT").help(
            "A rule, a class, a directory, the overlay's file, or a ResourceList; without it, all are listed",
        ))
        .arg(Arg::new("RESOURCE").help("With --live, the only object: checkout, or deployment/checkout").requires("live"))
        .arg(Arg::new("PATH").help("With --live, the only place: spec.replicas, or a pattern").requires("live"))
        .arg(file("base", "The base that the overlay is made of"))
        .arg(file("live", "What kubectl get --show-managed-fields -o yaml printed; - for stdin"))
        .arg(file(
            "policy",
            "A ParityPolicy; without it, the functionConfig of the list, what `check` finds, or the defaults",
        ))
        .arg(
            Arg::new("environment")
                .long("environment")
                .value_name("NAME")
                .help("The environment that the overlay is"),
        )
        .arg(
            Arg::new("service")
                .long("service")
                .value_name("NAME")
                .help("The service that they are of, as `krm-parity check` calls it"),
        )
}

fn completions_command() -> Command {
    Command::new("completions")
        .about("Print what lets a shell complete the words of this program")
        .long_about(COMPLETIONS)
        .arg(
            Arg::new("SHELL")
                .help("The shell")
                .required(true)
                .value_parser(value_parser!(Shell)),
        )
}

const COMPLETIONS: &str = "\
Print what lets a shell complete the words of this program.

  krm-parity completions bash > /etc/bash_completion.d/krm-parity
  krm-parity completions zsh > \"${fpath[1]}/_krm-parity\"
  krm-parity completions fish > ~/.config/fish/completions/krm-parity.fish
  krm-parity completions powershell >> $PROFILE";

fn completions(shell: Shell) -> String {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut command(), "krm-parity", &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn schema_command() -> Command {
    Command::new("schema")
        .about("Print the schema of a functionConfig, of the report, or of an audit record")
        .long_about(schema::LONG_ABOUT)
        .arg(
            Arg::new("KIND")
                .help("ParityPolicy, SnapshotRecorder, ParityReport or AuditRecord")
                .default_value("ParityPolicy"),
        )
        .arg(
            Arg::new("format")
                .long("format")
                .help("The form of the schema")
                .value_parser(schema::FORMATS)
                .default_value(schema::FORMATS[0]),
        )
}

fn plugin_install() -> Command {
    Command::new("install")
        .about("Put this program where kustomize looks for plugins")
        .long_about(plugin::LONG_ABOUT)
        .arg(
            Arg::new("DIR")
                .help("The plugin home; by default the one that kustomize would use")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            Arg::new("copy")
                .long("copy")
                .help("Copy the program instead of linking to it")
                .action(ArgAction::SetTrue),
        )
        .arg(
            Arg::new("force")
                .long("force")
                .help("Replace files that are not krm-parity")
                .action(ArgAction::SetTrue),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_well_formed() {
        command().debug_assert();
        assert!(help_of(&["plugin"]).contains("install"));
        assert!(help_of(&[]).contains("kustomize build"));
    }

    #[test]
    fn help_fits_a_terminal() {
        for verbs in [
            &[][..],
            &["plugin"],
            &["plugin", "install"],
            &["check"],
            &["drift"],
            &["audit"],
            &["init"],
            &["merge"],
            &["snapshot"],
            &["completions"],
        ] {
            for line in help_of(verbs).lines() {
                assert!(line.chars().count() <= 104, "{line}");
            }
        }
    }
}
