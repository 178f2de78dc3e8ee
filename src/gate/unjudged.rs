//! `unjudged-overlay`: what looks like an overlay and was not judged, in words.

use std::slice::from_ref;

use crate::catalog::{RuleId, Severity};
use crate::engine::Replay;
use crate::finding::{Finding, Place};
use crate::layout::{Layout, Reason, Unjudged};
use crate::repo::{NAMES, Parsed, join};
use crate::text::one_line;

/// The most characters of a path in a message.
const MAX_PATH: usize = 200;

const NAME_IT: &str =
    "Name it in spec.layout.overlays of the ParityPolicy, or leave it out with spec.layout.ignore.";

/// A finding for everything that looks like an overlay and is not judged.
#[must_use]
pub fn unjudged(layout: &Layout, parsed: Option<&Parsed<'_>>) -> Vec<Finding> {
    let findings = layout.unjudged.iter();
    findings.map(|unjudged| finding(unjudged, parsed)).collect()
}

fn finding(unjudged: &Unjudged, parsed: Option<&Parsed<'_>>) -> Finding {
    let directory = match unjudged.directory.as_str() {
        "" => ".",
        directory => directory,
    };
    let directory = one_line(directory, MAX_PATH);
    let said = |rest: &str| format!("{directory} {rest}, so it was not judged");
    let (headline, help) = match &unjudged.reason {
        Reason::Variants(names) => match names.as_slice() {
            [_] => (
                said("is an overlay, and nothing says that it is an environment"),
                format!("Call its directory after an environment. {NAME_IT}"),
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
    };
    let severity = if unjudged.is_environment {
        Severity::Error
    } else {
        Severity::Warning
    };
    Finding {
        // What it weighs, unless the policy says otherwise.
        severity,
        service: unjudged.service.clone(),
        environment: unjudged.environment.clone(),
        place: parsed.map(|parsed| place(unjudged, parsed)),
        ..Finding::new(
            RuleId::UnjudgedOverlay,
            format!("{headline}. {help}"),
            headline,
            help,
        )
    }
}

/// The kustomization that nobody judged, or the link that led to none.
fn place(unjudged: &Unjudged, parsed: &Parsed<'_>) -> Place {
    let directory = &unjudged.directory;
    let replay = Replay::base(parsed, from_ref(directory));
    replay.kustomization().unwrap_or_else(|| Place {
        file: match unjudged.reason {
            Reason::LeadsOut | Reason::LeadsUp | Reason::LeadsNowhere => directory.clone(),
            _ => join(directory, NAMES[0]),
        },
        line: 1,
        column: 1,
        length: 1,
        what: "this was not judged".to_owned(),
        source: None,
    })
}
