//! `build-failure`: an environment or its base could not be built, so nothing is known about it.

use crate::catalog::{Rule, RuleId, Severity};
use crate::finding::{Compared, Finding, Name, Place};
use crate::rules::found::Found;
use crate::rules::gaps::{Failure, Gaps};
use crate::text::one_line;
use crate::yaml::YamlError;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::BuildFailure,
    severity: Severity::Error,
    summary: "Every environment and its base must build.",
    why: "What does not build was not checked, and will not be deployed either.",
    example: "a patch of production names a Deployment that the base has renamed, so kustomize finds no target for it",
    max: None,
    unit: "",
    of_files: true,
    of_siblings: false,
};

/// The most characters of the builder's words.
const MAX_WORDS: usize = 1000;

/// A finding about a kustomization file, or a directory, that cannot be read.
#[must_use]
pub fn unreadable(file: &str, error: &YamlError) -> Finding {
    let headline = format!(
        "{} cannot be read: {}",
        one_line(file, MAX_WORDS),
        error.message
    );
    let help = "Fix it, or name its directory in spec.layout.ignore of the ParityPolicy if it is no kustomization.".to_owned();
    let place = Place {
        file: file.to_owned(),
        line: error.line,
        column: error.column,
        length: 1,
        what: "this cannot be read".to_owned(),
        // It may hold anything.
        source: None,
    };
    Finding {
        place: Some(place),
        ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
    }
}

pub(in crate::rules) fn check(gaps: &Gaps, found: &mut Found) {
    for failure in &gaps.failures {
        let Failure {
            service,
            environment,
            directory,
            is_base,
            place,
            is_rendered,
            words,
        } = failure;
        let what = if *is_base {
            format!("the base of {environment}")
        } else {
            environment.clone()
        };
        let (verb, help) = if *is_rendered {
            let help = "What --rendered names must be what a build wrote, as YAML or JSON: render it again.";
            ("cannot be read", help.to_owned())
        } else {
            ("does not build", help(directory, words))
        };
        let headline = format!(
            "{what} of service {service} {verb}: {}",
            one_line(words.trim(), MAX_WORDS)
        );
        found.push(Finding {
            service: Name::new(service),
            compared: Compared::with_base(environment, ""),
            place: place.clone(),
            ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
        });
    }
}

fn help(directory: &str, words: &str) -> String {
    let flags = if words.contains("plugins disabled") {
        "It declares a function, and none is run unless flags after `--` say so: krm-parity check -- --enable-alpha-plugins, with --enable-exec for a function that is a program"
    } else {
        "Flags that it needs go after `--`, as in: krm-parity check -- --enable-helm"
    };
    format!("Build it alone to see more: kustomize build {directory}. {flags}")
}
