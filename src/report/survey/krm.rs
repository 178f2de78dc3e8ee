//! The survey as a `ResourceList` without items, for programs that read the results of KRM
//! functions.

use serde_json::json;

use crate::report::krm::{results, results_of, to_yaml, to_yaml_document};
use crate::survey::Survey;

/// Renders a survey.
#[must_use]
pub fn render(survey: &Survey) -> String {
    let mut out = to_yaml_document(&json!({
        "apiVersion": "config.kubernetes.io/v1",
        "kind": "ResourceList",
        "items": [],
    }));
    let mut results = results(&survey.report);
    if let Some(against) = &survey.against {
        // A host that fails on errors should fail only on new ones.
        for (standing, findings) in [("known", &against.known), ("fixed", &against.fixed)] {
            let told = results_of(findings);
            results.extend(told.into_iter().map(|mut result| {
                result["severity"] = json!("info");
                result["tags"]["standing"] = json!(standing);
                result
            }));
        }
    }
    if results.is_empty() {
        out.push_str("results: []\n");
    } else {
        out.push_str("results:\n");
        out.push_str(&to_yaml(&results, 0));
    }
    out
}
