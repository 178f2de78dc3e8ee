//! Patches: strategic merges and operations, in files and inline.

use crate::edits::Dice;

use super::paths;
use super::resources::Known;
use super::tree::Layer;
use super::write::Yaml;

/// An existing resource, or occasionally one that does not exist.
pub fn some(layer: &Layer<'_>, dice: &mut Dice) -> Option<Known> {
    if layer.known.is_empty() {
        return None;
    }
    let mut one = dice.pick(layer.known).clone();
    match dice.roll(40) {
        0 => "nobody".clone_into(&mut one.name),
        1..=8 => one.name.clone_from(&one.first),
        _ => {}
    }
    Some(one)
}

/// The target of a patch.
pub fn target(one: &Known, dice: &mut Dice) -> Yaml {
    let kind = || ("kind", Yaml::text(one.kind));
    let name = |name: &str| ("name", Yaml::text(name));
    match dice.roll(12) {
        0 => Yaml::map([kind()]),
        1 => Yaml::map([
            kind(),
            name(&format!("{}.*", one.name.get(..1).unwrap_or("w"))),
        ]),
        2 => Yaml::map([kind(), name(&format!("({}|x)", one.name))]),
        3 => Yaml::map([(
            "labelSelector",
            Yaml::text(*dice.pick(&["app=web", "app", "app!=web", "app in (web,db)", "!tier"])),
        )]),
        4 => Yaml::map([
            kind(),
            (
                "annotationSelector",
                Yaml::text(*dice.pick(&["note", "note=a", "!note"])),
            ),
        ]),
        5 => {
            let (group, version) = one.api.split_once('/').unwrap_or(("", one.api));
            Yaml::map([
                ("group", Yaml::text(group)),
                ("version", Yaml::text(version)),
                kind(),
                name(&one.name),
            ])
        }
        6 => Yaml::map([
            kind(),
            name(&one.name),
            (
                "namespace",
                Yaml::text(
                    one.namespace
                        .clone()
                        .unwrap_or_else(|| "default".to_owned()),
                ),
            ),
        ]),
        7 => Yaml::map([name(".*")]),
        _ => Yaml::map([kind(), name(&one.name)]),
    }
}

fn head(one: &Known) -> Vec<(String, Yaml)> {
    let mut metadata = Yaml::map([("name", Yaml::text(&one.name))]);
    if let Some(namespace) = &one.namespace {
        metadata = metadata.with("namespace", Yaml::text(namespace));
    }
    let head = Yaml::map([
        ("apiVersion", Yaml::text(one.api)),
        ("kind", Yaml::text(one.kind)),
        ("metadata", metadata),
    ]);
    match head {
        Yaml::Map(entries) => entries,
        _ => Vec::new(),
    }
}

fn join(path: &[&str], rest: &[&'static str], value: Yaml) -> Yaml {
    Yaml::nested(path, Yaml::nested(rest, value))
}

/// A strategic merge patch.
pub fn merge(one: &Known, dice: &mut Dice) -> Yaml {
    let mut patch = head(one);
    if dice.roll(25) == 0 {
        patch.push((
            "$patch".to_owned(),
            Yaml::text(*dice.pick(&["delete", "replace", "merge", "delete"])),
        ));
        return Yaml::Map(patch);
    }
    match dice.roll(8) {
        0 => metadata(&mut patch, "labels", dice),
        1 => metadata(&mut patch, "annotations", dice),
        _ => {}
    }
    let template = one.template();
    let mut put = |value: Yaml| {
        if let Yaml::Map(entries) = value {
            patch.extend(entries);
        }
    };
    match one.kind {
        _ if one.has_pods() && dice.roll(6) > 0 => {
            let containers = containers(one, dice);
            let mut spec = match containers {
                Yaml::Map(entries) => Yaml::Map(entries),
                list => Yaml::map([("containers", list)]),
            };
            match dice.roll(10) {
                0 => spec = spec.with("volumes", Yaml::raw("[{name: v, emptyDir: {}}]")),
                1 => spec = spec.with("nodeSelector", Yaml::raw("{disk: null, zone: a}")),
                2 => spec = spec.with("tolerations", Yaml::raw("[{key: z}]")),
                3 => spec = spec.with("$retainKeys", Yaml::texts(&["containers"])),
                _ => {}
            }
            put(join(template, &["spec"], spec));
        }
        "Deployment" | "StatefulSet" => put(Yaml::nested(
            &["spec", "replicas"],
            Yaml::raw(*dice.pick(&["5", "null", "'5'", "0x10"])),
        )),
        "ConfigMap" => {
            let mut data = Yaml::map([("a", Yaml::Free), ("new", Yaml::Free)]);
            match dice.roll(8) {
                0 => data = Yaml::map([("a", Yaml::raw("null"))]),
                1 => data = data.with("$patch", Yaml::text("replace")),
                2 => data = Yaml::raw(*dice.pick(&["null", "{}", "{b: null}", "{$patch: delete}"])),
                _ => {}
            }
            put(Yaml::map([("data", data)]));
        }
        "Secret" => put(Yaml::map([("stringData", Yaml::map([("a", Yaml::Free)]))])),
        "Service" => put(Yaml::nested(
            &["spec"],
            match dice.roll(4) {
                0 => Yaml::raw("{ports: [{port: 80, targetPort: 1}], type: LoadBalancer}"),
                1 => Yaml::raw("{ports: [{port: 80, protocol: TCP, targetPort: 1}]}"),
                2 => Yaml::raw("{selector: {app: null, other: x}}"),
                _ => Yaml::raw("{ports: [{$patch: delete, port: 80}, {port: 81}]}"),
            },
        )),
        "Widget" | "Gadget" => put(Yaml::map([(
            "spec",
            match dice.roll(6) {
                0 => Yaml::map([("list", Yaml::List(vec![Yaml::Free]))]),
                1 => Yaml::map([("tree", Yaml::map([("deep", Yaml::Free)]))]),
                2 => Yaml::map([(
                    "items",
                    Yaml::List(vec![Yaml::map([
                        ("name", Yaml::text("one")),
                        ("value", Yaml::Free),
                    ])]),
                )]),
                3 => Yaml::map([
                    (
                        "tree",
                        Yaml::map([("deep", Yaml::map([("er", Yaml::raw("null"))]))]),
                    ),
                    ("x", Yaml::Free),
                ]),
                4 => Yaml::map([("empty", Yaml::map([("a", Yaml::Free)]))]),
                _ => Yaml::map([("x", Yaml::Free), ("y", Yaml::Free)]),
            },
        )])),
        _ => put(Yaml::map([("spec", Yaml::map([("added", Yaml::Free)]))])),
    }
    Yaml::Map(patch)
}

fn metadata(patch: &mut [(String, Yaml)], field: &str, dice: &mut Dice) {
    let value = match dice.roll(6) {
        0 => Yaml::raw("null"),
        1 => Yaml::raw("{note: null, app: null}"),
        2 => Yaml::map([("note", Yaml::text("2")), ("$patch", Yaml::text("replace"))]),
        _ => Yaml::map([(
            "note",
            if dice.roll(4) == 0 {
                Yaml::Free
            } else {
                Yaml::text("x")
            },
        )]),
    };
    for (key, entry) in patch {
        if let (true, Yaml::Map(entries)) = (key == "metadata", entry) {
            entries.push((field.to_owned(), value.clone()));
        }
    }
}

fn containers(one: &Known, dice: &mut Dice) -> Yaml {
    let name = match dice.roll(8) {
        0 => "new".to_owned(),
        _ => dice.pick(&one.containers).clone(),
    };
    let mut container = Yaml::map([("name", Yaml::text(&name))]);
    container = match dice.roll(10) {
        0 => container.with("$patch", Yaml::text(*dice.pick(&["delete", "replace"]))),
        1 => container.with(
            "env",
            Yaml::List(vec![Yaml::map([
                ("name", Yaml::text("A")),
                ("value", Yaml::Free),
            ])]),
        ),
        2 => container.with(
            "env",
            Yaml::List(vec![
                Yaml::map([("name", Yaml::text("Z")), ("value", Yaml::Free)]),
                Yaml::map([("name", Yaml::text("A")), ("$patch", Yaml::text("delete"))]),
            ]),
        ),
        3 => container.with(
            "ports",
            Yaml::raw(*dice.pick(&[
                "[{containerPort: 80, name: x}]",
                "[{containerPort: 81, protocol: UDP}]",
                "[{containerPort: 80, protocol: TCP}]",
                "null",
                "[]",
            ])),
        ),
        4 => container.with("args", Yaml::List(vec![Yaml::Free])),
        5 => container.with(
            "resources",
            Yaml::raw("{limits: {cpu: null, memory: 2Gi}, requests: {cpu: 1}}"),
        ),
        6 => container.with(
            "env",
            Yaml::raw(*dice.pick(&["null", "[]", "[{$patch: replace}, {name: Q, value: q}]"])),
        ),
        7 => container.with("image", Yaml::Free),
        8 => container.with("volumeMounts", Yaml::raw("[{name: v, mountPath: /v}]")),
        _ => container.with("image", Yaml::text("patched:1")),
    };
    match dice.roll(12) {
        0 => Yaml::map([
            (
                "$setElementOrder/containers",
                Yaml::List(vec![Yaml::map([("name", Yaml::text(&name))])]),
            ),
            ("containers", Yaml::List(vec![container])),
        ]),
        1 => Yaml::map([("initContainers", Yaml::List(vec![container]))]),
        2 => Yaml::List(vec![container, Yaml::raw("{name: more, image: 'more:1'}")]),
        _ => Yaml::List(vec![container]),
    }
}

/// Paths that a resource of this kind may have.
fn more_pointers(one: &Known) -> Vec<String> {
    let mut all = vec![
        "/metadata/labels/app".to_owned(),
        "/metadata/annotations/note".to_owned(),
        "/metadata/annotations".to_owned(),
    ];
    let own: &[&str] = match one.kind {
        "ConfigMap" => &["/data/a", "/data/new", "/data", "/data/c.txt"],
        "Service" => &[
            "/spec/ports/0/port",
            "/spec/type",
            "/spec/ports/-",
            "/spec/ports/1",
            "/spec/selector/app",
        ],
        "Widget" | "Gadget" => &[
            "/spec/x",
            "/spec/list/0",
            "/spec/list/-",
            "/spec/tree/deep/er",
            "/spec/items/1/value",
            "/spec",
        ],
        "Ingress" => &[
            "/spec/rules/0/host",
            "/spec/rules/0/http/paths/0/path",
            "/spec/tls",
        ],
        "RoleBinding" | "ClusterRoleBinding" => {
            &["/subjects/0/name", "/roleRef/name", "/subjects/-"]
        }
        "Secret" => &["/data/a", "/stringData/a", "/type"],
        _ => &["/spec/new"],
    };
    all.extend(own.iter().map(|path| (*path).to_owned()));
    if one.has_pods() {
        let template: String = one
            .template()
            .iter()
            .map(|step| format!("/{step}"))
            .collect();
        for rest in [
            "/spec/containers/0/image",
            "/spec/containers/0/env",
            "/spec/containers/0/env/0/value",
            "/spec/containers/-",
            "/spec/containers/0/args",
            "/metadata/labels/app",
            "/spec/nodeSelector",
        ] {
            all.push(format!("{template}{rest}"));
        }
        all.push("/spec/replicas".to_owned());
    }
    all
}

/// Operations of a JSON6902 patch.
pub fn operations(one: &Known, dice: &mut Dice) -> Yaml {
    let (there, more) = (paths::pointers(one), more_pointers(one));
    let count = 1 + dice.roll(4) / 2;
    let all = (0..count).map(|_| {
        let is_there = dice.roll(8) > 0 && !there.is_empty();
        let path = dice.pick(if is_there { &there } else { &more }).clone();
        match dice.roll(20) {
            0..=8 => Yaml::map([
                ("op", Yaml::text("add")),
                ("path", Yaml::text(path)),
                ("value", value(dice)),
            ]),
            9..=13 => Yaml::map([
                ("op", Yaml::text("replace")),
                ("path", Yaml::text(path)),
                ("value", value(dice)),
            ]),
            14 | 15 => Yaml::map([("op", Yaml::text("remove")), ("path", Yaml::text(path))]),
            16 => Yaml::map([
                ("op", Yaml::text("copy")),
                ("from", Yaml::text("/metadata/name")),
                ("path", Yaml::text(path)),
            ]),
            17 => Yaml::map([
                ("op", Yaml::text("move")),
                ("from", Yaml::text(path)),
                ("path", Yaml::text("/metadata/annotations/moved")),
            ]),
            18 => Yaml::map([
                ("op", Yaml::text("test")),
                ("path", Yaml::text("/metadata/name")),
                ("value", Yaml::text(&one.first)),
            ]),
            _ => Yaml::map([
                ("op", Yaml::text("replace")),
                ("path", Yaml::text("/metadata/name")),
                ("value", Yaml::text("renamed")),
            ]),
        }
    });
    Yaml::List(all.collect())
}

fn value(dice: &mut Dice) -> Yaml {
    match dice.roll(8) {
        0 => Yaml::map([("note", Yaml::Free)]),
        1 => Yaml::List(vec![Yaml::map([
            ("name", Yaml::text("A")),
            ("value", Yaml::Free),
        ])]),
        2 | 3 => Yaml::Free,
        4 => Yaml::raw(*dice.pick(&["{}", "[]", "null", "3", "true"])),
        _ => Yaml::text("op"),
    }
}

/// Options of a patch that renames.
fn options(dice: &mut Dice) -> Yaml {
    match dice.roll(3) {
        0 => Yaml::raw("{allowNameChange: true}"),
        1 => Yaml::raw("{allowKindChange: true}"),
        _ => Yaml::raw("{allowNameChange: true, allowKindChange: true}"),
    }
}

/// An entry of `patches`.
pub fn entry(layer: &mut Layer<'_>, dice: &mut Dice) -> Option<Yaml> {
    let one = some(layer, dice)?;
    let is_merge = dice.roll(5) < 3;
    let text = if is_merge {
        let mut documents = vec![merge(&one, dice)];
        if dice.roll(8) == 0 {
            documents.push(merge(&some(layer, dice)?, dice));
        }
        layer.write(&documents, dice)
    } else {
        text_of(layer, operations(&one, dice), dice)
    };
    let mut entry = if dice.roll(3) == 0 {
        let name = layer.file("patch", &text);
        Yaml::map([("path", Yaml::text(name))])
    } else {
        Yaml::map([("patch", Yaml::text(text))])
    };
    if !is_merge || dice.roll(3) == 0 {
        entry = entry.with("target", target(&one, dice));
    }
    if dice.roll(8) == 0 {
        entry = entry.with("options", options(dice));
    }
    Some(entry)
}

/// Operations as YAML, or as JSON.
fn text_of(layer: &Layer<'_>, operations: Yaml, dice: &mut Dice) -> String {
    let text = layer.write(&[operations], dice);
    if dice.roll(3) > 0 {
        return text;
    }
    let tree = krm_parity::yaml::parse(&text);
    let json = tree
        .ok()
        .and_then(|tree| tree.roots().next().map(|root| root.to_json().to_string()));
    json.unwrap_or(text)
}

/// An entry of `patchesStrategicMerge`.
pub fn old_merge(layer: &mut Layer<'_>, dice: &mut Dice) -> Option<Yaml> {
    let one = some(layer, dice)?;
    let text = layer.write(&[merge(&one, dice)], dice);
    Some(if dice.roll(2) == 0 {
        Yaml::text(layer.file("merge", &text))
    } else {
        Yaml::text(text)
    })
}

/// An entry of `patchesJson6902`.
pub fn old_operations(layer: &mut Layer<'_>, dice: &mut Dice) -> Option<Yaml> {
    let one = some(layer, dice)?;
    let text = text_of(layer, operations(&one, dice), dice);
    let (group, version) = one.api.split_once('/').unwrap_or(("", one.api));
    let mut target = Yaml::map([
        ("version", Yaml::text(version)),
        ("kind", Yaml::text(one.kind)),
        ("name", Yaml::text(&one.name)),
    ]);
    if !group.is_empty() {
        target = target.with("group", Yaml::text(group));
    }
    if let Some(namespace) = &one.namespace {
        target = target.with("namespace", Yaml::text(namespace));
    }
    let entry = Yaml::map([("target", target)]);
    Some(if dice.roll(2) == 0 {
        entry.with("path", Yaml::text(layer.file("operations", &text)))
    } else {
        entry.with("patch", Yaml::text(text))
    })
}
