//! The place of a failed build, if the builder's message names a part of the files.

use std::slice::from_ref;

use crate::engine::Replay;
use crate::finding::{Place, line_around};
use crate::repo::{self, Edge, Parsed, Role, Secrets, To};
use crate::rules::Failure;
use crate::rules::files::entry_place;
use crate::yaml::{self, Node, Tree};

/// The description of the place.
const WHAT: &str = "what the build names";

/// Adds places to failed builds.
pub fn locate(parsed: &Parsed<'_>, failures: &mut [Failure]) {
    if failures.is_empty() {
        return;
    }
    let secrets = repo::secrets(parsed);
    for failure in failures {
        failure.place = place(parsed, &failure.directory, &failure.words, &secrets);
    }
}

/// The place of a failure: the part that its message names, else the kustomization as a whole.
fn place(parsed: &Parsed<'_>, directory: &str, words: &str, secrets: &Secrets) -> Option<Place> {
    told(parsed, words, secrets)
        .or_else(|| refused(parsed, directory, words))
        .or_else(|| named(parsed, directory, words))
        .or_else(|| {
            let replay = Replay::base(parsed, from_ref(&directory.to_owned()));
            let place = replay.kustomization()?;
            // No particular line is known to be at fault.
            Some(Place {
                source: None,
                ..place
            })
        })
}

/// The line at the start of the engine's message: `: file:line: what`.
fn told(parsed: &Parsed<'_>, words: &str, secrets: &Secrets) -> Option<Place> {
    words.split(": ").find_map(|part| {
        let (file, line) = part.rsplit_once(':')?;
        let number: usize = line.parse().ok()?;
        let text = parsed.sources.text(file)?;
        let lines = text.split_inclusive('\n');
        let start: usize = lines.take(number.checked_sub(1)?).map(str::len).sum();
        let line = &text[line_around(text, start)];
        // The file of a Secret may contain anything there, and so may its literals.
        let is_plain = parsed.kustomizations().any(|one| one.file == file)
            && repo::redact(line, secrets) == line;
        let indent = line.len() - line.trim_start().len();
        let place = Place::excerpt(file, text, start + indent..text.len(), WHAT.to_owned());
        let source = place.source.filter(|_| is_plain);
        Some(Place { source, ..place })
    })
}

/// The function of another program that kustomize refuses to run: its message names only a kind,
/// which may be that of a function of this program too.
fn refused(parsed: &Parsed<'_>, directory: &str, words: &str) -> Option<Place> {
    if !words.contains("external plugins disabled") {
        return None;
    }
    let (edge, document) = repo::foreign(parsed, directory)?;
    let Some((file, root)) = document else {
        return entry_place(parsed, edge, WHAT);
    };
    let text = parsed.sources.text(file)?;
    let start = root.span().start;
    let place = Place::excerpt(file, text, start..start, WHAT.to_owned());
    // The file may contain anything.
    Some(Place {
        source: None,
        ..place
    })
}

/// The entry of a kustomization that the message names, or the patch that has no target.
fn named(parsed: &Parsed<'_>, directory: &str, words: &str) -> Option<Place> {
    let edges = || {
        parsed
            .graph()
            .reach(&[directory], |_| true)
            .map(|(_, edge)| edge)
    };
    let mut patches = edges().filter(|edge| edge.role == Role::Patch);
    if let Some(id) = id_of(words) {
        return patches
            .find_map(|edge| patch(parsed, edge, id))
            .or_else(|| written(parsed, directory, id));
    }
    // The longest path is the closest to the fault.
    let length = |edge: &&Edge| edge.to.path().map_or(0, str::len);
    let is_named = |edge: &&Edge| match &edge.to {
        To::Absent(path) | To::File(path) => is_in(words, path),
        _ => false,
    };
    let found = edges().filter(is_named).max_by_key(length);
    if let Some(edge) = found {
        return entry_place(parsed, edge, WHAT);
    }
    let inner = edges().filter_map(|edge| match &edge.to {
        To::Kustomization(path) if is_in(words, path) => Some(path.as_str()),
        _ => None,
    });
    let inner = inner.max_by_key(|path| path.len())?;
    let kustomization = parsed.kustomization(inner)?;
    let text = parsed.sources.text(kustomization.file)?;
    let place = Place::excerpt(kustomization.file, text, 0..0, WHAT.to_owned());
    Some(Place {
        source: None,
        ..place
    })
}

/// Whether a message contains a path as a whole.
fn is_in(words: &str, path: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || "-_/".contains(c);
    !path.is_empty()
        && words.match_indices(path).any(|(at, _)| {
            let before = words[..at].chars().next_back();
            let mut after = words[at + path.len()..].chars();
            let next = after.next();
            // A dot may be the end of the sentence.
            let goes_on = next.is_some_and(is_part)
                || next == Some('.') && after.next().is_some_and(char::is_alphanumeric);
            !before.is_some_and(is_part) && !goes_on
        })
}

/// The kind and the name that match no resource: `no matches for Id Deployment.v1.apps/web.[noNs]`.
fn id_of(words: &str) -> Option<(&str, &str)> {
    let (_, rest) = words.split_once("no matches for Id ")?;
    let end = rest.find([';', ' ', '\n']).unwrap_or(rest.len());
    let (kind, name) = rest[..end].split_once('/')?;
    let (kind, _) = kind.split_once('.')?;
    let (name, _) = name.rsplit_once('.')?;
    Some((kind, name))
}

/// The place of an inline patch in a kustomization.
fn written(parsed: &Parsed<'_>, directory: &str, id: (&str, &str)) -> Option<Place> {
    let all = parsed.graph().directories(&[directory], |_| true);
    let mut kustomizations = all.filter_map(|(directory, _)| parsed.kustomization(directory));
    kustomizations.find_map(|one| {
        let patches = one.root.get("patches").into_iter().flat_map(Node::items);
        let mut patches = patches.filter_map(|item| item.get("patch"));
        let node = patches.find(|node| {
            let tree = yaml::parse_lax(node.text());
            tree.is_ok_and(|tree| tree.roots().any(|root| is_it(root, id)))
        })?;
        let text = parsed.sources.text(one.file)?;
        let place = Place::excerpt(one.file, text, node.span(), WHAT.to_owned());
        Some(Place {
            source: None,
            ..place
        })
    })
}

/// Whether a patch is for a resource of that kind and name.
fn is_it(root: Node<'_>, (kind, name): (&str, &str)) -> bool {
    root.str_at(&["kind"]) == Some(kind) && root.str_at(&["metadata", "name"]) == Some(name)
}

/// The place of a patch of a resource in a file of its own, or in a list of patches.
fn patch(parsed: &Parsed<'_>, edge: &Edge, id: (&str, &str)) -> Option<Place> {
    let is_it = |root: Node<'_>| is_it(root, id);
    match &edge.to {
        To::File(file) => {
            let mut roots = parsed.tree(file).into_iter().flat_map(Tree::roots);
            let root = roots.find(|root| is_it(*root))?;
            let text = parsed.sources.text(file)?;
            let span = root.span();
            let place = Place::excerpt(file, text, span.start..span.start, WHAT.to_owned());
            // The file may contain anything.
            Some(Place {
                source: None,
                ..place
            })
        }
        To::Inline => {
            let text = parsed.node(edge)?.text();
            let tree = yaml::parse_lax(text).ok()?;
            tree.roots()
                .any(is_it)
                .then(|| entry_place(parsed, edge, WHAT))?
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::Sources;

    #[test]
    fn a_refused_function_is_at_the_file_that_names_another_program() {
        const OURS: &str = "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\n";
        let words = "external plugins disabled; unable to load external plugin 'SnapshotRecorder'";
        for (list, expected) in [
            ("transformers: [own.yaml, evil.yaml]", "o/evil.yaml:4"),
            ("transformers: [own.yaml, wiring]", "o/kustomization.yaml:2"),
        ] {
            let mut sources = Sources::default();
            let evil = format!(
                "{OURS}metadata: {{annotations: {{config.kubernetes.io/function: 'exec: {{path: ./evil}}'}}}}\n"
            );
            for (path, text) in [
                (
                    "base/kustomization.yaml",
                    "resources: []\ntransformers: [own.yaml]\n",
                ),
                ("base/own.yaml", OURS),
                (
                    "o/kustomization.yaml",
                    &format!("resources: [../base]\n{list}\n"),
                ),
                ("o/own.yaml", OURS),
                ("o/evil.yaml", &format!("{OURS}---\n{evil}")),
                ("o/wiring/kustomization.yaml", "resources: [evil.yaml]\n"),
                ("o/wiring/evil.yaml", &evil),
            ] {
                sources.insert(path.to_owned(), text.to_owned());
            }
            let parsed = sources.parse();
            let place = place(&parsed, "o", words, &repo::secrets(&parsed)).unwrap();
            assert_eq!(format!("{}:{}", place.file, place.line), expected, "{list}");
        }
    }

    #[test]
    fn a_failure_is_at_the_place_that_its_message_names() {
        let mut sources = Sources::default();
        for (path, text) in [
            ("base/kustomization.yaml", "resources: [a.yaml]\n"),
            ("base/a.yaml", "kind: A\n"),
            (
                "c/kustomization.yaml",
                "kind: Component\npatches:\n- x.yaml\n",
            ),
            (
                "o/kustomization.yaml",
                "resources:\n- ../base\ncomponents:\n- ../c\npatches:\n- path: p.yaml\n- patch: |\n    kind: Deployment\n    metadata: {name: web}\nconfigMapGenerator:\n- name: x\n  envs:\n  - .env\n",
            ),
            (
                "o/p.yaml",
                "# Two.\nkind: A\nmetadata: {name: a}\n---\nkind: A\nmetadata: {name: b}\n",
            ),
        ] {
            sources.insert(path.to_owned(), text.to_owned());
        }
        let parsed = sources.parse();
        for (words, expected) in [
            (
                "env source files: [.env]: evalsymlink failure on 'o/.env' : lstat o/.env: no such file",
                "o/kustomization.yaml:13",
            ),
            (
                "no matches for Id A.v1.[noGrp]/b.[noNs]; failed to find",
                "o/p.yaml:5",
            ),
            (
                "no matches for Id Deployment.v1.apps/web.[noNs]",
                "o/kustomization.yaml:8",
            ),
            (
                "no matches for Id Deployment.v1.apps/gone.[noNs]",
                "o/kustomization.yaml:1",
            ),
            (
                "accumulating resources from 'a.yaml': base/a.yaml. It is bad",
                "base/kustomization.yaml:1",
            ),
            (
                "invalid Kustomization below 'c': json: cannot unmarshal",
                "c/kustomization.yaml:1",
            ),
            ("something else", "o/kustomization.yaml:1"),
            (
                "kustomize rejects it: o/kustomization.yaml:6: p.yaml: it does not exist",
                "o/kustomization.yaml:6",
            ),
            (
                "kustomize rejects it: o/p.yaml:3: A a: its target does not exist",
                "o/p.yaml:3",
            ),
        ] {
            let place = place(&parsed, "o", words, &repo::secrets(&parsed)).unwrap();
            assert_eq!(
                format!("{}:{}", place.file, place.line),
                expected,
                "{words}"
            );
            let is_known = [":13", ":6"].iter().any(|line| expected.ends_with(line));
            assert_eq!(place.source.is_some(), is_known, "{words}");
        }
    }
}
