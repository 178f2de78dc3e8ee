//! The English of the house: phrases that no document and no message may have, and how long lines may be.
//!
//! The habits are data, each with its reason, so that documents and messages are held to one list.

use std::sync::LazyLock;

use regex::Regex;

use crate::docs::read;
use crate::documents::documents;

/// Characters of a line of a document.
const MAX_WIDTH: usize = 120;

/// Lines of the README.
const MAX_README: usize = 130;

/// A habit of writing that slows a reader.
pub struct Habit {
    /// What it looks like; case does not matter.
    pub pattern: &'static str,
    /// Hits that are good English; empty where there are none.
    pub fine: &'static str,
    /// What to write instead.
    pub instead: &'static str,
}

const fn habit(pattern: &'static str, fine: &'static str, instead: &'static str) -> Habit {
    Habit {
        pattern,
        fine,
        instead,
    }
}

/// The worst habits.
pub const HABITS: [Habit; 16] = [
    habit(
        r"(?:\S+ )?\b(?:is|are|was|were) no [a-z]+",
        r"^(?:there|where) | no (?:longer|more)$",
        "`is not a X`",
    ),
    habit(
        r"\b(?:some|any|every)body\b",
        "",
        "who it is, or someone, anyone, everyone",
    ),
    habit(r"\bnobody\b", "", "who it is, or no one"),
    habit(r"\bwhoever\b", "", "the person: the author, the user"),
    habit(r"\bmend(?:s|ed|ing)?\b", "", "fix"),
    habit(r"\btold\b", "", "reported, said, shown"),
    habit(
        r"\btells? (?:of|that|it|its|the|what|which|who|whose|why|where|how|when)\b",
        "",
        "report, say, show",
    ),
    habit(r"\bbelongs? into\b", "", "belongs in"),
    habit(
        r"(?:#+ )?\bwhat (?:is|was|were) (?:built|made|found|compared|judged|written|read|new|known|fixed|gone|missing|asked|started|left|allowed|denied|recorded)\b",
        r"^#",
        "a noun: the resources that were built, the findings",
    ),
    habit(
        r"\b(?:stands?|stood)\b(?:[- ]\w+)?",
        r"^stands? for$|^stand-in$",
        "is",
    ),
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
];

/// The patterns of the habits, and of what is fine in them, compiled once.
static PATTERNS: LazyLock<Vec<(Regex, Option<Regex>)>> = LazyLock::new(|| {
    let of = |pattern: &str| Regex::new(&format!("(?i){pattern}")).expect("a pattern");
    let both = |habit: &Habit| {
        let fine = (!habit.fine.is_empty()).then(|| of(habit.fine));
        (of(habit.pattern), fine)
    };
    HABITS.iter().map(both).collect()
});

/// The bad habits of a text, with what to write instead.
pub fn habits(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (habit, (pattern, fine)) in HABITS.iter().zip(PATTERNS.iter()) {
        let hits = pattern.find_iter(text).map(|hit| hit.as_str());
        for hit in hits.filter(|hit| fine.as_ref().is_none_or(|fine| !fine.is_match(hit))) {
            found.push(format!("\"{hit}\": write {}", habit.instead));
        }
    }
    found
}

/// The lines that people have written, by their number: no code, and nothing that is generated.
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
    let quoted = Regex::new("`[^`]*`").expect("a pattern");
    let mut wrong = Vec::new();
    for name in documents() {
        let text = read(&name);
        // A sentence goes over several lines, and code in it is quoted.
        let lines: Vec<&str> = prose(&text)
            .into_iter()
            .map(|(_, line)| line.trim())
            .collect();
        let text = lines.join(" ");
        for habit in habits(&quoted.replace_all(&text, "`…`")) {
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

/// The list is of use: each habit is found where it is, and good English is left alone.
#[test]
fn habits_are_found() {
    for bad in [
        "It is no error.",
        "Somebody changed it.",
        "Nobody knows.",
        "Whoever builds it",
        "A finding that is fixed is mended.",
        "It is told once.",
        "A note tells which commits were compared.",
        "It belongs into the base.",
        "what is built",
        "It stands in the policy.",
        "everything but for hosts",
        "prod is taken for production",
        "a base that is called so",
        "a line a finding",
        "a file that kpt hands over",
        "of its own accord",
    ] {
        assert_eq!(habits(bad).len(), 1, "{bad}");
    }
    for good in [
        "There is no base.",
        "It is no longer there.",
        "P stands for a path, and a stand-in for a file.",
        "Words tell services apart.",
        "One line per finding.",
    ] {
        assert_eq!(habits(good), Vec::<String>::new(), "{good}");
    }
}
