//! Snapshots: one environment's resources, sealed into one item that travels with the others.
//!
//! A transformer above a base changes the base's resources, but not a text inside a field of an
//! item. So the base is written as text, one canonical JSON object per line, with a digest that
//! reveals any change.

mod follow;

use crate::api::{API_VERSION, GROUP, LOCAL_CONFIG, SNAPSHOT};
use crate::finding::REDACTED;
use crate::resource::{Resource, is_bookkeeping, is_history, secrecy};
use crate::text::{MAX_NAME, digest, push_list, push_map, push_quoted, quoted};
use crate::yaml::{Node, Tree, YamlError, parse_json_lines};

use follow::{Place, Renames, reaches};

/// The reason why an item is not a usable snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line}: EnvironmentSnapshot {}: {problem}",
    quoted(name, MAX_NAME)
)]
pub struct SnapshotError {
    /// The line of the input, from 1.
    pub line: usize,
    /// `metadata.name` of the item.
    pub name: String,
    /// The fault, and what to do.
    pub problem: SnapshotProblem,
}

/// A fault of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotProblem {
    /// Another version of this kind, or another group.
    #[error("unsupported apiVersion {}, this program reads krm-parity.io/v1alpha1", quoted(.0, MAX_NAME))]
    Version(String),
    /// A field is missing, or is not a string.
    #[error("{0} must be a string")]
    Field(&'static str),
    /// The text differs from the sealed one.
    #[error(
        "spec.digest does not match spec.resources: the snapshot was edited after it was recorded; record it again"
    )]
    Digest,
    /// The text has the right digest but is not a list of resources.
    #[error("spec.resources, {0}")]
    Content(YamlError),
    /// A line of the text is not a resource.
    #[error("spec.resources, line {0}: not a resource with a kind")]
    Resource(usize),
}

/// A snapshot among the items, with its content still sealed.
#[derive(Debug)]
pub struct Sealed<'a> {
    /// The item.
    pub item: Resource<'a>,
    /// The service that the resources belong to.
    pub service: &'a str,
    /// The environment of the resources.
    pub environment: &'a str,
    /// One canonical JSON object per line.
    pub content: &'a str,
}

/// Whether a resource is a snapshot, of any version.
#[must_use]
pub fn is_snapshot(resource: &Resource<'_>) -> bool {
    resource.kind() == SNAPSHOT && resource.group() == GROUP
}

/// Reads a snapshot item and verifies its digest.
///
/// # Errors
///
/// Fails on another version, a missing field, and a digest that does not match.
pub fn open<'a>(item: &Resource<'a>) -> Result<Sealed<'a>, SnapshotError> {
    let fail = |node: Node<'_>, problem| SnapshotError {
        line: node.line(),
        name: item.name().to_owned(),
        problem,
    };
    if item.version() != "v1alpha1" {
        return Err(fail(
            item.node,
            SnapshotProblem::Version(item.api_version.to_owned()),
        ));
    }
    let spec = item.node.get("spec").unwrap_or(item.node);
    let field = |key, name| {
        spec.str_at(&[key])
            .ok_or_else(|| fail(spec.get(key).unwrap_or(spec), SnapshotProblem::Field(name)))
    };
    let content = field("resources", "spec.resources")?;
    if field("digest", "spec.digest")? != digest(content) {
        return Err(fail(spec, SnapshotProblem::Digest));
    }
    Ok(Sealed {
        item: item.clone(),
        service: field("service", "spec.service")?,
        environment: field("environment", "spec.environment")?,
        content,
    })
}

impl Sealed<'_> {
    /// Parses the content; [`Self::resources`] then reads it.
    ///
    /// # Errors
    ///
    /// Fails if a line is not JSON.
    pub fn parse(&self) -> Result<Tree<'_>, SnapshotError> {
        parse_json_lines(self.content).map_err(|error| self.error(SnapshotProblem::Content(error)))
    }

    /// The resources of the parsed content.
    ///
    /// # Errors
    ///
    /// Fails if a line is not a resource.
    pub fn resources<'t>(&self, tree: &'t Tree<'t>) -> Result<Vec<Resource<'t>>, SnapshotError> {
        tree.roots()
            .enumerate()
            .map(|(index, root)| {
                Resource::read(root).ok_or_else(|| self.error(SnapshotProblem::Resource(index + 1)))
            })
            .collect()
    }

    fn error(&self, problem: SnapshotProblem) -> SnapshotError {
        SnapshotError {
            line: self.item.node.line(),
            name: self.item.name().to_owned(),
            problem,
        }
    }
}

/// A snapshot to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The service that the resources belong to.
    pub service: String,
    /// The environment of the resources.
    pub environment: String,
    /// One canonical JSON object per line.
    pub content: String,
}

/// Seals resources under a service and an environment.
///
/// Local configuration is left out after references have followed it, and so is every value of a
/// Secret.
#[must_use]
pub fn seal(service: &str, environment: &str, resources: &[Resource<'_>]) -> Snapshot {
    let is_hidden = |resource: &&Resource<'_>| resource.is_local_config();
    let (hidden, emitted): (Vec<_>, Vec<_>) = resources.iter().partition(is_hidden);
    let renames = Renames::learn(&emitted, &hidden);
    Snapshot {
        service: service.to_owned(),
        environment: environment.to_owned(),
        content: content(emitted, &renames),
    }
}

/// Seals resources that a host has already emitted, marked as local or not, and whose references
/// have already followed.
#[must_use]
pub fn seal_emitted(resources: &[Resource<'_>]) -> String {
    content(resources.iter().collect(), &Renames::default())
}

/// The emitted resources, sealed with their references updated; `None` if no reference changes.
#[must_use]
pub fn followed(emitted: &[Resource<'_>], hidden: &[Resource<'_>]) -> Option<String> {
    let emitted: Vec<_> = emitted.iter().collect();
    let renames = Renames::learn(&emitted, &hidden.iter().collect::<Vec<_>>());
    let turns = |resource: &&Resource<'_>| reaches(resource.node, Place::default(), &renames);
    let any = !renames.is_empty() && emitted.iter().any(turns);
    any.then(|| content(emitted, &renames))
}

/// Resources as canonical JSON, one per line, sorted.
fn content(mut resources: Vec<&Resource<'_>>, renames: &Renames<'_>) -> String {
    resources.sort_by_key(|resource| (resource.group(), resource.identity, resource.version()));
    let mut content = String::new();
    for resource in resources {
        write_sealed(resource.node, Place::default(), renames, &mut content);
        content.push('\n');
    }
    content
}

impl Snapshot {
    /// The name of the item: unique for a service, an environment and a content.
    #[must_use]
    pub fn name(&self) -> String {
        let digest = digest(&self.content);
        let start: String = digest.chars().skip("sha256:".len()).take(12).collect();
        format!("{}-{}-{start}", self.service, self.environment)
    }

    /// The item as JSON, on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let quote = |text: &str| {
            let mut out = String::new();
            push_quoted(&mut out, text);
            out
        };
        format!(
            "{{\"apiVersion\":\"{API_VERSION}\",\"kind\":\"{SNAPSHOT}\",\"metadata\":{{\"name\":{},\"annotations\":\
             {{\"{LOCAL_CONFIG}\":\"true\"}}}},\"spec\":{{\"service\":{},\"environment\":{},\"digest\":\"{}\",\"resources\":{}}}}}",
            quote(&self.name()),
            quote(&self.service),
            quote(&self.environment),
            digest(&self.content),
            quote(&self.content),
        )
    }

    /// The item as a block-style map, every line after the first indented by `indent` spaces.
    #[must_use]
    pub fn to_yaml(&self, indent: usize, newline: &str) -> String {
        let quote = |text: &str| {
            let mut out = String::new();
            push_quoted(&mut out, text);
            out
        };
        let mut lines = vec![
            format!("apiVersion: {API_VERSION}"),
            format!("kind: {SNAPSHOT}"),
            "metadata:".to_owned(),
            format!("  name: {}", quote(&self.name())),
            "  annotations:".to_owned(),
            format!("    {LOCAL_CONFIG}: \"true\""),
            "spec:".to_owned(),
            format!("  service: {}", quote(&self.service)),
            format!("  environment: {}", quote(&self.environment)),
            format!("  digest: {}", digest(&self.content)),
        ];
        if self.content.is_empty() {
            lines.push("  resources: \"\"".to_owned());
        } else {
            lines.push("  resources: |".to_owned());
            lines.extend(self.content.lines().map(|line| format!("    {line}")));
        }
        let mut text = lines.join(&format!("{newline}{}", " ".repeat(indent)));
        text.push_str(newline);
        text
    }
}

/// Writes a subtree as canonical JSON, without the annotations of hosts and without values of
/// Secrets.
fn write_sealed(node: Node<'_>, place: Place<'_>, renames: &Renames<'_>, out: &mut String) {
    let write = |node: Node<'_>, place, out: &mut String| match renames.follow(place, node) {
        Some(name) => push_quoted(out, name),
        None => write_sealed(node, place, renames, out),
    };
    if node.is_seq() {
        push_list(out, node.items(), |out, item| {
            write(item, place.within(), out);
        });
        return;
    }
    if !node.is_map() {
        node.write_canonical(out);
        return;
    }
    let secrecy = secrecy(node);
    let entries =
        texts(node).filter(|(key, value)| *key != "annotations" || !is_all_bookkeeping(*value));
    push_map(out, entries, |out, key, value| {
        if secrecy.hides(key) {
            write_redacted(value, out);
        } else if key == "annotations" && value.is_map() {
            let sealed = texts(value).filter(|(key, _)| is_sealed_annotation(key));
            let inner = place.below(node, key);
            push_map(out, sealed, |out, key, entry| {
                write(entry, inner.below(value, key), out);
            });
        } else {
            write(value, place.below(node, key), out);
        }
    });
}

/// The entries of a map by the text of their keys.
fn texts(map: Node<'_>) -> impl Iterator<Item = (&str, Node<'_>)> {
    map.entries().map(|(key, value)| (key.text(), value))
}

/// Whether all annotations are those of hosts.
fn is_all_bookkeeping(annotations: Node<'_>) -> bool {
    annotations.is_map()
        && !annotations.is_childless()
        && texts(annotations).all(|(key, _)| !is_sealed_annotation(key))
}

fn is_sealed_annotation(key: &str) -> bool {
    !is_bookkeeping(key) || is_history(key)
}

/// Keeps the keys and drops every value, of any type.
fn write_redacted(data: Node<'_>, out: &mut String) {
    let redact = |out: &mut String, value: Node<'_>| {
        if value.is_null() {
            out.push_str("null");
        } else {
            push_quoted(out, REDACTED);
        }
    };
    if data.is_map() {
        push_map(out, texts(data), |out, _, value| redact(out, value));
    } else {
        redact(out, data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n    \
        kubectl.kubernetes.io/last-applied-configuration: '{\"data\":{\"k\":\"hunter2\"}}'\n\
        stringData: {k: hunter2, n: null}\ndata: hunter2\n";

    fn sealed(text: &str) -> Snapshot {
        let tree = parse(text).unwrap();
        let resources: Vec<_> = tree
            .roots()
            .map(|root| Resource::read(root).unwrap())
            .collect();
        seal("shop", "base", &resources)
    }

    #[test]
    fn no_value_of_a_secret_is_sealed() {
        let list = format!(
            "apiVersion: v1\nkind: Whatever\nmetadata: {{name: l}}\nnested:\n- {}",
            SECRET.trim_end().replace('\n', "\n  ")
        );
        // A patch has changed its kind, which kustomize records.
        let renamed = SECRET.replace("kind: Secret", "kind: ConfigMap").replace(
            "annotations:\n",
            "annotations:\n    internal.config.kubernetes.io/previousKinds: Secret\n",
        );
        assert_ne!(renamed, SECRET);
        let misspelt = SECRET.replace("kind: Secret", "kind: 'secret '");
        for text in [SECRET, &list, &renamed, &misspelt] {
            let content = sealed(text).content;
            assert!(!content.contains("hunter2"), "{content}");
            assert!(
                content.contains("\"stringData\":{\"k\":\"<redacted>\",\"n\":null}"),
                "{content}"
            );
        }
    }

    #[test]
    fn an_object_that_may_be_a_secret_is_sealed_as_one() {
        for text in [
            "apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: s}\n  data: {k: hunter2}\n",
            "apiVersion: v1\nkind: Secret\nstringdata: {k: hunter2}\n",
            "kind: Odd\nspec: {kind: Secret, StringData: {k: hunter2}}\n",
            "apiVersion: example.com/v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: hunter2}\n",
        ] {
            let content = sealed(text).content;
            assert!(!content.contains("hunter2"), "{content}");
        }
        // References are not Secrets, and the specification of a custom resource is not data.
        for text in [
            "kind: Odd\nspec: {from: {kind: Secret, name: plain, key: plain}}\n",
            "apiVersion: example.com/v1\nkind: Secret\nmetadata: {name: s}\nspec: {days: plain}\n",
        ] {
            let content = sealed(text).content;
            assert!(content.contains("plain"), "{content}");
        }
    }

    #[test]
    fn a_snapshot_opens_in_both_forms() {
        let snapshot = sealed(
            "kind: B\nmetadata: {name: \"z\\u0085\\ud83d\\ude00\"}\n---\nkind: A\nmetadata:\n  name: a\n  annotations: {config.kubernetes.io/index: '0'}\n",
        );
        let block = format!("- {}", snapshot.to_yaml(2, "\n"));
        for text in [block.as_str(), &format!("[{}]", snapshot.to_json())] {
            let tree = parse(text).unwrap();
            let item =
                Resource::read(tree.roots().next().unwrap().items().next().unwrap()).unwrap();
            assert!(is_snapshot(&item) && item.is_local_config());
            let opened = open(&item).unwrap();
            assert_eq!(opened.content, snapshot.content);
            let inner = opened.parse().unwrap();
            let names: Vec<_> = opened
                .resources(&inner)
                .unwrap()
                .iter()
                .map(Resource::name)
                .collect();
            assert_eq!(names, ["a", "z\u{85}😀"]);
        }
        assert!(!snapshot.content.contains("annotations"));
        assert_eq!(
            sealed("").to_yaml(0, "\n").lines().last(),
            Some("  resources: \"\"")
        );
    }

    #[test]
    fn an_edited_snapshot_is_refused() {
        let text = sealed("kind: A\nmetadata: {name: a}\n")
            .to_yaml(0, "\n")
            .replace("\"a\"", "\"b\"");
        let tree = parse(&text).unwrap();
        let item = Resource::read(tree.roots().next().unwrap()).unwrap();
        assert_eq!(open(&item).unwrap_err().problem, SnapshotProblem::Digest);
    }
}
