//! The whole that is read, so that no name and no verdict depends on the requested part.

use std::path::{Path, PathBuf};

use super::super::files;
use crate::layout;

/// The whole that is read.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// The directory whose kustomizations are all read.
    pub directory: String,
    /// The directory that all paths are relative to.
    pub here: String,
    /// The root of the repository; the paths below it name services.
    pub root: String,
    /// The name of a service at that root.
    pub name: String,
}

impl Whole {
    /// The whole of a directory, in a repository or outside one.
    ///
    /// `work` is the repository that this one is a copy of, if it is a copy.
    pub(super) fn of(
        here: &Path,
        directory: &Path,
        repository: Option<PathBuf>,
        work: Option<&Path>,
    ) -> Self {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let is_repository = repository.is_some();
        let called = work.or(repository.as_deref()).and_then(remote_name);
        let root = repository.unwrap_or_else(|| directory.to_owned());
        let name = called.unwrap_or_else(|| layout::root_name(&text(&root), is_repository));
        Self {
            directory: text(directory),
            here: text(here),
            name,
            root: text(&root),
        }
    }
}

/// The name of the repository's remote, which is the same in every checkout, whatever its
/// directory's name.
fn remote_name(root: &Path) -> Option<String> {
    origin(&read(&common(root)?.join("config"))?)
}

/// The directory in which git keeps the parts that all work trees of a repository share.
fn common(root: &Path) -> Option<PathBuf> {
    let own = root.join(".git");
    if own.is_dir() {
        return Some(own);
    }
    let text = read(&own)?;
    let own = root.join(text.strip_prefix("gitdir:")?.trim());
    let shared = read(&own.join("commondir"));
    Some(shared.map_or_else(|| own.clone(), |way| own.join(way.trim())))
}

/// A regular file of limited size; a repository may have a pipe in its place that would block
/// forever.
fn read(path: &Path) -> Option<String> {
    const LONGEST: usize = 1 << 20;
    String::from_utf8(files::read_file(path, LONGEST).ok()?).ok()
}

/// The last part of the address of `origin` in git's configuration.
fn origin(config: &str) -> Option<String> {
    let mut is_origin = false;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            is_origin = line == r#"[remote "origin"]"#;
        }
        let entry = line.split_once('=').filter(|_| is_origin);
        if let Some((key, address)) = entry
            && key.trim().eq_ignore_ascii_case("url")
        {
            return last_part(address.trim().trim_matches('"'));
        }
    }
    None
}

/// The name at the end of an address, unless it could be something else, such as a password.
fn last_part(address: &str) -> Option<String> {
    const LONGEST: usize = 100;
    let address = address.trim_end_matches('/');
    let way = match address.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?.1,
        None => match address.split_once(':') {
            // An ssh address: everything after the colon is the path.
            Some((host, way)) if host.contains('@') || way.contains('/') => way,
            Some(_) => return None,
            None => address,
        },
    };
    let name = way.rsplit('/').next()?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_name = !name.trim_matches('.').is_empty() && name.len() <= LONGEST;
    (is_name && name.chars().all(is_plain)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn the_last_part_of_the_address_of_origin() {
        for (config, name) in [
            (
                "[remote \"origin\"]\n\turl = https://git.example.com/shop/deploy.git\n",
                Some("deploy"),
            ),
            (
                "[remote \"origin\"]\n\turl = git@git.example.com:shop/deploy\n",
                Some("deploy"),
            ),
            (
                "[remote \"origin\"]\n\tfetch = x\n\tURL = \"ssh://git@git.example.com:22/deploy.git/\"\n",
                Some("deploy"),
            ),
            ("[remote \"origin\"]\nurl = /srv/git/my deploy\n", None),
            ("[remote \"fork\"]\nurl = https://git.example.com/a\n", None),
            (
                "[remote \"fork\"]\nurl = a/b\n[remote \"origin\"]\nurl = c/d\n",
                Some("d"),
            ),
            ("[remote \"origin\"]\n[core]\nurl = c/d\n", None),
            ("url = c/d\n", None),
            ("[remote \"origin\"]\nurl = https://user:s3cret\n", None),
            ("[remote \"origin\"]\nurl = user:s3cret\n", None),
            ("[remote \"origin\"]\nurl = ..\n", None),
            ("[remote \"origin\"]\nurl = ../deploy.git\n", Some("deploy")),
            ("", None),
        ] {
            assert_eq!(origin(config).as_deref(), name, "{config}");
        }
    }
}
