//! `check` on real repositories: what it finds there agrees with what people have written down.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{NEWEST, findings, report};
use crate::support::{corpus, require};

/// Rows of the index whose environment has another name in its directory, which is what `check` uses.
const CALLED: [(&str, &str); 11] = [
    // A word in another part of the path, or in the name of the service.
    ("p0554", "gcp"),
    ("p0573", "stage0"),
    ("p0626", "prod"),
    ("p0630", "uat"),
    ("p2247", "kind"),
    ("p2248", "mac"),
    // The directory names a variant.
    ("p0096", "production-fwi"),
    ("p0547", "neco-dev"),
    ("p0946", "prow-canary-sidecar"),
    ("p2453", "vke-dev"),
    ("p2454", "vke-dev"),
];

struct Row {
    id: String,
    bases: Vec<String>,
    overlay: String,
    environment: String,
}

/// The rows of the index, by repository.
fn index(corpus: &Path) -> BTreeMap<String, Vec<Row>> {
    let text = fs::read_to_string(corpus.join("index.tsv")).expect("the index");
    let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let mut bases: Vec<String> = columns[4].split('|').map(str::to_owned).collect();
        bases.sort();
        rows.entry(columns[1].to_owned()).or_default().push(Row {
            id: columns[0].to_owned(),
            bases,
            overlay: columns[5].to_owned(),
            environment: columns[6].to_owned(),
        });
    }
    rows
}

fn source(corpus: &Path, repository: &str) -> PathBuf {
    corpus.join(repository.replace('/', "+")).join("source")
}

/// `dev` for `development`, as the index abbreviates it.
fn short(name: &str) -> &str {
    match name {
        "development" => "dev",
        "production" | "prd" => "prod",
        name => name,
    }
}

#[test]
fn services_and_environments_agree_with_the_index() {
    let kustomize = require!(kustomize(NEWEST));
    let Some(corpus) = corpus() else { return };
    let mut wrong = Vec::new();
    for (repository, rows) in index(&corpus) {
        let report = report(&kustomize, &source(&corpus, &repository), &[]);
        let services = report["services"].as_array().expect("services");
        let failed = findings(&report);
        for line in failed
            .iter()
            .filter(|line| line.starts_with("build-failure"))
        {
            wrong.push(format!("{repository}: {line}"));
        }
        for row in rows {
            let found = services.iter().find_map(|service| {
                let environments = service["environments"].as_array()?;
                let environment = environments
                    .iter()
                    .find(|environment| environment["directory"] == row.overlay.as_str())?;
                Some((service, environment))
            });
            let Some((service, environment)) = found else {
                wrong.push(format!("{}: {} is no environment", row.id, row.overlay));
                continue;
            };
            let bases = service["bases"].as_array().expect("bases");
            for base in &row.bases {
                if !bases.iter().any(|known| known == base.as_str()) {
                    wrong.push(format!("{}: {base} is not among {bases:?}", row.id));
                }
            }
            let name = environment["name"].as_str().expect("a name");
            let called = CALLED.iter().find(|(id, _)| *id == row.id);
            let expected = called.map_or(row.environment.as_str(), |(_, name)| name);
            if short(name) != short(expected) {
                wrong.push(format!(
                    "{}: {name}, not {expected} ({})",
                    row.id, row.overlay
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sealed_and_single_builds_give_the_same_findings() {
    let kustomize = require!(kustomize(NEWEST));
    let Some(corpus) = corpus() else { return };
    let mut count = 0;
    for repository in index(&corpus).into_keys() {
        let source = source(&corpus, &repository);
        let all = |arguments: &[&str]| -> Vec<String> {
            findings(&report(&kustomize, &source, arguments))
        };
        let sealed = all(&[]);
        count += sealed.len();
        assert_eq!(sealed, all(&["--one-by-one"]), "{repository}");
    }
    assert!(count > 200, "{count}");
}

#[test]
fn every_place_exists_and_its_line_is_shown_verbatim() {
    let kustomize = require!(kustomize(NEWEST));
    let Some(corpus) = corpus() else { return };
    let (mut count, mut untold) = (0, 0);
    for repository in index(&corpus).into_keys() {
        let source = source(&corpus, &repository);
        let report = report(&kustomize, &source, &[]);
        for finding in report["findings"].as_array().expect("findings") {
            for place in [&finding["place"], &finding["basePlace"]] {
                if *place == Value::Null {
                    continue;
                }
                count += 1;
                let number =
                    |key: &str| usize::try_from(place[key].as_u64().expect(key)).expect(key);
                let file = place["file"].as_str().expect("a file");
                let text = fs::read_to_string(source.join(file)).expect("the file exists");
                let line = text
                    .lines()
                    .nth(number("line") - 1)
                    .expect("the line exists");
                let end = number("column") - 1 + number("length");
                assert!(end <= line.chars().count(), "{repository}: {place}");
                if let Some(source) = place["source"].as_str() {
                    assert_eq!(source, line, "{repository}: {place}");
                }
                let what = place["what"].as_str().expect("a word");
                untold += usize::from(what.contains("the exact line is not known"));
            }
        }
    }
    assert!(count > 400, "{count}");
    assert!(untold * 10 < count, "{untold} of {count} could not be told");
    println!("{count} places, of which {untold} could not be told");
}
