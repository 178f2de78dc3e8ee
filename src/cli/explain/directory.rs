//! The decision about each change of the overlays in a directory, as `check` builds and judges
//! them.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};

use super::super::check::Check;
use super::super::policy_file::{FIRST, PolicyFile};
use super::super::selection::unknown;
use super::request::Request;
use super::told::{MAX_LINE, Written, write_change};
use crate::gate::{self, Changed, Gate};
use crate::report::text::{Style, render};
use crate::text;
use crate::yaml;

/// Explains every change of the overlays in a directory.
pub(super) fn explain(directory: &Path, request: &Request) -> anyhow::Result<String> {
    if request.base.is_some() {
        bail!("--base works only with an overlay's file: a directory names its base itself");
    }
    let check = Check::of(
        directory,
        request.policy.as_deref(),
        request.service.as_deref(),
        request.environment.as_deref(),
    );
    let (survey, mut out) = check.look(|gate, file| {
        let told = gate::open(gate.builds, |resources| {
            let all = gate::changes(gate, resources);
            if let (Some(name), []) = (&request.environment, all.as_slice()) {
                let names = gate.environments();
                if !names.contains(name) {
                    bail!(unknown(
                        "environment",
                        name,
                        names.iter().map(String::as_str)
                    ));
                }
            }
            tell(&all, gate, file)
        });
        told.context("the output of the build cannot be read")?
    })?;
    out.push_str(&render(&survey.report, Style::default()));
    Ok(out)
}

fn tell(all: &[Changed<'_>], gate: &Gate<'_>, file: Option<&PolicyFile>) -> anyhow::Result<String> {
    let tree = file.map(|file| yaml::parse(&file.text)).transpose()?;
    let written = Written {
        name: file.map_or(FIRST, |file| &file.name),
        config: tree
            .as_ref()
            .and_then(|tree| tree.roots().find(|root| !root.is_null())),
    };
    let mut out = String::new();
    for Changed {
        service,
        environment,
        baseline,
        changes,
    } in all
    {
        let is_same = if changes.is_empty() {
            " no changes"
        } else {
            ""
        };
        let head = format!("{service}/{environment} against {baseline}:{is_same}");
        let _ = writeln!(out, "{}\n", text::one_line(&head, MAX_LINE));
        for change in changes {
            write_change(&mut out, change, gate.policy, written);
        }
    }
    Ok(out)
}
