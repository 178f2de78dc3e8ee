//! What the tests under real hosts share: where the tools are, and proof that a function ran.
//!
//! `scripts/setup` puts the tools below `.tools/`. A test names the tools that it needs with
//! [`require!`]; without them it says so and is skipped, except under `CI=true`, where it fails.
//!
//! A host that skips a function passes every test that expects a good build. Tests therefore hand
//! the host a [`Witness`] instead of the binary (or a [`DockerWitness`] instead of `docker`) and
//! ask it afterwards how often it was run.

#![allow(
    dead_code,
    unused_imports,
    reason = "each of the two test programs uses a part of this"
)]

mod corpus;
mod engine;
mod examples;
mod items;
mod tap;
mod witness;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub use corpus::corpus;
pub use engine::{Docker, DockerWitness, docker, image};
pub use examples::{copy, copy_examples, example, rewrite, without_functions};
pub use items::items;
pub use tap::{Call, Found, Tap, found, found_in, rules};
pub use witness::{Tree, Witness, plugin_home};

/// The kustomize releases that `scripts/setup` installs, oldest first.
pub const KUSTOMIZE_VERSIONS: [&str; 3] = ["v5.5.0", "v5.7.1", NEWEST];

/// The newest of them, for tests that do with one.
pub const NEWEST: &str = "v5.8.1";

/// The folder of one-feature trees with what kustomize makes of them: the one that `KRM_PARITY_PROBES` names, or one beside the project.
pub fn probes() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = env::var_os("KRM_PARITY_PROBES").map(PathBuf::from);
    let beside = here.ancestors().skip(1).take(2);
    let found = named
        .into_iter()
        .chain(beside.map(|up| up.join("shared/probes")))
        .find(|path| path.join("expected.jsonl").is_file());
    if found.is_none() {
        println!("skipped: there are no probes; name some in KRM_PARITY_PROBES");
    }
    found
}

/// Gives a tool, or leaves the test: `let kpt = require!(kpt());`.
///
/// Without the tool the test prints why it is skipped and returns; under `CI=true` it panics,
/// because a skipped test proves nothing there.
macro_rules! require {
    ($tool:ident($($argument:expr),*)) => {
        match $crate::support::$tool($($argument),*) {
            Some(tool) => tool,
            None => {
                let words: Vec<String> =
                    vec![stringify!($tool).to_owned() $(, $argument.to_string())*];
                $crate::support::missing(&words.join(" "));
                return;
            }
        }
    };
}
pub(crate) use require;

/// Says that a tool is missing; the other half of [`require!`].
///
/// # Panics
/// Under `CI=true`.
pub fn missing(tool: &str) {
    let versions = KUSTOMIZE_VERSIONS.join(", ");
    let tool = match tool {
        tool if tool.starts_with("kustomize_host") => tool.replace("_host", ""),
        "kustomizes" => format!("one of kustomize {versions}"),
        "hosts" => format!("one of kustomize {versions} and kubectl"),
        "docker" => "a container engine".to_owned(),
        "image" => "the container image".to_owned(),
        tool => tool.to_owned(),
    };
    let script = match tool.as_str() {
        tool if tool.ends_with("image") => "scripts/image",
        "release_binary" => "cargo build --release",
        _ => "scripts/setup",
    };
    let message = format!("{tool} is missing, run {script}");
    assert!(env::var("CI").as_deref() != Ok("true"), "{message}");
    println!("skipped: {message}");
}

/// The krm-parity binary under test.
#[must_use]
pub fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_krm-parity"))
}

/// `scripts/test --fast` runs without any host.
fn hosts_are_skipped() -> bool {
    env::var("KRM_PARITY_HOSTS").as_deref() == Ok("skip")
}

fn tools() -> PathBuf {
    env::var_os("KRM_PARITY_TOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools"),
        PathBuf::from,
    )
}

/// A program below the tool folder, else one on PATH whose version output is accepted.
fn find(
    folder: &str,
    program: &str,
    version: &[&str],
    accept: impl Fn(&str) -> bool,
) -> Option<PathBuf> {
    if hosts_are_skipped() {
        return None;
    }
    let installed = tools().join(folder).join(program);
    if installed.is_file() {
        return Some(installed);
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .filter(|candidate| candidate.is_file())
        .find(|candidate| {
            Command::new(candidate)
                .args(version)
                .output()
                .is_ok_and(|output| accept(&String::from_utf8_lossy(&output.stdout)))
        })
}

/// The kustomize of exactly this version, such as `v5.8.1`.
#[must_use]
pub fn kustomize(version: &str) -> Option<PathBuf> {
    let folder = format!("kustomize-{version}");
    find(&folder, "kustomize", &["version"], |printed| {
        printed.trim() == version
    })
}

/// kpt; any 1.0.0 since beta.56.
#[must_use]
pub fn kpt() -> Option<PathBuf> {
    find("kpt", "kpt", &["version"], |printed| {
        let version = printed.trim().trim_start_matches('v');
        match version.strip_prefix("1.0.0-beta.") {
            Some(beta) => beta.parse::<u32>().is_ok_and(|beta| beta >= 56),
            None => version.starts_with("1.") && !version.contains('-'),
        }
    })
}

/// kubectl; any version that carries kustomize v5.5 or later.
#[must_use]
pub fn kubectl() -> Option<PathBuf> {
    find("kubectl", "kubectl", &["version", "--client"], |printed| {
        ["v5.5.", "v5.6.", "v5.7.", "v5.8."]
            .iter()
            .any(|version| printed.contains(&format!("Kustomize Version: {version}")))
    })
}

/// A file or folder that `scripts/setup` put below the tool folder.
fn installed(path: &str) -> Option<PathBuf> {
    let path = tools().join(path);
    (!hosts_are_skipped() && path.exists()).then_some(path)
}

/// The JSON schema of SARIF 2.1.0.
#[must_use]
pub fn sarif_schema() -> Option<PathBuf> {
    installed("sarif/schema.json")
}

/// The folder of the definitions of Argo CD's and Flux's kinds.
#[must_use]
pub fn crds() -> Option<PathBuf> {
    installed("crds")
}

/// The program that runs triggers and templates as Argo CD's notifications controller does.
#[must_use]
pub fn notifications() -> Option<PathBuf> {
    installed("notifications/notifications")
}

/// The folder of npm's packages: a browser's driver, an accessibility checker, validators.
#[must_use]
pub fn node_modules() -> Option<PathBuf> {
    installed("web/node_modules")
}

/// The folder of Python packages that check what a release is made of.
#[must_use]
pub fn validators() -> Option<PathBuf> {
    installed("validators/package")
}

/// The binary of `cargo build --release`, which `scripts/test` builds before the tests run.
#[must_use]
pub fn release_binary() -> Option<PathBuf> {
    let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/krm-parity");
    (!hosts_are_skipped() && binary.is_file()).then_some(binary)
}

/// A program on PATH that only has to be there.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    find("", name, &["--version"], |_| true)
}

/// A program that builds kustomizations: one kustomize release, or kubectl.
#[derive(Debug, Clone)]
pub struct Host {
    /// For messages: `kustomize v5.8.1`, `kubectl`.
    pub name: String,
    /// Where the program is.
    pub program: PathBuf,
    /// `build` or `kustomize`.
    pub verb: &'static str,
}

impl Host {
    /// Can it run functions as local programs? kubectl has no `--enable-exec`.
    #[must_use]
    pub fn has_exec(&self) -> bool {
        self.verb == "build"
    }

    /// `kustomize build` or `kubectl kustomize`, which sees nothing of this user's configuration.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(self.verb)
            .env_remove("KUSTOMIZE_PLUGIN_HOME")
            .env("XDG_CONFIG_HOME", "/nonexistent")
            .env("HOME", "/nonexistent");
        command
    }

    /// Builds `folder` with these flags.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn build(&self, folder: &Path, flags: &[&str]) -> Run {
        run(self.command().args(flags).arg(folder))
    }

    /// Builds `folder` with exec functions switched on.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn build_exec(&self, folder: &Path) -> Run {
        self.build(folder, &["--enable-alpha-plugins", "--enable-exec"])
    }

    /// Builds `folder` with exec functions switched on, `krm-parity` being the tap.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn build_tapped(&self, folder: &Path, tap: &Tap) -> Run {
        let mut command = self.command();
        tap.apply(&mut command);
        run(command
            .args(["--enable-alpha-plugins", "--enable-exec"])
            .arg(folder))
    }

    /// Builds `folder` with the older plugin protocol, plugins being found in `home`.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn build_plugin(&self, folder: &Path, home: &Path) -> Run {
        run(self
            .command()
            .env("KUSTOMIZE_PLUGIN_HOME", home)
            .arg("--enable-alpha-plugins")
            .arg(folder))
    }
}

/// Every kustomize release of [`KUSTOMIZE_VERSIONS`].
#[must_use]
pub fn kustomizes() -> Option<Vec<Host>> {
    KUSTOMIZE_VERSIONS.into_iter().map(kustomize_host).collect()
}

/// The kustomize of exactly this version, as a host.
#[must_use]
pub fn kustomize_host(version: &str) -> Option<Host> {
    Some(Host {
        name: format!("kustomize {version}"),
        program: kustomize(version)?,
        verb: "build",
    })
}

/// [`kustomizes`] and kubectl.
#[must_use]
pub fn hosts() -> Option<Vec<Host>> {
    let mut hosts = kustomizes()?;
    hosts.push(Host {
        name: "kubectl".to_owned(),
        program: kubectl()?,
        verb: "kustomize",
    });
    Some(hosts)
}

/// What a process did, as text.
#[derive(Debug)]
pub struct Run {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Everything on stdout.
    pub stdout: String,
    /// Everything on stderr.
    pub stderr: String,
}

impl Run {
    /// Exit code 0?
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// stdout of a run that must succeed.
    ///
    /// # Panics
    /// When it did not.
    pub fn expect_success(self, what: &str) -> String {
        assert!(self.succeeded(), "{what} must succeed: {self:#?}");
        self.stdout
    }

    /// stderr of a run that must fail.
    ///
    /// # Panics
    /// When it did not.
    pub fn expect_failure(self, what: &str) -> String {
        assert!(
            self.code.is_some_and(|code| code != 0),
            "{what} must fail: {self:#?}"
        );
        self.stderr
    }
}

/// stderr without what only slow runs say of themselves.
fn without_progress(stderr: &str) -> String {
    let lines = stderr.split_inclusive('\n');
    let rest = lines
        .filter(|line| !(line.starts_with("krm-parity: ") && line.contains(" builds done after ")));
    rest.collect()
}

/// Runs a command to its end, without standard input; lines of progress, which depend on the machine, are left out.
///
/// # Panics
/// When it cannot be started.
pub fn run(command: &mut Command) -> Run {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    Run {
        code: status.code(),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: without_progress(&String::from_utf8_lossy(&stderr)),
    }
}
