//! A whole tree: bases, components and the layers above them.

use std::cell::RefCell;

use crate::edits::Dice;
use crate::engine::trees::Files;

use super::fields::{self, Said};
use super::resources::{Known, resource};
use super::spoil::spoil;
use super::write::{Writer, Yaml};

/// A tree and its directories that are built.
pub struct Tree {
    pub files: Files,
    pub roots: Vec<String>,
}

/// A directory that is being filled.
pub struct Layer<'t> {
    directory: String,
    files: &'t mut Files,
    count: &'t mut usize,
    /// The resources that a kustomization may refer to.
    pub known: &'t mut Vec<Known>,
    /// The changes of all names and namespaces once the layer is complete.
    pub renames: Vec<(&'static str, &'static str)>,
    /// The number of texts that are still to be spoilt.
    spoils: RefCell<usize>,
}

impl Layer<'_> {
    /// An unused number.
    pub fn next(&mut self) -> usize {
        *self.count += 1;
        *self.count
    }

    /// Adds a YAML file, and returns its name.
    pub fn file(&mut self, stem: &str, text: &str) -> String {
        let name = format!("{stem}{}.yaml", self.next());
        self.files
            .insert(format!("{}/{name}", self.directory), text.to_owned());
        name
    }

    /// Adds a file of any kind, and returns its name.
    pub fn plain_file(&mut self, stem: &str, text: &str) -> String {
        let name = format!("{stem}{}.txt", self.next());
        self.files
            .insert(format!("{}/{name}", self.directory), text.to_owned());
        name
    }

    /// Documents as text.
    pub fn write(&self, documents: &[Yaml], dice: &mut Dice) -> String {
        let mut documents = documents.to_vec();
        if *self.spoils.borrow() > 0 && dice.roll(6) == 0 {
            *self.spoils.borrow_mut() -= 1;
            let at = dice.roll(documents.len());
            spoil(&mut documents[at], dice);
        }
        let mut writer = Writer::new(dice);
        let texts: Vec<String> = documents.iter().map(|one| writer.document(one)).collect();
        texts.join("---\n")
    }

    fn finish(&mut self, mut said: Said, dice: &mut Dice) {
        for one in self.known.iter_mut().filter(|one| one.kind != "Namespace") {
            for (field, part) in &self.renames {
                match *field {
                    "namePrefix" => one.name = format!("{part}{}", one.name),
                    "nameSuffix" => one.name = format!("{}{part}", one.name),
                    _ if one.kind.starts_with("Cluster") || one.kind.ends_with("Configuration") => {
                    }
                    _ => one.namespace = Some((*part).to_owned()),
                }
            }
        }
        for at in (1..said.len()).rev() {
            said.swap(at, dice.roll(at + 1));
        }
        let mut whole = Yaml::Map(said);
        if *self.spoils.borrow() > 0 && dice.roll(2) == 0 {
            *self.spoils.borrow_mut() -= 1;
            spoil(&mut whole, dice);
        }
        let text = Writer::new(dice).document(&whole);
        self.files
            .insert(format!("{}/kustomization.yaml", self.directory), text);
    }
}

/// Adds files of resources with these resources.
fn resources(layer: &mut Layer<'_>, count: usize, said: &mut Vec<Yaml>, dice: &mut Dice) {
    let mut documents = Vec::new();
    for _ in 0..count {
        let number = layer.next();
        let (one, value) = resource(number, layer.known, dice);
        layer.known.push(one);
        documents.push(value);
    }
    let is_list = dice.roll(12) == 0;
    if is_list {
        let kind = *dice.pick(&["List", "List", "ConfigMapList", "ThingList"]);
        documents = vec![Yaml::map([
            ("apiVersion", Yaml::text("v1")),
            ("kind", Yaml::text(kind)),
            ("items", Yaml::List(documents)),
        ])];
    }
    let mut text = layer.write(&documents, dice);
    match dice.roll(40) {
        0 => text = format!("---\n{text}---\n"),
        1 => text.push_str("---\n# nothing\n"),
        2 if dice.roll(4) == 0 => text = text.replace('\n', "\r\n"),
        3 if dice.roll(4) == 0 => text = format!("{text}...\n"),
        4 if dice.roll(4) == 0 => text = format!("%YAML 1.1\n---\n{text}"),
        _ => {}
    }
    said.push(Yaml::text(layer.file("resources", &text)));
}

/// The tree for a seed.
pub fn tree(seed: u64) -> Tree {
    let dice = &mut Dice::new(seed);
    let (mut files, mut count, mut roots) = (Files::new(), 0, Vec::new());
    let spoils = usize::from(dice.roll(5) == 0);
    let bases = 1 + dice.roll(4) / 3;
    let layers = dice.roll(3);
    let mut all = Vec::new();
    for at in 0..bases {
        let mut known = Vec::new();
        let directory = format!("base{at}");
        let mut layer = Layer {
            directory: directory.clone(),
            files: &mut files,
            count: &mut count,
            known: &mut known,
            renames: Vec::new(),
            spoils: RefCell::new(spoils * usize::from(layers == 0)),
        };
        let mut loads = Vec::new();
        for _ in 0..=dice.roll(2) {
            let count = 1 + dice.roll(4);
            resources(&mut layer, count, &mut loads, dice);
        }
        let mut said: Said = vec![("resources".to_owned(), Yaml::List(loads))];
        let features = if layers == 0 {
            1 + dice.roll(4)
        } else {
            dice.roll(3)
        };
        for _ in 0..features {
            let _ = fields::add(&mut said, &mut layer, dice);
        }
        layer.finish(said, dice);
        all.append(&mut known);
        roots.push(directory);
    }
    let mut below = roots.clone();
    for at in 0..layers {
        let is_last = at + 1 == layers;
        let directory = format!("over{at}");
        let mut parts = Vec::new();
        for _ in 0..dice.roll(6) / 4 {
            parts.push(part(&mut files, &mut count, &mut all, dice));
        }
        let mut layer = Layer {
            directory: directory.clone(),
            files: &mut files,
            count: &mut count,
            known: &mut all,
            renames: Vec::new(),
            spoils: RefCell::new(spoils * usize::from(is_last)),
        };
        let mut loads: Vec<Yaml> = below
            .iter()
            .map(|below| Yaml::text(format!("../{below}")))
            .collect();
        if dice.roll(4) == 0 {
            resources(&mut layer, 1, &mut loads, dice);
        }
        let mut said: Said = vec![("resources".to_owned(), Yaml::List(loads))];
        if !parts.is_empty() {
            let parts: Vec<String> = parts.iter().map(|part| format!("../{part}")).collect();
            said.push(("components".to_owned(), Yaml::texts(&parts)));
        }
        if dice.roll(2) == 0 {
            said.insert(0, ("kind".to_owned(), Yaml::text("Kustomization")));
            said.insert(
                0,
                (
                    "apiVersion".to_owned(),
                    Yaml::text("kustomize.config.k8s.io/v1beta1"),
                ),
            );
        }
        for _ in 0..=dice.roll(4) {
            let _ = fields::add(&mut said, &mut layer, dice);
        }
        layer.finish(said, dice);
        below = vec![directory.clone()];
        roots.push(directory);
    }
    // The middle of many layers is built together with the last.
    if roots.len() > 2 {
        roots.drain(..roots.len() - 2);
    }
    Tree { files, roots }
}

/// Adds a component, and returns its directory.
fn part(files: &mut Files, count: &mut usize, known: &mut Vec<Known>, dice: &mut Dice) -> String {
    *count += 1;
    let directory = format!("part{count}");
    let mut layer = Layer {
        directory: directory.clone(),
        files,
        count,
        known,
        renames: Vec::new(),
        spoils: RefCell::new(0),
    };
    let mut said: Said = vec![
        (
            "apiVersion".to_owned(),
            Yaml::text("kustomize.config.k8s.io/v1alpha1"),
        ),
        ("kind".to_owned(), Yaml::text("Component")),
    ];
    if dice.roll(3) == 0 {
        let mut loads = Vec::new();
        resources(&mut layer, 1, &mut loads, dice);
        said.push(("resources".to_owned(), Yaml::List(loads)));
    }
    for _ in 0..=dice.roll(2) {
        let _ = fields::add(&mut said, &mut layer, dice);
    }
    layer.finish(said, dice);
    directory
}
