//! `build-failure`: an environment or its base could not be built, so nothing is known about it.

use crate::catalog::RuleId;
use crate::finding::{Finding, Place};
use crate::text::one_line;
use crate::yaml::YamlError;

/// The most characters of the builder's words.
const MAX_WORDS: usize = 1000;

/// A directory that could not be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// The directory.
    pub directory: String,
    /// Whether it is the environment's base, and not the environment.
    pub is_base: bool,
    /// Where it is told, if that is not the environment's own kustomization.
    pub place: Option<Place>,
    /// Whether it was rendered by somebody else, and only had to be read.
    pub is_rendered: bool,
    /// What the builder said.
    pub words: String,
}

/// A finding about a kustomization file, or a directory, that cannot be read.
#[must_use]
pub fn unreadable(file: &str, error: &YamlError) -> Finding {
    let headline = format!(
        "{} cannot be read: {}",
        one_line(file, MAX_WORDS),
        error.message
    );
    let help = "Mend it, or name its directory in spec.layout.ignore of the ParityPolicy if it is no kustomization.".to_owned();
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
        ..Finding::new(
            RuleId::BuildFailure,
            format!("{headline}. {help}"),
            headline,
            help,
        )
    }
}

pub(in crate::rules) fn check(failures: &[Failure], findings: &mut Vec<Finding>) {
    for failure in failures {
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
        findings.push(Finding {
            service: service.clone(),
            environment: environment.clone(),
            place: place.clone(),
            ..Finding::new(
                RuleId::BuildFailure,
                format!("{headline}. {help}"),
                headline,
                help,
            )
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
