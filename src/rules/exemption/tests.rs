//! The index of exemptions compared with the plain loop that it replaces.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::about::is_at;
use super::about::names;
use super::*;
use crate::compare::comparison::{Against, Sides, compare};
use crate::compare::pair::plain_name;
use crate::finding::FieldRef;
use crate::finding::Name;
use crate::path::{FieldPath, Path};
use crate::policy::{Config, Held, IdentityMode, Target, nearest, read};
use crate::resource::Resource;
use crate::yaml;

fn apply_by_loop(
    comparisons: &[Comparison<'_, '_>],
    look: Option<&Look>,
    policy: &Policy,
    today: Date,
    weights: &[Severity],
    findings: &mut Vec<Finding>,
) {
    let said = say(policy, today, weights, findings);
    let mut told = Vec::new();
    for (index, exemption) in policy.exemptions.iter().enumerate() {
        let is_expired = exemption.expires < today;
        let mut is_used = false;
        for finding in findings.iter_mut() {
            if exempts(exemption, finding) {
                is_used = true;
                if !is_expired {
                    mark(index, exemption, finding);
                }
            }
        }
        let here: Vec<_> = comparisons
            .iter()
            .filter(|comparison| is_for(exemption, comparison))
            .collect();
        let environments = match look {
            // It is in the policy once, whatever it is about.
            Some(_) => BTreeSet::new(),
            // An environment that is missing has findings and no comparison.
            None => here
                .iter()
                .map(|comparison| comparison.sides.environment)
                .chain(
                    findings
                        .iter()
                        .filter(|finding| is_of(exemption, finding))
                        .map(|finding| finding.environment().unwrap_or_default()),
                )
                .collect(),
        };
        if look.is_none() && environments.is_empty() {
            continue;
        }
        if said.contains(&index) {
            continue;
        }
        let near_target = |target: &Target| {
            let mut scopes = Scopes::new(comparisons, findings);
            scopes.of(exemption.extent()).near_target(target)
        };
        let why = || why_unused(exemption, findings, &here, look, near_target);
        let (rule, (headline, help)) = if is_expired {
            (
                RuleId::ExpiredExemption,
                expired_exemption::words(index, exemption),
            )
        } else if !is_used && let Some(why) = why() {
            (
                RuleId::UnusedExemption,
                unused_exemption::words(index, exemption, &why),
            )
        } else {
            continue;
        };
        let environment = match environments.first() {
            Some(environment) if environments.len() == 1 => *environment,
            _ => "",
        };
        told.push(Finding {
            exemption: Some(index),
            place: exemption.place.clone(),
            compared: match look {
                Some(_) => Compared::Nothing,
                None => Compared::with_base(environment, &policy.baseline),
            },
            ..Finding::new(rule, format!("{headline}. {help}"), headline, help)
        });
    }
    let compared = match look {
        Some(_) => Compared::Nothing,
        None => of_one_build(policy),
    };
    let all = policy.exemptions.iter().enumerate();
    let used = all.filter(|(_, one)| findings.iter().any(|finding| exempts(one, finding)));
    told.extend(expiring_exemption::announce(used, policy, today, &compared));
    findings.extend(told);
}

/// Whether an exemption is about the service and the environment of a finding.
fn is_of(exemption: &Exemption, finding: &Finding) -> bool {
    let [service, environment, _] = finding.sides().map(Option::unwrap_or_default);
    exemption.is_for(environment, service)
}

/// Whether an exemption is about the sides of a comparison.
fn is_for(exemption: &Exemption, comparison: &Comparison<'_, '_>) -> bool {
    let sides = &comparison.sides;
    let is_for = |service: &str| exemption.is_for(sides.environment, service);
    match sides.service {
        "" => is_for("") || sides.services.iter().any(|name| is_for(name)),
        service => is_for(service),
    }
}

/// Notes on findings why an exemption does not apply to them; gives the exemptions that need no other message.
fn say(
    policy: &Policy,
    today: Date,
    weights: &[Severity],
    findings: &mut [Finding],
) -> BTreeSet<usize> {
    let all = || policy.exemptions.iter().enumerate();
    let is_valid = |exemption: &Exemption| exemption.expires >= today;
    let mut said = BTreeSet::new();
    for (finding, weight) in findings.iter_mut().zip(weights) {
        let own = finding.clone();
        let exempting = || all().filter(|(_, one)| exempts(one, &own));
        let note = if exempting().any(|(_, one)| is_valid(one)) {
            continue;
        } else if let Some((index, exemption)) = exempting().next() {
            if *weight >= policy.severity(record(RuleId::ExpiredExemption)) {
                said.extend(exempting().map(|(index, _)| index));
            }
            expired_exemption::note(index, exemption)
        } else {
            let mut near = all().filter(|(_, one)| is_valid(one) && one.values != Held::Any);
            let Some((index, one)) = near.find(|(_, one)| is_near(one, &own)) else {
                continue;
            };
            if *weight > Severity::Info {
                said.insert(index);
            }
            let value = one.value(own.environment().unwrap_or_default());
            other_value(index, one.rule, value.unwrap_or_default())
        };
        finding.add(&note);
    }
    said
}

/// Whether an exemption is about a finding, expired or not.
fn exempts(exemption: &Exemption, finding: &Finding) -> bool {
    let environment = finding.environment().unwrap_or_default();
    is_near(exemption, finding) && has_value(exemption, environment, finding.field.as_ref())
}

/// Whether an exemption is about a finding, whatever its value.
fn is_near(exemption: &Exemption, finding: &Finding) -> bool {
    if finding.rule != exemption.rule || !is_of(exemption, finding) {
        return false;
    }
    let resource = finding.resource.clone().unwrap_or_default();
    let names = names(&resource, finding.base_name.as_deref());
    is_at(exemption, &resource, &names, finding.field.as_ref())
}

/// Why an exemption matches nothing, and what it might have meant; `None` if it may be about something else.
fn why_unused(
    exemption: &Exemption,
    findings: &[Finding],
    here: &[&Comparison<'_, '_>],
    look: Option<&Look>,
    near_target: impl Fn(&Target) -> Option<String>,
) -> Option<String> {
    if look.is_some_and(|look| !look.is_enough_for(exemption)) {
        return None;
    }
    let resources: Vec<(ResourceRef, &str)> = here
        .iter()
        .flat_map(|comparison| comparison.sides.overlay.iter().chain(comparison.sides.base))
        .map(|resource| (resource.reference(), plain_name(resource)))
        .collect();
    let target = &exemption.target;
    let is_target_here = resources
        .iter()
        .any(|(resource, name)| target.matches(resource, &[resource.name.as_str(), name]));
    let known = || {
        let near = findings.iter().find(|finding| is_near(exemption, finding));
        if let Some(near) = near
            && let Some(value) = exemption.value(near.environment().unwrap_or_default())
        {
            let found = words::value(near.field.as_ref().and_then(|field| field.overlay.as_ref()));
            let value = text::quoted(value, MAX_VALUE);
            return Some(format!("the value is now {found}, and not {value}"));
        }
        if is_target_here {
            let path = exemption.path.as_ref()?.to_string();
            return near_path(exemption, &path, findings, here);
        }
        near_target(target)
    };
    match look {
        Some(look) => known().or_else(|| Some(look.why(exemption, is_target_here))),
        // Findings about files have another source, and some differences are seen only beside another environment.
        None if record(exemption.rule).of_files => None,
        None if record(exemption.rule).of_siblings && !has_siblings(here) => None,
        None => known().or_else(|| {
            let is_exact = is_target_here && exemption.path.is_some();
            is_exact.then(|| format!("there is no finding of {}", exemption.rule))
        }),
    }
}

/// Whether environments are compared with each other.
fn has_siblings(here: &[&Comparison<'_, '_>]) -> bool {
    here.iter()
        .any(|comparison| comparison.sides.against != Against::Baseline)
}

/// The finding of the same rule that is nearest to a path.
fn near_path(
    exemption: &Exemption,
    path: &str,
    findings: &[Finding],
    here: &[&Comparison<'_, '_>],
) -> Option<String> {
    let is_here = |finding: &&Finding| {
        let mut here = here.iter();
        let resource = finding.resource.clone().unwrap_or_default();
        let names = names(&resource, finding.base_name.as_deref());
        let services = &exemption.services;
        let service = finding.service().unwrap_or_default();
        finding.rule == exemption.rule
            && (services.is_empty() || services.iter().any(|glob| glob.matches(service)))
            && exemption.target.matches(&resource, &names)
            && here.any(|comparison| {
                comparison.sides.environment == finding.environment().unwrap_or_default()
            })
    };
    let paths: Vec<String> = findings
        .iter()
        .filter(is_here)
        .filter_map(|finding| Some(finding.field.as_ref()?.path.to_string()))
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let of_one_list = || {
        let (list, _) = path.rsplit_once('[')?;
        let head = format!("{list}[");
        paths.iter().find(|other| other.starts_with(&head)).copied()
    };
    let near = nearest(path, &paths)
        .or_else(of_one_list)
        .or_else(|| paths.first().copied())?;
    Some(format!("the nearest finding of this rule is at {near}"))
}

const KINDS: [&str; 3] = ["Deployment", "ConfigMap", "Odd"];
const NAMES: [&str; 5] = ["web", "api", "settings-5f2c7h9k6m", "settings", "wob"];
const PATHS: [&str; 7] = [
    "spec",
    "spec.replicas",
    "spec.containers[name=web].image",
    "spec.containers[name=api].image",
    "spec.containers[name=web].resources.limits.memory",
    "spec.ports[containerPort=80,protocol=TCP]",
    "data[\"a.b\"]",
];
const SERVICES: [&str; 4] = ["", "shop", "bank", "team/shop"];
const ENVIRONMENTS: [&str; 3] = ["", "dev", "production"];
const RULES: [RuleId; 4] = [
    RuleId::Image,
    RuleId::ScaleFactor,
    RuleId::EnvironmentMismatch,
    RuleId::UncheckedFile,
];

prop_compose! {
    fn finding()(
        rule in select(&RULES[..]),
        service in select(&SERVICES[..]),
        environment in select(&ENVIRONMENTS[..]),
        kind in select(&KINDS[..]),
        name in select(&NAMES[..]),
        base_name in proptest::option::of(select(&NAMES[..])),
        namespace in proptest::option::of(select(&["shop", "bank"][..])),
        has_resource in proptest::bool::weighted(0.9),
        path in proptest::option::weighted(0.9, select(&PATHS[..])),
        values in (select(&["1", "2", "512Mi", "0.5Gi"][..]), select(&["1", "4", "1Gi"][..])),
    ) -> Finding {
        let text = format!("{rule} at {path:?}");
        Finding {
            service: Name::new(service),
            compared: Compared::with_base(environment, ""),
            resource: has_resource.then(|| ResourceRef {
                api_version: "apps/v1".to_owned(),
                kind: kind.to_owned(),
                name: name.to_owned(),
                namespace: namespace.map(str::to_owned),
            }),
            base_name: base_name.map(str::to_owned),
            field: path.map(|path| FieldRef {
                path: {
                    let indexed = path.replace("name=web", "0").replace("name=api", "1");
                    let indexed = Path::parse(&indexed).unwrap();
                    FieldPath::join(Path::parse(path).unwrap(), &indexed).unwrap()
                },
                base_path: None,
                overlay: Some(values.0.into()),
                base: Some(values.1.into()),
            }),
            ..Finding::new(rule, text.clone(), text, String::new())
        }
    }
}

/// An exemption as a policy writes it, without the parts that are left to chance.
fn exemption() -> impl Strategy<Value = serde_json::Value> {
    let part = |all: &'static [&'static str]| proptest::option::weighted(0.6, select(all));
    let target = (
        part(&["Deployment", "ConfigMap", "D*", "*", "Odd"]),
        part(&[
            "web",
            "api",
            "settings",
            "settings-5f2c7h9k6m",
            "w?b",
            "*",
            "webb",
        ]),
        part(&["shop", "s*", "nowhere"]),
        part(&["apps", "*", "batch"]),
    );
    let path = part(&[
        "spec",
        "spec.replicas",
        "spec.replica",
        "**",
        "spec.**",
        "**.image",
        "spec.containers[name=web].image",
        "spec.containers[name=w*].image",
        "spec.containers[*].image",
        "spec.containers[1].image",
        "spec.containers[name=web].resources.**",
        "spec.ports[protocol=TCP]",
        "*[\"a.b\"]",
    ]);
    let value = proptest::option::weighted(0.3, select(&["1", "2", "512Mi"][..]));
    let lists = (
        vec(select(&["shop", "bank", "*", "team/*", "shpo"][..]), 0..3),
        vec(select(&["dev", "production"][..]), 0..3),
    );
    let expires = select(
        &[
            "2026-12-31",
            "2026-01-31",
            "2026-06-01",
            "2026-06-15",
            "2026-06-16",
        ][..],
    );
    (select(&RULES[..]), target, path, value, lists, expires).prop_map(
        |(rule, (kind, name, namespace, group), path, value, (services, environments), expires)| {
            let mut target = serde_json::json!({"kind": kind, "name": name, "namespace": namespace, "group": group});
            let mut all = serde_json::json!({
                "rule": rule.as_str(), "path": path, "value": value, "services": services,
                "environments": environments, "reason": "why", "expires": expires,
            });
            for map in [&mut target, &mut all] {
                if let Some(map) = map.as_object_mut() {
                    map.retain(|_, value| !value.is_null());
                }
            }
            all["target"] = target;
            all
        },
    )
}

fn policy(exemptions: &[serde_json::Value]) -> Policy {
    let all = serde_json::json!({
        "apiVersion": "krm-parity.io/v1alpha1", "kind": "ParityPolicy",
        "spec": {"exemptions": exemptions},
    });
    match read(
        crate::rules::RULES,
        Some(&serde_yaml::to_value(all).unwrap()),
    ) {
        Ok(Config::Policy(policy)) => policy,
        other => panic!("{other:?}"),
    }
}

const TREE: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings-5f2c7h9k6m}}
---
{apiVersion: v1, kind: Odd, metadata: {name: api}}
";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn an_index_judges_as_a_loop_does(
        exemptions in vec(exemption(), 0..60),
        findings in vec(finding(), 0..40),
        judged in vec((select(&SERVICES[..]), select(&ENVIRONMENTS[1..]), any::<bool>()), 0..5),
        look in proptest::option::of((any::<bool>(), any::<bool>(), any::<bool>())),
    ) {
        let tree = yaml::parse(TREE).unwrap();
        let resources: Vec<Resource<'_>> = tree.roots().filter_map(Resource::read).collect();
        let services = ["shop", "bank", "shop"];
        let comparisons: Vec<_> = judged
            .iter()
            .map(|(service, environment, is_sibling)| Sides {
                environment,
                baseline: "base",
                against: if *is_sibling {
                    Against::Sibling { is_next: true, is_promoted: true, is_of_one_base: true }
                } else {
                    Against::Baseline
                },
                service,
                base: &resources,
                services: &services,
                overlay: &resources[1..],
                witnesses: &[],
                hidden: &[],
        is_rendered: false,
            })
            .map(|sides| compare(sides, IdentityMode::Strict))
            .collect();
        let pairs = || judged.iter().map(|(service, environment, _)| {
            ((*service).to_owned(), (*environment).to_owned())
        });
        let look = look.map(|(is_part, has_files, has_unseen)| Look {
            seen: pairs().collect(),
            unseen: pairs().take(usize::from(has_unseen)).collect(),
            is_part,
            has_files,
            ..Look::default()
        });
        let policy = policy(&exemptions);
        let today = jiff::civil::date(2026, 6, 1);
        let weights: Vec<Severity> = findings
            .iter()
            .map(|finding| policy.severity(record(finding.rule)))
            .collect();
        let (mut by_index, mut by_loop) = (findings.clone(), findings);
        let look = look.as_ref();
        apply(&comparisons, look, &policy, today, &weights, &mut by_index);
        apply_by_loop(&comparisons, look, &policy, today, &weights, &mut by_loop);
        prop_assert_eq!(by_index, by_loop);
    }
}
