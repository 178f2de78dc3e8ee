//! `krm-parity plugin install`: installs the program where kustomize looks for plugins.
//!
//! kustomize runs `HOME/GROUP/VERSION/kind/Kind` for a configuration of that kind
//! without a function annotation. Its home is the first directory that exists
//! among `$KUSTOMIZE_PLUGIN_HOME`, `$XDG_CONFIG_HOME/kustomize/plugin`,
//! `~/.config/kustomize/plugin` and `~/kustomize/plugin` (kustomize's
//! `api/konfig/plugins.go`). So a new home can hide the plugins of an old one:
//! by default the program goes to the one in use.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::files;
use super::program::{is_executable, link};
use crate::api::{GROUP, POLICY, RECORDER, VERSION};

/// The help of the verb.
pub(super) const LONG_ABOUT: &str = "\
Install this program where kustomize looks for plugins.

A ParityPolicy or SnapshotRecorder without a function annotation then runs it under `kustomize build`
and `kubectl kustomize`, with `--enable-alpha-plugins` as the only flag. If the plugin is missing, the
build fails; the check is never skipped.";

/// The kinds that kustomize looks for, each as a directory and a file name.
const PLUGINS: [(&str, &str); 2] = [("snapshotrecorder", RECORDER), ("paritypolicy", POLICY)];

/// The largest file that is compared: this program is far smaller, even with all debug information.
const MAX_BYTES: usize = 1 << 30;

/// A text in every build of this program and in no other file: it distinguishes an older copy from
/// a foreign program.
const MARK: &[u8] = b"krm-parity plugin, mark 5f0c2a9e-7d41-4b8e-9c36-e1f8d2b47a60";

/// What the user asked for.
#[derive(Debug, Default)]
pub struct Request {
    /// The plugin home; `None` for the one that kustomize would use.
    pub home: Option<PathBuf>,
    /// Whether to copy the program instead of linking to it.
    pub copy: bool,
    /// Whether to replace a foreign file.
    pub force: bool,
}

/// Installs the running program as kustomize's plugin for both kinds, and returns what it did.
///
/// Repeating it changes nothing.
///
/// # Errors
///
/// Fails if there is no home, if a foreign file is in the way, or if the files cannot be written.
/// Nothing is changed before everything was checked.
pub fn install(request: &Request) -> anyhow::Result<String> {
    let program = std::env::current_exe()
        .and_then(|program| program.canonicalize())
        .context("cannot find the file of this program")?;
    let homes = homes(|name| std::env::var_os(name));
    let home = match &request.home {
        Some(home) => home.clone(),
        None => default_home(&homes)?,
    };
    let home =
        std::path::absolute(&home).with_context(|| format!("cannot use {}", home.display()))?;
    let mut said = install_at(&home, &program, request)?;
    let in_use = homes.into_iter().find(|home| home.exists());
    if in_use.is_some_and(|in_use| is_same(&in_use, &home)) {
        said.push_str("kustomize build --enable-alpha-plugins finds it there\n");
    } else {
        let _ = writeln!(
            said,
            "kustomize does not look there yet; set KUSTOMIZE_PLUGIN_HOME={}",
            home.display()
        );
    }
    Ok(said)
}

/// The places where kustomize looks for plugins, in its order.
fn homes(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let directory = |name| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let user = directory(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
    let plugins = |config: PathBuf| config.join("kustomize/plugin");
    [
        directory("KUSTOMIZE_PLUGIN_HOME"),
        directory("XDG_CONFIG_HOME").map(plugins),
        user.as_ref().map(|user| plugins(user.join(".config"))),
        user.map(plugins),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The home in use, or else the one that comes first.
fn default_home(homes: &[PathBuf]) -> anyhow::Result<PathBuf> {
    // A user who sets the variable means it, even before the directory exists.
    let is_set = std::env::var_os("KUSTOMIZE_PLUGIN_HOME").is_some_and(|home| !home.is_empty());
    let in_use = homes.iter().find(|home| is_set || home.exists());
    in_use
        .or(homes.first())
        .cloned()
        .context("neither KUSTOMIZE_PLUGIN_HOME nor HOME is set; name the plugin directory")
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// The file in the place of a plugin.
enum Found {
    Nothing,
    /// It is already right.
    Same,
    /// An older krm-parity, or this one in another form.
    Ours(String),
    /// A foreign file.
    Foreign(String),
}

fn install_at(home: &Path, program: &Path, request: &Request) -> anyhow::Result<String> {
    let mut work = Vec::new();
    for (directory, name) in PLUGINS {
        let target = home.join(GROUP).join(VERSION).join(directory).join(name);
        let found = find(&target, program, request.copy)
            .with_context(|| format!("cannot read {}", target.display()))?;
        if let Found::Foreign(what) = &found
            && !request.force
        {
            bail!("{} is {what}; --force replaces it", target.display());
        }
        work.push((target, found));
    }
    let mut said = String::new();
    for (target, found) in work {
        if !matches!(found, Found::Same) {
            put(&target, program, request.copy)
                .with_context(|| format!("cannot write {}", target.display()))?;
        }
        let place = target.display();
        let form = if request.copy { "copied" } else { "linked" };
        let arrow = if request.copy { "<-" } else { "->" };
        let program = program.display();
        let _ = match found {
            Found::Same => writeln!(said, "already there {place}"),
            Found::Nothing => writeln!(said, "{form} {place} {arrow} {program}"),
            Found::Ours(what) | Found::Foreign(what) => {
                writeln!(said, "replaced {what}: {form} {place} {arrow} {program}")
            }
        };
    }
    Ok(said)
}

fn find(target: &Path, program: &Path, copy: bool) -> io::Result<Found> {
    let metadata = match fs::symlink_metadata(target) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error),
    };
    let leads_here = target.canonicalize().is_ok_and(|end| end == program);
    if metadata.is_symlink() {
        let end = fs::read_link(target)?;
        let what = format!("a link to {}", end.display());
        let is_named_so = end.file_stem().is_some_and(|name| name == "krm-parity");
        return Ok(if leads_here && !copy {
            Found::Same
        } else if leads_here || is_named_so || target.is_file() && is_marked(&read(target)?) {
            Found::Ours(what)
        } else {
            Found::Foreign(what)
        });
    }
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    // A copy that installs itself must not become a link to itself.
    if leads_here {
        return Ok(Found::Same);
    }
    let content = read(target)?;
    Ok(
        if copy && content == read(program)? && is_executable(target) {
            Found::Same
        } else if is_marked(&content) {
            Found::Ours("another copy of krm-parity".to_owned())
        } else {
            Found::Foreign("a file that is not krm-parity".to_owned())
        },
    )
}

/// The bytes of a program.
fn read(program: &Path) -> io::Result<Vec<u8>> {
    files::read_file(program, MAX_BYTES).map_err(io::Error::other)
}

fn is_marked(content: &[u8]) -> bool {
    content.windows(MARK.len()).any(|window| window == MARK)
}

/// Installs the program in one step, so that a concurrent build finds the old one or the new one.
fn put(target: &Path, program: &Path, copy: bool) -> io::Result<()> {
    let directory = target.parent().unwrap_or(target);
    fs::create_dir_all(directory)?;
    let draft = directory.join(format!(".krm-parity.{}", std::process::id()));
    let put = if copy {
        fs::copy(program, &draft).map(|_| ())
    } else {
        link(program, &draft)
    };
    put.and_then(|()| fs::rename(&draft, target))
        .inspect_err(|_| {
            // The first error is the one to report.
            let _ = fs::remove_file(&draft);
        })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    struct Scene {
        directory: tempfile::TempDir,
        program: PathBuf,
    }

    fn scene() -> Scene {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().canonicalize().unwrap().join("krm-parity");
        write_program(&program, b"1");
        Scene { directory, program }
    }

    fn write_program(path: &Path, version: &[u8]) {
        fs::write(path, [b"\x7fELF", version, MARK].concat()).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    impl Scene {
        fn home(&self) -> PathBuf {
            self.directory.path().join("home")
        }

        fn policy(&self) -> PathBuf {
            self.home()
                .join("krm-parity.io/v1alpha1/paritypolicy/ParityPolicy")
        }

        /// Installs, and returns the message without the random directory.
        fn install(&self, copy: bool, force: bool) -> Result<String, String> {
            let request = Request {
                home: None,
                copy,
                force,
            };
            let plain = |text: String| {
                let real = self.directory.path().canonicalize().unwrap();
                text.replace(real.to_str().unwrap(), "T")
                    .replace(self.directory.path().to_str().unwrap(), "T")
            };
            install_at(&self.home(), &self.program, &request)
                .map(plain)
                .map_err(|error| plain(format!("{error:#}")))
        }
    }

    #[test]
    fn links_are_created_once() {
        let scene = scene();
        insta::assert_snapshot!(scene.install(false, false).unwrap(), @r#"
        linked T/home/krm-parity.io/v1alpha1/snapshotrecorder/SnapshotRecorder -> T/krm-parity
        linked T/home/krm-parity.io/v1alpha1/paritypolicy/ParityPolicy -> T/krm-parity
        "#);
        assert_eq!(scene.policy().canonicalize().unwrap(), scene.program);
        insta::assert_snapshot!(scene.install(false, false).unwrap(), @r#"
        already there T/home/krm-parity.io/v1alpha1/snapshotrecorder/SnapshotRecorder
        already there T/home/krm-parity.io/v1alpha1/paritypolicy/ParityPolicy
        "#);
    }

    #[test]
    fn copies_replace_links_and_older_copies() {
        let scene = scene();
        scene.install(false, false).unwrap();
        insta::assert_snapshot!(scene.install(true, false).unwrap(), @r#"
        replaced a link to T/krm-parity: copied T/home/krm-parity.io/v1alpha1/snapshotrecorder/SnapshotRecorder <- T/krm-parity
        replaced a link to T/krm-parity: copied T/home/krm-parity.io/v1alpha1/paritypolicy/ParityPolicy <- T/krm-parity
        "#);
        assert!(
            scene
                .install(true, false)
                .unwrap()
                .starts_with("already there")
        );
        write_program(&scene.program, b"2");
        assert!(
            scene
                .install(true, false)
                .unwrap()
                .starts_with("replaced another copy")
        );
        assert_eq!(
            fs::read(scene.policy()).unwrap(),
            fs::read(&scene.program).unwrap()
        );
        assert!(is_executable(&scene.policy()));
        assert!(
            scene
                .install(false, false)
                .unwrap()
                .starts_with("replaced another copy")
        );
        let entries = fs::read_dir(scene.policy().parent().unwrap())
            .unwrap()
            .count();
        assert_eq!(entries, 1, "no draft is left behind");
    }

    #[test]
    fn a_foreign_file_is_replaced_only_by_force() {
        let scene = scene();
        fs::create_dir_all(scene.policy().parent().unwrap()).unwrap();
        fs::write(scene.policy(), "#!/bin/sh\n").unwrap();
        insta::assert_snapshot!(scene.install(false, false).unwrap_err(), @r#"T/home/krm-parity.io/v1alpha1/paritypolicy/ParityPolicy is a file that is not krm-parity; --force replaces it"#);
        assert!(
            !scene
                .home()
                .join("krm-parity.io/v1alpha1/snapshotrecorder")
                .exists()
        );
        insta::assert_snapshot!(scene.install(false, true).unwrap(), @r#"
        linked T/home/krm-parity.io/v1alpha1/snapshotrecorder/SnapshotRecorder -> T/krm-parity
        replaced a file that is not krm-parity: linked T/home/krm-parity.io/v1alpha1/paritypolicy/ParityPolicy -> T/krm-parity
        "#);

        fs::remove_file(scene.policy()).unwrap();
        symlink("/bin/sh", scene.policy()).unwrap();
        insta::assert_snapshot!(scene.install(true, false).unwrap_err(), @r#"T/home/krm-parity.io/v1alpha1/paritypolicy/ParityPolicy is a link to /bin/sh; --force replaces it"#);

        fs::remove_file(scene.policy()).unwrap();
        fs::create_dir(scene.policy()).unwrap();
        assert!(
            scene
                .install(false, true)
                .unwrap_err()
                .ends_with("it is not a file")
        );
    }

    #[test]
    fn our_dangling_link_is_fixed() {
        let scene = scene();
        fs::create_dir_all(scene.policy().parent().unwrap()).unwrap();
        symlink("/gone/krm-parity", scene.policy()).unwrap();
        assert!(
            scene
                .install(false, false)
                .unwrap()
                .contains("replaced a link to /gone/krm-parity")
        );
    }

    #[test]
    fn a_copy_does_not_become_a_link_to_itself() {
        let scene = scene();
        scene.install(true, false).unwrap();
        let itself = scene.policy().canonicalize().unwrap();
        install_at(&scene.home(), &itself, &Request::default()).unwrap();
        assert!(!fs::symlink_metadata(scene.policy()).unwrap().is_symlink());
    }

    #[test]
    fn homes_are_in_kustomizes_order() {
        let all = |name: &str| match name {
            "KUSTOMIZE_PLUGIN_HOME" => Some("/k".into()),
            "XDG_CONFIG_HOME" => Some("/x".into()),
            "HOME" => Some("/h".into()),
            _ => None,
        };
        let expected = [
            "/k",
            "/x/kustomize/plugin",
            "/h/.config/kustomize/plugin",
            "/h/kustomize/plugin",
        ];
        assert_eq!(homes(all), expected.map(PathBuf::from));
        assert_eq!(homes(|_| Some(OsString::new())), Vec::<PathBuf>::new());
    }
}
