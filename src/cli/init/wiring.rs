//! The policy that `init --wire` needs, and the files that it writes for the rest.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::cli::complain;
use crate::cli::ground::Ground;
use crate::cli::policy_file;
use crate::init::{self, FUNCTION, Plan, WIRED_POLICY};
use crate::layout::Layout;
use crate::policy::{self, Policy};
use crate::repo::{Ours, Parsed};
use crate::rules::RULES;
use crate::yaml;

/// The policy file, before and after.
pub(super) struct PolicyFile {
    pub path: PathBuf,
    pub name: String,
    /// Its present path and the name of that, if it is to move.
    pub from: Option<(PathBuf, String)>,
    pub before: Option<String>,
    pub after: String,
}

/// Puts the policy where builds can load it, and in a form that they can load.
pub(super) fn place(
    file: &mut PolicyFile,
    policy: &mut Policy,
    ground: &Ground,
    parsed: &Parsed<'_>,
    is_plugin: bool,
) -> anyhow::Result<()> {
    if file.name.starts_with("..") {
        bail!(
            "the policy is {}, above the directory to wire; run init --wire in the directory of the policy",
            file.name
        );
    }
    if init::home_of(&file.name).is_none() {
        relocate(file, ground, parsed)?;
    }
    let function = (!is_plugin && is_for_plugin(&file.after)?).then_some(FUNCTION);
    let after = init::loadable(&file.after, function).with_context(|| file.name.clone())?;
    if after != file.after {
        *policy = policy::parse(RULES, &file.name, &after)?;
        file.after = after;
    }
    if function.is_some() && file.before.is_some() {
        tell_annotated(&file.name);
    }
    Ok(())
}

/// Moves the policy to where builds can load it.
fn relocate(file: &mut PolicyFile, ground: &Ground, parsed: &Parsed<'_>) -> anyhow::Result<()> {
    let name = &file.name;
    let reason = "no overlay can load it where it is, because kustomize loads files only from the directory of a kustomization or below";
    let Some(home) = policy_file::home(&file.path) else {
        bail!("move the policy {name} to {WIRED_POLICY}: {reason}");
    };
    let path = home.join(WIRED_POLICY);
    let place = ground.name_of(&path);
    if fs::symlink_metadata(&file.path).is_ok_and(|data| data.is_symlink()) {
        bail!("{name} is a link; replace it by a file {place} that holds the policy: {reason}");
    }
    let graph = parsed.graph();
    let loads = parsed.kustomizations().find(|kustomization| {
        let mut edges = graph.of_directory(kustomization.directory()).iter();
        edges.any(|edge| edge.to.path() == Some(name))
    });
    if let Some(kustomization) = loads {
        bail!(
            "the policy {name} has to move to {place}, but {} loads it; remove it there first, or move the policy by hand",
            kustomization.file
        );
    }
    file.from = Some((std::mem::replace(&mut file.path, path), name.clone()));
    file.name = place;
    Ok(())
}

/// Whether builds would look for a plugin to run a policy.
fn is_for_plugin(text: &str) -> anyhow::Result<bool> {
    let tree = yaml::parse_lax(text)?;
    Ok(tree.roots().next().is_some_and(Ours::is_plugin))
}

/// The files that let builds check themselves.
pub(super) fn wiring(
    parsed: &Parsed<'_>,
    layout: &Layout,
    file: &PolicyFile,
    policy: &Policy,
    is_plugin: bool,
) -> anyhow::Result<init::Wiring> {
    let home = init::home_of(&file.name).context("the policy is not where builds load it")?;
    let tree = yaml::parse(&file.after).with_context(|| file.name.clone())?;
    let function = init::function_of(&tree);
    if function.is_none() {
        complain(&format!(
            "krm-parity: {} has no annotation config.kubernetes.io/function, so builds look for a plugin; install it with krm-parity plugin install",
            file.name
        ));
    }
    let plan = Plan {
        layout,
        parsed,
        home,
        policy: &file.name,
        keeps_plugins: is_plugin,
        environments: &policy.environments,
        function: function.as_deref(),
        names_services: policy.exemptions.iter().any(|one| !one.services.is_empty())
            || policy.fields.iter().any(|one| !one.services.is_empty()),
    };
    let wiring = init::wire(&plan).map_err(|(file, error)| anyhow::anyhow!("{file}: {error}"))?;
    wiring
        .annotated
        .iter()
        .for_each(|file| tell_annotated(file));
    Ok(wiring)
}

fn tell_annotated(file: &str) {
    complain(&format!(
        "krm-parity: {file} has no annotation config.kubernetes.io/function, so it gets one; if your builds use the plugin instead, add --plugin"
    ));
}
