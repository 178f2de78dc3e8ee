//! The rules about an overlay's files, whatever they build.
//!
//! These rules need the kustomizations themselves. The command line has them, and
//! so does the function where kpt passes it a raw tree. In a build, the function
//! sees only the result.

pub(in crate::rules) mod dead_patch;
mod entry;
mod overlay;
pub(in crate::rules) mod overlay_size;
pub mod unchecked_file;
pub(in crate::rules) mod unguarded_overlay;
pub(in crate::rules) mod unjudged_overlay;

use super::registry::{REGISTRY, record};
use crate::catalog::Severity;
use crate::finding::Finding;
use crate::policy::Policy;

pub use entry::entry_place;
pub use overlay::Overlay;

/// Judges the files of one overlay.
///
/// The caller fills in service, environment and baseline of the findings; weights and exemptions come later. Findings
/// that the policy ignores are not searched for, so that no exemption brings them back.
#[must_use]
pub fn lint(overlay: Overlay<'_, '_>, policy: &Policy) -> Vec<Finding> {
    let entries = overlay.replay.entries(overlay.base, overlay.built);
    let mut findings = Vec::new();
    for check in REGISTRY.iter().filter_map(|entry| entry.files) {
        check(overlay, &entries, policy, &mut findings);
    }
    findings.retain(|finding| policy.severity(record(finding.rule)) != Severity::Ignore);
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::RuleId;
    use crate::engine::Replay;
    use crate::policy::RuleSetting;
    use crate::repo::Sources;
    use crate::resource::Resource;
    use crate::yaml::parse;

    const BASE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n      - name: web\n        image: web:1\n        env:\n        - name: A\n          value: '1'\n        - name: B\n          value: '2'\n";

    /// The findings, as `rule file:line`, of an overlay beside the base, which is built like this.
    fn linted(files: &[(&str, &str)], built: &str) -> Vec<String> {
        linted_as(files, built, "")
    }

    /// The findings where the build of the overlay is known as well.
    fn linted_as(files: &[(&str, &str)], base: &str, overlay: &str) -> Vec<String> {
        let texts = [base, overlay];
        let mut sources = Sources::default();
        let base = [
            ("base/kustomization.yaml", "resources: [d.yaml]"),
            ("base/d.yaml", BASE),
        ];
        for (path, text) in base.iter().chain(files) {
            sources.insert((*path).to_owned(), (*text).to_owned());
        }
        let parsed = sources.parse();
        let bases = ["base".to_owned()];
        let replay = Replay::overlay(&parsed, "o", &bases);
        let trees = texts.map(|text| parse(text).unwrap());
        let [base, built] = trees
            .each_ref()
            .map(|tree| tree.roots().filter_map(Resource::read).collect::<Vec<_>>());
        let mut policy = Policy::default();
        let setting = RuleSetting {
            severity: None,
            max: Some("2".to_owned()),
        };
        policy.rules.insert(RuleId::OverlaySize, setting);
        let setting = RuleSetting {
            severity: Some(Severity::Info),
            max: None,
        };
        policy.rules.insert(RuleId::UnguardedOverlay, setting);
        let overlay = Overlay {
            parsed: &parsed,
            replay: &replay,
            directory: "o",
            base: &base,
            built: &built,
            lacking: &[],
        };
        lint(overlay, &policy)
            .into_iter()
            .map(|finding| {
                let place = finding.place.unwrap();
                let lesser = match finding.severity {
                    Severity::Info => " (info)",
                    _ => "",
                };
                format!("{} {}:{}{lesser}", finding.rule, place.file, place.line)
            })
            .collect()
    }

    /// An overlay with this inline patch, guarded.
    fn patched(patch: &str, target: &str) -> Vec<String> {
        let indented: String = patch.lines().map(|line| format!("    {line}\n")).collect();
        let text = format!(
            "resources: [../base]\ntransformers: [policy.yaml]\npatches:\n- {target}patch: |-\n{indented}"
        );
        let policy =
            "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: p}\n";
        linted(
            &[("o/kustomization.yaml", &text), ("o/policy.yaml", policy)],
            BASE,
        )
    }

    #[test]
    fn patches_that_do_nothing_are_found() {
        let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n";
        let on_web = "target: {kind: Deployment}\n  ";
        let env = "spec: {template: {spec: {containers: [{name: web, env: [{name: NAME, value: 'VALUE'}]}]}}}";
        for (patch, target, is_dead) in [
            (format!("{web}spec: {{replicas: 2}}"), "", true),
            (format!("{web}spec: {{replicas: 3}}"), "", false),
            (format!("{web}spec: {{paused: null}}"), "", true),
            (format!("{web}spec: {{replicas: null}}"), "", false),
            (
                format!("{web}{}", env.replace("NAME", "A").replace("VALUE", "1")),
                "",
                true,
            ),
            (
                format!("{web}{}", env.replace("NAME", "A").replace("VALUE", "2")),
                "",
                false,
            ),
            // It moves B before A.
            (
                format!("{web}{}", env.replace("NAME", "B").replace("VALUE", "2")),
                "",
                false,
            ),
            (
                "- {op: replace, path: /spec/replicas, value: 2}".to_owned(),
                on_web,
                true,
            ),
            (
                "- {op: replace, path: /spec/replicas, value: 1}".to_owned(),
                on_web,
                false,
            ),
            (
                "- {op: test, path: /spec/replicas, value: 2}".to_owned(),
                on_web,
                false,
            ),
            (
                "- {op: remove, path: /spec/replicas}".to_owned(),
                on_web,
                false,
            ),
            (
                "- {op: remove, path: /spec/replicas}".to_owned(),
                "target: {kind: Job}\n  ",
                true,
            ),
        ] {
            let line = if target.is_empty() { 4 } else { 5 };
            let expected: Vec<_> = is_dead
                .then(|| format!("dead-patch o/kustomization.yaml:{line}"))
                .into_iter()
                .collect();
            assert_eq!(patched(&patch, target), expected, "{patch}");
        }
    }

    #[test]
    fn a_base_that_builds_differently_has_no_findings() {
        let text = "resources: [../base]\nvalidators: [../base]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {replicas: 2}\n";
        let built = BASE.replace("web:1", "web:2");
        let found = linted(&[("o/kustomization.yaml", text)], &built);
        assert_eq!(found, ["unguarded-overlay o/kustomization.yaml:1"]);
    }

    /// The overlay that consists of these lines, guarded.
    fn listed(lines: &str, built: &str) -> Vec<String> {
        let text = format!("resources: [../base]\ntransformers: [policy.yaml]\n{lines}");
        let policy =
            "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: p}\n";
        let files = [
            ("o/kustomization.yaml", text.as_str()),
            ("o/policy.yaml", policy),
            (
                "c/kustomization.yaml",
                "kind: Component\nimages: [{name: none, newTag: '2'}]\n",
            ),
            ("o/images.yaml", "images: [{path: spec/image, kind: Web}]\n"),
            ("o/kinds.yaml", "images: [{path: kind}]\n"),
            (
                "o/names.yaml",
                "nameReference: [{kind: Service, version: v1, fieldSpecs: [{kind: Web, path: spec/service}]}]\nimages: []\n",
            ),
        ];
        linted_as(&files, BASE, built)
    }

    #[test]
    fn entries_that_do_nothing_are_found() {
        let source = "source: {kind: Deployment, name: web, fieldPath: spec.replicas}";
        let replacement = |to: &str| {
            format!(
                "replacements:\n- {source}\n  targets: [{{select: {{kind: Deployment}}, fieldPaths: [{to}], options: {{create: true}}}}]\n"
            )
        };
        for (lines, expected) in [
            // No image has this name.
            (
                "images:\n- name: registry/web\n  newTag: '2'\n".to_owned(),
                "dead-patch o/kustomization.yaml:4",
            ),
            ("images:\n- name: web\n  newTag: '2'\n".to_owned(), ""),
            // The tag is the one in the base.
            (
                "images:\n- name: web\n  newTag: '1'\n".to_owned(),
                "dead-patch o/kustomization.yaml:4 (info)",
            ),
            (
                "images:\n- name: web\n  newName: web\n".to_owned(),
                "dead-patch o/kustomization.yaml:4 (info)",
            ),
            // The second one finds the name that the first one has set.
            (
                "images:\n- {name: web, newName: b}\n- {name: b, newTag: '2'}\n".to_owned(),
                "",
            ),
            // kustomize 5.8 appends nothing to a tag that the entry itself sets.
            (
                "images:\n- {name: web, newTag: '1', tagSuffix: '-x'}\n".to_owned(),
                "dead-patch o/kustomization.yaml:4 (info)",
            ),
            (
                "replicas:\n- {name: web, count: 2}\n".to_owned(),
                "dead-patch o/kustomization.yaml:4 (info)",
            ),
            ("replicas:\n- {name: web, count: 3}\n".to_owned(), ""),
            ("labels:\n- pairs: {a: b}\n".to_owned(), ""),
            (
                "labels:\n- pairs: {a: b}\n- pairs: {a: b}\n".to_owned(),
                "dead-patch o/kustomization.yaml:5",
            ),
            // The second one reaches the pods as well.
            (
                "labels:\n- pairs: {a: b}\n- pairs: {a: b}\n  includeTemplates: true\n".to_owned(),
                "",
            ),
            (
                replacement("spec.replicas"),
                "dead-patch o/kustomization.yaml:4",
            ),
            (replacement("spec.minReadySeconds"), ""),
            // A component's entries are for other overlays, too.
            ("components: [../c]\n".to_owned(), ""),
            // Its own configuration finds images elsewhere, or references and nothing more.
            (
                "configurations: [images.yaml]\nimages:\n- {name: none, newTag: '2'}\n".to_owned(),
                "dead-patch o/kustomization.yaml:5",
            ),
            (
                "configurations: [kinds.yaml]\nimages:\n- {name: Deployment, newTag: '2'}\n"
                    .to_owned(),
                "",
            ),
            (
                "configurations: [names.yaml]\nimages:\n- {name: none, newTag: '2'}\n".to_owned(),
                "dead-patch o/kustomization.yaml:5",
            ),
            // A file that is missing here may say anything.
            (
                "configurations: [x.yaml]\nimages:\n- {name: none, newTag: '2'}\n".to_owned(),
                "",
            ),
            // A resource from elsewhere may have it.
            (
                "generators: [x.yaml]\nimages:\n- {name: none, newTag: '2'}\n".to_owned(),
                "",
            ),
        ] {
            let expected: Vec<_> = [expected]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect();
            assert_eq!(listed(&lines, ""), expected, "{lines}");
        }
    }

    #[test]
    fn patches_that_kustomize_drops_are_found_by_the_build() {
        let patch = |count: u8| {
            format!(
                "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: web}}\n    spec: {{replicas: {count}}}\n"
            )
        };
        let one = format!("patches:\n{}", patch(3));
        assert_eq!(listed(&one, BASE), ["dead-patch o/kustomization.yaml:4"]);
        // The patch has an effect, or it is unknown.
        let built = BASE.replace("replicas: 2", "replicas: 3");
        assert_eq!(listed(&one, &built), [""; 0]);
        assert_eq!(listed(&one, ""), [""; 0]);
        // Two patches that undo each other: neither can be left out alone.
        let two = format!("patches:\n{}{}", patch(3), patch(2));
        assert_eq!(listed(&two, BASE), [""; 0]);
        // An entry of another list can undo one, too.
        let undone = format!("{one}replicas:\n- {{name: web, count: 2}}\n");
        assert_eq!(listed(&undone, BASE), [""; 0]);
        // An operation may be a test.
        let test = "patches:\n- target: {kind: Deployment}\n  patch: '[{op: test, path: /spec/replicas, value: 2}]'\n";
        assert_eq!(listed(test, BASE), [""; 0]);
    }

    /// A changed value of a Secret is not reported, and decides nothing about the other targets: either would confirm a
    /// guess.
    #[test]
    fn a_patch_of_secrets_is_judged_by_its_other_targets() {
        let secret = |value: &str| {
            format!(
                "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{a: '{value}'}}\n"
            )
        };
        let web = |count: u8| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: {count}}}\n"
            )
        };
        let base = format!("{BASE}{}", secret("x"));
        let overlay =
            "resources: [../base]\ntransformers: [policy.yaml]\npatches:\n- path: p.yaml\n";
        let policy =
            "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: p}\n";
        for value in ["x", "y"] {
            let built = format!("{BASE}{}", secret(value));
            let found = |patch: &str, built: &str| {
                let files = [
                    ("o/kustomization.yaml", overlay),
                    ("o/policy.yaml", policy),
                    ("o/p.yaml", patch),
                    ("base/d.yaml", &base),
                ];
                linted_as(&files, &base, built)
            };
            let both = |count: u8| format!("{}{}", web(count), secret(value));
            let dead = ["dead-patch o/kustomization.yaml:4"];
            assert_eq!(found(&both(2), &built), dead, "{value}");
            // kustomize may drop it, as with an unquoted value.
            assert_eq!(found(&both(3), &built), dead, "{value}");
            let changed = built.replace("replicas: 2", "replicas: 3");
            assert_eq!(found(&both(3), &changed), [""; 0], "{value}");
            assert_eq!(found(&secret(value), &built), [""; 0], "{value}");
        }
    }

    #[test]
    fn patches_are_counted_with_those_of_components() {
        let patch = "- {op: add, path: /spec/x, value: N}";
        let entry = |n: &str| {
            let patch = patch.replace('N', n);
            format!(
                "- target: {{kind: Deployment}}\n  patch: '[{}]'\n",
                &patch[2..]
            )
        };
        let own = format!(
            "resources: [../base]\ncomponents: [../c]\nvalidators: [p.yaml]\npatches:\n{}",
            entry("3")
        );
        let component = format!("kind: Component\npatches:\n{}{}", entry("1"), entry("2"));
        let policy = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: p\n  annotations:\n    config.kubernetes.io/function: 'exec: {path: krm-parity}'\n";
        let files = [
            ("o/kustomization.yaml", own.as_str()),
            ("c/kustomization.yaml", &component),
            ("o/p.yaml", policy),
        ];
        assert_eq!(
            linted(&files, BASE),
            ["overlay-size o/kustomization.yaml:6"]
        );
    }

    #[test]
    fn entries_of_a_part_are_the_overlays_own_where_it_alone_loads_it() {
        let part = "resources: [../../base]\nimages:\n- {name: none, newTag: '2'}\n";
        let files = [
            ("o/kustomization.yaml", "resources: [./part]\n"),
            ("o/part/kustomization.yaml", part),
        ];
        assert_eq!(
            linted(&files, BASE),
            [
                "dead-patch o/part/kustomization.yaml:3",
                "unguarded-overlay o/kustomization.yaml:1"
            ]
        );
        let other = ("other/kustomization.yaml", "resources: [../o/part]\n");
        assert_eq!(
            linted(&[files[0], files[1], other], BASE),
            ["unguarded-overlay o/kustomization.yaml:1"]
        );
    }
}
