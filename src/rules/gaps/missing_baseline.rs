//! `missing-baseline`: there is nothing to compare with, and that never passes in silence.

use crate::catalog::RuleId;
use crate::finding::Finding;

/// What should have been compared, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The service; empty where it is not known.
    pub service: String,
    /// The environment that was to be judged; empty where it is not known.
    pub environment: String,
    /// The environment that is missing.
    pub baseline: String,
    /// The environments that are there instead.
    pub present: Vec<String>,
    /// How many live resources there are.
    pub resources: usize,
    /// What was looked at.
    pub input: Input,
}

/// What was looked at, as far as nothing could be compared in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Resources and snapshots.
    Built,
    /// The files of a kustomize tree that nobody has built.
    Unbuilt,
    /// The directories of a repository, all built.
    Directories,
    /// The directories of a package, of which no environment or no base could be told by its files.
    Untold,
    /// Directories that build, and come to no resource at all.
    Nothing,
}

pub(in crate::rules) fn check(missing: &[Missing], findings: &mut Vec<Finding>) {
    for missing in missing {
        let what = match (missing.resources, missing.present.as_slice()) {
            _ if missing.input == Input::Nothing => {
                findings.push(nothing(missing));
                continue;
            }
            (_, present) if missing.input == Input::Directories => {
                format!("there is {} only, made of no base", present.join(", "))
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
        findings.push(Finding {
            service: missing.service.clone(),
            environment: missing.environment.clone(),
            baseline: missing.baseline.clone(),
            ..Finding::new(RuleId::MissingBaseline, message, headline, help)
        });
    }
}

/// A service whose directories build, and come to nothing.
fn nothing(missing: &Missing) -> Finding {
    let headline = format!(
        "nothing that {} builds holds a resource",
        missing.present.join(", ")
    );
    let help = "Mend what the kustomizations load, or name the directories in spec.layout.ignore of the ParityPolicy.".to_owned();
    let message =
        format!("{headline}. A check that has nothing to compare must never pass. {help}");
    Finding {
        service: missing.service.clone(),
        environment: missing.environment.clone(),
        baseline: missing.baseline.clone(),
        ..Finding::new(RuleId::MissingBaseline, message, headline, help)
    }
}
