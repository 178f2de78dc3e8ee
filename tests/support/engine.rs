//! The container engine.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::witness::{Tree, quoted};
use super::{find, tools};

/// The image that `scripts/image` builds by default.
const DEFAULT_IMAGE: &str = "localhost/krm-parity:test";

/// A reachable container engine and its client.
#[derive(Debug, Clone)]
pub struct Docker {
    /// The client.
    pub program: PathBuf,
    /// `DOCKER_HOST`, if the default is not the engine.
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
pub(super) fn before_path(folder: Option<&Path>) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths(
        folder
            .map(Path::to_path_buf)
            .into_iter()
            .chain(env::split_paths(&path)),
    )
    .expect("a PATH")
}

/// The container engine of `DOCKER_HOST`, of the default socket, or of `scripts/setup`.
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

/// The name of the image under test, if the engine has it.
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

/// A `docker` for hosts to find first on PATH, which records the result of each call.
#[derive(Debug)]
pub struct DockerWitness {
    docker: Docker,
    tree: Tree,
}

impl DockerWitness {
    /// A witness for this client.
    ///
    /// # Panics
    /// If its files cannot be written.
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

    /// Makes a host command find the witness as `docker`.
    pub fn apply(&self, command: &mut Command) {
        self.docker.apply(command);
        command.env("PATH", before_path(Some(&self.tree.path("bin"))));
    }

    /// Every call so far: the exit code, then the arguments, joined by spaces.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.tree.read("runs").lines().map(str::to_owned).collect()
    }

    /// The number of containers of `image` that ended by themselves.
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
