//! Runs git without running anything that the repository configures.
//!
//! A repository's configuration and attributes can name programs for many of git's actions, and git
//! treats a directory that looks like a bare repository as one, with its own configuration. So this
//! module finds the work tree itself, passes it explicitly, and turns off everything that could
//! start a program.

mod past;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, bail};

use super::files;
use super::process::{self, End};
use super::tree;

pub(super) mod objects;

/// Settings that forbid git to run programs, whatever its configuration.
const SETTINGS: [&str; 17] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.editor=false",
    "core.sshCommand=false",
    "core.gitProxy=false",
    "core.askPass=false",
    "core.alternateRefsCommand=false",
    "core.untrackedCache=false",
    "credential.helper=",
    "diff.external=",
    "diff.trustExitCode=false",
    "diff.orderFile=/dev/null",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
    "submodule.recurse=false",
];

/// The user's variables for git's own place and configuration; all other variables of git are meant
/// for another command.
const KEPT: [&str; 4] = [
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_EXEC_PATH",
];

/// A work tree, and the git directory that belongs to it.
pub(super) struct WorkTree {
    program: PathBuf,
    /// The root of its files.
    pub top: PathBuf,
    directory: PathBuf,
    /// Settings that turn off the filters in its configuration.
    without_filters: Vec<String>,
    limit: Duration,
    /// The purpose in words: a flag, or the history of images.
    flag: &'static str,
}

impl WorkTree {
    /// Finds the work tree of a directory.
    ///
    /// # Errors
    ///
    /// Fails if there is none, without git, and if git refuses it, such as one that another user
    /// owns.
    pub(super) fn find(from: &Path, flag: &'static str, limit: Duration) -> anyhow::Result<Self> {
        let top = tree::repository(from);
        let git = match &top {
            Some(top) => git_directory(&top.join(".git"))?,
            None => None,
        };
        let Some((top, directory)) = top.zip(git) else {
            bail!(
                "{} is not in the work tree of a git repository, which {flag} requires",
                files::shown(from)
            );
        };
        let program =
            find().with_context(|| format!("git is not on PATH, which {flag} requires"))?;
        let mut tree = Self {
            program,
            top,
            directory,
            without_filters: Vec::new(),
            limit,
            flag,
        };
        tree.check()?;
        tree.without_filters = tree.filters()?;
        Ok(tree)
    }

    /// The work tree of a submodule.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    pub(super) fn inner(&self, place: &Path) -> anyhow::Result<Self> {
        Self::find(place, self.flag, self.limit)
    }

    /// Lets git search for the work tree, because it then refuses directories that its user should
    /// not trust; with an explicit path it does not.
    fn check(&self) -> anyhow::Result<()> {
        let mut command = self.bare_command();
        // The directories above must not be found.
        if let Some(above) = self.top.parent() {
            command.env("GIT_CEILING_DIRECTORIES", above);
        }
        let told = self.text(command.args(["rev-parse", "--absolute-git-dir"]))?;
        let seen = Path::new(told.trim_end_matches('\n'));
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        if real(seen) != real(&self.directory) {
            bail!(
                "git uses {} as the repository of {}",
                files::shown(seen),
                files::shown(&self.top)
            );
        }
        Ok(())
    }

    /// The settings that turn off every filter in any configuration.
    fn filters(&self) -> anyhow::Result<Vec<String>> {
        let mut command = self.command();
        command.args(["config", "-z", "--name-only", "--get-regexp", r"^filter\."]);
        let output = self.output(&mut command)?;
        // This is the exit code if there is none.
        if output.status.code() == Some(1) {
            return Ok(Vec::new());
        }
        if !output.status.success() {
            bail!("{}", words(&output));
        }
        let told = String::from_utf8(output.stdout).context("a filter's name is not UTF-8")?;
        let setting = |name: String| {
            // git would read a part of such a name as the value.
            if name.contains('=') {
                bail!("git has a filter that cannot be disabled: {name}");
            }
            let value = if name.ends_with(".required") {
                "false"
            } else {
                ""
            };
            Ok(format!("{name}={value}"))
        };
        names(&told).into_iter().map(setting).collect()
    }

    /// The addresses of its remotes, which must not be printed because they may contain passwords.
    pub(super) fn addresses(&self) -> anyhow::Result<Vec<String>> {
        let mut command = self.command();
        command.args(["config", "-z", "--get-regexp", r"^remote\..*\.url$"]);
        let output = self.output(&mut command)?;
        // git fails with another code if there is none.
        if !output.status.success() {
            return Ok(Vec::new());
        }
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let address = |entry: &str| entry.split_once('\n').map(|(_, url)| url.to_owned());
        Ok(told.split('\0').filter_map(address).collect())
    }

    /// The id of a revision's commit; `None` if there is no such revision.
    pub(super) fn commit(&self, revision: &str) -> anyhow::Result<Option<String>> {
        let mut command = self.command();
        command.args(["rev-parse", "--quiet", "--verify"]);
        let output = self.output(command.arg(format!("{revision}^{{commit}}")))?;
        if output.status.success() {
            return Ok(Some(text(output.stdout)?.trim().to_owned()));
        }
        Ok(None)
    }

    /// The last common commit of two; `None` if none is known.
    pub(super) fn merge_base(&self, one: &str, other: &str) -> anyhow::Result<Option<String>> {
        let output = self.output(self.command().args(["merge-base", one, other]))?;
        match output.status.code() {
            Some(0) => Ok(Some(text(output.stdout)?.trim().to_owned())),
            Some(1) => Ok(None),
            _ => bail!("{}", words(&output)),
        }
    }

    /// The files that differ from a commit, relative to the root; a submodule is listed if its
    /// commit differs.
    pub(super) fn differing(&self, commit: &str) -> anyhow::Result<Vec<String>> {
        let mut command = self.command();
        command.args(["diff", "--name-only", "-z", "--no-renames", "--no-relative"]);
        command.args(["--no-ext-diff", "--no-textconv", "--no-color"]);
        command.args(["--ignore-submodules=dirty", commit, "--"]);
        Ok(names(&self.text(&mut command)?))
    }

    /// The files that git neither tracks nor ignores.
    pub(super) fn unknown(&self) -> anyhow::Result<Vec<String>> {
        let mut command = self.command();
        command.args(["ls-files", "-z", "--others", "--exclude-standard"]);
        Ok(names(&self.text(&mut command)?))
    }

    /// The paths, given in full and below the root, that git ignores; tracked files are not
    /// ignored.
    pub(super) fn ignored(&self, paths: &[PathBuf]) -> anyhow::Result<BTreeSet<PathBuf>> {
        let mut wanted = tempfile::tempfile().context("cannot create a temporary file")?;
        let mut text = Vec::new();
        for path in paths {
            text.extend_from_slice(path.as_os_str().as_encoded_bytes());
            text.push(0);
        }
        let written = wanted.write_all(&text).and_then(|()| wanted.rewind());
        written.context("cannot write a temporary file")?;
        let mut command = self.command();
        command.args(["check-ignore", "-z", "--stdin"]);
        let output = self.output_of(process::run_with(&mut command, wanted, self.limit))?;
        match output.status.code() {
            Some(0 | 1) => {
                let told = names(&self::text(output.stdout)?);
                Ok(told.into_iter().map(PathBuf::from).collect())
            }
            _ => bail!("{}", words(&output)),
        }
    }

    /// The submodules of the index.
    pub(super) fn submodules(&self) -> anyhow::Result<Vec<String>> {
        let mut command = self.command();
        let told = self.text(command.args(["ls-files", "-z", "--stage"]))?;
        let entries = told.split('\0').filter_map(|entry| entry.split_once('\t'));
        let is_submodule = |about: &str| about.starts_with("160000 ");
        let entries = entries.filter(|(about, _)| is_submodule(about));
        Ok(entries.map(|(_, path)| path.to_owned()).collect())
    }

    /// A git command for this work tree.
    fn command(&self) -> Command {
        let mut command = self.bare_command();
        let named = |name: &str, path: &Path| {
            let mut argument = OsString::from(name);
            argument.push(path);
            argument
        };
        command
            .arg(named("--git-dir=", &self.directory))
            .arg(named("--work-tree=", &self.top));
        command
    }

    fn bare_command(&self) -> Command {
        let mut command = process::command(&self.program);
        command.current_dir(&self.top);
        for (name, _) in std::env::vars_os() {
            let is_gits = name.as_encoded_bytes().starts_with(b"GIT_");
            if is_gits && !KEPT.iter().any(|kept| name == *kept) {
                command.env_remove(name);
            }
        }
        command
            .env("GIT_ALLOW_PROTOCOL", "")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_PAGER", "cat")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C");
        command.arg("--no-pager");
        let settings = SETTINGS
            .iter()
            .copied()
            .chain(self.without_filters.iter().map(String::as_str));
        for setting in settings {
            command.args(["-c", setting]);
        }
        for directory in trusted_directories() {
            let mut setting = OsString::from(format!("{SAFE_DIRECTORY}="));
            setting.push(directory);
            command.arg("-c").arg(setting);
        }
        command
    }

    fn output(&self, command: &mut Command) -> anyhow::Result<Output> {
        self.output_of(process::run(command, self.limit))
    }

    fn output_of(&self, end: io::Result<End>) -> anyhow::Result<Output> {
        let cannot = || format!("cannot run git, which {} requires", self.flag);
        match end.with_context(cannot)? {
            End::Exit(output) => Ok(output),
            End::TooLate => bail!(
                "git was stopped after {} in {}; --timeout SECONDS allows more",
                process::seconds(self.limit),
                files::shown(&self.top)
            ),
            End::TooMuch => bail!("git printed more than krm-parity reads"),
        }
    }

    fn text(&self, command: &mut Command) -> anyhow::Result<String> {
        let output = self.output(command)?;
        if !output.status.success() {
            bail!("{}", words(&output));
        }
        text(output.stdout)
    }
}

/// The git program.
pub(super) fn find() -> Option<PathBuf> {
    process::find("git")
}

/// The setting with which a user trusts directories of other users.
const SAFE_DIRECTORY: &str = "safe.directory";

/// The directories that the environment marks as trusted, as CI systems do.
fn trusted_directories() -> Vec<OsString> {
    let count = std::env::var("GIT_CONFIG_COUNT").ok();
    let count: usize = count.and_then(|count| count.parse().ok()).unwrap_or(0);
    let pairs = (0..count.min(1000)).filter_map(|number| {
        let name = std::env::var(format!("GIT_CONFIG_KEY_{number}")).ok()?;
        let value = std::env::var_os(format!("GIT_CONFIG_VALUE_{number}"))?;
        name.eq_ignore_ascii_case(SAFE_DIRECTORY).then_some(value)
    });
    pairs.collect()
}

/// The git directory that `.git` is or names; `None` if it is not one.
fn git_directory(at: &Path) -> anyhow::Result<Option<PathBuf>> {
    if at.is_dir() {
        return Ok(is_git_directory(at).then(|| at.to_path_buf()));
    }
    let text = match files::read_text(at) {
        Ok(text) => text,
        Err(unread) if unread.is_absent() => return Ok(None),
        Err(unread) => {
            return Err(unread).with_context(|| format!("cannot read {}", files::shown(at)));
        }
    };
    let named = text.strip_prefix("gitdir: ");
    let named = named.map(|named| Path::new(named.trim_end_matches(['\n', '\r'])));
    let named = named.map(|named| at.parent().unwrap_or(at).join(named));
    match named {
        Some(named) if is_git_directory(&named) => Ok(Some(named)),
        _ => bail!("{} does not name a git directory", files::shown(at)),
    }
}

/// Whether a directory has the contents of a git directory; that of a linked work tree shares most
/// of them.
fn is_git_directory(directory: &Path) -> bool {
    let holds = |name: &str| std::fs::symlink_metadata(directory.join(name)).is_ok();
    holds("HEAD") && (holds("commondir") || holds("objects") && holds("refs"))
}

fn names(told: &str) -> Vec<String> {
    let names = told.split('\0').filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

fn text(bytes: Vec<u8>) -> anyhow::Result<String> {
    String::from_utf8(bytes).context("git lists a file whose name is not UTF-8")
}

/// git's error message.
fn words(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    match told.trim() {
        "" => format!("git printed nothing and ended with {}", output.status),
        told => format!("git: {}", told.trim_start_matches("fatal: ")),
    }
}
