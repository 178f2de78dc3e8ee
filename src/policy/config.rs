//! The settings of a functionConfig, checked.

use std::collections::BTreeMap;

use super::class_set::ClassSet;
use super::indexed::Indexed;
use super::layout::Layout;
use super::managers::Managers;
use super::permits::{AllowedField, Exemption};
use super::services::ServiceEnvironments;
use super::settings::RuleSetting;
use super::wire::{Emit, IdentityMode, Mode};
use crate::catalog::{Class, Rule, RuleId, Severity};
use crate::finding::Place;

/// The environment that a recorder records and a policy compares with by default.
pub const BASE: &str = "base";

/// The task of the function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a run has one, so a box would save nothing"
)]
pub enum Config {
    /// Seal the incoming items.
    Recorder(Recorder),
    /// Compare the live items with the snapshots.
    Policy(Policy),
}

/// The settings of a recorder, from a `SnapshotRecorder`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorder {
    /// The service that the items belong to, a DNS label.
    pub service: String,
    /// The environment of the items, a DNS label.
    pub environment: String,
    /// Whether the items themselves are kept.
    pub mode: Mode,
}

/// The settings of a policy, from a `ParityPolicy`, or the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The name of its file in reports; `None` if it has no file of its own.
    pub file: Option<String>,
    /// The environment of the live items; unset for a matrix of snapshots.
    pub environment: Option<String>,
    /// All environments in promotion order; empty if the policy does not list them.
    pub environments: Vec<String>,
    /// The environment to compare with.
    pub baseline: String,
    /// Whether the policy names its baseline, which is then required.
    pub needs_baseline: bool,
    /// Whether renames that are part of an overlay's identity are cancelled before judging.
    pub identity: IdentityMode,
    /// The classes that an overlay may change.
    pub allowed: ClassSet,
    /// Where the file says what it says except lists of entries: `spec.failOn`, `spec.allow.classes.image`.
    pub places: BTreeMap<String, Place>,
    /// Single fields that an overlay may change beyond the classes.
    pub fields: Indexed<AllowedField>,
    /// Findings that are accepted until a day.
    pub exemptions: Indexed<Exemption>,
    /// The policy's settings for rules, by id; the other rules have their defaults.
    pub rules: BTreeMap<RuleId, RuleSetting>,
    /// The services that have fewer environments than the policy lists.
    pub services: Vec<ServiceEnvironments>,
    /// The places of the overlays in a repository.
    pub layout: Layout,
    /// The field managers and users of the clusters, in addition to the known ones.
    pub managers: Managers,
    /// The lowest severity that fails the build.
    pub fail_on: Severity,
    /// Whether the items are passed on.
    pub emit: Emit,
}

impl Policy {
    /// The severity of a rule's findings under this policy.
    #[must_use]
    pub fn severity(&self, rule: &Rule) -> Severity {
        let set = self
            .rules
            .get(&rule.id)
            .and_then(|setting| setting.severity);
        set.unwrap_or(rule.severity)
    }

    /// Whether this policy gives a rule a weight of its own.
    #[must_use]
    pub fn weighs(&self, rule: RuleId) -> bool {
        let set = self.rules.get(&rule);
        set.is_some_and(|setting| setting.severity.is_some())
    }

    /// The greatest factor or number that a rule accepts, as an exact decimal of at least
    /// [`Rule::least`].
    ///
    /// It is text because quantities are compared exactly, never as floats. A rule without such a
    /// bound has the strictest one, `1`.
    #[must_use]
    pub fn max(&self, rule: &Rule) -> &str {
        let set = self
            .rules
            .get(&rule.id)
            .and_then(|setting| setting.max.as_deref());
        set.or(rule.max).unwrap_or("1")
    }

    /// Whether an overlay may make changes of this class.
    #[must_use]
    pub const fn allows(&self, class: Class) -> bool {
        self.allowed.contains(class)
    }

    /// The environments that a service must have, in promotion order.
    ///
    /// The first matching entry of `spec.services` decides; a service without one needs all listed
    /// environments.
    pub fn expected<'p>(&'p self, service: &'p str) -> impl Iterator<Item = &'p String> {
        let mut entries = self.services.iter();
        let own = entries.find(|entry| entry.name.matches(service));
        let all = self.environments.iter();
        all.filter(move |name| own.is_none_or(|own| own.environments.contains(name)))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            file: None,
            environment: None,
            environments: Vec::new(),
            baseline: BASE.to_owned(),
            needs_baseline: false,
            identity: IdentityMode::default(),
            allowed: Class::ALLOWED_BY_DEFAULT.into_iter().collect(),
            places: BTreeMap::new(),
            fields: Indexed::default(),
            exemptions: Indexed::default(),
            rules: BTreeMap::new(),
            services: Vec::new(),
            layout: Layout::default(),
            managers: Managers::default(),
            fail_on: Severity::Error,
            emit: Emit::default(),
        }
    }
}
