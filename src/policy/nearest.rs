//! The word that a user probably meant.

use strsim::damerau_levenshtein;

/// The candidate that is nearest to a word, if any is near enough.
///
/// Case, hyphens, underscores and dots do not count, so `fail_on` is `failOn`. Near enough is a
/// distance of a third of the candidate's letters, or three common first letters, as in `prod` for
/// `production`. The first of equals wins.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    // A longer word is not a typing error, and the distance costs its square.
    const MAX_WORD: usize = 64;
    if word.len() > MAX_WORD {
        return None;
    }
    let word = folded(word);
    let length = word.chars().count();
    let mut best: Option<(usize, &str)> = None;
    for &candidate in candidates {
        let folded = folded(candidate);
        let letters = folded.chars().count();
        let is_start = length >= 3 && folded.starts_with(&word);
        // Most candidates share too few letters to be worth the cost of the distance.
        let most = (letters / 3).max(1).min(letters.saturating_sub(1));
        let most = best.map_or(most, |(least, _)| most.min(least.saturating_sub(1)));
        if !is_start && least_distance(&word, &folded) > most {
            continue;
        }
        let mut distance = damerau_levenshtein(&word, &folded);
        if is_start {
            distance = distance.min(1);
        }
        let is_near = distance <= (letters / 3).max(1) && distance < letters;
        if is_near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// A lower bound of the distance: every letter that only one word has costs at least one step.
fn least_distance(one: &str, other: &str) -> usize {
    const KINDS: usize = 64;
    let mut more = [0_i32; KINDS];
    let is_first = |byte: &u8| byte & 0xc0 != 0x80;
    let kind = |byte: u8| usize::from(byte) % KINDS;
    // A letter of several bytes counts as its first byte, so that each step changes at most one
    // count.
    for byte in one.bytes().filter(is_first) {
        more[kind(byte)] += 1;
    }
    for byte in other.bytes().filter(is_first) {
        more[kind(byte)] -= 1;
    }
    let sum = |sign: i32| -> i32 { more.iter().map(|count| (count * sign).max(0)).sum() };
    usize::try_from(sum(1).max(sum(-1))).unwrap_or(usize::MAX)
}

fn folded(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '-' | '_' | '.' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strsim::damerau_levenshtein;

    use super::{least_distance, nearest};

    proptest! {
        #[test]
        fn no_distance_is_below_the_least(one in "[a-dé🦀]{0,9}", other in "[a-dé🦀]{0,9}") {
            prop_assert!(least_distance(&one, &other) <= damerau_levenshtein(&one, &other));
        }
    }

    #[test]
    fn typing_errors_find_their_word_and_other_words_do_not() {
        let words = [
            "environment",
            "environments",
            "failOn",
            "scale-factor",
            "error",
            "warning",
            "info",
            "emit",
            "production",
        ];
        for (word, meant) in [
            ("enviroment", Some("environment")),
            ("Environments", Some("environments")),
            ("fail_on", Some("failOn")),
            ("failon", Some("failOn")),
            ("scaleFactor", Some("scale-factor")),
            ("scale-facter", Some("scale-factor")),
            ("warn", Some("warning")),
            ("err", Some("error")),
            ("prod", Some("production")),
            ("emti", Some("emit")),
            ("fatal", None),
            ("no", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &words), meant, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), &words), None);
    }

    #[test]
    fn near_is_a_third_of_the_letters() {
        assert_eq!(nearest("abcdxy", &["abcdef"]), Some("abcdef"));
        assert_eq!(nearest("abcxyz", &["abcdef"]), None);
        assert_eq!(nearest("b", &["a"]), None);
        assert_eq!(nearest("abx", &["aby", "abz"]), Some("aby"));
        let word = |letters: usize| "a".repeat(letters);
        assert!(nearest(&word(64), &[&word(65)]).is_some());
        assert!(nearest(&word(65), &[&word(66)]).is_none());
    }
}
