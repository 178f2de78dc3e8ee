//! Habits of wording that slow a reader down, as data; `messages` refuses them in what the program prints.
//!
//! A habit is a phrase of whole words. What contains an allowed phrase is fine, and so is a text of `EXCEPTIONS`.

/// A phrase, why it is refused, and longer phrases with it that are fine.
pub struct Habit {
    pub phrase: &'static str,
    pub reason: &'static str,
    pub allowed: &'static [&'static str],
}

const fn habit(phrase: &'static str, reason: &'static str) -> Habit {
    Habit {
        phrase,
        reason,
        allowed: &[],
    }
}

const NO: &str = "say `is not a`, as people do";
const WHO: &str = "name who or what does it: the deployer, a manual tool, the owner of the policy";
const REPORT: &str = "a program reports, shows or says; it tells nothing";
const FIX: &str = "people fix things, and change or remove them";
const PLACE: &str = "a line is in a file, and a value is in a field";
const NOUN: &str = "name the thing: the build, the output, the rendered resources";
const VERB: &str = "use the verb that kubectl and git use";

/// All of them.
pub const HABITS: &[Habit] = &[
    Habit {
        phrase: "is no",
        reason: NO,
        allowed: &["is no longer", "is no drift", "there is no"],
    },
    habit("it is none", NO),
    habit("are none", NO),
    habit("somebody", WHO),
    habit("nobody", WHO),
    habit("anybody", WHO),
    habit("everybody", WHO),
    habit("whoever", WHO),
    habit("told", REPORT),
    habit("tells", REPORT),
    habit("mend", FIX),
    habit("mends", FIX),
    habit("mended", FIX),
    habit("mending", FIX),
    habit("taken back", FIX),
    habit("takes it back", FIX),
    habit("take out", FIX),
    habit("taken out", FIX),
    habit("stands", PLACE),
    habit("lies in", PLACE),
    habit("lies elsewhere", PLACE),
    habit("belongs into", PLACE),
    habit("what is built", NOUN),
    habit("what was built", NOUN),
    habit("what it builds", NOUN),
    habit("what is there", NOUN),
    habit("what git says", NOUN),
    habit("what the base says", NOUN),
    habit("what kubectl", NOUN),
    habit("what somebody", NOUN),
    habit("but for", "say `except`"),
    habit("is called like", "say `is named like`"),
    habit("held against", VERB),
    habit("hold against", VERB),
    habit("are looked at", VERB),
    habit("is looked at", VERB),
    habit("was looked at", VERB),
    habit("of its own", "say `its own …`, `separate` or nothing"),
    habit("since its", "say `because`: `since` is a time"),
    habit("not there any more", "say `is gone` or `was removed`"),
    habit("in silence", "say `silently`"),
    habit("without a word", "say `silently`"),
];

/// Texts in which a habit is right, each with the reason.
pub const EXCEPTIONS: &[(&str, &str)] = &[
    ("ConfigMap told", "the name of a resource in a case"),
    ("name: told", "the name of a resource in a case"),
];
