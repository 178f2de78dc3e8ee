//! What must not be repeated: values of Secrets, wherever the files of kustomizations write them.

use std::collections::BTreeSet;

use super::{Kustomization, Parsed, split};
use crate::yaml::{self, Node, Tree};

/// What stands in a text instead of a Secret's value.
const REDACTED: &str = "<redacted>";

/// Values shorter than this are words of every message, and give nothing away.
const MIN_LENGTH: usize = 4;

/// A text, such as an error of kustomize that quotes a patch, without the values of Secrets.
#[must_use]
pub fn redact(text: &str, secrets: &BTreeSet<String>) -> String {
    // The longest first, so that none is left in part.
    let mut ordered: Vec<&String> = secrets
        .iter()
        .filter(|value| text.contains(*value))
        .collect();
    ordered.sort_by_key(|value| std::cmp::Reverse(value.len()));
    let mut out = text.to_owned();
    for value in ordered {
        out = out.replace(value, REDACTED);
    }
    out
}

/// Every value of a Secret that the files write.
#[must_use]
pub fn secrets(parsed: &Parsed<'_>) -> BTreeSet<String> {
    let mut found = Found(BTreeSet::new());
    for (file, tree) in &parsed.trees {
        if super::NAMES.contains(&split(file).1)
            && let Some(kustomization) = Kustomization::read(file, tree)
        {
            found.kustomization(parsed, kustomization);
        } else {
            found.documents(tree);
        }
    }
    found.0
}

struct Found(BTreeSet<String>);

impl Found {
    fn add(&mut self, value: &str) {
        for line in value.lines().map(str::trim) {
            if line.len() >= MIN_LENGTH {
                self.0.insert(line.to_owned());
            }
        }
    }

    fn documents(&mut self, tree: &Tree<'_>) {
        for root in tree.roots() {
            if root.str_at(&["kind"]) == Some("Secret") {
                for field in ["data", "stringData"] {
                    self.scalars(root.get(field));
                }
            }
        }
    }

    fn scalars(&mut self, node: Option<Node<'_>>) {
        let mut left: Vec<Node<'_>> = node.into_iter().collect();
        while let Some(node) = left.pop() {
            if node.is_scalar() {
                self.add(node.text());
            }
            left.extend(node.items());
            left.extend(node.entries().map(|(_, value)| value));
        }
    }

    fn kustomization(&mut self, parsed: &Parsed<'_>, kustomization: Kustomization<'_>) {
        let lists = |list: &str| {
            let list = kustomization.root.get(list);
            list.into_iter().flat_map(Node::items)
        };
        for item in lists("secretGenerator") {
            for literal in item.get("literals").into_iter().flat_map(Node::items) {
                let text = literal.text();
                self.add(text.split_once('=').map_or(text, |(_, value)| value));
            }
            let entries = ["files", "envs"]
                .into_iter()
                .filter_map(|field| item.get(field))
                .flat_map(Node::items)
                .chain(item.get("env"));
            for entry in entries {
                let entry = entry.text();
                let path = entry.split_once('=').map_or(entry, |(_, path)| path);
                let path = kustomization.resolve(path);
                let text = path.and_then(|path| parsed.sources.text(&path));
                for line in text.unwrap_or_default().lines() {
                    self.add(line);
                    self.add(line.split_once('=').map_or(line, |(_, value)| value));
                }
            }
        }
        for item in lists("patches").chain(lists("patchesJson6902")) {
            let is_secret = item.str_at(&["target", "kind"]) == Some("Secret");
            let file = item
                .str_at(&["path"])
                .and_then(|path| kustomization.resolve(path));
            let file = file.and_then(|path| parsed.tree(&path));
            if let Some(tree) = file {
                self.patch(tree, is_secret);
            }
            match item
                .str_at(&["patch"])
                .map(|text| (text, yaml::parse_lax(text)))
            {
                Some((_, Ok(tree))) => self.patch(&tree, is_secret),
                // Nobody knows what this was to be.
                Some((text, Err(_))) => self.add(text),
                None => {}
            }
        }
        for inline in kustomization.strings("patchesStrategicMerge") {
            if super::is_inline(inline.text())
                && let Ok(tree) = yaml::parse_lax(inline.text())
            {
                self.documents(&tree);
            }
        }
    }

    /// A strategic merge patch says what it is; operations are what their target says.
    fn patch(&mut self, tree: &Tree<'_>, is_secret: bool) {
        self.documents(tree);
        if is_secret {
            for root in tree.roots() {
                for operation in root.items() {
                    self.scalars(operation.get("value"));
                }
                for field in ["data", "stringData"] {
                    self.scalars(root.get(field));
                }
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
}
