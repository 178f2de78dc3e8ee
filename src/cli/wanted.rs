//! Git's side of a comparison with a cluster: the build of an overlay, or rendered files.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Arg, ArgGroup, ArgMatches, value_parser};
use serde_json::Value;

use super::ground::Ground;
use super::policy_file::{self, PolicyFile};
use super::rendered::{self, File};
use super::reports::is_stdin;
use super::{emit, files, function};
use crate::api::GROUP;
use crate::compare::hidden::values;
use crate::engine::Built;
use crate::finding::{REDACTED, Report};
use crate::live::{self, Live};
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::{self, Cluster, Names, Overlay};
use crate::survey::{Environment, Service, State, Survey};
use crate::yaml::{MAX_BYTES, Node};

/// The name of an environment without one.
const LIVE: &str = "live";

/// An argument that names a file.
pub(super) fn file(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("FILE")
        .help(help)
        .value_parser(value_parser!(PathBuf))
}

/// An argument with a name as its value.
pub(super) fn word(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("NAME").help(help)
}

/// The arguments that select Git's side.
pub(super) fn args() -> [Arg; 2] {
    [
        Arg::new("OVERLAY")
            .help("The directory of an environment; built without kustomize")
            .value_parser(value_parser!(PathBuf)),
        file(
            "rendered",
            "The rendered resources of Git: a file, a directory, or - to read stdin",
        ),
    ]
}

/// The group that requires one of [`args`].
pub(super) fn one_of() -> ArgGroup {
    ArgGroup::new("git")
        .args(["OVERLAY", "rendered"])
        .required(true)
}

/// The arguments with the names of Git's side in a policy.
pub(super) fn names() -> [Arg; 3] {
    [
        file(
            "policy",
            "The file of the ParityPolicy; by default parity.yaml in OVERLAY or above",
        ),
        word("environment", "The environment that runs in the cluster"),
        word("service", "The service, as krm-parity check names it"),
    ]
}

/// Git's side, with its origin.
#[derive(Default)]
pub(super) struct Wanted {
    pub files: Vec<File>,
    /// Its name in a report.
    place: String,
    service: Option<String>,
    environment: Option<String>,
    /// Notes for the reader.
    notes: Vec<String>,
    /// The values that are copied out of Secrets into other resources.
    pub copies: Vec<String>,
    /// The kustomization of the overlay; empty for rendered files.
    pub file: String,
    /// The names of its resources when they were loaded.
    names: Names,
}

/// Git's side with its policy.
pub(super) struct Look {
    pub wanted: Wanted,
    pub policy: Policy,
    /// The report's note about the policy.
    policy_note: String,
    service: String,
    environment: String,
    /// Whether the user named the service and the environment.
    is_named: (bool, bool),
}

/// The request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'m> {
    pub overlay: Option<&'m Path>,
    pub rendered: Option<&'m Path>,
    pub policy: Option<&'m Path>,
    pub environment: Option<&'m str>,
    pub service: Option<&'m str>,
}

impl<'m> Asked<'m> {
    /// The values of the arguments [`args`] and [`names`].
    pub fn of(matches: &'m ArgMatches) -> Self {
        let path = |name: &str| matches.get_one::<PathBuf>(name).map(PathBuf::as_path);
        let word = |name: &str| matches.get_one::<String>(name).map(String::as_str);
        Self {
            overlay: path("OVERLAY"),
            rendered: path("rendered"),
            policy: path("policy"),
            environment: word("environment"),
            service: word("service"),
        }
    }
}

/// Reads Git's side and its policy.
///
/// # Errors
///
/// Fails if one cannot be read or built.
pub(super) fn look(matches: &ArgMatches, verb: &str) -> anyhow::Result<Look> {
    look_at(&Asked::of(matches), verb)
}

/// The same as [`look`].
///
/// # Errors
///
/// As [`look`].
pub(super) fn look_at(asked: &Asked<'_>, verb: &str) -> anyhow::Result<Look> {
    let directories: Vec<PathBuf> = asked.overlay.map(Path::to_owned).into_iter().collect();
    let mut ground = Ground::new(&directories)?;
    let policy_file = match asked.policy {
        Some(path) => Some(PolicyFile::named(
            path,
            ground.name_of(path),
            ground.owns(path),
        )?),
        None => PolicyFile::find(&ground.first, |path| ground.name_of(path))?,
    };
    let defaults = Policy {
        file: Some(policy_file::FIRST.to_owned()),
        ..Policy::default()
    };
    let policy = policy_file.as_ref().map_or(&defaults, |file| &file.policy);
    let wanted = match asked.rendered {
        Some(rendered) => Wanted {
            files: read(rendered).context("--rendered")?,
            // A stream is not a file that a report could name.
            place: match rendered {
                stream if is_stdin(stream) => String::new(),
                file => file.display().to_string(),
            },
            ..Wanted::default()
        },
        None => built(
            &mut ground,
            policy,
            policy_file.as_ref().map(|file| file.path.as_path()),
            verb,
        )?,
    };
    let named = |name: Option<&str>| name.map(str::to_owned);
    let environment = named(asked.environment).or_else(|| wanted.environment.clone());
    let environment = environment.or_else(|| policy.environment.clone());
    let service = named(asked.service).or_else(|| wanted.service.clone());
    Ok(Look {
        is_named: (service.is_some(), environment.is_some()),
        environment: environment.unwrap_or_else(|| LIVE.to_owned()),
        service: service.unwrap_or_else(|| rendered::SERVICE.to_owned()),
        policy_note: match &policy_file {
            Some(file) => format!("the policy is {}", file.name),
            None => "there is no policy file, so the defaults apply".to_owned(),
        },
        policy: policy.clone(),
        wanted,
    })
}

impl Look {
    /// The names of the live side.
    pub(super) fn cluster(&self) -> Cluster<'_> {
        Cluster {
            service: &self.service,
            environment: &self.environment,
            named: (
                known(self.is_named.0, &self.service),
                known(self.is_named.1, &self.environment),
            ),
            overlay: (!self.wanted.file.is_empty()).then_some(Overlay {
                file: &self.wanted.file,
                names: &self.wanted.names,
            }),
        }
    }

    /// The texts that no report may show: the values of Secrets, here and on these sides.
    pub(super) fn hidden<'r, 'a: 'r>(
        &self,
        sides: impl IntoIterator<Item = &'r [Resource<'a>]>,
    ) -> Vec<String> {
        let mut hidden = self.wanted.copies.clone();
        hidden.extend(sides.into_iter().flat_map(values));
        hidden
    }

    /// A survey of the findings, with these notes between those about Git and those about the
    /// policy.
    pub(super) fn survey(
        &self,
        report: Report,
        notes: Vec<String>,
        today: jiff::civil::Date,
    ) -> Survey {
        let mut all = self.wanted.notes.clone();
        all.extend(notes);
        all.push(self.policy_note.clone());
        if !self.policy.exemptions.is_empty() {
            all.extend(function::note_of(today));
        }
        Survey {
            report,
            services: vec![Service {
                name: self.service.clone(),
                bases: Vec::new(),
                environments: vec![Environment {
                    name: self.environment.clone(),
                    directory: self.wanted.place.clone(),
                    state: State::Judged,
                }],
            }],
            notes: all,
            ..Survey::default()
        }
    }
}

/// Compares Git's side with the live objects, judges it, and passes both to a callback with the
/// hidden texts.
///
/// # Errors
///
/// Fails if one of them cannot be read, or if the callback does.
pub(super) fn judged<T>(
    look: &Look,
    git: &[File],
    live: &[File],
    tell: impl FnOnce(&Live<'_, '_>, Report, &[String]) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let git_trees = rendered::trees(git)?;
    let live_trees = rendered::trees(live)?;
    let git = of_git(rendered::resources(&git_trees)?)?;
    let running = rendered::resources(&live_trees).context("--live")?;
    running.iter().try_for_each(is_object)?;
    let mut compared = live::compare(&git, &running, &look.policy.managers).context("--live")?;
    let hidden = look.hidden([git.as_slice(), &running]);
    compared.hide(&hidden);
    let today = function::today()?;
    let report = rules::judge_live(&compared, None, look.cluster(), &look.policy, today);
    tell(&compared, report, &hidden)
}

/// A name, if the user gave it.
const fn known(is_named: bool, name: &str) -> &str {
    if is_named { name } else { "" }
}

/// Checks that at most one argument reads stdin.
pub(super) fn one_stdin(arguments: &[(&str, Option<&PathBuf>)]) -> anyhow::Result<()> {
    let streams = arguments
        .iter()
        .filter(|(_, path)| path.is_some_and(|path| is_stdin(path)));
    let names: Vec<&str> = streams.map(|(name, _)| *name).collect();
    if let [one, other, ..] = names.as_slice() {
        bail!("{one} and {other} cannot both read stdin");
    }
    Ok(())
}

/// The files at a path, or stdin.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<File>> {
    if !is_stdin(path) {
        return rendered::files(path);
    }
    let text = function::read_stdin().context("cannot read stdin")?;
    if text.len() > MAX_BYTES {
        bail!("there are more than {} MiB on stdin", MAX_BYTES >> 20);
    }
    let name = "stdin".to_owned();
    Ok(vec![File { name, text }])
}

/// The build of a directory, by the engine alone.
fn built(
    ground: &mut Ground,
    policy: &Policy,
    policy_path: Option<&Path>,
    verb: &str,
) -> anyhow::Result<Wanted> {
    let sources = ground.read(policy_path)?;
    let parsed = sources.parse();
    let replay = emit::replay(ground, &parsed)?;
    let directory = directory_of(ground);
    let layout = ground.discover(&parsed, policy);
    let own = layout.services.iter().find_map(|service| {
        let mut overlays = service.overlays.iter();
        let overlay = overlays.find(|overlay| overlay.directory == directory)?;
        Some((service.name.clone(), overlay.name.clone()))
    });
    let place = if directory.is_empty() {
        ".".to_owned()
    } else {
        directory
    };
    let built = replay.build().map_err(|unknown| {
        anyhow::anyhow!(
            "{}\nBuild it yourself: kustomize build {} | krm-parity {verb} --rendered - …",
            emit::told(&unknown),
            files::shown(Path::new(&place))
        )
    })?;
    let kustomization = parsed.kustomization(&directory_of(ground));
    let file = kustomization.map_or_else(String::new, |found| found.file.to_owned());
    let names = built.iter().filter_map(named).collect();
    let (own_file, unknown) = emitted(built, &place)?;
    let mut notes = Vec::new();
    if unknown > 0 {
        notes.push(format!(
            "{unknown} values of generated Secrets were not compared, only their keys and the hash in the name; use --rendered to compare the values"
        ));
    }
    let (service, environment) = own.unzip();
    Ok(Wanted {
        files: vec![own_file],
        place,
        file,
        names,
        service,
        environment,
        notes,
        copies: replay.copies().texts.into_iter().collect(),
    })
}

/// The directory to build, relative to the ground's root.
fn directory_of(ground: &Ground) -> String {
    ground.directories.first().cloned().unwrap_or_default()
}

/// A built resource, with its first name.
fn named(built: &Built) -> Option<([String; 3], String)> {
    let text = |pointer: &str| {
        let value = built.resource.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let name = text("/metadata/name");
    let key = [text("/kind"), text("/metadata/namespace"), name.clone()];
    (built.first_name != name).then(|| (key, built.first_name.clone()))
}

/// The engine's build as a file, and the number of Secret values that it lacks.
///
/// # Errors
///
/// Fails if a Secret was changed into another kind.
pub(super) fn emitted(built: Vec<Built>, place: &str) -> anyhow::Result<(File, usize)> {
    let mut text = String::new();
    let mut unknown = 0;
    for mut one in built {
        if one.is_secret {
            if one.resource.get("kind").and_then(Value::as_str) != Some("Secret") {
                bail!(
                    "{place} turns a Secret into another kind; build the overlay with kustomize, and pass the result with --rendered"
                );
            }
            unknown += leave_out(&mut one.resource);
        }
        text.push_str("---\n");
        text.push_str(&one.resource.to_string());
        text.push('\n');
    }
    let name = place.to_owned();
    let text = text.into_bytes();
    Ok((File { name, text }, unknown))
}

/// Marks the values of a Secret that the engine does not have as unknown, and counts them.
fn leave_out(secret: &mut Value) -> usize {
    let data = secret.get_mut("data").and_then(Value::as_object_mut);
    let empty = data
        .into_iter()
        .flat_map(serde_json::Map::values_mut)
        .filter(|value| value.as_str() == Some(""));
    empty.map(|value| *value = REDACTED.into()).count()
}

/// The resources that Git deploys to a cluster, without those that hosts drop.
pub(super) fn of_git(mut git: Vec<Resource<'_>>) -> anyhow::Result<Vec<Resource<'_>>> {
    git.retain(|one| one.group() != GROUP && !one.is_local_config());
    if git.is_empty() {
        bail!("Git's side contains no resource");
    }
    Ok(git)
}

/// Checks that an object from kubectl is an object of a cluster.
pub(super) fn is_object(one: &Resource<'_>) -> anyhow::Result<()> {
    if one.kind() == "Status" && one.api_version == "v1" {
        let message = one.node.str_at(&["message"]).unwrap_or_default();
        bail!(
            "--live: the API server answered with an error: {}",
            crate::text::one_line(message, 200)
        );
    }
    if one.kind().ends_with("List") && one.node.get("items").is_some_and(Node::is_seq) {
        bail!(
            "--live: a {} is a raw answer of the API server; pass the output of kubectl get -o yaml",
            crate::text::one_line(one.kind(), 100)
        );
    }
    Ok(())
}
