//! `configMapGenerator` and `secretGenerator`.

use std::collections::{BTreeMap, BTreeSet};

use crate::repo::Kustomization;
use crate::yaml::Node;

use super::item::{Item, Reach, To, scan};
use super::piece::{Body, Gone, Mark, Piece, TEXT, spend};
use super::text::Shift;
use super::unknown::Reason;
use super::walk::{Walk, What};

/// One key of a generated resource.
struct Datum {
    key: String,
    /// Nothing where only kustomize knows it.
    value: Option<String>,
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
    }

    fn generate_one(
        &mut self,
        kustomization: Kustomization<'_>,
        entry: Node<'_>,
        kind: &str,
        origin: usize,
        items: &mut Vec<Item>,
    ) -> Option<()> {
        let name = entry.get("name")?;
        let data = self.data(kustomization, entry, kind, origin)?;
        spend(&mut self.budget, data.len() + scan(items) + 8)?;
        let pen = self.pen(origin, &Shift::None);
        let whole = pen.mark(None, name);
        let is_secret = kind == "Secret";
        let pieces = data.into_iter().map(|Datum { key, value, mark }| {
            let body = match value {
                Some(value) if !is_secret => Body::Scalar(value.into()),
                _ => Body::Unknown,
            };
            (key, Piece::new(body, mark))
        });
        let behavior = entry.str_at(&["behavior"]).unwrap_or("create");
        let namespace = entry.str_at(&["namespace"]);
        let old = items
            .iter_mut()
            .rev()
            .filter(|_| matches!(behavior, "merge" | "replace"))
            .find(|item| item.is_called(kind, name.text(), namespace));
        let mark = entry
            .get("behavior")
            .map_or(whole, |behavior| pen.mark(None, behavior));
        let item = if let Some(item) = old {
            let pieces: Vec<_> = pieces.collect();
            fill(&mut item.root, pieces, behavior == "replace", mark);
            item
        } else {
            let mut root = Piece::new(Body::Map(BTreeMap::new()), whole);
            root.set(&["apiVersion"], Piece::text("v1", whole));
            root.set(&["kind"], Piece::text(kind, whole));
            root.set(&["metadata", "name"], Piece::text(name.text(), whole));
            if let Some(namespace) = entry.get("namespace") {
                let piece = Piece::text(namespace.text(), pen.mark(None, namespace));
                root.set(&["metadata", "namespace"], piece);
            }
            if let Some(value) = entry.get("type") {
                root.set(&["type"], Piece::text(value.text(), pen.mark(None, value)));
            }
            let pieces: Vec<_> = pieces.collect();
            if !pieces.is_empty() {
                root.set(&["data"], Piece::new(Body::Map(BTreeMap::new()), whole));
            }
            fill(&mut root, pieces, false, whole);
            let mut item = Item::new(root, Some(whole))?;
            item.generated = true;
            // What is to be merged with something that is not here.
            item.partial = behavior != "create";
            items.push(item);
            items.last_mut()?
        };
        let options = [
            kustomization.root.get("generatorOptions"),
            entry.get("options"),
        ];
        let mut said = options.iter().flatten();
        let immutable = said.find_map(|options| {
            let mut fields = options.entries();
            fields.find(|(key, value)| key.text() == "immutable" && value.text() == "true")
        });
        if let Some((key, value)) = immutable {
            let mark = pen.mark(Some(key), value);
            item.root
                .set(&["immutable"], Piece::new(Body::Scalar(true.into()), mark));
        }
        for options in options.into_iter().flatten() {
            for field in ["labels", "annotations"] {
                for (key, value) in options.get(field).into_iter().flat_map(Node::entries) {
                    let mark = pen.mark(Some(key), value);
                    let piece = Piece::text(value.text(), mark);
                    item.root.set(&["metadata", field, key.text()], piece);
                    let (key, text) = (key.text().to_owned(), value.text().to_owned());
                    let to = if field == "labels" {
                        To::Label(key, text)
                    } else {
                        To::Annotation(key, text)
                    };
                    item.reach.push(Reach { to, mark });
                }
            }
        }
        Some(())
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
            let here = kustomization
                .resolve(env.text())
                .and_then(|path| self.source(&path));
            let Some((file, text)) = here else {
                self.note_at(Reason::NotHere, env.text(), kustomization.file, env);
                continue;
            };
            self.note_outside(kustomization, file, env);
            // One file may be named a thousand times.
            spend(&mut self.budget, 1 + text.len() / TEXT)?;
            let origin = self.origin(file, what);
            if kind == "Secret" {
                self.secrets.push((origin, 0..text.len()));
            }
            let lines = lines_of_env(text, origin);
            for line in lines.iter().filter(|line| line.value.is_none()) {
                self.note(Reason::Environment, &line.key, Some(line.mark));
            }
            data.extend(lines);
        }
        for file in entry.get("files").into_iter().flat_map(Node::items) {
            let written = file.text();
            let (key, path) = match written.split_once('=') {
                Some((key, path)) => (key, path),
                None => (written.rsplit('/').next().unwrap_or(written), written),
            };
            let here = kustomization
                .resolve(path)
                .and_then(|path| self.source(&path));
            let (value, mark) = if let Some((file, text)) = here {
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
                (Some(text.to_owned()), mark)
            } else {
                self.note_at(Reason::NotHere, path, kustomization.file, file);
                (None, self.pen(origin, &Shift::None).mark(None, file))
            };
            data.push(Datum {
                key: key.to_owned(),
                value,
                mark,
            });
        }
        for literal in entry.get("literals").into_iter().flat_map(Node::items) {
            let Some((key, value)) = literal.text().split_once('=') else {
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
                value: Some(unquoted(value).to_owned()),
                mark,
            });
        }
        Some(data)
    }
}

/// Puts data into a resource, beside or in the place of what it has.
fn fill(root: &mut Piece, pieces: Vec<(String, Piece)>, replaces: bool, mark: Mark) {
    let Body::Map(fields) = &mut root.body else {
        return;
    };
    let data = fields
        .entry("data".to_owned())
        .or_insert_with(|| Piece::new(Body::Map(BTreeMap::new()), mark));
    if data.is_null() {
        data.body = Body::Map(BTreeMap::new());
    }
    let Body::Map(map) = &mut data.body else {
        return;
    };
    if replaces {
        let old = std::mem::take(map);
        let kept: BTreeSet<&String> = pieces.iter().map(|(name, _)| name).collect();
        let lost = old.into_iter().filter(|(key, _)| !kept.contains(key));
        data.gone.extend(lost.map(|(key, piece)| Gone {
            key: Some(key),
            piece,
            mark,
        }));
        data.touched = Some(mark);
    }
    for (key, piece) in pieces {
        let new = piece.mark;
        if map.insert(key, piece).is_none() {
            data.touched = Some(new);
        }
    }
}

/// kustomize takes quotes around a literal's value away.
fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

fn lines_of_env(text: &str, origin: usize) -> Vec<Datum> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        let indent = line.len() - line.trim_start().len();
        let said = line.trim_start();
        if said.is_empty() || said.starts_with('#') {
            continue;
        }
        let Some((key, value)) = said.split_once('=') else {
            // The value comes from the environment of whoever builds.
            let mark = Mark {
                origin,
                start: start + indent,
                end: start + line.len(),
            };
            found.push(Datum {
                key: said.to_owned(),
                value: None,
                mark,
            });
            continue;
        };
        let begin = if value.is_empty() {
            start + indent
        } else {
            start + indent + key.len() + 1
        };
        found.push(Datum {
            key: key.to_owned(),
            value: Some(value.to_owned()),
            mark: Mark {
                origin,
                start: begin,
                end: start + line.len(),
            },
        });
    }
    found
}
