//! Whether a build ends with a check: nothing changes what a directory builds after krm-parity has judged it.

use std::collections::BTreeSet;

use super::{Edge, Ours, Parsed, Role, To};

/// The fields of a kustomization that load, and change nothing.
const GATHERING: [&str; 9] = [
    "apiVersion",
    "kind",
    "buildMetadata",
    "metadata",
    "resources",
    "bases",
    "components",
    "transformers",
    "validators",
];

/// Whether a policy is the last that acts on what a directory builds.
///
/// kustomize runs validators after transformers, and both after everything else of the same kustomization.
#[must_use]
pub fn is_guarded(parsed: &Parsed<'_>, directory: &str) -> bool {
    guards(parsed, directory, &mut BTreeSet::new())
}

fn guards(parsed: &Parsed<'_>, directory: &str, above: &mut BTreeSet<String>) -> bool {
    let Some(kustomization) = parsed.kustomization(directory) else {
        return false;
    };
    if !above.insert(directory.to_owned()) {
        return false;
    }
    let edges = || parsed.graph().of_directory(directory).iter();
    let mut validators = edges().filter(|edge| edge.role == Role::Validator);
    if validators.any(|edge| runs_policy(parsed, edge)) {
        return true;
    }
    let transformers: Vec<&Edge> = edges()
        .filter(|edge| edge.role == Role::Transformer)
        .collect();
    for edge in transformers.into_iter().rev() {
        if parsed.runs(edge, |root| !root.is_null() && Ours::read(root).is_none()) {
            return false;
        }
        if runs_policy(parsed, edge) {
            return true;
        }
        // A recorder changes nothing; what cannot be read may do anything.
        if !parsed.runs(edge, |root| Ours::read(root) == Some(Ours::Recorder)) {
            return false;
        }
    }
    let is_gathering = kustomization.root.entries().all(|(key, value)| {
        GATHERING.contains(&key.text())
            || value.is_null()
            || (!value.is_scalar() && value.is_childless())
    });
    // A component acts on all that is loaded beside it, and the last one acts last.
    let guarded = |edge: &Edge, above: &mut BTreeSet<String>| match &edge.to {
        To::Kustomization(inner) => guards(parsed, inner, above),
        _ => false,
    };
    if !is_gathering {
        return false;
    }
    let components: Vec<&Edge> = edges()
        .filter(|edge| edge.role == Role::Component)
        .collect();
    if let Some(last) = components.last() {
        return guarded(last, above);
    }
    let loads: Vec<&Edge> = edges().filter(|edge| edge.role == Role::Load).collect();
    !loads.is_empty() && loads.into_iter().all(|edge| guarded(edge, above))
}

/// Whether an entry of functions asks this program to judge, and nobody else to do anything.
fn runs_policy(parsed: &Parsed<'_>, edge: &Edge) -> bool {
    parsed.runs(edge, |root| Ours::read(root) == Some(Ours::Policy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::Sources;

    const POLICY: &str = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\n";
    const RECORDER: &str = "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\n";
    const OTHER: &str = "apiVersion: builtin\nkind: PatchTransformer\n";

    #[test]
    fn only_what_ends_with_a_check_is_guarded() {
        for (text, expected) in [
            ("resources: [../base]\ntransformers: [policy.yaml]", true),
            (
                "resources: [../base]\nimages: [{name: a, newTag: b}]\ntransformers: [wiring]",
                true,
            ),
            ("resources: [../base]\nTransformers: [policy.yaml]", true),
            (
                "resources: [../base]\ntransformers: [policy.yaml, recorder.yaml]",
                true,
            ),
            (
                "resources: [../base]\ntransformers: [other.yaml, policy.yaml]",
                true,
            ),
            (
                "resources: [../base]\ntransformers: [policy.yaml, other.yaml]",
                false,
            ),
            ("resources: [../base]\ntransformers: [both.yaml]", false),
            ("resources: [../base]\ntransformers: [absent.yaml]", false),
            ("resources: [../base]\ntransformers: [version.yaml]", false),
            (
                "resources: [../base]\nvalidators: [policy.yaml]\ntransformers: [other.yaml]",
                true,
            ),
            ("resources: [../base]\ngenerators: [policy.yaml]", false),
            // What gathers a guarded overlay is guarded, what changes it is not.
            ("resources: [../guarded]", true),
            (
                "bases: [../guarded]\nbuildMetadata: [originAnnotations]",
                true,
            ),
            ("resources: [../guarded]\nimages: []", true),
            ("resources: [../guarded]\nnamePrefix: a-", false),
            ("resources: [../guarded]\nPatches: [{path: p.yaml}]", false),
            ("resources: [../guarded, ../base]", false),
            ("resources: [../guarded, d.yaml]", false),
            ("resources: [../guarded]\ntransformers: [other.yaml]", false),
            ("resources: [../base]\ncomponents: [../part]", true),
            ("resources: [../guarded]\ncomponents: [../changing]", false),
            (
                "resources: [../base]\ncomponents: [../part, ../changing]",
                false,
            ),
            (
                "resources: [../base]\ncomponents: [../part]\nnamePrefix: a-",
                false,
            ),
            ("resources: [../o]", false),
        ] {
            let mut sources = Sources::default();
            for (path, text) in [
                ("base/kustomization.yaml", "resources: [d.yaml]"),
                ("base/d.yaml", "kind: A"),
                ("o/d.yaml", "kind: A"),
                (
                    "guarded/kustomization.yaml",
                    "resources: [../base]\ntransformers: [policy.yaml]",
                ),
                ("guarded/policy.yaml", POLICY),
                (
                    "part/kustomization.yaml",
                    "kind: Component\ntransformers: [policy.yaml]",
                ),
                ("part/policy.yaml", POLICY),
                (
                    "changing/kustomization.yaml",
                    "kind: Component\nnamePrefix: a-",
                ),
                ("o/kustomization.yaml", text),
                ("o/policy.yaml", POLICY),
                ("o/recorder.yaml", RECORDER),
                ("o/other.yaml", OTHER),
                ("o/both.yaml", &format!("{POLICY}---\n{OTHER}")),
                (
                    "o/version.yaml",
                    "apiVersion: krm-parity.io/v2\nkind: ParityPolicy\n",
                ),
                (
                    "o/wiring/kustomization.yaml",
                    "resources: [../policy.yaml]\npatches: [{patch: '[]'}]",
                ),
            ] {
                sources.insert(path.to_owned(), text.to_owned());
            }
            assert_eq!(is_guarded(&sources.parse(), "o"), expected, "{text}");
        }
    }
}
