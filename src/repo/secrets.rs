//! Texts that must not be repeated: values of Secrets, in all places where the files of
//! kustomizations write them.

use std::collections::BTreeSet;
use std::ops::Range;

use super::known::Known;
use super::patched::{is_harmless, may_patch_secret};
use super::{Kustomization, Parsed, Role, is_inline, join, quotes, split};
use crate::text::{REDACTED, base64};
use crate::yaml::{self, Node};

/// The fields of a Secret that contain none of its values.
const OPEN: [&str; 5] = ["apiVersion", "kind", "metadata", "type", "immutable"];

/// The fields of a Secret that hold its values.
const DATA: [&str; 2] = ["data", "stringData"];

/// Shorter values are ordinary words of messages, and reveal nothing.
const MIN_LENGTH: usize = 4;

/// The values of Secrets, in every form in which a builder may write them.
#[derive(Debug, Default)]
pub struct Secrets {
    forms: BTreeSet<String>,
    known: Known,
}

impl Secrets {
    /// Every form of every value.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.forms.iter().map(String::as_str)
    }
}

/// The message of a builder about a failure, without the values of Secrets.
///
/// Two things happen. A quote is cut unless it is certainly not about a Secret, because it may
/// contain a value that no file has. And values from the files are cut everywhere, except in the
/// name of a file or a resource.
#[must_use]
pub fn redact(text: &str, secrets: &Secrets) -> String {
    let text = quotes::cut(text);
    let open = secrets.known.find(&text);
    let mut ranges: Vec<Range<usize>> = secrets
        .forms
        .iter()
        .flat_map(|form| text.match_indices(form.as_str()))
        .map(|(at, form)| at..at + form.len())
        .filter(|range| !open.iter().any(|name| name.has(range)))
        .collect();
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for range in ranges {
        if range.start >= done {
            out.push_str(text.get(done..range.start).unwrap_or_default());
            out.push_str(REDACTED);
        }
        // If values overlap, all of them are cut completely.
        done = done.max(range.end);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Every value of a Secret that the files contain, or may contain.
#[must_use]
pub fn secrets(parsed: &Parsed<'_>) -> Secrets {
    let mut found = Found::default();
    for (file, tree) in &parsed.trees {
        if super::NAMES.contains(&split(file).1)
            && let Some(kustomization) = Kustomization::read(file, tree)
        {
            let real = parsed.sources.real(split(file).0);
            found.kustomization(
                parsed,
                Kustomization {
                    real,
                    ..kustomization
                },
            );
        } else {
            for root in tree.roots() {
                found.document(parsed, split(file).0, root);
            }
        }
    }
    // The configuration of a plugin names files relative to the kustomization that runs it.
    for kustomization in parsed.kustomizations() {
        let edges = parsed.graph().of_directory(kustomization.directory());
        let plugins = edges.iter().filter(|edge| edge.role == Role::Plugin);
        let files: BTreeSet<&str> = plugins.map(|edge| &*edge.file).collect();
        for tree in files.iter().filter_map(|file| parsed.tree(file)) {
            for root in tree.roots() {
                found.document(parsed, kustomization.real, root);
            }
        }
    }
    for file in parsed.unreadable.keys() {
        let text = parsed.sources.text(file).unwrap_or_default();
        let name = split(file).1;
        let is_yaml = super::NAMES.contains(&name)
            || matches!(name.rsplit('.').next(), Some("yaml" | "yml" | "json"));
        if is_yaml && text.to_ascii_lowercase().contains("secret") {
            found.unknown(text);
        }
    }
    Secrets {
        forms: found.values.iter().flat_map(|value| forms(value)).collect(),
        known: Known::of(parsed),
    }
}

/// A value in plain form, escaped, and in base64.
fn forms(value: &str) -> BTreeSet<String> {
    let escaped = |text: &str| -> [String; 4] {
        let json = serde_json::Value::from(text).to_string();
        let inner = json.get(1..json.len().saturating_sub(1));
        let json = inner.unwrap_or_default().to_owned();
        let html = [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026")];
        let html = html
            .iter()
            .fold(json.clone(), |text, (from, to)| text.replace(*from, to));
        let go = text.escape_debug().to_string().replace("\\'", "'");
        [json, html, go, text.replace('\'', "''")]
    };
    let mut all = BTreeSet::new();
    if value.len() >= MIN_LENGTH {
        all.insert(value.to_owned());
        all.extend(escaped(value));
        // A quoted patch may contain its value as JSON.
        let twice: Vec<String> = all.iter().flat_map(|text| escaped(text)).collect();
        all.extend(twice);
    }
    all.insert(base64(value.as_bytes()));
    all.insert(base64(format!("{value}\n").as_bytes()));
    all
}

#[derive(Default)]
struct Found {
    values: BTreeSet<String>,
}

impl Found {
    /// A value, and each of its lines.
    fn add(&mut self, value: &str) {
        for text in value.lines().chain([value]) {
            let text = text.trim();
            if !text.is_empty() {
                self.values.insert(text.to_owned());
            }
        }
    }

    /// An unparsable text: each of its lines, and the text after a key in it.
    fn unknown(&mut self, text: &str) {
        self.add(text);
        let names = [
            "kind",
            "apiVersion",
            "name",
            "namespace",
            "type",
            "op",
            "path",
        ];
        for line in text.lines() {
            let line = line.trim_start_matches([' ', '-', '{', '[']);
            for split in [line.split_once(": "), line.split_once('=')] {
                if let Some((key, value)) = split
                    && !names.contains(&key)
                {
                    self.add(value.trim().trim_matches(['"', '\'', '}', ']']));
                }
            }
        }
    }

    /// Every scalar, with its value and its written form.
    fn scalars(&mut self, node: Node<'_>) {
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            if node.is_scalar() {
                self.add(node.text());
                let written = node.tree().source().get(node.span()).unwrap_or_default();
                if written.contains('\n') {
                    let lines = written.lines();
                    lines.for_each(|line| self.add(line.trim().trim_matches(['"', '\''])));
                }
            }
            left.extend(node.items());
            left.extend(node.entries().map(|(_, value)| value));
        }
    }

    /// The data of a Secret, or of a document that may be one.
    fn data(&mut self, root: Node<'_>) {
        for (key, value) in root.entries() {
            if !OPEN.contains(&key.text()) {
                self.scalars(value);
            }
        }
    }

    /// A resource, or the configuration of one of kustomize's generators and transformers.
    fn document(&mut self, parsed: &Parsed<'_>, directory: &str, root: Node<'_>) {
        let mut left = vec![root];
        while let Some(node) = left.pop() {
            let kind = node.str_at(&["kind"]).unwrap_or_default();
            match kind {
                "Secret" => self.data(node),
                "SecretGenerator" => self.generator(parsed, directory, node),
                "PatchTransformer" | "PatchJson6902Transformer" => {
                    self.patch_entry(parsed, directory, node);
                }
                "PatchStrategicMergeTransformer" => {
                    if let Some(text) = node.str_at(&["patches"]) {
                        self.patch(None, text);
                    }
                }
                _ => {}
            }
            if kind.ends_with("List") {
                for item in node.get("items").into_iter().flat_map(Node::items) {
                    if kind == "SecretList" {
                        self.data(item);
                    }
                    left.push(item);
                }
            }
        }
    }

    fn generator(&mut self, parsed: &Parsed<'_>, directory: &str, item: Node<'_>) {
        for (key, value) in item.entries() {
            match key.text().to_ascii_lowercase().as_str() {
                "literals" => {
                    for literal in value.items() {
                        let text = literal.text();
                        let value = text.split_once('=').map_or(text, |(_, value)| value);
                        self.add(text);
                        self.add(value.trim_matches(['"', '\'']));
                    }
                    self.scalars(value);
                }
                "files" | "envs" | "env" => {
                    let own = Some(value).filter(|value| value.is_scalar());
                    for entry in value.items().chain(own) {
                        let entry = entry.text();
                        let path = entry.split_once('=').map_or(entry, |(_, path)| path);
                        let text = parsed.sources.text(&join(directory, path));
                        self.add(text.unwrap_or_default());
                        for line in text.unwrap_or_default().lines() {
                            self.add(line.split_once('=').map_or(line, |(_, value)| value));
                        }
                    }
                }
                "name" | "namespace" | "behavior" | "type" | "options" | "apiversion" | "kind"
                | "metadata" => {}
                // A misspelt key may mean any of them.
                _ => self.scalars(value),
            }
        }
    }

    fn kustomization(&mut self, parsed: &Parsed<'_>, kustomization: Kustomization<'_>) {
        let directory = kustomization.real;
        for (key, list) in kustomization.root.entries() {
            match key.text() {
                "secretGenerator" => {
                    let items = list.items();
                    items.for_each(|item| self.generator(parsed, directory, item));
                }
                "patches" | "patchesJson6902" | "patchesStrategicMerge" => {
                    for item in list.items() {
                        if item.is_scalar() {
                            self.patch_in(parsed, directory, None, item.text());
                        }
                        self.patch_entry(parsed, directory, item);
                    }
                }
                _ => self.embedded(parsed, directory, list),
            }
        }
    }

    /// All inline content of a list.
    fn embedded(&mut self, parsed: &Parsed<'_>, directory: &str, list: Node<'_>) {
        for text in list.items().filter(|item| item.is_scalar()).map(Node::text) {
            if !is_inline(text) {
                continue;
            }
            match yaml::parse_lax(text) {
                Ok(tree) => {
                    let roots = tree.roots();
                    roots.for_each(|root| self.document(parsed, directory, root));
                }
                Err(_) => self.unknown(text),
            }
        }
    }

    /// A patch with its target.
    fn patch_entry(&mut self, parsed: &Parsed<'_>, directory: &str, item: Node<'_>) {
        let target = item.get("target");
        if let Some(path) = item.str_at(&["path"]) {
            self.patch_in(parsed, directory, target, path);
        }
        for field in ["patch", "jsonOp"] {
            if let Some(text) = item.str_at(&[field]) {
                self.patch(target, text);
            }
        }
    }

    /// A patch in a file, or inline.
    fn patch_in(
        &mut self,
        parsed: &Parsed<'_>,
        directory: &str,
        target: Option<Node<'_>>,
        entry: &str,
    ) {
        if is_inline(entry) {
            self.patch(target, entry);
        } else if let Some(text) = parsed.sources.text(&join(directory, entry)) {
            self.patch(target, text);
        }
    }

    /// The kind of a strategic merge patch is its own; that of operations is the kind of their
    /// target.
    fn patch(&mut self, target: Option<Node<'_>>, text: &str) {
        let Ok(tree) = yaml::parse_lax(text) else {
            if !is_harmless(target, text) {
                // The intended content is not known.
                self.unknown(text);
            }
            return;
        };
        let is_given = target.is_some_and(|target| target.get("kind").is_some());
        for root in tree.roots().filter(|root| may_patch_secret(target, *root)) {
            let own = root.str_at(&["kind"]).unwrap_or_default();
            let is_sure = is_given || own.starts_with("Secret");
            self.operations(root, is_sure);
            match root.get("items") {
                Some(items) => items.items().for_each(|item| self.data(item)),
                None if is_sure => self.data(root),
                // If it may be for other kinds too, its other words are not secret.
                None => DATA
                    .iter()
                    .filter_map(|field| root.get(field))
                    .for_each(|data| self.scalars(data)),
            }
        }
    }

    fn operations(&mut self, root: Node<'_>, is_sure: bool) {
        for operation in root.items() {
            let path = operation.str_at(&["path"]).unwrap_or_default();
            let field = path.trim_start_matches('/').split('/').next();
            let is_data = field.is_none_or(|field| field.is_empty() || DATA.contains(&field));
            if let Some(value) = operation.get("value").filter(|_| is_sure || is_data) {
                self.scalars(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sources;
    use super::*;

    #[test]
    fn values_of_secrets_are_found_wherever_they_are_written() {
        let mut sources = Sources::default();
        for (path, text) in [
            (
                "a/kustomization.yaml",
                "secretGenerator:\n- {name: x, literals: [k=literal-1], files: [k=f.txt], envs: [e.env]}\n\
                 patches:\n- target: {kind: Secret}\n  patch: '[{op: add, path: /data/k, value: operation-1}]'\n\
                 - patch: |\n    kind: Secret\n    stringData: {k: strategic-1}\n- path: p.yaml\n- target: {kind: ConfigMap}\n  patch: '[{op: add, path: /data/k, value: open-1}]'\n\
                 patchesStrategicMerge:\n- |\n  kind: Secret\n  data: {k: older-1}\n",
            ),
            ("a/f.txt", "file-1\nfile-2\n"),
            ("a/e.env", "K=env-1\n"),
            ("a/p.yaml", "kind: Secret\ndata: {k: patch-1, l: abc}\n"),
            (
                "a/s.yaml",
                "kind: ConfigMap\ndata: {k: open-2}\n---\nkind: Secret\ndata: {k: resource-1}\n",
            ),
        ] {
            sources.insert(path.to_owned(), text.to_owned());
        }
        let secrets = secrets(&sources.parse());
        for hidden in [
            "literal-1",
            "file-1",
            "file-2",
            "env-1",
            "operation-1",
            "strategic-1",
            "older-1",
            "patch-1",
            "resource-1",
        ] {
            let told = redact(&format!("cannot apply {hidden}: no"), &secrets);
            assert_eq!(told, "cannot apply <redacted>: no", "{secrets:?}");
        }
        for open in ["open-1", "open-2", "abc"] {
            assert_eq!(redact(open, &secrets), open);
        }
    }

    #[test]
    fn files_are_resolved_relative_to_the_kustomization_that_names_them() {
        let mut sources = Sources::default();
        let patch =
            "apiVersion: builtin\nkind: PatchTransformer\npath: p.yaml\ntarget: {kind: Secret}\n";
        for (path, text) in [
            (
                "a/b/kustomization.yaml",
                "generators: [../../tools]\ntransformers: [../../tools/p.yaml]\n",
            ),
            ("tools/kustomization.yaml", "resources: [inner]"),
            ("tools/inner/kustomization.yaml", "resources: [s.yaml]"),
            (
                "tools/inner/s.yaml",
                "apiVersion: builtin\nkind: SecretGenerator\nFiles: [k=f.txt]\nenvs: [../e.env]\n",
            ),
            ("tools/p.yaml", patch),
            ("a/b/f.txt", "gathered-1"),
            ("a/e.env", "K=gathered-2"),
            (
                "a/b/p.yaml",
                "[{op: add, path: /data/k, value: gathered-3}]",
            ),
            // A link leads here.
            (
                "link/kustomization.yaml",
                "secretGenerator: [{name: x, envs: [../e.env]}]",
            ),
            ("really/e.env", "K=linked-1"),
        ] {
            sources.insert(path.to_owned(), text.to_owned());
        }
        sources.insert_linked("link".to_owned(), "really/deep".to_owned());
        let secrets = secrets(&sources.parse());
        for hidden in ["gathered-1", "gathered-2", "gathered-3", "linked-1"] {
            assert_eq!(redact(hidden, &secrets), "<redacted>", "{hidden}");
        }
    }

    fn found_in(kustomization: &str) -> Secrets {
        let mut sources = Sources::default();
        sources.insert("kustomization.yaml".to_owned(), kustomization.to_owned());
        secrets(&sources.parse())
    }

    #[test]
    fn values_are_found_in_every_form() {
        let secrets = found_in(
            "secretGenerator:\n- {name: x, literals: ['k=a\"b<c\\d', short=abc], misspelt: [other-1]}\n\
             generators:\n- |\n  kind: SecretGenerator\n  literals: [k=inline-1]\n\
             patchesStrategicMerge:\n- |\n  stringData:\n    k: >-\n      folded-1\n      folded-2\n",
        );
        for hidden in [
            "a\"b<c\\d",
            "a\\\"b<c\\\\d",
            "a\\\"b\\u003cc\\\\d",
            "YSJiPGNcZA==",
            "k=a\"b<c\\d",
            "YWJj",
            "short=abc",
            "other-1",
            "inline-1",
            "folded-1 folded-2",
            "folded-2",
        ] {
            let told = redact(&format!("cannot apply {hidden}: no"), &secrets);
            assert_eq!(told, "cannot apply <redacted>: no", "{hidden}");
        }
    }

    #[test]
    fn a_patch_for_any_kind_hides_only_data() {
        let secrets = found_in(
            "patches:\n- target: {name: web}\n  patch: '[{op: add, path: /data/a, value: hidden-1}, {op: add, path: /spec/a, value: open-1}]'\n\
             - patch: '{stringData: {a: hidden-2}, spec: {a: open-2}}'\n\
             - target: {kind: .*, name: web}\n  patch: '[{op: add, path: /spec/a, value: hidden-3}]'\n\
             - target: {kind: ConfigMap}\n  patch: '[{op: add, path: /data/a, value: open-3}]'\n",
        );
        let told = redact("hidden-1 hidden-2 hidden-3 open-1 open-2 open-3", &secrets);
        assert_eq!(
            told,
            "<redacted> <redacted> <redacted> open-1 open-2 open-3"
        );
    }

    #[test]
    fn overlapping_values_are_cut_completely() {
        let secrets = found_in("secretGenerator:\n- {name: x, literals: [a=abcdef, b=defghi]}\n");
        assert_eq!(redact("xabcdefghix", &secrets), "x<redacted>x");
        assert_eq!(redact("ünabcdef", &secrets), "ün<redacted>");
    }

    #[test]
    fn only_a_patch_certainly_not_for_a_secret_is_harmless() {
        for (target, patch, expected) in [
            ("{kind: Deployment}", "[{op: x}]", true),
            ("{kind: Deployment|Job}", "[{op: x", true),
            (
                "{kind: Deployment}",
                "kind: Secret\nstringData: {a: b",
                false,
            ),
            ("{kind: Deployment}", "{kind: SecretList, items: []}", false),
            ("{kind: Secret}", "[{op: x}]", false),
            ("{kind: S.*}", "[{op: x}]", false),
            ("{kind: '('}", "[{op: x}]", false),
            ("{kind: ''}", "[{op: x}]", false),
            ("{name: web}", "{kind: Deployment}", false),
            ("", "{kind: Deployment}", true),
            ("", "kind: Deployment\nspec: {", true),
            ("", "kind: Deployment\n---\nkind: Secret\n", false),
            ("", "kind: List\nitems: []\n", false),
            ("", "spec: {a: b}", false),
            ("", "[{op: x}]", false),
            ("", "", false),
        ] {
            let tree = yaml::parse_lax(target).unwrap();
            let target_node = tree.roots().next();
            assert_eq!(
                is_harmless(target_node, patch),
                expected,
                "{target} {patch}"
            );
        }
    }
}
