//! Which objects are this program's own: what everybody asks who meets one.
//!
//! kustomize finds the program by the exact group, version and kind, or by the
//! function that an annotation names. So nothing else is ours, however alike it looks.

use crate::api::{API_VERSION, CONTAINER, FUNCTION, OLD_FUNCTION, POLICY, RECORDER, SNAPSHOT};
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
            ("v1", "ConfigMap") if Runner::of(root) == Runner::Program => {
                Some(match root.at(&["data", "mode"]) {
                    None => Self::Policy,
                    Some(_) => Self::Recorder,
                })
            }
            _ => None,
        }
    }

    /// What a document asks this program to do, where it is this program that runs for it: judge or record.
    ///
    /// A function that is named goes before the kind: kustomize runs it, whatever it is.
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

/// What kustomize runs for a document, as its metadata says.
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
    /// kustomize takes the first that it finds (kyaml `fn/runtime/runtimeutil`, `GetFunctionSpec`); people expect
    /// all to mean the same, so one stranger among them is enough.
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
        let image =
            annotation(CONTAINER).map(|value| value.as_str().is_some_and(is_name_of_program));
        let inner = metadata.and_then(|metadata| metadata.get("configFn"));
        let inner = inner.filter(|inner| !inner.is_null()).map(runs_program);
        let named = specs.into_iter().chain([image, inner]).flatten();
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

/// Whether a function is this program, by the name of its image or file, and nothing beside it or in it may be another.
fn runs_program(function: Node<'_>) -> bool {
    // Keys are read without regard to case, so only what is spelt as here is known.
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

/// Whether the last part of the name of an image or file is this program's, whatever registry or directory it lies in.
///
/// More may follow, as in the names of releases and of images that hold more than the program.
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
    fn an_annotation_says_who_runs() {
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
            // Which of two is run depends on flags, and so does what is not known.
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
