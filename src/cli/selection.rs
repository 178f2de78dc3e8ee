//! The services of a layout that are checked: all, one, those that changed, or a shard of them.

use std::path::Path;
use std::time::Duration;

use anyhow::bail;

use super::ground::Ground;
use super::{policy_file, since, tree};
use crate::layout::{self, Layout, Service};
use crate::policy::nearest;
use crate::repo::{self, Parsed};
use crate::text::{MAX_NAME, quoted};

/// The requested part of all services.
#[derive(Default)]
pub(super) struct Selection {
    /// The only service.
    pub service: Option<String>,
    /// The revision since which the files have changed.
    pub since: Option<String>,
    /// Every Nth service, starting with the Ith.
    pub shard: Option<(usize, usize)>,
    /// The time limit of git.
    pub limit: Duration,
}

impl Selection {
    /// Removes the services that were not requested, and returns them.
    ///
    /// # Errors
    ///
    /// Fails if there is no such service, and if git cannot list the changes.
    pub fn apply(
        &self,
        layout: &mut Layout,
        parsed: &Parsed<'_>,
        ground: &Ground,
        policy_file: Option<&Path>,
    ) -> anyhow::Result<Vec<Service>> {
        let mut left_out = layout.leave_others();
        if let Some(name) = &self.service {
            let is_another = |service: &mut Service| service.name != *name;
            left_out.extend(layout.services.extract_if(.., is_another));
            if layout.services.is_empty() {
                let names = left_out.iter().map(|service| service.name.as_str());
                bail!(unknown("service", name, names));
            }
        }
        let all = layout.services.len();
        if let Some((index, count)) = self.shard {
            let mut places = 1..;
            let is_another = |_: &mut Service| {
                places
                    .next()
                    .is_none_or(|place| place % count != index % count)
            };
            left_out.extend(layout.services.extract_if(.., is_another));
            let left = layout.services.len();
            layout.notes.push(format!(
                "shard {index} of {count}: {left} of {all} services"
            ));
        }
        if let Some(revision) = &self.since {
            let before = layout.services.len();
            let since::Changed {
                files: changed,
                told,
            } = since::changed(ground.way_to_git(), revision, self.limit)?;
            let mut why = "";
            let policy = policy_file.and_then(|policy| std::fs::canonicalize(policy).ok());
            let is_policy = |name: &String| {
                let file = std::fs::canonicalize(ground.root.join(name));
                file.is_ok_and(|file| policy.as_ref() == Some(&file))
            };
            // Its former service is no longer known.
            let is_gone = |name: &String| {
                (repo::NAMES.contains(&repo::split(name).1) || policy_file::is_place(name))
                    && !ground.root.join(name).exists()
            };
            if changed.iter().any(|name| is_policy(name) || is_gone(name)) {
                why = ", because the policy has changed, or a kustomization was removed that any service may have used";
            } else {
                let is_as_before = |service: &mut Service| {
                    layout::dependencies(parsed, service).is_some_and(|paths| {
                        !layout::is_touched(&tree::real_paths(&ground.root, paths), &changed)
                    })
                };
                left_out.extend(layout.services.extract_if(.., is_as_before));
            }
            let left = layout.services.len();
            layout.notes.push(format!(
                "{told}; {left} of {before} {} checked{why}",
                if before == 1 {
                    "service is"
                } else {
                    "services are"
                }
            ));
        }
        // Unjudged directories that look like their overlays are removed with them.
        let is_left_out = |name: &String| left_out.iter().any(|service| service.name == *name);
        layout
            .unjudged
            .retain(|unjudged| !is_left_out(&unjudged.service));
        Ok(left_out)
    }
}

/// The error for an unknown name, with the existing ones.
pub(super) fn unknown<'n>(what: &str, name: &str, names: impl Iterator<Item = &'n str>) -> String {
    const SHOWN: usize = 10;
    let names: Vec<&str> = names.collect();
    let name_of = |name: &str| quoted(name, MAX_NAME);
    let hint = if let Some(near) = nearest(name, &names) {
        format!("did you mean {}?", name_of(near))
    } else {
        let shown: Vec<_> = names.iter().take(SHOWN).map(|name| name_of(name)).collect();
        let more = match names.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("choose one of {}{more}", shown.join(", "))
    };
    format!("there is no {what} {}; {hint}", name_of(name))
}

/// Parses `I/N`.
pub(super) fn shard(text: &str) -> Result<(usize, usize), String> {
    let expected = "expected I/N with I from 1 to N, as in 2/4";
    let (index, count) = text.split_once('/').ok_or(expected)?;
    match (index.parse(), count.parse()) {
        (Ok(index), Ok(count)) if (1..=count).contains(&index) => Ok((index, count)),
        _ => Err(expected.to_owned()),
    }
}
