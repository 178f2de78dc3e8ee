//! Workloads, with the pods and the containers in them.

use crate::edits::Dice;

use super::resources::{Known, annotations, name_of};
use super::write::Yaml;

pub fn workload(one: &mut Known, stem: &str, known: &[Known], dice: &mut Dice) -> Yaml {
    let mut template = Yaml::map([]);
    if dice.roll(5) > 0 {
        let mut metadata = Yaml::map([("labels", Yaml::map([("app", Yaml::text(stem))]))]);
        if dice.roll(4) == 0 {
            metadata = metadata.with("annotations", annotations(dice));
        }
        template = template.with("metadata", metadata);
    }
    let mut spec = Yaml::map([]);
    if dice.roll(4) > 0 && one.kind != "DaemonSet" && one.kind != "Job" {
        let odd = if dice.roll(8) == 0 { 5 } else { 2 };
        let counts = &["1", "2", "0x2", "1e1", "'3'"][..odd];
        spec = spec.with("replicas", Yaml::raw(*dice.pick(counts)));
    }
    if one.kind != "Job" {
        spec = spec.with(
            "selector",
            Yaml::nested(&["matchLabels", "app"], Yaml::text(stem)),
        );
    }
    if one.kind == "StatefulSet" {
        spec = spec.with(
            "serviceName",
            Yaml::text(name_of(known, &["Service"], dice)),
        );
        if dice.roll(2) == 0 {
            spec = spec.with(
                "volumeClaimTemplates",
                Yaml::raw("[{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]"),
            );
        }
    }
    let pod = pod(one, known, dice);
    spec.with("template", template.with("spec", pod))
}

pub fn pod(one: &mut Known, known: &[Known], dice: &mut Dice) -> Yaml {
    let count = 1 + dice.roll(5) / 3;
    let containers: Vec<Yaml> = (0..count)
        .map(|at| {
            let name = ["web", "side"][at].to_owned();
            one.containers.push(name.clone());
            container(&name, known, dice)
        })
        .collect();
    let mut spec = Yaml::map([("containers", Yaml::List(containers))]);
    if dice.roll(5) == 0 {
        spec = spec.with(
            "initContainers",
            Yaml::List(vec![container("init", known, dice)]),
        );
    }
    if dice.roll(5) == 0 {
        spec = spec.with(
            "serviceAccountName",
            Yaml::text(name_of(known, &["ServiceAccount"], dice)),
        );
    }
    if dice.roll(3) == 0 {
        let source = match dice.roll(3) {
            0 => Yaml::map([(
                "secret",
                Yaml::map([("secretName", Yaml::text(name_of(known, &["Secret"], dice)))]),
            )]),
            1 => Yaml::map([("emptyDir", Yaml::raw("{}"))]),
            _ => Yaml::map([(
                "configMap",
                Yaml::map([("name", Yaml::text(name_of(known, &["ConfigMap"], dice)))]),
            )]),
        };
        let volume = Yaml::map([("name", Yaml::text("v"))]);
        if let (Yaml::Map(mut volume), Yaml::Map(source)) = (volume, source) {
            volume.extend(source);
            spec = spec.with("volumes", Yaml::List(vec![Yaml::Map(volume)]));
        }
    }
    if dice.roll(12) == 0 {
        spec = spec.with("nodeSelector", Yaml::map([("disk", Yaml::text("ssd"))]));
    }
    if dice.roll(12) == 0 {
        spec = spec.with(
            "tolerations",
            Yaml::raw("[{key: a, operator: Exists}, {key: b, value: c}]"),
        );
    }
    spec
}

fn container(name: &str, known: &[Known], dice: &mut Dice) -> Yaml {
    let image = *dice.pick(&[
        "web:1",
        "web",
        "db:2",
        "reg.io/x/web:1",
        "reg.io:5000/web",
        "web@sha256:0a1b",
        "side:v1.0",
    ]);
    let mut one = Yaml::map([("name", Yaml::text(name)), ("image", Yaml::text(image))]);
    if dice.roll(2) == 0 {
        let mut env = vec![Yaml::map([
            ("name", Yaml::text("A")),
            ("value", Yaml::Free),
        ])];
        if dice.roll(2) == 0 {
            env.push(Yaml::map([
                ("name", Yaml::text("B")),
                ("value", Yaml::Free),
            ]));
        }
        if dice.roll(3) == 0 {
            let from = Yaml::map([
                ("name", Yaml::text(name_of(known, &["ConfigMap"], dice))),
                ("key", Yaml::text("a")),
            ]);
            env.push(Yaml::map([
                ("name", Yaml::text("C")),
                ("valueFrom", Yaml::map([("configMapKeyRef", from)])),
            ]));
        }
        one = one.with("env", Yaml::List(env));
    }
    if dice.roll(3) == 0 {
        let from = match dice.roll(2) {
            0 => Yaml::nested(
                &["configMapRef", "name"],
                Yaml::text(name_of(known, &["ConfigMap"], dice)),
            ),
            _ => Yaml::nested(
                &["secretRef", "name"],
                Yaml::text(name_of(known, &["Secret"], dice)),
            ),
        };
        one = one.with("envFrom", Yaml::List(vec![from]));
    }
    if dice.roll(3) == 0 {
        one = one.with(
            "ports",
            Yaml::List(vec![match dice.roll(3) {
                0 => Yaml::map([
                    ("containerPort", Yaml::raw("80")),
                    ("protocol", Yaml::text("TCP")),
                    ("name", Yaml::text("http")),
                ]),
                _ => Yaml::map([("containerPort", Yaml::raw("80"))]),
            }]),
        );
    }
    if dice.roll(4) == 0 {
        one = one.with(
            "args",
            Yaml::List(vec![Yaml::Free, Yaml::text("--flag=$(VAR)")]),
        );
    }
    if dice.roll(5) == 0 {
        let limits = Yaml::map([
            ("cpu", Yaml::raw(*dice.pick(&["1", "100m", "'1'", "0.5"]))),
            ("memory", Yaml::raw("1Gi")),
        ]);
        one = one.with("resources", Yaml::map([("limits", limits)]));
    }
    one
}
