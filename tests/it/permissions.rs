//! Guidance of a base about its overlays that cases cannot show: there a base is compared with
//! itself without findings.

use krm_parity::finding::Report;

use crate::lawbook::{documents, list, run, sealed};

fn report(base: &str, overlay: &str) -> Report {
    run(&list(None, &sealed(base), &documents(overlay))).report
}

#[test]
fn guidance_without_a_valid_pattern_is_reported() {
    let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  annotations:\n    \
                krm-parity.io/allow: 'spec..ports spec.type'\n    krm-parity.io/deny: 'a['\n";
    let report = report(text, text);
    let told: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (finding.rule.as_str(), finding.headline.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "base-guidance",
                "annotation krm-parity.io/allow of the base is not a valid pattern: \"spec..ports\": column 6: expected the \
                 name of a field; write names with special characters as [\"a.b/c\"]"
            ),
            (
                "base-guidance",
                "annotation krm-parity.io/deny of the base is not a valid pattern: \"a[\": column 3: expected a word; put \
                 words with special characters in double quotes"
            ),
        ]
    );
    assert!(report.failed);
}
