use super::entry::path_scalar;
use super::*;
use crate::finding::{Compared, FieldRef};
use crate::layout::{Baseline, Overlay, Service};
use crate::path::{FieldPath, Path, Pattern};
use crate::yaml::{Tree, parse};

/// Services by name, each with the texts of its base and its environments.
struct Repository {
    layout: Layout,
    texts: Vec<(String, String)>,
}

impl Repository {
    fn new(services: &[(&str, &[(&str, &str)])]) -> Self {
        let mut layout = Layout::default();
        let mut texts = Vec::new();
        for (service, all) in services {
            let directory = |name: &str| format!("{service}/{name}");
            for (name, text) in *all {
                texts.push((directory(name), (*text).to_owned()));
            }
            let overlays = all.iter().filter(|(name, _)| *name != "base");
            layout.services.push(Service {
                name: (*service).to_owned(),
                overlays: overlays
                    .map(|(name, _)| Overlay {
                        name: (*name).to_owned(),
                        directory: directory(name),
                        bases: vec![directory("base")],
                        baseline: Baseline::default(),
                        rank: crate::naming::rank(name),
                        is_asked: true,
                    })
                    .collect(),
                variants: Vec::new(),
                is_above: false,
            });
        }
        Self { layout, texts }
    }

    fn adopt(&self, policy: &Policy, findings: &[Finding]) -> Adoption {
        let trees: BTreeMap<&str, Tree<'_>> = self
            .texts
            .iter()
            .map(|(directory, text)| (directory.as_str(), parse(text).unwrap()))
            .collect();
        let read = |tree| Tree::roots(tree).filter_map(Resource::read).collect();
        let resources = trees.iter();
        let resources = resources.map(|(directory, tree)| (*directory, read(tree)));
        let scene = Scene {
            policy,
            layout: &self.layout,
            site: None,
            resources: &resources.collect(),
            today: jiff::civil::date(2026, 6, 15),
            is_wired: false,
        };
        adopt(
            &scene,
            findings,
            Hold::Values,
            Days {
                first: jiff::civil::date(2026, 9, 13),
                last: jiff::civil::date(2026, 9, 13),
            },
        )
    }
}

const WEB: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}";

fn finding(rule: &str, service: &str, environment: &str) -> Finding {
    Finding {
        service: Name::new(service),
        compared: Compared::with_base(environment, ""),
        ..Finding::new(
            RuleId::parse(rule).unwrap(),
            String::new(),
            "it is so".to_owned(),
            String::new(),
        )
    }
}

fn at(path: &str) -> FieldPath<'_> {
    Path::parse(path).unwrap().into()
}

/// A finding about a field of a Deployment that is named `web` in the base.
fn about(service: &str, environment: &str, path: &str) -> Finding {
    Finding {
        resource: Some(ResourceRef {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            name: format!("{environment}-web"),
            namespace: None,
        }),
        base_name: Some("web".to_owned()),
        field: Some(FieldRef {
            path: at(path).into_owned(),
            base_path: None,
            overlay: None,
            base: None,
        }),
        ..finding("image", service, environment)
    }
}

/// Exemptions without the reasons and dates, which are all alike.
fn told(adoption: &Adoption) -> Vec<String> {
    let lines = |item: &Item| {
        let all = item.block.lines().map(str::trim);
        let kept = all.filter(|line| !line.starts_with("reason:") && !line.starts_with("expires:"));
        kept.collect::<Vec<_>>().join("; ")
    };
    adoption.items.iter().map(lines).collect()
}

#[test]
fn environments_of_one_place_are_one_exemption() {
    let prod = WEB.replace("web", "prod-web");
    let dev = WEB.replace("web", "dev-web");
    let all: &[(&str, &str)] = &[("base", WEB), ("dev", &dev), ("prod", &prod)];
    let repository = Repository::new(&[("shop", all)]);
    let findings = [
        about("shop", "prod", "spec.x"),
        about("shop", "dev", "spec.x"),
        about("shop", "prod", "spec.containers[name=a].y"),
    ];
    let adoption = repository.adopt(&Policy::default(), &findings);
    assert_eq!(
        told(&adoption),
        [
            "- rule: image; target: {kind: Deployment, name: web}; path: spec.containers[name=a].y; services: [shop]; environments: [prod]",
            "- rule: image; target: {kind: Deployment, name: web}; path: spec.x; services: [shop]; environments: [dev, prod]",
        ]
    );
    assert_eq!(adoption.adopted, 3);
    assert_eq!(
        adoption.items[0].comment.as_deref(),
        Some("image: 3 findings in shop")
    );
    assert_eq!(adoption.items[1].comment, None);
    assert!(adoption.items[0].block.ends_with(
        "reason: \"adopted 2026-06-15: TODO say why this may stay until then, and who fixes it\"\n  expires: \"2026-09-13\""
    ));
    assert_eq!(
        parse(&adoption.items[1].block)
            .unwrap()
            .roots()
            .next()
            .unwrap()
            .to_json()[0],
        adoption.items[1].value
    );
}

#[test]
fn services_are_named_so_that_a_later_one_is_new() {
    let all: &[(&str, &str)] = &[("base", WEB), ("dev", WEB), ("prod", WEB)];
    let repository = Repository::new(&[("cart", all), ("shop", all)]);
    let one = [about("shop", "prod", "spec.x")];
    assert_eq!(
        told(&repository.adopt(&Policy::default(), &one)),
        [
            "- rule: image; target: {kind: Deployment, name: web}; path: spec.x; services: [shop]; environments: [prod]"
        ]
    );
    let both = [
        about("shop", "prod", "spec.x"),
        about("cart", "prod", "spec.x"),
    ];
    assert_eq!(
        told(&repository.adopt(&Policy::default(), &both)),
        [
            "- rule: image; target: {kind: Deployment, name: web}; path: spec.x; services: [cart, shop]; environments: [prod]"
        ]
    );
    let unlike = [
        about("shop", "prod", "spec.x"),
        about("cart", "prod", "spec.x"),
        about("cart", "dev", "spec.x"),
        finding("missing-environment", "shop", "qa"),
    ];
    assert_eq!(
        told(&repository.adopt(&Policy::default(), &unlike)),
        [
            "- rule: image; target: {kind: Deployment, name: web}; path: spec.x; services: [cart]; environments: [dev, prod]",
            "- rule: image; target: {kind: Deployment, name: web}; path: spec.x; services: [shop]; environments: [prod]",
            "- rule: missing-environment; services: [shop]; environments: [qa]",
        ]
    );
}

/// A service that is named after the checkout has another name in the next one.
#[test]
fn a_name_that_does_not_last_is_left_out_if_no_other_service_is_meant() {
    let all: &[(&str, &str)] = &[("base", WEB), ("prod", WEB)];
    let mut repository = Repository::new(&[("shop", all)]);
    let rename = |repository: &mut Repository| {
        "checkout".clone_into(&mut repository.layout.services[0].name);
    };
    rename(&mut repository);
    let one = [about("checkout", "prod", "spec.x")];
    let bare =
        "- rule: image; target: {kind: Deployment, name: web}; path: spec.x; environments: [prod]";
    assert_eq!(told(&repository.adopt(&Policy::default(), &one)), [bare]);

    let mut two = Repository::new(&[("shop", all), ("web", all)]);
    rename(&mut two);
    for (findings, services) in [
        (&one[..], "services: [checkout]"),
        (
            &[one[0].clone(), about("web", "prod", "spec.x")],
            "services: [checkout, web]",
        ),
    ] {
        let named = bare.replace("environments", &format!("{services}; environments"));
        assert_eq!(told(&two.adopt(&Policy::default(), findings)), [named]);
    }
    // A finding about no service cannot name one.
    let none = [
        finding("unchecked-file", "", ""),
        finding("unchecked-file", "web", ""),
    ];
    assert_eq!(
        told(&two.adopt(&Policy::default(), &none)),
        [
            "- rule: unchecked-file; services: [web]",
            "- rule: unchecked-file"
        ]
    );
}

#[test]
fn groups_and_namespaces_are_named_if_a_name_is_ambiguous() {
    let two = format!(
        "{WEB}\n---\n{}\n---\n{}\n",
        WEB.replace("apps/v1", "example.com/v1"),
        WEB.replace("{name: web", "{namespace: other, name: web")
    );
    let repository = Repository::new(&[("shop", &[("base", WEB), ("prod", &two)])]);
    let findings = [about("shop", "prod", "spec.x")];
    assert_eq!(
        told(&repository.adopt(&Policy::default(), &findings)),
        [
            "- rule: image; target: {group: apps, kind: Deployment, namespace: \"\", name: web}; path: spec.x; services: [shop]; environments: [prod]"
        ]
    );
    // The resource named `web` now is not the one with that name in the base.
    let taken = format!("{WEB}\n---\n{}\n", WEB.replace("web", "prod-web"));
    let repository = Repository::new(&[("shop", &[("base", WEB), ("prod", &taken)])]);
    assert_eq!(
        told(&repository.adopt(&Policy::default(), &findings)),
        [
            "- rule: image; target: {kind: Deployment, name: prod-web}; path: spec.x; services: [shop]; environments: [prod]"
        ]
    );
}

#[test]
fn findings_that_cannot_be_adopted_are_reported() {
    let repository = Repository::new(&[("shop", &[("base", WEB), ("prod", WEB)])]);
    let mut expired = Policy::default();
    let text = "{apiVersion: krm-parity.io/v1alpha1, kind: ParityPolicy, spec: {exemptions: [{rule: image, path: spec.x, \
                reason: why, expires: '2026-06-14'}]}}";
    if let Ok(crate::policy::Config::Policy(policy)) = crate::policy::read(
        crate::rules::RULES,
        Some(&serde_yaml::from_str(text).unwrap()),
    ) {
        expired = policy;
    }
    let info = Finding {
        severity: Severity::Info,
        ..about("shop", "prod", "spec.z")
    };
    let findings = [
        about("shop", "prod", "spec.x"),
        finding("build-failure", "shop", "prod"),
        finding("expired-exemption", "shop", "prod"),
        info,
    ];
    let adoption = repository.adopt(&expired, &findings);
    assert_eq!(
        adoption,
        Adoption {
            unbuilt: vec!["it is so".to_owned()],
            expired: 1,
            ..Adoption::default()
        }
    );
    let again = repository.adopt(&Policy::default(), &findings);
    assert_eq!((again.adopted, again.expired), (1, 0));
}

/// A new dead patch beside an old one is reported, unless dead patches fail and so have to be adopted.
#[test]
fn warnings_about_files_stay_unless_they_fail() {
    let repository = Repository::new(&[("shop", &[("base", WEB), ("prod", WEB)])]);
    let warning = Finding {
        severity: Severity::Warning,
        ..finding("dead-patch", "shop", "prod")
    };
    let findings = [warning];
    let lenient = Policy::default();
    assert_eq!(repository.adopt(&lenient, &findings), Adoption::default());
    let strict = Policy {
        fail_on: Severity::Warning,
        ..lenient
    };
    assert_eq!(
        told(&repository.adopt(&strict, &findings)),
        ["- rule: dead-patch; services: [shop]; environments: [prod]"]
    );
}

/// A character that means everything in patterns is replaced by one that means a single character.
#[test]
fn odd_names_are_matched_and_little_else() {
    for (path, expected) in [
        ("spec.a", "spec.a"),
        (
            "metadata.annotations[\"a.b/c\"]",
            "metadata.annotations[\"a.b/c\"]",
        ),
        ("metadata.labels[\"*\"]", "metadata.labels[\"?\"]"),
        ("metadata.labels[\"**\"].x", "metadata.labels[\"??\"].x"),
        (
            "spec.rules[host=\"*.example.com\"].http",
            "spec.rules[host=\"?.example.com\"].http",
        ),
        ("spec.hosts[=\"*\"]", "spec.hosts[=\"?\"]"),
        ("spec.a[3].b", "spec.a[3].b"),
        (
            "a[\"it's \\\\ \\\" odd\\n\"]",
            "a[\"it's \\\\ \\\" odd\\n\"]",
        ),
    ] {
        let place = at(path);
        let found = pattern(&place);
        assert_eq!(found, expected);
        assert!(
            Pattern::parse(&found).unwrap().matches(place.spots()),
            "{path}"
        );
        let yaml = format!("x:\n  path: {}\n", path_scalar(&found));
        let tree = parse(&yaml).unwrap();
        let read = tree.roots().next().unwrap().str_at(&["x", "path"]);
        assert_eq!(read, Some(found.as_str()), "{yaml}");
    }
    let deep = vec!["a"; 80].join(".");
    assert!(Pattern::parse(&pattern(&at(&deep))).is_ok());
    assert_eq!(glob("a b*c"), "a?b?c");
}

#[test]
fn many_services_are_counted() {
    let names: Vec<String> = (0..12).map(|at| format!("s{at:02}")).collect();
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(
        heading(RuleId::Image, 30, &names),
        "image: 30 findings in s00, s01, s02, s03, s04, s05, s06, s07 and 4 more services"
    );
}
