//! The word that somebody probably meant.

use strsim::damerau_levenshtein;

/// The candidate that is nearest to a word, if any is near enough to be meant.
///
/// Case, hyphens, underscores and dots do not count, so `fail_on` is `failOn`.
/// Near enough is a third of the candidate's letters, or three letters that it
/// starts with, as `prod` for `production`. The first of equals wins.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    // Longer than this nothing is a slip, and the distance costs the square.
    const MAX_WORD: usize = 64;
    if word.len() > MAX_WORD {
        return None;
    }
    let word = folded(word);
    let mut best: Option<(usize, &str)> = None;
    for &candidate in candidates {
        let folded = folded(candidate);
        let letters = folded.chars().count();
        let mut distance = damerau_levenshtein(&word, &folded);
        if word.chars().count() >= 3 && folded.starts_with(&word) {
            distance = distance.min(1);
        }
        let is_near = distance <= (letters / 3).max(1) && distance < letters;
        if is_near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn folded(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '-' | '_' | '.' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_find_their_word_and_strangers_do_not() {
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
