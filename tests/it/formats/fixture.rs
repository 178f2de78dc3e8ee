//! The surveys for the tests of all formats: one with every kind of finding, a hostile one and a
//! large one.

use std::collections::BTreeMap;

use krm_parity::catalog::{Class, RuleId, Severity};
use krm_parity::finding::{
    Compared, FieldRef, FileRef, Finding, Name, Place, Report, ResourceRef, Totals, sort,
};
use krm_parity::path::{FieldPath, Path, Segment};
use krm_parity::survey::against::Before;
use krm_parity::survey::{Against, Environment, Service, State, Survey};
use serde_json::{Value, json};

/// A survey of these findings, counted, and failed if there is an error.
pub fn survey(services: Vec<Service>, findings: Vec<Finding>, notes: &[&str]) -> Survey {
    let mut totals = Totals {
        resources: 7 * services.len(),
        ..Totals::default()
    };
    for finding in &findings {
        totals.add(finding.severity);
    }
    Survey {
        shard: None,
        services,
        report: Report {
            failed: totals.errors > 0,
            fail_on: Some(Severity::Error),
            findings,
            totals,
        },
        against: None,
        notes: notes.iter().map(|&note| note.to_owned()).collect(),
        next: Vec::new(),
    }
}

/// A service below `services/NAME`, with these environments.
pub fn service(name: &str, environments: &[(&str, State)]) -> Service {
    let environment = |(environment, state): &(&str, State)| Environment {
        name: (*environment).to_owned(),
        directory: match state {
            State::Missing => String::new(),
            _ => format!("services/{name}/overlays/{environment}"),
        },
        state: state.clone(),
    };
    Service {
        name: name.to_owned(),
        bases: vec![format!("services/{name}/base")],
        environments: environments.iter().map(environment).collect(),
    }
}

/// A finding about the Deployment of a service.
pub fn finding(rule: &'static str, service: &str, environment: &str) -> Finding {
    Finding {
        service: Name::new(service),
        compared: Compared::with_base(environment, "base"),
        resource: Some(ResourceRef {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            name: service.to_owned(),
            namespace: Some("shop".to_owned()),
        }),
        base_name: Some(service.to_owned()),
        ..Finding::new(
            RuleId::parse(rule).expect("a rule"),
            format!("{service} in {environment} breaks {rule}; make it in the base"),
            format!("{rule} is broken"),
            format!(
                "Make the change in the base. krm-parity explain {rule} says how to permit it."
            ),
        )
    }
}

/// The path of a text, or the field with that name.
fn at(text: &str) -> FieldPath<'static> {
    let field = |_| Path(vec![Segment::Field(text.into())]);
    FieldPath::from(Path::parse(text).unwrap_or_else(field)).into_owned()
}

/// The same with a field and both values.
pub fn change(mut finding: Finding, path: &str, base: Value, overlay: Value) -> Finding {
    finding.field = Some(FieldRef {
        path: at(path),
        base_path: None,
        overlay: Some(overlay),
        base: Some(base),
    });
    finding
}

/// A place in a file.
pub fn place(file: &str, line: usize, what: &str, source: &str, meant: &str) -> Place {
    let before = source.split(meant).next().unwrap_or_default();
    Place {
        file: file.to_owned(),
        line,
        column: before.chars().count() + 1,
        length: meant.chars().count().max(1),
        what: what.to_owned(),
        source: Some(source.to_owned()),
    }
}

/// A finding with another headline.
fn told(finding: Finding, headline: &str) -> Finding {
    Finding {
        headline: headline.to_owned(),
        ..finding
    }
}

/// A survey with every kind of finding.
pub fn everything() -> Survey {
    use State::{Failed, Judged, Missing, Skipped};
    let all = [("dev", Judged), ("staging", Judged), ("production", Judged)];
    let services = vec![
        service("catalog", &all),
        service("checkout", &all),
        service("inventory", &[("staging", Judged), ("production", Judged)]),
        service(
            "payments",
            &[
                ("dev", Skipped),
                ("staging", Missing),
                ("production", Failed),
            ],
        ),
    ];
    let mut findings = of_checkout();
    findings.extend(of_others());
    sort(&mut findings);
    survey(
        services,
        findings,
        &["--since left out 1 environment whose sources did not change"],
    )
}

/// The same, compared with an earlier check: some findings are new, some are known, and one is
/// fixed.
pub fn held() -> Survey {
    let mut earlier = everything();
    let findings = &mut earlier.report.findings;
    let fixed = finding("replicas", "catalog", "dev");
    findings.push(told(fixed, "there is one replica too many"));
    // One is new, and one has another value now.
    findings.remove(0);
    let with_values = findings.iter_mut().filter_map(|one| one.field.as_mut());
    if let Some(field) = { with_values }.next() {
        field.overlay = Some(json!("what it was"));
    }
    everything().against(Before {
        name: "main (0123456789ab)",
        survey: &earlier,
        renamed: &BTreeMap::new(),
    })
}

/// Every text is hostile, including those of known and fixed findings.
pub fn hostile_held(text: &str) -> Survey {
    let mut survey = of_one_text(text);
    survey.against = Some(Against {
        name: text.to_owned(),
        known: survey.report.findings.clone(),
        fixed: survey.report.findings.clone(),
    });
    survey
}

/// Findings with places.
fn of_checkout() -> Vec<Finding> {
    let probe = change(
        finding("health-checks", "checkout", "production"),
        "spec.template.spec.containers[name=checkout].livenessProbe.periodSeconds",
        json!(20),
        json!(120),
    );
    let probe = Finding {
        class: Some(Class::HealthChecks),
        message: "the liveness probe of container checkout of Deployment shop/checkout: periodSeconds is 120 in production and 20 in the base; make it the same".to_owned(),
        place: Some(place(
            "services/checkout/overlays/production/patch.yaml",
            12,
            "strategic merge patch",
            "          periodSeconds: 120",
            "120",
        )),
        base_place: Some(place(
            "services/checkout/base/deployment.yaml",
            104,
            "resource",
            "          periodSeconds: 20",
            "20",
        )),
        ..told(probe, "the liveness probe of container checkout differs from the base")
    };
    let image = change(
        finding("image", "checkout", "production"),
        "spec.template.spec.containers[name=checkout].image",
        json!("registry.example.com/shop/checkout:1.14.2"),
        json!("registry.example.com/shop/checkout:1.14.2-hotfix.1"),
    );
    let image = Finding {
        class: Some(Class::ImageTag),
        place: Some(place(
            "services/checkout/overlays/production/kustomization.yaml",
            9,
            "images",
            "  newTag: 1.14.2-hotfix.1",
            "1.14.2-hotfix.1",
        )),
        ..told(
            image,
            "the image's tag or digest of container checkout differs from the base",
        )
    };
    let mut secret = change(
        finding("config-keys", "checkout", "staging"),
        "data.API_TOKEN",
        json!("<redacted>"),
        json!("<redacted>"),
    );
    "Secret".clone_into(&mut secret.resource.as_mut().unwrap().kind);
    secret.headline = "the key API_TOKEN is in staging, but not in the base".into();
    let file = "services/checkout/overlays/staging/secret.yaml";
    secret.place = Some(Place {
        source: None,
        ..place(file, 6, "resource", "API_TOKEN: x", "x")
    });
    secret.file = Some(FileRef {
        path: file.to_owned(),
        index: Some(1),
    });
    vec![probe, image, secret]
}

/// Findings without places.
fn of_others() -> Vec<Finding> {
    let memory = change(
        finding("inverted-resources", "inventory", "production"),
        "spec.template.spec.containers[name=inventory].resources.limits.memory",
        json!("2Gi"),
        json!("512Mi"),
    );
    let memory = Finding {
        compared: Compared::with_base("production", "staging"),
        ..told(
            memory,
            "the memory limit of container inventory is lower than in staging, which comes before production",
        )
    };
    let scale = Finding {
        severity: Severity::Warning,
        ..finding("scale-factor", "inventory", "production")
    };
    let label = Finding {
        severity: Severity::Info,
        field: Some(FieldRef {
            path: at("metadata.labels.tier"),
            base_path: None,
            overlay: Some(Value::Null),
            base: None,
        }),
        ..finding("labels", "inventory", "staging")
    };
    let missing = Finding {
        severity: Severity::Warning,
        resource: None,
        base_name: None,
        ..finding("missing-environment", "payments", "staging")
    };
    let whole = Finding {
        severity: Severity::Warning,
        compared: Compared::Nothing,
        resource: None,
        base_name: None,
        ..finding("unused-exemption", "", "")
    };
    vec![memory, scale, label, missing, whole]
}

/// A survey without findings.
pub fn clean() -> Survey {
    let judged = [("staging", State::Judged), ("production", State::Judged)];
    survey(
        vec![service("cart", &judged), service("orders", &judged)],
        Vec::new(),
        &[],
    )
}

/// Text that tries to be something else, for every text.
pub const EVIL: &str = "x\r\n::error::y ##[add-mask]z \u{1b}[2J\u{0}\u{b}\u{7f}\u{85}\u{202e}\u{2028}\u{feff}\u{fffe}\u{ffff}\u{1fffe}\u{9b}\u{e0041}\
    <script>alert(1)</script><!-- --> ]]> &amp; \" ' `a` | @team #1 [l](http://e) ![i](http://e/x.png) $x$ \\ *b* _c_ ~d~ :+1: www.e.com </details>";

/// Every text is [`EVIL`].
pub fn hostile() -> Survey {
    of_one_text(EVIL)
}

/// Every text is this one.
pub fn of_one_text(text: &str) -> Survey {
    let evil = || text.to_owned();
    let mut all = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Info] {
        let mut bad = change(
            finding("image", text, text),
            text,
            json!(text),
            json!({ text: [text] }),
        );
        bad.severity = severity;
        bad.compared = Compared::with_base(text, text);
        bad.message = evil();
        bad.headline = evil();
        bad.help = evil();
        bad.base_name = Some(evil());
        bad.file = Some(FileRef {
            path: evil(),
            index: None,
        });
        bad.resource = Some(ResourceRef {
            api_version: evil(),
            kind: evil(),
            name: evil(),
            namespace: Some(evil()),
        });
        bad.place = Some(place(text, 3, text, text, "script"));
        bad.base_place.clone_from(&bad.place);
        all.push(bad.clone());
        bad.place = None;
        bad.compared = Compared::with_base("production", text);
        all.push(bad);
    }
    let mut one = service(
        text,
        &[(text, State::Judged), ("production", State::Judged)],
    );
    one.bases = vec![evil()];
    let mut built = service(
        "built",
        &[(text, State::Failed), ("production", State::Missing)],
    );
    built.environments[0].directory = evil();
    let mut survey = survey(vec![one, built], all, &[text]);
    sort(&mut survey.report.findings);
    survey
}

/// This many findings over this many services with three environments each.
pub fn large(findings: usize, services: usize) -> Survey {
    const RULES: [(&str, Class, &str); 4] = [
        (
            "health-checks",
            Class::HealthChecks,
            "readinessProbe.periodSeconds",
        ),
        ("image", Class::ImageTag, "image"),
        ("env-names", Class::EnvNames, "env[name=SKIP_FRAUD_CHECK]"),
        (
            "scale-factor",
            Class::ResourceValues,
            "resources.limits.memory",
        ),
    ];
    const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "production"];
    let name = |at: usize| format!("service-{at:03}");
    let all = (0..findings)
        .map(|at| {
            // Every third service is clean, and production has most of the findings.
            let of = name(((at * 7 % services) / 3 * 3 + at % 2).min(services - 1));
            let environment = ENVIRONMENTS[[2, 2, 1, 2, 0][at % 5]];
            let (rule, class, path) = RULES[at % RULES.len()];
            let path = format!("spec.template.spec.containers[name={of}-{at}].{path}");
            let mut one = change(
                finding(rule, &of, environment),
                &path,
                json!(10),
                json!(at + 11),
            );
            one.class = Some(class);
            if rule == "scale-factor" {
                one.severity = Severity::Warning;
            }
            one.headline = format!("the {path} of container {of} differs from the base");
            one.place = Some(place(
                &format!("services/{of}/overlays/{environment}/patch.yaml"),
                at + 2,
                "strategic merge patch",
                &format!("          value: {}", at + 11),
                &(at + 11).to_string(),
            ));
            one.base_place = Some(place(
                &format!("services/{of}/base/deployment.yaml"),
                at + 40,
                "resource",
                "          value: 10",
                "10",
            ));
            one
        })
        .collect::<Vec<_>>();
    let states = ENVIRONMENTS.map(|environment| (environment, State::Judged));
    let services = (0..services)
        .map(|at| service(&name(at), &states))
        .collect();
    let mut survey = survey(services, all, &[]);
    sort(&mut survey.report.findings);
    survey
}
