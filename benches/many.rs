//! Thousands of permissions against thousands of findings: the time grows with their sum, and not
//! with their product.
//!
//! `scripts/bench` runs it. Ten times as many of both may take fifty times as long; a loop over all
//! findings for every permission would take a hundred times.

use std::fmt::Write as _;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::civil::date;
use krm_parity::catalog::RuleId;
use krm_parity::compare::comparison::{Against, Sides, compare};
use krm_parity::finding::{Compared, FieldRef, Finding, Name, ResourceRef};
use krm_parity::path::{FieldPath, Path};
use krm_parity::policy::{Config, IdentityMode, Policy};
use krm_parity::resource::Resource;
use krm_parity::rules::{self, Gaps, Look};
use krm_parity::yaml;

/// The permitted time for ten times the number, divided by ten.
const MAX_RATIO: f64 = 5.0;

/// One measurement: a name and a function that times a number of permissions against a number of
/// findings.
type Case = (&'static str, fn(usize, usize) -> Duration);

const CASES: [Case; 6] = [
    ("exemptions, each of a name", |many, findings| {
        exempt(
            &|at| format!("target: {{kind: Deployment, name: web-{at}}}, path: spec.replicas"),
            many,
            findings,
            0,
        )
    }),
    ("exemptions, each of a path", |many, findings| {
        exempt(
            &|at| {
                format!("target: {{kind: Deployment, name: web}}, path: '**.env[name=V{at}].value'")
            },
            many,
            findings,
            0,
        )
    }),
    ("exemptions, each of a service", |many, findings| {
        exempt(
            &|at| format!("target: {{kind: Deployment}}, services: [shop-{at}]"),
            many,
            findings,
            0,
        )
    }),
    ("exemptions that match nothing", |many, findings| {
        exempt(
            &|at| format!("target: {{kind: Deployment, name: web-{at}}}, path: spec.replicas"),
            many,
            findings,
            1 << 20,
        )
    }),
    ("allowed fields", |many, findings| {
        permit(many, findings, false)
    }),
    ("patterns that a base denies", |many, findings| {
        permit(many, findings, true)
    }),
];

/// Globs without a literal part have to be tried: this one is printed, and has no bound.
const GLOBS: Case = (
    "exemptions that are globs alone (no bound)",
    |many, findings| {
        exempt(
            &|at| format!("target: {{kind: 'D*', name: '*-{at}'}}, path: '**.env[name=*{at}].*'"),
            many,
            findings,
            0,
        )
    },
);

fn main() -> ExitCode {
    let mut all_hold = true;
    println!(
        "| permissions against findings | 5 × 50 | 1,000 × 1,000 | 10,000 × 10,000 | of ten times | bound |"
    );
    println!("|---|---|---|---|---|---|");
    for (name, time) in CASES.iter().chain([&GLOBS]) {
        let few = quickest(200, || time(5, 50));
        let some = quickest(9, || time(1_000, 1_000));
        let many = quickest(3, || time(10_000, 10_000));
        let ratio = many.as_secs_f64() / (10.0 * some.as_secs_f64());
        let has_bound = *name != GLOBS.0;
        let holds = !has_bound || ratio <= MAX_RATIO;
        all_hold &= holds;
        println!(
            "| {name} | {:.1} µs | {:.2} ms | {:.1} ms | {ratio:.2} | {} |",
            few.as_secs_f64() * 1e6,
            some.as_secs_f64() * 1e3,
            many.as_secs_f64() * 1e3,
            match (has_bound, holds) {
                (false, _) => String::new(),
                (true, true) => format!("{MAX_RATIO} PASS"),
                (true, false) => format!("{MAX_RATIO} BROKEN"),
            }
        );
    }
    if all_hold {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn quickest(rounds: usize, time: impl Fn() -> Duration) -> Duration {
    let begin = Instant::now();
    let mut best = time();
    for _ in 1..rounds {
        // One round is enough for a run of several seconds.
        if begin.elapsed() > Duration::from_secs(8) {
            break;
        }
        best = best.min(time());
    }
    best
}

fn policy(spec: &str) -> Policy {
    let text = format!(
        "{{apiVersion: krm-parity.io/v1alpha1, kind: ParityPolicy, metadata: {{name: x}}, spec: {{{spec}}}}}"
    );
    let tree = yaml::parse(&text).expect("the policy is YAML");
    let value = tree.roots().next().expect("a document").to_yaml_value();
    match krm_parity::policy::read(krm_parity::rules::RULES, Some(&value)) {
        Ok(Config::Policy(policy)) => policy,
        other => panic!("a policy, not {other:?}"),
    }
}

fn path(text: &str) -> FieldPath<'static> {
    let path = Path::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    FieldPath::from(path).into_owned()
}

/// Findings with unique names, paths and services, against exemptions.
fn exempt(item: &dyn Fn(usize) -> String, many: usize, findings: usize, from: usize) -> Duration {
    let mut spec = "exemptions: [".to_owned();
    for at in 0..many {
        let item = item(at + from);
        let _ = write!(
            spec,
            "{{rule: image, {item}, reason: why, expires: '2027-01-31'}}, "
        );
    }
    spec.push(']');
    let policy = policy(&spec);
    let is_of_path = item(0).contains("name: web}");
    let is_of_name = item(0).contains("replicas");
    let others: Vec<Finding> = (0..findings)
        .map(|at| Finding {
            service: Name::new(&format!("shop-{at}")),
            compared: Compared::with_base("production", "base"),
            resource: Some(ResourceRef {
                api_version: "apps/v1".to_owned(),
                kind: "Deployment".to_owned(),
                name: if is_of_path {
                    "web".to_owned()
                } else {
                    format!("web-{at}")
                },
                namespace: None,
            }),
            field: Some(FieldRef {
                path: if is_of_name {
                    path("spec.replicas")
                } else {
                    path(&format!(
                        "spec.template.spec.containers[name=app].env[name=V{at}].value"
                    ))
                },
                base_path: None,
                overlay: Some("1".into()),
                base: Some("2".into()),
            }),
            ..Finding::new(
                RuleId::Image,
                "x".to_owned(),
                "x".to_owned(),
                "x".to_owned(),
            )
        })
        .collect();
    let pairs = |finding: &Finding| {
        let names = (finding.service(), finding.environment());
        (
            names.0.unwrap_or_default().to_owned(),
            names.1.unwrap_or_default().to_owned(),
        )
    };
    let look = Look {
        seen: others.iter().map(pairs).collect(),
        has_files: true,
        ..Look::default()
    };
    let gaps = Gaps {
        others,
        look: Some(look),
        ..Gaps::default()
    };
    timed(|| rules::judge(&[], &gaps, &policy, date(2026, 1, 1)))
}

/// A resource with many changes, against allowed fields or the denials of its base.
fn permit(many: usize, findings: usize, is_denied: bool) -> Duration {
    let body = |value: &str, notes: &str| {
        let mut text = format!(
            "apiVersion: example.com/v1\nkind: Odd\nmetadata:\n  name: web\n  annotations: {{x: y{notes}}}\nspec:\n"
        );
        for at in 0..findings {
            let _ = writeln!(text, "  f{at}: {value}");
        }
        text
    };
    let mut spec = String::new();
    let mut notes = String::new();
    if is_denied {
        let patterns: Vec<String> = (0..many).map(|at| format!("**.f{at}")).collect();
        notes = format!(", krm-parity.io/deny: '{}'", patterns.join(" "));
    } else {
        spec.push_str("allow: {fields: [");
        for at in 0..many {
            let _ = write!(
                spec,
                "{{target: {{kind: Odd, name: web}}, path: '**.f{at}', reason: why}}, "
            );
        }
        spec.push_str("]}");
    }
    let policy = policy(&spec);
    let (base, overlay) = (body("a", &notes), body("b", &notes));
    let (base, overlay) = (
        yaml::parse(&base).expect("YAML"),
        yaml::parse(&overlay).expect("YAML"),
    );
    let base: Vec<Resource<'_>> = base.roots().filter_map(Resource::read).collect();
    let overlay: Vec<Resource<'_>> = overlay.roots().filter_map(Resource::read).collect();
    let sides = Sides {
        environment: "production",
        baseline: "base",
        against: Against::Baseline,
        service: "shop",
        base: &base,
        services: &["shop"],
        overlay: &overlay,
        witnesses: &[],
        hidden: &[],
        is_rendered: false,
    };
    let compared = [compare(sides, IdentityMode::Strict)];
    timed(|| rules::judge(&compared, &Gaps::default(), &policy, date(2026, 1, 1)))
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let begin = Instant::now();
    let result = black_box(work());
    let time = begin.elapsed();
    drop(result);
    time
}
