//! The English of the project: phrases that no document, message or comment may have, and the longest lines.
//!
//! The habits are data, each with what to write instead, so that all texts are held to one list. `messages` checks
//! the texts of the program, `comments` those of the sources.

use std::sync::LazyLock;

use regex::Regex;

use crate::docs::read;
use crate::documents::documents;

mod comments;

/// The longest line of a document, in characters.
const MAX_WIDTH: usize = 120;

/// The largest number of lines in the README.
const MAX_README: usize = 130;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A document of the repository.
    Document,
    /// A text that the program prints.
    Message,
    /// A comment of a source, or the name of a test.
    Comment,
}

/// A phrase that slows a reader.
struct Habit {
    /// The phrase; case does not matter.
    pattern: &'static str,
    /// Matches that are good English; empty if there are none.
    fine: &'static str,
    /// What to write instead.
    instead: &'static str,
    /// The kinds of text in which it is accepted.
    not_in: &'static [Kind],
}

const fn habit(pattern: &'static str, fine: &'static str, instead: &'static str) -> Habit {
    Habit {
        pattern,
        fine,
        instead,
        not_in: &[],
    }
}

impl Habit {
    const fn but_not_in(self, not_in: &'static [Kind]) -> Self {
        Self { not_in, ..self }
    }
}

const NOUN: &str = "a noun: the resources that were built, the findings";
const VERB: &str = "the verb that kubectl and git use: compare, check, read";

/// All of them.
const HABITS: &[Habit] = &[
    habit(
        r"(?:\S+ )?\b(?:is|are|was|were) no [a-z]+",
        r"^\W*(?:there|where)\b| no (?:longer|more|drift)$",
        "`is not a X`",
    ),
    habit(
        r"\bit is none\b|(?:\S+ )?\bare none\b",
        r"^\W*there\b",
        "`is not a X`",
    ),
    habit(
        r"\b(?:some|any|every|no)body\b",
        "",
        "who it is: the deployer, the owner of the policy; or someone, anyone, no one",
    ),
    habit(
        r"\bwhoever\b",
        "",
        "the person or the program: the author, the user",
    ),
    habit(r"\bmend(?:s|ed|ing)?\b", "", "fix"),
    habit(r"\btaken back\b|\btakes it back\b", "", "reverted, removed"),
    habit(r"\btaken? out\b", "", "removed, copied"),
    habit(r"\btold\b", "", "reported, said, shown"),
    habit(
        r"\btells\b|\btell (?:of|that|it|its|the|what|which|who|whose|why|where|how|when)\b",
        "",
        "report, say, show",
    ),
    habit(r"\bbelongs? into\b", "", "belongs in"),
    habit(
        r"(?:#+ )?\bwhat (?:is|was|were) (?:built|made|found|compared|judged|written|read|new|known|fixed|gone|missing|asked|started|left|allowed|denied|recorded)\b",
        r"^#",
        NOUN,
    ),
    habit(
        r"\bwhat (?:it builds|is there|kubectl|somebody)\b",
        "",
        NOUN,
    ),
    habit(r"\bwhat (?:git|the base) says\b", "", NOUN).but_not_in(&[Kind::Document]),
    habit(
        r"\b(?:stands?|stood)\b(?:[- ]\w+)?",
        r"^stands? for$|^stand-in$",
        "is",
    ),
    habit(r"\blies (?:in|elsewhere)\b", "", "is in, is elsewhere"),
    habit(r"\bbut for\b", "", "except"),
    habit(
        r"\b(?:is|are|be|was) taken for\b",
        "",
        "counts as, is treated as",
    ),
    habit(
        r"\b(?:is|are|be) called (?:so|as|like|alike)\b",
        "",
        "has the name, is named",
    ),
    habit(
        r"\ba (?:line|suite|test|row|mark|file|folder|section|job|process|record|result) an? (?:finding|service|environment|rule|change|format|kind|event|resource|case|side)\b",
        "",
        "one X per Y",
    ),
    habit(r"\b(?:hands?|handed) over\b", "", "pass on, passed on"),
    habit(r"\bof its own accord\b", "", "automatically"),
    habit(r"\bof its own\b", "", "its own, separate").but_not_in(&[Kind::Document, Kind::Comment]),
    habit(r"\bh[eo]ld against\b", "", VERB).but_not_in(&[Kind::Document]),
    habit(r"\b(?:is|are|was) looked at\b", "", VERB).but_not_in(&[Kind::Document]),
    habit(r"\bsince its\b", "", "because its: `since` is a time"),
    habit(r"\bnot there any more\b", "", "is gone, was removed"),
    habit(r"\bin silence\b", "", "silently").but_not_in(&[Kind::Document]),
    habit(r"\bwithout a word\b(?: for)?", " for$", "silently"),
];

/// Texts in which a habit is right, each with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("ConfigMap told", "the name of a resource in a case"),
    ("name: told", "the name of a resource in a case"),
    (
        "what was left out and why",
        "the notes of a report, in its published schema",
    ),
    (
        "started without network as nobody",
        "the name of the user in a container",
    ),
    ("the user nobody", "the name of the user in a container"),
];

/// The patterns of the habits and of their good matches, compiled once.
static PATTERNS: LazyLock<Vec<(Regex, Option<Regex>)>> = LazyLock::new(|| {
    let of = |pattern: &str| Regex::new(&format!("(?i){pattern}")).expect("a pattern");
    let both = |habit: &Habit| {
        let fine = (!habit.fine.is_empty()).then(|| of(habit.fine));
        (of(habit.pattern), fine)
    };
    HABITS.iter().map(both).collect()
});

/// Code in a text: in backticks, or a placeholder in braces of a message.
static CODE: LazyLock<[Regex; 2]> =
    LazyLock::new(|| ["`[^`]*`", r"\{[^{}]*\}"].map(|code| Regex::new(code).expect("a pattern")));

/// The bad habits of a text, with what to write instead.
pub fn habits(text: &str, kind: Kind) -> Vec<String> {
    if EXCEPTIONS.iter().any(|(fine, _)| text.contains(fine)) {
        return Vec::new();
    }
    let [quoted, placeholder] = &*CODE;
    let text = match kind {
        Kind::Document | Kind::Comment => quoted.replace_all(text, "`…`"),
        Kind::Message => placeholder.replace_all(text, "x"),
    };
    // A phrase may go over several lines.
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    let mut found = Vec::new();
    for (habit, (pattern, fine)) in HABITS.iter().zip(PATTERNS.iter()) {
        if habit.not_in.contains(&kind) {
            continue;
        }
        let hits = pattern.find_iter(&text).map(|hit| hit.as_str());
        for hit in hits.filter(|hit| fine.as_ref().is_none_or(|fine| !fine.is_match(hit))) {
            found.push(format!("\"{hit}\": write {}", habit.instead));
        }
    }
    found
}

/// The lines that people have written, with their numbers: neither code nor generated parts.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let (mut is_code, mut is_generated) = (false, false);
    let mut kept = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        is_generated |= line.starts_with("<!-- generated: ");
        if !is_code && !is_fence && !is_generated {
            kept.push((at + 1, line));
        }
        is_generated &= !line.starts_with("<!-- end -->");
    }
    kept
}

#[test]
fn documents_have_no_bad_habits() {
    let mut wrong = Vec::new();
    for name in documents() {
        let text = read(&name);
        let lines: Vec<&str> = prose(&text).into_iter().map(|(_, line)| line).collect();
        for habit in habits(&lines.join("\n"), Kind::Document) {
            wrong.push(format!("{name}: {habit}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn lines_of_documents_are_short() {
    let mut wrong = Vec::new();
    for name in documents() {
        for (at, line) in prose(&read(&name)) {
            let is_long = line.chars().count() > MAX_WIDTH;
            if is_long && !line.starts_with('|') && !line.contains("://") {
                wrong.push(format!("{name}:{at}: {line}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "lines of more than {MAX_WIDTH} characters:\n{}",
        wrong.join("\n")
    );
    let lines = read("README.md").lines().count();
    assert!(lines <= MAX_README, "the README has {lines} lines");
}

/// Each habit is found, and good English is left alone.
#[test]
fn habits_are_found() {
    for bad in [
        "It is no error.",
        "it is\n  no date.",
        "Somebody changed it.",
        "Nobody knows.",
        "Whoever builds it",
        "A finding that is fixed is mended.",
        "It is told once.",
        "A note tells which commits were compared.",
        "It belongs into the base.",
        "what is built",
        "It stands in the policy.",
        "It lies elsewhere.",
        "everything but for hosts",
        "prod is taken for production",
        "a base that is called so",
        "a line a finding",
        "a file that kpt hands over",
        "of its own accord",
        "The change was taken back.",
        "It is not there any more.",
        "It fails without a word.",
    ] {
        for kind in [Kind::Document, Kind::Message, Kind::Comment] {
            assert!(!habits(bad, kind).is_empty(), "{kind:?}: {bad}");
        }
    }
    for good in [
        "There is no base.",
        "\"there is no base\"",
        "It is no longer there.",
        "this is nothing",
        "P stands for a path, and a stand-in for a file.",
        "It understands the path.",
        "Words tell services apart.",
        "One line per finding.",
        "an overlay without a word for an environment",
        "{told} changes were reported",
    ] {
        assert_eq!(habits(good, Kind::Message), Vec::<String>::new(), "{good}");
    }
    // Code is quoted in documents and comments, and a few habits are accepted there.
    for good in ["`is no` error", "a file of its own"] {
        assert_eq!(habits(good, Kind::Comment), Vec::<String>::new(), "{good}");
        assert_eq!(habits(good, Kind::Document), Vec::<String>::new(), "{good}");
    }
    assert_eq!(habits("a file of its own", Kind::Message).len(), 1);
    assert_eq!(habits("skipped in silence", Kind::Document).len(), 0);
    assert_eq!(habits("skipped in silence", Kind::Comment).len(), 1);
}
