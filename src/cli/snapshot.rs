//! `krm-parity snapshot`: a sealed environment as a file, to commit beside a package.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Arg, ArgMatches, Command, value_parser};
use serde_json::json;

use super::build::{self, By, How};
use super::change::{self, Change};
use super::files::{self, Unread};
use super::ground::Ground;
use super::rendered::{self, File};
use super::{process, tree};
use crate::api::{API_VERSION, RECORDER};
use crate::function::record;
use crate::init::service_name;
use crate::layout::{Baseline, Layout, Overlay, Service};
use crate::policy::{self, Config, Recorder};
use crate::repo::NAMES;
use crate::resource::Resource;
use crate::rules::RULES;
use crate::text;
use crate::yaml::{self, MAX_BYTES};

pub(super) const LONG_ABOUT: &str = "\
Records an environment in one EnvironmentSnapshot, as a SnapshotRecorder does during a build. It records
the build of the kustomization in PATH; without a kustomization, all YAML and JSON files below PATH, as
in a kpt package; a single file; or with `-` the resources on stdin. Values of Secrets are left out.

For kpt, which has no bases: commit the snapshot of the blueprint next to the package, where the policy
under `pipeline.validators` finds it, and write it again after every update of the blueprint. The same
resources always give the same bytes.

  krm-parity snapshot --service checkout -o checkout/base-snapshot.yaml blueprint
  kustomize build base | krm-parity snapshot --service checkout -";

pub(super) fn command() -> Command {
    let word = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    Command::new("snapshot")
        .about("Write a snapshot of an environment into a file, for example for a kpt package")
        .long_about(LONG_ABOUT)
        .arg(
            Arg::new("PATH")
                .help("A directory, a file, or - to read stdin; by default the current directory")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(word(
            "service",
            "NAME",
            "The service; by default the name of the directory",
        ))
        .arg(word("environment", "NAME", "The name of the environment").default_value("base"))
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FILE")
                .help("The file to write; by default stdout")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(build::arg())
        .arg(process::arg())
        .arg(
            Arg::new("FLAGS")
                .help("Flags for kustomize")
                .last(true)
                .num_args(0..)
                .value_parser(value_parser!(OsString)),
        )
}

/// The files to seal, with the service and environment.
pub(super) struct Request {
    path: PathBuf,
    service: Option<String>,
    environment: String,
    output: Option<PathBuf>,
    limit: Duration,
    by: By,
    flags: Vec<OsString>,
}

impl Request {
    pub(super) fn read(matches: &ArgMatches) -> Self {
        let path: Option<&PathBuf> = matches.get_one("PATH");
        let environment: Option<&String> = matches.get_one("environment");
        let flags = matches.get_many("FLAGS").into_iter().flatten();
        Self {
            path: path.cloned().unwrap_or_else(|| PathBuf::from(".")),
            service: matches.get_one("service").cloned(),
            environment: environment.cloned().unwrap_or_default(),
            output: matches.get_one("output").cloned(),
            limit: process::limit(matches),
            by: By::read(matches),
            flags: flags.cloned().collect(),
        }
    }

    /// Seals; the returned text goes to stdout.
    pub(super) fn run(&self) -> anyhow::Result<String> {
        // An unreadable input or unwritable output is reported before any other work.
        if self.path != Path::new("-") {
            std::fs::metadata(&self.path)
                .with_context(|| format!("cannot read {}", self.path.display()))?;
        }
        if let Some(output) = self.output.as_ref().filter(|output| output.is_dir()) {
            bail!("{} is a directory; -o requires a file", output.display());
        }
        let recorder = self.recorder()?;
        let has_kustomization = NAMES.iter().any(|name| self.path.join(name).is_file());
        let snapshot = if has_kustomization {
            let content = self.build()?;
            let tree = yaml::parse_json_lines(&content)?;
            let all: Vec<Resource<'_>> = tree.roots().filter_map(Resource::read).collect();
            record(&all, &recorder)?
        } else {
            let files = self.files()?;
            let trees = rendered::trees(&files)?;
            record(&rendered::resources(&trees)?, &recorder)?
        };
        if snapshot.content.is_empty() {
            bail!("{} contains no resource to seal", self.path.display());
        }
        let sealed = format!(
            "krm-parity: sealed {} as {} of {}",
            kinds(&snapshot.content)?,
            snapshot.environment,
            snapshot.service
        );
        let text = snapshot.to_yaml(0, "\n");
        let Some(output) = &self.output else {
            super::complain(&sealed);
            return Ok(text);
        };
        let before = match files::read_file(output, MAX_BYTES).and_then(|before| {
            String::from_utf8(before).map_err(|error| Unread::NotText(error.into_bytes()))
        }) {
            Ok(before) => Some(before),
            Err(unread) if unread.is_absent() => None,
            Err(unread) => {
                return Err(unread)
                    .with_context(|| format!("cannot read {}", files::shown(output)));
            }
        };
        if before.as_deref() != Some(&text) {
            change::apply(&[Change {
                path: output.clone(),
                name: output.display().to_string(),
                from: None,
                before,
                after: text,
            }])?;
        }
        super::complain(&sealed);
        Ok(String::new())
    }

    /// The service and environment, with the same checks as in a recorder's configuration.
    fn recorder(&self) -> anyhow::Result<Recorder> {
        let service = match &self.service {
            Some(service) => service.clone(),
            None => self.default_service()?,
        };
        let config = json!({
            "apiVersion": API_VERSION,
            "kind": RECORDER,
            "spec": {"service": service, "environment": self.environment},
        });
        let config = config.to_string();
        let tree = yaml::parse(&config)?;
        match policy::open(RULES, tree.roots().next(), None) {
            Ok(Config::Recorder(recorder)) => Ok(recorder),
            Ok(Config::Policy(_)) => bail!("this is a SnapshotRecorder, not a ParityPolicy"),
            Err(error) => {
                let what = error.message;
                let what = what.strip_prefix("spec.").unwrap_or(&what);
                bail!("--{what}")
            }
        }
    }

    /// The directory's name, or that of its parent if it only says "base".
    fn default_service(&self) -> anyhow::Result<String> {
        if !self.path.is_dir() {
            bail!("the service is not known; name it with --service NAME");
        }
        let full = std::fs::canonicalize(&self.path)
            .with_context(|| format!("cannot find {}", self.path.display()))?;
        let mut names = full
            .ancestors()
            .filter_map(Path::file_name)
            .filter_map(|name| name.to_str());
        let name = names.find(|name| !matches!(*name, "base" | "bases"));
        Ok(service_name(name.unwrap_or_default()))
    }

    /// The files to seal.
    fn files(&self) -> anyhow::Result<Vec<File>> {
        if !self.flags.is_empty() {
            bail!(
                "{} has no kustomization, so remove the flags for kustomize",
                self.path.display()
            );
        }
        if self.path == Path::new("-") {
            let text = super::function::read_stdin().context("cannot read stdin")?;
            let name = "stdin".to_owned();
            return Ok(vec![File { name, text }]);
        }
        if self.path.is_dir() {
            let ground = Ground::new(std::slice::from_ref(&self.path))?;
            let sources = tree::read(&ground.root, &ground.directories)?;
            let parsed = sources.parse();
            let directory = ground.directories.first().map_or("", String::as_str);
            let is_below =
                |file: &str| directory.is_empty() || file.starts_with(&format!("{directory}/"));
            if let Some(inner) = parsed.kustomizations().find(|inner| is_below(inner.file)) {
                bail!(
                    "{} has no kustomization, but there is {} below it; name the directory to build",
                    self.path.display(),
                    inner.file
                );
            }
        }
        rendered::files(&self.path)
    }

    /// The build of the kustomization.
    fn build(&self) -> anyhow::Result<String> {
        let ground = Ground::new(std::slice::from_ref(&self.path))?;
        let mut sources = tree::read(&ground.root, &ground.directories)?;
        sources.is_unrestricted = build::is_unrestricted(&self.flags);
        let parsed = sources.parse();
        let directory = ground.directories.first().cloned().unwrap_or_default();
        let layout = Layout {
            services: vec![Service {
                name: String::new(),
                overlays: vec![Overlay {
                    name: self.environment.clone(),
                    directory: directory.clone(),
                    bases: Vec::new(),
                    baseline: Baseline::default(),
                    rank: None,
                    is_asked: true,
                }],
                variants: Vec::new(),
                is_above: false,
            }],
            ..Layout::default()
        };
        let how = How {
            by: self.by,
            one_by_one: false,
            flags: &self.flags,
            limit: self.limit,
            is_quiet: false,
        };
        let mut built = ground.build(&parsed, &layout, how)?;
        let lacking = built.lacking.get(&directory);
        for path in lacking
            .into_iter()
            .flatten()
            .filter_map(|edge| edge.to.path())
        {
            let path = text::quoted(path, text::MAX_NAME);
            super::complain(&format!(
                "krm-parity: {path} does not exist, so the keys of the Secret that is generated from it are not sealed"
            ));
        }
        match built.builds.remove(&directory) {
            Some(Ok(content)) => Ok(content),
            Some(Err(words)) => bail!("{} does not build: {words}", self.path.display()),
            None => bail!("{} was not built", self.path.display()),
        }
    }
}

/// The number of resources of each kind.
fn kinds(content: &str) -> anyhow::Result<String> {
    let tree = yaml::parse_json_lines(content)?;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for resource in tree.roots().filter_map(Resource::read) {
        *kinds.entry(resource.kind()).or_default() += 1;
    }
    let told: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| match *kind {
            "Secret" => format!("{count} Secret (without values)"),
            kind => format!("{count} {}", crate::text::one_line(kind, 63)),
        })
        .collect();
    Ok(told.join(", "))
}
