//! `unjudged-overlay`: what looks like an overlay and was not judged.

use std::slice::from_ref;

use crate::catalog::{Rule, RuleId, Severity};
use crate::engine::Replay;
use crate::finding::{Compared, Finding, Name, Place};
use crate::repo::{NAMES, Parsed, join};
use crate::rules::found::Found;
use crate::rules::gaps::{Gaps, Reason, Unjudged};
use crate::text::one_line;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::UnjudgedOverlay,
    severity: Severity::Warning,
    summary: "What looks like an overlay must be judged, or left out on purpose.",
    why: "An environment that nobody looked at passes every check; where an environment is made of the same base, or a link names it, this is an error by default.",
    example: "the overlay of production lies in overlays/.production, beside overlays/dev",
    max: None,
    unit: "",
    of_files: true,
    of_siblings: false,
};

/// The most characters of a path in a message.
const MAX_PATH: usize = 200;

const NAME_IT: &str =
    "Name it in spec.layout.overlays of the ParityPolicy, or leave it out with spec.layout.ignore.";

impl Unjudged {
    /// What happened, in one line.
    #[must_use]
    pub fn headline(&self) -> String {
        self.words().0
    }

    /// The kustomization that nobody judged, or the link that led to none.
    #[must_use]
    pub fn find(&self, parsed: &Parsed<'_>) -> Place {
        let directory = &self.directory;
        let replay = Replay::base(parsed, from_ref(directory));
        replay.kustomization().unwrap_or_else(|| Place {
            file: match self.reason {
                Reason::LeadsOut | Reason::LeadsUp | Reason::LeadsNowhere | Reason::NoText => {
                    directory.clone()
                }
                _ => join(directory, NAMES[0]),
            },
            line: 1,
            column: 1,
            length: 1,
            what: "this was not judged".to_owned(),
            source: None,
        })
    }

    /// What is said of it, and what is to be done.
    fn words(&self) -> (String, String) {
        let directory = match self.directory.as_str() {
            "" => ".",
            directory => directory,
        };
        let directory = one_line(directory, MAX_PATH);
        let said = |rest: &str| format!("{directory} {rest}, so it was not judged");
        match &self.reason {
        Reason::Variants(names) => match names.as_slice() {
            [_] => (
                said("is an overlay, and nothing says that it is an environment"),
                "Call its directory after an environment, list its name under spec.environments of the ParityPolicy, name it in spec.layout.overlays, or leave it out with spec.layout.ignore.".to_owned(),
            ),
            names => (
                format!(
                    "nothing says which of the overlays {} is an environment, so they were not judged",
                    one_line(&names.join(", "), MAX_PATH)
                ),
                "Call their directories after environments, list their names under spec.environments of the ParityPolicy, name them in spec.layout.overlays, or leave them out with spec.layout.ignore.".to_owned(),
            ),
        },
        Reason::Composed(bases) => (
            said(&format!(
                "is made of {}, and nothing says which environment it is",
                one_line(&bases.join(" and "), MAX_PATH)
            )),
            NAME_IT.to_owned(),
        ),
        Reason::Unmatched => (
            said("looks like an overlay, and no pattern of spec.layout.overlays names it"),
            "Add a pattern for it to spec.layout.overlays of the ParityPolicy, or leave it out with spec.layout.ignore.".to_owned(),
        ),
        Reason::Alone(service) => (
            said(&format!("holds what {service} holds, and has no base")),
            format!("Let it load the base of {service}. {NAME_IT}"),
        ),
        Reason::Hidden(others) => (
            match others {
                0 => said("is an overlay in a hidden directory"),
                others => format!(
                    "{directory} and {others} more beside it are overlays in a hidden directory, so they were not judged"
                ),
            },
            "Give its directory a name that does not begin with a dot, or leave it out with spec.layout.ignore of the ParityPolicy.".to_owned(),
        ),
        Reason::LeadsOut => (
            said("is a link that leads out of the repository"),
            "Let it lead to a directory of the repository, or leave it out with spec.layout.ignore of the ParityPolicy.".to_owned(),
        ),
        Reason::LeadsUp => (
            said("is a link to a directory above it"),
            "Let it lead to a directory beside it, or leave it out with spec.layout.ignore of the ParityPolicy.".to_owned(),
        ),
        Reason::LeadsNowhere => (
            said("is a link to nothing"),
            "Correct or remove the link, or leave it out with spec.layout.ignore of the ParityPolicy.".to_owned(),
        ),
        Reason::NoText => (
            said("holds a kustomization under a name that is not UTF-8"),
            "Give its directory a name that is UTF-8, or leave it out with spec.layout.ignore of the ParityPolicy.".to_owned(),
        ),
    }
    }
}

/// What is an environment by all signs weighs more than what may be one.
pub(in crate::rules) fn check(gaps: &Gaps, found: &mut Found) {
    for unjudged in &gaps.unjudged {
        if unjudged.is_environment {
            found.push_as(Severity::Error, finding(unjudged));
        } else {
            found.push(finding(unjudged));
        }
    }
}

fn finding(unjudged: &Unjudged) -> Finding {
    let (headline, help) = unjudged.words();
    Finding {
        service: Name::new(&unjudged.service),
        compared: Compared::with_base(&unjudged.environment, ""),
        place: unjudged.place.clone(),
        ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
    }
}
