//! `argocd-notifications`: a subscription that sends no notification.

use std::collections::BTreeSet;

use super::applications::Application;
use super::notifications::{Condition, Notifications, is_config, triggers};
use super::{Own, Says, fields};
use crate::catalog::{Rule, RuleId, Severity};
use crate::finding::Finding;
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::found::Found;
use crate::text::{MAX_NAME, quoted};

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ArgocdNotifications,
    severity: Severity::Warning,
    summary: "Every trigger, template and service that an Application subscribes to must exist, and a trigger for self-heal must be able to fire.",
    why: "Argo CD silently skips a trigger or template that does not exist. A self-heal does not change the revision, so a message that is sent once per revision is not sent for it.",
    example: "an Application subscribes to on-sync-failed, and argocd-notifications-cm has no such trigger",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The prefix of annotations for subscriptions; a trigger and a service follow it.
const SUBSCRIBE: &str = "notifications.argoproj.io/subscribe.";

/// The field of a status that counts self-heals, which is set after the first one.
const HEALED: &str = "autoHealAttemptsCount";

/// The triggers of Argo CD's catalogue that report failures.
const FAILURES: [&str; 2] = ["on-sync-failed", "on-health-degraded"];

pub(in crate::rules) fn check(own: &Own<'_, '_>, _: &Policy, found: &mut Found) {
    let mut known = own
        .repository
        .map(|repository| repository.notifications.clone())
        .unwrap_or_default();
    own.resources.iter().for_each(|one| known.add(one));
    for application in own.resources.iter().filter_map(Application::of) {
        subscriptions(own, &application, &known, found);
    }
    for config in own.resources.iter().filter(|one| is_config(one)) {
        for (name, conditions) in triggers(config) {
            for says in conditions.iter().filter_map(|one| fault(name, one, &known)) {
                found.push(at_trigger(own, config, name, says));
            }
        }
    }
}

/// A finding about a trigger.
fn at_trigger(own: &Own<'_, '_>, config: &Resource<'_>, name: &str, says: Says) -> Finding {
    let key = format!("trigger.{name}");
    let way = fields(&["data", &key]);
    own.finding(RULE.id, config, way, says)
}

/// Checks the subscriptions of an Application.
fn subscriptions(
    own: &Own<'_, '_>,
    application: &Application<'_, '_>,
    known: &Notifications,
    found: &mut Found,
) {
    let annotations = ["metadata", "annotations"];
    let node = application.at(&annotations);
    let keys = node.iter().flat_map(|node| node.entries());
    let keys: Vec<&str> = keys.map(|(key, _)| key.text()).collect();
    let subscribed: Vec<(&str, &str, Option<&str>)> = keys
        .iter()
        .filter_map(|key| {
            let mut parts = key.strip_prefix(SUBSCRIBE)?.split('.');
            let first = parts.next()?;
            Some(match parts.next() {
                Some(service) => (*key, service, Some(first)),
                // The triggers are the defaults of the `ConfigMap`.
                None => (*key, first, None),
            })
        })
        .filter(|(key, ..)| !key.contains("{{"))
        .collect();
    for (key, service, trigger) in &subscribed {
        let lacks = |names: &BTreeSet<String>, name: &str| {
            known.is_here && !known.is_part && !names.contains(name)
        };
        let what = match trigger {
            Some(trigger) if lacks(&known.triggers, trigger) => ("trigger", *trigger),
            _ if lacks(&known.services, service) => ("service", *service),
            _ => continue,
        };
        let says = Says {
            headline: format!(
                "it subscribes to the {} {}, which argocd-notifications-cm does not have",
                what.0,
                quoted(what.1, MAX_NAME)
            ),
            demand: "Argo CD sends nothing, and reports it only in its log.".to_owned(),
            help: format!(
                "Add {}.{} to the data of argocd-notifications-cm, or correct the annotation.",
                what.0, what.1
            ),
        };
        let mut way = application.nearest(&annotations);
        way.push(key);
        found.push(own.finding(RULE.id, application.resource, fields(&way), says));
    }
    let hears = |trigger: &&str| subscribed.iter().any(|(_, _, one)| *one == Some(*trigger));
    let has_defaults = subscribed.iter().any(|(_, _, trigger)| trigger.is_none());
    let is_told = known.subscribes || has_defaults || FAILURES.iter().any(hears);
    if !subscribed.is_empty() && !is_told {
        let says = Says {
            headline: "no message is sent when a sync fails or the application becomes unhealthy"
                .to_owned(),
            demand: "It subscribes only to other triggers.".to_owned(),
            help: format!("Subscribe to {} as well.", FAILURES.join(" and ")),
        };
        let way = fields(&application.nearest(&annotations));
        found.push_as(
            Severity::Info,
            own.finding(RULE.id, application.resource, way, says),
        );
    }
}

/// What is wrong with a condition of a trigger.
fn fault(trigger: &str, condition: &Condition, known: &Notifications) -> Option<Says> {
    let mut sent = condition.send.iter();
    let lacking = sent.find(|template| !known.is_part && !known.templates.contains(*template));
    if let Some(template) = lacking {
        return Some(Says {
            headline: format!(
                "the trigger {} sends the template {}, which does not exist",
                quoted(trigger, MAX_NAME),
                quoted(template, MAX_NAME)
            ),
            demand: "Argo CD sends nothing, and reports it only in its log.".to_owned(),
            help: format!("Add template.{template} to data."),
        });
    }
    if !condition.when.contains(HEALED) {
        return None;
    }
    let name = quoted(trigger, MAX_NAME);
    if !condition.when.contains("??") {
        return Some(Says {
            headline: format!(
                "the condition of {name} fails for every sync that is not a self-heal"
            ),
            demand: format!("{HEALED} exists only after a self-heal."),
            help: format!(
                "Use the condition (app.status?.operationState?.operation?.sync?.{HEALED} ?? 0) > 0"
            ),
        });
    }
    condition
        .once_per
        .to_lowercase()
        .contains("revision")
        .then(|| Says {
            headline: format!(
                "{name} is sent once per revision, and a self-heal has no new revision"
            ),
            demand: "Only the first self-heal after a commit is reported.".to_owned(),
            help: "Set oncePer to app.status.operationState?.startedAt".to_owned(),
        })
}
