//! Which objects are this program's own: what everybody asks who meets one.
//!
//! kustomize finds the program by the exact group, version and kind, or by the
//! function that an annotation names. So nothing else is ours, however alike it looks.

use crate::api::{API_VERSION, FUNCTION, POLICY, RECORDER, SNAPSHOT};
use crate::yaml::{self, Node};

/// What this program is called, in images and in paths of executables.
const PROGRAM: &str = "krm-parity";

/// What an object of this program's own is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ours {
    /// It asks the program to judge.
    Policy,
    /// It asks the program to record.
    Recorder,
    /// It is what has been recorded.
    Snapshot,
}

impl Ours {
    /// What a document is to this program; nothing where it is somebody else's.
    #[must_use]
    pub fn read(root: Node<'_>) -> Option<Self> {
        match (root.str_at(&["apiVersion"])?, root.str_at(&["kind"])?) {
            (API_VERSION, POLICY) => Some(Self::Policy),
            (API_VERSION, RECORDER) => Some(Self::Recorder),
            (API_VERSION, SNAPSHOT) => Some(Self::Snapshot),
            ("v1", "ConfigMap") => {
                let function = root.str_at(&["metadata", "annotations", FUNCTION])?;
                is_program(function).then(|| match root.at(&["data", "mode"]) {
                    None => Self::Policy,
                    Some(_) => Self::Recorder,
                })
            }
            _ => None,
        }
    }

    /// Whether it is this program that runs for a document: one that asks it to judge or to record, and that names no other function.
    ///
    /// An annotation goes before the kind: kustomize runs what it names.
    #[must_use]
    pub fn is_run(root: Node<'_>) -> bool {
        let function = root.at(&["metadata", "annotations", FUNCTION]);
        matches!(Self::read(root), Some(Self::Policy | Self::Recorder))
            && function.is_none_or(|function| function.as_str().is_some_and(is_program))
    }
}

/// Whether the function that an annotation declares is this program, by the name of its image or file.
fn is_program(function: &str) -> bool {
    let Ok(tree) = yaml::parse(function) else {
        return false;
    };
    tree.roots().any(|root| {
        [["container", "image"], ["exec", "path"]]
            .iter()
            .filter_map(|path| root.str_at(path))
            .filter_map(|name| name.split('@').next())
            .any(|name| {
                let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
                last.split(':')
                    .next()
                    .unwrap_or_default()
                    .starts_with(PROGRAM)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_says_who_runs() {
        let head = "apiVersion: krm-parity.io/v1alpha1\nkind";
        let with = |function: &str| {
            format!(
                "{head}: ParityPolicy\nmetadata: {{annotations: {{config.kubernetes.io/function: {function}}}}}"
            )
        };
        for (text, expected) in [
            (format!("{head}: ParityPolicy"), true),
            (format!("{head}: SnapshotRecorder"), true),
            (format!("{head}: EnvironmentSnapshot"), false),
            (format!("{head}: Replacer"), false),
            (with("'exec: {path: ./bin/krm-parity}'"), true),
            (with("'container: {image: r.io/krm-parity:1}'"), true),
            (with("'exec: {path: ./evil}'"), false),
            (with("'container: {image: evil}'"), false),
            (with("[]"), false),
        ] {
            let tree = yaml::parse(&text).unwrap();
            let root = tree.roots().next().unwrap();
            assert_eq!(Ours::is_run(root), expected, "{text}");
        }
    }

    #[test]
    fn only_exact_names_are_ours() {
        let config_map = |function: &str, data: &str| {
            let function = serde_json::Value::from(function);
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{annotations: {{config.kubernetes.io/function: {function}}}}}\ndata: {{{data}}}"
            )
        };
        for (text, expected) in [
            (
                "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy".to_owned(),
                Some(Ours::Policy),
            ),
            (
                "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder".to_owned(),
                Some(Ours::Recorder),
            ),
            (
                "apiVersion: krm-parity.io/v1alpha1\nkind: EnvironmentSnapshot".to_owned(),
                Some(Ours::Snapshot),
            ),
            (
                "apiVersion: krm-parity.io/v1\nkind: ParityPolicy".to_owned(),
                None,
            ),
            (
                "apiVersion: krm-parity.io/v1alpha1\nkind: Parity".to_owned(),
                None,
            ),
            (
                "apiVersion: krm-parity.io.example.com/v1alpha1\nkind: ParityPolicy".to_owned(),
                None,
            ),
            ("kind: ParityPolicy".to_owned(), None),
            (
                config_map("exec: {path: ./bin/krm-parity}", ""),
                Some(Ours::Policy),
            ),
            (
                config_map(
                    "container:\n  image: 'r.io:5000/x/krm-parity:1@sha256:a'",
                    "mode: append",
                ),
                Some(Ours::Recorder),
            ),
            (
                config_map("exec: {path: krm-parity-v2}", "environment: dev"),
                Some(Ours::Policy),
            ),
            (config_map("exec: {path: ./krm-parity/evil}", ""), None),
            (
                config_map("container: {image: krm-parity.example.com/x}", ""),
                None,
            ),
            (config_map("# krm-parity", ""), None),
        ] {
            let tree = yaml::parse(&text).unwrap();
            let root = tree.roots().next().unwrap();
            assert_eq!(Ours::read(root), expected, "{text}");
        }
    }
}
