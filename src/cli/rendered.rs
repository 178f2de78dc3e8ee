//! Environments that somebody has already built.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::build::seal;
use crate::gate::Builds;
use crate::layout::{self, Layout, Overlay, Service};
use crate::policy::Policy;

/// The service of environments that name none.
const SERVICE: &str = "rendered";

/// One environment, as it was named.
struct Named {
    service: String,
    environment: String,
    path: String,
}

/// Reads `[SERVICE/]ENV=PATH` arguments and directories of `[SERVICE/]ENV.yaml`, and what they name.
///
/// # Errors
///
/// Fails on an argument of another form, an environment that is named twice,
/// and a directory that cannot be read; a file that cannot is a build that failed.
pub(super) fn read(arguments: &[String], policy: &Policy) -> anyhow::Result<(Layout, Builds)> {
    let mut services: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut builds = Builds::new();
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
            builds.insert(named.path.clone(), content(Path::new(&named.path)));
            environments.push((named.environment, named.path));
        }
    }
    let mut layout = Layout::default();
    for (service, environments) in services {
        let bases: Vec<String> = environments
            .iter()
            .filter(|(name, _)| *name == policy.baseline)
            .map(|(_, path)| path.clone())
            .collect();
        let mut overlays: Vec<Overlay> = environments
            .iter()
            .filter(|(name, _)| *name != policy.baseline)
            .map(|(name, path)| Overlay {
                name: name.clone(),
                directory: path.clone(),
                bases: bases.clone(),
                rank: layout::rank(name),
            })
            .collect();
        overlays.sort_by_key(|overlay| (overlay.rank.unwrap_or(usize::MAX), overlay.name.clone()));
        layout.services.push(Service {
            name: service,
            overlays,
        });
    }
    Ok((layout, builds))
}

/// The environments that one argument names.
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
            "--rendered {argument}: expected [SERVICE/]ENV=PATH, as in production=out/production.yaml, or a directory that holds [SERVICE/]ENV.yaml"
        );
    }
    let mut files = Vec::new();
    collect(directory, &mut files)?;
    files.sort();
    let found = files.iter().filter_map(|file| {
        let inner = file.strip_prefix(directory).ok()?.with_extension("");
        let name = inner.to_str()?.replace('\\', "/");
        let (service, environment) = name.rsplit_once('/').unwrap_or((SERVICE, &name));
        Some(Named {
            service: service.to_owned(),
            environment: environment.to_owned(),
            path: file.to_str()?.to_owned(),
        })
    });
    let found: Vec<Named> = found.collect();
    if found.is_empty() {
        bail!("--rendered {argument}: there is no YAML file in it");
    }
    Ok(found)
}

/// What a file holds, or all YAML and JSON files below a directory.
fn content(path: &Path) -> Result<String, String> {
    let sealed = documents(path).and_then(|all| seal(&all));
    sealed.map_err(|error| format!("{error:#}"))
}

/// The documents of a file, or of all YAML and JSON files below a directory.
///
/// # Errors
///
/// Fails where a file cannot be read, and where there is none.
pub(super) fn documents(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut files = Vec::new();
    collect(path, &mut files)?;
    files.sort();
    if files.is_empty() {
        bail!("there is no YAML file in {}", path.display());
    }
    let mut all = Vec::new();
    for file in files {
        let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        all.extend_from_slice(b"---\n");
        all.extend(text);
        all.push(b'\n');
    }
    Ok(all)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    let cannot = || format!("cannot read {}", path.display());
    for entry in fs::read_dir(path).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let inner = entry.path();
        let kind = entry.file_type().with_context(cannot)?;
        let is_yaml = inner
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml" || end == "json");
        if kind.is_dir() || (kind.is_file() && is_yaml) {
            collect(&inner, files)?;
        }
    }
    Ok(())
}
