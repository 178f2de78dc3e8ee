//! Replacements and variables: a value of one resource for fields of others.

use crate::edits::Dice;

use super::patches::some;
use super::paths;
use super::resources::Known;
use super::scalars;
use super::tree::Layer;
use super::write::Yaml;

/// A field path of a resource, which usually exists.
fn path(one: &Known, dice: &mut Dice) -> String {
    let there = paths::fields(one, dice.roll(2) == 0);
    if dice.roll(8) > 0 && !there.is_empty() {
        dice.pick(&there).clone()
    } else {
        dice.pick(&more_paths(one)).clone()
    }
}

/// Field paths that a resource of this kind may have.
fn more_paths(one: &Known) -> Vec<String> {
    let mut all: Vec<String> = [
        "metadata.name",
        "metadata.labels.app",
        "metadata.annotations.note",
        r"metadata.annotations.example\.com/other",
        "metadata.annotations",
        "metadata.labels",
        "kind",
    ]
    .map(str::to_owned)
    .to_vec();
    let own: &[&str] = match one.kind {
        "ConfigMap" => &[
            "data.a",
            "data.b",
            "data",
            "data.[c.txt]",
            r"data.config\.yaml",
            "data.new",
        ],
        "Secret" => &["data.a", "stringData.a", "data"],
        "Service" => &[
            "spec.ports.0.port",
            "spec.ports.0",
            "spec.ports.[port=80].targetPort",
            "spec.ports.*.port",
            "spec.selector",
            "spec.selector.app",
            "spec.ports",
        ],
        "Widget" | "Gadget" => &[
            "spec.x",
            "spec.list.0",
            "spec.list.*",
            "spec.list",
            "spec.tree.deep.er",
            "spec.tree",
            "spec.items.[name=one].value",
            "spec.items.*.value",
            "spec.items.1",
            "spec.new",
            "spec.empty",
            "spec.text",
        ],
        "Ingress" => &[
            "spec.rules.0.host",
            "spec.rules.*.http.paths.*.backend.service.name",
            "spec.rules.[host=a.example.com].http",
        ],
        "Role" => &["rules.0.resourceNames.0", "rules.0.verbs"],
        "RoleBinding" | "ClusterRoleBinding" => &[
            "subjects.0.name",
            "roleRef.name",
            "subjects.[name=default].namespace",
        ],
        "HorizontalPodAutoscaler" => &["spec.scaleTargetRef.name", "spec.minReplicas"],
        "PersistentVolumeClaim" => &["spec.resources.requests.storage"],
        _ => &["spec.new"],
    };
    all.extend(own.iter().map(|path| (*path).to_owned()));
    if one.has_pods() {
        let template: String = one
            .template()
            .iter()
            .map(|step| format!("{step}."))
            .collect();
        for rest in [
            "spec.containers.0.image",
            "spec.containers.[name=web].image",
            "spec.containers.*.image",
            "spec.containers.[name=web].env.[name=A].value",
            "spec.containers.*.env.*.value",
            "spec.containers.0.args.0",
            "spec.containers.0.env",
            "metadata.labels",
            "metadata.labels.app",
            "spec.containers.0.ports.0.containerPort",
            "spec.nodeSelector.disk",
            "spec.containers.[name=new].image",
            "spec.containers.5.image",
        ] {
            all.push(format!("{template}{rest}"));
        }
        all.push("spec.replicas".to_owned());
        all.push("spec.selector.matchLabels.app".to_owned());
    }
    all
}

fn select(one: &Known, dice: &mut Dice) -> Yaml {
    let select = Yaml::map([
        ("kind", Yaml::text(one.kind)),
        ("name", Yaml::text(&one.name)),
    ]);
    match dice.roll(10) {
        0 => Yaml::map([("kind", Yaml::text(one.kind))]),
        1 => Yaml::map([("name", Yaml::text(&one.name))]),
        2 => match &one.namespace {
            Some(namespace) => select.with("namespace", Yaml::text(namespace)),
            None => select,
        },
        3 => {
            let (group, version) = one.api.split_once('/').unwrap_or(("", one.api));
            select
                .with("group", Yaml::text(group))
                .with("version", Yaml::text(version))
        }
        _ => select,
    }
}

fn options(dice: &mut Dice) -> Option<Yaml> {
    let part = |dice: &mut Dice| {
        Yaml::map([
            (
                "delimiter",
                Yaml::raw(*dice.pick(&["':'", "'/'", "'.'", "'-'", "e"])),
            ),
            ("index", Yaml::raw(*dice.pick(&["0", "1", "0", "-1", "7"]))),
        ])
    };
    match dice.roll(6) {
        0 => Some(part(dice)),
        1 | 2 => Some(Yaml::raw("{create: true}")),
        3 if dice.roll(4) == 0 => Some(part(dice).with("create", Yaml::raw("true"))),
        _ => None,
    }
}

/// One replacement.
fn replacement(layer: &Layer<'_>, dice: &mut Dice) -> Option<Yaml> {
    let mut all = if dice.roll(6) == 0 {
        Yaml::map([(
            "sourceValue",
            if dice.roll(2) == 0 {
                Yaml::Free
            } else {
                Yaml::text(scalars::word(dice))
            },
        )])
    } else {
        let one = some(layer, dice)?;
        let mut source = select(&one, dice);
        if dice.roll(5) > 0 {
            source = source.with("fieldPath", Yaml::text(path(&one, dice)));
        }
        if dice.roll(6) == 0 {
            source = source.with(
                "options",
                Yaml::map([
                    (
                        "delimiter",
                        Yaml::raw(*dice.pick(&["':'", "'/'", "'.'", "e"])),
                    ),
                    ("index", Yaml::raw(*dice.pick(&["0", "1"]))),
                ]),
            );
        }
        Yaml::map([("source", source)])
    };
    let count = 1 + dice.roll(6) / 4;
    let mut targets = Vec::new();
    for _ in 0..count {
        let one = some(layer, dice)?;
        let mut target = Yaml::map([("select", select(&one, dice))]);
        if dice.roll(10) == 0 {
            let other = some(layer, dice)?;
            target = target.with(
                "reject",
                Yaml::List(vec![Yaml::map([("name", Yaml::text(other.name))])]),
            );
        }
        if dice.roll(10) > 0 {
            let count = 1 + dice.roll(5) / 3;
            let chosen: Vec<String> = (0..count).map(|_| path(&one, dice)).collect();
            target = target.with("fieldPaths", Yaml::texts(&chosen));
        }
        if let Some(options) = options(dice) {
            target = target.with("options", options);
        }
        targets.push(target);
    }
    all = all.with("targets", Yaml::List(targets));
    Some(all)
}

/// An entry of `replacements`.
pub fn entry(layer: &mut Layer<'_>, dice: &mut Dice) -> Option<Yaml> {
    let one = replacement(layer, dice)?;
    if dice.roll(5) > 0 {
        return Some(one);
    }
    let whole = match dice.roll(2) {
        0 => Yaml::List(vec![one, replacement(layer, dice)?]),
        _ => one,
    };
    let text = layer.write(&[whole], dice);
    Some(Yaml::map([(
        "path",
        Yaml::text(layer.file("replacement", &text)),
    )]))
}

/// An entry of `vars`.
pub fn variable(layer: &Layer<'_>, dice: &mut Dice) -> Option<Yaml> {
    let one = some(layer, dice)?;
    let reference = Yaml::map([
        ("apiVersion", Yaml::text(one.api)),
        ("kind", Yaml::text(one.kind)),
        (
            "name",
            Yaml::text(if dice.roll(4) == 0 {
                &one.name
            } else {
                &one.first
            }),
        ),
    ]);
    let name = if dice.roll(3) > 0 {
        "VAR".to_owned()
    } else {
        format!("VAR{}", dice.roll(3))
    };
    let entry = Yaml::map([("name", Yaml::text(name)), ("objref", reference)]);
    Some(if dice.roll(2) == 0 {
        entry
    } else {
        if dice.roll(4) > 0 {
            let path = path(&one, dice);
            return Some(entry.with("fieldref", Yaml::map([("fieldPath", Yaml::text(path))])));
        }
        let path = *dice.pick(&[
            "metadata.name",
            "metadata.namespace",
            "metadata.labels.app",
            "data.a",
            "spec.replicas",
            "spec.ports[0].port",
            "kind",
        ]);
        entry.with("fieldref", Yaml::map([("fieldPath", Yaml::text(path))]))
    })
}
