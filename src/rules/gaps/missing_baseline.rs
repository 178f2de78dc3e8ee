//! `missing-baseline`: there is nothing to compare with, and that never passes in silence.

use crate::catalog::{Rule, RuleId, Severity};
use crate::finding::{Finding, Name};
use crate::rules::found::Found;
use crate::rules::gaps::{Gaps, Input, Missing};

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::MissingBaseline,
    severity: Severity::Error,
    summary: "There must be something to compare with.",
    why: "A check that has nothing to compare with must never pass in silence.",
    example: "an overlay calls the policy, but no recorder has sealed its base",
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
                format!("there is {} only, made of no base", present.join(", "))
            }
            (_, present) if missing.input == Input::Others => {
                format!(
                    "there is {} only, and nothing that they are made of is called so",
                    present.join(", ")
                )
            }
            (_, present) if missing.input == Input::Untold => {
                format!(
                    "what {} and its base come to is not known",
                    present.join(", ")
                )
            }
            (0, []) => "the input holds no resources and no snapshot".to_owned(),
            (1, []) => "the input holds one resource and no snapshot".to_owned(),
            (count, []) => format!("the input holds {count} resources and no snapshot"),
            (_, present) => format!("the input holds snapshots of {} only", present.join(", ")),
        };
        let headline = if missing.present.contains(&missing.baseline) {
            format!(
                "there is nothing to compare with {}: {what}",
                missing.baseline
            )
        } else {
            format!("there is no {} to compare with: {what}", missing.baseline)
        };
        let help = if missing.input == Input::Directories {
            "Let it load a base, or let spec.layout of the ParityPolicy name the environments that belong to it.".to_owned()
        } else if missing.input == Input::Others {
            "Name an environment as spec.baseline of the ParityPolicy, or a layer that all are made of; leave it out to compare each with its own base.".to_owned()
        } else if missing.input == Input::Untold {
            "Check what kustomize builds of it, with `krm-parity check`.".to_owned()
        } else if missing.input == Input::Unbuilt {
            "These are the files of a kustomization, not what it builds: run the function inside of `kustomize build`.".to_owned()
        } else if missing.present.is_empty() {
            format!(
                "Let the base record itself: add a SnapshotRecorder with `environment: {}` to its `transformers:`, or to a Component that the overlay includes.",
                missing.baseline
            )
        } else if missing.present.contains(&missing.baseline) {
            "Record the environments too, each with a SnapshotRecorder that says `mode: replace` and names its environment.".to_owned()
        } else {
            "Record that environment too, or name one of those that are there as spec.baseline of the ParityPolicy.".to_owned()
        };
        let message =
            format!("{headline}. A check that has nothing to compare with must never pass. {help}");
        found.push(Finding {
            service: missing.service.as_deref().and_then(Name::new),
            compared: missing.compared(),
            ..Finding::new(RULE.id, message, headline, help)
        });
    }
}

/// A service whose directories build, and come to nothing.
fn nothing(missing: &Missing) -> Finding {
    let headline = format!(
        "nothing that {} builds holds a resource",
        missing.present.join(", ")
    );
    let help = "Fix what the kustomizations load, or name the directories in spec.layout.ignore of the ParityPolicy.".to_owned();
    let message =
        format!("{headline}. A check that has nothing to compare must never pass. {help}");
    Finding {
        service: missing.service.as_deref().and_then(Name::new),
        compared: missing.compared(),
        ..Finding::new(RULE.id, message, headline, help)
    }
}
