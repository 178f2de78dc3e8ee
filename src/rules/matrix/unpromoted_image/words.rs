//! What is said of images that did not come through the environments before.

use crate::catalog::RuleId;
use crate::compare::comparison::{Classified, Comparison};
use crate::compare::diff::Step;
use crate::rules::past::{Blind, version};
use crate::rules::told::Saying;
use crate::rules::words::of_container;
use crate::text;

/// What the rule demands.
pub(super) const DEMAND: &str =
    "An environment must run an image that an environment before it runs or has run.";

/// What is known of an image that another environment does not run today.
#[derive(Clone, Copy)]
pub(super) enum Case<'c> {
    /// No environment before has ever run it.
    Never { branch: &'c str },
    /// The history that would say so is not here.
    Shallow { branch: &'c str },
    /// Nobody could look.
    Unknown(Blind),
    /// An environment before has run it.
    Left { days: u32, is_old: bool },
    /// Another environment before runs it today.
    Runs { other: &'c str },
    /// The policy wants both to run the same today.
    Unequal,
    /// Neither comes before the other.
    Beside,
    /// The environments before run another image, the last of them this one.
    Alone { before: &'c str },
}

impl Case<'_> {
    /// What is said of the image `late` of an environment, beside the image `early` of another one.
    pub fn saying(
        self,
        comparison: &Comparison<'_, '_>,
        change: &Classified<'_>,
        early: &str,
        late: &str,
    ) -> Saying<'static> {
        let (environment, other) = (comparison.environment(), comparison.baseline());
        let container = of_container(&change.change.steps);
        let called = |text: &str| match change.change.steps.last() {
            // A chart's values often say the tag alone.
            Some(Step::Field("tag")) => tag(text),
            _ => called(text),
        };
        let (own, theirs) = (called(late), called(early));
        let headline = match self {
            Self::Never { .. } => {
                format!("no environment before {environment} runs or has run {own}{container}")
            }
            Self::Shallow { .. } => format!(
                "the history that is here does not show that an environment before {environment} has run {own}{container}"
            ),
            Self::Unknown(_) => format!(
                "nothing shows that an environment before {environment} has run {own}{container}"
            ),
            Self::Left {
                days,
                is_old: false,
            } => {
                format!(
                    "{other} runs {theirs}{container}, and left {own} {}",
                    ago(days)
                )
            }
            Self::Left { days, is_old: true } => {
                format!("{other} left {own}{container} {}", ago(days))
            }
            Self::Runs { other: runs } => {
                format!("{other} runs {theirs}{container}, and {runs} runs {own}")
            }
            Self::Alone { before } => format!(
                "no environment before {environment} runs {own}{container}: {before} runs another image"
            ),
            Self::Unequal | Self::Beside => {
                format!("{environment} runs {own}{container}, and {other} runs {theirs}")
            }
        };
        Saying {
            headline: text::one_line(&headline, 300).into_owned(),
            demand: self.demand(),
            help: self.help(environment, &other),
        }
    }

    const fn demand(self) -> &'static str {
        match self {
            Self::Unequal => "The policy allows no difference: max is 0.",
            Self::Beside => "Environments without an order must run the same image.",
            Self::Left { is_old: true, .. } => {
                "What an environment before has left is not what is tested today."
            }
            Self::Left { .. } | Self::Runs { .. } => "That is fine while it is being promoted.",
            Self::Never { .. } | Self::Shallow { .. } | Self::Unknown(_) | Self::Alone { .. } => {
                DEMAND
            }
        }
    }

    fn help(self, environment: &str, other: &str) -> String {
        let rule = RuleId::UnpromotedImage;
        match self {
            Self::Alone { before } => format!(
                "Run the same image in {before} first, or set the tag in the base, which is what {environment} was held to. An emergency is an entry of spec.exemptions in the ParityPolicy, until a day."
            ),
            Self::Never { branch } => {
                let looked = match branch {
                    "" => String::new(),
                    branch => {
                        format!(
                            " What {other} has run is read from the commits of {branch}, without those of other branches."
                        )
                    }
                };
                format!(
                    "Run it in {other} first, and promote it from there.{looked} An emergency is an entry of spec.exemptions in the ParityPolicy, until a day."
                )
            }
            Self::Shallow { branch } => format!(
                "Fetch the whole history of {branch}: `fetch-depth: 0` of actions/checkout, `GIT_DEPTH: 0` in GitLab, or `git fetch --unshallow`."
            ),
            Self::Unknown(blind) => format!(
                "{} Run it in {other} first, or check where the history of {other} can be read.",
                why(blind, other)
            ),
            Self::Left { is_old: true, .. } => format!(
                "Promote what {other} runs now to {environment}, or raise spec.rules.{rule}.max (days) in the ParityPolicy."
            ),
            Self::Left { .. } | Self::Runs { .. } => format!(
                "Promote what {other} runs to {environment} once it has proved itself; spec.rules.{rule}.max: 0 in the ParityPolicy demands the same image at any time."
            ),
            Self::Unequal => format!(
                "Let {environment} and {other} run the same image, or raise spec.rules.{rule}.max (days) in the ParityPolicy."
            ),
            Self::Beside => format!(
                "Let {environment} and {other} run the same image; if one comes before the other, list both in spec.environments of the ParityPolicy, in that order."
            ),
        }
    }
}

/// Why nobody could look into the past.
fn why(blind: Blind, other: &str) -> String {
    match blind {
        Blind::Built => "What is already built has no history here.".to_owned(),
        Blind::NoRepository => {
            "The files are in no git repository, so they have no history.".to_owned()
        }
        Blind::NoGit => "git is not on PATH, so the history cannot be read.".to_owned(),
        Blind::Elsewhere => format!(
            "The files of {other} belong to another repository than what is checked, whose history is not read."
        ),
        Blind::Failed => {
            "git could not read the history; `git log --first-parent` in this directory says why."
                .to_owned()
        }
        Blind::Untold => format!(
            "No line of a file that is here sets the image of {other}, so no earlier one can be read."
        ),
        Blind::TooMuch => "The history is longer than what is looked at.".to_owned(),
    }
}

/// An image by what tells it from others of its name.
fn called(image: &str) -> String {
    match version(image) {
        "" => "the image without a tag".to_owned(),
        digest if digest.contains(':') => {
            let short: String = digest.chars().take(19).collect();
            format!("digest {short}")
        }
        own => tag(own),
    }
}

fn tag(text: &str) -> String {
    format!("tag {}", text::one_line(text, 128))
}

/// How long ago, in days.
fn ago(days: u32) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}
