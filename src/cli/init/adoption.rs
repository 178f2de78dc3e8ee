//! The entries that `init --adopt` adds to a policy and removes from it, and when they end.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, bail};
use jiff::civil::Date;

use crate::adopt::{self, Adoption, Days, Hold, Scene};
use crate::catalog::{RuleId, Severity};
use crate::finding::Finding;
use crate::gate::{self, Gate, Resources, Scope};
use crate::init;
use crate::policy::{self, Policy};
use crate::rules::{RULES, exempting};
use crate::yaml;

/// The terms on which findings are adopted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'t> {
    pub hold: Hold,
    /// Whether builds will run the function.
    pub is_wired: bool,
    pub days: Days,
    /// Whether exemptions that match nothing are removed.
    pub prunes: bool,
    /// What else the policy may apply to, beyond the checked directory.
    pub scope: Scope<'t>,
}

/// The outcome for a policy.
#[derive(Default)]
pub(super) struct Outcome {
    pub adoption: Adoption,
    /// How many exemptions for another value were replaced.
    pub replaced: usize,
    /// The messages about removed exemptions, one per line.
    pub pruned: Vec<String>,
    /// The steps that a person has to do by hand.
    pub notes: Vec<String>,
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

/// Reads a day in the form of policies.
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
            .context("the last day would be after the year 9999; use fewer days")
    };
    match expires {
        Some(day) if day < today => bail!("--expires {day}: this day is in the past"),
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
    terms: Terms<'_>,
) -> anyhow::Result<(Outcome, String, Policy)> {
    let Gate {
        layout,
        policy,
        today,
        ..
    } = *gate;
    let judge_in = |scope: Scope<'_>, policy: &Policy| -> Vec<Finding> {
        let gate = Gate {
            policy,
            scope,
            ..gate.clone()
        };
        gate::survey(&gate, resources).report.findings
    };
    let judge = |policy: &Policy| judge_in(gate.scope, policy);
    let idle = |policy: &Policy| adopt::idle(judge_in(terms.scope, &adopt::undated(policy, today)));
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
        site: gate.site,
        resources,
        today,
        is_wired: terms.is_wired || is_run_by_builds(text.as_ref()),
    };
    let write = |findings: &[Finding]| -> anyhow::Result<_> {
        let adoption = Adoption {
            allows_tags,
            ..adopt::adopt(&scene, findings, terms.hold, terms.days)
        };
        let after = adopt::join(&text, &adoption, policy, &BTreeSet::new())
            .with_context(|| name.to_owned())?;
        let adopted = policy::parse(RULES, name, &after)?;
        let left = judge(&adopted);
        Ok((adoption, after, adopted, left))
    };
    let (mut adoption, mut after, mut adopted, mut left) = write(&findings)?;
    // The name of another environment in a value is a second finding where an entry permits any value.
    let shown = left.iter().filter(|one| {
        let is_it = one.rule == RuleId::ForeignEnvironment && one.severity > Severity::Info;
        is_it && !findings.contains(one)
    });
    let shown: Vec<Finding> = shown.cloned().collect();
    if !shown.is_empty() {
        findings.extend(shown);
        (adoption, after, adopted, left) = write(&findings)?;
    }
    check_adopted(policy, &findings, &left, today)?;
    let mut outcome = Outcome {
        adoption,
        ..Outcome::default()
    };
    let is_no_worse = |policy: &Policy, left: &mut Vec<Finding>| {
        let found = judge(policy);
        let is_no_worse = adopt::is_no_worse(&found, left);
        *left = found;
        is_no_worse
    };
    // An exemption for an earlier value is replaced by the one for the current value.
    if outcome.adoption.near.iter().any(|near| !near.is_empty()) {
        let idle: BTreeSet<usize> = idle(&adopted).into_keys().collect();
        match adopt::join(&text, &outcome.adoption, policy, &idle) {
            Ok(joined) => {
                let policy = policy::parse(RULES, name, &joined)?;
                if is_no_worse(&policy, &mut left) {
                    let before = adopted.exemptions.len();
                    outcome.replaced = before.saturating_sub(policy.exemptions.len());
                    (after, adopted) = (joined, policy);
                }
            }
            Err(error) => outcome.notes.push(format!(
                "{name}: an exemption for an old value could not be replaced and stays beside the new one: {error}"
            )),
        }
    }
    if terms.prunes {
        let idle = idle(&adopted);
        let gone: BTreeSet<usize> = idle.keys().copied().collect();
        let pruned = adopt::without(&after, &adopted, &gone)
            .with_context(|| format!("nothing was changed: {name}"))?;
        let policy = policy::parse(RULES, name, &pruned)?;
        if !is_no_worse(&policy, &mut left) {
            bail!(
                "nothing was changed: some exemptions in {name} seem to match nothing, but findings fail without them"
            );
        }
        outcome.pruned = idle.into_values().map(|one| line(&one)).collect();
        (after, adopted) = (pruned, policy);
    }
    Ok((outcome, after, adopted))
}

/// The message about a removed exemption: its place, and why it is not needed.
fn line(finding: &Finding) -> String {
    match &finding.place {
        Some(place) => format!("{}:{}: {}", place.file, place.line, finding.headline),
        None => finding.headline.clone(),
    }
}

/// Checks that no finding is left that was to be adopted.
fn check_adopted(
    policy: &Policy,
    findings: &[Finding],
    left: &[Finding],
    today: Date,
) -> anyhow::Result<()> {
    let mut before: HashMap<&str, Vec<&Finding>> = HashMap::new();
    for finding in findings {
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
            // An entry from before may be for a value that has changed.
            || finding.rule == RuleId::UnusedExemption
                && finding.exemption.is_some_and(|index| index < policy.exemptions.len())
            || was_there(finding) && is_expired(policy, finding, today)
    };
    match left.iter().find(|finding| !is_expected(finding)) {
        Some(finding) => bail!(
            "this finding cannot be adopted, so nothing was changed: {}: {}",
            finding.rule,
            finding.message
        ),
        None => Ok(()),
    }
}

/// Whether a policy has the annotation by which builds run its function.
fn is_run_by_builds(text: &str) -> bool {
    yaml::parse_lax(text).is_ok_and(|tree| init::function_of(&tree).is_some())
}

/// Whether a finding has an exemption that has expired.
fn is_expired(policy: &Policy, finding: &Finding, today: Date) -> bool {
    exempting(policy, finding).any(|(_, exemption)| exemption.expires < today)
}

/// Checks that exemptions can name the environments of the findings.
fn check_environments(policy: &Policy, findings: &[Finding], name: &str) -> anyhow::Result<()> {
    let listed = &policy.environments;
    let found: BTreeSet<&str> = findings
        .iter()
        // An environment that is not judged is not adopted, and may have any name.
        .filter(|finding| finding.rule != RuleId::UnjudgedOverlay)
        .filter_map(Finding::environment)
        .collect();
    let unknown = found
        .into_iter()
        .find(|found| !listed.iter().any(|listed| listed == found));
    match unknown {
        Some(unknown) if !listed.is_empty() => bail!(
            "{name} lists {} under spec.environments, but the repository also has {unknown}: add it to the list, or exclude its directory with spec.layout.ignore",
            listed.join(", ")
        ),
        _ => Ok(()),
    }
}
