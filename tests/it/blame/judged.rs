//! The findings between two texts, and a summary of their places.

use std::collections::BTreeMap;

use krm_parity::compare::comparison::{Against, Sides, compare};
use krm_parity::finding::{Finding, Place};
use krm_parity::policy::{ClassSet, IdentityMode, Policy};
use krm_parity::repo::Sources;
use krm_parity::resource::Resource;
use krm_parity::rules::{Gaps, judge};
use krm_parity::yaml::parse;

/// Every finding of a policy that allows nothing.
pub fn findings(base: &str, overlay: &str, identity: IdentityMode) -> Vec<Finding> {
    let tree = |text| parse(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    let (base, overlay) = (tree(base), tree(overlay));
    let (base, overlay): (Vec<_>, Vec<_>) = (
        base.roots().filter_map(Resource::read).collect(),
        overlay.roots().filter_map(Resource::read).collect(),
    );
    let policy = Policy {
        allowed: ClassSet::default(),
        identity,
        ..Policy::default()
    };
    let sides = Sides {
        environment: "overlay",
        baseline: "base",
        against: Against::Baseline,
        service: "service",
        base: &base,
        services: &vec!["service"; base.len()],
        overlay: &overlay,
        witnesses: &[],
        hidden: &[],
        is_rendered: false,
    };
    let comparison = compare(sides, policy.identity);
    let today = jiff::civil::date(2026, 6, 15);
    let mut findings = judge(&[comparison], &Gaps::default(), &policy, today).findings;
    // A contradiction within one side may also exist without the line that repeats it.
    findings.retain(|finding| !finding.rule.is_alone());
    findings
}

/// The parts that identify a finding.
pub fn sameness(finding: &Finding) -> String {
    let Finding {
        rule,
        resource,
        field,
        headline,
        ..
    } = finding;
    let field = field
        .as_ref()
        .map(|field| format!("{} {:?} {:?}", field.path, field.overlay, field.base));
    format!("{rule} {resource:?} {field:?} {headline}")
}

/// The text at a place.
pub fn text_at<'s>(sources: &'s Sources, place: &Place) -> &'s str {
    let text = sources
        .text(&place.file)
        .unwrap_or_else(|| panic!("{place:?} is in no file"));
    let line = text
        .split('\n')
        .nth(place.line - 1)
        .unwrap_or_else(|| panic!("{place:?} is on no line"));
    if let Some(source) = &place.source {
        assert_eq!(source, line.trim_end_matches('\r'), "{place:?}");
    }
    let byte = |at: usize| {
        line.char_indices()
            .map(|(at, _)| at)
            .chain([line.len()])
            .nth(at)
            .unwrap_or_else(|| panic!("{place:?} is beyond {line:?}"))
    };
    if line.is_empty() {
        return line;
    }
    &line[byte(place.column - 1)..byte(place.column - 1 + place.length)]
}

/// The summary of all findings.
#[derive(Default)]
pub struct Sum {
    /// The number of overlays that were built.
    pub overlays: usize,
    /// Patches without effect, as their removal showed.
    pub dead: usize,
    /// The base's own values, by whether the reported line contains them.
    pub held: BTreeMap<bool, Vec<String>>,
    /// By kind of place: the number reported, and the number proven by an edit.
    pub told: BTreeMap<String, (usize, usize)>,
    /// Findings for which only the kustomization was reported.
    pub untold: Vec<String>,
    /// Places for which no edit builds.
    pub unproven: Vec<String>,
    /// Places whose edit changed nothing.
    pub faults: Vec<String>,
}

impl Sum {
    pub fn merge(&mut self, other: Self) {
        self.overlays += other.overlays;
        self.dead += other.dead;
        for (is_held, all) in other.held {
            self.held.entry(is_held).or_default().extend(all);
        }
        for (what, (told, proven)) in other.told {
            let sum = self.told.entry(what).or_default();
            sum.0 += told;
            sum.1 += proven;
        }
        self.untold.extend(other.untold);
        self.unproven.extend(other.unproven);
        self.faults.extend(other.faults);
    }

    /// Prints the summary; checks that no place is wrong, and that few are unknown or unproven.
    pub fn close(&self, name: &str, most_untold: f64, most_unproven: f64) {
        let count: usize = self.told.values().map(|(told, _)| told).sum();
        for (what, (told, proven)) in &self.told {
            println!("  {what}: {told} told, {proven} proven");
        }
        #[allow(clippy::cast_precision_loss, reason = "a share for people")]
        let share = |part: usize| 100.0 * part as f64 / (count + self.untold.len()) as f64;
        println!(
            "{name}: {} findings, {:.1} % told, {:.1} % untold, {:.1} % not proven, {} wrong",
            count + self.untold.len(),
            share(count),
            share(self.untold.len()),
            share(self.unproven.len()),
            self.faults.len()
        );
        let verbose = std::env::var_os("KRM_PARITY_VERBOSE").is_some();
        let most = if verbose { usize::MAX } else { 10 };
        for (what, all) in [
            ("untold", &self.untold),
            ("not proven", &self.unproven),
            ("wrong", &self.faults),
        ] {
            if verbose || what == "wrong" {
                all.iter()
                    .take(most)
                    .for_each(|one| println!("{what}: {one}"));
            }
        }
        assert!(self.faults.is_empty(), "{} wrong places", self.faults.len());
        assert!(
            share(self.untold.len()) <= most_untold,
            "too little is told"
        );
        assert!(
            share(self.unproven.len()) <= most_unproven,
            "too little is proven"
        );
    }
}
