//! What the name of an environment says: how far along a promotion it stands, and what a policy calls it.

/// Words for environments, by how far along a promotion they stand.
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

/// How far along a promotion an environment of that name stands: `dev` before `staging` before `production`.
///
/// `None` where the name does not tell.
#[must_use]
pub fn rank(name: &str) -> Option<usize> {
    let lower = name.to_lowercase();
    let tokens: Vec<&str> = lower
        .split(|character: char| !character.is_alphabetic())
        .filter(|token| !token.is_empty())
        .collect();
    let of = |token: &str| WORDS.iter().position(|words| words.contains(&token));
    let found: Vec<usize> = tokens
        .iter()
        .enumerate()
        .filter_map(|(at, token)| {
            // `pre-prod` and `non-prod` come before `prod`.
            let is_before = at > 0 && matches!(tokens[at - 1], "pre" | "non");
            of(token).map(|rank| if is_before && rank == 4 { 3 } else { rank })
        })
        .collect();
    // `vke-dev` has one word; `dev-to-prod` has two, and does not tell.
    match found.as_slice() {
        [first, rest @ ..] if rest.iter().all(|rank| rank == first) => Some(*first),
        _ => None,
    }
}

/// Whether a part of a path or of a name is a word for environments.
#[must_use]
pub fn is_word(part: &str) -> bool {
    WORDS
        .iter()
        .any(|words| words.contains(&part.to_lowercase().as_str()))
}

/// What a policy that lists environments calls one of `all` environments of a service.
///
/// `prod` is what the policy calls production, if neither name could mean another.
#[must_use]
pub fn known_as<'n>(
    name: &'n str,
    all: impl Iterator<Item = &'n str>,
    listed: &'n [String],
) -> &'n str {
    let Some(own) = rank(name) else {
        return name;
    };
    let is_listed = listed.iter().any(|listed| listed == name);
    let is_alone = || all.filter(|other| rank(other) == Some(own)).count() == 1;
    match alike(own, listed) {
        Some(at) if !is_listed && is_alone() => &listed[at],
        _ => name,
    }
}

/// Where a policy lists an environment: under its name, or under the one name that can only mean the same.
pub(super) fn place(name: &str, listed: &[String]) -> Option<usize> {
    let own = listed.iter().position(|listed| listed == name);
    own.or_else(|| alike(rank(name)?, listed))
}

/// The one listed name of a rank.
fn alike(own: usize, listed: &[String]) -> Option<usize> {
    let mut alike = (0..listed.len()).filter(|at| rank(&listed[*at]) == Some(own));
    alike.next().filter(|_| alike.next().is_none())
}
