//! Files that tests write, and programs that record their runs.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A temporary folder of files that tests write.
#[derive(Debug)]
pub struct Tree {
    folder: TempDir,
}

impl Tree {
    /// An empty one.
    ///
    /// # Panics
    /// If the temporary folder cannot be written.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it creates a folder")]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("krm-parity-test-")
            .tempdir()
            .expect("a temporary folder");
        Self { folder }
    }

    /// The absolute path of `relative`, without symbolic links above the tree.
    ///
    /// # Panics
    /// If the folder is gone.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        fs::canonicalize(self.folder.path())
            .expect("the temporary folder")
            .join(relative)
    }

    /// Writes a file and the folders above it.
    ///
    /// # Panics
    /// If that fails.
    pub fn write(&self, relative: &str, text: &str) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path
    }

    /// Writes a kustomization that loads one file beside it, and that file: the smallest base.
    ///
    /// # Panics
    /// If that fails.
    pub fn kustomization(&self, folder: &str, file: &str, text: &str) {
        self.write(
            &format!("{folder}/kustomization.yaml"),
            &format!("resources: [{file}]\n"),
        );
        self.write(&format!("{folder}/{file}"), text);
    }

    /// Writes a kustomization that loads `../../base`, with `more` as its further lines.
    ///
    /// # Panics
    /// If that fails.
    pub fn overlay(&self, folder: &str, more: &str) {
        self.write(
            &format!("{folder}/kustomization.yaml"),
            &format!("resources: [../../base]\n{more}"),
        );
    }

    /// Writes a shell script that can be executed at once.
    ///
    /// A child process writes it: a program that is open for writing cannot be executed, and a test
    /// that starts a process at that moment in another thread would inherit the open file.
    ///
    /// # Panics
    /// If that fails.
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

    /// The content of a file; empty if it does not exist.
    #[must_use]
    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_default()
    }
}

/// A program that hosts run in place of another, which records each run and then becomes that
/// program.
#[derive(Debug)]
pub struct Witness {
    tree: Tree,
}

impl Witness {
    /// A witness for the runs of `program`.
    ///
    /// # Panics
    /// If its files cannot be written.
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

    /// A witness for a small function that is a shell script.
    ///
    /// # Panics
    /// If its files cannot be written.
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

    /// The program for a host to run.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.tree.path("witness")
    }

    /// The number of runs so far.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.tree.read("runs").lines().count()
    }

    /// The arguments of each run, joined by spaces.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        self.tree.read("runs").lines().map(str::to_owned).collect()
    }
}

/// Puts programs where the older plugin protocol looks for them, by `GROUP/VERSION/Kind`.
///
/// Returns the folder for `KUSTOMIZE_PLUGIN_HOME`.
///
/// # Panics
/// If a link cannot be created.
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
pub(super) fn quoted(path: &Path) -> String {
    let text = path.to_str().expect("a path in UTF-8");
    format!("'{}'", text.replace('\'', r"'\''"))
}
