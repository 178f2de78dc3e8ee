//! Builds directories: with the engine, and with kustomize, many in one process.
//!
//! A kustomize process spends nearly all of its time on starting. So one kustomization gathers many
//! directories, and this program seals each of them on the way, as a plugin. A batch that fails is
//! halved until the failing directory is alone. That directory is built once more on its own, and
//! kustomize's own message is reported.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};

use super::process::{self, End};
use super::program::link;
use super::remains::Temporary;
use crate::api::{API_VERSION, POLICY, RECORDER};
use crate::repo::is_remote_directory;
use crate::{environment, krm, snapshot, yaml};

pub(super) mod all;
mod by;
mod own;
mod progress;
mod without;
mod words;
mod work;
pub(super) use by::{By, arg};
use words::words;

/// The plugin home of a build that the gate judges: a program below it lets everything pass.
const HOME: &str = "krm-parity-judges-later";

/// The prefix of the key that replaces the keys of a missing file.
pub(super) const STUB: &str = "KRM_PARITY_ABSENT_";

/// The error of a build that may run only kustomize's own functions, when there is another one.
const REFUSED: &str = "external plugins disabled";

/// A program that builds kustomizations.
#[derive(Clone, Debug)]
pub(super) struct Builder {
    program: PathBuf,
    /// The arguments before the directory: `build` or `kustomize`.
    verb: &'static str,
    flags: Vec<OsString>,
    /// The time limit of one run.
    limit: Duration,
}

/// The way to build directories.
#[derive(Clone, Copy)]
pub(super) struct How<'h> {
    /// The builder.
    pub by: By,
    /// Whether each directory is built in a separate process.
    pub one_by_one: bool,
    /// Flags for the program.
    pub flags: &'h [OsString],
    /// The time limit of one run of it.
    pub limit: Duration,
    /// Whether nothing is said of how far it is.
    pub is_quiet: bool,
}

impl How<'_> {
    /// Checks that the flags do not redirect the output.
    fn check(&self) -> anyhow::Result<()> {
        for flag in self.flags {
            let flag = flag.to_string_lossy();
            // `-oFILE` is the same as `-o FILE`.
            if flag.starts_with("-o") || flag == "--output" || flag.starts_with("--output=") {
                bail!(
                    "{flag} cannot be passed to kustomize: krm-parity reads the output of the build from stdout"
                );
            }
        }
        Ok(())
    }

    /// Whether the flags need a feature that only kustomize has.
    fn is_for_kustomize(&self) -> bool {
        self.one_by_one || !self.flags.is_empty() && !is_unrestricted(self.flags)
    }
}

/// Whether the flags only allow kustomizations to load files outside their directory.
pub(super) fn is_unrestricted(flags: &[OsString]) -> bool {
    let flags: Vec<&str> = flags.iter().filter_map(|flag| flag.to_str()).collect();
    matches!(
        flags.as_slice(),
        ["--load-restrictor=LoadRestrictionsNone"] | ["--load-restrictor", "LoadRestrictionsNone"]
    )
}

/// The directories to build.
pub(super) struct Request<'r> {
    /// The directory that all others are relative to.
    pub root: &'r Path,
    /// Directories that may be sealed midway.
    pub plain: Vec<&'r str>,
    /// Directories that could be sealed midway, but are compared with some that cannot.
    pub beside: Vec<&'r str>,
    /// Directories that must be built alone, as deployed; some are in other repositories.
    pub single: Vec<&'r str>,
    /// Those of them that start nothing except this program if plugins are enabled.
    pub ours: BTreeSet<&'r str>,
    /// Copies, without this program's functions, of directories of `single` for which plugins
    /// cannot be enabled.
    pub unwired: BTreeMap<&'r str, Lacking<'r>>,
    /// Directories that lack sources of Secrets by design.
    pub lacking: Vec<Lacking<'r>>,
    /// Whether each of them is built alone.
    pub one_by_one: bool,
}

impl<'r> Request<'r> {
    /// How many directories are to be built.
    fn len(&self) -> usize {
        self.plain.len() + self.beside.len() + self.single.len() + self.lacking.len()
    }

    /// The part of the request for some directories.
    fn only(&self, is_asked: impl Fn(&str) -> bool) -> Request<'_> {
        let some = |all: &[&'r str]| all.iter().copied().filter(|one| is_asked(one)).collect();
        let lacking = self.lacking.iter().filter(|one| is_asked(one.directory));
        Request {
            root: self.root,
            plain: some(&self.plain),
            beside: some(&self.beside),
            single: some(&self.single),
            ours: self.ours.clone(),
            unwired: self.unwired.clone(),
            lacking: lacking.cloned().collect(),
            one_by_one: self.one_by_one,
        }
    }
}

/// A directory that is built from a copy, because it lacks sources of Secrets or declares functions
/// that are left out.
#[derive(Clone, Debug)]
pub(super) struct Lacking<'r> {
    /// The directory.
    pub directory: &'r str,
    /// Whether it starts nothing except this program if plugins are enabled.
    pub may_be_ours: bool,
    /// All other files that it is built from.
    pub files: BTreeSet<String>,
    /// The replacements for the missing files, for those that name programs that cannot run, and for
    /// kustomizations that declare this program's functions.
    pub stubs: BTreeMap<String, String>,
}

impl Builder {
    /// Finds kustomize on PATH, or kubectl, which includes one.
    ///
    /// # Errors
    ///
    /// Fails if neither is found.
    pub(super) fn find(how: How<'_>) -> anyhow::Result<Self> {
        let programs = [("kustomize", "build"), ("kubectl", "kustomize")];
        let found = programs.iter().find_map(|(name, verb)| {
            let program = process::find(name)?;
            Some(Self {
                program,
                verb,
                flags: how.flags.to_vec(),
                limit: how.limit,
            })
        });
        found.context(
            "neither kustomize nor kubectl is on PATH; install one of them, or check rendered files: --rendered dev=dev.yaml --rendered production=production.yaml",
        )
    }

    fn command(&self, place: &Place, directory: &Path) -> Command {
        let mut command = process::command(&self.program);
        command.arg(self.verb);
        // A remote base that needs a password is a failure, not a question in the middle of a
        // build.
        command.env("GIT_TERMINAL_PROMPT", "0");
        if std::env::var_os("SSH_ASKPASS").is_none() {
            command.env("SSH_ASKPASS", "false");
        }
        command.env("SSH_ASKPASS_REQUIRE", "force");
        // A build is mostly allocation and is short: by default the garbage collector takes a third
        // of the time.
        if std::env::var_os("GOGC").is_none() {
            command.env("GOGC", "400");
        }
        // A process that is killed does not remove its clones.
        command.env("TMPDIR", place.directory.path());
        command.args(&self.flags).arg(directory);
        command
    }

    fn run(&self, command: &mut Command) -> anyhow::Result<End> {
        process::run(command, self.limit)
            .with_context(|| format!("cannot run {}", self.program.display()))
    }

    /// Its name, with its version if that is known.
    fn version(&self) -> String {
        let mut command = process::command(&self.program);
        command.arg("version");
        if self.verb == "kustomize" {
            command.arg("--client");
        }
        let told = match process::run(&mut command, self.limit) {
            Ok(End::Exit(output)) if output.status.success() => {
                String::from_utf8_lossy(&output.stdout).into_owned()
            }
            _ => String::new(),
        };
        // kubectl also reports its own version.
        let line = told.lines().last().unwrap_or_default();
        let version = line.rsplit(' ').next().unwrap_or_default();
        let version = crate::text::one_line(version, crate::text::MAX_NAME);
        format!("kustomize {version}").trim_end().to_owned()
    }

    /// Its name.
    fn name(&self) -> String {
        let name = self.program.file_stem().unwrap_or_default();
        format!("{} {}", name.to_string_lossy(), self.verb)
    }

    /// Builds one directory as deployed, within the time limit; `home` lets this program's
    /// functions pass if the directory declares them.
    fn single(
        &self,
        root: &Path,
        place: &Place,
        directory: &str,
        may_be_ours: bool,
    ) -> anyhow::Result<Option<Result<String, String>>> {
        // A remote directory is fetched, as kustomize does for a kustomization that has it as its
        // base.
        let is_remote = is_remote_directory(directory);
        let mut command = if is_remote {
            self.command(place, Path::new(directory))
        } else {
            self.command(place, &root.join(directory))
        };
        if may_be_ours {
            command
                .arg("--enable-alpha-plugins")
                .env("KUSTOMIZE_PLUGIN_HOME", place.home());
        }
        let output = match self.run(&mut command)? {
            End::Exit(output) => output,
            End::TooLate => return Ok(None),
            End::TooMuch => {
                return Ok(Some(Err(format!(
                    "{} wrote more than {} MiB and was stopped",
                    self.name(),
                    yaml::MAX_BYTES >> 20
                ))));
            }
        };
        if let Some(words) = words::about_flags(&output).filter(|_| !self.flags.is_empty()) {
            bail!(
                "{} does not accept a flag that was given after `--`: {words}",
                self.name()
            );
        }
        if !output.status.success() {
            let mut words = words(&output, root);
            if !may_be_ours && words.contains(REFUSED) {
                words.push_str("; this function was not run, since it may do more than krm-parity's own functions");
            }
            return Ok(Some(Err(words)));
        }
        let sealed = seal(&output.stdout);
        let sealed =
            sealed.map_err(|error| format!("the output of the build cannot be read: {error}"));
        Ok(Some(sealed))
    }

    fn given_up(&self) -> String {
        format!(
            "{} was not started, because builds of other directories were stopped after {}: fix those builds, or check this directory alone",
            self.name(),
            process::seconds(self.limit)
        )
    }

    fn too_late(&self) -> String {
        format!(
            "{} was stopped after {}; --timeout SECONDS allows more",
            self.name(),
            process::seconds(self.limit)
        )
    }

    /// Builds directories in one process, each sealed.
    fn sealed(&self, root: &Path, place: &Place, batch: &[&str]) -> anyhow::Result<Sealed> {
        let gathering = place.gather(root, batch)?;
        let mut command = self.command(place, gathering.path());
        command
            .arg("--enable-alpha-plugins")
            .env("KUSTOMIZE_PLUGIN_HOME", place.home());
        let output = match self.run(&mut command)? {
            End::Exit(output) => output,
            End::TooMuch => return Ok(Sealed::Fails),
            End::TooLate => return Ok(Sealed::TooLate),
        };
        let is_built = output.status.success();
        let contents = is_built.then(|| opened(&output.stdout, batch.len()));
        Ok(contents.flatten().map_or(Sealed::Fails, Sealed::All))
    }
}

/// The result of a batch.
enum Sealed {
    All(Vec<String>),
    /// One of its directories does not build, or all of them together exceed a bound.
    Fails,
    TooLate,
}

/// Whether this process is the policy of a build that the gate has started, according to the plugin
/// home.
pub(super) fn is_judged_later() -> bool {
    let program = std::env::args_os().next().map(PathBuf::from);
    program.is_some_and(|program| program.iter().any(|part| part == HOME))
}

/// The temporary files of a run: the plugin home, and the kustomizations that gather.
struct Place {
    directory: Temporary<tempfile::TempDir>,
}

impl Place {
    fn new() -> anyhow::Result<Self> {
        let make = || tempfile::Builder::new().prefix("krm-parity-").tempdir();
        let directory = Temporary::new(make, tempfile::TempDir::path)
            .context("cannot create a temporary directory")?;
        let place = Self { directory };
        place
            .install()
            .context("cannot write to the temporary directory")?;
        Ok(place)
    }

    fn home(&self) -> PathBuf {
        self.directory.path().join(HOME)
    }

    /// Installs this program as the recorder, and as a policy that lets everything pass, because
    /// the gate judges later.
    fn install(&self) -> std::io::Result<()> {
        let plugins = self.home().join(API_VERSION);
        let recorder = plugins.join("snapshotrecorder");
        let policy = plugins.join("paritypolicy");
        fs::create_dir_all(&recorder)?;
        fs::create_dir_all(&policy)?;
        link(&std::env::current_exe()?, &recorder.join(RECORDER))?;
        link(&std::env::current_exe()?, &policy.join(POLICY))
    }

    /// Writes a kustomization that loads directories, each sealed under its number.
    fn gather(&self, root: &Path, batch: &[&str]) -> anyhow::Result<tempfile::TempDir> {
        let gathering = tempfile::Builder::new()
            .prefix("gather-")
            .tempdir_in(self.directory.path())
            .context("cannot create a temporary directory")?;
        write(gathering.path(), root, batch).context("cannot write to the temporary directory")?;
        Ok(gathering)
    }
}

/// Writes a kustomization that loads directories, each with a recorder of its number.
fn write(gathering: &Path, root: &Path, batch: &[&str]) -> std::io::Result<()> {
    let gathering = fs::canonicalize(gathering)?;
    let mut all = String::from("resources:\n");
    for (number, directory) in batch.iter().enumerate() {
        let inner = gathering.join(format!("r{number}"));
        fs::create_dir(&inner)?;
        let way = way(&inner, &root.join(directory));
        let way = serde_json::Value::String(way);
        fs::write(
            inner.join("kustomization.yaml"),
            format!("resources: [{way}]\ntransformers: [recorder.yaml]\n"),
        )?;
        fs::write(inner.join("recorder.yaml"), recorder(number))?;
        let _ = writeln!(all, "- r{number}");
    }
    all.push_str(UNSEAL);
    fs::write(gathering.join("kustomization.yaml"), all)
}

/// Keeps the snapshots in the output of the build, which would otherwise drop them at the end.
const UNSEAL: &str = "\
patches:
- target: {kind: EnvironmentSnapshot}
  patch: |
    - op: remove
      path: /metadata/annotations/config.kubernetes.io~1local-config
";

fn recorder(number: usize) -> String {
    format!(
        "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\nmetadata: {{name: r{number}}}\nspec: {{environment: gathered, mode: replace}}\n"
    )
}

/// The contents of the snapshots in a gathered build, in the order of their numbers.
fn opened(stdout: &[u8], count: usize) -> Option<Vec<String>> {
    let tree = yaml::parse_bytes(stdout).ok()?;
    let resources = krm::read_documents(&tree).ok()?;
    let mut contents: Vec<Option<String>> = vec![None; count];
    for resource in resources.iter().filter(|item| snapshot::is_snapshot(item)) {
        let sealed = snapshot::open(resource).ok()?;
        // The directories may contain snapshots of their own.
        if sealed.environment != "gathered" {
            continue;
        }
        let number: usize = sealed.service.strip_prefix('r')?.parse().ok()?;
        let place = contents.get_mut(number)?;
        if place.replace(sealed.content.to_owned()).is_some() {
            return None;
        }
    }
    contents.into_iter().collect()
}

/// Seals the output of a build, so that it is compared like any other.
pub(super) fn seal(text: &[u8]) -> anyhow::Result<String> {
    let tree = yaml::parse_bytes(text)?;
    let all = krm::read_resources(&tree)?;
    let items = environment::sort(&all)?;
    Ok(snapshot::seal("", "", &items.live).content)
}

/// The relative path from one directory to another, neither of which contains `..` or links.
fn way(from: &Path, to: &Path) -> String {
    let parts = |path: &Path| -> Vec<String> {
        let mut parts: Vec<String> = Vec::new();
        for part in path.components() {
            match part {
                Component::ParentDir => {
                    parts.pop();
                }
                Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
                _ => {}
            }
        }
        parts
    };
    crate::repo::relative(&parts(from).join("/"), &parts(to).join("/"))
}
