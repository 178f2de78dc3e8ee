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

/// What to do next: the flag that the words ask for, or none.
fn help(directory: &str, words: &str) -> String {
    let flags = if words.contains("plugins disabled") {
        " It declares a function, and none is run unless flags after `--` say so: krm-parity check -- --enable-alpha-plugins, with --enable-exec for a function that is a program"
    } else if words.contains("is not in or below") {
        " It loads a file from outside of its directory, which a flag after `--` allows: krm-parity check -- --load-restrictor LoadRestrictionsNone"
    } else if words.contains("--enable-helm") {
        " It inflates a chart, which a flag after `--` allows: krm-parity check -- --enable-helm"
    } else {
        ""
    };
    format!("Build it alone to see more: kustomize build {directory}.{flags}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_named_only_where_the_words_ask_for_it() {
        for (words, flag) in [
            (
                "loading KV pairs: security; file '/r/a.env' is not in or below '/r/o'",
                "-- --load-restrictor LoadRestrictionsNone",
            ),
            (
                "trouble configuring builtin HelmChartInflationGenerator: must specify --enable-helm",
                "-- --enable-helm",
            ),
            (
                "external plugins disabled; unable to load external plugin 'x'",
                "-- --enable-alpha-plugins",
            ),
        ] {
            let help = help("o", words);
            assert!(help.contains(flag), "{help}");
            assert_eq!(help.matches("check -- --").count(), 1, "{help}");
        }
        assert_eq!(
            help("o", "no such file: 'p.yaml'"),
            "Build it alone to see more: kustomize build o."
        );
    }
}
