//! One report that the tests of all renderers share, so that the formats can be compared.

use serde_json::{Value, json};

use crate::catalog::{Class, RuleId, Severity};
use crate::finding::{Compared, FieldRef, FileRef, Finding, Name, Report, ResourceRef, Totals};
use crate::path::{FieldPath, Path, Segment};

/// A finding about the Deployment `checkout`, without a field.
pub fn finding(rule: &str) -> Finding {
    let rule = RuleId::parse(rule).unwrap();
    let [message, headline, help] = ["the message", "the headline", "the help"].map(str::to_owned);
    Finding {
        service: Name::new("checkout-service"),
        compared: Compared::with_base("production", "base"),
        resource: Some(ResourceRef {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            name: "checkout".to_owned(),
            namespace: None,
        }),
        ..Finding::new(rule, message, headline, help)
    }
}

/// A path in both forms.
pub fn at(keyed: &str, indexed: &str) -> FieldPath<'static> {
    let [keyed, indexed] = [keyed, indexed].map(|text| Path::parse(text).unwrap());
    FieldPath::join(keyed, &indexed).unwrap().into_owned()
}

/// A forbidden change of one field of a Deployment.
pub fn change(name: &str, path: &str, base: Value, overlay: Value) -> Finding {
    let mut finding = finding("other");
    finding.class = Some(Class::Other);
    let field = |_| Path(vec![Segment::Field(path.into())]);
    let read = Path::parse(path).unwrap_or_else(field);
    name.clone_into(&mut finding.resource.as_mut().unwrap().name);
    finding.field = Some(FieldRef {
        path: FieldPath::from(read).into_owned(),
        base_path: None,
        overlay: Some(overlay),
        base: Some(base),
    });
    finding
}

/// Findings of every kind.
pub fn findings() -> Vec<Finding> {
    let mut probe = change("checkout", "", json!(10), json!(30));
    probe.rule = RuleId::HealthChecks;
    probe.class = Some(Class::HealthChecks);
    probe.headline = "the readiness probe differs from the base".to_owned();
    probe.message = "the readiness probe of container checkout waits 30, 10 in the base".to_owned();
    probe.help = "remove the change from the overlay, or make it in the base".to_owned();
    let field = probe.field.as_mut().unwrap();
    field.path = at(
        "spec.template.spec.containers[name=checkout].readinessProbe.periodSeconds",
        "spec.template.spec.containers[0].readinessProbe.periodSeconds",
    );
    probe.file = Some(FileRef {
        path: "deployment.yaml".to_owned(),
        index: Some(1),
    });

    let mut threshold = probe.clone();
    let field = threshold.field.as_mut().unwrap();
    field.path = at(
        "spec.template.spec.containers[name=checkout].livenessProbe",
        "spec.template.spec.containers[0].livenessProbe",
    );
    field.overlay = None;
    field.base =
        Some(json!({"httpGet": {"path": "/health/live", "port": 8080}, "periodSeconds": 20}));
    threshold.headline = "the liveness probe is gone".to_owned();

    let mut info = finding("labels");
    info.severity = Severity::Info;
    info.headline = "a label was added".to_owned();

    let mut added = finding("added-resource");
    added.headline = "the base does not have this resource".to_owned();
    added.resource = Some(ResourceRef {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        name: "extra".to_owned(),
        namespace: Some("shop".to_owned()),
    });

    let mut scale = change("checkout", "spec.memory", json!("2Gi"), json!("256Mi"));
    scale.rule = RuleId::ScaleFactor;
    scale.severity = Severity::Warning;
    scale.headline = "memory is 8 times smaller than in the base".to_owned();

    let mut whole = finding("missing-baseline");
    whole.resource = None;
    whole.service = None;
    whole.headline = "there is no snapshot of base".to_owned();
    vec![probe, info, threshold, added, scale, whole]
}

/// A report with the counts of the findings.
pub fn report(findings: Vec<Finding>) -> Report {
    let count = |severity| {
        findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let totals = Totals {
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        infos: count(Severity::Info),
        resources: 5,
    };
    Report {
        failed: totals.errors > 0,
        fail_on: Some(Severity::Error),
        findings,
        totals,
    }
}
