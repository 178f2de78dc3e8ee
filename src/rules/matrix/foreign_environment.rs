//! `foreign-environment`: a value of one environment holds the name of another one of its service.
//!
//! Values may differ, and no one reviews them: if production uses the database of
//! staging, every other rule passes it. It is reported if the base holds no environment's name, or
//! if all other environments that say something else there hold their own names.

mod called;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Class, Rule, RuleId, Severity};
use crate::compare::comparison::{Classified, Comparison, Pair};
use crate::compare::diff::ChangeKind;
use crate::compare::identity::{says_name, share_a_name};
use crate::compare::steps::keyed_path;
use crate::finding::{Compared, Finding, Name};
use crate::naming::are_alike;
use crate::path::{Path, Segment};
use crate::policy::Policy;
use crate::rules::found::Found;
use crate::rules::gaps::{Gaps, Gathered};
use crate::rules::matrix::Matrix;
use crate::rules::matrix::odd::{self, Kin, Member, turned, turned_change};
use crate::rules::overridden::Overridden;
use crate::rules::told::Saying;
use crate::rules::words;
use crate::text::one_line;
use crate::yaml::Node;
use called::called;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ForeignEnvironment,
    severity: Severity::Warning,
    summary: "A value of one environment must not contain the name of another one.",
    why: "Values may differ, so no other rule checks them: production that uses the database of staging passes all other rules. It is an error by default where an environment has the namespace or the names of one before it, or loads the overlay of another one.",
    example: "DB_HOST is db.staging.example.com in production",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: true,
};

/// The field of a variable that has its value.
const VALUE: &str = "value";

/// A place of a resource, the same one in every environment.
type Spot<'m> = (Member<'m>, Path<'m>);

/// The values at a place.
#[derive(Default)]
struct Said<'m, 'a> {
    /// The value of each environment.
    values: BTreeMap<&'m str, &'a str>,
    /// The value in the base of an environment; `None` if the base has none.
    bases: BTreeMap<&'m str, Option<&'a str>>,
    /// The environments that add it to their base.
    new: BTreeSet<&'m str>,
    /// A comparison that shows the value of an environment: that with its base, else one with another environment.
    shown: BTreeMap<&'m str, Shown<'m, 'a>>,
}

/// A change that shows a value, of its later side or of its earlier one.
struct Shown<'m, 'a> {
    comparison: &'m Comparison<'m, 'a>,
    pair: Pair<'m, 'a>,
    change: &'m Classified<'a>,
    is_early: bool,
}

pub(in crate::rules) fn check(
    matrix: &Matrix<'_, '_>,
    _: &Overridden<'_>,
    policy: &Policy,
    found: &mut Found,
) {
    let order = odd::order(matrix);
    if order.len() < 2 {
        return;
    }
    let is_foreign = |environment: &str, other: &str| is_other(matrix, environment, other);
    for one in called(matrix, &order, policy, is_foreign) {
        let environment = one.comparison.environment();
        let saying = Saying {
            headline: format!("the {} names {} in {environment}", one.field, one.other),
            demand: RULE.summary,
            help: format!("Use the {} that belongs to {environment}.", one.field),
        };
        let finding = one
            .comparison
            .change_finding(RULE.id, one.pair, &one.change, saying);
        // What was copied from an earlier environment would be deployed over it.
        if one.is_copied {
            found.push_as(Severity::Error, finding);
        } else {
            found.push(finding);
        }
    }
    for said in collect(matrix).into_values() {
        for (&environment, &value) in &said.values {
            let is_judged = policy
                .environment
                .as_ref()
                .is_none_or(|only| only == environment);
            if !is_judged {
                continue;
            }
            let others = order
                .iter()
                .filter(|other| is_other(matrix, environment, other));
            // Beside its own name, a value may only repeat what another environment says without it.
            let is_own = says_name(value, environment);
            let is_copied_from = |other: &str| {
                let own = said.values.get(other);
                own.is_some_and(|own| says_name(own, other) && !says_name(own, environment))
            };
            let is_whole = |other: &str| {
                are_alike(value, other)
                    && said
                        .values
                        .get(other)
                        .is_some_and(|own| are_alike(own, other))
            };
            let mut others = others.filter(|other| {
                says_name(value, other) && (!is_own || is_copied_from(other)) || is_whole(other)
            });
            if let Some(other) = others.next()
                && said.is_odd(
                    environment,
                    &order,
                    matrix.baselines.contains_key(environment),
                )
                && let Some(shown) = said.shown.get(environment)
            {
                tell(shown, other, found);
            }
        }
    }
}

/// Removes the findings of the rule at places where another one already makes a person look at the environment.
///
/// A finding does not if it is only information, as one that is exempt whatever the value, nor if all environments have it.
pub(in crate::rules) fn settle(findings: &mut Vec<Finding>, policy: &Policy) {
    let is_seen = |finding: &Finding| {
        let mut all = policy.exemptions.iter();
        let exemption = finding.exemption.and_then(|index| all.nth(index));
        let environment = finding.environment().unwrap_or_default();
        let is_decided = exemption.is_some_and(|one| one.value(environment).is_some());
        finding.severity > Severity::Info || is_decided
    };
    let is_of_all =
        |finding: &Finding| finding.overridden && finding.rule != RuleId::EnvironmentMismatch;
    let others = findings
        .iter()
        .filter(|one| one.rule != RULE.id && is_seen(one) && !is_of_all(one));
    let told: BTreeSet<Of> = others.filter_map(|one| of(one, "")).collect();
    findings.retain(|one| {
        // A variable may have been found as a whole, or by its value.
        let values = [
            Some(""),
            (one.class == Some(Class::EnvNames)).then_some(".value"),
        ];
        let mut places = values
            .into_iter()
            .flatten()
            .filter_map(|more| of(one, more));
        one.rule != RULE.id || !places.any(|place| told.contains(&place))
    });
}

/// The subject of a finding: the service, the environment, the resource and the path.
type Of = [String; 4];

/// The subject of a finding about a field, or about one inside of it.
fn of(finding: &Finding, more: &str) -> Option<Of> {
    let (resource, field) = (finding.resource.as_ref()?, finding.field.as_ref()?);
    Some([
        finding.service().unwrap_or_default().to_owned(),
        finding.environment()?.to_owned(),
        format!("{} {}", resource.kind, resource.name),
        format!("{}{more}", field.path),
    ])
}

/// Whether the name of one environment is surely not meant as that of another, or of the one that it is made of.
pub(super) fn is_other(matrix: &Matrix<'_, '_>, environment: &str, other: &str) -> bool {
    let mut below = environment;
    for _ in 0..matrix.baselines.len() {
        if below == other {
            return false;
        }
        match matrix.baselines.get(below) {
            Some(comparison) => below = comparison.sides.baseline,
            None => break,
        }
    }
    below != other && !share_a_name(environment, other)
}

/// The values at the places where environments or their bases disagree.
fn collect<'m, 'a: 'm>(matrix: &Matrix<'m, 'a>) -> BTreeMap<Spot<'m>, Said<'m, 'a>> {
    let kin = Kin::of(matrix);
    let mut all: BTreeMap<Spot<'m>, Said<'m, 'a>> = BTreeMap::new();
    let baselines = matrix.baselines.values().map(|one| (*one, true));
    let siblings = matrix.siblings.iter().map(|one| (*one, false));
    for (comparison, is_base) in baselines.chain(siblings) {
        let sides = &comparison.sides;
        for (&(_, at), (pair, changes)) in comparison.pairing.matched.iter().zip(comparison.pairs())
        {
            let root = kin.root((sides.environment, at));
            for classified in changes.iter().filter(|one| is_open(one)) {
                let change = &classified.change;
                let said = all.entry((root, place(classified))).or_default();
                let text =
                    |node: Option<Node<'a>>| node.and_then(|node| text(node, classified.class));
                let (early, late) = (text(change.base), text(change.overlay));
                if is_base {
                    said.bases.insert(sides.environment, early);
                    if is_new(classified) {
                        said.new.insert(sides.environment);
                    }
                }
                for (name, value, is_early) in [
                    (sides.environment, late, false),
                    (sides.baseline, early, true),
                ] {
                    if is_base && is_early {
                        continue;
                    }
                    if let Some(value) = value.filter(|value| !value.contains('\n')) {
                        said.values.insert(name, value);
                        said.shown.entry(name).or_insert(Shown {
                            comparison,
                            pair,
                            change: classified,
                            is_early,
                        });
                    }
                }
            }
        }
    }
    all
}

/// Whether a change adds a variable or a key.
fn is_new(Classified { change, class, .. }: &Classified<'_>) -> bool {
    is_name(*class) && change.kind == ChangeKind::Added
}

const fn is_name(class: Class) -> bool {
    matches!(class, Class::EnvNames | Class::ConfigKeys)
}

/// The place of the value that a change is about: a variable is added as a whole, and is changed by its value.
fn place<'a>(Classified { change, class, .. }: &Classified<'a>) -> Path<'a> {
    let mut path = keyed_path(&change.steps);
    if *class == Class::EnvNames {
        path.0.push(Segment::Field(Cow::Borrowed(VALUE)));
    }
    path
}

/// The text of a value; a variable that is added as a whole has it inside.
fn text(node: Node<'_>, class: Class) -> Option<&str> {
    match class {
        Class::EnvNames => node.str_at(&[VALUE]),
        _ => node.as_str(),
    }
}

/// Whether a change is about a field that may name a place, a host or a role, and that is not a secret.
fn is_open(Classified { change, class, .. }: &Classified<'_>) -> bool {
    const RUN: [&str; 3] = ["args", "command", "securityContext"];
    let is_class = matches!(
        class,
        Class::EnvNames
            | Class::EnvValues
            | Class::ConfigKeys
            | Class::Hostnames
            | Class::Labels
            | Class::Annotations
            | Class::Other
    );
    is_class && !change.secret && !change.fields().any(|field| RUN.contains(&field))
}

impl<'m> Said<'m, '_> {
    /// Whether an environment adds the value, or its base has one that names no environment; or all others with a value
    /// name themselves.
    fn is_odd(&self, environment: &str, order: &[&'m str], has_base: bool) -> bool {
        let base = self.bases.get(environment).copied().flatten();
        let names_none = |base: &str| !order.iter().any(|name| says_name(base, name));
        if base.is_some_and(names_none) || self.new.contains(environment) {
            return true;
        }
        let mut others = self
            .values
            .iter()
            .filter(|(name, _)| **name != environment)
            .peekable();
        if others.peek().is_none() {
            // A value that no other environment has, without a base, is an addition of this one alone.
            let shown = self.shown.get(environment);
            return !has_base && shown.is_some_and(|shown| is_name(shown.change.class));
        }
        others.all(|(name, value)| says_name(value, name))
    }
}

/// Reports that an environment names another one.
fn tell(shown: &Shown<'_, '_>, other: &str, found: &mut Found) {
    let around = shown.is_early.then(|| {
        let pair = Pair {
            base: shown.pair.overlay,
            overlay: shown.pair.base,
            service: shown.pair.service,
        };
        (turned(shown.comparison), pair, turned_change(shown.change))
    });
    let (comparison, pair, classified) = match &around {
        Some((comparison, pair, change)) => (comparison, *pair, change),
        None => (shown.comparison, shown.pair, shown.change),
    };
    let environment = comparison.environment();
    let subject = words::subject(&classified.change, classified.class);
    let saying = Saying {
        headline: format!("{subject} names {other} in {environment}"),
        demand: RULE.summary,
        help: format!("Use the name that belongs to {environment}."),
    };
    found.push(comparison.change_finding(RULE.id, pair, classified, saying));
}

/// The most characters of a path in a message.
const MAX_PATH: usize = 200;

/// The overlays that are loaded for an environment of another name.
pub(in crate::rules) fn check_gathered(gaps: &Gaps, found: &mut Found) {
    for one in &gaps.gathered {
        found.push_as(Severity::Error, gathered(one));
    }
}

fn gathered(one: &Gathered) -> Finding {
    let path = |path: &str| one_line(path, MAX_PATH).into_owned();
    let headline = format!(
        "{} loads {}, which is another environment",
        path(&one.directory),
        path(&one.loaded)
    );
    let help = format!("Load {} instead.", path(&one.right));
    Finding {
        service: Name::new(&one.service),
        compared: Compared::with_base(&one.environment, ""),
        place: Some(one.place.clone()),
        ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
    }
}
