//! The English of the house: what no document and no message may say, how long a line and the README may be.
//!
//! The habits are data, each with its reason, so that documents and messages are held to one list.

use std::fs;
use std::path::Path;

use regex::Regex;

use crate::docs::documents;

/// A habit of writing that slows a reader.
pub struct Habit {
    /// What it looks like.
    pattern: &'static str,
    /// What looks like it and is good English; empty where there is nothing.
    fine: &'static str,
    /// Why it is bad, and what to write.
    reason: &'static str,
}

const fn habit(pattern: &'static str, fine: &'static str, reason: &'static str) -> Habit {
    Habit {
        pattern,
        fine,
        reason,
    }
}

/// The worst habits. Every pattern ignores case.
pub const HABITS: &[Habit] = &[
    habit(
        r"(?:\S+ )?\b(?:is|are|was|were) no [a-z]+",
        r"(?i)^(?:there|where) |\bno (?:longer|more)$",
        "inverted: write `is not a X`",
    ),
    habit(
        r"\b(?:some|any|every)body\b",
        "",
        "vague: name who it is, or write `someone`, `anyone`, `everyone`",
    ),
    habit(r"\bnobody\b", "", "vague: name who it is, or write `no one`"),
    habit(
        r"\bwhoever\b",
        "",
        "a riddle: name the person (`the author`, `people who may edit it`)",
    ),
    habit(r"\bmend(?:s|ed|ing)?\b", "", "write `fix`"),
    habit(
        r"\b(?:is|are|was|were|be|been|being) told\b",
        "",
        "write `is reported`, or who reports what",
    ),
    habit(
        r"\btells? (?:it|that|the|a|an|what|which|who|why|where|how|when|of|by)\b",
        "",
        "a program does not tell: write `report`, `say` or `show`",
    ),
    habit(r"\bbelongs? into\b", "", "write `belongs in`"),
    habit(
        r"\bwhat is (?:built|found|compared|judged|written|wrong|new|known|fixed|asked|started|left|read|done)\b",
        r"(?i)^$",
        "a clause for a noun: write `the resources that were built`, `the findings`",
    ),
    habit(
        r"\bstands? (?:in|at|on|there|here|below|above|beside|behind|under|still|alone|elsewhere|twice)\b",
        "",
        "things do not stand: write `is`",
    ),
    habit(r"\bbut for\b", "", "old: write `except`"),
    habit(r"\bthat be\b|\bbe it\b", "", "old: write a plain sentence"),
    habit(
        r"\bas it should be,|\bneither is\b",
        "",
        "inverted: begin with the subject",
    ),
    habit(
        r"\bit is (?:called|taken) (?:as|for)\b",
        "",
        "write `its name is`, `it counts as`",
    ),
    habit(r"\b(?:is|are|be) taken for\b", "", "write `counts as`, `is treated as`"),
    habit(
        r"\bof its own accord\b|\bby itself alone\b",
        "",
        "write `automatically`, `on its own`",
    ),
    habit(r"\bno more than one\b|\bat all times\b", "", "write `one`, `always`"),
    habit(r"\bthe like\b|\band their like\b|\band its like\b", r"^or the like$", "write `and similar ones`"),
];

/// The habits that a text has: what it says, and why that is bad.
pub fn habits(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for habit in HABITS {
        let pattern = Regex::new(&format!("(?i){}", habit.pattern)).expect("a pattern");
        let fine = Regex::new(habit.fine).expect("a pattern");
        for hit in pattern.find_iter(text) {
            if habit.fine.is_empty() || !fine.is_match(hit.as_str()) {
                found.push(format!("\"{}\": {}", hit.as_str(), habit.reason));
            }
        }
    }
    found
}
