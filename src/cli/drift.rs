//! `krm-parity drift`: what Git says against what a cluster runs.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Arg, ArgGroup, ArgMatches, Command, value_parser};
use serde_json::Value;

use super::formats::Formats;
use super::ground::Ground;
use super::policy_file::{self, PolicyFile};
use super::rendered::{self, File};
use super::reports::is_stdin;
use super::{emit, files, function};
use crate::api::GROUP;
use crate::compare::hidden::values;
use crate::finding::REDACTED;
use crate::live;
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::{self, Cluster};
use crate::survey::{Environment, Service, State, Survey};
use crate::yaml::{MAX_BYTES, Node};

const LONG_ABOUT: &str = "\
Compares what Git says with what a cluster runs, and says what was changed, removed or added, and with
which tool. Git's side is what OVERLAY builds, or what is already rendered; the other side is what
kubectl printed:

  kubectl get deploy,cm,svc,ing -n shop --show-managed-fields -o yaml > live.yaml
  krm-parity drift overlays/production --live live.yaml
  kustomize build overlays/production | krm-parity drift --rendered - --live live.yaml

Resources are matched by group, kind, namespace and name; pass all kinds that Git has. A manager is a
tool, not a person, and its time is that of its last write. Without --show-managed-fields values are
compared, but nobody knows what was added, nor with what. What the API server fills in is no drift, nor
is another way to write a value.

Fields that the policy allows are left alone, and exemptions hold: `rule: manual-change` and so on.
Classes that overlays may change are no reason to change them in the cluster. Values of Secrets are
compared and never shown.

Exit codes: 0 clean, 1 findings at or above the policy's failOn, 2 could not run.";

/// What an environment is called of which nothing says which it is.
const LIVE: &str = "live";

pub(super) fn command() -> Command {
    let file = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("FILE")
            .help(help)
            .value_parser(value_parser!(PathBuf))
    };
    let word = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("NAME").help(help)
    };
    Command::new("drift")
        .about("Compare what Git says with what a cluster runs")
        .long_about(LONG_ABOUT)
        .arg(
            Arg::new("OVERLAY")
                .help("The directory of an environment, built without kustomize")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(file(
            "rendered",
            "What Git says, already built: a file, a directory, or - for stdin",
        ))
        .group(
            ArgGroup::new("git")
                .args(["OVERLAY", "rendered"])
                .required(true),
        )
        .arg(
            file(
                "live",
                "What kubectl get -o yaml or -o json printed; - for stdin",
            )
            .required(true),
        )
        .arg(file(
            "policy",
            "The ParityPolicy; by default parity.yaml in OVERLAY or above",
        ))
        .arg(word("environment", "The environment that runs there"))
        .arg(word("service", "The service, as krm-parity check calls it"))
        .args(super::formats::args())
}

/// Compares and tells; whether it failed.
pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<bool> {
    let formats = Formats::parse(matches)?;
    let survey = survey(matches)?;
    formats.write(&survey)?;
    Ok(survey.report.failed)
}

/// Git's side, and what it is of.
#[derive(Default)]
struct Wanted {
    files: Vec<File>,
    /// What it is called in a report.
    place: String,
    service: Option<String>,
    environment: Option<String>,
    /// What a reader must know of it.
    notes: Vec<String>,
    /// What is taken out of Secrets into other resources.
    copies: Vec<String>,
}

fn survey(matches: &ArgMatches) -> anyhow::Result<Survey> {
    let path = |name: &str| matches.get_one::<PathBuf>(name);
    let today = function::today()?;
    let rendered = path("rendered");
    let live = path("live").context("--live is needed")?;
    if is_stdin(live) && rendered.is_some_and(|rendered| is_stdin(rendered)) {
        bail!("--rendered and --live cannot both come on stdin");
    }
    let directories: Vec<PathBuf> = path("OVERLAY").cloned().into_iter().collect();
    let mut ground = Ground::new(&directories)?;
    let policy_file = match path("policy") {
        Some(path) => Some(PolicyFile::named(path, ground.name_of(path))?),
        None => PolicyFile::find(&ground.first, |path| ground.name_of(path))?,
    };
    let defaults = Policy {
        file: Some(policy_file::FIRST.to_owned()),
        ..Policy::default()
    };
    let policy = policy_file.as_ref().map_or(&defaults, |file| &file.policy);
    let wanted = match rendered {
        Some(rendered) => Wanted {
            files: read(rendered).context("--rendered")?,
            // A stream is no file that a report could name.
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
        )?,
    };
    let live_files = read(live).context("--live")?;
    let git_trees = rendered::trees(&wanted.files)?;
    let live_trees = rendered::trees(&live_files)?;
    let mut git = rendered::resources(&git_trees)?;
    // What a host does not emit is in no cluster.
    git.retain(|one| one.group() != GROUP && !one.is_local_config());
    if git.is_empty() {
        bail!("there is no resource in what Git says");
    }
    let running = rendered::resources(&live_trees).context("--live")?;
    running.iter().try_for_each(is_object)?;
    let mut compared = live::compare(&git, &running).context("--live")?;
    let mut hidden = wanted.copies;
    hidden.extend([&git, &running].into_iter().flat_map(|side| values(side)));
    compared.hide(&hidden);
    let word = |name: &str| matches.get_one::<String>(name).cloned();
    let environment = word("environment")
        .or(wanted.environment)
        .or_else(|| policy.environment.clone());
    let environment = environment.unwrap_or_else(|| LIVE.to_owned());
    let service = word("service").or(wanted.service);
    let service = service.unwrap_or_else(|| rendered::SERVICE.to_owned());
    let cluster = Cluster {
        service: &service,
        environment: &environment,
    };
    let mut notes = wanted.notes;
    if !compared.is_managed && !running.is_empty() {
        notes.push(
            "the live objects came without managed fields, so what was added, and with which tool, is left out; pass what kubectl get --show-managed-fields -o yaml prints"
                .to_owned(),
        );
    }
    notes.push(match &policy_file {
        Some(file) => format!("the policy is {}", file.name),
        None => "there is no policy file, so the defaults hold".to_owned(),
    });
    if !policy.exemptions.is_empty() {
        notes.extend(function::note_of(today));
    }
    Ok(Survey {
        report: rules::judge_live(&compared, cluster, policy, today),
        services: vec![Service {
            name: service,
            bases: Vec::new(),
            environments: vec![Environment {
                name: environment,
                directory: wanted.place,
                state: State::Judged,
            }],
        }],
        notes,
        ..Survey::default()
    })
}

/// What a person names, or what comes on stdin.
fn read(path: &Path) -> anyhow::Result<Vec<File>> {
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

/// What a directory builds, by the engine alone.
fn built(
    ground: &mut Ground,
    policy: &Policy,
    policy_path: Option<&Path>,
) -> anyhow::Result<Wanted> {
    let sources = ground.read(policy_path)?;
    let parsed = sources.parse();
    let replay = emit::replay(ground, &parsed)?;
    let directory = ground.directories.first().cloned().unwrap_or_default();
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
            "{}\nBuild it yourself: kustomize build {} | krm-parity drift --rendered - …",
            emit::told(&unknown),
            files::shown(Path::new(&place))
        )
    })?;
    let mut text = String::new();
    let mut unknown = 0;
    for mut one in built {
        if one.is_secret {
            if one.resource.get("kind").and_then(Value::as_str) != Some("Secret") {
                bail!(
                    "{place} makes another kind of a Secret; build it yourself, and use --rendered"
                );
            }
            unknown += leave_out(&mut one.resource);
        }
        text.push_str("---\n");
        text.push_str(&one.resource.to_string());
        text.push('\n');
    }
    let mut notes = Vec::new();
    if unknown > 0 {
        notes.push(format!(
            "{unknown} values of generated Secrets were not compared, only their keys and the hash in the name; --rendered compares them"
        ));
    }
    let (service, environment) = own.unzip();
    Ok(Wanted {
        files: vec![File {
            name: place.clone(),
            text: text.into_bytes(),
        }],
        place,
        service,
        environment,
        notes,
        copies: replay.copies().texts.into_iter().collect(),
    })
}

/// Marks the values of a Secret that the engine does not hold as not known, and counts them.
fn leave_out(secret: &mut Value) -> usize {
    let data = secret.get_mut("data").and_then(Value::as_object_mut);
    let empty = data
        .into_iter()
        .flat_map(serde_json::Map::values_mut)
        .filter(|value| value.as_str() == Some(""));
    empty.map(|value| *value = REDACTED.into()).count()
}

/// Whether what kubectl printed is an object of a cluster.
fn is_object(one: &Resource<'_>) -> anyhow::Result<()> {
    if one.kind() == "Status" && one.api_version == "v1" {
        let message = one.node.str_at(&["message"]).unwrap_or_default();
        bail!(
            "--live: the API server answered with an error: {}",
            crate::text::one_line(message, 200)
        );
    }
    if one.kind().ends_with("List") && one.node.get("items").is_some_and(Node::is_seq) {
        bail!(
            "--live: a {} is how the API server answers; pass what kubectl get -o yaml prints",
            crate::text::one_line(one.kind(), 100)
        );
    }
    Ok(())
}
