//! What is looked at, so that no name and no verdict hangs on which part of it was asked for.

use std::fs;
use std::path::{Path, PathBuf};

use crate::layout;

/// What is looked at.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// The directory whose kustomizations are all read.
    pub directory: String,
    /// The directory that all paths are relative to.
    pub here: String,
    /// The root of the repository, whose paths name services.
    pub root: String,
    /// The name of a service at that root.
    pub name: String,
}

impl Whole {
    /// What lies in a directory, below the root of a repository or in none.
    ///
    /// `work` is the repository that the one here is a copy of, if it is one.
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

/// What a repository is called where it comes from; every checkout of it is called so, whatever its directory is.
fn remote_name(root: &Path) -> Option<String> {
    const LONGEST: u64 = 1 << 20;
    let config = common(root)?.join("config");
    if fs::metadata(&config).ok()?.len() > LONGEST {
        return None;
    }
    origin(&fs::read_to_string(config).ok()?)
}

/// Where git keeps what all work trees of a repository share.
fn common(root: &Path) -> Option<PathBuf> {
    let own = root.join(".git");
    if own.is_dir() {
        return Some(own);
    }
    let text = fs::read_to_string(&own).ok()?;
    let own = root.join(text.strip_prefix("gitdir:")?.trim());
    let shared = fs::read_to_string(own.join("commondir"));
    Some(shared.map_or_else(|_| own.clone(), |way| own.join(way.trim())))
}

/// The last part of the address of `origin`, as git's configuration has it.
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
            let address = address.trim().trim_matches('"').trim_end_matches('/');
            let address = address.strip_suffix(".git").unwrap_or(address);
            let name = address.rsplit(['/', ':']).next()?;
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            let is_name = !name.is_empty() && name.chars().all(is_plain);
            return is_name.then(|| name.to_owned());
        }
    }
    None
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
            ("", None),
        ] {
            assert_eq!(origin(config).as_deref(), name, "{config}");
        }
    }
}
