//! The index of permissions compared with the plain loop that it replaces.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::compare::comparison::{Against, Sides, compare};
use crate::compare::diff::places;
use crate::policy::{Config, IdentityMode, read};
use crate::resource::Resource;
use crate::yaml;

/// Decides about a change by trying everything.
fn verdict_by_loop<'p>(
    policy: &'p Policy,
    guidance: &Guidance,
    environment: &str,
    pair: Pair<'_, '_>,
    classified: &Classified<'_>,
) -> Verdict<'p> {
    let Classified { change, class, .. } = classified;
    if is_guidance(change) {
        return Verdict::Guidance;
    }
    let place = field_path(&change.steps);
    let place = place.spots();
    let denied = |pattern: &&Pattern| {
        let mut fits = (1..=place.len()).any(|end| pattern.matches(&place[..end]));
        let mut look = |below: &[Spot<'_>]| fits |= pattern.matches(below);
        places(pair.base, pair.overlay, change, &mut look);
        fits
    };
    if let Some(pattern) = guidance.deny.iter().find(denied) {
        return Verdict::Denied(pattern.to_string());
    }
    if policy.allows(*class) {
        return Verdict::Class;
    }
    let covers = |pattern: &Pattern| {
        pattern.matches(place)
            || leaves(change, place).is_some_and(|leaves| {
                !leaves.is_empty() && leaves.iter().all(|leaf| pattern.matches(leaf))
            })
    };
    let reference = pair.overlay.reference();
    let names = names(&reference, Some(pair.base.name()));
    let field = policy.fields.iter().find(|field| {
        field.is_for(environment, pair.service)
            && field.target.matches(&reference, &names)
            && covers(&field.path)
    });
    if let Some(field) = field {
        return Verdict::Field(field);
    }
    match guidance.allow.iter().find(|pattern| covers(pattern)) {
        Some(pattern) => Verdict::Base(pattern.to_string()),
        None => Verdict::Forbidden,
    }
}

const PATTERNS: [&str; 16] = [
    "spec",
    "spec.*",
    "spec.**",
    "**",
    "spec.a",
    "spec.b.**",
    "spec.b.x",
    "spec.b.*",
    "**.x",
    "spec.list[*].value",
    "spec.list[name=one].value",
    "spec.list[name=o*].**",
    "spec.list[0].*",
    "spec.?",
    "*.b.y",
    "data",
];

fn allowed() -> impl Strategy<Value = serde_json::Value> {
    let part = |all: &'static [&'static str]| proptest::option::weighted(0.5, select(all));
    (
        part(&["Odd", "O*", "Deployment"]),
        part(&["web", "new-web", "w*", "api"]),
        part(&["shop", "*", "s?op"]),
        select(&PATTERNS[..]),
        vec(select(&["shop", "bank", "s*"][..]), 0..3),
        vec(select(&["dev", "production"][..]), 0..2),
    )
        .prop_map(|(kind, name, namespace, path, services, environments)| {
            let mut target =
                serde_json::json!({"kind": kind, "name": name, "namespace": namespace});
            if let Some(map) = target.as_object_mut() {
                map.retain(|_, value| !value.is_null());
            }
            serde_json::json!({
                "target": target, "path": path, "services": services,
                "environments": environments, "reason": "why",
            })
        })
}

fn patterns() -> impl Strategy<Value = Indexed<Pattern>> {
    let parse = |all: Vec<&str>| {
        let all = all.into_iter().filter_map(|text| Pattern::parse(text).ok());
        Indexed::from(all.collect::<Vec<_>>())
    };
    // Most bases deny little, because a denial hides what others allow.
    prop_oneof![
        vec(select(&PATTERNS[..]), 0..2).prop_map(parse),
        vec(select(&PATTERNS[4..]), 0..40).prop_map(parse),
    ]
}

const BASE: &str = "{apiVersion: x/v1, kind: Odd, metadata: {name: web, namespace: shop}, spec: {a: 1, b: {x: 1, y: 2}, c: {z: [1]}, list: [{name: one, value: 1}, {name: two, value: 2}]}}";
const OVERLAYS: [&str; 3] = [
    "{apiVersion: x/v1, kind: Odd, metadata: {name: web, namespace: shop}, spec: {a: 2, b: {x: 2, y: 2}, c: {z: [2]}, list: [{name: one, value: 3}]}}",
    "{apiVersion: x/v1, kind: Odd, metadata: {name: web, namespace: shop}, spec: {a: {x: 1, y: {x: 2}}, list: [{name: two, value: 5}, {name: one, value: 1}], d: {x: [1, {name: q}], y: {}}}}",
    "{apiVersion: x/v1, kind: Odd, metadata: {name: web, namespace: shop}, data: {x: {x: 1}}}",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn an_index_permits_as_a_loop_does(
        fields in vec(allowed(), 0..50),
        allow in patterns(),
        deny in patterns(),
        overlay in select(&OVERLAYS[..]),
        service in select(&["shop", "bank", ""][..]),
        environment in select(&["dev", "production", ""][..]),
    ) {
        let all = serde_json::json!({
            "apiVersion": "krm-parity.io/v1alpha1", "kind": "ParityPolicy",
            "spec": {"allow": {"fields": fields}},
        });
        let policy = match read(crate::rules::RULES, Some(&serde_yaml::to_value(all).unwrap())) {
            Ok(Config::Policy(policy)) => policy,
            other => panic!("{other:?}"),
        };
        let (base, overlay) = (yaml::parse(BASE).unwrap(), yaml::parse(overlay).unwrap());
        let base: Vec<Resource<'_>> = base.roots().filter_map(Resource::read).collect();
        let overlay: Vec<Resource<'_>> = overlay.roots().filter_map(Resource::read).collect();
        let services = [service];
        let comparison = compare(Sides {
            environment,
            baseline: "base",
            against: Against::Baseline,
            service,
            base: &base,
            services: &services,
            overlay: &overlay,
            witnesses: &[],
            hidden: &[],
        is_rendered: false,
        }, IdentityMode::Strict);
        let guidance = Guidance { allow, deny, faults: Vec::new() };
        let mut count = 0;
        for (pair, changes) in comparison.pairs() {
            for classified in changes {
                count += 1;
                prop_assert_eq!(
                    verdict(&policy, &guidance, environment, pair, classified),
                    verdict_by_loop(&policy, &guidance, environment, pair, classified)
                );
            }
        }
        prop_assert!(count > 0);
    }
}
