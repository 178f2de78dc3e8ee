//! Every repository of the corpus adopts the gate; from then on, new findings fail, and nothing else.

use std::path::PathBuf;

use krm_parity::catalog::Severity;
use krm_parity::finding::Finding;
use krm_parity::gate::Builds;
use krm_parity::layout::Layout;

use super::drift::{Drift, Random};
use super::repository::{Repository, findings};
use crate::support::{self, NEWEST, require};

/// The total number of drifts.
const DRIFTS: usize = 100;

/// The repositories of the corpus, which is beside this repository and not in it.
fn corpus() -> Vec<PathBuf> {
    let Some(found) = support::corpus() else {
        return Vec::new();
    };
    let mut all: Vec<PathBuf> = std::fs::read_dir(found)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("source").is_dir())
        .collect();
    all.sort();
    all
}

/// An adopted repository, with its layout, its builds and the drifts that it may suffer.
struct Adopted {
    repository: Repository,
    layout: Layout,
    builds: Builds,
    drifts: Vec<Drift>,
}

impl Adopted {
    fn new(from: &std::path::Path, kustomize: &std::path::Path) -> Self {
        let name = from.file_name().unwrap().to_str().unwrap();
        let repository = Repository::copied(&from.join("source"), name, kustomize);
        let before = repository.files();

        let said = repository.krm_parity(&["init", "--adopt", "--yes"]);
        assert!(said.succeeded(), "{name}: {said:#?}");
        let mut after = repository.files();
        let policy = after.remove("parity.yaml").unwrap();
        assert!(after == before, "{name}: only the policy is written");

        let checked = repository.krm_parity(&["check"]);
        assert!(checked.succeeded(), "{name}: {checked:#?}");
        // Warnings about files stay.
        let summary = checked.stdout.lines().last().unwrap_or_default();
        assert!(!summary.contains(" error"), "{name}: {}", checked.stdout);
        assert!(
            !checked.stdout.contains("unused-exemption"),
            "{name}: {}",
            checked.stdout
        );
        let again = repository.krm_parity(&["init", "--adopt", "--yes"]);
        assert!(again.stdout.starts_with("Nothing to do"), "{again:#?}");
        assert!(again.succeeded() && repository.read("parity.yaml") == policy);

        let policy = repository.policy();
        let layout = repository.layout(&policy);
        let builds = repository.builds(&layout);
        let found = findings(&layout, &builds, &policy);
        assert!(found.is_empty(), "{name}: {found:#?}");

        let mut bare = policy.clone();
        bare.exemptions.clear();
        let old = findings(&layout, &builds, &bare);
        let drifts = Drift::all(&layout, &builds, &old);
        Self {
            repository,
            layout,
            builds,
            drifts,
        }
    }

    /// Makes one change; returns the rule that reports it, if kustomize can build the change.
    fn suffers(&self, drift: &Drift) -> Option<&'static str> {
        let name = self.repository.root();
        let name = name.file_name().unwrap().to_string_lossy().into_owned();
        let before = drift.apply(&self.repository)?;
        let built = self.repository.sealed(&drift.directory);
        let told = built.is_ok().then(|| {
            let mut builds = self.builds.clone();
            for directory in self.repository.made_of(&self.layout, &drift.directory) {
                let built = self.repository.sealed(&directory);
                builds.insert(directory, built);
            }
            let mut found = findings(&self.layout, &builds, &self.repository.policy());
            // An exemption that was adopted for one amount is unused when there is another amount.
            found.retain(|finding| finding.rule.as_str() != "unused-exemption");
            assert!(!found.is_empty(), "{name}: {drift:#?} is hidden");
            for finding in &found {
                assert!(drift.is_told_by(finding), "{name}: {drift:#?} {finding:#?}");
            }
            let checked = self.repository.krm_parity(&["check"]);
            let is_error = |finding: &&Finding| finding.severity == Severity::Error;
            let errors = found.iter().filter(is_error).count();
            let code = Some(i32::from(errors > 0));
            assert_eq!(checked.code, code, "{name}: {drift:#?} {checked:#?}");
            let summary = checked.stdout.lines().last().unwrap_or_default();
            let s = if errors == 1 { "" } else { "s" };
            let count = format!(": {errors} error{s}");
            let is_told = errors == 0 || summary.contains(&count);
            assert!(is_told, "{name}: {drift:#?} {summary}");
            found[0].rule.as_str()
        });
        drift.undo(&self.repository, &before);
        told
    }
}

/// Where `check` passes after adoption, builds that check themselves pass, too.
#[test]
fn wired_overlays_build_after_adoption() {
    let kustomize = require!(kustomize(NEWEST));
    let mut builds = 0;
    for from in corpus() {
        let name = from.file_name().unwrap().to_str().unwrap();
        let repository = Repository::copied(&from.join("source"), name, &kustomize);
        let before = repository.files();
        let said = repository.krm_parity(&["init", "--adopt", "--wire", "--yes"]);
        // An overlay that is not wired is named, and is not a success.
        let is_left = said.stderr.contains("is not wired")
            || said.stderr.contains("no base to add a recorder to");
        assert!(said.succeeded() || is_left, "{said:#?}");
        // Every previous line is still there, in its order.
        for (file, text) in repository.files() {
            let mut lines = text.lines();
            let old = before.get(&file).map_or("", String::as_str);
            let is_kept = old.lines().all(|line| {
                lines.any(|new| new == line || line.contains("transformers") && new.contains(line))
            });
            assert!(is_kept, "{name}: {file}\n{text}");
        }
        for directory in repository.wired() {
            let built = repository.build(&directory, true);
            assert!(built.succeeded(), "{name}: {directory}: {built:#?}");
            builds += 1;
        }
        let again = repository.krm_parity(&["init", "--wire", "--yes"]);
        assert!(again.stdout.starts_with("Nothing to do"), "{again:#?}");
    }
    println!("{builds} wired overlays build");
}

#[test]
fn after_adoption_only_new_findings_fail() {
    let kustomize = require!(kustomize(NEWEST));
    let mut adopted: Vec<Adopted> = corpus()
        .iter()
        .map(|from| Adopted::new(from, &kustomize))
        .collect();
    if adopted.is_empty() {
        return;
    }
    let mut random = Random::new(43);
    let mut rules = std::collections::BTreeMap::new();
    let mut count = 0;
    let mut turn = 0;
    while count < DRIFTS {
        let at = turn % adopted.len();
        turn += 1;
        let drifts = &mut adopted[at].drifts;
        assert!(
            turn < 20 * DRIFTS,
            "there are only {count} drifts to be made"
        );
        if drifts.is_empty() {
            continue;
        }
        let place = random.below(drifts.len());
        let drift = drifts.swap_remove(place);
        if let Some(rule) = adopted[at].suffers(&drift) {
            *rules.entry(rule).or_insert(0) += 1;
            count += 1;
        }
    }
    println!("{count} drifts: {rules:?}");
    assert!(rules.len() >= 8, "{rules:?}");
    for adopted in &adopted {
        let checked = adopted.repository.krm_parity(&["check"]);
        assert!(checked.succeeded(), "{checked:#?}");
    }
}
