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
    why: "An environment that does not build was not checked, and cannot be deployed either.",
    example: "a patch of production names a Deployment that was renamed in the base, so kustomize does not find its target",
    max: None,
    unit: "",
    of_files: true,
    of_siblings: false,
};

/// The most characters of the builder's message.
const MAX_WORDS: usize = 1000;

/// A finding about a kustomization file, or a directory, that cannot be read.
#[must_use]
pub fn unreadable(file: &str, error: &YamlError) -> Finding {
    let headline = format!(
        "{} cannot be read: {}",
        one_line(file, MAX_WORDS),
        error.message
    );
    let help = "Fix it, or add its directory to spec.layout.ignore of the ParityPolicy if it is not a kustomization.".to_owned();
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
            let help = "--rendered needs the output of a build, as YAML or JSON; render it again.";
            ("cannot be read", help.to_owned())
        } else {
            ("does not build", help(directory, words))
        };
        let headline = format!(
            "{what} of service {service} {verb}: {}",
            one_line(innermost(words.trim()), MAX_WORDS)
        );
        found.push(Finding {
            service: Name::new(service),
            compared: Compared::with_base(environment, ""),
            place: place.clone(),
            ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
        });
    }
}

/// The cause alone, from a message of kustomize with one frame for every directory on the way there.
///
/// kustomize tries an entry as a file and then as a directory, and says why each of them failed.
fn innermost(words: &str) -> &str {
    let after = |text: &'_ str, mark: &str| text.rfind(mark).map(|at| at + mark.len());
    let mut cause = words;
    if let Some(at) = after(cause, "recursed accumulation of path '")
        && let Some((_, inner)) = cause[at..].split_once("': ")
    {
        cause = inner;
    }
    cause = cause
        .strip_prefix("accumulating resources: ")
        .unwrap_or(cause);
    if let Some(inner) = cause.strip_prefix("accumulation err='")
        && let Some((as_file, _)) = inner.split_once("': must build at directory: ")
    {
        cause = as_file;
    }
    // The text after it repeats the name.
    if let Some(entry) = cause.strip_prefix("accumulating resources from '")
        && let Some((entry, inner)) = entry.split_once("': ")
        && inner.contains(entry.rsplit('/').next().unwrap_or(entry))
    {
        cause = inner;
    }
    if cause.starts_with("evalsymlink failure on '")
        && let Some((_, inner)) = cause.split_once("' : lstat ")
    {
        cause = inner;
    }
    match cause.trim_end_matches(['"', '\\']) {
        "" => words,
        cause => cause,
    }
}

/// The next step: the flag that the message asks for, or none.
fn help(directory: &str, words: &str) -> String {
    let flags = if words.contains("plugins disabled") {
        " It declares a function, which runs only with flags after `--`: krm-parity check -- --enable-alpha-plugins (and --enable-exec if the function is a program)"
    } else if words.contains("is not in or below") {
        " It loads a file from outside of its directory; to allow that, run krm-parity check -- --load-restrictor LoadRestrictionsNone"
    } else if words.contains("--enable-helm") {
        " It uses a Helm chart; to allow that, run krm-parity check -- --enable-helm"
    } else {
        ""
    };
    format!("For details, build it alone with kustomize build {directory}.{flags}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_message_is_reduced_to_its_cause() {
        for (words, cause) in [
            (
                "accumulating resources: accumulation err='accumulating resources from '../common': 'shop/common' must resolve to a file': recursed accumulation of path 'shop/common': accumulating resources: accumulation err='accumulating resources from 'gone.yaml': evalsymlink failure on 'shop/common/gone.yaml' : lstat shop/common/gone.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on 'shop/common/gone.yaml' : lstat shop/common/gone.yaml: no such file or directory",
                "shop/common/gone.yaml: no such file or directory",
            ),
            (
                "accumulating resources: accumulation err='merging resources from 'b.yaml': may not add resource with an already registered id: ConfigMap.v1.[noGrp]/x.[noNs]': must build at directory: 'o/b.yaml': file is not directory",
                "merging resources from 'b.yaml': may not add resource with an already registered id: ConfigMap.v1.[noGrp]/x.[noNs]",
            ),
            (
                "accumulating resources: accumulating resources from 'bad.yaml': MalformedYAMLError: yaml: line 1: did not find expected ',' or ']' in File: bad.yaml",
                "MalformedYAMLError: yaml: line 1: did not find expected ',' or ']' in File: bad.yaml",
            ),
            (
                "accumulating components: accumulateDirectory: \"recursed accumulation of path 'c': no resource matches\"",
                "no resource matches",
            ),
            // A message without a frame, and one with a frame whose inside is unknown.
            (
                "no matches for Id A.v1.x/y.[noNs]",
                "no matches for Id A.v1.x/y.[noNs]",
            ),
            (
                "accumulating resources: accumulation err='accumulating resources from 'https://x/y': URL is a git repository': failed to run 'git fetch'",
                "accumulation err='accumulating resources from 'https://x/y': URL is a git repository': failed to run 'git fetch'",
            ),
            (
                "accumulating resources: accumulating resources from 'a.yaml': it is empty",
                "accumulating resources from 'a.yaml': it is empty",
            ),
            (
                "recursed accumulation of path 'ü",
                "recursed accumulation of path 'ü",
            ),
            ("accumulating resources: ", "accumulating resources: "),
        ] {
            assert_eq!(innermost(words), cause);
        }
    }

    #[test]
    fn a_flag_is_named_only_if_the_message_asks_for_it() {
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
            "For details, build it alone with kustomize build o."
        );
    }
}
