//! The words of a path: which environment and which service they name.

use std::collections::{BTreeSet, HashMap};

use crate::naming::{is_word, rank};
use crate::policy::OverlayPattern;

/// The names in a directory's path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Named {
    /// The environment.
    pub environment: String,
    /// The service, if a pattern names it.
    pub service: Option<String>,
    /// The path with a placeholder for the environment; equal for all environments of a service.
    pub key: String,
    /// Whether the name is a word for an environment.
    pub is_known: bool,
    /// Whether it is in a directory for overlays.
    pub is_in_overlays: bool,
    /// Whether the environment is the last part of the path.
    pub is_last: bool,
    /// Whether it takes its name from the environments below it.
    pub is_above: bool,
}

/// The placeholder for the environment in a key.
pub const OPEN: &str = "{environment}";

/// Directories that hold environments.
const OVERLAYS: [&str; 10] = [
    "overlays",
    "overlay",
    "environments",
    "environment",
    "envs",
    "env",
    "stages",
    "clusters",
    "variants",
    "profiles",
];

/// Parts of a path that describe the arrangement of files, and do not name a service.
const NOISE: [&str; 21] = [
    "base",
    "bases",
    "config",
    "default",
    "deploy",
    "deployment",
    "deployments",
    "full",
    "k8s",
    "kubernetes",
    "kustomization",
    "kustomize",
    "main",
    "manifest",
    "manifests",
    "apps",
    "services",
    "src",
    "components",
    "common",
    "shared",
];

/// A part that only names a location: `us-east-1`, `eu`, `europe-west4`.
fn is_region(part: &str) -> bool {
    const REGIONS: [&str; 18] = [
        "af",
        "ap",
        "apac",
        "asia",
        "au",
        "australia",
        "ca",
        "cn",
        "emea",
        "eu",
        "europe",
        "jp",
        "me",
        "na",
        "sa",
        "uk",
        "us",
        "usa",
    ];
    let lower = part.to_lowercase();
    let first = lower.split(['-', '_']).next().unwrap_or_default();
    let letters = first.trim_end_matches(|character: char| character.is_ascii_digit());
    REGIONS.contains(&letters)
        || lower.starts_with("region")
        || lower.starts_with("cluster")
        || lower.starts_with("zone")
}

/// The words for environments: the common ones, and the names that the policy lists.
#[derive(Clone, Copy)]
pub struct Words<'w> {
    /// The names that the policy lists.
    pub listed: &'w [String],
}

impl Words<'_> {
    fn is_word(self, part: &str) -> bool {
        is_word(part) || self.is_listed(part)
    }

    fn is_listed(self, part: &str) -> bool {
        let label = label(part);
        self.listed.contains(&label)
    }

    /// The index of the part of a path that is the environment.
    fn environment_at(self, parts: &[&str]) -> (usize, bool, bool) {
        let last = parts.len() - 1;
        let holder = parts
            .iter()
            .take(last)
            .rposition(|part| OVERLAYS.contains(part));
        if let Some(holder) = holder {
            // `overlays/us-east/prod` and `overlays/checkout/prod`: the word decides.
            let word = (holder + 1..=last).find(|&at| self.is_word(parts[at]));
            let like = || (holder + 1..=last).find(|&at| rank(parts[at]).is_some());
            let at = word.or_else(like);
            return (at.unwrap_or(holder + 1), at.is_some(), true);
        }
        let word = (0..=last).rev().find(|&at| self.is_word(parts[at]));
        let like = || (0..=last).rev().find(|&at| rank(parts[at]).is_some());
        match word.or_else(like) {
            Some(at) => (at, true, false),
            None => (last, false, false),
        }
    }

    /// Reads a path in the usual form; `None` for the root, which is not an overlay.
    pub fn name(self, directory: &str) -> Option<Named> {
        let parts: Vec<&str> = directory
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        if parts.is_empty() || matches!(parts.last(), Some(&("base" | "bases"))) && parts.len() == 1
        {
            return None;
        }
        let (at, is_known, is_in_overlays) = self.environment_at(&parts);
        let mut environment = parts[at].to_owned();
        let mut key: Vec<&str> = parts[..at].to_vec();
        key.push(OPEN);
        let rest = &parts[at + 1..];
        // `production/base` is shared by production's regions.
        let rest = rest.strip_suffix(&["base"]).unwrap_or(rest);
        for part in rest {
            if is_region(part) {
                environment.push('-');
                environment.push_str(part);
            } else {
                key.push(part);
            }
        }
        Some(Named {
            service: None,
            environment: label(&environment),
            key: key.join("/"),
            is_known,
            is_in_overlays,
            is_last: rest.is_empty(),
            is_above: false,
        })
    }

    /// The rest of a name around the word for the environment: `api` and `dev` in `api-dev` and in
    /// `dev-api`.
    ///
    /// `None` if the rest only names a location or a number: `eu-dev`, `dev-2`.
    pub fn stem(self, environment: &str) -> Option<(String, String)> {
        if self.is_listed(environment) {
            return None;
        }
        let tokens: Vec<&str> = environment.split('-').collect();
        let (word, rest) = match tokens.as_slice() {
            [rest @ .., word] if self.is_word(word) => (word, rest),
            [word, rest @ ..] if self.is_word(word) => (word, rest),
            _ => return None,
        };
        let stem = rest.join("-");
        let says_which = |token: &&str| {
            self.is_word(token)
                || matches!(*token, "pre" | "non")
                || token.bytes().all(|byte| byte.is_ascii_digit())
        };
        let names_none = rest.is_empty() || is_region(&stem) || rest.iter().any(says_which);
        (!names_none).then(|| (stem, (*word).to_owned()))
    }

    /// Whether a directory of that name contains environments.
    #[expect(clippy::unused_self, reason = "all words are asked alike")]
    pub fn holds_environments(self, part: &str) -> bool {
        OVERLAYS.contains(&part)
    }

    /// A name without its words for environments: `shop-redis` for `shop-dev-redis`.
    pub fn without(self, name: &str) -> String {
        let kept = name.split('-').filter(|part| !self.is_word(part));
        kept.collect::<Vec<_>>().join("-")
    }
}

/// Reads a path by the patterns of a policy; the first match decides.
///
/// `outer` is the path from the root to the directory that patterns are relative to.
pub fn name_by_pattern(directory: &str, outer: &str, patterns: &[OverlayPattern]) -> Option<Named> {
    patterns.iter().find_map(|pattern| {
        let captured = pattern.captures(directory)?;
        let key = format!("{outer}{}", captured.key);
        Some(Named {
            environment: label(&captured.environment),
            key: captured.service.clone().unwrap_or(key),
            service: captured.service,
            is_known: true,
            is_in_overlays: true,
            is_last: true,
            is_above: false,
        })
    })
}

/// The name of a service at the root: the directory's own, or that of the nearest directory above
/// with a meaningful name.
#[must_use]
pub fn root_name(root: &str, is_repository: bool) -> String {
    let says_nothing = |part: &&str| OVERLAYS.contains(part) || NOISE.contains(part);
    let mut parts = root.rsplit('/').filter(|part| !part.is_empty());
    let name = parts.clone().next();
    let own = name.filter(|name| is_repository || !says_nothing(name));
    let name = own
        .or_else(|| parts.find(|part| !says_nothing(part)))
        .or(name);
    name.unwrap_or("service").to_owned()
}

/// A service with the names in its path.
pub struct Placed<'p> {
    /// The path with a placeholder for the environment.
    pub key: &'p str,
    /// The name from its recorder or from a pattern.
    pub given: Option<&'p str>,
}

/// The shortest unique names for services; given names come first.
pub fn service_names(services: &[Placed<'_>], root: &str) -> Vec<String> {
    let mut names: Vec<Option<String>> = vec![None; services.len()];
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut times: HashMap<&str, usize> = HashMap::new();
    for given in services.iter().filter_map(|service| service.given) {
        *times.entry(given).or_default() += 1;
    }
    for (name, service) in names.iter_mut().zip(services) {
        if let Some(given) = service.given.filter(|given| times[given] == 1) {
            *name = Some(given.to_owned());
            taken.insert(given.to_owned());
        }
    }
    // Parts without meaning are used only if nothing else makes names unique.
    for is_noise in [
        |part: &str| OVERLAYS.contains(&part) || NOISE.contains(&part),
        |part: &str| OVERLAYS.contains(&part),
    ] {
        let parts: Vec<Vec<&str>> = services
            .iter()
            .map(|service| {
                let parts = service.key.split('/');
                parts
                    .filter(|part| *part != OPEN && *part != ".." && !is_noise(part))
                    .collect()
            })
            .collect();
        shorten(&parts, root, &mut names, &mut taken);
    }
    let open = format!("/{OPEN}");
    names
        .into_iter()
        .zip(services)
        .map(|(name, service)| {
            name.unwrap_or_else(|| {
                let name = service.key.replace(&open, "").replace(OPEN, root);
                if taken.contains(&name) {
                    format!("{name}/{root}")
                } else {
                    name
                }
            })
        })
        .collect()
}

/// Names each unnamed service by the smallest number of last parts that makes the name unique.
fn shorten(
    parts: &[Vec<&str>],
    root: &str,
    names: &mut [Option<String>],
    taken: &mut BTreeSet<String>,
) {
    let name = |parts: &[&str], count: usize| -> String {
        match parts.len() {
            0 => root.to_owned(),
            len => parts[len.saturating_sub(count)..].join("/"),
        }
    };
    let deepest = parts.iter().map(Vec::len).max().unwrap_or(0).max(1);
    for count in 1..=deepest {
        let all: Vec<String> = parts.iter().map(|parts| name(parts, count)).collect();
        let mut times: HashMap<&str, usize> = HashMap::new();
        for name in &all {
            *times.entry(name).or_default() += 1;
        }
        for (place, name) in names.iter_mut().zip(&all) {
            if place.is_none()
                && times[name.as_str()] == 1
                && !(count < deepest && NOISE.contains(&name.as_str()))
                && taken.insert(name.clone())
            {
                *place = Some(name.clone());
            }
        }
    }
}

/// A directory's name in the form of a policy's environment names: lower-case letters, digits and
/// inner hyphens.
pub fn label(name: &str) -> String {
    const MAX: usize = 63;
    let lower = name.to_lowercase();
    let kept = lower.chars().map(|character| match character {
        'a'..='z' | '0'..='9' => character,
        _ => '-',
    });
    let label: String = kept.take(MAX).collect();
    match label.trim_matches('-') {
        "" => "environment".to_owned(),
        label => label.to_owned(),
    }
}
