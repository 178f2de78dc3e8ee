//! The command line: the only part that touches files, processes, streams and the environment.
//!
//! Without arguments the program is the KRM function, and the command line is not
//! even constructed: a build may start it a thousand times.
#![expect(
    clippy::disallowed_methods,
    reason = "clippy.toml bans elsewhere what this module is for"
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
mod completions;
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

/// The exit code if the program could not run; 1 means that there are findings.
pub const COULD_NOT_RUN: u8 = 2;

/// Runs the program.
///
/// `main` only returns the code.
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

/// The error message of a verb, on one line.
fn complaint(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    format!("krm-parity: {}", files::without_long_words(&text))
}

/// The result of a verb.
enum Outcome {
    /// A text for stdout.
    Text(String),
    /// The verb has reported a survey, which has failed or not.
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

/// Runs a verb that only prints something.
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
            let script = |shell| completions::script(command(), shell);
            shell.map(script).context("a shell is needed")
        }
        Some(("version", _)) => Ok(command().render_version()),
        Some(("schema", matches)) => {
            let word = |name: &str| matches.get_one::<String>(name).map_or("", String::as_str);
            schema::print(word("KIND"), word("format"))
        }
        _ => Ok(help_of(&[])),
    }
}

/// The help of a verb that was called without its arguments.
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

/// Writes to stdout; a closed pipe is not an error.
fn say(text: &str) -> ExitCode {
    match write_bytes(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("krm-parity: cannot write to stdout: {error}"));
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

const ABOUT: &str = "Find differences between environments that should not exist";

const LONG_ABOUT: &str = "\
krm-parity finds differences between the environments of a service that should not exist: in probes,
images, routes, containers and the names of settings, and sizes that shrink on the way to production.

Check a repository; kustomize or kubectl is needed only where the built-in engine cannot build it:

  krm-parity check                   every environment against its base and against the others
  krm-parity init --adopt            accept today's findings, so that only new ones fail

krm-parity is also a KRM function. Without arguments it reads a ResourceList from stdin and writes one
to stdout, so that kustomize and kpt can call it, and `kustomize build` itself fails:

  parity.yaml, listed under `transformers:` of an overlay
    apiVersion: krm-parity.io/v1alpha1
    kind: ParityPolicy
    metadata:
      name: parity
      annotations:
        config.kubernetes.io/function: 'exec: {path: krm-parity}'
    spec:
      environment: production

  kustomize build --enable-alpha-plugins --enable-exec overlays/production

The base lists a SnapshotRecorder in the same way, which records its state for the comparison.
After `krm-parity plugin install`, the annotation and `--enable-exec` are not needed.";

const AFTER_HELP: &str = "\
Exit codes: 0 clean; 1 findings, and for the function also any error; 2 could not run.
The function reports on stderr and in the `results` of the ResourceList; `check` reports on stdout.";

/// The definition of the command line, also for man pages.
#[must_use]
pub fn command() -> Command {
    Command::new("krm-parity")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .long_about(LONG_ABOUT)
        .after_long_help(AFTER_HELP)
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
                .about("Install this program as a kustomize plugin, so that --enable-exec is not needed")
                .disable_help_subcommand(true)
                .subcommand(plugin_install()),
        )
        .subcommand(completions_command())
        .subcommand(Command::new("version").about("Print the version"))
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
        .about("Explain a rule, a class, or every change in an overlay")
        .long_about(explain::LONG_ABOUT)
        .arg(Arg::new("WHAT").help(
            "A rule, a class, a directory, an overlay's file, or a ResourceList; by default all rules",
        ))
        .arg(Arg::new("RESOURCE").help("With --live, explain only this object: checkout, or deployment/checkout").requires("live"))
        .arg(Arg::new("PATH").help("With --live, explain only this field: spec.replicas, or a pattern").requires("live"))
        .arg(file("base", "The file or directory of the overlay's base"))
        .arg(file("live", "The output of kubectl get --show-managed-fields -o yaml; - reads stdin"))
        .arg(file(
            "policy",
            "The policy; by default the list's functionConfig, the policy of `check`, or the defaults",
        ))
        .arg(
            Arg::new("environment")
                .long("environment")
                .value_name("NAME")
                .help("The environment of the overlay"),
        )
        .arg(
            Arg::new("service")
                .long("service")
                .value_name("NAME")
                .help("The service of the overlay, as `krm-parity check` names it"),
        )
}

fn completions_command() -> Command {
    Command::new("completions")
        .about("Print a completion script for a shell")
        .long_about(COMPLETIONS)
        .arg(
            Arg::new("SHELL")
                .help("The shell")
                .required(true)
                .value_parser(value_parser!(Shell)),
        )
}

const COMPLETIONS: &str = "\
Print a completion script for a shell.

  krm-parity completions bash > /etc/bash_completion.d/krm-parity
  krm-parity completions zsh > \"${fpath[1]}/_krm-parity\"
  krm-parity completions fish > ~/.config/fish/completions/krm-parity.fish
  krm-parity completions powershell >> $PROFILE";

fn schema_command() -> Command {
    Command::new("schema")
        .about("Print the schema of a functionConfig, a report, or an audit record")
        .long_about(schema::LONG_ABOUT)
        .arg(
            Arg::new("KIND")
                .help("ParityPolicy, SnapshotRecorder, ParityReport or AuditRecord")
                .default_value("ParityPolicy"),
        )
        .arg(
            Arg::new("format")
                .long("format")
                .help("The format of the schema")
                .value_parser(schema::FORMATS)
                .default_value(schema::FORMATS[0]),
        )
}

fn plugin_install() -> Command {
    Command::new("install")
        .about("Install this program where kustomize looks for plugins")
        .long_about(plugin::LONG_ABOUT)
        .arg(
            Arg::new("DIR")
                .help("The plugin directory; by default the one that kustomize uses")
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
                .help("Replace existing files that are not krm-parity")
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
