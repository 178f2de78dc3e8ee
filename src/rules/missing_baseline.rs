//! `missing-baseline`: there is nothing to compare with, and that never passes in silence.

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
    /// Whether the input is a kustomize tree that nobody has built.
    pub unbuilt: bool,
}

pub(super) fn check(missing: &[Missing], findings: &mut Vec<Finding>) {
    for missing in missing {
        let what = match (missing.resources, missing.present.as_slice()) {
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
        let help = if missing.unbuilt {
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
            ..Finding::new("missing-baseline", message, headline, help)
        });
    }
}
