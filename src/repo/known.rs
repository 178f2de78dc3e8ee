//! Words that are not secret, even if they equal a Secret's value: the names of files and of
//! resources.

use std::collections::BTreeSet;
use std::ops::Range;

use super::graph::To;
use super::{Parsed, is_inline, split};
use crate::yaml::{Node, Tree};

/// The names of the files in a repository, and the names that these files define.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The names of files and directories, as they are on disk and as kustomizations write them.
    paths: BTreeSet<String>,
    /// The names of resources.
    names: BTreeSet<String>,
}

/// A part of a text that is a name.
#[derive(Debug)]
pub(super) struct Open {
    range: Range<usize>,
    /// Whether only a name can be at this place, so that even the whole of it is not secret.
    is_sure: bool,
}

impl Open {
    /// Whether the text in a range may be shown: a part of a name, or a whole one if it can be
    /// nothing else.
    pub fn has(&self, range: &Range<usize>) -> bool {
        let is_within = self.range.start <= range.start && range.end <= self.range.end;
        is_within && (self.is_sure || self.range != *range)
    }
}

impl Known {
    /// Collects the names of all files and resources.
    pub fn of(parsed: &Parsed<'_>) -> Self {
        let mut known = Self::default();
        for (file, _) in parsed.sources.iter() {
            let mut path = file;
            while !path.is_empty() && known.paths.insert(path.to_owned()) {
                path = split(path).0;
            }
        }
        for kustomization in parsed.kustomizations() {
            for edge in parsed.graph().of_directory(kustomization.directory()) {
                if let To::Kustomization(path) | To::File(path) | To::Absent(path) = &edge.to {
                    known.paths.insert(path.clone());
                    let written = parsed.node(edge).map(Node::text);
                    known.paths.extend(written.and_then(entry));
                }
            }
        }
        for root in parsed.trees.values().flat_map(Tree::roots) {
            known.names_in(root);
            for list in ["patches", "configMapGenerator", "secretGenerator", "items"] {
                for item in root.get(list).into_iter().flat_map(Node::items) {
                    known.names_in(item);
                }
            }
        }
        known
    }

    fn names_in(&mut self, node: Node<'_>) {
        let places = [&["metadata", "name"][..], &["target", "name"], &["name"]];
        let names = places.iter().filter_map(|place| node.str_at(place));
        self.names.extend(names.map(str::to_owned));
    }

    /// The names in a text.
    pub fn find(&self, text: &str) -> Vec<Open> {
        let mut found = Vec::new();
        let is_part = |c: char| c.is_alphanumeric() || "-_./@+~".contains(c);
        let mut start = 0;
        for token in text.split(|c| !is_part(c)) {
            self.path(token.trim_end_matches('.'), start, &mut found);
            start += token.len();
            start += text[start..].chars().next().map_or(0, char::len_utf8);
        }
        self.ids(text, &mut found);
        self.called(text, &mut found);
        found
    }

    /// What the engine calls resources by: `Service web: a resource of that name exists already`.
    fn called(&self, text: &str, found: &mut Vec<Open>) {
        for (space, _) in text.match_indices(' ') {
            let kind = text[..space].rsplit(|c: char| !c.is_alphanumeric()).next();
            let is_kind = kind.is_some_and(|kind| kind.starts_with(char::is_uppercase));
            let name = text[space + 1..]
                .split([':', ' '])
                .next()
                .unwrap_or_default();
            let end = space + 1 + name.len();
            if is_kind && text[end..].starts_with(": ") && self.names.contains(name) {
                found.push(Open {
                    range: space + 1..end,
                    is_sure: true,
                });
            }
        }
    }

    /// The longest end of a word that is a path.
    fn path(&self, token: &str, start: usize, found: &mut Vec<Open>) {
        let inner = token.match_indices('/').map(|(at, _)| at + 1);
        let mut starts = std::iter::once(0).chain(inner);
        if let Some(at) = starts.find(|at| self.paths.contains(&token[*at..])) {
            found.push(Open {
                range: start + at..start + token.len(),
                is_sure: false,
            });
        }
    }

    /// kustomize's ids of resources: `Deployment.v1.apps/web.[noNs]`.
    fn ids(&self, text: &str, found: &mut Vec<Open>) {
        let is_part = |c: char| c.is_alphanumeric() || "-_.[]".contains(c);
        for (slash, _) in text.match_indices('/') {
            let before = &text[..slash];
            let kind = before.rsplit(|c| !is_part(c)).next().unwrap_or_default();
            let kind = kind.trim_start_matches('[');
            let after = &text[slash + 1..];
            let end = after.find(|c| !is_part(c)).unwrap_or(after.len());
            let is_kind = kind.starts_with(char::is_uppercase) && kind.matches('.').count() >= 2;
            let Some(end) = after[..end].rfind('.').filter(|_| is_kind) else {
                continue;
            };
            let start = slash + 1;
            let names = self.names.iter().filter(|name| !name.is_empty());
            for name in names {
                // The name may have a prefix.
                for (at, _) in after[..end].match_indices(name.as_str()) {
                    found.push(Open {
                        range: start + at..start + at + name.len(),
                        is_sure: true,
                    });
                }
            }
        }
    }
}

/// The path in an entry of a kustomization, which may follow a key.
fn entry(text: &str) -> Option<String> {
    let path = text.split_once('=').map_or(text, |(_, path)| path);
    let path = path.trim_start_matches("./");
    (!is_inline(path) && !path.is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::{Sources, redact, secrets};

    /// The redacted form of some words about a repository whose Secret contains these words.
    fn told(words: &str) -> String {
        let mut sources = Sources::default();
        for (path, text) in [
            (
                "o/kustomization.yaml",
                "resources: [../base, external-secrets.yaml, lost-secrets.yaml]\nsecretGenerator:\n\
                 - {name: x, literals: [a=secrets, b=postgres, c=hunter22, d=open.yaml, e=o/lost]}\n",
            ),
            (
                "o/external-secrets.yaml",
                "kind: A\nmetadata: {name: postgres}\n",
            ),
            ("o/open.yaml", "kind: A\nmetadata: {name: hunter22-web}\n"),
            ("base/kustomization.yaml", "resources: []\n"),
        ] {
            sources.insert(path.to_owned(), text.to_owned());
        }
        let secrets = secrets(&sources.parse());
        redact(words, &secrets)
    }

    #[test]
    fn names_of_files_and_resources_are_not_secret() {
        for words in [
            "lstat o/external-secrets.yaml: no such file or directory",
            "in File: external-secrets.yaml",
            "'/r/x/o/lost-secrets.yaml': no. See ./lost-secrets.yaml.",
            "failure on o/open.yaml",
            "no matches for Id Deployment.v1.apps/postgres.[noNs]; failed",
            "\"Deployment.v1.apps/dev-postgres.shop\"",
            "id: ConfigMap.v1.[noGrp]/hunter22-web.[noNs]",
            "o/a.yaml:5: Service postgres: a resource of that name exists already",
        ] {
            assert_eq!(told(words), words);
        }
    }

    /// A value is hidden if it is the whole text or part of other text, and so is a text that only
    /// resembles a name.
    #[test]
    fn a_value_is_hidden_unless_it_is_part_of_a_name() {
        for (words, expected) in [
            ("value secrets: no", "value <redacted>: no"),
            ("external-secrets", "external-<redacted>"),
            ("other-secrets.yaml", "other-<redacted>.yaml"),
            (
                "external-secrets.yaml hunter22",
                "external-secrets.yaml <redacted>",
            ),
            ("open.yaml: no", "<redacted>: no"),
            ("postgres", "<redacted>"),
            ("user postgres: no", "user <redacted>: no"),
            ("Service postgres", "Service <redacted>"),
            ("Service hunter22: no", "Service <redacted>: no"),
            ("apps/postgres.x", "apps/<redacted>.x"),
            ("a.b.c/postgres.x", "a.b.c/<redacted>.x"),
            (
                "Deployment.v1.apps/hunter22.[noNs]",
                "Deployment.v1.apps/<redacted>.[noNs]",
            ),
            ("o/lost", "<redacted>"),
            ("ü/hunter22.ü", "ü/<redacted>.ü"),
            ("A.bü/postgres.x", "A.bü/<redacted>.x"),
        ] {
            assert_eq!(told(words), expected);
        }
    }
}
