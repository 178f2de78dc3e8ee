//! `--since`: a service depends on every file that its builds read, however the file is named.

use std::fs;
use std::os::unix::fs::symlink;

use super::hidden::{LOADS_BASE, Repository, service};
use super::{NEWEST, report};
use crate::support::{Tree, require};

/// A patch of every Deployment, as the configuration of a built-in plugin.
fn patch(path: &str) -> String {
    format!(
        "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {{name: p}}\ntarget: {{kind: Deployment}}\n{path}\n"
    )
}

/// A kustomization that loads resources.
fn gathers(resources: &str) -> String {
    format!("resources: [{resources}]\n")
}

/// A service named after the way in which its production names files elsewhere, and the file that changes.
struct Way {
    name: &'static str,
    /// The fields of production's kustomization, besides its base.
    says: &'static str,
    files: Vec<(&'static str, String)>,
    changed: &'static str,
}

fn way(
    name: &'static str,
    says: &'static str,
    files: &[(&'static str, String)],
    changed: &'static str,
) -> Way {
    Way {
        name,
        says,
        files: files.to_vec(),
        changed,
    }
}

/// Files that plugins name, relative to the kustomization that runs them.
fn ways_of_plugins() -> Vec<Way> {
    vec![
        way(
            "gathered",
            "transformers: [../../../../tools]\n",
            &[
                ("tools/kustomization.yaml", gathers("inner/patch.yaml")),
                ("tools/inner/patch.yaml", patch("path: ../../../../grace/a.yaml")),
            ],
            "grace/a.yaml",
        ),
        way(
            "nested",
            "Transformers: [../../../../outer]\n",
            &[
                ("outer/kustomization.yaml", gathers("middle")),
                ("outer/middle/kustomization.yaml", gathers("../../innermost")),
                ("innermost/kustomization.yaml", gathers("patch.yaml")),
                ("innermost/patch.yaml", patch("Path: ../../../../grace/b.yaml")),
            ],
            "grace/b.yaml",
        ),
        way(
            "inline",
            "transformers:\n- |\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: p}\n  path: ../../../../grace/c.yaml\n",
            &[],
            "grace/c.yaml",
        ),
        way(
            "generator",
            "generators: [../../../../generators]\n",
            &[
                ("generators/kustomization.yaml", gathers("config.yaml")),
                (
                    "generators/config.yaml",
                    "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: c}\nfiles: [k=../../../../data/a.txt]\nenvs: []\n".to_owned(),
                ),
            ],
            "data/a.txt",
        ),
        way(
            "patched",
            "transformers: [../../../../patched]\n",
            &[
                (
                    "patched/kustomization.yaml",
                    "resources: [patch.yaml]\npatches:\n- target: {kind: PatchTransformer}\n  patch: |\n    - {op: add, path: /path, value: ../../../../grace/d.yaml}\n".to_owned(),
                ),
                ("patched/patch.yaml", patch("")),
            ],
            "grace/d.yaml",
        ),
    ]
}

/// Files that kustomizations name themselves.
fn ways_of_fields() -> Vec<Way> {
    vec![
        way(
            "component",
            "components: [../../../../component]\n",
            &[(
                "component/kustomization.yaml",
                "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nconfigMapGenerator: [{name: c, files: [k=../data/b.txt]}]\n".to_owned(),
            )],
            "data/b.txt",
        ),
        way(
            "replaced",
            "replacements: [{path: ../../../../replacements/a.yaml}]\n",
            &[],
            "replacements/a.yaml",
        ),
        way(
            "configured",
            "configurations: [../../../../configurations/a.yaml]\n",
            &[],
            "configurations/a.yaml",
        ),
        way("defined", "crds: [../../../../crds/a.json]\n", &[], "crds/a.json"),
        way("older", "configMapGenerator: [{name: c, Env: ../../../../data/c.env}]\n", &[], "data/c.env"),
        way(
            "json",
            "patchesJson6902: [{target: {version: v1, kind: Deployment, name: web}, path: ../../../../grace/e.yaml}]\n",
            &[],
            "grace/e.yaml",
        ),
        way(
            "charted",
            "helmChartInflationGenerator: [{chartName: x, values: ../../../../values/a.yaml}]\n",
            &[],
            "values/a.yaml",
        ),
        way(
            "strange",
            "transformers: [../../../../strange]\n",
            &[
                ("strange/kustomization.yaml", gathers("function.yaml")),
                (
                    "strange/function.yaml",
                    "apiVersion: example.com/v1\nkind: Templates\nmetadata: {name: t}\nspec: {from: [../../../../templates/a.tpl]}\n".to_owned(),
                ),
            ],
            "templates/a.tpl",
        ),
        way(
            "linked",
            "patches: [{path: ../../../../link/linked.yaml}]\n",
            &[],
            "really/linked.yaml",
        ),
    ]
}

#[test]
fn since_follows_every_way_in_which_files_are_named() {
    let _kustomize = require!(kustomize(NEWEST));
    let repository = Repository(Tree::new());
    let tree = &repository.0;
    service(tree, "apps/other");
    symlink("chain", tree.path("link")).expect("a link");
    symlink("really", tree.path("chain")).expect("a link");
    let mut ways = ways_of_plugins();
    ways.extend(ways_of_fields());
    for way in &ways {
        service(tree, &format!("apps/{}", way.name));
        let text = format!("{LOADS_BASE}{}", way.says);
        let file = format!("apps/{}/overlays/production/kustomization.yaml", way.name);
        tree.write(&file, &text);
        for (file, text) in &way.files {
            tree.write(file, text);
        }
        tree.write(way.changed, "[]\n");
    }
    repository.git(&["init", "-q", "-b", "main"]);
    repository.commit();
    assert_eq!(repository.since("HEAD"), [""; 0]);
    for way in &ways {
        let before = tree.read(way.changed);
        tree.write(way.changed, "[{}]\n");
        assert_eq!(repository.since("HEAD"), [way.name], "{}", way.changed);
        fs::remove_file(tree.path(way.changed)).expect("a file");
        assert_eq!(repository.since("HEAD"), [way.name], "{} gone", way.changed);
        tree.write(way.changed, &before);
        for (file, text) in &way.files {
            tree.write(file, &format!("{text}\n# changed\n"));
            assert_eq!(repository.since("HEAD"), [way.name], "{file}");
            tree.write(file, text);
        }
    }
    // A link between two others now leads elsewhere.
    fs::remove_file(tree.path("chain")).expect("a link");
    symlink("grace", tree.path("chain")).expect("a link");
    assert_eq!(repository.since("HEAD"), ["linked"]);
}

#[test]
fn since_reports_the_line_of_a_patch_that_a_gathered_plugin_names() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository(Tree::new());
    let tree = &repository.0;
    service(tree, "web");
    let production = "web/overlays/production/kustomization.yaml";
    for (at, gathered) in ["tools", "outer"].into_iter().enumerate() {
        tree.write("outer/kustomization.yaml", &gathers("../tools"));
        tree.write("tools/kustomization.yaml", &gathers("inner/patch.yaml"));
        tree.write(
            "tools/inner/patch.yaml",
            &patch("path: ../../../shared/grace.yaml"),
        );
        let grace =
            "- op: add\n  path: /spec/template/spec/terminationGracePeriodSeconds\n  value: 7\n";
        tree.write("shared/grace.yaml", grace);
        tree.write(
            production,
            &format!("{LOADS_BASE}transformers: [../../../{gathered}]\n"),
        );
        if at == 0 {
            repository.git(&["init", "-q", "-b", "main"]);
        }
        repository.commit();
        tree.write("shared/grace.yaml", &grace.replace('7', "9"));
        let arguments = [
            "--since",
            "HEAD",
            "--",
            "--load-restrictor=LoadRestrictionsNone",
        ];
        let report = report(&kustomize, &tree.path(""), &arguments);
        let findings = report["findings"].as_array().expect("findings");
        let [finding] = findings.as_slice() else {
            panic!("{gathered}: {report:#}")
        };
        assert_eq!(finding["environment"], "production");
        assert_eq!(finding["place"]["file"], "shared/grace.yaml", "{gathered}");
        assert_eq!(finding["place"]["line"], 3, "{gathered}");
    }
}
