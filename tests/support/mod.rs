//! What the tests under real hosts share: where the tools are, and proof that a function ran.
//!
//! `scripts/setup` puts the tools below `.tools/`. A test names the tools that it needs with
//! [`require!`]; without them it says so and is skipped, except under `CI=true`, where it fails.
//!
//! A host that skips a function passes every test that expects a good build. Tests therefore hand
//! the host a [`Witness`] instead of the binary (or a [`DockerWitness`] instead of `docker`) and
//! ask it afterwards how often it was run.

#![allow(dead_code, reason = "each test program uses a part of this")]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The kustomize releases that `scripts/setup` installs, oldest first.
pub const KUSTOMIZE_VERSIONS: [&str; 3] = ["v5.5.0", "v5.7.1", "v5.8.1"];

/// The image that `scripts/image` builds when it is not told another name.
const DEFAULT_IMAGE: &str = "krm-parity:test";

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
    let message = format!("{tool} is missing, run scripts/setup (and scripts/image)");
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
    KUSTOMIZE_VERSIONS
        .iter()
        .map(|version| {
            Some(Host {
                name: format!("kustomize {version}"),
                program: kustomize(version)?,
                verb: "build",
            })
        })
        .collect()
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

/// Runs a command to its end, without standard input.
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
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// A temporary folder of files that tests write.
#[derive(Debug)]
pub struct Tree {
    folder: TempDir,
}

impl Tree {
    /// An empty one.
    ///
    /// # Panics
    /// When the temporary folder cannot be written.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it creates a folder")]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("krm-parity-test-")
            .tempdir()
            .expect("a temporary folder");
        Self { folder }
    }

    /// The absolute path of `relative`, without symbolic links in what is above the tree.
    ///
    /// # Panics
    /// When the folder is gone.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        fs::canonicalize(self.folder.path())
            .expect("the temporary folder")
            .join(relative)
    }

    /// Writes a file and the folders above it.
    ///
    /// # Panics
    /// When that fails.
    pub fn write(&self, relative: &str, text: &str) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path
    }

    /// Writes a shell script that can be executed at once.
    ///
    /// A child writes it: a program that is open for writing cannot be executed, and a test that
    /// starts a process at that moment in another thread would inherit the open file.
    ///
    /// # Panics
    /// When that fails.
    pub fn script(&self, relative: &str, body: &str) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        let mut writer = Command::new("/bin/sh")
            .args(["-c", r#"cat > "$1" && chmod 0755 "$1""#, "sh"])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        write!(
            writer.stdin.take().expect("its input"),
            "#!/bin/sh\nset -eu\n{body}"
        )
        .expect("a script");
        assert!(writer.wait().expect("its end").success());
        path
    }

    /// What is in a file, or nothing when it does not exist.
    #[must_use]
    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_default()
    }
}

/// A program for hosts to run in another's place, which notes each run and then becomes it.
#[derive(Debug)]
pub struct Witness {
    tree: Tree,
}

impl Witness {
    /// A witness for the runs of `program`.
    ///
    /// # Panics
    /// When its files cannot be written.
    #[must_use]
    pub fn new(program: &Path) -> Self {
        let tree = Tree::new();
        let body = format!(
            "printf '%s\\n' \"$*\" >> {log}\nexec {program} \"$@\"\n",
            log = quoted(&tree.path("runs")),
            program = quoted(program),
        );
        tree.script("witness", &body);
        Self { tree }
    }

    /// A witness for a tiny function whose whole body is shell.
    ///
    /// # Panics
    /// When its files cannot be written.
    #[must_use]
    pub fn of_shell(body: &str) -> Self {
        let tree = Tree::new();
        let body = format!(
            "printf '%s\\n' \"$*\" >> {}\n{body}",
            quoted(&tree.path("runs"))
        );
        tree.script("witness", &body);
        Self { tree }
    }

    /// What a host is told to run.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.tree.path("witness")
    }

    /// How often it ran so far.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.tree.read("runs").lines().count()
    }

    /// The arguments of each run, joined by blanks.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        self.tree.read("runs").lines().map(str::to_owned).collect()
    }
}

/// Puts programs where the older plugin protocol looks for them, by `GROUP/VERSION/Kind`.
///
/// The answer is the folder for `KUSTOMIZE_PLUGIN_HOME`.
///
/// # Panics
/// When a link cannot be made.
#[must_use]
pub fn plugin_home(plugins: &BTreeMap<&str, PathBuf>) -> Tree {
    let home = Tree::new();
    for (kind, program) in plugins {
        let (group_version, kind) = kind.rsplit_once('/').expect("GROUP/VERSION/Kind");
        let folder = home.path(group_version).join(kind.to_lowercase());
        fs::create_dir_all(&folder).expect("a folder");
        std::os::unix::fs::symlink(program, folder.join(kind)).expect("a link");
    }
    home
}

/// A path as one word of a shell script.
fn quoted(path: &Path) -> String {
    let text = path.to_str().expect("a path in UTF-8");
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A reachable container engine and its client.
#[derive(Debug, Clone)]
pub struct Docker {
    /// The client.
    pub program: PathBuf,
    /// `DOCKER_HOST`, where the default is not the engine.
    pub host: Option<String>,
}

impl Docker {
    /// A `docker` command that talks to the engine.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        self.apply(&mut command);
        command
    }

    /// Lets another command (kustomize, kpt) reach the engine and find this client first on PATH.
    pub fn apply(&self, command: &mut Command) {
        if let Some(host) = &self.host {
            command.env("DOCKER_HOST", host);
        }
        command.env("PATH", before_path(self.program.parent()));
    }
}

/// PATH with a folder before all others.
fn before_path(folder: Option<&Path>) -> std::ffi::OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths(
        folder
            .map(Path::to_path_buf)
            .into_iter()
            .chain(env::split_paths(&path)),
    )
    .expect("a PATH")
}

/// The container engine of `DOCKER_HOST`, of the default socket, or the one of `scripts/setup`.
#[must_use]
pub fn docker() -> Option<Docker> {
    static DOCKER: OnceLock<Option<Docker>> = OnceLock::new();
    DOCKER.get_or_init(find_docker).clone()
}

fn find_docker() -> Option<Docker> {
    let program = find("docker/bin", "docker", &["--version"], |_| true)?;
    let own = fs::read_to_string(tools().join("docker/host"))
        .ok()
        .map(|host| host.trim().to_owned())
        .filter(|host| !host.is_empty());
    [None, own].into_iter().find_map(|host| {
        let docker = Docker {
            program: program.clone(),
            host,
        };
        let answers = docker
            .command()
            .args(["version", "--format", "{{.Server.Version}}"])
            .output()
            .is_ok_and(|output| output.status.success());
        answers.then_some(docker)
    })
}

/// The name of the image under test, when the engine has it.
#[must_use]
pub fn image() -> Option<String> {
    let image = env::var("KRM_PARITY_IMAGE").unwrap_or_else(|_| DEFAULT_IMAGE.to_owned());
    let found = docker()?
        .command()
        .args(["image", "inspect", &image])
        .output()
        .is_ok_and(|output| output.status.success());
    found.then_some(image)
}

/// A `docker` for hosts to find first on PATH, which notes how each call ended.
#[derive(Debug)]
pub struct DockerWitness {
    docker: Docker,
    tree: Tree,
}

impl DockerWitness {
    /// A witness for this client.
    ///
    /// # Panics
    /// When its files cannot be written.
    #[must_use]
    pub fn new(docker: &Docker) -> Self {
        let tree = Tree::new();
        let body = format!(
            "code=0\n{program} \"$@\" || code=$?\nprintf '%s\\n' \"$code $*\" >> {log}\nexit $code\n",
            program = quoted(&docker.program),
            log = quoted(&tree.path("runs")),
        );
        tree.script("bin/docker", &body);
        Self {
            docker: docker.clone(),
            tree,
        }
    }

    /// Lets a host command find the witness as `docker`.
    pub fn apply(&self, command: &mut Command) {
        self.docker.apply(command);
        command.env("PATH", before_path(Some(&self.tree.path("bin"))));
    }

    /// Every call so far: the exit code, then the arguments, joined by blanks.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.tree.read("runs").lines().map(str::to_owned).collect()
    }

    /// How many containers of `image` ran to an end of their own.
    ///
    /// The codes 125, 126 and 127 are docker's: it could not start the container.
    #[must_use]
    pub fn runs(&self, image: &str) -> usize {
        self.calls()
            .iter()
            .filter(|call| {
                let mut words = call.split(' ');
                let started = words
                    .next()
                    .and_then(|code| code.parse::<u8>().ok())
                    .is_some_and(|code| !(125..=127).contains(&code));
                started && words.next() == Some("run") && words.any(|word| word == image)
            })
            .count()
    }
}
