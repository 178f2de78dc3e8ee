//! The changes in real overlays, by class, compared with a golden summary.
//!
//! The corpus is a collection of public overlays beside the repository, not in it. If it is
//! missing, these tests say so and pass.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use krm_parity::compare::comparison::{Against, Sides, compare};
use krm_parity::krm::read_documents;
use krm_parity::policy::IdentityMode;
use krm_parity::yaml::parse;

use crate::support::corpus;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/corpus/summary.txt");

/// One line per pair: the number of paired resources, and the number of changes of each class.
fn summary(corpus: &Path) -> String {
    let index = std::fs::read_to_string(corpus.join("index.tsv")).unwrap();
    let mut out = String::new();
    for row in index.lines().skip(1) {
        let mut columns = row.split('\t');
        let (id, repository) = (columns.next().unwrap(), columns.next().unwrap());
        let folder = corpus
            .join(repository.replace('/', "+"))
            .join("rendered")
            .join(id);
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let (base, overlay) = (text("base.yaml"), text("overlay.yaml"));
        let (base, overlay) = (parse(&base).unwrap(), parse(&overlay).unwrap());
        let (base, overlay) = (
            read_documents(&base).unwrap(),
            read_documents(&overlay).unwrap(),
        );
        let sides = Sides {
            environment: "overlay",
            baseline: "base",
            against: Against::Baseline,
            service: "",
            base: &base,
            services: &vec!["corpus"; base.len()],
            overlay: &overlay,
            witnesses: &[],
            hidden: &[],
            is_rendered: false,
        };
        let comparison = compare(sides, IdentityMode::Cancel);
        let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
        for classified in comparison.changes.iter().flatten() {
            *classes.entry(classified.class.id()).or_default() += 1;
        }
        let pairing = &comparison.pairing;
        let _ = write!(out, "{id} matched={}", pairing.matched.len());
        for (name, count) in [
            ("added", pairing.added.len()),
            ("removed", pairing.removed.len()),
        ] {
            if count > 0 {
                let _ = write!(out, " {name}={count}");
            }
        }
        for (class, count) in classes {
            let _ = write!(out, " {class}={count}");
        }
        out.push('\n');
    }
    out
}

#[test]
fn changes_of_overlays_are_as_recorded() {
    let Some(corpus) = corpus() else { return };
    let summary = summary(&corpus);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(GOLDEN, &summary).unwrap();
        panic!("{GOLDEN} was rewritten: look at what changed, then run again without UPDATE");
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    for (found, expected) in summary.lines().zip(golden.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(summary.lines().count(), golden.lines().count());
    assert!(golden.lines().count() >= 64);
}
