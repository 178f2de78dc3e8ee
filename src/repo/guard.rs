//! Whether a build ends with a check, so that nothing changes its resources after krm-parity has
//! judged them.

use std::collections::BTreeSet;

use super::{Edge, Ours, Parsed, Role, To, is_wiring};

/// The fields of a kustomization that only load.
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

/// No real repository gathers deeper than this.
const MAX_DEPTH: usize = 64;

/// Whether a policy is the last function that acts on the resources of a directory.
///
/// kustomize runs validators after transformers, and both after everything else in the same
/// kustomization.
#[must_use]
pub fn is_guarded(parsed: &Parsed<'_>, directory: &str) -> bool {
    guards(parsed, directory, 0, &mut BTreeSet::new())
}

/// Whether a directory at this depth below the first one is guarded; each directory is visited
/// once.
fn guards(parsed: &Parsed<'_>, directory: &str, depth: usize, seen: &mut BTreeSet<String>) -> bool {
    let Some(kustomization) = parsed.kustomization(directory) else {
        return false;
    };
    if depth > MAX_DEPTH || !seen.insert(directory.to_owned()) {
        return false;
    }
    let edges = || parsed.graph().of_directory(directory).iter();
    let mut validators = edges().filter(|edge| edge.role == Role::Validator);
    if validators.any(|edge| last_of(parsed, edge) == Some(Ours::Policy)) {
        return true;
    }
    let transformers: Vec<&Edge> = edges()
        .filter(|edge| edge.role == Role::Transformer)
        .collect();
    for edge in transformers.into_iter().rev() {
        match last_of(parsed, edge) {
            Some(Ours::Policy) => return true,
            // Recorders change nothing.
            Some(_) => {}
            // An unreadable function may do anything.
            None => return false,
        }
    }
    let is_gathering = kustomization.root.entries().all(|(key, value)| {
        GATHERING.contains(&key.text())
            || value.is_null()
            || (!value.is_scalar() && value.is_childless())
    });
    // Components act on everything that is loaded beside them, and the last one acts last.
    let mut guarded = |edge: &Edge| match &edge.to {
        To::Kustomization(inner) => guards(parsed, inner, depth + 1, seen),
        _ => false,
    };
    if !is_gathering {
        return false;
    }
    let components: Vec<&Edge> = edges()
        .filter(|edge| edge.role == Role::Component)
        .collect();
    if let Some(last) = components.last() {
        return guarded(last);
    }
    let loads: Vec<&Edge> = edges().filter(|edge| edge.role == Role::Load).collect();
    !loads.is_empty() && loads.into_iter().all(guarded)
}

/// The request of a function entry to this program, if it runs no other program; judging wins over
/// recording.
fn last_of(parsed: &Parsed<'_>, edge: &Edge) -> Option<Ours> {
    // A directory may change the documents that it gathers.
    if let To::Kustomization(directory) = &edge.to {
        let inner = parsed.kustomization(directory)?;
        if !is_wiring(parsed, inner) {
            return None;
        }
    }
    if parsed.runs(edge, |root| !root.is_null() && Ours::run(root).is_none()) {
        return None;
    }
    let asks = |ours: Ours| parsed.runs(edge, |root| Ours::run(root) == Some(ours));
    [Ours::Policy, Ours::Recorder]
        .into_iter()
        .find(|ours| asks(*ours))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::Sources;

    const POLICY: &str = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\n";
    fn annotated(annotation: &str) -> String {
        format!("{POLICY}metadata:\n  annotations:\n    {annotation}\n")
    }

    const RECORDER: &str = "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\n";
    const OTHER: &str = "apiVersion: builtin\nkind: PatchTransformer\n";

    /// An overlay, and every file that its kustomization may name.
    fn sources(text: &str) -> Sources {
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
                "o/mirrored.yaml",
                &annotated(
                    "config.kubernetes.io/function: 'container: {image: mirror.example.com:5000/a/krm-parity:1}'",
                ),
            ),
            (
                "o/legacy.yaml",
                &annotated("config.kubernetes.io/container: example.com/krm-parity@sha256:a"),
            ),
            (
                "o/evil.yaml",
                &annotated("config.kubernetes.io/function: 'exec: {path: ./evil}'"),
            ),
            (
                "o/evil-legacy.yaml",
                &annotated("config.kubernetes.io/container: example.com/evil"),
            ),
            (
                "o/evil-older.yaml",
                &annotated("config.k8s.io/function: 'container: {image: evil}'"),
            ),
            (
                "o/evil-recorder.yaml",
                &annotated("config.kubernetes.io/function: 'exec: {path: ./evil}'")
                    .replace("ParityPolicy", "SnapshotRecorder"),
            ),
            (
                "evil-part/kustomization.yaml",
                "kind: Component\ntransformers: [../o/evil.yaml]",
            ),
            (
                "o/turned/kustomization.yaml",
                "resources: [../policy.yaml]\npatches: [{target: {kind: ParityPolicy}, patch: '[{op: add, path: /metadata/annotations, value: {config.kubernetes.io/container: evil}}]'}]",
            ),
            (
                "o/marked/kustomization.yaml",
                "resources: [../policy.yaml]\ncommonAnnotations: {config.kubernetes.io/container: evil}",
            ),
            ("o/deep/kustomization.yaml", "resources: [inner]"),
            (
                "o/deep/inner/kustomization.yaml",
                "resources: [../../evil.yaml]",
            ),
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
        sources
    }

    #[test]
    fn only_a_build_that_ends_with_a_check_is_guarded() {
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
            // A directory that gathers a guarded overlay is guarded; one that changes it is not.
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
            let sources = sources(text);
            assert_eq!(is_guarded(&sources.parse(), "o"), expected, "{text}");
        }
    }

    #[test]
    fn an_overlay_that_is_gathered_too_deep_is_not_guarded() {
        let is_guarded_below = |depth: usize| {
            let mut sources = Sources::default();
            for at in 0..depth {
                let text = format!("resources: [../d{}]", at + 1);
                sources.insert(format!("d{at}/kustomization.yaml"), text);
            }
            let last = "resources: [a.yaml]\nvalidators: [policy.yaml]".to_owned();
            sources.insert(format!("d{depth}/kustomization.yaml"), last);
            sources.insert(format!("d{depth}/policy.yaml"), POLICY.to_owned());
            is_guarded(&sources.parse(), "d0")
        };
        assert!(is_guarded_below(MAX_DEPTH));
        assert!(!is_guarded_below(MAX_DEPTH + 1));
        assert!(!is_guarded_below(20_000));
    }

    #[test]
    fn only_a_policy_that_runs_this_program_guards() {
        for (text, expected) in [
            ("resources: [../base]\ntransformers: [mirrored.yaml]", true),
            ("resources: [../base]\ntransformers: [legacy.yaml]", true),
            ("resources: [../base]\ntransformers: [evil.yaml]", false),
            ("resources: [../base]\nvalidators: [evil.yaml]", false),
            (
                "resources: [../base]\ntransformers: [evil-legacy.yaml]",
                false,
            ),
            ("resources: [../base]\nvalidators: [evil-older.yaml]", false),
            (
                "resources: [../base]\ntransformers: [policy.yaml, evil.yaml]",
                false,
            ),
            (
                "resources: [../base]\ntransformers: [evil.yaml, policy.yaml]",
                true,
            ),
            (
                "resources: [../base]\ntransformers: [policy.yaml, evil-recorder.yaml]",
                false,
            ),
            ("resources: [../base]\ncomponents: [../evil-part]", false),
            ("resources: [../base]\ntransformers: [turned]", false),
            ("resources: [../base]\nvalidators: [marked]", false),
            ("resources: [../base]\ntransformers: [deep]", false),
            (
                "resources: [../base]\ntransformers:\n- |\n  apiVersion: krm-parity.io/v1alpha1\n  kind: ParityPolicy\n  metadata: {annotations: {config.kubernetes.io/function: 'exec: {path: ./x}'}}",
                false,
            ),
        ] {
            assert_eq!(is_guarded(&sources(text).parse(), "o"), expected, "{text}");
        }
    }
}
