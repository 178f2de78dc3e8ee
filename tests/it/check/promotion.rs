//! `unpromoted-image`: an environment runs what the environments before it have run, as the history of their files
//! proves.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::NEWEST;
use crate::support::{Run, Tree, binary, require, run};

/// The day that all checks use as today.
const TODAY: i64 = 1_781_481_600;

const DAY: i64 = 24 * 60 * 60;

/// How an overlay sets its image: `TAG` stands for the tag, `DIGEST` for the digest that belongs to it.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    says: &'static str,
    /// A further file of the overlay.
    file: &'static str,
    text: &'static str,
}

const TAG: Way = Way {
    name: "tag",
    says: "images:\n- name: shop/web\n  newTag: \"TAG\"\n",
    file: "",
    text: "",
};

const WAYS: [Way; 7] = [
    TAG,
    Way {
        name: "digest",
        says: "images: [{name: shop/web, digest: 'sha256:DIGEST'}]\n",
        ..TAG
    },
    Way {
        name: "name",
        says: "images:\n- name: shop/web\n  newName: registry.example.com/shop/web\n  newTag: \"TAG\"\n",
        ..TAG
    },
    Way {
        name: "strategic",
        says: "patches: [{path: image.yaml}]\n",
        file: "image.yaml",
        text: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: shop/web:TAG\n",
    },
    Way {
        name: "operation",
        says: "patches:\n- target: {kind: Deployment}\n  path: image.json\n",
        file: "image.json",
        text: "[{\"op\": \"replace\", \"path\": \"/spec/template/spec/containers/0/image\", \"value\": \"shop/web:TAG\"}]\n",
    },
    Way {
        name: "component",
        says: "components: [image]\n",
        file: "image/kustomization.yaml",
        text: "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages: [{name: shop/web, newTag: \"TAG\"}]\n",
    },
    Way {
        name: "inline",
        says: "patches:\n- patch: |\n    - {op: replace, path: /spec/template/spec/containers/0/image, value: \"shop/web:TAG\"}\n  target: {kind: Deployment}\n",
        ..TAG
    },
];

/// The policy of repositories whose CI sets tags, environment by environment.
const POLICY: &str = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: p}\nspec:\n  allow:\n    classes: [replicas, resource-values, env-values, hostnames, image-tag]\n";

const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "production"];

/// A repository with a service `web`, whose environments set their images in one way.
struct Repository {
    tree: Tree,
    place: String,
    way: Way,
}

impl Repository {
    /// A repository without a commit.
    fn new(way: Way) -> Self {
        let repository = Self {
            tree: Tree::new(),
            place: "work".to_owned(),
            way,
        };
        repository.base("web");
        repository.policy("");
        repository.git(&["init", "-q", "-b", "main"]);
        repository
    }

    /// Writes a policy that allows tags to differ, with further lines.
    fn policy(&self, more: &str) {
        let file = format!("{}/parity.yaml", self.place);
        self.tree.write(&file, &format!("{POLICY}{more}"));
    }

    fn base(&self, service: &str) {
        let base = format!("{}/{service}/base", self.place);
        let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - {name: web, image: 'shop/web:latest'}\n";
        self.tree.kustomization(&base, "web.yaml", text);
    }

    /// Sets the tag that an environment runs.
    fn set(&self, service: &str, environment: &str, tag: &str) {
        let digest = format!("{:0>64}", tag.replace('.', ""));
        let with = |text: &str| text.replace("TAG", tag).replace("DIGEST", &digest);
        let overlay = format!("{}/{service}/overlays/{environment}", self.place);
        self.tree.overlay(&overlay, &with(self.way.says));
        if !self.way.file.is_empty() {
            let file = format!("{overlay}/{}", self.way.file);
            self.tree.write(&file, &with(self.way.text));
        }
    }

    /// Sets the tags of the environments, in the order of their promotion.
    fn run(&self, tags: [&str; 3]) {
        for (environment, tag) in ENVIRONMENTS.iter().zip(tags) {
            self.set("web", environment, tag);
        }
    }

    fn git_at(&self, arguments: &[&str], days: i64) {
        let time = format!("{} +0000", TODAY - days * DAY);
        run(Command::new("git")
            .current_dir(self.tree.path(&self.place))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_COMMITTER_DATE", time)
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args(["-c", "protocol.file.allow=always"])
            .args(arguments))
        .expect_success("git");
    }

    fn git(&self, arguments: &[&str]) {
        self.git_at(arguments, 0);
    }

    /// Commits all files, dated some days ago.
    fn commit(&self, days: i64) {
        self.git(&["add", "."]);
        self.git_at(&["commit", "-q", "--allow-empty", "-m", "x"], days);
    }

    /// Commits each state, dated the given number of days ago.
    fn history(&self, states: &[(i64, [&str; 3])]) {
        for (days, tags) in states {
            self.run(*tags);
            self.commit(*days);
        }
    }

    fn command(&self, path: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .current_dir(self.tree.path(&self.place))
            .env("PATH", path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("SOURCE_DATE_EPOCH", TODAY.to_string())
            .args(["check", "--format", "json"])
            .args(arguments);
        command
    }

    fn check(&self, kustomize: &Path) -> Vec<Found> {
        let path = format!("{}:/usr/bin:/bin", folder(kustomize));
        found(&run(&mut self.command(&path, &[])))
    }
}

fn folder(program: &Path) -> String {
    program.parent().expect("a folder").display().to_string()
}

/// A finding about an image.
#[derive(Debug)]
struct Found {
    severity: String,
    environment: String,
    baseline: String,
    headline: String,
    help: String,
    place: String,
}

/// The findings of the rule; asserts that the others are information or about the name of the image.
fn found(run: &Run) -> Vec<Found> {
    let report: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = report["findings"].as_array().expect("findings").iter();
    let mut found = Vec::new();
    for finding in all {
        if finding["rule"] == "unpromoted-image" {
            found.push(Found {
                severity: text(&finding["severity"]),
                environment: text(&finding["environment"]),
                baseline: text(&finding["baseline"]),
                headline: text(&finding["headline"]),
                help: text(&finding["help"]),
                place: format!(
                    "{}:{}",
                    text(&finding["place"]["file"]),
                    finding["place"]["line"]
                ),
            });
        } else {
            let is_of_name = finding["rule"] == "image" && finding["class"] == "image";
            assert!(finding["severity"] == "info" || is_of_name, "{finding:#}");
        }
    }
    found
}

/// Severity, environment and headline of each finding.
fn told(found: &[Found]) -> Vec<String> {
    let one = |found: &Found| {
        format!(
            "{} {}: {}",
            found.severity, found.environment, found.headline
        )
    };
    found.iter().map(one).collect()
}

#[test]
fn the_image_of_an_earlier_environment_is_known_however_it_is_set() {
    let kustomize = require!(kustomize(NEWEST));
    for way in WAYS {
        let repository = Repository::new(way);
        repository.history(&[
            (60, ["1.0", "1.0", "1.0"]),
            (12, ["1.1", "1.1", "1.0"]),
            (4, ["1.2", "1.2", "1.0"]),
        ]);
        let own = |tag: &str| {
            if way.name == "digest" {
                format!("digest sha256:{}", "0".repeat(12))
            } else {
                format!("tag {tag}")
            }
        };
        repository.set("web", "production", "1.1");
        let known = repository.check(&kustomize);
        let wanted = format!(
            "info production: staging runs {} of container web, and replaced {} 4 days ago",
            own("1.2"),
            own("1.1")
        );
        assert_eq!(told(&known), [wanted], "{}", way.name);
        // No environment has run this one.
        repository.set("web", "production", "1.1.9");
        let unknown = repository.check(&kustomize);
        let wanted = format!(
            "error production: no environment before production runs or has run {} of container web",
            own("1.1.9")
        );
        assert_eq!(told(&unknown), [wanted], "{}", way.name);
        assert_eq!(unknown[0].baseline, "staging");
        assert!(
            unknown[0].help.contains("the commits of main"),
            "{unknown:#?}"
        );
        let file = format!("web/overlays/production/{}", way.file);
        let file = if way.file.is_empty() {
            file + "kustomization.yaml"
        } else {
            file
        };
        assert!(
            unknown[0].place.starts_with(&file),
            "{} {unknown:#?}",
            way.name
        );
        // All environments run the same.
        repository.run(["1.3", "1.3", "1.3"]);
        assert_eq!(told(&repository.check(&kustomize)), [""; 0], "{}", way.name);
    }
}

#[test]
fn a_tag_that_was_replaced_long_ago_is_a_warning() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new(TAG);
    let policy = |max: &str| {
        repository.policy(&format!("  rules:\n    unpromoted-image: {{max: {max}}}\n"));
    };
    repository.history(&[
        (90, ["1", "1", "1"]),
        (31, ["2", "2", "1"]),
        (30, ["3", "3", "1"]),
    ]);
    assert_eq!(
        told(&repository.check(&kustomize)),
        ["warning production: staging replaced tag 1 of container web 31 days ago"]
    );
    repository.set("web", "production", "2");
    assert_eq!(
        told(&repository.check(&kustomize)),
        ["info production: staging runs tag 3 of container web, and replaced tag 2 30 days ago"]
    );
    policy("29");
    assert_eq!(
        told(&repository.check(&kustomize)),
        ["warning production: staging replaced tag 2 of container web 30 days ago"]
    );
    policy("0");
    assert_eq!(
        told(&repository.check(&kustomize)),
        ["error production: production runs tag 2 of container web, and staging runs tag 3"]
    );
    // Dev runs the tag that staging skipped: it was tested, but it is not the next one.
    repository.run(["4", "3", "4"]);
    repository.commit(0);
    policy("30");
    assert_eq!(
        told(&repository.check(&kustomize)),
        [
            "info production: staging runs tag 3 of container web, and dev runs tag 4",
            "info staging: dev runs tag 4 of container web, and replaced tag 3 today",
        ]
    );
}

#[test]
fn only_states_of_the_main_branch_count() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new(TAG);
    repository.history(&[(9, ["1", "1", "1"])]);
    let is_unpromoted = |repository: &Repository| {
        let found = repository.check(&kustomize);
        let [only] = found.as_slice() else {
            panic!("{found:#?}")
        };
        assert!(["error", "info"].contains(&&*only.severity), "{only:#?}");
        only.severity == "error"
    };
    // On the branch under review, staging runs it for one commit.
    repository.git(&["checkout", "-q", "-b", "feature"]);
    repository.history(&[(3, ["1", "2", "1"]), (2, ["1", "1", "2"])]);
    assert!(is_unpromoted(&repository));
    // A merge brings only the last state of the branch.
    repository.git(&["checkout", "-q", "main"]);
    repository.git(&["merge", "-q", "--no-ff", "-m", "m", "feature"]);
    assert!(is_unpromoted(&repository));
    // The same commits on main itself are states that staging had.
    repository.history(&[(1, ["1", "2", "1"]), (0, ["1", "1", "2"])]);
    assert!(!is_unpromoted(&repository));
    // If there is a remote, it decides which branch counts.
    repository.git(&["update-ref", "refs/remotes/origin/main", "main~2"]);
    assert!(is_unpromoted(&repository));
    repository.git(&["update-ref", "refs/remotes/origin/trunk", "main"]);
    repository.git(&[
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/trunk",
    ]);
    assert!(!is_unpromoted(&repository));
}

#[test]
fn a_branch_with_a_less_usual_name_counts_if_it_is_the_only_one() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new(TAG);
    repository.history(&[(9, ["1", "1", "1"])]);
    repository.git(&["branch", "-m", "trunk"]);
    repository.git(&["checkout", "-q", "-b", "feature"]);
    repository.history(&[(3, ["1", "2", "1"]), (2, ["1", "1", "2"])]);
    let is_unpromoted = |branch: &str| {
        let found = repository.check(&kustomize);
        let wanted = "error production: no environment before production runs or has run tag 2 of container web";
        assert_eq!(told(&found), [wanted]);
        let said = format!("the commits of {branch},");
        assert!(found[0].help.contains(&said), "{found:#?}");
    };
    is_unpromoted("trunk");
    repository.git(&["update-ref", "refs/remotes/origin/trunk", "trunk"]);
    repository.git(&["branch", "-q", "-D", "trunk"]);
    is_unpromoted("origin/trunk");
    // Either of two may be the one, so the commits of the branch under review count, which is said.
    repository.git(&["update-ref", "refs/remotes/origin/develop", "feature~2"]);
    let found = repository.check(&kustomize);
    assert_eq!(
        told(&found),
        [
            "info production: staging runs tag 1 of container web, and replaced tag 2 2 days ago, by the commits of HEAD"
        ]
    );
    assert!(found[0].help.contains("git remote set-head"), "{found:#?}");
    repository.git(&[
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/trunk",
    ]);
    is_unpromoted("origin/trunk");
}

#[test]
fn a_shallow_clone_is_an_error_that_says_how_to_fetch_more() {
    let kustomize = require!(kustomize(NEWEST));
    let mut repository = Repository::new(TAG);
    repository.history(&[
        (9, ["1", "1", "1"]),
        (5, ["2", "2", "1"]),
        (3, ["3", "3", "1"]),
    ]);
    let url = format!("file://{}", repository.tree.path("work").display());
    repository.git(&["clone", "-q", "--depth", "2", &url, "../shallow"]);
    repository.place = "shallow".to_owned();
    let found = repository.check(&kustomize);
    assert_eq!(found[0].severity, "error", "{found:#?}");
    assert!(found[0].help.contains("`fetch-depth: 0`"), "{found:#?}");
    // The commits that are present prove it anyway.
    repository.set("web", "production", "2");
    assert_eq!(repository.check(&kustomize)[0].severity, "info");
    repository.git(&["fetch", "-q", "--unshallow"]);
    repository.set("web", "production", "1");
    assert_eq!(repository.check(&kustomize)[0].severity, "info");
    repository.set("web", "production", "0");
    let found = repository.check(&kustomize);
    assert_eq!(found[0].severity, "error", "{found:#?}");
    assert!(!found[0].help.contains("fetch-depth"), "{found:#?}");
}

#[test]
fn without_a_history_an_unknown_tag_is_a_warning_that_says_so() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new(TAG);
    repository.history(&[(9, ["2", "1", "1"]), (5, ["2", "2", "1"])]);
    let warns = |run: &Run, why: &str| {
        let found = found(run);
        let told = told(&found);
        let wanted = "warning production: it is not known whether an environment before production has run tag 1 of container web";
        assert_eq!(told, [wanted], "{run:#?}");
        assert!(found[0].help.starts_with(why), "{found:#?}");
    };
    let link = repository.tree.path("bin/kustomize");
    fs::create_dir_all(link.parent().expect("a folder")).expect("a folder");
    std::os::unix::fs::symlink(&kustomize, &link).expect("a link");
    let path = folder(&link);
    let mut without_git = repository.command(&path, &[]);
    warns(&run(&mut without_git), "git is not on PATH");
    // Rendered manifests do not have a history.
    let mut rendered = Vec::new();
    for environment in [
        "base",
        "overlays/dev",
        "overlays/staging",
        "overlays/production",
    ] {
        let built = run(Command::new(&kustomize)
            .current_dir(repository.tree.path("work/web"))
            .args(["build", environment]))
        .expect_success("kustomize");
        let name = environment.trim_start_matches("overlays/");
        let file = repository.tree.write(&format!("built/{name}.yaml"), &built);
        rendered.extend([
            "--rendered".to_owned(),
            format!("{name}={}", file.display()),
        ]);
    }
    let rendered: Vec<&str> = rendered.iter().map(String::as_str).collect();
    let path = format!("{path}:/usr/bin:/bin");
    let mut command = repository.command(&path, &rendered);
    warns(&run(&mut command), "Rendered files have no history");
    fs::rename(
        repository.tree.path("work/.git"),
        repository.tree.path("aside"),
    )
    .expect("a folder");
    let mut command = repository.command(&path, &[]);
    warns(&run(&mut command), "The files are not in a git repository");
    // An image that all environments run needs no history.
    repository.run(["2", "2", "2"]);
    assert_eq!(told(&found(&run(&mut command))), [""; 0]);
}

#[test]
fn each_service_has_its_own_history() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new(TAG);
    repository.base("api");
    for (days, tag) in [(9, "1"), (5, "2")] {
        for environment in ENVIRONMENTS {
            repository.set("web", environment, tag);
            repository.set("api", environment, "7");
        }
        repository.commit(days);
    }
    // The service api has not run the tag that web has run.
    repository.set("web", "production", "1");
    repository.set("api", "production", "1");
    let found = repository.check(&kustomize);
    assert_eq!(
        told(&found),
        [
            "error production: no environment before production runs or has run tag 1 of container web",
            "info production: staging runs tag 2 of container web, and replaced tag 1 5 days ago",
        ]
    );
    assert!(found[0].place.starts_with("api/"), "{found:#?}");
}

#[test]
fn environments_without_an_order_run_the_same() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new(TAG);
    for environment in ["dev", "production-asia", "production-eu", "production-us"] {
        repository.set("web", environment, "1");
    }
    repository.commit(9);
    repository.set("web", "dev", "2");
    repository.commit(3);
    repository.set("web", "production-asia", "2");
    let found = repository.check(&kustomize);
    let beside: Vec<_> = found
        .iter()
        .filter(|found| found.severity == "error")
        .collect();
    let [only] = beside.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!(only.environment, "production-asia");
    assert!(only.help.contains("spec.environments"), "{only:#?}");
    for environment in ["production-eu", "production-us"] {
        repository.set("web", environment, "2");
    }
    assert_eq!(told(&repository.check(&kustomize)), [""; 0]);
}

#[test]
fn an_image_of_another_repository_is_not_promoted() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new(TAG);
    repository.history(&[(9, ["1", "1", "1"])]);
    repository.tree.overlay(
        "work/web/overlays/production",
        "images: [{name: shop/web, newName: elsewhere/web, newTag: '1'}]\n",
    );
    let path = format!("{}:/usr/bin:/bin", folder(&kustomize));
    let run = run(&mut repository.command(&path, &[]));
    let report: Value = serde_json::from_str(&run.stdout).expect("a report");
    let all = report["findings"].as_array().expect("findings");
    let errors: Vec<_> = all
        .iter()
        .filter(|one| one["severity"] == "error")
        .collect();
    assert!(!errors.is_empty(), "{report:#}");
    for error in errors {
        assert_eq!(error["class"], "image", "{error:#}");
        assert_ne!(error["rule"], "unpromoted-image", "{error:#}");
    }
}

#[test]
fn a_tag_that_no_environment_could_have_tried_is_compared_with_the_base() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new(TAG);
    repository.history(&[(9, ["1", "1", "latest"])]);
    let elsewhere = |environment: &str| {
        repository.tree.overlay(
            &format!("work/web/overlays/{environment}"),
            "images: [{name: shop/web, newName: local/web, newTag: '1'}]\n",
        );
    };
    elsewhere("dev");
    elsewhere("staging");
    let of_production = || {
        let mut all = told(&repository.check(&kustomize));
        all.retain(|one| one.starts_with("error production"));
        all
    };
    // The same image as in the base.
    assert_eq!(of_production(), [""; 0]);
    repository.set("web", "production", "2");
    let wanted = "error production: no environment before production runs tag 2 of container web: staging runs another image";
    assert_eq!(of_production(), [wanted]);
    // If staging runs the image, or has run it, the comparison is the usual one.
    repository.set("web", "staging", "2");
    assert_eq!(of_production(), [""; 0]);
}

#[test]
fn an_inherited_image_is_reported_for_the_environment_that_set_it() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new(TAG);
    repository.history(&[(9, ["1", "1", "1"])]);
    repository
        .tree
        .overlay("work/web/overlays/devenv", "namePrefix: my-\n");
    let file = "work/web/overlays/devenv/kustomization.yaml";
    repository
        .tree
        .write(file, "resources: [../staging]\nnamePrefix: my-\n");
    repository.set("web", "production", "2");
    let wanted =
        "error production: no environment before production runs or has run tag 2 of container web";
    assert_eq!(told(&repository.check(&kustomize)), [wanted]);
    // An image that the environment sets itself is reported for it.
    repository.tree.write(
        file,
        "resources: [../staging]\nimages: [{name: shop/web, newTag: '3'}]\n",
    );
    let told = told(&repository.check(&kustomize));
    assert!(told.iter().any(|one| one.contains("devenv")), "{told:?}");
}

#[test]
fn an_image_that_regions_inherit_is_reported_once_for_their_layer() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new(TAG);
    for environment in ["dev", "staging"] {
        repository.set("web", environment, "1");
    }
    let write = |directory: &str, text: &str| {
        let file = format!("work/web/overlays/production/{directory}/kustomization.yaml");
        repository.tree.write(&file, text);
    };
    let image = |tag: &str| format!("images: [{{name: shop/web, newTag: '{tag}'}}]\n");
    write(
        "base",
        &format!("resources: [../../../base]\n{}", image("2")),
    );
    write("eu", "resources: [../base]\n");
    write("us", "resources: [../base]\n");
    repository.commit(9);
    let wanted =
        "error production: no environment before production runs or has run tag 2 of container web";
    let found = repository.check(&kustomize);
    assert_eq!(told(&found), [wanted]);
    assert_eq!(
        found[0].place,
        "web/overlays/production/base/kustomization.yaml:2"
    );
    // A region that sets its own is reported for itself.
    write("us", &format!("resources: [../base]\n{}", image("3")));
    let own = "error production-us: no environment before production-us runs or has run tag 3 of container web";
    assert_eq!(told(&repository.check(&kustomize)), [wanted, own]);
    repository.set("web", "staging", "2");
    write("us", "resources: [../base]\n");
    repository.set("web", "dev", "2");
    assert_eq!(told(&repository.check(&kustomize)), [""; 0]);
}

#[test]
fn an_image_that_the_policy_allows_in_one_environment_is_not_judged_there() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new(TAG);
    // Only production overrides the base.
    repository.history(&[(9, ["latest", "latest", "latest"])]);
    repository.set("web", "production", "1");
    let wanted =
        "error production: no environment before production runs or has run tag 1 of container web";
    assert_eq!(told(&repository.check(&kustomize)), [wanted]);
    let field = |environment: &str| {
        repository.policy(&format!(
            "    fields:\n    - {{target: {{kind: Deployment}}, path: '**.image', environments: [{environment}], reason: hotfixes}}\n  rules: {{unused-exemption: {{severity: ignore}}}}\n"
        ));
    };
    field("production");
    assert_eq!(told(&repository.check(&kustomize)), [""; 0]);
    // A permission for another environment does not cover this one.
    field("dev");
    assert_eq!(told(&repository.check(&kustomize)), [wanted]);
}

#[test]
fn reading_the_history_runs_nothing_that_the_repository_plants() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new(TAG);
    repository.history(&[(9, ["1", "1", "1"]), (5, ["2", "2", "1"])]);
    let trace = repository.tree.path("trace");
    let evil = repository
        .tree
        .script("evil", &format!("touch {}\ncat\n", trace.display()));
    let evil = evil.display().to_string();
    // Its last commit has a signature that no one made.
    let sign = "git cat-file commit HEAD | sed '/^committer/a gpgsig -----BEGIN PGP SIGNATURE-----\\n \\n x\\n -----END PGP SIGNATURE-----' \
                | git hash-object -t commit -w --stdin | xargs git update-ref refs/heads/main";
    let signed = Command::new("sh")
        .current_dir(repository.tree.path("work"))
        .args(["-c", sign])
        .status();
    assert!(signed.is_ok_and(|status| status.success()));
    for (name, value) in [
        ("log.showSignature", "true"),
        ("gpg.program", evil.as_str()),
        ("core.pager", &evil),
        ("core.fsmonitor", &evil),
        ("diff.external", &evil),
        ("diff.x.textconv", &evil),
    ] {
        repository.git(&["config", name, value]);
    }
    repository.tree.write("work/.gitattributes", "* diff=x\n");
    let _ = run(Command::new("git")
        .current_dir(repository.tree.path("work"))
        .args(["log", "-1"]));
    assert!(trace.exists(), "git runs nothing, so this proves nothing");
    fs::remove_file(&trace).expect("the trace");
    assert_eq!(
        told(&repository.check(&kustomize)),
        ["info production: staging runs tag 2 of container web, and replaced tag 1 5 days ago"]
    );
    assert!(!trace.exists());
    // Nothing in the repository is changed either.
    let status = run(Command::new("git")
        .current_dir(repository.tree.path("work"))
        .args(["-c", "core.fsmonitor=false", "status", "--porcelain"]));
    assert_eq!(status.stdout, "?? .gitattributes\n");
}

#[test]
fn a_service_in_another_repository_is_not_judged_by_the_history_of_this_one() {
    let kustomize = require!(kustomize(NEWEST));
    let mut repository = Repository::new(TAG);
    repository.history(&[(9, ["1", "1", "1"]), (5, ["2", "2", "1"])]);
    // The whole service is a submodule of another repository.
    repository.git(&["init", "-q", "-b", "main", "../outer"]);
    let url = format!("file://{}", repository.tree.path("work").display());
    repository.place = "outer".to_owned();
    repository.git(&["submodule", "--quiet", "add", &url, "inner"]);
    repository.policy("");
    repository.commit(0);
    let found = repository.check(&kustomize);
    let [only] = found.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!(only.severity, "warning", "{found:#?}");
    assert!(only.help.contains("another repository"), "{found:#?}");
    // Its own history proves it.
    repository.place = "outer/inner".to_owned();
    assert_eq!(repository.check(&kustomize)[0].severity, "info");
}

#[test]
fn a_repository_has_the_same_verdict_from_outside() {
    let kustomize = require!(kustomize(NEWEST));
    let mut repository = Repository::new(TAG);
    repository.history(&[(9, ["1", "1", "1"]), (5, ["2", "2", "1"])]);
    repository.set("web", "production", "3");
    let inside = repository.check(&kustomize);
    assert_eq!(inside[0].severity, "error", "{inside:#?}");
    // The current directory is above the repository, and in none.
    repository.place = String::new();
    let path = format!("{}:/usr/bin:/bin", folder(&kustomize));
    let outside = found(&run(&mut repository.command(&path, &["work"])));
    assert_eq!(told(&outside), told(&inside));
    // So has a part of it, with --since and --new.
    let parts: [&[&str]; 3] = [
        &["work/web/overlays", "work/web/base"],
        &["work", "--since", "HEAD"],
        &["work", "--new", "HEAD"],
    ];
    for arguments in parts {
        let outside = found(&run(&mut repository.command(&path, arguments)));
        assert_eq!(told(&outside), told(&inside), "{arguments:?}");
    }
    let unchanged = run(&mut repository.command(&path, &["work", "--since", "HEAD~1"]));
    assert!(
        unchanged.stdout.contains("1 of 1 service"),
        "{unchanged:#?}"
    );
}
