//! Environments that were already built.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::files;
use super::ground::Built;
use crate::api::GROUP;
use crate::compare::hidden::values;
use crate::layout::{self, Baseline, Layout, Overlay, Service};
use crate::policy::{BASE, Policy};
use crate::resource::Resource;
use crate::yaml::{self, MAX_BYTES, Tree};
use crate::{environment, krm, naming, snapshot};

/// The largest number of files and directories that one argument may lead to, including links.
const MAX_ENTRIES: usize = 100_000;

/// The service of environments without one.
pub(super) const SERVICE: &str = "rendered";

/// One environment of an argument.
struct Named {
    service: String,
    environment: String,
    path: String,
}

/// Reads `[SERVICE/]ENV=PATH` arguments and directories of `[SERVICE/]ENV.yaml`, with their files.
///
/// # Errors
///
/// Fails on an argument in another form, on a duplicate environment, and on unreadable files; a
/// file that is not YAML is a failed build.
pub(super) fn read(arguments: &[String], policy: &Policy) -> anyhow::Result<(Layout, Built)> {
    let mut services: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut built = Built::default();
    for argument in arguments {
        for named in named(argument)? {
            let environments = services.entry(named.service.clone()).or_default();
            if environments
                .iter()
                .any(|(known, _)| *known == named.environment)
            {
                bail!(
                    "--rendered {argument}: {} of {} is named twice",
                    named.environment,
                    named.service
                );
            }
            environments.push((named.environment, named.path));
        }
    }
    for (_, path) in services.values().flatten() {
        let files = files(Path::new(path)).context("--rendered")?;
        let content = content(&files).map(|(sealed, hidden)| {
            built.hidden.insert(path.clone(), hidden);
            sealed
        });
        let content = content.map_err(|error| format!("{error:#}"));
        built.builds.insert(path.clone(), content);
    }
    let mut layout = Layout::default();
    for (service, environments) in services {
        let bases: Vec<String> = environments
            .iter()
            .filter(|(name, _)| name == BASE)
            .map(|(_, path)| path.clone())
            .collect();
        let names = environments.iter().map(|(name, _)| name.as_str());
        let names: Vec<&str> = names.filter(|name| *name != BASE).collect();
        let mut overlays: Vec<Overlay> = environments
            .iter()
            .filter(|(name, _)| name != BASE)
            .map(|(name, path)| Overlay {
                name: name.clone(),
                directory: path.clone(),
                bases: bases.clone(),
                baseline: Baseline::default(),
                rank: naming::rank_among(name, names.iter().copied()),
                is_asked: true,
            })
            .collect();
        overlays.sort_by_key(|overlay| (overlay.rank.unwrap_or(usize::MAX), overlay.name.clone()));
        layout.services.push(Service {
            name: service,
            overlays,
            variants: Vec::new(),
            is_above: false,
        });
    }
    // Rendered files do not say what they are made of.
    layout::choose_baselines(&mut layout.services, policy, |_| Vec::new());
    Ok((layout, built))
}

/// The environments of one argument.
fn named(argument: &str) -> anyhow::Result<Vec<Named>> {
    if let Some((name, path)) = argument.split_once('=')
        && !name.is_empty()
        && !path.is_empty()
    {
        let (service, environment) = name.rsplit_once('/').unwrap_or((SERVICE, name));
        return Ok(vec![Named {
            service: service.to_owned(),
            environment: environment.to_owned(),
            path: path.to_owned(),
        }]);
    }
    let directory = Path::new(argument);
    if !directory.is_dir() {
        bail!(
            "--rendered {argument}: expected [SERVICE/]ENV=PATH, as in production=out/production.yaml, or a directory that contains [SERVICE/]ENV.yaml"
        );
    }
    let mut found = Vec::new();
    for file in paths(directory).with_context(|| format!("--rendered {argument}"))? {
        let inner = file.strip_prefix(directory).unwrap_or(&file);
        let inner = inner.with_extension("");
        let (Some(name), Some(path)) = (inner.to_str(), file.to_str()) else {
            bail!("--rendered {argument}: {} is not UTF-8", file.display());
        };
        let name = name.replace('\\', "/");
        let (service, environment) = name.rsplit_once('/').unwrap_or((SERVICE, &name));
        found.push(Named {
            service: service.to_owned(),
            environment: environment.to_owned(),
            path: path.to_owned(),
        });
    }
    Ok(found)
}

/// The content of files, sealed like a build, and the values of their Secrets that may be elsewhere
/// too.
fn content(files: &[File]) -> anyhow::Result<(String, Vec<String>)> {
    let trees = trees(files)?;
    let all = resources(&trees)?;
    let items = environment::sort(&all)?;
    // No host will drop these resources any more: applying the file applies them.
    let is_strange = |resource: &Resource<'_>| resource.group() != GROUP;
    let hidden = items.hidden.into_iter().filter(is_strange);
    let deployed: Vec<_> = items.live.into_iter().chain(hidden).collect();
    Ok((snapshot::seal_emitted(&deployed), values(&deployed)))
}

/// A rendered file.
pub(super) struct File {
    /// Its name in messages.
    pub name: String,
    pub text: Vec<u8>,
}

/// A file, or all YAML and JSON files below a directory.
///
/// # Errors
///
/// Fails if one cannot be read, or if there is none.
pub(super) fn files(path: &Path) -> anyhow::Result<Vec<File>> {
    let read = |inner: PathBuf| {
        // A named path may be a stream, but not a file below a named directory.
        let text = if inner == path {
            files::read_named(&inner, MAX_BYTES)
        } else {
            files::read_file(&inner, MAX_BYTES)
        };
        let text = text.with_context(|| format!("cannot read {}", files::shown(&inner)))?;
        let name = inner.display().to_string();
        Ok(File { name, text })
    };
    paths(path)?.into_iter().map(read).collect()
}

/// Each file as a separate tree, with its name, because the start of one may be invalid in the
/// middle of another.
///
/// # Errors
///
/// Fails on a file that is not YAML, and names the place.
pub(super) fn trees(files: &[File]) -> anyhow::Result<Vec<(&str, Tree<'_>)>> {
    let mut trees = Vec::new();
    for File { name, text } in files {
        let tree = yaml::parse_bytes(text).with_context(|| name.clone())?;
        trees.push((name.as_str(), tree));
    }
    Ok(trees)
}

/// The resources of files.
///
/// # Errors
///
/// Fails on a document that is not a resource, and names the place.
pub(super) fn resources<'t>(trees: &'t [(&str, Tree<'t>)]) -> anyhow::Result<Vec<Resource<'t>>> {
    let mut all = Vec::new();
    for (name, tree) in trees {
        all.extend(krm::read_resources(tree).with_context(|| (*name).to_owned())?);
    }
    Ok(all)
}

/// The path itself if it is not a directory, else all YAML and JSON files below it, sorted.
fn paths(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Found::default();
    if path.is_dir() {
        found.collect(path)?;
        found.files.sort();
        if found.files.is_empty() {
            bail!("{} contains no YAML file", path.display());
        }
    } else {
        found.files.push(path.to_path_buf());
    }
    Ok(found.files)
}

#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    entries: usize,
    /// The directories around, with their links resolved.
    above: Vec<PathBuf>,
}

impl Found {
    /// Links are followed, because build tools and mounted `ConfigMap`s leave their files as links.
    fn collect(&mut self, directory: &Path) -> anyhow::Result<()> {
        let cannot = |path: &Path| format!("cannot read {}", path.display());
        let real = fs::canonicalize(directory).with_context(|| cannot(directory))?;
        // A link to a directory around it leads to files that are read anyway.
        if self.above.contains(&real) {
            return Ok(());
        }
        self.above.push(real);
        for entry in fs::read_dir(directory).with_context(|| cannot(directory))? {
            let inner = entry.with_context(|| cannot(directory))?.path();
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                bail!("it contains more than {MAX_ENTRIES} files");
            }
            // The versions of a mounted `ConfigMap`, which its files link to, and backup files of
            // editors.
            let name = inner.file_name().unwrap_or_default();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let is_yaml = inner
                .extension()
                .is_some_and(|end| end == "yaml" || end == "yml" || end == "json");
            match fs::metadata(&inner) {
                Ok(kind) if kind.is_dir() => self.collect(&inner)?,
                Ok(kind) if kind.is_file() && is_yaml => self.files.push(inner),
                Err(error) if is_yaml => return Err(error).with_context(|| cannot(&inner)),
                _ => {}
            }
        }
        self.above.pop();
        Ok(())
    }
}
