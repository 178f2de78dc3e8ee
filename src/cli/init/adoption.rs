//! What `init --adopt` writes into a policy, and until when it holds.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, bail};
use jiff::civil::Date;

use crate::adopt::{self, Adoption, Days, Hold, Scene};
use crate::catalog::{RuleId, Severity};
use crate::edit;
use crate::finding::Finding;
use crate::gate::{self, Gate, Resources};
use crate::init;
use crate::policy::{self, Policy};
use crate::rules::{RULES, exempting};
use crate::yaml;

/// On what terms findings are adopted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub hold: Hold,
    /// Whether builds will run the function.
    pub is_wired: bool,
    pub days: Days,
}

/// Reads a number of days, or the least and the most of them.
pub(super) fn days(text: &str) -> Result<(u16, u16), String> {
    let one = |text: &str| {
        let number: Option<u16> = text.parse().ok();
        number.filter(|number| {
            (1..=3650).contains(number) && text.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let both = match text.split_once("..") {
        Some((first, last)) => one(first).zip(one(last)),
        None => one(text).map(|days| (days, days)),
    };
    both.filter(|(first, last)| first <= last).ok_or_else(|| {
        "expected a number of days from 1 to 3650, or two with the smaller one first, such as 30..120".to_owned()
    })
}

/// Reads a day as policies have it.
pub(super) fn date(text: &str) -> Result<Date, String> {
    let day: Option<Date> = text.parse().ok();
    day.filter(|day| day.to_string() == text)
        .ok_or_else(|| "expected a day as YYYY-MM-DD, such as 2027-01-31".to_owned())
}

/// The days on which exemptions of today end.
pub(super) fn ends(
    (first, last): (u16, u16),
    expires: Option<Date>,
    today: Date,
) -> anyhow::Result<Days> {
    let after = |days: u16| {
        today
            .checked_add(jiff::Span::new().days(i64::from(days)))
            .context("that many days lead beyond the calendar")
    };
    match expires {
        Some(day) if day < today => bail!("--expires {day}: that day is over"),
        Some(day) => Ok(Days {
            first: day,
            last: day,
        }),
        None => Ok(Days {
            first: after(first)?,
            last: after(last)?,
        }),
    }
}

/// Today's findings as exemptions, and the policy with them as a text and as it is read.
pub(super) fn adopt(
    gate: &Gate<'_>,
    resources: &Resources<'_>,
    name: &str,
    text: &str,
    terms: Terms,
) -> anyhow::Result<(Adoption, String, Policy)> {
    let Gate {
        layout,
        policy,
        today,
        ..
    } = *gate;
    let judge = |policy: &Policy| -> Vec<Finding> {
        let gate = Gate {
            policy,
            ..gate.clone()
        };
        gate::survey(&gate, resources).report.findings
    };
    let mut findings = judge(policy);
    check_environments(policy, &findings, name)?;
    let (mut text, mut policy) = (Cow::Borrowed(text), Cow::Borrowed(policy));
    let allows_tags = adopt::sets_tags(&policy, &findings);
    if allows_tags {
        let open = adopt::allow_tags(&text, &policy).with_context(|| name.to_owned())?;
        policy = Cow::Owned(policy::parse(RULES, name, &open)?);
        text = Cow::Owned(open);
        findings = judge(&policy);
    }
    let policy = policy.as_ref();
    let scene = Scene {
        policy,
        layout,
        resources,
        today,
        is_wired: terms.is_wired || is_run_by_builds(text.as_ref()),
    };
    let adoption = Adoption {
        allows_tags,
        ..adopt::adopt(&scene, &findings, terms.hold, terms.days)
    };
    let after = edit::append(&text, &["spec", "exemptions"], &adoption.items)
        .with_context(|| name.to_owned())?;
    let adopted = policy::parse(RULES, name, &after)?;
    let mut before: HashMap<&str, Vec<&Finding>> = HashMap::new();
    for finding in &findings {
        before.entry(&finding.message).or_default().push(finding);
    }
    let was_there = |finding: &Finding| {
        let alike = before.get(finding.message.as_str());
        alike.is_some_and(|alike| alike.contains(&finding))
    };
    let is_expected = |finding: &Finding| {
        finding.severity < Severity::Warning
            || adopt::is_left(policy, finding)
            || adopt::is_unknown(finding)
            || matches!(finding.rule, RuleId::ExpiredExemption | RuleId::ExpiringExemption)
            // An entry that was there before may be for a value that is another one now.
            || finding.rule == RuleId::UnusedExemption
                && finding.exemption.is_some_and(|index| index < policy.exemptions.len())
            || was_there(finding) && is_expired(policy, finding, today)
    };
    if let Some(finding) = judge(&adopted).iter().find(|finding| !is_expected(finding)) {
        bail!(
            "this finding cannot be adopted, so nothing was changed: {}: {}",
            finding.rule,
            finding.message
        );
    }
    Ok((adoption, after, adopted))
}

/// Whether a policy says how builds run the function that it is for.
fn is_run_by_builds(text: &str) -> bool {
    yaml::parse_lax(text).is_ok_and(|tree| init::function_of(&tree).is_some())
}

/// Whether a finding is one that an exemption was for.
fn is_expired(policy: &Policy, finding: &Finding, today: Date) -> bool {
    exempting(policy, finding).any(|(_, exemption)| exemption.expires < today)
}

/// Makes sure that exemptions can name the environments that were found.
fn check_environments(policy: &Policy, findings: &[Finding], name: &str) -> anyhow::Result<()> {
    let listed = &policy.environments;
    let found: BTreeSet<&str> = findings
        .iter()
        // What is not judged is not adopted, and may have any name.
        .filter(|finding| finding.rule != RuleId::UnjudgedOverlay)
        .filter_map(Finding::environment)
        .collect();
    let unknown = found
        .into_iter()
        .find(|found| !listed.iter().any(|listed| listed == found));
    match unknown {
        Some(unknown) if !listed.is_empty() => bail!(
            "{name} lists {} under spec.environments, but {unknown} is there too: add it, or leave its directory out by spec.layout.ignore",
            listed.join(", ")
        ),
        _ => Ok(()),
    }
}
