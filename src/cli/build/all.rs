//! Builds all requested directories: with the engine, with kustomize if necessary, or with both.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::bail;

use super::progress::{Count, during};
use super::{Builder, By, How, Request, own};
use crate::engine::Unknown;
use crate::gate::Builds;
use crate::repo::Parsed;

/// Builds all directories with the requested builder.
///
/// # Errors
///
/// Fails if kustomize was requested and cannot be started, on flags that cannot be passed on, and
/// if both builders were requested and differ.
pub(in super::super) fn build(
    parsed: &Parsed<'_>,
    request: &Request<'_>,
    how: How<'_>,
) -> anyhow::Result<Builds> {
    how.check()?;
    // Both build each of them.
    let times = if how.by == By::Both { 2 } else { 1 };
    let count = Count::of(times * request.len());
    during(&count, how.is_quiet, || {
        counted(parsed, request, how, &count)
    })
}

fn counted(
    parsed: &Parsed<'_>,
    request: &Request<'_>,
    how: How<'_>,
    count: &Count,
) -> anyhow::Result<Builds> {
    match how.by {
        By::Engine if how.is_for_kustomize() => bail!(
            "--builder engine does not run kustomize; the only kustomize flag that it accepts is --load-restrictor LoadRestrictionsNone"
        ),
        By::Kustomize => Builder::find(how)?.build(request, count),
        By::Auto if how.is_for_kustomize() => Builder::find(how)?.build(request, count),
        By::Both => both(parsed, request, how, count),
        By::Auto | By::Engine => {
            let (mut builds, left) = own::build(parsed, request, false, count);
            if left.is_empty() {
                return Ok(builds);
            }
            let builder = match how.by {
                By::Auto => Builder::find(how).ok(),
                _ => None,
            };
            if let Some(builder) = builder {
                let rest = request.only(|directory| left.contains_key(directory));
                let built = builder.build(&rest, count)?.into_iter();
                builds.extend(built.map(|(directory, built)| {
                    let own = left.get(directory.as_str()).filter(|own| is_refused(own));
                    // If both refuse it, the engine knows the line.
                    let built = built.map_err(|words| match own {
                        Some(own) => format!("{}; its message: {words}", why(own, how.by)),
                        None => words,
                    });
                    (directory, built)
                }));
            } else {
                let told = left.iter().map(|(directory, unknown)| {
                    ((*directory).to_owned(), Err(why(unknown, how.by)))
                });
                builds.extend(told);
            }
            Ok(builds)
        }
    }
}

/// The reason why a directory was not built, if kustomize does not build it either.
fn why(unknown: &[Unknown], by: By) -> String {
    const SHOWN: usize = 3;
    let is_refused = is_refused(unknown);
    let mut words = match by {
        _ if is_refused => "kustomize rejects it".to_owned(),
        By::Engine => {
            "the built-in engine cannot build it; --builder auto runs kustomize for it".to_owned()
        }
        _ => "the built-in engine cannot build it, and neither kustomize nor kubectl is on PATH"
            .to_owned(),
    };
    // Features that only kustomize has are why it is needed; its refusals do not matter yet.
    let shown = unknown
        .iter()
        .filter(|one| is_refused || !one.reason.is_refusal());
    for (index, one) in shown.take(SHOWN).enumerate() {
        let _ = write!(
            words,
            "{} {}",
            if index == 0 { ":" } else { ";" },
            one.placed()
        );
    }
    words
}

/// Whether kustomize refuses it too.
fn is_refused(unknown: &[Unknown]) -> bool {
    !unknown.is_empty() && unknown.iter().all(|one| one.reason.is_refusal())
}

/// Builds with both, and compares the results.
fn both(
    parsed: &Parsed<'_>,
    request: &Request<'_>,
    how: How<'_>,
    count: &Count,
) -> anyhow::Result<Builds> {
    let builder = Builder::find(how)?;
    let name = builder.version();
    let (ours, left) = own::build(parsed, request, true, count);
    let alone = Request {
        one_by_one: true,
        ..request.only(|_| true)
    };
    let theirs = builder.build(&alone, count)?;
    let mut counts = [0_usize; 3];
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for (directory, theirs) in &theirs {
        if request.lacking.iter().any(|one| one.directory == directory) {
            continue;
        }
        let named = if directory.is_empty() { "." } else { directory };
        match (ours.get(directory), theirs) {
            (Some(Ok(ours)), Ok(theirs)) => match own::difference(ours, theirs) {
                None => counts[0] += 1,
                Some(difference) => bail!(
                    "{named}: the built-in engine and {name} build different resources: {difference}; --builder kustomize uses kustomize alone"
                ),
            },
            (Some(_), Err(words)) => {
                bail!("{named}: the built-in engine builds it, and {name} rejects it: {words}")
            }
            (_, built) => {
                let unknown = left.get(directory.as_str());
                let unknown = unknown.map_or(&[][..], Vec::as_slice);
                let first = unknown.iter().find(|one| !one.reason.is_refusal());
                match (built, first, unknown) {
                    (Err(_), None, [_, ..]) => counts[1] += 1,
                    (Ok(_), None, [one, ..]) => bail!(
                        "{named}: the built-in engine rejects it, and {name} builds it: {}",
                        one.placed()
                    ),
                    (_, first, _) => {
                        counts[2] += 1;
                        let reason = first
                            .map_or("it is outside of the repository", |one| one.reason.words());
                        *reasons.entry(reason).or_default() += 1;
                    }
                }
            }
        }
    }
    let [same, refused, unknown] = counts;
    let reasons = reasons
        .iter()
        .map(|(reason, count)| format!("{reason}: {count}"));
    let reasons: Vec<String> = reasons.collect();
    let mut told = format!(
        "krm-parity: the built-in engine and {name}: {same} same, {refused} rejected by both, 0 different, {unknown} left to kustomize"
    );
    if !reasons.is_empty() {
        let _ = write!(told, " ({})", reasons.join(", "));
    }
    super::super::complain(&told);
    Ok(theirs)
}
