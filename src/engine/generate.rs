//! `configMapGenerator` and `secretGenerator`.

use std::collections::BTreeMap;

use crate::repo::Kustomization;
use crate::repo::fields::{Fault, Found, faults_of_generator};
use crate::text::base64;
use crate::yaml::Node;

use super::absorb::absorb;
use super::item::{Item, Reach, Sealed, To, scan};
use super::look::{Look, is_no_key, is_no_made_key, is_number, is_odd_key};
use super::piece::{Body, Lost, Mark, Piece, TEXT, lose, spend};
use super::scalar::{is_on, said};
use super::text::Shift;
use super::unknown::Reason;
use super::walk::{Walk, What};

/// kustomize stops reading an env file at a line of this length.
const LONGEST: usize = 1 << 16;

/// Whether kustomize, which writes the keys of data again when it merges them, would not read them
/// back as strings.
fn has_odd_keys(item: &Item) -> bool {
    let fields = ["data", "binaryData"].map(|field| item.root.get(field));
    let mut maps = fields.into_iter().flatten();
    maps.any(|field| match &field.body {
        Body::Map(map) => map.keys().any(|key| is_no_key(key)),
        _ => false,
    })
}

/// One key of a generated resource.
struct Datum {
    key: String,
    /// `None` if only kustomize knows it.
    value: Option<Vec<u8>>,
    mark: Mark,
}

impl Walk<'_> {
    /// Runs the generators of a kustomization.
    pub(super) fn generate(&mut self, kustomization: Kustomization<'_>, items: &mut Vec<Item>) {
        for (field, kind, what) in [
            ("configMapGenerator", "ConfigMap", What::ConfigMapGenerator),
            ("secretGenerator", "Secret", What::SecretGenerator),
        ] {
            let Some(list) = kustomization.root.get(field) else {
                continue;
            };
            let origin = self.origin(kustomization.file, what);
            if kind == "Secret" {
                self.secrets.push((origin, list.span()));
            }
            for entry in list.items() {
                self.generate_one(kustomization, entry, kind, origin, items);
            }
        }
        self.each_declared(
            kustomization,
            "generators",
            &mut |walk, file, shift, root| {
                walk.generate_declared(kustomization, (file, shift), root, items);
            },
        );
    }

    /// Runs one of kustomize's own generators that is written as a resource.
    fn generate_declared(
        &mut self,
        kustomization: Kustomization<'_>,
        (file, shift): (&str, &Shift),
        root: Node<'_>,
        items: &mut Vec<Item>,
    ) {
        let kind = root.str_at(&["kind"]).unwrap_or_default();
        let is_own = root.str_at(&["apiVersion"]) == Some("builtin");
        let (kind, what) = match (kind, shift) {
            ("ConfigMapGenerator", Shift::None) if is_own => {
                ("ConfigMap", What::ConfigMapGenerator)
            }
            ("SecretGenerator", Shift::None) if is_own => ("Secret", What::SecretGenerator),
            _ => {
                let origin = self.origin(file, What::Elsewhere);
                let mark = self.pen(origin, shift).mark_of(root);
                self.elsewhere.push(mark);
                self.secrets.push((origin, mark.start..mark.end));
                self.note(Reason::Generator, kind, Some(mark));
                return;
            }
        };
        let origin = self.origin(file, what);
        if kind == "Secret" {
            self.secrets.push((origin, root.span()));
        }
        for Found { node, field, fault } in faults_of_generator(root) {
            if fault == Fault::Type && !is_number(node) {
                self.note_at(Reason::Type, field, file, node);
            }
        }
        self.generate_one(kustomization, root, kind, origin, items);
    }

    fn generate_one(
        &mut self,
        kustomization: Kustomization<'_>,
        entry: Node<'_>,
        kind: &str,
        origin: usize,
        items: &mut Vec<Item>,
    ) -> Option<()> {
        // A generator that is written as a resource may take its name from its metadata. It uses
        // only its own options.
        let is_resource = entry.get("kind").is_some();
        let called = |field: &str| {
            let found = [entry.get(field), entry.at(&["metadata", field])]
                .into_iter()
                .flatten();
            found
                .into_iter()
                .find(|value| !value.is_null() && !value.text().is_empty())
        };
        let Some(name) = called("name") else {
            self.note_at(Reason::Nameless, kind, kustomization.file, entry);
            return None;
        };
        let data = self.data(kustomization, entry, kind, origin)?;
        spend(&mut self.budget, data.len() + scan(items) + 8)?;
        let globals = kustomization
            .root
            .get("generatorOptions")
            .filter(|_| !is_resource);
        let options = Options::read([globals, entry.get("options")]);
        let pen = self.pen(origin, &Shift::None);
        let whole = pen.mark(None, name);
        let mut odd = Vec::new();
        let mut made = base_of(kind, name.text(), whole);
        if let Some(within) = called("namespace") {
            let piece = Piece::text(within.text(), pen.mark(None, within));
            made.set(&["metadata", "namespace"], piece);
        }
        if kind == "Secret" {
            let said =
                (entry.get("type")).filter(|value| !value.is_null() && !value.text().is_empty());
            let piece = said.map_or_else(
                || Piece::text("Opaque", whole),
                |value| Piece::text(value.text(), pen.mark(None, value)),
            );
            made.set(&["type"], piece);
            let nothing = Piece::new(Body::Map(BTreeMap::new()), whole);
            made.set(&["data"], nothing);
        }
        for (field, key, value) in &options.pairs {
            let is_odd = if is_resource {
                is_odd_key
            } else {
                is_no_made_key
            };
            if is_odd(*key) {
                // kustomize refuses it if something searches for it later.
                lose(
                    &mut odd,
                    Reason::Setting,
                    key.text(),
                    Some(pen.mark_of(*key)),
                );
            }
            let mark = pen.mark(Some(*key), *value);
            made.set(
                &["metadata", field, key.text()],
                Piece::text(said(*value), mark),
            );
        }
        if let Some((key, value)) = options.immutable {
            let mark = pen.mark(Some(key), value);
            made.set(&["immutable"], Piece::new(Body::Scalar(true.into()), mark));
        }
        let behavior = entry.get("behavior");
        let mark = behavior.map_or(whole, |behavior| pen.mark(None, behavior));
        let behavior = behavior.map_or("create", Node::text);
        let behavior = if matches!(behavior, "merge" | "replace") {
            behavior
        } else {
            "create"
        };
        let sealed = fill(&mut made, data, kind, &mut odd);
        self.unknown.append(&mut odd);
        let mut new = Item::new(made, Some(whole))?;
        new.generated = true;
        new.hashed = options.is_hashed;
        new.sealed = sealed;
        let reach = options.pairs.iter().map(|(field, key, value)| Reach {
            to: To::pair(field, key.text(), said(*value)),
            mark: self.pen(origin, &Shift::None).mark(Some(*key), *value),
        });
        new.reach = reach.collect();
        let file = self.origins.get(origin).map_or("", |origin| origin.file);
        let declared = (file, is_resource.then_some(entry));
        self.note_generator(
            &mut new,
            kustomization,
            declared,
            &format!("{kind}Generator"),
        );
        self.seat(
            kustomization,
            (entry, name.text()),
            new,
            (behavior, mark),
            items,
        );
        Some(())
    }

    /// Adds a generated resource, or merges it into the one that it names.
    fn seat(
        &mut self,
        kustomization: Kustomization<'_>,
        (entry, name): (Node<'_>, &str),
        mut new: Item,
        (behavior, mark): (&str, Mark),
        items: &mut Vec<Item>,
    ) {
        let within = Some(new.namespace());
        let mut olds = (0..items.len()).filter(|&at| {
            let old = &items[at];
            old.group.is_empty() && old.version == "v1" && old.is_called(&new.kind, name, within)
        });
        match (olds.next(), olds.next(), behavior) {
            (None, _, "create") => items.push(new),
            (None, ..) => {
                // The resource to merge with may come from elsewhere.
                if self.elsewhere.is_empty() {
                    self.note_at(Reason::NoTarget, name, kustomization.file, entry);
                }
                new.partial = true;
                items.push(new);
            }
            (Some(_), None, "create") => {
                self.note_at(Reason::SameResource, name, kustomization.file, entry);
            }
            (Some(at), None, behavior) => {
                let replaces = behavior == "replace";
                if !replaces && has_odd_keys(&items[at]) {
                    self.note_at(Reason::Type, name, kustomization.file, entry);
                }
                absorb(&mut items[at], new, replaces, mark);
            }
            (Some(_), Some(_), _) => {
                self.note_at(Reason::Ambiguous, name, kustomization.file, entry);
            }
        }
    }

    fn data(
        &mut self,
        kustomization: Kustomization<'_>,
        entry: Node<'_>,
        kind: &str,
        origin: usize,
    ) -> Option<Vec<Datum>> {
        let mut data = Vec::new();
        let what = if kind == "Secret" {
            What::SecretFile
        } else {
            What::ConfigMapFile
        };
        let envs = entry.get("envs").into_iter().flat_map(Node::items);
        for env in envs.chain(entry.get("env")) {
            let path = kustomization.resolve(env.text()).unwrap_or_default();
            let Some((file, text)) = self.source(&path) else {
                self.note_at(self.absent(&path), env.text(), kustomization.file, env);
                continue;
            };
            self.note_outside(kustomization, file, env);
            // One file may be named a thousand times.
            spend(&mut self.budget, 1 + text.len() / TEXT)?;
            let origin = self.origin(file, what);
            if kind == "Secret" {
                self.secrets.push((origin, 0..text.len()));
            }
            if text.lines().any(|line| line.len() >= LONGEST) {
                self.note_at(Reason::Bounds, env.text(), kustomization.file, env);
            }
            data.extend(lines_of_env(text, origin));
        }
        for literal in entry.get("literals").into_iter().flat_map(Node::items) {
            let pair = literal
                .text()
                .split_once('=')
                .filter(|(key, _)| !key.is_empty());
            let Some((key, value)) = pair else {
                self.note_at(Reason::Type, "literals", kustomization.file, literal);
                continue;
            };
            let start = key.len() + 1;
            let range = Shift::of(literal).outer(start..start + value.len());
            let mut mark = Mark {
                origin,
                start: range.start,
                end: range.end,
            };
            if value.is_empty() {
                mark = self.pen(origin, &Shift::None).mark(None, literal);
            }
            data.push(Datum {
                key: key.to_owned(),
                value: Some(unquoted(value).as_bytes().to_vec()),
                mark,
            });
        }
        for file in entry.get("files").into_iter().flat_map(Node::items) {
            let written = file.text();
            let said = if let Some((key, path)) = written.split_once('=') {
                let is_pair = !key.is_empty() && !path.is_empty() && !path.contains('=');
                is_pair.then_some((key, path))
            } else {
                let whole = written.trim_end_matches('/');
                Some((whole.rsplit('/').next().unwrap_or(whole), written))
            };
            let Some((key, path)) = said else {
                self.note_at(Reason::Type, "files", kustomization.file, file);
                continue;
            };
            let (said, path) = (path, kustomization.resolve(path).unwrap_or_default());
            let (value, mark) = if let Some((file, text)) = self.source(&path) {
                self.note_outside(kustomization, file, entry);
                spend(&mut self.budget, 1 + text.len() / TEXT)?;
                let origin = self.origin(file, what);
                if kind == "Secret" {
                    self.secrets.push((origin, 0..text.len()));
                }
                let mark = Mark {
                    origin,
                    start: 0,
                    end: text.len(),
                };
                (Some(text.as_bytes().to_vec()), mark)
            } else {
                let bytes = self.parsed.sources.other(&path);
                let bytes = bytes.and_then(|(path, bytes)| Some((path, bytes?)));
                if let Some((path, bytes)) = bytes {
                    self.note_outside(kustomization, path, entry);
                    spend(&mut self.budget, 1 + bytes.len() / TEXT)?;
                } else {
                    self.note_at(self.absent(&path), said, kustomization.file, file);
                }
                let mark = self.pen(origin, &Shift::None).mark(None, file);
                (bytes.map(|(_, bytes)| bytes.to_vec()), mark)
            };
            data.push(Datum {
                key: key.to_owned(),
                value,
                mark,
            });
        }
        Some(data)
    }
}

/// Writes data into a resource; the values of a Secret are kept apart.
fn fill(made: &mut Piece, data: Vec<Datum>, kind: &str, odd: &mut Vec<Lost>) -> Sealed {
    let mut sealed = Sealed::default();
    for Datum { key, value, mark } in data {
        let field = match &value {
            Some(value) if kind != "Secret" && std::str::from_utf8(value).is_err() => "binaryData",
            _ => "data",
        };
        if is_no_key(&key) {
            lose(odd, Reason::Type, &key, Some(mark));
        }
        if made.at(&[field, &key]).is_some() {
            lose(odd, Reason::Twice, &key, Some(mark));
            continue;
        }
        let body = match value {
            Some(value) if kind == "Secret" => {
                sealed.0.insert(key.clone(), base64_in_lines(&value).into());
                Body::Unknown
            }
            Some(value) => Body::Scalar(match String::from_utf8(value) {
                Ok(text) => text.into(),
                Err(bytes) => base64_in_lines(bytes.as_bytes()).into(),
            }),
            None => Body::Unknown,
        };
        let look = match &body {
            Body::Scalar(value) => value.as_str().map_or(Look::Unsure, Look::of_made),
            _ => Look::Unsure,
        };
        let piece = Piece {
            look,
            ..Piece::new(body, mark)
        };
        made.set(&[field, &key], piece);
        if let Some(map) = made.get_mut(field) {
            map.touched = Some(mark);
        }
    }
    sealed
}

/// The options of a generator.
struct Options<'n> {
    /// Labels and annotations, each with key and value.
    pairs: Vec<(&'static str, Node<'n>, Node<'n>)>,
    immutable: Option<(Node<'n>, Node<'n>)>,
    is_hashed: bool,
}

impl<'n> Options<'n> {
    /// Reads the options that all generators of a kustomization share and those of one generator,
    /// whose labels win.
    fn read(options: [Option<Node<'n>>; 2]) -> Self {
        let mut pairs: Vec<(&'static str, Node<'n>, Node<'n>)> = Vec::new();
        for options in options.into_iter().flatten() {
            for field in ["labels", "annotations"] {
                for (key, value) in options.get(field).into_iter().flat_map(Node::entries) {
                    pairs.retain(|(of, known, _)| *of != field || known.text() != key.text());
                    pairs.push((field, key, value));
                }
            }
        }
        let set = |field: &str| {
            let mut all = options
                .iter()
                .flatten()
                .flat_map(|options| options.entries());
            all.find(|(key, value)| key.text() == field && is_on(*value))
        };
        Self {
            pairs,
            immutable: set("immutable"),
            is_hashed: set("disableNameSuffixHash").is_none(),
        }
    }
}

/// A resource without data.
fn base_of(kind: &str, name: &str, mark: Mark) -> Piece {
    let mut root = Piece::new(Body::Map(BTreeMap::new()), mark);
    root.set(&["apiVersion"], Piece::text("v1", mark));
    root.set(&["kind"], Piece::text(kind, mark));
    root.set(&["metadata", "name"], Piece::text(name, mark));
    root
}

/// Base64 as kustomize writes it: in lines of 70 characters if it needs more than one.
fn base64_in_lines(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let text = base64(bytes);
    if text.len() < LINE {
        return text;
    }
    let mut out = String::with_capacity(text.len() + text.len() / LINE + 1);
    for line in text.as_bytes().chunks(LINE) {
        out.push_str(std::str::from_utf8(line).unwrap_or_default());
        out.push('\n');
    }
    out
}

/// kustomize strips quotes around the value of a literal.
fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

/// The variables of an env file, as kustomize reads them: a line without `=` has no value, and one
/// without a name is skipped.
fn lines_of_env(text: &str, origin: usize) -> Vec<Datum> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let mut start = at;
        at += line.len();
        let mut line = line.strip_suffix('\n').unwrap_or(line);
        line = line.strip_suffix('\r').unwrap_or(line);
        if let Some(rest) = line.strip_prefix('\u{feff}').filter(|_| start == 0) {
            start += line.len() - rest.len();
            line = rest;
        }
        let indent = line.len() - line.trim_start().len();
        let said = line.trim_start();
        if said.is_empty() || said.starts_with('#') {
            continue;
        }
        let (key, value) = said.split_once('=').unwrap_or((said, ""));
        if key.is_empty() {
            continue;
        }
        let begin = if value.is_empty() {
            start + indent
        } else {
            start + indent + key.len() + 1
        };
        found.push(Datum {
            key: key.to_owned(),
            value: Some(value.as_bytes().to_vec()),
            mark: Mark {
                origin,
                start: begin,
                end: start + line.len(),
            },
        });
    }
    found
}
