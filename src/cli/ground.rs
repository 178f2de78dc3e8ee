//! The directories of a verb, with their services and builds.

mod inside;
mod whole;

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use super::build::{How, Lacking, Request, all};
use super::git::WorkTree;
use super::lacking::{self, Design};
use super::{files, policy_file, process, tree};
use crate::gate::{self, Builds};
use crate::layout::{self, Layout, Service, Site};
use crate::policy::Policy;
use crate::repo::{self, Parsed, Sources, Why};
use crate::rules::Unjudged;
use whole::Whole;

/// The places of a run.
#[derive(Debug)]
pub(super) struct Ground {
    /// The directory that all paths are relative to.
    pub root: PathBuf,
    /// The directories to search, relative to it.
    pub directories: Vec<String>,
    /// The first of them, as a full path.
    pub first: PathBuf,
    /// The whole that they are part of.
    whole: Whole,
    /// Notes for the reader about the search.
    notes: Vec<String>,
    /// The path of `root` in the work tree, if this is a revision of it.
    work: Option<PathBuf>,
    /// The path of `root` in the revision to compare with.
    before: Option<PathBuf>,
}

/// The builds of directories, and the files that some of them lack.
#[derive(Default)]
pub(super) struct Built {
    pub builds: Builds,
    pub lacking: gate::Lacking,
    pub hidden: gate::Hidden,
}

impl Ground {
    /// Paths are relative to the current directory if everything is below it, as CI systems expect.
    pub(super) fn new(directories: &[PathBuf]) -> anyhow::Result<Self> {
        let here = std::env::current_dir().context("cannot determine the current directory")?;
        let here = std::fs::canonicalize(&here).unwrap_or(here);
        let mut full = Vec::new();
        for directory in directories {
            let found = std::fs::canonicalize(directory)
                .with_context(|| format!("cannot find {}", directory.display()))?;
            if !found.is_dir() {
                bail!("{} is not a directory", directory.display());
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
                let text = inner
                    .to_str()
                    .context("the name of a directory is not UTF-8")?;
                Ok(text.to_owned())
            })
            .collect::<anyhow::Result<_>>()?;
        let first = full.first().cloned().unwrap_or_default();
        let whole = Whole::of(&root, &shared(&full), None, None);
        Ok(Self {
            root,
            directories,
            first,
            whole,
            notes: Vec::new(),
            work: None,
            before: None,
        })
    }

    /// The directory that all paths are relative to, and one in the repository of all directories: the same one, unless
    /// it is above their repository.
    pub(super) fn way_to_git(&self) -> (&Path, &Path) {
        let top = tree::repository(&self.root);
        let is_one = || {
            let mut all = self.directories.iter().map(|one| self.root.join(one));
            let first = tree::repository(&self.first);
            first.is_some() && all.all(|one| tree::repository(&one) == first)
        };
        let inside = if top.is_none() && is_one() {
            &self.first
        } else {
            &self.root
        };
        (&self.root, inside)
    }

    /// Sets the place of the revision to compare with.
    pub(super) fn hold_against(&mut self, place_of: impl Fn(&Path) -> PathBuf) {
        self.before = Some(place_of(&self.root));
    }

    /// Checks that all directories are in one repository.
    ///
    /// # Errors
    ///
    /// Fails on one that is elsewhere.
    pub(super) fn is_below(&self, top: &Path) -> anyhow::Result<()> {
        let mut all = self.directories.iter().map(|one| self.root.join(one));
        let other = all.find(|one| tree::repository(one).as_deref() != Some(top));
        match other {
            Some(other) => bail!(
                "{} is not in the repository {}; --new checks one repository at a time",
                files::shown(&other),
                files::shown(top)
            ),
            None => Ok(()),
        }
    }

    /// The same directories below another root, if they exist there.
    ///
    /// # Errors
    ///
    /// Fails if the directory that all paths are relative to cannot be created.
    pub(super) fn moved(&self, place_of: impl Fn(&Path) -> PathBuf) -> anyhow::Result<Self> {
        let root = place_of(&self.root);
        std::fs::create_dir_all(&root)
            .with_context(|| format!("cannot create {}", root.display()))?;
        let is_there = |directory: &&String| root.join(directory).is_dir();
        let directories: Vec<String> = self.directories.iter().filter(is_there).cloned().collect();
        let full: Vec<PathBuf> = directories.iter().map(|one| root.join(one)).collect();
        let whole = Whole::of(&root, &shared(&full), None, None);
        Ok(Self {
            first: place_of(&self.first),
            work: Some(self.root.clone()),
            before: None,
            root,
            directories,
            whole,
            notes: Vec::new(),
        })
    }

    /// Reads every kustomization of the whole that the directories are part of.
    ///
    /// The whole is the directory of the policy if one was found above them, else the repository,
    /// else the smallest directory that contains all their bases.
    ///
    /// # Errors
    ///
    /// Fails on a directory that cannot be read.
    pub(super) fn read(&mut self, policy: Option<&Path>) -> anyhow::Result<Sources> {
        let mut sources = self.read_files(policy)?;
        // Only deployer objects name the repository's address.
        if sources.may_deploy() {
            let work = self.work.as_deref().unwrap_or(self.way_to_git().1);
            let tree = WorkTree::find(work, "argocd-source", process::default_limit());
            let addresses = tree.and_then(|tree| tree.addresses());
            sources.insert_addresses(addresses.unwrap_or_default());
        }
        Ok(sources)
    }

    fn read_files(&mut self, policy: Option<&Path>) -> anyhow::Result<Sources> {
        let all: Vec<PathBuf> = self
            .directories
            .iter()
            .map(|directory| self.root.join(directory))
            .collect();
        let asked = shared(&all);
        let repositories: Option<Vec<PathBuf>> = all
            .iter()
            .map(|directory| tree::repository(directory))
            .collect();
        let repository = repositories.map(|all| shared(&all));
        let home = policy
            .and_then(|policy| policy_file::home(&full(policy)))
            .filter(|home| asked.starts_with(home))
            .filter(|home| repository.as_ref().is_none_or(|top| home.starts_with(top)));
        if let Some(whole) = home.or_else(|| repository.clone()) {
            match self.read_whole(&whole) {
                Ok(sources) => {
                    let work = self.work.as_deref().and_then(tree::repository);
                    self.whole = Whole::of(&self.root, &whole, repository, work.as_deref());
                    return Ok(sources);
                }
                Err(error) if whole != asked => self.notes.push(format!(
                    "only {} and the directories below it were checked: {error:#}",
                    self.shown()
                )),
                Err(error) => return Err(error),
            }
        }
        let mut whole = asked;
        let mut sources = tree::read(&self.root, &self.directories)?;
        // Without a repository, the search ends when no base leads further out.
        while repository.is_none() {
            let outer = self.outermost(&sources, &whole);
            if outer == whole {
                break;
            }
            let Ok(wider) = self.read_whole(&outer) else {
                break;
            };
            (whole, sources) = (outer, wider);
        }
        let work = self.work.as_deref().and_then(tree::repository);
        self.whole = Whole::of(&self.root, &whole, repository, work.as_deref());
        Ok(sources)
    }

    fn read_whole(&self, whole: &Path) -> anyhow::Result<Sources> {
        let way = self.name_of_directory(whole);
        tree::read(&self.root, &[way])
    }

    /// The deepest directory that contains all bases of kustomizations; unchanged if that would be
    /// too much.
    fn outermost(&self, sources: &Sources, whole: &Path) -> PathBuf {
        const LEAST: usize = 3;
        let parsed = sources.parse();
        let directories = parsed
            .kustomizations()
            .filter_map(|kustomization| full_directory(&self.root.join(kustomization.directory())));
        let all: Vec<PathBuf> = directories.chain([whole.to_owned()]).collect();
        let outer = shared(&all);
        if outer.components().count() < LEAST {
            whole.to_owned()
        } else {
            outer
        }
    }

    /// The path of a directory relative to the root.
    fn name_of_directory(&self, directory: &Path) -> String {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        match repo::relative(&text(&self.root), &text(directory)).as_str() {
            "." => String::new(),
            way => way.to_owned(),
        }
    }

    /// The area where services are searched for, with the requested directories.
    pub(super) fn site(&self) -> Site<'_> {
        Site {
            asked: &self.directories,
            here: &self.whole.here,
            whole: &self.whole.directory,
            root: &self.whole.root,
            name: &self.whole.name,
        }
    }

    /// A path relative to the root.
    pub(super) fn name_of(&self, path: &Path) -> String {
        let text = |path: &Path| path.to_string_lossy().trim_start_matches('/').to_owned();
        repo::relative(&text(&self.root), &text(&full(path)))
    }

    fn shown(&self) -> String {
        self.first.display().to_string()
    }

    /// Finds services and environments, if there are any.
    pub(super) fn discover(&self, parsed: &Parsed<'_>, policy: &Policy) -> Layout {
        let mut layout = layout::discover(parsed, &self.site(), policy);
        layout.notes.extend(self.notes.iter().cloned());
        layout
    }

    /// Finds services and environments; there may be none if Applications and the like are judged.
    ///
    /// # Errors
    ///
    /// Fails if there is nothing to judge.
    pub(super) fn layout(
        &self,
        parsed: &Parsed<'_>,
        policy: &Policy,
        may_lack: bool,
    ) -> anyhow::Result<Layout> {
        let mut layout = self.noted(parsed, policy);
        if layout.services.iter().any(Service::is_asked) {
            return Ok(layout);
        }
        let is_expected = !policy.environments.is_empty()
            || !policy.services.is_empty()
            || !policy.layout.overlays.is_empty()
            || !policy.layout.ignore.is_empty()
            || !layout.unjudged.is_empty();
        let is_alone = || gate::has_deployers_alone(parsed, &self.site(), &policy.layout);
        if !may_lack || is_expected || !is_alone() {
            return Err(self.none(&layout, parsed, policy));
        }
        layout.notes.push(format!(
            "no service was found below {}; only the objects of Argo CD and Flux there are checked",
            self.shown()
        ));
        Ok(layout)
    }

    /// The layout, with a note if there are more directories than were searched.
    fn noted(&self, parsed: &Parsed<'_>, policy: &Policy) -> Layout {
        let mut layout = self.discover(parsed, policy);
        let mut unseen = parsed.sources.unseen().iter();
        if let Some(unseen) = unseen.find(|unseen| unseen.why == Why::TooMany) {
            layout.notes.push(format!(
                "there are too many hidden directories to look at: {} and others were skipped",
                unseen.path
            ));
        }
        layout
    }

    /// The error that no service was found, with the reason.
    fn none(&self, layout: &Layout, parsed: &Parsed<'_>, policy: &Policy) -> anyhow::Error {
        let site = self.site();
        let unreadable = layout::unreadable(parsed, &site, &policy.layout);
        let unreadable = unreadable.map(|(file, error)| format!("{file}: {error}"));
        let unjudged = layout.unjudged.iter().map(Unjudged::headline);
        let notes = layout
            .notes
            .iter()
            .cloned()
            .chain(unjudged)
            .chain(unreadable);
        let notes: String = notes.map(|note| format!("; {note}")).collect();
        let why = self.why_none(parsed, policy);
        anyhow!("no service was found below {}: {why}{notes}", self.shown())
    }

    /// The reason why there is no service: the kustomizations, none of which has a name for an
    /// environment.
    fn why_none(&self, parsed: &Parsed<'_>, policy: &Policy) -> String {
        const SHOWN: usize = 5;
        let told = layout::told(parsed, &self.site(), &policy.layout);
        if told.is_empty() {
            return "there is no kustomization; name a directory that contains some, or check rendered files with --rendered".to_owned();
        }
        let one = |(directory, bases): &(String, Vec<String>)| {
            let directory = if directory.is_empty() { "." } else { directory };
            if bases.is_empty() {
                directory.to_owned()
            } else {
                format!("{directory} (loads {})", bases.join(" and "))
            }
        };
        let mut shown: Vec<String> = told.iter().take(SHOWN).map(one).collect();
        if told.len() > SHOWN {
            shown.push(format!("{} more", told.len() - SHOWN));
        }
        let shown = shown.join(", ");
        if !policy.layout.overlays.is_empty() {
            return format!(
                "the kustomizations are {shown}, and spec.layout of the policy matches none of them"
            );
        }
        // The place of the first one with a base is a good guess.
        let mut overlays = told.iter().filter(|(_, bases)| !bases.is_empty());
        let place = overlays
            .find_map(|(directory, _)| (!directory.is_empty()).then(|| repo::split(directory).0));
        let pattern = match place {
            Some("") => "{environment}".to_owned(),
            Some(place) => format!("{place}/{{environment}}"),
            None => "{service}/overlays/{environment}".to_owned(),
        };
        format!(
            "the kustomizations are {shown}, and none is named like an environment that could be compared. Name the overlays in spec.layout of the policy, as in `overlays: [\"{pattern}\"]`, or check the directory above all of them"
        )
    }

    /// Builds the directories of a layout.
    ///
    /// # Errors
    ///
    /// Fails if nothing can be built.
    pub(super) fn build(
        &self,
        parsed: &Parsed<'_>,
        layout: &Layout,
        how: How<'_>,
    ) -> anyhow::Result<Built> {
        if layout.services.is_empty() {
            return Ok(Built::default());
        }
        // Reading a pipe would block until a writer opens it, so a directory that names one is not
        // built.
        let mut unbuilt = Builds::new();
        let mut all = layout.directories();
        all.retain(|directory| {
            let Some((path, reason)) = parsed.not_file(directory) else {
                return true;
            };
            let words = format!("{path} was not read and nothing was built: {reason}");
            unbuilt.insert((*directory).to_owned(), Err(words));
            false
        });
        let design = Design {
            root: &self.root,
            work: self.work.as_ref().unwrap_or(&self.root),
            before: self.before.as_deref(),
            runs_functions: how
                .flags
                .iter()
                .any(|flag| flag == "--enable-alpha-plugins"),
            limit: how.limit,
        };
        let may_run_helm = how.flags.iter().any(|flag| flag == "--enable-helm");
        let starts_only_own =
            |directory: &str| layout::starts_only_own(parsed, directory, may_run_helm);
        let absent = design.absent(parsed, &all);
        let lacking: Vec<Lacking<'_>> = absent
            .iter()
            .filter_map(|(directory, edges)| {
                let directory = all.iter().find(|one| *one == directory)?;
                let is_ours = starts_only_own(directory);
                lacking::without(parsed, &self.root, directory, edges, is_ours)
            })
            .collect();
        let is_lacking = |directory: &str| lacking.iter().any(|one| one.directory == directory);
        all.retain(|directory| !is_lacking(directory));
        let without: Vec<&str> = lacking.iter().map(|one| one.directory).collect();
        let ways = layout.ways(parsed, all, &without);
        let singles = ways.single.iter().copied();
        let (ours, mut others): (Vec<&str>, Vec<&str>) =
            singles.partition(|directory| starts_only_own(directory));
        if design.runs_functions {
            // The program of another function may need files that are not known.
            others.clear();
        }
        let unwired = others.into_iter().filter_map(|directory| {
            let copy = lacking::without_own(parsed, &self.root, directory)?;
            Some((directory, copy))
        });
        let request = Request {
            root: &self.root,
            ours: ours.into_iter().collect(),
            unwired: unwired.collect(),
            plain: ways.plain,
            beside: ways.beside,
            single: ways.single,
            lacking,
            one_by_one: how.one_by_one,
        };
        let mut builds = all::build(parsed, &request, how)?;
        redact(&mut builds, parsed);
        builds.extend(unbuilt);
        Ok(Built {
            builds,
            lacking: absent,
            hidden: gate::Hidden::new(),
        })
    }
}

fn full_directory(directory: &Path) -> Option<PathBuf> {
    std::fs::canonicalize(directory).ok()
}

/// A file's full path, with the links in its directory resolved; a file that is a link stays one.
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

/// The deepest directory that contains all of them.
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

/// Removes the values of Secrets from kustomize's error messages, which quote patches.
fn redact(builds: &mut Builds, parsed: &Parsed<'_>) {
    if builds.values().all(Result::is_ok) {
        return;
    }
    let secrets = repo::secrets(parsed);
    for words in builds.values_mut().filter_map(|built| built.as_mut().err()) {
        // A word that is truncated first would no longer be recognized as a Secret's value.
        let told = repo::redact(words, &secrets);
        *words = files::without_long_words(&told).into_owned();
    }
}
