//! `missing-baseline`: there is nothing to compare with, and that never passes silently.

use crate::catalog::{Rule, RuleId, Severity};
use crate::finding::{Finding, Name};
use crate::rules::found::Found;
use crate::rules::gaps::{Gaps, Input, Missing};

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::MissingBaseline,
    severity: Severity::Error,
    summary: "Every check needs a base or another environment to compare with.",
    why: "A check that compares nothing must not pass.",
    example: "an overlay calls the policy, but its base has no recorder",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

pub(in crate::rules) fn check(gaps: &Gaps, found: &mut Found) {
    for missing in &gaps.baselines {
        let what = match (missing.resources, missing.present.as_slice()) {
            _ if missing.input == Input::Nothing => {
                found.push(nothing(missing));
                continue;
            }
            (_, present) if missing.input == Input::Directories => {
                format!("there is only {}, and it loads no base", present.join(", "))
            }
            (_, present) if missing.input == Input::Others => {
                format!(
                    "there is only {}, and no layer below has that name",
                    present.join(", ")
                )
            }
            (_, present) if missing.input == Input::Untold => {
                format!(
                    "{} and its base cannot be built from their files alone",
                    present.join(", ")
                )
            }
            (0, []) => "the input contains no resources and no snapshot".to_owned(),
            (1, []) => "the input contains one resource and no snapshot".to_owned(),
            (count, []) => format!("the input contains {count} resources and no snapshot"),
            (_, present) => format!(
                "the input contains only snapshots of {}",
                present.join(", ")
            ),
        };
        let headline = if missing.present.contains(&missing.baseline) {
            format!(
                "there is nothing to compare {} with: {what}",
                missing.baseline
            )
        } else {
            format!("there is no {} to compare with: {what}", missing.baseline)
        };
        let help = if missing.input == Input::Directories {
            "Add a base that it loads, or list its environments in spec.layout of the ParityPolicy."
                .to_owned()
        } else if missing.input == Input::Others {
            "Set spec.baseline of the ParityPolicy to an environment, or to a layer that all of them load; remove it to compare each with its own base.".to_owned()
        } else if missing.input == Input::Untold {
            "Check it with `krm-parity check`, which uses kustomize.".to_owned()
        } else if missing.input == Input::Unbuilt {
            "The input has the source files of a kustomization, not its build; run the function inside `kustomize build`.".to_owned()
        } else if missing.present.is_empty() {
            format!(
                "Add a SnapshotRecorder with `environment: {}` to the `transformers:` of the base, or to a Component that the overlay includes.",
                missing.baseline
            )
        } else if missing.present.contains(&missing.baseline) {
            "Record the environments too, each with a SnapshotRecorder with `mode: replace` and its environment.".to_owned()
        } else {
            "Record that environment too, or set spec.baseline of the ParityPolicy to one of the recorded environments.".to_owned()
        };
        let message = format!("{headline}. A check that compares nothing must not pass. {help}");
        found.push(Finding {
            service: missing.service.as_deref().and_then(Name::new),
            compared: missing.compared(),
            ..Finding::new(RULE.id, message, headline, help)
        });
    }
}

/// A service whose directories build, but to no resource.
fn nothing(missing: &Missing) -> Finding {
    let headline = format!(
        "the build of {} contains no resource",
        missing.present.join(", ")
    );
    let help = "Fix the resources that the kustomizations load, or add the directories to spec.layout.ignore of the ParityPolicy.".to_owned();
    let message = format!("{headline}. A check that compares nothing must not pass. {help}");
    Finding {
        service: missing.service.as_deref().and_then(Name::new),
        compared: missing.compared(),
        ..Finding::new(RULE.id, message, headline, help)
    }
}
