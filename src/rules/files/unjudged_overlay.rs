//! `unjudged-overlay`: a directory that looks like an overlay and was not judged.

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
    summary: "Everything that looks like an overlay must be checked, or excluded on purpose.",
    why: "An environment that is not checked passes every check. It is an error by default where an environment loads the same base, or a link leads to it.",
    example: "the overlay of production is in overlays/.production, next to overlays/dev",
    max: None,
    unit: "",
    of_files: true,
    of_siblings: false,
};

/// The most characters of a path in a message.
const MAX_PATH: usize = 200;

const NAME_IT: &str =
    "Add it to spec.layout.overlays of the ParityPolicy, or exclude it with spec.layout.ignore.";

impl Unjudged {
    /// What happened, in one line.
    #[must_use]
    pub fn headline(&self) -> String {
        self.words().0
    }

    /// The kustomization that was not judged, or the link that led to none.
    #[must_use]
    pub fn find(&self, parsed: &Parsed<'_>) -> Place {
        let directory = &self.directory;
        let replay = Replay::base(parsed, from_ref(directory));
        replay.kustomization().unwrap_or_else(|| Place {
            file: match &self.reason {
                Reason::Bare(file) => file.clone(),
                Reason::LeadsOut | Reason::LeadsUp | Reason::LeadsNowhere | Reason::NoText => {
                    directory.clone()
                }
                _ => join(directory, NAMES[0]),
            },
            line: 1,
            column: 1,
            length: 1,
            what: "this was not checked".to_owned(),
            source: None,
        })
    }

    /// What is wrong with it, and what to do.
    fn words(&self) -> (String, String) {
        let directory = match self.directory.as_str() {
            "" => ".",
            directory => directory,
        };
        let directory = one_line(directory, MAX_PATH);
        let said = |rest: &str| format!("{directory} {rest}, so it was not checked");
        match &self.reason {
        Reason::Variants(names) => match names.as_slice() {
            [_] => (
                said("is an overlay without a known environment"),
                "Name its directory after an environment, or add its name to spec.environments of the ParityPolicy, or add it to spec.layout.overlays. To exclude it, use spec.layout.ignore.".to_owned(),
            ),
            names => (
                format!(
                    "the overlays {} have no known environment, so they were not checked",
                    one_line(&names.join(", "), MAX_PATH)
                ),
                "Name their directories after environments, or add their names to spec.environments of the ParityPolicy, or add them to spec.layout.overlays. To exclude them, use spec.layout.ignore.".to_owned(),
            ),
        },
        Reason::Composed(bases) => (
            said(&format!(
                "loads {} and has no known environment",
                one_line(&bases.join(" and "), MAX_PATH)
            )),
            NAME_IT.to_owned(),
        ),
        Reason::Unmatched => (
            said("looks like an overlay, and no pattern of spec.layout.overlays matches it"),
            "Add a pattern for it to spec.layout.overlays of the ParityPolicy, or exclude it with spec.layout.ignore.".to_owned(),
        ),
        Reason::Alone(service) => (
            said(&format!("has the resources of {service}, but no base")),
            format!("Let it load the base of {service}. {NAME_IT}"),
        ),
        Reason::Hidden(others) => (
            match others {
                0 => said("is an overlay in a hidden directory"),
                others => format!(
                    "{directory} and {others} more next to it are overlays in a hidden directory, so they were not checked"
                ),
            },
            "Rename the directory so that it does not begin with a dot, or exclude it with spec.layout.ignore of the ParityPolicy.".to_owned(),
        ),
        Reason::Bare(_) => (
            said("has manifests but no kustomization"),
            match self.service.as_str() {
                "" => "Add a kustomization.yaml, as in the environments beside it. To exclude the directory, use spec.layout.ignore of the ParityPolicy.".to_owned(),
                service => format!(
                    "Add a kustomization.yaml that loads the base of {}, as in its other environments. To exclude the directory, use spec.layout.ignore of the ParityPolicy.",
                    one_line(service, MAX_PATH)
                ),
            },
        ),
        Reason::LeadsOut => (
            said("is a link to a place outside of the repository"),
            "Point it to a directory of the repository, or exclude it with spec.layout.ignore of the ParityPolicy.".to_owned(),
        ),
        Reason::LeadsUp => (
            said("is a link to a directory above it"),
            "Point it to a directory next to it, or exclude it with spec.layout.ignore of the ParityPolicy.".to_owned(),
        ),
        Reason::LeadsNowhere => (
            said("is a broken link"),
            "Fix or remove the link, or exclude it with spec.layout.ignore of the ParityPolicy.".to_owned(),
        ),
        Reason::NoText => (
            said("contains a kustomization whose name is not UTF-8"),
            "Rename the directory to a UTF-8 name, or exclude it with spec.layout.ignore of the ParityPolicy.".to_owned(),
        ),
    }
    }
}

/// A directory that has all signs of an environment weighs more than one that only may be an environment.
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
