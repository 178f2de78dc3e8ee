//! A policy's settings for single rules: severities and bounds.

use std::collections::BTreeMap;

use super::fault::Fault;
use super::{explain, wire};
use crate::catalog::{DAYS, Rule, RuleId, Severity};

/// A policy's settings for one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSetting {
    /// The severity of the rule's findings.
    pub severity: Option<Severity>,
    /// The greatest factor or number that is accepted, as an exact decimal of at least
    /// [`Rule::least`].
    pub max: Option<String>,
}

/// The settings by rule; `known` are the rules that may be set.
pub(super) fn settings(
    spec: wire::Rules,
    known: &[&Rule],
) -> Result<BTreeMap<RuleId, RuleSetting>, Fault> {
    let mut settings = BTreeMap::new();
    for (wire::RuleName(id), setting) in spec.0 {
        let record = known.iter().find(|known| known.id == id).copied();
        settings.insert(id, setting_of(id, record, setting.unwrap_or_default())?);
    }
    Ok(settings)
}

fn setting_of(
    rule: RuleId,
    record: Option<&Rule>,
    setting: wire::RuleSpec,
) -> Result<RuleSetting, Fault> {
    if rule.is_blind()
        && let Some(wire::SeverityName(severity @ (Severity::Ignore | Severity::Info))) =
            setting.severity
    {
        let what = format!(
            "{} cannot be {}, because it reports what could not be checked",
            rule,
            severity.id()
        );
        let at = ["spec", "rules", rule.as_str(), "severity"];
        return Err(Fault::new(&at, what));
    }
    if let Some(wire::Decimal(max)) = &setting.max {
        let at = ["spec", "rules", rule.as_str()];
        let Some(bounded) = record.filter(|record| record.max.is_some()) else {
            return Err(explain::unknown(&at, "key", "max", &["severity"]));
        };
        let least = bounded.least();
        if !max
            .parse::<f64>()
            .is_ok_and(|max| max.is_finite() && max >= f64::from(least))
        {
            let noun = match bounded.unit {
                "×" => "factor",
                DAYS => "number of days",
                _ => "number",
            };
            let what = format!("expected a {noun} of at least {least}, found {max}");
            return Err(Fault::new(&["spec", "rules", rule.as_str(), "max"], what));
        }
    }
    Ok(RuleSetting {
        severity: setting
            .severity
            .map(|wire::SeverityName(severity)| severity),
        max: setting.max.map(|wire::Decimal(max)| max),
    })
}
