//! What a functionConfig asks for, checked.

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

/// The environment that a recorder records and a policy compares with, unless they say otherwise.
pub const BASE: &str = "base";

/// What the function was asked to be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a run has one, so a box would save nothing"
)]
pub enum Config {
    /// Seal the incoming items.
    Recorder(Recorder),
    /// Compare what came with what was sealed.
    Policy(Policy),
}

/// How to seal the incoming items; from a `SnapshotRecorder`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorder {
    /// The service that the items belong to, a DNS label.
    pub service: String,
    /// The environment that the items are, a DNS label.
    pub environment: String,
    /// What becomes of the items themselves.
    pub mode: Mode,
}

/// What an overlay may do; from a `ParityPolicy`, or the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What reports call its file; `None` where it is no file of its own.
    pub file: Option<String>,
    /// The environment that live items are; unset for a matrix of snapshots.
    pub environment: Option<String>,
    /// All environments in promotion order; empty where the policy does not list them.
    pub environments: Vec<String>,
    /// The environment to compare with.
    pub baseline: String,
    /// Whether the policy names its baseline, and so cannot do without it.
    pub needs_baseline: bool,
    /// Whether renames that make an overlay an environment are cancelled before judging.
    pub identity: IdentityMode,
    /// The classes that an overlay may change.
    pub allowed: ClassSet,
    /// Where the file says what it says but for lists of entries: `spec.failOn`, `spec.allow.classes.image`.
    pub places: BTreeMap<String, Place>,
    /// Single fields that an overlay may change beyond the classes.
    pub fields: Indexed<AllowedField>,
    /// Findings that may exist until a day.
    pub exemptions: Indexed<Exemption>,
    /// What the policy says about single rules, by id; their records speak for the others.
    pub rules: BTreeMap<RuleId, RuleSetting>,
    /// Which services have fewer environments than the policy lists.
    pub services: Vec<ServiceEnvironments>,
    /// Where the overlays of a repository lie.
    pub layout: Layout,
    /// Who is who in the clusters, beside the managers that are known.
    pub managers: Managers,
    /// The lightest weight that fails the build.
    pub fail_on: Severity,
    /// Whether the items go on.
    pub emit: Emit,
}

impl Policy {
    /// The weight of a rule's findings under this policy.
    #[must_use]
    pub fn severity(&self, rule: &Rule) -> Severity {
        let set = self
            .rules
            .get(&rule.id)
            .and_then(|setting| setting.severity);
        set.unwrap_or(rule.severity)
    }

    /// The greatest factor or number that a rule lets pass, as an exact decimal of at least [`Rule::least`].
    ///
    /// It is text because quantities are compared exactly, never as floats. A
    /// rule without such a bound has the strictest one, `1`.
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
    /// The first entry of `spec.services` that fits decides; a service that none fits has all that are listed.
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
