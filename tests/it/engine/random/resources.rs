//! Resources of many kinds, and the parts that others can refer to.

use crate::edits::Dice;

use super::pods::{pod, workload};
use super::scalars;
use super::write::Yaml;

/// A resource as the rest of a tree refers to it.
#[derive(Clone, Debug)]
pub struct Known {
    pub api: &'static str,
    pub kind: &'static str,
    /// Its first name.
    pub first: String,
    /// Its current name, according to the generator.
    pub name: String,
    pub namespace: Option<String>,
    /// Its containers, if it has any.
    pub containers: Vec<String>,
    /// Its content.
    pub value: Yaml,
}

/// Kinds, each with the function that makes a resource.
const KINDS: [(&str, &str); 26] = [
    ("apps/v1", "Deployment"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("v1", "Service"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("networking.k8s.io/v1", "Ingress"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("v1", "ServiceAccount"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Namespace"),
    ("example.com/v1", "Widget"),
    ("example.com/v1alpha1", "Gadget"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
    ),
    ("v1", "Pod"),
];

impl Known {
    pub fn has_pods(&self) -> bool {
        !self.containers.is_empty()
    }

    /// The path to the template of its pods.
    pub fn template(&self) -> &'static [&'static str] {
        match self.kind {
            "CronJob" => &["spec", "jobTemplate", "spec", "template"],
            "Pod" => &[],
            _ => &["spec", "template"],
        }
    }
}

/// The name of an existing resource, or one that does not exist.
pub fn name_of(known: &[Known], kinds: &[&str], dice: &mut Dice) -> String {
    let fitting: Vec<&Known> = known
        .iter()
        .filter(|one| kinds.contains(&one.kind))
        .collect();
    if fitting.is_empty() || dice.roll(12) == 0 {
        return (*dice.pick(&["nobody", "cfg", "g0", "s0"])).to_owned();
    }
    dice.pick(&fitting).first.clone()
}

/// A resource that differs from all others in the tree.
pub fn resource(number: usize, known: &[Known], dice: &mut Dice) -> (Known, Yaml) {
    let (api, kind) = *dice.pick(&KINDS);
    let stem = match kind {
        "ConfigMap" => "cfg",
        "Secret" => "key",
        "Service" => *dice.pick(&["web", "svc"]),
        _ => *dice.pick(&["web", "db", "api"]),
    };
    let name = match dice.roll(60) {
        0 => stem.to_owned(),
        1 => format!("{number}"),
        _ => format!("{stem}{number}"),
    };
    let namespace = match dice.roll(14) {
        0 | 1 => Some("ns".to_owned()),
        2 => Some("other".to_owned()),
        3 => Some("default".to_owned()),
        _ => None,
    };
    let mut metadata = Yaml::map([("name", Yaml::text(&name))]);
    if let Some(namespace) = &namespace {
        metadata = metadata.with("namespace", Yaml::text(namespace));
    }
    if dice.roll(2) == 0 {
        metadata = metadata.with("labels", labels(stem, dice));
    }
    if dice.roll(3) == 0 {
        metadata = metadata.with("annotations", annotations(dice));
    }
    let mut one = Known {
        api,
        kind,
        first: name.clone(),
        name,
        namespace,
        containers: Vec::new(),
        value: Yaml::Free,
    };
    let body = body(&mut one, stem, known, dice);
    let mut all = Yaml::map([
        ("apiVersion", Yaml::text(api)),
        ("kind", Yaml::text(kind)),
        ("metadata", metadata),
    ]);
    if let (Yaml::Map(all), Yaml::Map(body)) = (&mut all, body) {
        all.extend(body);
        if dice.roll(8) == 0 {
            all.reverse();
        }
    }
    one.value = all.clone();
    (one, all)
}

fn labels(stem: &str, dice: &mut Dice) -> Yaml {
    let labels = Yaml::map([("app", Yaml::text(stem))]);
    match dice.roll(6) {
        0 => labels.with("tier", Yaml::text("back")),
        1 => labels.with("app.kubernetes.io/name", Yaml::text(stem)),
        2 if dice.roll(5) == 0 => labels.with("odd", Yaml::Free),
        _ => labels,
    }
}

pub fn annotations(dice: &mut Dice) -> Yaml {
    match dice.roll(12) {
        0 => Yaml::raw("{}"),
        1 => Yaml::map([("note", Yaml::Free), ("example.com/other", Yaml::Free)]),
        2 if dice.roll(4) == 0 => {
            Yaml::map([("config.kubernetes.io/local-config", Yaml::raw("'true'"))])
        }
        _ => Yaml::map([("note", Yaml::Free)]),
    }
}

fn body(one: &mut Known, stem: &str, known: &[Known], dice: &mut Dice) -> Yaml {
    let spec = |spec: Yaml| Yaml::map([("spec", spec)]);
    match one.kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => {
            spec(workload(one, stem, known, dice))
        }
        "Pod" => spec(pod(one, known, dice)),
        "CronJob" => {
            let template = Yaml::nested(&["template", "spec"], pod(one, known, dice));
            spec(Yaml::map([
                ("schedule", Yaml::raw("'* * * * *'")),
                ("jobTemplate", Yaml::map([("spec", template)])),
            ]))
        }
        "Service" => spec(Yaml::map([
            ("selector", Yaml::map([("app", Yaml::text(stem))])),
            ("ports", service_ports(dice)),
        ])),
        "ConfigMap" => Yaml::map([("data", data(dice))]),
        "Secret" => match dice.roll(2) {
            0 => Yaml::map([(
                "data",
                Yaml::map([("a", Yaml::text("YQ==")), ("b", Yaml::text("Yg=="))]),
            )]),
            _ => Yaml::map([
                ("type", Yaml::text("Opaque")),
                ("stringData", Yaml::map([("a", Yaml::Free)])),
            ]),
        },
        "Ingress" => spec(ingress(known, dice)),
        "Role" => Yaml::map([(
            "rules",
            Yaml::List(vec![Yaml::map([
                ("apiGroups", Yaml::raw("['']")),
                ("resources", Yaml::texts(&["configmaps"])),
                (
                    "resourceNames",
                    Yaml::texts(&[name_of(known, &["ConfigMap"], dice)]),
                ),
                ("verbs", Yaml::texts(&["get"])),
            ])]),
        )]),
        "RoleBinding" | "ClusterRoleBinding" => binding(known, dice),
        "HorizontalPodAutoscaler" => spec(Yaml::map([
            (
                "scaleTargetRef",
                Yaml::map([
                    ("apiVersion", Yaml::text("apps/v1")),
                    ("kind", Yaml::text("Deployment")),
                    ("name", Yaml::text(name_of(known, &["Deployment"], dice))),
                ]),
            ),
            ("minReplicas", Yaml::raw("1")),
            ("maxReplicas", Yaml::raw("3")),
        ])),
        "PersistentVolumeClaim" => spec(Yaml::map([
            ("accessModes", Yaml::texts(&["ReadWriteOnce"])),
            (
                "resources",
                Yaml::nested(&["requests", "storage"], Yaml::raw("1Gi")),
            ),
        ])),
        "Widget" | "Gadget" => spec(custom(known, dice)),
        "NetworkPolicy" => spec(Yaml::map([
            (
                "podSelector",
                Yaml::nested(&["matchLabels", "app"], Yaml::text(stem)),
            ),
            (
                "ingress",
                Yaml::raw("[{from: [{podSelector: {matchLabels: {app: x}}}]}]"),
            ),
        ])),
        "PodDisruptionBudget" => spec(Yaml::map([
            ("minAvailable", Yaml::raw("1")),
            (
                "selector",
                Yaml::nested(&["matchLabels", "app"], Yaml::text(stem)),
            ),
        ])),
        "ValidatingWebhookConfiguration" => {
            let service = Yaml::map([
                ("name", Yaml::text(name_of(known, &["Service"], dice))),
                ("namespace", Yaml::text("ns")),
            ]);
            let hook = Yaml::map([
                ("name", Yaml::text("a.b.c")),
                ("clientConfig", Yaml::map([("service", service)])),
            ]);
            Yaml::map([("webhooks", Yaml::List(vec![hook]))])
        }
        _ => Yaml::map([]),
    }
}

fn service_ports(dice: &mut Dice) -> Yaml {
    match dice.roll(5) {
        0 => Yaml::raw("[{port: 80, protocol: TCP, name: http}, {port: 443, name: https}]"),
        1 => Yaml::List(vec![
            Yaml::map([
                ("name", Yaml::text("dns")),
                ("port", Yaml::raw("53")),
                ("protocol", Yaml::text("UDP")),
            ]),
            Yaml::map([
                ("name", Yaml::text("dns-tcp")),
                ("port", Yaml::raw("53")),
                ("protocol", Yaml::text("TCP")),
            ]),
        ]),
        _ => Yaml::List(vec![Yaml::map([
            ("port", Yaml::raw("80")),
            (
                "targetPort",
                Yaml::raw(*dice.pick(&["http", "8080", "'8080'"])),
            ),
        ])]),
    }
}

fn data(dice: &mut Dice) -> Yaml {
    let mut entries = vec![("a".to_owned(), Yaml::Free)];
    for key in ["b", "c.txt", "D_E", "config.yaml"] {
        if dice.roll(2) == 0 {
            entries.push((key.to_owned(), Yaml::Free));
        }
    }
    if dice.roll(60) == 0 {
        entries.push((
            (*dice.pick(&["1", "yes", "true", "~", "a b", "é"])).to_owned(),
            Yaml::Free,
        ));
    }
    Yaml::Map(entries)
}

fn ingress(known: &[Known], dice: &mut Dice) -> Yaml {
    let backend = Yaml::map([(
        "service",
        Yaml::map([
            ("name", Yaml::text(name_of(known, &["Service"], dice))),
            ("port", Yaml::raw("{number: 80}")),
        ]),
    )]);
    let path = Yaml::map([
        ("path", Yaml::text("/")),
        ("pathType", Yaml::text("Prefix")),
        ("backend", backend),
    ]);
    let rule = Yaml::map([
        ("host", Yaml::text("a.example.com")),
        ("http", Yaml::map([("paths", Yaml::List(vec![path]))])),
    ]);
    Yaml::map([("rules", Yaml::List(vec![rule]))])
}

fn binding(known: &[Known], dice: &mut Dice) -> Yaml {
    let account = name_of(known, &["ServiceAccount"], dice);
    let mut subjects = vec![Yaml::map([
        ("kind", Yaml::text("ServiceAccount")),
        ("name", Yaml::text(account)),
    ])];
    if dice.roll(2) == 0 {
        subjects.push(Yaml::map([
            ("kind", Yaml::text("ServiceAccount")),
            ("name", Yaml::text("default")),
            ("namespace", Yaml::text("ns")),
        ]));
    }
    let role = Yaml::map([
        ("apiGroup", Yaml::text("rbac.authorization.k8s.io")),
        ("kind", Yaml::text("Role")),
        ("name", Yaml::text(name_of(known, &["Role"], dice))),
    ]);
    Yaml::map([("roleRef", role), ("subjects", Yaml::List(subjects))])
}

/// The content of a resource whose kind is unknown to kustomize: anything.
fn custom(known: &[Known], dice: &mut Dice) -> Yaml {
    let mut spec = Yaml::map([("x", Yaml::Free)]);
    if dice.roll(2) == 0 {
        spec = spec.with("list", Yaml::List(vec![Yaml::Free, Yaml::Free]));
    }
    if dice.roll(2) == 0 {
        spec = spec.with(
            "tree",
            Yaml::map([
                ("deep", Yaml::map([("er", Yaml::Free)])),
                ("flag", Yaml::raw("true")),
            ]),
        );
    }
    if dice.roll(2) == 0 {
        let item = |name: &str| Yaml::map([("name", Yaml::text(name)), ("value", Yaml::Free)]);
        spec = spec.with("items", Yaml::List(vec![item("one"), item("two")]));
    }
    if dice.roll(4) == 0 {
        spec = spec.with("image", Yaml::text("web:1"));
    }
    if dice.roll(4) == 0 {
        let reference = Yaml::map([(
            "name",
            Yaml::text(name_of(known, &["Secret", "ConfigMap"], dice)),
        )]);
        spec = spec.with("secretRef", reference);
    }
    if dice.roll(6) == 0 {
        spec = spec.with("empty", Yaml::raw(*dice.pick(&["", "{}", "[]", "null"])));
    }
    if dice.roll(6) == 0 {
        spec = spec.with("text", Yaml::text(*dice.pick(&scalars::BLOCKS)));
    }
    spec
}
