//! Resources: their identities, earlier ones included, and their fields.
//!
//! kustomize renames resources between a base and an environment and records every identity that a
//! resource had. This module reads that record, so that pairing does not have to guess.

use crate::api::{
    ID, LAST_APPLIED, LOCAL_CONFIG, ORIGIN, PATH, PREVIOUS_KINDS, PREVIOUS_NAMES,
    PREVIOUS_NAMESPACES, TRANSFORMATIONS,
};
use crate::finding::{FileRef, ResourceRef};
use crate::yaml::{self, Node};

/// The unique key of a resource in an environment: its API group, and its address in that group.
pub type Key<'a> = (&'a str, Identity<'a>);

/// The address of a resource within its API group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity<'a> {
    /// `kind`.
    pub kind: &'a str,
    /// `metadata.namespace`; empty for none, and for `default` in kustomize's records.
    pub namespace: &'a str,
    /// `metadata.name`.
    pub name: &'a str,
}

/// One resource of an environment.
#[derive(Clone, Debug)]
pub struct Resource<'a> {
    /// The body.
    pub node: Node<'a>,
    /// `apiVersion` as written.
    pub api_version: &'a str,
    /// Its current identity.
    pub identity: Identity<'a>,
    /// Its identities before renames, oldest first.
    pub previous: Vec<Identity<'a>>,
}

impl<'a> Resource<'a> {
    /// Reads a map that has a `kind`.
    #[must_use]
    pub fn read(node: Node<'a>) -> Option<Self> {
        let kind = node.str_at(&["kind"]).filter(|kind| !kind.is_empty())?;
        let metadata = node.get("metadata");
        let text = |key| {
            metadata
                .and_then(|metadata| metadata.get(key))
                .filter(|value| !value.is_null())
                .map_or("", Node::text)
        };
        Some(Self {
            node,
            api_version: node.get("apiVersion").map_or("", Node::text),
            identity: Identity {
                kind,
                namespace: text("namespace"),
                name: text("name"),
            },
            previous: previous(node, kind),
        })
    }

    /// Reads a kustomization file without `apiVersion` and `kind`, which kustomize allows.
    ///
    /// kpt passes such files on; only their path identifies them.
    #[must_use]
    pub fn read_kustomization(node: Node<'a>) -> Option<Self> {
        let annotations = node.at(&["metadata", "annotations"])?;
        let path = [PATH, "config.kubernetes.io/path"]
            .iter()
            .find_map(|key| annotations.get(key))?;
        let file = path.text().rsplit('/').next()?;
        matches!(
            file,
            "kustomization.yaml" | "kustomization.yml" | "Kustomization"
        )
        .then(|| Self {
            node,
            api_version: "kustomize.config.k8s.io/v1beta1",
            identity: Identity {
                kind: "Kustomization",
                namespace: "",
                name: "",
            },
            previous: Vec::new(),
        })
    }

    /// The API group; empty for the core group.
    #[must_use]
    pub fn group(&self) -> &'a str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// Its unique key in the environment.
    #[must_use]
    pub fn key(&self) -> Key<'a> {
        (self.group(), self.identity)
    }

    /// The API version without its group.
    #[must_use]
    pub fn version(&self) -> &'a str {
        self.api_version
            .split_once('/')
            .map_or(self.api_version, |(_, version)| version)
    }

    /// `kind`.
    #[must_use]
    pub fn kind(&self) -> &'a str {
        self.identity.kind
    }

    /// `metadata.name`.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.identity.name
    }

    /// Every identity from the oldest to the current one.
    #[must_use]
    pub fn history(&self) -> impl DoubleEndedIterator<Item = Identity<'a>> + use<'a, '_> {
        self.previous.iter().copied().chain([self.identity])
    }

    /// The value of one annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&'a str> {
        Some(self.node.at(&["metadata", "annotations"])?.get(key)?.text())
    }

    /// Whether hosts drop the item from their output.
    #[must_use]
    pub fn is_local_config(&self) -> bool {
        self.annotation(LOCAL_CONFIG)
            .is_some_and(|value| value != "false")
    }

    /// Whether the values of the resource's data must never be shown.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        is_secret(self.node)
    }

    /// The reference to it in results.
    #[must_use]
    pub fn reference(&self) -> ResourceRef {
        ResourceRef {
            api_version: self.api_version.to_owned(),
            kind: self.kind().to_owned(),
            name: self.name().to_owned(),
            namespace: Some(self.identity.namespace)
                .filter(|namespace| !namespace.is_empty())
                .map(str::to_owned),
        }
    }

    /// The file that the host recorded for the resource.
    #[must_use]
    pub fn file(&self) -> Option<FileRef> {
        // kustomize invents a path on the way to a function, and marks its own items.
        let made_up = self.annotation(ID).is_some();
        let annotation = |keys: [&str; 2]| {
            keys.into_iter()
                .filter(|_| !made_up)
                .find_map(|key| self.annotation(key))
        };
        let path = annotation([PATH, "config.kubernetes.io/path"])
            .map(str::to_owned)
            .or_else(|| origin_path(self.annotation(ORIGIN)?))?;
        let index = annotation([
            "internal.config.kubernetes.io/index",
            "config.kubernetes.io/index",
        ])
        .and_then(|index| index.parse().ok());
        Some(FileRef { path, index })
    }

    /// The files that set a resource's values, which kustomize records if `buildMetadata` asks for
    /// it.
    ///
    /// These are the kustomizations that patched it, or else the file that it comes from.
    #[must_use]
    pub fn made_in(&self) -> Vec<String> {
        let patched = self.annotation(TRANSFORMATIONS).map(patched_in);
        patched
            .filter(|files| !files.is_empty())
            .or_else(|| Some(vec![origin_path(self.annotation(ORIGIN)?)?]))
            .unwrap_or_default()
    }
}

/// Whether a map is a Secret, at any depth.
///
/// A reference such as `{kind: Secret, name: tls}` has neither metadata nor data, and does not
/// count.
#[must_use]
pub fn is_secret(node: Node<'_>) -> bool {
    secrecy(node) != Secrecy::None
}

/// The fields of a map that may contain values of a Secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Secrecy {
    /// It is not a Secret.
    #[default]
    None,
    /// Its data: a custom resource of that kind has other fields for its specification, which are
    /// not secret.
    Data,
    /// Every field that is not known to be harmless: a misspelt `stringData` is as secret as a
    /// correct one.
    All,
}

impl Secrecy {
    /// Whether the values of a field must not be shown.
    #[must_use]
    pub fn hides(self, field: &str) -> bool {
        match self {
            Self::None => false,
            Self::Data => is_any(field, &DATA),
            Self::All => !matches!(
                field,
                "apiVersion" | "kind" | "metadata" | "type" | "immutable"
            ),
        }
    }
}

/// The fields that contain a Secret's values.
const DATA: [&str; 3] = ["data", "stringData", "binaryData"];

/// The fields of a map that may contain values of a Secret, at any depth.
#[must_use]
pub fn secrecy(node: Node<'_>) -> Secrecy {
    let kind = node.get("kind").map_or("", Node::text);
    // A patch may have changed the kind, and kept the values.
    let kinds = node.str_at(&["metadata", "annotations", PREVIOUS_KINDS]);
    let mut kinds = kinds.into_iter().flat_map(|kinds| kinds.split(','));
    let has = |fields: &[&str]| {
        node.entries()
            .any(|(key, value)| is_any(key.text(), fields) && !value.is_null())
    };
    let is_one = kinds.any(|kind| is_any(kind, &["Secret"])) || is_any(kind, &["Secret"]);
    if is_one && (has(&DATA) || has(&["metadata"])) {
        let is_custom = node
            .str_at(&["apiVersion"])
            .is_some_and(|version| version.contains('/'));
        return if is_custom {
            Secrecy::Data
        } else {
            Secrecy::All
        };
    }
    if is_any(kind, &["SecretList"]) && has(&["items"]) {
        return Secrecy::All;
    }
    Secrecy::None
}

/// Whether a word is one of some, in any case.
fn is_any(word: &str, known: &[&str]) -> bool {
    let word = word.trim();
    known.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether an annotation is a record of a host, and not part of the configuration.
#[must_use]
pub fn is_bookkeeping(annotation: &str) -> bool {
    annotation.starts_with("internal.config.kubernetes.io/")
        || annotation.starts_with("config.k8s.io/")
        || annotation.starts_with("kustomize.config.k8s.io/")
        || matches!(
            annotation,
            "config.kubernetes.io/index"
                | "config.kubernetes.io/path"
                | ORIGIN
                | "config.kubernetes.io/previousNames"
                | "config.kubernetes.io/previousNamespaces"
                | "config.kubernetes.io/prefixes"
                | "config.kubernetes.io/suffixes"
                | TRANSFORMATIONS
                | "argocd.argoproj.io/tracking-id"
                | LAST_APPLIED
        )
}

/// Whether a host's annotation records the earlier identities of a resource or its origin, so that
/// a snapshot keeps it.
#[must_use]
pub fn is_history(annotation: &str) -> bool {
    matches!(
        annotation,
        PREVIOUS_NAMES | PREVIOUS_NAMESPACES | PREVIOUS_KINDS | ORIGIN | TRANSFORMATIONS
    )
}

/// The kustomizations of a `transformations` annotation that may have changed more than names and labels.
fn patched_in(transformations: &str) -> Vec<String> {
    const NAMING: [&str; 7] = [
        "AnnotationsTransformer",
        "HashTransformer",
        "LabelTransformer",
        "NamespaceTransformer",
        "PrefixSuffixTransformer",
        "PrefixTransformer",
        "SuffixTransformer",
    ];
    let mut files: Vec<String> = Vec::new();
    let Ok(tree) = yaml::parse(transformations) else {
        return files;
    };
    for step in tree.roots().flat_map(Node::items) {
        let by = step.str_at(&["configuredBy", "kind"]).unwrap_or_default();
        let file = step.str_at(&["configuredIn"]).unwrap_or_default();
        if !file.is_empty() && !NAMING.contains(&by) && !files.iter().any(|known| known == file) {
            files.push(file.to_owned());
        }
    }
    files
}

fn origin_path(origin: &str) -> Option<String> {
    origin
        .lines()
        .find_map(|line| line.strip_prefix("path: "))
        .map(|path| path.trim_matches(['"', '\'']).to_owned())
}

/// The parallel lists of earlier names, namespaces and kinds.
fn previous<'a>(node: Node<'a>, kind: &'a str) -> Vec<Identity<'a>> {
    let Some(annotations) = node.at(&["metadata", "annotations"]) else {
        return Vec::new();
    };
    let list = |key| annotations.get(key).map(Node::text);
    let Some(names) = list(PREVIOUS_NAMES) else {
        return Vec::new();
    };
    let mut namespaces = list(PREVIOUS_NAMESPACES).unwrap_or("").split(',');
    let mut kinds = list(PREVIOUS_KINDS).unwrap_or("").split(',');
    names
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| Identity {
            kind: kinds.next().filter(|kind| !kind.is_empty()).unwrap_or(kind),
            namespace: namespaces
                .next()
                .filter(|&namespace| !matches!(namespace, "default" | "_non_namespaceable_"))
                .unwrap_or(""),
            name,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    #[test]
    fn a_resource_was_made_in_the_files_that_patched_it_or_in_its_own() {
        const STEPS: &str = "- configuredIn: base/kustomization.yaml\n  configuredBy: {apiVersion: builtin, kind: PatchTransformer}\n- configuredIn: dev/kustomization.yaml\n  configuredBy: {kind: ReplicaCountTransformer}\n- configuredIn: dev/kustomization.yaml\n  configuredBy: {kind: PatchTransformer}\n- configuredIn: ns/kustomization.yaml\n  configuredBy: {kind: NamespaceTransformer}\n";
        for (origin, steps, expected) in [
            (
                "path: base/d.yaml",
                STEPS,
                &["base/kustomization.yaml", "dev/kustomization.yaml"][..],
            ),
            ("path: base/d.yaml", "", &["base/d.yaml"]),
            ("path: base/d.yaml", "[{configuredIn: 1", &["base/d.yaml"]),
            (
                "path: base/d.yaml",
                "[1, [], {configuredIn: {}}]",
                &["base/d.yaml"],
            ),
            ("no: path", "", &[]),
        ] {
            let text = serde_json::json!({
                "kind": "A",
                "metadata": {"name": "a", "annotations": {ORIGIN: origin, TRANSFORMATIONS: steps}},
            })
            .to_string();
            let tree = yaml::parse(&text).unwrap();
            let resource = Resource::read(tree.roots().next().unwrap()).unwrap();
            assert_eq!(resource.made_in(), expected, "{origin} {steps}");
        }
    }

    #[test]
    fn history_is_read_oldest_first() {
        let tree = parse(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: b-a-web\n  namespace: prod\n  annotations:\n    \
             internal.config.kubernetes.io/previousNames: web,a-web\n    \
             internal.config.kubernetes.io/previousNamespaces: default,team\n    \
             internal.config.kubernetes.io/previousKinds: Deployment,Deployment\n",
        )
        .unwrap();
        let resource = Resource::read(tree.roots().next().unwrap()).unwrap();
        let history: Vec<_> = resource
            .history()
            .map(|id| (id.namespace, id.name))
            .collect();
        assert_eq!(
            history,
            [("", "web"), ("team", "a-web"), ("prod", "b-a-web")]
        );
        assert_eq!((resource.group(), resource.version()), ("apps", "v1"));
    }
}
