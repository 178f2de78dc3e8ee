//! The directories that a verb looks at, and what is found and built there.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::build::{Builder, How, Request};
use crate::finding::Finding;
use crate::gate::Builds;
use crate::layout::{self, Layout};
use crate::policy::Policy;
use crate::repo::{self, Parsed, Unseen};
use crate::rules;

/// Where things lie.
pub(super) struct Ground {
    /// The directory that all paths are relative to.
    pub root: PathBuf,
    /// The directories to look below, relative to it.
    pub directories: Vec<String>,
    /// The first of them, in full.
    pub first: PathBuf,
}

impl Ground {
    /// Paths are relative to the current directory, where everything lies below it, as CI systems expect them.
    pub(super) fn new(directories: &[PathBuf]) -> anyhow::Result<Self> {
        let here = std::env::current_dir().context("cannot tell the current directory")?;
        let here = std::fs::canonicalize(&here).unwrap_or(here);
        let mut full = Vec::new();
        for directory in directories {
            let found = std::fs::canonicalize(directory)
                .with_context(|| format!("cannot find {}", directory.display()))?;
            if !found.is_dir() {
                bail!("{} is no directory", directory.display());
            }
            full.push(found);
        }
        if full.is_empty() {
            full.push(here.clone());
        }
        let root = if full.iter().all(|directory| directory.starts_with(&here)) {
            here
        } else {
            shared(&full)
        };
        let directories = full
            .iter()
            .map(|directory| {
                let inner = directory.strip_prefix(&root).unwrap_or(directory);
                let text = inner.to_str().context("a directory's name is no UTF-8")?;
                Ok(text.to_owned())
            })
            .collect::<anyhow::Result<_>>()?;
        let first = full.swap_remove(0);
        Ok(Self {
            root,
            directories,
            first,
        })
    }

    /// The name of a service whose base lies at the root.
    pub(super) fn name(&self) -> String {
        let name = self.first.file_name().and_then(|name| name.to_str());
        name.unwrap_or("service").to_owned()
    }

    /// A path as the directory that all paths are relative to sees it.
    pub(super) fn name_of(&self, path: &Path) -> String {
        let text = |path: &Path| path.to_string_lossy().trim_start_matches('/').to_owned();
        repo::relative(&text(&self.root), &text(&full(path)))
    }

    /// Whether a file lies below one of the directories.
    pub(super) fn holds(&self, file: &Path) -> bool {
        let file = full(file);
        let mut directories = self.directories.iter();
        directories.any(|directory| file.starts_with(self.root.join(directory)))
    }

    fn shown(&self) -> String {
        self.first.display().to_string()
    }

    /// Finds services and environments.
    ///
    /// # Errors
    ///
    /// Fails where there is no service.
    pub(super) fn layout(&self, parsed: &Parsed<'_>, policy: &Policy) -> anyhow::Result<Layout> {
        let mut layout = layout::discover(parsed, &self.directories, &policy.layout, &self.name());
        let unseen = parsed.sources.unseen();
        layout.notes.extend(unseen.iter().filter_map(Unseen::note));
        if layout.services.is_empty() {
            let unreadable = layout::unreadable(parsed, &self.directories, &policy.layout);
            let unreadable = unreadable.map(|(file, error)| format!("{file}: {error}"));
            let notes = layout.notes.iter().cloned().chain(unreadable);
            let notes: String = notes.map(|note| format!("; {note}")).collect();
            let why = self.why_none(parsed, policy);
            bail!("no service was found below {}: {why}{notes}", self.shown());
        }
        Ok(layout)
    }

    /// Why there is no service: which kustomizations there are, and that none says which environment it is.
    fn why_none(&self, parsed: &Parsed<'_>, policy: &Policy) -> String {
        const SHOWN: usize = 5;
        let told = layout::told(parsed, &self.directories, &policy.layout);
        if told.is_empty() {
            return "there is no kustomization".to_owned();
        }
        let one = |(directory, bases): &(String, Vec<String>)| {
            let directory = if directory.is_empty() { "." } else { directory };
            if bases.is_empty() {
                directory.to_owned()
            } else {
                format!("{directory} (made of {})", bases.join(" and "))
            }
        };
        let mut shown: Vec<String> = told.iter().take(SHOWN).map(one).collect();
        if told.len() > SHOWN {
            shown.push(format!("{} more", told.len() - SHOWN));
        }
        let shown = shown.join(", ");
        if !policy.layout.overlays.is_empty() {
            return format!("there is {shown}; spec.layout of the policy names none of them");
        }
        // The place of the first that is made of others is as good a guess as any.
        let mut overlays = told.iter().filter(|(_, bases)| !bases.is_empty());
        let place = overlays
            .find_map(|(directory, _)| (!directory.is_empty()).then(|| repo::split(directory).0));
        let pattern = match place {
            Some("") => "{environment}".to_owned(),
            Some(place) => format!("{place}/{{environment}}"),
            None => "{service}/overlays/{environment}".to_owned(),
        };
        format!(
            "there is {shown}; by their names, none is an environment that could be compared. Name the overlays in spec.layout of the policy, as in `overlays: [\"{pattern}\"]`, or check the directory that holds them all"
        )
    }

    /// Builds what a layout names.
    ///
    /// # Errors
    ///
    /// Fails where nothing can be built at all.
    pub(super) fn build(
        &self,
        parsed: &Parsed<'_>,
        layout: &Layout,
        how: How<'_>,
    ) -> anyhow::Result<Builds> {
        let all = layout.directories();
        let (plain, single): (Vec<&str>, Vec<&str>) = all
            .into_iter()
            .partition(|directory| layout::is_plain(parsed, directory));
        let beside = layout.beside(&single);
        let (beside, plain) = plain
            .into_iter()
            .partition(|directory| beside.contains(directory));
        let mut builds = Builder::find(how)?.build(&Request {
            root: &self.root,
            plain,
            beside,
            single,
            one_by_one: how.one_by_one,
        })?;
        redact(&mut builds, parsed);
        Ok(builds)
    }

    /// What is wrong with kustomization files that nobody can read.
    pub(super) fn unreadable(&self, parsed: &Parsed<'_>, policy: &Policy) -> Vec<Finding> {
        layout::unreadable(parsed, &self.directories, &policy.layout)
            .map(|(file, error)| rules::unreadable(file, error))
            .collect()
    }
}

/// A file's path in full, without links on the way to it; a file that is a link stays one.
fn full(file: &Path) -> PathBuf {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    match (
        absolute.parent().map(std::fs::canonicalize),
        absolute.file_name(),
    ) {
        (Some(Ok(directory)), Some(name)) => directory.join(name),
        _ => absolute,
    }
}

/// The deepest directory that all lie below.
fn shared(directories: &[PathBuf]) -> PathBuf {
    let first = directories
        .first()
        .map_or_else(|| Path::new("/"), PathBuf::as_path);
    first
        .ancestors()
        .find(|ancestor| {
            directories
                .iter()
                .all(|directory| directory.starts_with(ancestor))
        })
        .unwrap_or(Path::new("/"))
        .to_path_buf()
}

/// Takes the values of Secrets out of what kustomize says of its failures, since it quotes patches.
fn redact(builds: &mut Builds, parsed: &Parsed<'_>) {
    if builds.values().all(Result::is_ok) {
        return;
    }
    let secrets = repo::secrets(parsed);
    for words in builds.values_mut().filter_map(|built| built.as_mut().err()) {
        *words = repo::redact(words, &secrets);
    }
}
