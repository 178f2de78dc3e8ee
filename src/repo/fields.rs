//! The fields of a kustomization, as kustomize's own types declare them.
//!
//! kustomize reads a kustomization through Go's JSON decoder, which ignores the case of keys:
//! `Images`, `newtag` and `PATCH` work like `images`, `newTag` and `patch`. So the keys of every
//! kustomization are normalised when it is parsed, and no reader has to care. kustomize refuses
//! keys that no type declares.

use crate::yaml::{Kind, Node, Style, Tree, YamlError, parse_lax};

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub enum Holds {
    /// A string.
    Text,
    /// A boolean.
    Flag,
    /// An integer.
    Integer,
    /// A list of strings.
    Texts,
    /// A map of strings.
    Pairs,
    /// Anything at all.
    Anything,
    /// Fields of its own.
    Fields(&'static [Field]),
    /// A list of values with fields.
    Entries(&'static [Field]),
}

use Holds::{Anything, Entries, Fields, Flag, Integer, Pairs, Text, Texts};

/// The name of a field, and its type.
pub type Field = (&'static str, Holds);

const METADATA: &[Field] = &[
    ("name", Text),
    ("namespace", Text),
    ("labels", Pairs),
    ("annotations", Pairs),
];

const IMAGE: &[Field] = &[
    ("name", Text),
    ("newName", Text),
    ("tagSuffix", Text),
    ("newTag", Text),
    ("digest", Text),
];

const SELECTOR: &[Field] = &[
    ("group", Text),
    ("version", Text),
    ("kind", Text),
    ("name", Text),
    ("namespace", Text),
    ("annotationSelector", Text),
    ("labelSelector", Text),
];

const PATCH: &[Field] = &[
    ("path", Text),
    ("patch", Text),
    ("target", Fields(SELECTOR)),
    (
        "options",
        Fields(&[("allowNameChange", Flag), ("allowKindChange", Flag)]),
    ),
];

const FIELD_SPEC: &[Field] = &[
    ("group", Text),
    ("version", Text),
    ("kind", Text),
    ("path", Text),
    ("create", Flag),
];

const LABEL: &[Field] = &[
    ("pairs", Pairs),
    ("includeSelectors", Flag),
    ("includeTemplates", Flag),
    ("fields", Entries(FIELD_SPEC)),
];

const FIELD_OPTIONS: &[Field] = &[
    ("delimiter", Text),
    ("index", Integer),
    ("encoding", Text),
    ("create", Flag),
];

const REPLACEMENT: &[Field] = &[
    (
        "source",
        Fields(&[
            ("group", Text),
            ("version", Text),
            ("kind", Text),
            ("name", Text),
            ("namespace", Text),
            ("fieldPath", Text),
            ("options", Fields(FIELD_OPTIONS)),
        ]),
    ),
    (
        "targets",
        Entries(&[
            ("select", Fields(SELECTOR)),
            ("reject", Entries(SELECTOR)),
            ("fieldPaths", Texts),
            ("options", Fields(FIELD_OPTIONS)),
        ]),
    ),
    ("sourceValue", Text),
    ("path", Text),
];

const VAR: &[Field] = &[
    ("name", Text),
    (
        "objref",
        Fields(&[
            ("apiVersion", Text),
            ("group", Text),
            ("version", Text),
            ("kind", Text),
            ("name", Text),
            ("namespace", Text),
        ]),
    ),
    ("fieldref", Fields(&[("fieldPath", Text)])),
];

const GENERATOR_OPTIONS: &[Field] = &[
    ("labels", Pairs),
    ("annotations", Pairs),
    ("disableNameSuffixHash", Flag),
    ("immutable", Flag),
];

const GENERATOR: &[Field] = &[
    ("namespace", Text),
    ("name", Text),
    ("behavior", Text),
    ("literals", Texts),
    ("files", Texts),
    ("envs", Texts),
    ("env", Text),
    ("options", Fields(GENERATOR_OPTIONS)),
];

const SECRET_GENERATOR: &[Field] = &[
    ("namespace", Text),
    ("name", Text),
    ("behavior", Text),
    ("literals", Texts),
    ("files", Texts),
    ("envs", Texts),
    ("env", Text),
    ("options", Fields(GENERATOR_OPTIONS)),
    ("type", Text),
];

const HELM_CHART: &[Field] = &[
    ("name", Text),
    ("version", Text),
    ("repo", Text),
    ("releaseName", Text),
    ("namespace", Text),
    ("additionalValuesFiles", Texts),
    ("valuesFile", Text),
    ("valuesInline", Anything),
    ("valuesMerge", Text),
    ("includeCRDs", Flag),
    ("skipHooks", Flag),
    ("apiVersions", Texts),
    ("kubeVersion", Text),
    ("nameTemplate", Text),
    ("skipTests", Flag),
    ("debug", Flag),
    ("devel", Flag),
];

const HELM_CHART_ARGS: &[Field] = &[
    ("chartName", Text),
    ("chartVersion", Text),
    ("chartRepoUrl", Text),
    ("chartHome", Text),
    ("chartRepoName", Text),
    ("helmBin", Text),
    ("helmHome", Text),
    ("values", Text),
    ("valuesLocal", Anything),
    ("valuesMerge", Text),
    ("releaseName", Text),
    ("releaseNamespace", Text),
    ("extraArgs", Texts),
];

/// The fields of a kustomization and of a component (kustomize: `api/types/kustomization.go`).
pub const KUSTOMIZATION: &[Field] = &[
    ("kind", Text),
    ("apiVersion", Text),
    ("metadata", Fields(METADATA)),
    ("openapi", Pairs),
    ("namePrefix", Text),
    ("nameSuffix", Text),
    ("namespace", Text),
    ("commonLabels", Pairs),
    ("labels", Entries(LABEL)),
    ("commonAnnotations", Pairs),
    ("patchesStrategicMerge", Texts),
    ("patchesJson6902", Entries(PATCH)),
    ("patches", Entries(PATCH)),
    ("images", Entries(IMAGE)),
    ("imageTags", Entries(IMAGE)),
    ("replacements", Entries(REPLACEMENT)),
    ("replicas", Entries(&[("name", Text), ("count", Integer)])),
    ("vars", Entries(VAR)),
    (
        "sortOptions",
        Fields(&[
            ("order", Text),
            (
                "legacySortOptions",
                Fields(&[("orderFirst", Texts), ("orderLast", Texts)]),
            ),
        ]),
    ),
    ("resources", Texts),
    ("components", Texts),
    ("crds", Texts),
    ("bases", Texts),
    ("configMapGenerator", Entries(GENERATOR)),
    ("secretGenerator", Entries(SECRET_GENERATOR)),
    (
        "helmGlobals",
        Fields(&[("chartHome", Text), ("configHome", Text)]),
    ),
    ("helmCharts", Entries(HELM_CHART)),
    ("helmChartInflationGenerator", Entries(HELM_CHART_ARGS)),
    ("generatorOptions", Fields(GENERATOR_OPTIONS)),
    ("configurations", Texts),
    ("generators", Texts),
    ("transformers", Texts),
    ("validators", Texts),
    ("buildMetadata", Texts),
];

/// Words that are booleans when unquoted in a kustomization, although they are texts in other
/// files.
const FLAGS: [&str; 16] = [
    "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off",
    "OFF",
];

/// A fault for which kustomize refuses a kustomization, or which it treats in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A key that no type declares.
    Undeclared,
    /// A field that occurs twice, in two spellings.
    Twice,
    /// A value whose type differs from that of the field.
    Type,
}

/// Parses the text of a kustomization, and spells its keys as kustomize's types do.
///
/// # Errors
///
/// As [`parse_lax`].
pub fn parse_kustomization(text: &str) -> Result<Tree<'_>, YamlError> {
    let mut tree = parse_lax(text)?;
    spell(&mut tree);
    Ok(tree)
}

/// Spells the keys of a kustomization as kustomize's types do; a field that occurs twice is left
/// unchanged.
pub(super) fn spell(tree: &mut Tree<'_>) {
    let mut found = Vec::new();
    for root in tree.roots() {
        misspelt(root, KUSTOMIZATION, &mut found);
    }
    for (position, name) in found {
        tree.respell(position, name);
    }
}

/// Whether any field of a kustomization occurs twice, in two spellings.
pub(super) fn is_doubled(tree: &Tree<'_>) -> bool {
    tree.roots()
        .any(|root| faults(root).iter().any(|found| found.fault == Fault::Twice))
}

/// Whether a key occurs twice in a map with different values.
pub(super) fn contradicts(node: Node<'_>) -> bool {
    let mut entries: Vec<(Node<'_>, Node<'_>)> = node.entries().collect();
    entries.sort_by(|(one, _), (other, _)| one.text().cmp(other.text()));
    let pairs = || entries.iter().zip(entries.iter().skip(1));
    pairs().any(|((one, value), (other, another))| {
        one.text() == other.text()
            && !(is_same_scalar(*one, *other) && is_same_scalar(*value, *another))
    }) || entries.iter().any(|(_, value)| contradicts(*value))
        || node.items().any(contradicts)
}

/// Whether two nodes are the same scalar, in the same style.
fn is_same_scalar(one: Node<'_>, other: Node<'_>) -> bool {
    one.is_scalar()
        && one.kind() == other.kind()
        && one.style() == other.style()
        && one.text() == other.text()
}

/// A part of a kustomization with a fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found<'a> {
    /// The node.
    pub node: Node<'a>,
    /// The name of the field; never a value, which may be secret.
    pub field: &'a str,
    /// The fault.
    pub fault: Fault,
}

/// The faults of a kustomization.
#[must_use]
pub fn faults(root: Node<'_>) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    judge(root, "", Fields(KUSTOMIZATION), &mut found);
    found
}

/// The same for a file that `replacements` names, with one replacement or several.
#[must_use]
pub fn faults_of_replacements(root: Node<'_>) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    let holds = if root.is_seq() {
        Entries(REPLACEMENT)
    } else {
        Fields(REPLACEMENT)
    };
    judge(root, "replacements", holds, &mut found);
    found
}

/// The same for a generator that is written as a resource, whatever its other fields.
#[must_use]
pub fn faults_of_generator(root: Node<'_>) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    judge(root, "", Fields(SECRET_GENERATOR), &mut found);
    found
}

/// Whether a word is a boolean in YAML 1.1, which kustomize reads.
fn is_flag(node: Node<'_>) -> bool {
    let is_plain = node.style() == Style::Plain && !node.is_called_text();
    is_plain && FLAGS.contains(&node.text())
}

fn judge<'a>(node: Node<'a>, field: &'a str, holds: Holds, found: &mut Vec<Found<'a>>) {
    let is_text = |node: Node<'_>| node.is_null() || node.as_str().is_some() && !is_flag(node);
    let fits = node.is_null()
        || match holds {
            Text => is_text(node),
            Flag => node.kind() == Kind::Bool || is_flag(node),
            Integer => node.kind() == Kind::Int,
            Texts => node.is_seq() && node.items().all(is_text),
            Pairs => node.is_map() && node.entries().all(|(_, value)| is_text(value)),
            Anything => true,
            Fields(_) => node.is_map(),
            Entries(_) => node.is_seq(),
        };
    if !fits {
        let fault = Fault::Type;
        found.push(Found { node, field, fault });
        return;
    }
    match holds {
        Fields(fields) => {
            for (key, value) in node.entries() {
                let mut lose = |fault| {
                    found.push(Found {
                        node: key,
                        field: key.text(),
                        fault,
                    });
                };
                match declared(fields, key.text()).map(|at| fields[at]) {
                    Some((name, _)) if key.text() != name => lose(Fault::Twice),
                    Some((name, holds)) => judge(value, name, holds, found),
                    None => lose(Fault::Undeclared),
                }
            }
        }
        Entries(fields) => {
            for item in node.items() {
                judge(item, field, Fields(fields), found);
            }
        }
        _ => {}
    }
}

/// Finds the keys below a node that need another spelling; a field that occurs twice is skipped.
fn misspelt(node: Node<'_>, fields: &'static [Field], found: &mut Vec<(usize, &'static str)>) {
    let place = |key: Node<'_>| declared(fields, key.text());
    let mut counts = vec![0_usize; fields.len()];
    for (key, _) in node.entries() {
        if let Some(count) = place(key).and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    for (key, value) in node.entries() {
        let Some(at) = place(key) else {
            continue;
        };
        let (name, holds) = fields[at];
        if key.text() != name && counts[at] == 1 {
            found.push((key.position(), name));
        }
        match holds {
            Fields(fields) => misspelt(value, fields, found),
            Entries(fields) => value.items().for_each(|item| misspelt(item, fields, found)),
            _ => {}
        }
    }
}

/// The field that a key means, by its index in the list.
fn declared(fields: &[Field], key: &str) -> Option<usize> {
    let exact = fields.iter().position(|(name, _)| *name == key);
    exact.or_else(|| fields.iter().position(|(name, _)| is_alike(key, name)))
}

/// Whether Go's JSON decoder accepts a key for an ASCII name.
pub(super) fn is_alike(key: &str, name: &str) -> bool {
    let folded = key.chars().map(|letter| match letter {
        // The two letters beyond ASCII that fold into ASCII.
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        letter => letter.to_ascii_lowercase(),
    });
    folded.eq(name.chars().map(|letter| letter.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spelled_as_kustomize_accepts_them() {
        for (text, spelled) in [
            (
                "Images: [{NAME: web, NewTag: x}]",
                r#"{"images":[{"name":"web","newTag":"x"}]}"#,
            ),
            (
                "PATCHES:\n- Target: {KIND: Service}\n  pAtCh: '{\"Kind\": \"A\"}'\n",
                r#"{"patches":[{"target":{"kind":"Service"},"patch":"{\"Kind\": \"A\"}"}]}"#,
            ),
            // Data keeps its keys, because they are not fields.
            (
                "commonlabels: {Name: Kind}\nhelmCharts: [{valuesinline: {Name: x}}]",
                r#"{"commonLabels":{"Name":"Kind"},"helmCharts":[{"valuesInline":{"Name":"x"}}]}"#,
            ),
            // Go folds two letters beyond ASCII.
            (
                "re\u{17f}ources: [a]\nKind: x\n\u{212a}indle: y",
                r#"{"resources":["a"],"kind":"x","\u{212a}indle":"y"}"#,
            ),
            (
                "name: x\nvars: [{FieldRef: {fieldpath: x}}]",
                r#"{"name":"x","vars":[{"fieldref":{"fieldPath":"x"}}]}"#,
            ),
        ] {
            let tree = parse_kustomization(text).unwrap();
            let root = tree.roots().next().unwrap();
            let spelled = spelled.replace("\\u{212a}", "\u{212a}");
            assert_eq!(root.to_json().to_string(), spelled, "{text}");
        }
        let text = "a: 1\nImages: []\n";
        let tree = parse_kustomization(text).unwrap();
        let (key, _) = tree.roots().next().unwrap().entries().nth(1).unwrap();
        assert_eq!((key.text(), &text[key.span()]), ("images", "Images"));
    }

    #[test]
    fn faults_of_kustomizations_are_found() {
        for (text, expected) in [
            ("resources: [a]\nnamePrefix: null\nlabels: [null]", vec![]),
            ("patch: []", vec![("patch", Fault::Undeclared)]),
            ("<<: {a: 1}", vec![("a", Fault::Undeclared)]),
            ("patches: [{file: x}]", vec![("file", Fault::Undeclared)]),
            ("images: []\nImages: []", vec![("Images", Fault::Twice)]),
            (
                "Vars: []\nvArs: []",
                vec![("Vars", Fault::Twice), ("vArs", Fault::Twice)],
            ),
            ("namePrefix: 1", vec![("namePrefix", Fault::Type)]),
            (
                "commonLabels: {a: true}",
                vec![("commonLabels", Fault::Type)],
            ),
            ("commonLabels: [a]", vec![("commonLabels", Fault::Type)]),
            ("resources: a", vec![("resources", Fault::Type)]),
            ("images: [a]", vec![("images", Fault::Type)]),
            (
                "replicas: [{name: a, count: '3'}]",
                vec![("count", Fault::Type)],
            ),
            (
                "labels: [{includeSelectors: 1}]",
                vec![("includeSelectors", Fault::Type)],
            ),
        ] {
            let tree = parse_kustomization(text).unwrap();
            let root = tree.roots().next().unwrap();
            let found = faults(root);
            let found: Vec<_> = found
                .iter()
                .map(|found| (found.field, found.fault))
                .collect();
            assert_eq!(found, expected, "{text}");
            assert_eq!(
                is_doubled(&tree),
                found.iter().any(|(_, fault)| *fault == Fault::Twice)
            );
        }
    }
}
