//! All features of a kustomization, at random.

use crate::edits::Dice;

use super::patches;
use super::replacements;
use super::resources::Known;
use super::scalars;
use super::tree::Layer;
use super::write::Yaml;

/// The content of a kustomization, by field.
pub type Said = Vec<(String, Yaml)>;

/// Adds an entry to a list.
fn push(said: &mut Said, field: &str, entry: Yaml) {
    let list = said.iter_mut().find(|(key, _)| key == field);
    match list {
        Some((_, Yaml::List(items))) => items.push(entry),
        Some(_) => {}
        None => said.push((field.to_owned(), Yaml::List(vec![entry]))),
    }
}

fn set(said: &mut Said, field: &str, value: Yaml) {
    if !said.iter().any(|(key, _)| key == field) {
        said.push((field.to_owned(), value));
    }
}

/// Adds one feature; `None` if it has nothing to refer to.
pub fn add(said: &mut Said, layer: &mut Layer<'_>, dice: &mut Dice) -> Option<()> {
    match dice.roll(40) {
        0..=9 => push(said, "patches", patches::entry(layer, dice)?),
        10..=13 => push(said, "replacements", replacements::entry(layer, dice)?),
        14..=16 => generator(said, layer, dice),
        17..=19 => labels(said, dice),
        20 => set(said, "commonLabels", pairs(dice)),
        21 => set(said, "commonAnnotations", pairs(dice)),
        22 | 23 if !said.iter().any(|(key, _)| key == "namespace") => {
            let namespace = *dice.pick(&["ns", "other", "eu", "default"]);
            layer.renames.push(("namespace", namespace));
            set(said, "namespace", Yaml::text(namespace));
        }
        24 | 25 => prefix(said, layer, dice),
        26 | 27 => push(said, "images", image(dice)),
        28 => push(said, "replicas", replicas(layer, dice)?),
        29 => push(said, "patchesStrategicMerge", patches::old_merge(layer, dice)?),
        30 => push(said, "patchesJson6902", patches::old_operations(layer, dice)?),
        31 | 32 => push(said, "vars", replacements::variable(layer, dice)?),
        33 | 34 => transformer(said, layer, dice)?,
        35 => made_by_file(said, layer, dice),
        36 => configuration(said, layer, dice),
        37 => definitions(said, layer, dice),
        38 => set(said, "buildMetadata", Yaml::texts(dice.pick::<&[&str]>(&[&["originAnnotations"][..], &["managedByLabel"], &["transformerAnnotations"], &["originAnnotations", "managedByLabel"]]))),
        _ => set(said, "sortOptions", Yaml::raw(*dice.pick(&["{order: legacy}", "{order: fifo}", "{order: legacy, legacySortOptions: {orderFirst: [Service], orderLast: [Deployment]}}"]))),
    }
    Some(())
}

fn pairs(dice: &mut Dice) -> Yaml {
    let value = match dice.roll(8) {
        0 => Yaml::text(scalars::word(dice)),
        1 => Yaml::raw(*dice.pick(&["'1'", "\"true\"", "0x1F", "null", "'yes'", "''", "yes"])),
        _ => Yaml::text(*dice.pick(&["x", "eu", "v1"])),
    };
    let all = Yaml::map([(
        *dice.pick(&["env", "app", "note", "example.com/team"]),
        value,
    )]);
    if dice.roll(4) == 0 {
        all.with("more", Yaml::text("z"))
    } else {
        all
    }
}

fn labels(said: &mut Said, dice: &mut Dice) {
    let mut entry = Yaml::map([("pairs", pairs(dice))]);
    match dice.roll(5) {
        0 => entry = entry.with("includeSelectors", Yaml::raw("true")),
        1 => entry = entry.with("includeTemplates", Yaml::raw("true")),
        2 => {
            entry = entry.with(
                "fields",
                Yaml::raw(*dice.pick(&[
                    "[{path: spec/x, kind: Widget, create: true}]",
                    "[{path: spec/tree, kind: Widget}]",
                    "[{path: metadata/annotations, create: true}]",
                ])),
            );
        }
        _ => {}
    }
    push(said, "labels", entry);
}

fn prefix(said: &mut Said, layer: &mut Layer<'_>, dice: &mut Dice) {
    let field = *dice.pick(&["namePrefix", "nameSuffix"]);
    if said.iter().any(|(key, _)| key == field) {
        return;
    }
    let part = *dice.pick(&["p-", "eu-", "-s", "x"]);
    set(said, field, Yaml::text(part));
    layer.renames.push((field, part));
}

fn image(dice: &mut Dice) -> Yaml {
    let mut entry = Yaml::map([(
        "name",
        Yaml::text(*dice.pick(&[
            "web",
            "db",
            "reg.io/x/web",
            "reg.io:5000/web",
            "side",
            "nobody",
            ".*",
            "we.",
        ])),
    )]);
    if dice.roll(3) == 0 {
        entry = entry.with(
            "newName",
            Yaml::text(*dice.pick(&["other", "reg.io/y/web", "reg:80/z"])),
        );
    }
    match dice.roll(8) {
        0..=3 => entry.with(
            "newTag",
            Yaml::raw(*dice.pick(&["'2'", "v2", "\"1.0\"", "latest", "''", "'0x1F'"])),
        ),
        4 => entry.with("digest", Yaml::text("sha256:0123")),
        5 => entry
            .with("newTag", Yaml::text("v3"))
            .with("digest", Yaml::text("sha256:0123")),
        6 => entry.with("tagSuffix", Yaml::text("-alpine")),
        _ => entry,
    }
}

fn replicas(layer: &Layer<'_>, dice: &mut Dice) -> Option<Yaml> {
    let sets: Vec<&Known> = layer
        .known
        .iter()
        .filter(|one| matches!(one.kind, "Deployment" | "StatefulSet"))
        .collect();
    let name = if sets.is_empty() {
        "nobody".to_owned()
    } else {
        dice.pick(&sets).name.clone()
    };
    (!layer.known.is_empty()).then(|| {
        Yaml::map([
            ("name", Yaml::text(name)),
            ("count", Yaml::raw(*dice.pick(&["5", "0", "0x3", "2"]))),
        ])
    })
}

/// The sources of a generator.
fn sources(layer: &mut Layer<'_>, dice: &mut Dice) -> Vec<(String, Yaml)> {
    let mut all = Vec::new();
    if dice.roll(4) > 0 {
        let literals = [
            "a=1",
            "b='quoted'",
            "c=\"x\"",
            "d=x=y",
            "E_F=0x1F",
            "g=",
            "h= spaced",
            "i=é",
            "j=a\nb\n",
            "k=yes",
            "l=1e3",
            "m=$(VAR)",
        ];
        let from = dice.roll(literals.len() - 3);
        all.push((
            "literals".to_owned(),
            Yaml::texts(&literals[from..from + 1 + dice.roll(3)]),
        ));
    }
    if dice.roll(3) == 0 {
        let text = *dice.pick(&scalars::BLOCKS);
        let text = match dice.roll(6) {
            0 => text.trim_end().to_owned(),
            1 => text.replace('\n', "\r\n"),
            2 => String::new(),
            _ => text.to_owned(),
        };
        let name = layer.plain_file("data", &text);
        let entry = if dice.roll(2) == 0 {
            name
        } else {
            format!("key.txt={name}")
        };
        all.push(("files".to_owned(), Yaml::texts(&[entry])));
    }
    if dice.roll(5) == 0 {
        let name = layer.plain_file(
            "env",
            dice.pick::<&str>(&[
                "A=1\nB=x y\n",
                "# a note\nA='q'\n\nC=\n",
                "A=1\r\nB=2\r\n",
                " A = 1\n",
                "A=\"1\"\nB=é",
            ]),
        );
        all.push(("envs".to_owned(), Yaml::texts(&[name])));
    }
    all
}

fn generator_options(dice: &mut Dice) -> Yaml {
    Yaml::raw(*dice.pick(&[
        "{disableNameSuffixHash: true}",
        "{labels: {made: 'yes'}}",
        "{annotations: {note: made}, immutable: true}",
        "{immutable: true}",
        "{disableNameSuffixHash: true, labels: {app: web, n: '1'}}",
        "{immutable: false}",
    ]))
}

/// An entry of a generator, for a new name or an existing one of that kind.
fn generated(layer: &mut Layer<'_>, kind: &'static str, dice: &mut Dice) -> Yaml {
    let is_there = layer
        .known
        .iter()
        .filter(|one| one.kind == kind && one.first.starts_with(['g', 's', 'c', 'k']));
    let is_there: Vec<Known> = is_there.cloned().collect();
    let mut behavior = None;
    let mut namespace = None;
    let name = if !is_there.is_empty() && dice.roll(3) == 0 {
        behavior = Some(*dice.pick(&["merge", "replace", "merge", "create"]));
        let one = dice.pick(&is_there);
        namespace.clone_from(&one.namespace);
        if dice.roll(2) == 0 {
            one.name.clone()
        } else {
            one.first.clone()
        }
    } else {
        let stem = if kind == "Secret" { "s" } else { "g" };
        let name = format!("{stem}{}", layer.next());
        if dice.roll(6) == 0 {
            namespace = Some("ns".to_owned());
        }
        layer.known.push(Known {
            api: "v1",
            kind,
            first: name.clone(),
            name: name.clone(),
            namespace: namespace.clone(),
            containers: Vec::new(),
            value: Yaml::nested(&["data", "a"], Yaml::Free),
        });
        name
    };
    let mut entry = vec![("name".to_owned(), Yaml::text(name))];
    if let Some(namespace) = namespace {
        entry.push(("namespace".to_owned(), Yaml::text(namespace)));
    }
    if let Some(behavior) = behavior {
        entry.push(("behavior".to_owned(), Yaml::text(behavior)));
    }
    if kind == "Secret" && dice.roll(3) == 0 {
        entry.push(("type".to_owned(), Yaml::text("example.com/sort")));
    }
    entry.extend(sources(layer, dice));
    if dice.roll(4) == 0 {
        entry.push(("options".to_owned(), generator_options(dice)));
    }
    Yaml::Map(entry)
}

fn generator(said: &mut Said, layer: &mut Layer<'_>, dice: &mut Dice) {
    let (field, kind) = *dice.pick(&[
        ("configMapGenerator", "ConfigMap"),
        ("secretGenerator", "Secret"),
    ]);
    push(said, field, generated(layer, kind, dice));
    if dice.roll(8) == 0 {
        set(said, "generatorOptions", generator_options(dice));
    }
}

/// A file of `generators`.
fn made_by_file(said: &mut Said, layer: &mut Layer<'_>, dice: &mut Dice) {
    let (kind, made) = *dice.pick(&[
        ("ConfigMapGenerator", "ConfigMap"),
        ("SecretGenerator", "Secret"),
    ]);
    let Yaml::Map(mut entry) = generated(layer, made, dice) else {
        return;
    };
    let names: Vec<(String, Yaml)> = entry
        .extract_if(.., |(key, _)| key == "name" || key == "namespace")
        .collect();
    let mut all = built_in(kind, Yaml::Map(names));
    all.extend(entry);
    let text = layer.write(&[Yaml::Map(all)], dice);
    push(
        said,
        "generators",
        Yaml::text(layer.file("generator", &text)),
    );
}

fn built_in(kind: &str, metadata: Yaml) -> Said {
    vec![
        ("apiVersion".to_owned(), Yaml::text("builtin")),
        ("kind".to_owned(), Yaml::text(kind)),
        ("metadata".to_owned(), metadata),
    ]
}

/// A file of `transformers`.
fn transformer(said: &mut Said, layer: &mut Layer<'_>, dice: &mut Dice) -> Option<()> {
    let name = Yaml::map([("name", Yaml::text(format!("t{}", layer.next())))]);
    let specs = |text: &str| ("fieldSpecs".to_owned(), Yaml::raw(text));
    let one = match dice.roll(9) {
        0 => {
            let mut all = built_in("PrefixTransformer", name);
            all.push(("prefix".to_owned(), Yaml::text("t-")));
            all.push(specs("[{path: metadata/name}]"));
            all
        }
        1 => {
            let mut all = built_in("SuffixTransformer", name);
            all.push(("suffix".to_owned(), Yaml::text("-t")));
            all.push(specs(dice.pick::<&str>(&[
                "[{path: metadata/name, kind: Deployment}]",
                "[{path: metadata/name}]",
            ])));
            all
        }
        2 => {
            let mut all = built_in(
                "NamespaceTransformer",
                name.with("namespace", Yaml::text("made")),
            );
            all.push(specs("[{path: metadata/namespace, create: true}]"));
            if dice.roll(2) == 0 {
                all.push((
                    "setRoleBindingSubjects".to_owned(),
                    Yaml::text(*dice.pick(&["none", "allServiceAccounts", "defaultOnly"])),
                ));
            }
            if dice.roll(3) == 0 {
                all.push(("unsetOnly".to_owned(), Yaml::raw("true")));
            }
            all
        }
        3 => {
            let mut all = built_in("LabelTransformer", name);
            all.push(("labels".to_owned(), pairs(dice)));
            all.push(specs(dice.pick::<&str>(&[
                "[{path: metadata/labels, create: true}]",
                "[{path: spec/template/metadata/labels, create: true, kind: Deployment}]",
                "[{path: metadata/labels}]",
            ])));
            all
        }
        4 => {
            let mut all = built_in("AnnotationsTransformer", name);
            all.push(("annotations".to_owned(), pairs(dice)));
            all.push(specs("[{path: metadata/annotations, create: true}]"));
            all
        }
        5 => {
            let mut all = built_in("ImageTagTransformer", name);
            all.push(("imageTag".to_owned(), image(dice)));
            if dice.roll(2) == 0 {
                all.push(specs("[{path: spec/image, kind: Widget}]"));
            }
            all
        }
        6 => {
            let one = patches::some(layer, dice)?;
            let mut all = built_in("PatchTransformer", name);
            let text = layer.write(&[patches::merge(&one, dice)], dice);
            all.push(("patch".to_owned(), Yaml::text(text)));
            if dice.roll(2) == 0 {
                all.push(("target".to_owned(), patches::target(&one, dice)));
            }
            all
        }
        7 => {
            let mut all = built_in("ReplacementTransformer", name);
            let entry = replacements::entry(layer, dice)?;
            all.push(("replacements".to_owned(), Yaml::List(vec![entry])));
            all
        }
        _ => {
            let Yaml::Map(entry) = replicas(layer, dice)? else {
                return None;
            };
            let mut all = built_in("ReplicaCountTransformer", name);
            all.push(("replica".to_owned(), Yaml::Map(entry)));
            all.push(specs(
                "[{path: spec/replicas, create: true, kind: Deployment}]",
            ));
            all
        }
    };
    let text = layer.write(&[Yaml::Map(one)], dice);
    if dice.roll(4) == 0 {
        push(said, "transformers", Yaml::text(text));
    } else {
        push(
            said,
            "transformers",
            Yaml::text(layer.file("transformer", &text)),
        );
    }
    Some(())
}

fn configuration(said: &mut Said, layer: &mut Layer<'_>, dice: &mut Dice) {
    let text = *dice.pick(&[
        "nameReference:\n- kind: ConfigMap\n  fieldSpecs:\n  - {path: spec/x, kind: Widget}\n",
        "nameReference:\n- kind: Secret\n  version: v1\n  fieldSpecs:\n  - {path: spec/secretRef/name, kind: Widget}\n",
        "images:\n- {path: spec/image, kind: Widget}\n",
        "commonLabels:\n- {path: spec/labels, kind: Widget, create: true}\n",
        "commonAnnotations:\n- {path: spec/tree, kind: Widget, create: true}\n",
        "namePrefix:\n- {path: spec/x, kind: Gadget}\n",
        "namespace:\n- {path: spec/namespace, kind: Widget, create: true}\n",
        "replicas:\n- {path: spec/x, kind: Widget, create: true}\n",
        "varReference:\n- {path: spec/x, kind: Widget}\n- {path: data, kind: ConfigMap}\n- {path: metadata/annotations}\n",
    ]);
    push(
        said,
        "configurations",
        Yaml::text(layer.plain_file("configuration", text)),
    );
}

fn definitions(said: &mut Said, layer: &mut Layer<'_>, dice: &mut Dice) {
    let text = *dice.pick(&[
        r#"{"example.com/v1.Widget": {"Schema": {"properties": {"kind": {"type": "string"}, "apiVersion": {"type": "string"}, "spec": {"$ref": "example.com/v1.WidgetSpec"}}}}, "example.com/v1.WidgetSpec": {"Schema": {"properties": {"secretRef": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "Secret", "$ref": "example.com/v1.Ref"}}}}, "example.com/v1.Ref": {"Schema": {"properties": {"name": {"type": "string"}}}}}"#,
        r#"{"example.com/v1.Widget": {"Schema": {"properties": {"kind": {"type": "string"}, "apiVersion": {"type": "string"}, "spec": {"type": "object"}}}}}"#,
    ]);
    push(
        said,
        "crds",
        Yaml::text(layer.plain_file("definition", text)),
    );
}
