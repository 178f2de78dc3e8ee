//! `expiring-exemption`: exemptions that end soon.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::catalog::{DAYS, Rule, RuleId, Severity};
use crate::finding::{Compared, Finding};
use crate::policy::{Exemption, Policy};

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ExpiringExemption,
    severity: Severity::Info,
    summary: "Exemptions that end soon are announced.",
    why: "On the day after its last day, its findings fail the build again.",
    example: r#"an exemption has expires: "2026-06-30", and today is 2026-06-20"#,
    max: Some("14"),
    unit: DAYS,
    of_files: false,
    of_siblings: false,
};

/// The most exemptions that a line names.
const MAX_NAMED: usize = 8;

/// Announces those of some exemptions that end soon, in one finding per day; each comes with its number.
pub(in crate::rules) fn announce<'p>(
    exemptions: impl Iterator<Item = (usize, &'p Exemption)>,
    policy: &Policy,
    today: Date,
    compared: &Compared,
) -> Vec<Finding> {
    let max: f64 = policy.max(&RULE).parse().unwrap_or_default();
    let mut by_day: BTreeMap<Date, Vec<(usize, &Exemption)>> = BTreeMap::new();
    for (index, exemption) in exemptions {
        let days = exemption.expires.duration_since(today).as_hours() / 24;
        if i32::try_from(days).is_ok_and(|days| days >= 0 && f64::from(days) <= max) {
            let of_day = by_day.entry(exemption.expires).or_default();
            of_day.push((index, exemption));
        }
    }
    let announced = by_day.into_iter().filter_map(|(day, all)| {
        let (index, first) = all.first()?;
        let (headline, help) = words(day, &all);
        Some(Finding {
            exemption: Some(*index),
            place: first.place.clone(),
            compared: compared.clone(),
            ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
        })
    });
    announced.collect()
}

/// The headline and the help of a finding about all that end on one day.
fn words(day: Date, all: &[(usize, &Exemption)]) -> (String, String) {
    let named = all.iter().take(MAX_NAMED);
    let named = named.map(|(index, one)| format!("spec.exemptions[{index}] ({})", one.rule));
    let mut named = named.collect::<Vec<_>>().join(", ");
    if let Some(more @ 1..) = all.len().checked_sub(MAX_NAMED) {
        let more = more.to_string();
        named.extend([" and ", &more, " more"]);
    }
    let headline = match all.len() {
        1 => format!("an exemption ends after {day}: {named}"),
        count => format!("{count} exemptions end after {day}: {named}"),
    };
    let help = "Before that day, fix the cause and remove the entry, or give it a later date.";
    (headline, help.to_owned())
}
