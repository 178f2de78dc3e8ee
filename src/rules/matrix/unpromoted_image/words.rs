//! The messages about images that did not come through the environments before.

use crate::catalog::RuleId;
use crate::compare::comparison::{Classified, Comparison};
use crate::compare::diff::Step;
use crate::rules::past::{Blind, version};
use crate::rules::told::Saying;
use crate::rules::words::of_container;
use crate::text;

/// What the rule demands.
pub(super) const DEMAND: &str =
    "An environment must run an image that an earlier environment runs or has run.";

/// The name of the commits that count if the default branch is not known.
const UNKNOWN_BRANCH: &str = "HEAD";

/// The history of an image that another environment does not run today.
#[derive(Clone, Copy)]
pub(super) enum Case<'c> {
    /// No environment before has ever run it.
    Never { branch: &'c str },
    /// The history that would show it is not here.
    Shallow { branch: &'c str },
    /// The history could not be read.
    Unknown(Blind),
    /// An environment before has run it, according to the commits of a branch.
    Left {
        days: u32,
        is_old: bool,
        branch: &'c str,
    },
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
    /// The message about the image `late` of an environment, beside the image `early` of another one.
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
            // A chart's values often hold only the tag.
            Some(Step::Field("tag")) => tag(text),
            _ => called(text),
        };
        let (own, theirs) = (called(late), called(early));
        let headline = match self {
            Self::Never { .. } => {
                format!("no environment before {environment} runs or has run {own}{container}")
            }
            Self::Shallow { .. } => format!(
                "the shallow history does not show whether an environment before {environment} has run {own}{container}"
            ),
            Self::Unknown(_) => format!(
                "it is not known whether an environment before {environment} has run {own}{container}"
            ),
            Self::Left {
                days,
                is_old: false,
                branch,
            } => {
                format!(
                    "{other} runs {theirs}{container}, and replaced {own} {}{}",
                    ago(days),
                    by_commits(branch)
                )
            }
            Self::Left {
                days,
                is_old: true,
                branch,
            } => {
                format!(
                    "{other} replaced {own}{container} {}{}",
                    ago(days),
                    by_commits(branch)
                )
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
                "An image that an earlier environment has replaced is no longer tested there."
            }
            Self::Left { .. } | Self::Runs { .. } => {
                "This is fine while the new image is being promoted."
            }
            Self::Never { .. } | Self::Shallow { .. } | Self::Unknown(_) | Self::Alone { .. } => {
                DEMAND
            }
        }
    }

    fn help(self, environment: &str, other: &str) -> String {
        let rule = RuleId::UnpromotedImage;
        match self {
            Self::Alone { before } => format!(
                "Run the same image in {before} first, or set the tag in the base, with which {environment} was compared. In an emergency, add a dated entry to spec.exemptions in the ParityPolicy."
            ),
            Self::Never { branch } => {
                let looked = match branch {
                    "" => String::new(),
                    branch => {
                        format!(
                            " The images that {other} has run are read from the commits of {branch}, not from other branches."
                        )
                    }
                };
                let unsure = unsure(branch);
                format!(
                    "Run it in {other} first, and promote it from there.{looked}{unsure} In an emergency, add a dated entry to spec.exemptions in the ParityPolicy."
                )
            }
            Self::Shallow { branch } => format!(
                "Fetch the full history of {branch}: set `fetch-depth: 0` for actions/checkout or `GIT_DEPTH: 0` in GitLab, or run `git fetch --unshallow`."
            ),
            Self::Unknown(blind) => format!(
                "{} Run it in {other} first, or run the check where the history of {other} can be read.",
                why(blind, other)
            ),
            Self::Left {
                is_old: true,
                branch,
                ..
            } => format!(
                "Promote the image that {other} runs now to {environment}, or raise spec.rules.{rule}.max (days) in the ParityPolicy.{}",
                unsure(branch)
            ),
            Self::Left { branch, .. } => format!(
                "{}{}",
                Case::Runs { other: "" }.help(environment, other),
                unsure(branch)
            ),
            Self::Runs { .. } => format!(
                "Promote the image of {other} to {environment} when it is ready. To require the same image at all times, set spec.rules.{rule}.max: 0 in the ParityPolicy."
            ),
            Self::Unequal => format!(
                "Run the same image in {environment} and {other}, or raise spec.rules.{rule}.max (days) in the ParityPolicy."
            ),
            Self::Beside => format!(
                "Run the same image in {environment} and {other}. If one comes before the other, list both in spec.environments of the ParityPolicy, in that order."
            ),
        }
    }
}

/// The commits that were read, where nothing shows that they are not those of the branch under review.
fn by_commits(branch: &str) -> &'static str {
    if branch == UNKNOWN_BRANCH {
        ", by the commits of HEAD"
    } else {
        ""
    }
}

/// What to do if the default branch is not known.
fn unsure(branch: &str) -> &'static str {
    if branch == UNKNOWN_BRANCH {
        " The default branch is not known here, so the commits of HEAD count, even those of a branch under review. `git remote set-head origin --auto` names it, and so does --new with its name."
    } else {
        ""
    }
}

/// Why the history could not be read.
fn why(blind: Blind, other: &str) -> String {
    match blind {
        Blind::Built => "Rendered files have no history.".to_owned(),
        Blind::NoRepository => {
            "The files are not in a git repository, so they have no history.".to_owned()
        }
        Blind::NoGit => "git is not on PATH, so the history cannot be read.".to_owned(),
        Blind::Elsewhere => format!(
            "The files of {other} are in another repository, whose history is not read."
        ),
        Blind::Failed => {
            "git could not read the history; run `git log --first-parent` in this directory to see why."
                .to_owned()
        }
        Blind::Untold => format!(
            "No line in the checked files sets the image of {other}, so earlier images cannot be read."
        ),
        Blind::TooMuch => "The history is longer than krm-parity reads.".to_owned(),
    }
}

/// An image by the part that distinguishes it from others of its name.
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
