//! The findings of a comparison, put together: the sides, the place, and the words of the rule.

use std::borrow::Cow;

use super::words;
use crate::catalog::RuleId;
use crate::compare::comparison::{Against, Classified, Comparison, Pair};
use crate::compare::diff::Change;
use crate::compare::pair::plain_name;
use crate::compare::steps::{base_path, field_path};
use crate::finding::{Compared, FieldRef, Finding, Name, REDACTED};
use crate::path::FieldPath;
use crate::resource::Resource;
use crate::text;
use crate::yaml::Node;

impl Comparison<'_, '_> {
    /// The environment as a sentence calls it.
    pub(super) fn environment(&self) -> &str {
        match self.sides.environment {
            "" => "the overlay",
            environment => environment,
        }
    }

    /// The baseline as a sentence calls it.
    pub(super) fn baseline(&self) -> Cow<'_, str> {
        match self.sides.baseline {
            "base" => Cow::Borrowed("the base"),
            baseline => Cow::Borrowed(baseline),
        }
    }

    /// The demand of a rule; it names the base if that is an environment.
    fn demand<'d>(&self, demand: &'d str) -> Cow<'d, str> {
        match (self.sides.against, self.baseline()) {
            (Against::Baseline, Cow::Borrowed(name)) if name != "the base" => {
                Cow::Owned(demand.replace("the base", name))
            }
            _ => Cow::Borrowed(demand),
        }
    }

    /// A finding about one change of a matched resource.
    pub(super) fn change_finding(
        &self,
        rule: RuleId,
        pair: Pair<'_, '_>,
        Classified { change, class, .. }: &Classified<'_>,
        saying: Saying<'_>,
    ) -> Finding {
        let field = field(change);
        let [overlay, base] = words::values(field.overlay.as_ref(), field.base.as_ref());
        let message = format!(
            "{}: {}: {} is {} in {}, {} in {}. {}",
            words::resource(pair.overlay),
            saying.headline,
            field.path,
            overlay,
            self.environment(),
            base,
            self.baseline(),
            self.demand(saying.demand),
        );
        let told = Told {
            message,
            headline: saying.headline,
            help: saying.help + &self.whereabouts(pair),
        };
        // The base's guidance for its overlays is for its owner to change, and no policy permits that.
        let permit = match rule {
            RuleId::BaseGuidance => String::new(),
            _ => self.exempt_at(rule, pair, &field.path),
        };
        Finding {
            class: Some(*class),
            permit,
            field: Some(field),
            ..self.pair_finding(rule, pair, told)
        }
    }

    /// The files that make the resource in both environments of a matrix, as far as the host has noted them.
    fn whereabouts(&self, pair: Pair<'_, '_>) -> String {
        if !matches!(self.sides.against, Against::Sibling { .. }) {
            return String::new();
        }
        let made = |resource: &Resource<'_>, environment: &str| {
            let files = resource.made_in();
            let files = files.iter().take(3).map(|file| text::one_line(file, 200));
            let files: Vec<_> = files.collect();
            (!files.is_empty()).then(|| format!("{environment} in {}", files.join(", ")))
        };
        let sides = [
            made(pair.overlay, self.environment()),
            made(pair.base, &self.baseline()),
        ];
        match sides.into_iter().flatten().collect::<Vec<_>>().as_slice() {
            [] => String::new(),
            made => format!(" kustomize makes {}.", made.join(", ")),
        }
    }

    /// A finding about a matched resource, to be completed.
    pub(super) fn pair_finding(&self, rule: RuleId, pair: Pair<'_, '_>, told: Told) -> Finding {
        Finding {
            base_name: Some(plain_name(pair.base).to_owned()),
            ..self.finding(rule, pair.overlay, pair.service, told)
        }
    }

    /// A finding about a resource, to be completed.
    pub(super) fn finding(
        &self,
        rule: RuleId,
        resource: &Resource<'_>,
        service: &str,
        told: Told,
    ) -> Finding {
        Finding {
            service: Name::new(service),
            compared: match self.sides.against {
                Against::Baseline => {
                    Compared::with_base(self.sides.environment, self.sides.baseline)
                }
                Against::Sibling { .. } => {
                    Compared::with_sibling(self.sides.environment, self.sides.baseline)
                }
            },
            resource: Some(resource.reference()),
            file: resource.file(),
            ..Finding::new(rule, told.message, told.headline, told.help)
        }
    }
}

/// The three texts of a finding.
pub(super) struct Told {
    pub message: String,
    pub headline: String,
    pub help: String,
}

/// The words of a rule about a place that is compared with nothing in Git.
pub(super) struct Says {
    /// What is wrong, without the place.
    pub headline: String,
    /// The demand, or the consequence, as a sentence.
    pub demand: String,
    pub help: String,
}

/// The words of a rule about a change.
pub(super) struct Saying<'s> {
    pub headline: String,
    /// The demand of the rule, for a line that is read alone.
    pub demand: &'s str,
    pub help: String,
}

/// The field of a change, with both values if they may be shown.
pub(super) fn field(change: &Change<'_>) -> FieldRef {
    FieldRef {
        path: field_path(&change.steps).into_owned(),
        base_path: base_path(&change.steps).map(FieldPath::into_owned),
        overlay: change.overlay.map(|node| shown(node, change.secret)),
        base: change.base.map(|node| shown(node, change.secret)),
    }
}

/// A value for a report, unless it is a Secret's or too long to be read.
fn shown(node: Node<'_>, secret: bool) -> serde_json::Value {
    /// Values with more nodes than this are named by a digest, not shown.
    const MAX_NODES: usize = 1000;
    if secret {
        REDACTED.into()
    } else if node.size() > MAX_NODES || has_long_key(node) {
        let mut all = String::new();
        node.write_canonical(&mut all);
        let digest = text::hex(&text::sha256(all.as_bytes()));
        format!("<sha256:{} of {} nodes>", &digest[..16], node.size()).into()
    } else {
        let mut value = node.to_json();
        // A sealed base is sorted, and two values are easiest to compare in one order.
        value.sort_all_objects();
        value
    }
}

/// Whether a key is longer than YAML allows without a mark before it, which no host expects in results.
fn has_long_key(node: Node<'_>) -> bool {
    const MAX_KEY: usize = 1000;
    node.entries()
        .any(|(key, value)| key.text().len() > MAX_KEY || has_long_key(value))
        || node.items().any(has_long_key)
}
