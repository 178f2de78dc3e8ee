//! The places of overlays, if they cannot be guessed.

use std::fmt;

use super::fault::{Fault, MAX_QUOTED};
use super::wire;
use crate::finding::Place;
use crate::path::Glob;
use crate::text;

/// The layout of a repository according to a policy; empty if it is to be guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The patterns of overlays; the first match decides.
    pub overlays: Vec<OverlayPattern>,
    /// Directories that are not overlays.
    pub ignore: Vec<Glob>,
    /// The places of the overlay patterns in the policy's file, if it has one.
    pub overlay_places: Vec<Place>,
    /// The places of the ignored directories in the policy's file, if it has one.
    pub ignore_places: Vec<Place>,
}

/// One part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Glob),
    Any,
    Service,
    Environment,
}

/// A pattern of overlays: `apps/{service}/overlays/{environment}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlayPattern(Vec<Part>);

/// The names that a pattern finds in a directory's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// The service, if the pattern has a placeholder for it.
    pub service: Option<String>,
    /// The environment.
    pub environment: String,
    /// The path with a placeholder for the environment.
    pub key: String,
}

impl fmt::Display for OverlayPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(glob) => glob.as_str(),
            Part::Any => "**",
            Part::Service => "{service}",
            Part::Environment => "{environment}",
        });
        f.write_str(&parts.collect::<Vec<_>>().join("/"))
    }
}

impl OverlayPattern {
    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// The error says what is wrong with a pattern that has no placeholder for the environment, or
    /// has one twice.
    pub fn parse(text: &str) -> Result<Self, String> {
        let part = |part: &str| match part {
            "**" => Ok(Part::Any),
            "{service}" => Ok(Part::Service),
            "{environment}" => Ok(Part::Environment),
            part if part.contains(['{', '}']) => Err(format!(
                "{} is not valid: {{service}} and {{environment}} must each be a whole part between slashes",
                text::quoted(part, MAX_QUOTED)
            )),
            part => Ok(Part::Text(Glob::new(part))),
        };
        let parts = text
            .split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .map(part)
            .collect::<Result<Vec<_>, _>>()?;
        let count = |wanted: &Part| parts.iter().filter(|part| *part == wanted).count();
        match (count(&Part::Environment), count(&Part::Service)) {
            (1, 0 | 1) => Ok(Self(parts)),
            (0, _) => Err(
                "it must contain {environment} in the place of the environment's name".to_owned(),
            ),
            _ => Err("it may contain {service} and {environment} only once each".to_owned()),
        }
    }

    /// The names in a directory's path, if it matches.
    #[must_use]
    pub fn captures(&self, directory: &str) -> Option<Captured> {
        let parts: Vec<&str> = directory
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        let fit = fit(&self.0, &parts)?;
        let find = |wanted: Part| fit.iter().position(|part| **part == wanted);
        let at = find(Part::Environment)?;
        let mut key = parts.clone();
        key[at] = "{environment}";
        Some(Captured {
            service: find(Part::Service).map(|at| parts[at].to_owned()),
            environment: parts[at].to_owned(),
            key: key.join("/"),
        })
    }
}

/// The part of the pattern that each part of the path matches; a table bounds the cost of `**` by
/// the product of both lengths.
fn fit<'p>(pattern: &'p [Part], path: &[&str]) -> Option<Vec<&'p Part>> {
    // fits[i][j]: whether the pattern from i on matches the path from j on.
    let mut fits = vec![vec![false; path.len() + 1]; pattern.len() + 1];
    fits[pattern.len()][path.len()] = true;
    for at in (0..pattern.len()).rev() {
        for place in (0..=path.len()).rev() {
            fits[at][place] = match &pattern[at] {
                Part::Any => fits[at + 1][place] || (place < path.len() && fits[at][place + 1]),
                part => {
                    let is_this = path.get(place).is_some_and(|text| match part {
                        Part::Text(glob) => glob.matches(text),
                        _ => true,
                    });
                    is_this && fits[at + 1][place + 1]
                }
            };
        }
    }
    if !fits[0][0] {
        return None;
    }
    let (mut at, mut place) = (0, 0);
    let mut parts = Vec::with_capacity(path.len());
    while place < path.len() {
        if matches!(pattern[at], Part::Any) && fits[at + 1][place] {
            at += 1;
            continue;
        }
        parts.push(&pattern[at]);
        if !matches!(pattern[at], Part::Any) {
            at += 1;
        }
        place += 1;
    }
    Some(parts)
}

pub(super) fn layout(spec: wire::LayoutSpec) -> Result<Layout, Fault> {
    let overlays = spec.overlays.unwrap_or_default();
    let overlays = overlays.iter().enumerate().map(|(index, pattern)| {
        OverlayPattern::parse(pattern).map_err(|what| {
            let pattern = text::quoted(pattern, MAX_QUOTED);
            Fault::new(
                &["spec", "layout", "overlays"],
                format!("{pattern}: {what}"),
            )
            .at_index(index)
        })
    });
    let ignore = spec.ignore.unwrap_or_default();
    Ok(Layout {
        overlays: overlays.collect::<Result<_, _>>()?,
        ignore: ignore.iter().map(|glob| Glob::new(glob)).collect(),
        ..Layout::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(pattern: &str, directory: &str) -> Option<(String, String)> {
        let captured = OverlayPattern::parse(pattern)
            .unwrap()
            .captures(directory)?;
        Some((
            captured.service.unwrap_or(captured.key),
            captured.environment,
        ))
    }

    #[test]
    fn patterns_name_services_and_environments() {
        for (pattern, directory, expected) in [
            (
                "apps/{service}/overlays/{environment}",
                "apps/web/overlays/prod",
                Some(("web", "prod")),
            ),
            (
                "apps/{service}/overlays/{environment}",
                "apps/web/base",
                None,
            ),
            (
                "**/{service}/{environment}",
                "a/b/c/web/prod",
                Some(("web", "prod")),
            ),
            (
                "{environment}/**/{service}",
                "prod/eu/x/web",
                Some(("web", "prod")),
            ),
            ("{environment}", "prod", Some(("{environment}", "prod"))),
            (
                "team-*/{environment}",
                "team-a/prod",
                Some(("team-a/{environment}", "prod")),
            ),
            ("./{environment}/", "prod", Some(("{environment}", "prod"))),
            ("{environment}", "prod/eu", None),
            ("{environment}", "", None),
            ("**/{environment}/**", "a", Some(("{environment}", "a"))),
        ] {
            let expected = expected.map(|(a, b): (&str, &str)| (a.to_owned(), b.to_owned()));
            assert_eq!(
                captured(pattern, directory),
                expected,
                "{pattern} {directory}"
            );
        }
    }

    #[test]
    fn a_pattern_has_exactly_one_place_for_the_environment() {
        for (pattern, part) in [
            ("apps/{service}", "must contain"),
            ("{environment}/{environment}", "only once each"),
            ("{service}/{service}/{environment}", "only once each"),
            ("x-{environment}", "must each be a whole part"),
        ] {
            let error = OverlayPattern::parse(pattern).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn many_stars_are_not_slow() {
        let pattern = format!("{}{{environment}}/x", "**/".repeat(200));
        let directory = "a/".repeat(1000);
        assert_eq!(captured(&pattern, &directory), None);
    }
}
