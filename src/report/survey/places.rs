//! Combines findings: the same change in several environments is reported once, with the values of
//! each, and so is one line that affects several resources, or several services that load it.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::causes::causes;
use super::told::{Told, renamed};
use crate::catalog::Severity;
use crate::finding::Finding;
use crate::report::fingerprint::group;
use crate::survey::Survey;

/// Combines findings with the same content at one place, in the order of the findings; in a
/// service, those of several environments come first.
pub(super) fn places<'f>(survey: &Survey, findings: &[&'f Finding]) -> Vec<Told<'f>> {
    let mut all: Vec<Told<'f>> = Vec::new();
    let mut known: HashMap<_, usize> = HashMap::new();
    for &finding in findings {
        let place = group(finding).map(|place| {
            let weight = (finding.severity, finding.is_exempt());
            (place, weight, finding.baseline(), renamed(finding, ""))
        });
        let there = place.as_ref().and_then(|place| known.get(place));
        match there.map(|&at| &mut all[at]) {
            // Two findings of one environment at one place stay separate.
            Some(told)
                if told
                    .all()
                    .all(|one| one.environment() != finding.environment()) =>
            {
                told.others.push(finding);
            }
            _ => {
                known.extend(place.map(|place| (place, all.len())));
                all.push(Told {
                    first: finding,
                    others: Vec::new(),
                    repeats: Vec::new(),
                });
            }
        }
    }
    for told in &mut all {
        in_order(survey, told);
    }
    let mut all = causes(survey, all);
    let of_one = |a: &Told<'_>, b: &Told<'_>| {
        (a.first.service(), a.first.severity) == (b.first.service(), b.first.severity)
    };
    for service in all.chunk_by_mut(of_one) {
        // The sort is stable, so the findings of one environment keep their order.
        service.sort_by_key(|told| match told.others.len() {
            0 => (1, None, None),
            _ => (0, told.environments(), told.first.baseline()),
        });
    }
    all
}

/// Sorts the findings of a service's environments into promotion order; the first one represents
/// all.
fn in_order(survey: &Survey, told: &mut Told<'_>) {
    if told.others.is_empty() {
        return;
    }
    let mut services = survey.services.iter();
    let service = services.find(|service| told.first.service() == Some(&service.name));
    let rank = |finding: &&Finding| {
        let mut environments = service.into_iter().flat_map(|one| &one.environments);
        environments
            .position(|one| finding.environment() == Some(&one.name))
            .unwrap_or(usize::MAX)
    };
    told.others.insert(0, told.first);
    told.others.sort_by_key(rank);
    told.first = told.others.remove(0);
}

/// The places grouped by side; sides and places are sorted by severity, the most severe first.
pub(super) fn sides_by_weight<'f>(survey: &Survey, findings: &[&'f Finding]) -> Vec<Vec<Told<'f>>> {
    let all = places(survey, findings);
    let sides = all.chunk_by(Told::is_of_one_side);
    let mut sides: Vec<Vec<Told<'f>>> = sides.map(<[_]>::to_vec).collect();
    let weight = |told: &Told<'_>| Reverse(told.first.severity);
    for side in &mut sides {
        side.sort_by_key(weight);
    }
    sides.sort_by_key(|side| side.first().map_or(Reverse(Severity::Ignore), weight));
    sides
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Class, RuleId};
    use crate::finding::{Compared, Name, Place};
    use crate::report::fixture::change;
    use serde_json::{Value, json};

    /// A change of a Deployment by a line of a file, in an environment.
    fn by(file: &str, line: usize, service: &str, environment: &str, name: &str) -> Finding {
        let mut finding = change(name, "spec.x", json!(1), json!(2));
        finding.service = Name::new(service);
        finding.compared = Compared::with_base(environment, "base");
        finding.place = Some(Place {
            file: file.to_owned(),
            line,
            column: 3,
            length: 1,
            what: "images".to_owned(),
            source: None,
        });
        finding.permit = format!(
            "add it. Entry: {{name: {name}, services: [{service}], environments: [{environment}]}}"
        );
        finding
    }

    /// The combined findings, as `service name environments; other places`.
    fn told(findings: &[Finding]) -> Vec<String> {
        let all: Vec<&Finding> = findings.iter().collect();
        let survey = Survey {
            services: ["outer", "shop/web"].map(service).to_vec(),
            ..Survey::default()
        };
        let all = places(&survey, &all);
        let one = |told: &Told<'_>| {
            let name = told
                .first
                .resource
                .as_ref()
                .map_or("", |one| one.name.as_str());
            format!(
                "{} {name} {}; {}",
                told.first.service().unwrap_or_default(),
                told.environments().unwrap_or_default(),
                told.also().join(", ")
            )
        };
        all.iter().map(one).collect()
    }

    fn service(name: &str) -> crate::survey::Service {
        let environment = |environment: &str| crate::survey::Environment {
            name: environment.to_owned(),
            directory: format!("{name}/overlays/{environment}"),
            state: crate::survey::State::Judged,
        };
        crate::survey::Service {
            name: name.to_owned(),
            bases: Vec::new(),
            environments: ["dev", "prod"].map(environment).to_vec(),
        }
    }

    const FILE: &str = "shop/web/overlays/prod/kustomization.yaml";

    #[test]
    fn changes_of_one_line_to_several_resources_are_reported_once() {
        let web = by(FILE, 4, "shop/web", "prod", "web");
        let job = by(FILE, 4, "shop/web", "prod", "job");
        assert_eq!(
            told(&[web.clone(), job.clone()]),
            ["shop/web web prod; apps/v1 Deployment job"]
        );
        let mut inner = web.clone();
        inner.field = change("web", "spec.y", json!(1), json!(2)).field;
        assert_eq!(told(&[web.clone(), inner]), ["shop/web web prod; spec.y"]);
        // The same change by another line is alike; another value, severity or environment is a separate finding.
        let alike: [fn(&mut Finding); 2] = [
            |one| one.place.as_mut().unwrap().line = 5,
            |one| one.place = None,
        ];
        for change in alike {
            let mut other = job.clone();
            change(&mut other);
            let once = ["shop/web web prod; apps/v1 Deployment job"];
            assert_eq!(told(&[web.clone(), other]), once);
        }
        let others: [fn(&mut Finding); 4] = [
            |one| one.field.as_mut().unwrap().overlay = Some(json!(3)),
            |one| one.field.as_mut().unwrap().base = Some(json!(3)),
            |one| one.severity = Severity::Warning,
            |one| one.compared = Compared::with_base("dev", "base"),
        ];
        for change in others {
            let mut other = job.clone();
            change(&mut other);
            assert_eq!(told(&[web.clone(), other]).len(), 2);
        }
    }

    #[test]
    fn environments_are_listed_in_the_order_of_promotion() {
        let environments = ["dev", "staging", "prod"];
        let mut service = service("shop/web");
        let one = service.environments[0].clone();
        service.environments = environments
            .map(|name| crate::survey::Environment {
                name: name.to_owned(),
                ..one.clone()
            })
            .to_vec();
        let survey = Survey {
            services: vec![service],
            ..Survey::default()
        };
        let mut sorted = environments;
        sorted.sort_unstable();
        let headlines = |make: &dyn Fn(&str) -> Finding| {
            let findings = sorted.map(make);
            let all: Vec<&Finding> = findings.iter().collect();
            let all = places(&survey, &all);
            let told = all.iter().map(|told| told.headline().into_owned());
            told.collect::<Vec<_>>()
        };
        let added = |name: &str| {
            let mut finding = by(FILE, 4, "shop/web", name, "web");
            finding.headline = format!("it is in {name}, but not in the base");
            finding
        };
        assert_eq!(
            headlines(&added),
            ["it is in dev, staging and prod, but not in the base"]
        );
        // Failed builds with one reason are reported once; another reason is separate.
        let broken = |name: &str| {
            let cause = if name == "staging" {
                "why"
            } else {
                "no p.yaml"
            };
            let mut finding = by(FILE, 4, "shop/web", name, "web");
            finding.rule = RuleId::BuildFailure;
            (finding.resource, finding.field) = (None, None);
            finding.headline = format!("{name} of service shop/web does not build: {cause}");
            finding
        };
        assert_eq!(
            headlines(&broken),
            [
                "dev and prod of service shop/web do not build: no p.yaml",
                "staging of service shop/web does not build: why",
            ]
        );
    }

    #[test]
    fn findings_of_a_loaded_service_are_reported_for_that_service() {
        let outer = by(FILE, 4, "outer", "prod", "web");
        let own = by(FILE, 4, "shop/web", "prod", "web");
        let once = ["shop/web web prod; in service outer"];
        assert_eq!(told(&[outer.clone(), own.clone()]), once);
        // Compared with a sibling, it is the same line.
        let mut beside = outer.clone();
        beside.rule = RuleId::EnvironmentMismatch;
        beside.compared = Compared::with_sibling("prod", "dev");
        beside.field.as_mut().unwrap().base = Some(json!(7));
        assert_eq!(told(&[beside.clone(), own.clone()]), once);
        // A more severe finding is reported separately, and so is one that the service has of its
        // own.
        let mut light = own.clone();
        light.severity = Severity::Warning;
        assert_eq!(told(&[beside.clone(), light]).len(), 2);
        beside.service = own.service.clone();
        assert_eq!(told(&[beside, own]).len(), 2);
    }

    #[test]
    fn a_list_with_many_changes_is_reported_once() {
        let element = |name: &str, at: usize, base: Option<&str>, overlay: Option<&str>| {
            let mut finding = by(FILE, at + 4, "shop/web", "prod", name);
            let field = finding.field.as_mut().unwrap();
            field.path = crate::report::fixture::at(&format!("args[{at}]"), &format!("args[{at}]"));
            field.base = base.map(|text| json!(text));
            field.overlay = overlay.map(|text| json!(text));
            finding
        };
        let mut findings = vec![
            element("web", 0, None, Some("--a")),
            element("web", 1, Some("--b"), None),
        ];
        assert_eq!(told(&findings), ["shop/web web prod; --b (removed)"]);
        findings.push(element("web", 2, Some("--c=1"), Some("--c=2")));
        let once = "shop/web web prod; --b (removed), --c=1 → --c=2";
        assert_eq!(told(&findings), [once]);
        findings.push(element("job", 0, None, Some("--d")));
        assert_eq!(told(&findings), [once, "shop/web job prod; "]);
    }

    #[test]
    fn names_that_one_file_adds_side_by_side_are_reported_once() {
        let variable = |name: &str, file: &str, base: Option<&str>, overlay: Option<&str>| {
            let mut finding = by(file, 4, "shop/web", "prod", "web");
            finding.class = Some(Class::EnvNames);
            let field = finding.field.as_mut().unwrap();
            let path = format!("env[name={name}]");
            field.path = crate::report::fixture::at(&path, "env[0]");
            field.base = base.map(|text| json!(text));
            field.overlay = overlay.map(|text| json!(text));
            finding
        };
        let added = |name: &str| variable(name, FILE, None, Some(name));
        let mut findings = vec![added("A"), added("B")];
        findings[1].place.as_mut().unwrap().line = 5;
        assert_eq!(told(&findings), ["shop/web web prod; B"]);
        findings.push(added("C"));
        findings[2].place.as_mut().unwrap().line = 6;
        let once = "shop/web web prod; B, C";
        assert_eq!(told(&findings), [once]);
        // Names from another file, removed names, and names that only differ are separate.
        let others = [
            variable("D", "shop/web/base/other.yaml", None, Some("d")),
            variable("E", FILE, Some("e"), None),
            variable("F", FILE, Some("f"), Some("g")),
        ];
        for other in others {
            let both = [findings.clone(), vec![other]].concat();
            assert_eq!(told(&both).len(), 2);
        }
        // A field with an effect of its own is reported separately.
        findings[1].class = Some(Class::ServiceMesh);
        assert_eq!(told(&findings).len(), 2);
    }

    #[test]
    fn parts_that_only_have_a_meaning_together_are_reported_once() {
        let field = |path: &str, class: Class, base: Value, overlay: Value| {
            let mut finding = by(FILE, 4, "shop/web", "prod", "web");
            finding.class = Some(class);
            let field = finding.field.as_mut().unwrap();
            field.path = crate::report::fixture::at(path, path);
            field.base = Some(base).filter(|value| !value.is_null());
            field.overlay = Some(overlay).filter(|value| !value.is_null());
            finding
        };
        let annotations = [
            field(
                "metadata.annotations.a",
                Class::Annotations,
                json!("1"),
                json!("2"),
            ),
            field(
                "metadata.annotations.b",
                Class::Annotations,
                json!(null),
                json!("2"),
            ),
            field(
                "metadata.annotations.c",
                Class::Annotations,
                json!("1"),
                json!(null),
            ),
        ];
        assert_eq!(
            told(&annotations),
            ["shop/web web prod; b (added), c (removed)"]
        );
        let routes = [
            field(
                "spec.tls[0].secretName",
                Class::IngressStructure,
                json!("a"),
                json!("b"),
            ),
            field(
                "spec.rules[0].http",
                Class::IngressStructure,
                json!(null),
                json!({}),
            ),
        ];
        assert_eq!(
            told(&routes),
            ["shop/web web prod; spec.rules[0].http (added)"]
        );
        let strategy = [
            field("spec.strategy.type", Class::Other, json!("a"), json!("b")),
            field(
                "spec.strategy.rollingUpdate",
                Class::Other,
                json!({}),
                json!(null),
            ),
        ];
        assert_eq!(
            told(&strategy),
            ["shop/web web prod; rollingUpdate (removed)"]
        );
        // Other fields of a pod act by themselves.
        let mut pod = [
            field(
                "spec.template.spec.hostNetwork",
                Class::Other,
                json!(null),
                json!(true),
            ),
            field(
                "spec.template.spec.hostPID",
                Class::Other,
                json!(null),
                json!(true),
            ),
        ];
        pod[1].place.as_mut().unwrap().line = 5;
        assert_eq!(told(&pod).len(), 2);
    }

    #[test]
    fn resources_that_environments_add_under_their_own_names_are_reported_once() {
        let added = |environment: &str, source: &str| {
            let file = format!("shop/web/overlays/{environment}/job.yaml");
            let name = format!("{environment}-job");
            let mut finding = by(&file, 4, "shop/web", environment, &name);
            finding.rule = RuleId::AddedResource;
            finding.field = None;
            let place = finding.place.as_mut().unwrap();
            place.column = source.find("job").unwrap_or(0) + 1;
            place.length = source.len() + 1 - place.column;
            place.source = Some(source.to_owned());
            finding
        };
        let both = |one, other| told(&[added("dev", one), added("prod", other)]);
        let once = both("  name: job", "    name: job");
        assert_eq!(once, ["shop/web dev-job dev and prod; "]);
        // Another name is another resource.
        assert_eq!(both("  name: job", "  name: jobs").len(), 2);
        // Without a line, the names decide: each holds its own environment, or another one.
        assert_eq!(both("- job", "- job").len(), 1);
        let mut other = added("prod", "- job");
        other.resource.as_mut().unwrap().name = "staging-job".to_owned();
        assert_eq!(told(&[added("dev", "- job"), other]).len(), 2);
    }

    #[test]
    fn parameters_of_one_map_are_reported_once() {
        let parameter = |path: &str, overlay: Value| {
            let mut finding = by(FILE, 4, "shop/web", "prod", "db");
            finding.class = Some(Class::Other);
            let field = finding.field.as_mut().unwrap();
            field.path = crate::report::fixture::at(path, path);
            field.base = Some(json!(1));
            field.overlay = Some(overlay);
            finding
        };
        let three = |path: &str| {
            let names = ["a", "b", "c"].into_iter().zip(2..);
            let all = names.map(|(name, at)| parameter(&format!("{path}.{name}"), json!(at)));
            all.collect::<Vec<_>>()
        };
        assert_eq!(
            told(&three("spec.pool.parameters")),
            ["shop/web db prod; b: 1 → 3, c: 1 → 4"]
        );
        for apart in ["spec", "spec.template.spec", "spec.x.securityContext"] {
            assert_eq!(told(&three(apart)).len(), 3, "{apart}");
        }
        let map = parameter("spec.pool.parameters.d", json!({"e": 1}));
        let both = [three("spec.pool.parameters"), vec![map]].concat();
        assert_eq!(told(&both).len(), 2);
    }

    #[test]
    fn an_entry_permits_all_that_is_reported_together() {
        let findings = [
            by(FILE, 4, "shop/web", "dev", "web"),
            by(FILE, 4, "shop/web", "prod", "web"),
        ];
        let all: Vec<&Finding> = findings.iter().collect();
        let all = places(&Survey::default(), &all);
        let [told] = all.as_slice() else {
            panic!("{all:?}");
        };
        assert_eq!(
            told.permit(),
            "add it. Entry: {name: web, services: [shop/web], environments: [dev, prod]}"
        );
    }
}
