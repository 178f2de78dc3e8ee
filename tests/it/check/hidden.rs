//! What could stay unseen: unreadable kustomizations, links, deleted files, empty builds.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::bases::deployment;
use super::{NEWEST, check, findings, report};
use crate::support::{Tree, require, run};

pub(super) const LOADS_BASE: &str = "resources: [../../base]\n";

/// A service below a directory, with a base and two environments.
pub(super) fn service(tree: &Tree, at: &str) {
    tree.kustomization(&format!("{at}/base"), "web.yaml", &deployment("1", 10));
    for environment in ["dev", "production"] {
        tree.overlay(&format!("{at}/overlays/{environment}"), "");
    }
}

#[test]
fn a_kustomization_that_cannot_be_read_is_reported() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    service(&tree, "web");
    let file = tree.path("web/overlays/production/kustomization.yaml");
    let utf16 = LOADS_BASE.encode_utf16().flat_map(u16::to_le_bytes);
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf16).collect();
    for bytes in [
        b"".as_slice(),
        b"# resources: [../../base]\n",
        b"- ../../base\n",
        b"# caf\xe9\nresources: [../../base]\n",
        &utf16,
    ] {
        fs::write(&file, bytes).expect("a file");
        let told = String::from_utf8_lossy(bytes).into_owned();
        let report = report(&kustomize, &tree.path(""), &[]);
        assert_eq!(findings(&report), ["build-failure      "], "{told}");
        let place = &report["findings"][0]["place"];
        assert_eq!(place["file"], "web/overlays/production/kustomization.yaml");
    }
    fs::remove_file(&file).expect("a file");
    symlink("gone.yaml", &file).expect("a link");
    let report = report(&kustomize, &tree.path(""), &[]);
    assert_eq!(findings(&report), ["build-failure      "]);
}

#[test]
fn an_environment_behind_a_link_is_checked() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    service(&tree, "apps/web");
    fs::create_dir(tree.path(".git")).expect("a folder");
    tree.write(
        "envs/production/kustomization.yaml",
        "resources: [../../apps/web/base]\nimages: [{name: app, newName: other}]\n",
    );
    fs::remove_dir_all(tree.path("apps/web/overlays/production")).expect("a folder");
    let link = tree.path("apps/web/overlays/production");
    symlink("../../../envs/production", &link).expect("a link");
    let one = report(&kustomize, &tree.path(""), &["apps/web"]);
    let found = findings(&one);
    assert_eq!(
        found,
        ["image web production base Deployment web spec.template.spec.containers[name=app].image"]
    );
    // If the target of the link is checked too, the link still gives the name, and the finding is reported once.
    let all = report(&kustomize, &tree.path(""), &[]);
    assert_eq!(findings(&all), found, "{all:#}");
    // A link is followed neither out of the repository nor in circles.
    fs::remove_file(&link).expect("a link");
    let outside = Tree::new();
    outside.write("kustomization.yaml", "resources: []\n");
    symlink(outside.path(""), &link).expect("a link");
    symlink("../..", tree.path("apps/web/overlays/up")).expect("a link");
    symlink("../..", tree.path("apps/web/up")).expect("a link");
    let report = report(&kustomize, &tree.path(""), &["apps/web"]);
    let headlines: Vec<_> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| (finding["severity"].as_str(), finding["headline"].as_str()))
        .collect();
    let told = "apps/web/overlays/production is a link to a place outside of the repository, so it was not checked";
    assert_eq!(headlines, [(Some("error"), Some(told))], "{report:#}");
    assert_eq!(
        report["services"][0]["environments"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn two_kustomizations_of_a_directory_are_one_environment() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    service(&tree, "web");
    tree.write("web/overlays/production/kustomization.yml", LOADS_BASE);
    let report = report(&kustomize, &tree.path(""), &["web"]);
    assert_eq!(findings(&report), ["build-failure web production    "]);
    assert_eq!(
        report["services"][0]["environments"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
}

#[test]
fn empty_builds_do_not_pass() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    service(&tree, "web");
    tree.write("web/base/web.yaml", "# nothing yet\n");
    let report = report(&kustomize, &tree.path(""), &[]);
    assert_eq!(findings(&report), ["missing-baseline web  base   "]);
}

#[test]
fn an_order_that_kustomize_does_not_know_is_reported() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    service(&tree, "web");
    tree.write(
        "web/overlays/production/kustomization.yaml",
        &format!("{LOADS_BASE}sortOptions: {{order: bogus}}\n"),
    );
    let report = report(&kustomize, &tree.path(""), &[]);
    assert_eq!(findings(&report), ["build-failure web production    "]);
}

#[test]
fn the_output_of_a_build_cannot_be_redirected() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    service(&tree, "web");
    for flag in ["-o", "-oout.yaml", "-o=out.yaml", "--output=out.yaml"] {
        let run = check(&kustomize, &tree.path(""), &["--", flag]);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(
            run.stderr.contains("cannot be passed to kustomize"),
            "{run:#?}"
        );
    }
}

#[test]
fn the_message_is_correct_where_no_service_is_found() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    service(&tree, "web");
    let run = check(&kustomize, &tree.path("web/base"), &[]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    for part in [
        "the kustomizations are ., and",
        "check the directory above all of them",
    ] {
        assert!(run.stderr.contains(part), "{run:#?}");
    }
    let tree = Tree::new();
    tree.kustomization("base", "web.yaml", &deployment("1", 10));
    tree.write("alice/kustomization.yaml", "resources: [../base]\n");
    let run = check(&kustomize, &tree.path(""), &[]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(
        run.stderr.contains("alice (loads base), base")
            && run.stderr.contains("overlays: [\"{environment}\"]"),
        "{run:#?}"
    );
}

/// A repository in which nothing has changed yet.
pub(super) struct Repository(pub(super) Tree);

impl Repository {
    pub(super) fn git(&self, arguments: &[&str]) {
        run(Command::new("git")
            .current_dir(self.0.path(""))
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args(["-c", "protocol.file.allow=always"])
            .args(arguments))
        .expect_success("git");
    }

    pub(super) fn commit(&self) {
        self.git(&["add", "."]);
        self.git(&["commit", "-q", "-m", "x"]);
    }

    /// The services that are checked because of changes since a revision.
    pub(super) fn since(&self, revision: &str) -> Vec<String> {
        let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
        let report = report(&kustomize, &self.0.path(""), &["--since", revision]);
        let all = report["services"].as_array().expect("services");
        let names = all.iter().filter_map(|service| service["name"].as_str());
        names.map(str::to_owned).collect()
    }
}

#[test]
fn since_sees_every_file_that_a_build_reads() {
    let _kustomize = require!(kustomize(NEWEST));
    let repository = Repository(Tree::new());
    let tree = &repository.0;
    service(tree, "apps/other");
    for name in ["linked", "filed", "helm", "plugin", "schema"] {
        service(tree, &format!("apps/{name}"));
    }
    let overlay = |name: &str, more: &str| {
        tree.write(
            &format!("apps/{name}/overlays/production/kustomization.yaml"),
            &format!("{LOADS_BASE}{more}"),
        );
    };
    // A base and a file behind links.
    fs::rename(tree.path("apps/linked/base"), tree.path("shared")).expect("a folder");
    symlink("../../shared", tree.path("apps/linked/base")).expect("a link");
    fs::rename(tree.path("apps/filed/base/web.yaml"), tree.path("web.yaml")).expect("a file");
    symlink("../../../web.yaml", tree.path("apps/filed/base/web.yaml")).expect("a link");
    overlay(
        "helm",
        "helmCharts: [{name: x, valuesFile: ../../../../values.yaml, additionalValuesFiles: [../../../../more.yaml]}]\nhelmGlobals: {chartHome: ../../../../charts}\n",
    );
    overlay("plugin", "transformers: [patch.yaml]\n");
    tree.write(
        "apps/plugin/overlays/production/patch.yaml",
        "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npath: ../../../../patches/p.yaml\n",
    );
    overlay("schema", "openapi: {path: ../../../../schema.json}\n");
    for file in [
        "values.yaml",
        "more.yaml",
        "charts/x/Chart.yaml",
        "patches/p.yaml",
        "schema.json",
    ] {
        tree.write(file, "{}\n");
    }
    repository.git(&["init", "-q", "-b", "main"]);
    repository.commit();
    assert_eq!(repository.since("HEAD"), [""; 0]);
    for (file, service) in [
        ("shared/web.yaml", "linked"),
        ("web.yaml", "filed"),
        ("values.yaml", "helm"),
        ("more.yaml", "helm"),
        ("charts/x/Chart.yaml", "helm"),
        ("patches/p.yaml", "plugin"),
        ("schema.json", "schema"),
    ] {
        let before = tree.read(file);
        tree.write(file, &format!("{before}\n# changed\n"));
        assert_eq!(repository.since("HEAD"), [service], "{file}");
        tree.write(file, &before);
    }
    // A deleted file may have been part of any service.
    tree.write(
        "parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\n",
    );
    repository.commit();
    for file in [
        "parity.yaml",
        "apps/other/overlays/production/kustomization.yaml",
    ] {
        let before = tree.read(file);
        fs::remove_file(tree.path(file)).expect("a file");
        assert_eq!(repository.since("HEAD").len(), 6, "{file}");
        tree.write(file, &before);
    }
}

#[test]
fn since_sees_a_submodule_that_moved() {
    let _kustomize = require!(kustomize(NEWEST));
    let (library, repository) = (Repository(Tree::new()), Repository(Tree::new()));
    service(&library.0, "web");
    library.git(&["init", "-q", "-b", "main"]);
    library.commit();
    let tree = &repository.0;
    service(tree, "other");
    repository.git(&["init", "-q", "-b", "main"]);
    let from = library.0.path("").display().to_string();
    repository.git(&["submodule", "add", "-q", &from, "libs/base"]);
    tree.write(
        "web/overlays/dev/kustomization.yaml",
        "resources: [../../../libs/base/web/base]\nnamespace: x\n",
    );
    repository.commit();
    library.0.write("web/base/web.yaml", &deployment("2", 10));
    library.commit();
    repository.git(&["submodule", "update", "-q", "--remote"]);
    repository.commit();
    let found = repository.since("HEAD~1");
    assert!(found.contains(&"web".to_owned()), "{found:?}");
    assert!(!found.contains(&"other".to_owned()), "{found:?}");
}

#[test]
fn a_link_to_one_environment_does_not_take_it_from_its_siblings() {
    let kustomize = require!(kustomize(NEWEST));
    for link in ["overlays/production/self", "other/production", "other/live"] {
        let tree = Tree::new();
        service(&tree, "web");
        for (environment, memory) in [("staging", "2Gi"), ("production", "512Mi")] {
            let sized = deployment("1", 10).replace(
                "image: 'app:1'",
                &format!("image: 'app:1', resources: {{limits: {{memory: {memory}}}}}"),
            );
            tree.write(&format!("web/overlays/{environment}/web.yaml"), &sized);
            tree.overlay(
                &format!("web/overlays/{environment}"),
                "patches: [{path: web.yaml}]\n",
            );
        }
        fs::create_dir_all(tree.path("web/other")).expect("a folder");
        let to = tree.path("web/overlays/production");
        symlink(to, tree.path(&format!("web/{link}"))).expect("a link");
        let found = findings(&report(&kustomize, &tree.path("web"), &[]));
        let is_inverted = |one: &String| one.starts_with("inverted-resources");
        assert!(found.iter().any(is_inverted), "{link}: {found:?}");
    }
}

/// The findings of a service with one more overlay, in a directory whose name hardly looks like an environment.
fn beside_environments(directory: &str) -> Vec<String> {
    let Some(kustomize) = crate::support::kustomize(NEWEST) else {
        crate::support::missing("kustomize");
        return Vec::new();
    };
    let tree = Tree::new();
    service(&tree, "web");
    tree.overlay(
        &format!("web/overlays/{directory}"),
        "patches:\n- target: {kind: Deployment}\n  patch: '[{\"op\": \"add\", \"path\": \"/spec/paused\", \"value\": true}]'\n",
    );
    findings(&report(&kustomize, &tree.path(""), &[]))
}

#[test]
fn a_directory_beside_environments_is_judged_or_reported_whatever_its_name() {
    for directory in ["base", "template", "common", "shared", "bases"] {
        let found = beside_environments(directory);
        let is_found = found.iter().any(|line| line.starts_with("other web"));
        assert!(
            is_found || found.is_empty() && crate::support::kustomize(NEWEST).is_none(),
            "{directory}: {found:#?}"
        );
    }
    let found = beside_environments("node_modules");
    let is_named = found
        .iter()
        .any(|line| line.starts_with("unjudged-overlay web"));
    assert!(
        is_named || crate::support::kustomize(NEWEST).is_none(),
        "{found:#?}"
    );
}

#[test]
fn an_object_of_kustomizes_own_group_that_is_deployed_is_judged() {
    let kustomize = require!(kustomize(NEWEST));
    for (version, kind) in [
        ("v1beta1", "Kustomization"),
        ("v1alpha1", "Component"),
        ("v1", "Other"),
    ] {
        let tree = Tree::new();
        service(&tree, "web");
        tree.write(
            "web/overlays/production/kustomization.yaml",
            "resources: [../../base, e.yaml]\n",
        );
        tree.write(
            "web/overlays/production/e.yaml",
            &format!("apiVersion: kustomize.config.k8s.io/{version}\nkind: {kind}\nmetadata: {{name: q}}\n"),
        );
        for arguments in [&[][..], &["--one-by-one"]] {
            let found = findings(&report(&kustomize, &tree.path(""), arguments));
            assert_eq!(
                found,
                [format!("added-resource web production base {kind}  ")],
                "{arguments:?}"
            );
        }
    }
}

/// git stores such names, and kustomize builds there.
#[cfg(target_os = "linux")]
#[test]
fn a_directory_whose_name_is_not_text_is_reported() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let kustomize = require!(kustomize(NEWEST));
    for (at, told) in [
        ("web/overlays", "web/overlays/prod\u{fffd}"),
        ("web/overlays/inner", "web/overlays/inner/prod\u{fffd}"),
        (".hidden", ".hidden/prod\u{fffd}"),
        ("", "prod\u{fffd}"),
    ] {
        for inner in ["", "eu/web"] {
            let tree = Tree::new();
            service(&tree, "web");
            let name = tree.path(at).join(OsStr::from_bytes(b"prod\xff"));
            let directory = name.join(inner);
            fs::create_dir_all(&directory).expect("a folder");
            let text = "resources: [../../web/base]\n";
            fs::write(directory.join("kustomization.yaml"), text).expect("a file");
            let report = report(&kustomize, &tree.path(""), &[]);
            let found = report["findings"].as_array().expect("findings");
            assert_eq!(found.len(), 1, "{told} {inner}: {found:?}");
            assert_eq!(found[0]["rule"], "unjudged-overlay");
            assert_eq!(found[0]["place"]["file"], told);
            assert_eq!(found[0]["severity"], "error", "{found:?}");
        }
    }
    // A directory without a kustomization is not an environment.
    let tree = Tree::new();
    service(&tree, "web");
    let name = tree.path("web/overlays").join(OsStr::from_bytes(b"\xff"));
    fs::create_dir_all(name).expect("a folder");
    assert_eq!(findings(&report(&kustomize, &tree.path(""), &[])), [""; 0]);
}
