//! The survey as a `ResourceList` without items, for whatever reads the results of KRM functions.

use serde_json::json;

use crate::report::krm::{results, to_yaml, to_yaml_document};
use crate::survey::Survey;

/// Renders a survey.
#[must_use]
pub fn render(survey: &Survey) -> String {
    let mut out = to_yaml_document(&json!({
        "apiVersion": "config.kubernetes.io/v1",
        "kind": "ResourceList",
        "items": [],
    }));
    let results = results(&survey.report);
    if results.is_empty() {
        out.push_str("results: []\n");
    } else {
        out.push_str("results:\n");
        out.push_str(&to_yaml(&results, 0));
    }
    out
}
