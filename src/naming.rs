//! The names of environments, and how to find them inside other names.
//!
//! Discovery, the planner, pairing and the cancelling of renames all use this list to decide
//! whether a word means an environment.

/// Words for environments, by their position in a promotion.
const WORDS: [&[&str]; 5] = [
    &["local", "kind", "minikube", "sandbox", "localhost", "k3d"],
    &["dev", "develop", "development", "devel"],
    &[
        "test",
        "testing",
        "tst",
        "ci",
        "int",
        "integration",
        "qa",
        "e2e",
        "demo",
    ],
    &[
        "stage",
        "staging",
        "stg",
        "uat",
        "acc",
        "acceptance",
        "preprod",
        "preproduction",
        "preview",
        "canary",
        "nonprod",
    ],
    &["prod", "production", "prd", "live"],
];

/// Spellings of the same name.
const SPELLINGS: [&[&str]; 7] = [
    &["dev", "develop", "development", "devel"],
    &["test", "testing", "tst"],
    &["int", "integration"],
    &["stage", "staging", "stg"],
    &["acc", "acceptance"],
    &["preprod", "preproduction"],
    &["prod", "production", "prd"],
];

/// Channels of releases and branches, by their position in a promotion beside environments with a word of their own.
const CHANNELS: [(&str, usize); 6] = [
    ("alpha", 2),
    ("nightly", 2),
    ("beta", 3),
    ("main", 4),
    ("master", 4),
    ("stable", 4),
];

/// Words before `test` that name a kind of test and not a step of a promotion: `load-test`, `pen-test`.
const TRIALS: [&str; 8] = [
    "benchmark",
    "load",
    "pen",
    "perf",
    "performance",
    "smoke",
    "soak",
    "stress",
];

/// A copy of the environment that it is beside in a name, which is as far along as that: `prod-canary`.
const CANARY: &str = "canary";

/// Names that have their own meaning in the API.
const TAKEN: [&str; 5] = ["none", "privileged", "baseline", "default", "restricted"];

/// The position in a promotion of an environment with this name: `dev` before `staging` before
/// `production`.
///
/// `None` if the name does not say it.
#[must_use]
pub fn rank(name: &str) -> Option<usize> {
    let lower = name.to_lowercase();
    let tokens: Vec<&str> = lower
        .split(|character: char| !character.is_alphabetic())
        .filter(|token| !token.is_empty())
        .collect();
    let of = |token: &str| WORDS.iter().position(|words| words.contains(&token));
    let is_copy = tokens
        .iter()
        .any(|token| *token != CANARY && of(token).is_some());
    let found: Vec<usize> = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| !(is_copy && **token == CANARY))
        .filter_map(|(at, token)| {
            // What is tested there is not on its way to production.
            let is_trial = at > 0 && TRIALS.contains(&tokens[at - 1]) && of(token) == Some(2);
            if is_trial {
                return None;
            }
            // `pre-prod` and `non-prod` come before `prod`.
            let is_before = at > 0 && matches!(tokens[at - 1], "pre" | "non");
            of(token).map(|rank| if is_before && rank == 4 { 3 } else { rank })
        })
        .collect();
    // `vke-dev` has one word; `dev-to-prod` has two, and is ambiguous.
    match found.as_slice() {
        [first, rest @ ..] if rest.iter().all(|rank| rank == first) => Some(*first),
        _ => None,
    }
}

/// The position in a promotion of an environment among all those of its service.
///
/// A channel or a branch has one only there: `main` comes after `develop`, and `alpha` before `production`, if the names of
/// all others say their positions, and none has the same.
#[must_use]
pub fn rank_among<'n>(name: &str, all: impl IntoIterator<Item = &'n str>) -> Option<usize> {
    let channel = |name: &str| {
        let mut known = CHANNELS.iter();
        known
            .find(|(word, _)| word.eq_ignore_ascii_case(name))
            .map(|(_, rank)| *rank)
    };
    let (None, Some(own)) = (rank(name), channel(name)) else {
        return rank(name);
    };
    let mut is_named = false;
    for other in all.into_iter().filter(|other| *other != name) {
        let position = rank(other).or_else(|| channel(other))?;
        if position == own {
            return None;
        }
        is_named |= rank(other).is_some();
    }
    is_named.then_some(own)
}

/// Whether an environment of that name is one that people develop in: `local` and `dev`, and no later one.
#[must_use]
pub fn is_workbench(name: &str) -> bool {
    rank(name).is_some_and(|rank| rank < 2)
}

/// Whether a part of a path or of a name is a word for environments.
#[must_use]
pub fn is_word(part: &str) -> bool {
    WORDS
        .iter()
        .any(|words| words.contains(&part.to_lowercase().as_str()))
}

/// The preferred spelling of every name that has several.
pub fn plainest() -> impl Iterator<Item = &'static str> {
    SPELLINGS.iter().filter_map(|words| words.first().copied())
}

/// Every word that can be an environment's whole name; a canary is a copy of its sibling.
pub fn all_words() -> impl Iterator<Item = &'static str> {
    WORDS
        .iter()
        .copied()
        .flatten()
        .copied()
        .filter(|word| *word != CANARY)
}

/// Whether a name has its own meaning in the API.
#[must_use]
pub fn is_taken(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    TAKEN.contains(&lower.as_str())
}

/// Whether two names are spellings of the same one.
#[must_use]
pub fn are_alike(one: &str, other: &str) -> bool {
    let (one, other) = (segments(one), segments(other));
    let mut both = one.iter().zip(&other);
    one.len() == other.len() && both.all(|(a, b)| a == b || are_one(a, b))
}

/// Whether two words in lower case are spellings of the same name.
fn are_one(one: &str, other: &str) -> bool {
    let mut spellings = SPELLINGS.iter();
    spellings.any(|words| words.contains(&one) && words.contains(&other))
}

/// Whether a piece is a run of letters and digits.
#[must_use]
pub fn is_segment(piece: &str) -> bool {
    piece.chars().all(char::is_alphanumeric)
}

/// Runs of letters and digits, and each character between them.
#[must_use]
pub fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if first.is_alphanumeric() {
            rest.find(|c: char| !c.is_alphanumeric())
                .unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// The segments of an environment's name.
#[must_use]
pub fn segments(name: &str) -> Vec<String> {
    let all = pieces(name).into_iter().filter(|piece| is_segment(piece));
    all.map(str::to_lowercase).collect()
}

/// A text with a mark where it holds the environment's own name as whole segments; nothing where it does not.
#[must_use]
pub fn without_own(text: &str, environment: &str) -> Option<String> {
    let (all, name) = (pieces(text), segments(environment));
    let mut out = String::new();
    let (mut at, mut is_named) = (0, false);
    while let Some(piece) = all.get(at) {
        let is_first = at == 0 || !is_segment(all[at - 1]);
        if let Some(length) = own(&all, at, &name).filter(|_| is_first) {
            out.push('\0');
            at += length;
            is_named = true;
        } else {
            out.push_str(piece);
            at += 1;
        }
    }
    is_named.then_some(out)
}

/// The number of pieces, from a position on, that are the environment's own name, between
/// characters that are neither letters nor digits.
#[must_use]
pub fn own(pieces: &[&str], at: usize, name: &[String]) -> Option<usize> {
    let is_before = |word: &str| {
        let before = at.checked_sub(2).and_then(|before| pieces.get(before));
        before.is_some_and(|before| before.eq_ignore_ascii_case(word))
    };
    let mut length = 0;
    for (number, wanted) in name.iter().enumerate() {
        if number > 0 {
            let between = pieces.get(at + length)?;
            if is_segment(between) {
                return None;
            }
            length += 1;
        }
        let piece = pieces.get(at + length)?.to_lowercase();
        let is_it = piece == *wanted || are_one(&piece, wanted);
        if !is_it {
            return None;
        }
        length += 1;
    }
    // `pre-prod` and `non-prod` are not production.
    (length > 0 && !is_before("pre") && !is_before("non")).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_as_far_along_as_the_environment_that_it_copies() {
        for (name, like) in [
            ("prod-canary", "prod"),
            ("canary-production", "production"),
            ("qa_canary", "qa"),
            ("eu-prod-canary-2", "prod"),
            ("canary", "staging"),
        ] {
            assert_eq!(rank(name), rank(like), "{name}");
        }
        for name in ["dev-to-prod", "dev-to-prod-canary", "canary-eu-dev-prod"] {
            assert_eq!(rank(name), None, "{name}");
        }
    }

    #[test]
    fn a_channel_has_a_position_beside_environments_that_say_theirs() {
        let among = |name: &str, all: &[&str]| rank_among(name, all.iter().copied());
        assert_eq!(among("main", &["develop", "main"]), rank("production"));
        assert_eq!(among("alpha", &["alpha", "production"]), rank("test"));
        assert_eq!(among("beta", &["alpha", "beta", "prod"]), rank("staging"));
        assert_eq!(among("Main", &["dev", "staging", "Main"]), rank("prod"));
        // Tenants, two of one position, names that say nothing, and parts of names.
        for (name, all) in [
            ("alpha", &["alpha", "beta"][..]),
            ("main", &["main"]),
            ("main", &["main", "prod"]),
            ("main", &["dev", "main", "master"]),
            ("main", &["dev", "gke", "main"]),
            ("main-eu", &["dev", "main-eu"]),
        ] {
            assert_eq!(among(name, all), None, "{name} {all:?}");
        }
        assert_eq!(among("dev", &["dev", "gke"]), rank("dev"));
    }
}
