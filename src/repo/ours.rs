//! The objects that belong to this program.
//!
//! kustomize finds the program by the exact group, version and kind, or by the function that an
//! annotation names. Nothing else belongs to it, however similar.

use crate::api::{
    API_VERSION, CONTAINER, FUNCTION, OLD_CONTAINER, OLD_FUNCTION, POLICY, RECORDER, SNAPSHOT,
};
use crate::yaml::{self, Node};

/// The name of this program in images and in paths of executables.
const PROGRAM: &str = "krm-parity";

/// The purpose of an object that belongs to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ours {
    /// It asks the program to judge.
    Policy,
    /// It asks the program to record.
    Recorder,
    /// It is a recorded snapshot.
    Snapshot,
}

impl Ours {
    /// The purpose of a document; `None` if it belongs to another program.
    #[must_use]
    pub fn read(root: Node<'_>) -> Option<Self> {
        match (root.str_at(&["apiVersion"])?, root.str_at(&["kind"])?) {
            (API_VERSION, POLICY) => Some(Self::Policy),
            (API_VERSION, RECORDER) => Some(Self::Recorder),
            (API_VERSION, SNAPSHOT) => Some(Self::Snapshot),
            ("v1", "ConfigMap") if Runner::of(root) == Runner::Program => {
                Some(match root.at(&["data", "mode"]) {
                    None => Self::Policy,
                    Some(_) => Self::Recorder,
                })
            }
            _ => None,
        }
    }

    /// The request of a document to this program, if this program runs for it: to judge or to
    /// record.
    ///
    /// A named function takes precedence over the kind: kustomize runs it, whatever the kind is.
    #[must_use]
    pub fn run(root: Node<'_>) -> Option<Self> {
        let ours = Self::read(root).filter(|ours| *ours != Self::Snapshot)?;
        (Runner::of(root) != Runner::Other).then_some(ours)
    }

    /// Whether a document asks this program to do something and names no function, so that kustomize looks for a plugin.
    #[must_use]
    pub fn is_plugin(root: Node<'_>) -> bool {
        matches!(Self::read(root), Some(Self::Policy | Self::Recorder))
            && Runner::of(root) == Runner::Plugin
    }
}

/// The program that kustomize runs for a document, according to its metadata.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runner {
    /// The plugin of its kind.
    Plugin,
    /// This program, by name.
    Program,
    /// Another program, or one that depends on flags and versions.
    Other,
}

impl Runner {
    /// kustomize uses the first function that it finds (kyaml `fn/runtime/runtimeutil`,
    /// `GetFunctionSpec`). People expect all of them to mean the same, so a single foreign one
    /// decides.
    fn of(root: Node<'_>) -> Self {
        let metadata = root.get("metadata");
        let annotations = metadata.and_then(|metadata| metadata.get("annotations"));
        let merges = |node: Option<Node<'_>>| node.is_some_and(|node| node.get("<<").is_some());
        if merges(Some(root)) || merges(metadata) || merges(annotations) {
            return Self::Other;
        }
        let annotation = |name: &str| {
            let value = annotations.and_then(|annotations| annotations.get(name));
            value.filter(|value| !value.is_null() && value.as_str() != Some(""))
        };
        let specs = [FUNCTION, OLD_FUNCTION].map(|name| {
            annotation(name).map(|value| value.as_str().is_some_and(text_runs_program))
        });
        let images = [CONTAINER, OLD_CONTAINER].map(|name| {
            annotation(name).map(|value| value.as_str().is_some_and(is_name_of_program))
        });
        let inner = metadata.and_then(|metadata| metadata.get("configFn"));
        let inner = inner.filter(|inner| !inner.is_null()).map(runs_program);
        let named = specs.into_iter().chain(images).chain([inner]).flatten();
        let named: Vec<bool> = named.collect();
        match named.as_slice() {
            [] => Self::Plugin,
            named if named.contains(&false) => Self::Other,
            _ => Self::Program,
        }
    }
}

fn text_runs_program(function: &str) -> bool {
    yaml::parse(function).is_ok_and(|tree| {
        let mut roots = tree.roots();
        roots.next().is_some_and(runs_program) && roots.next().is_none()
    })
}

/// Whether a function is this program, by the name of its image or file, and no other field may
/// name another program.
fn runs_program(function: Node<'_>) -> bool {
    // Keys are matched without regard to case, so only this exact spelling is accepted.
    let holds = |part: Node<'_>, name: &str, others: &[&str]| {
        part.str_at(&[name]).is_some_and(is_name_of_program)
            && part
                .entries()
                .all(|(key, _)| key.text() == name || others.contains(&key.text()))
    };
    let mut programs = 0;
    let are_known = function.entries().all(|(key, value)| match key.text() {
        "deferFailure" => true,
        "exec" => {
            programs += 1;
            holds(value, "path", &[])
        }
        "container" => {
            programs += 1;
            holds(value, "image", &["network", "envs"])
        }
        _ => false,
    });
    are_known && programs == 1
}

/// Whether the last part of an image or file name is this program's, in any registry or directory.
///
/// More may follow, as in the names of releases, and of images that contain more than the program.
fn is_name_of_program(name: &str) -> bool {
    let name = name.split('@').next().unwrap_or_default();
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let last = last.split(':').next().unwrap_or_default();
    last.strip_prefix(PROGRAM)
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_decides_which_program_runs() {
        let head = "apiVersion: krm-parity.io/v1alpha1\nkind";
        let with = |function: &str| {
            format!(
                "{head}: ParityPolicy\nmetadata: {{annotations: {{config.kubernetes.io/function: {function}}}}}"
            )
        };
        let more = |metadata: &str| format!("{head}: ParityPolicy\nmetadata:\n  {metadata}");
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
            (with("''"), true),
            (with("'exec: {path: krm-parity.exe}'"), true),
            (with("'exec: {path: C:\\bin\\krm-parity-v2}'"), true),
            (
                with("'container: {image: r.io/krm-parity:1, network: true}'"),
                true,
            ),
            // Flags decide which of two runs, and whether an unknown one runs.
            (
                with("'{exec: {path: krm-parity}, container: {image: evil}}'"),
                false,
            ),
            (
                with("'{container: {image: krm-parity}, exec: {path: ./evil}}'"),
                false,
            ),
            (
                with("'{exec: {path: krm-parity}, starlark: {path: x}}'"),
                false,
            ),
            (
                with("'{exec: {path: krm-parity}, Container: {Image: evil}}'"),
                false,
            ),
            (
                with("'container: {image: krm-parity, mounts: [{type: bind}]}'"),
                false,
            ),
            (with("'exec: {path: krm-parityless}'"), false),
            (with("'exec: {path: ./krm-parity/evil}'"), false),
            (with("'exec: {path: [krm-parity]}'"), false),
            (
                more("annotations: {config.kubernetes.io/container: r.io/krm-parity}"),
                true,
            ),
            (
                more("annotations: {config.kubernetes.io/container: evil}"),
                false,
            ),
            (
                more("annotations: {config.k8s.io/function: 'exec: {path: krm-parity}'}"),
                true,
            ),
            (
                more("annotations: {config.k8s.io/function: 'exec: {path: evil}'}"),
                false,
            ),
            (
                more(
                    "annotations: {config.kubernetes.io/function: 'exec: {path: krm-parity}', config.kubernetes.io/container: evil}",
                ),
                false,
            ),
            (more("configFn: {exec: {path: krm-parity}}"), true),
            (more("configFn: {container: {image: evil}}"), false),
            (
                more("annotations: {<<: {config.kubernetes.io/container: evil}}"),
                false,
            ),
            (
                more("<<: {annotations: {config.kubernetes.io/container: evil}}"),
                false,
            ),
        ] {
            let tree = yaml::parse(&text).unwrap();
            let root = tree.roots().next().unwrap();
            assert_eq!(Ours::run(root).is_some(), expected, "{text}");
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
            (
                config_map("{exec: {path: krm-parity}, container: {image: evil}}", ""),
                None,
            ),
        ] {
            let tree = yaml::parse(&text).unwrap();
            let root = tree.roots().next().unwrap();
            assert_eq!(Ours::read(root), expected, "{text}");
        }
    }
}
