//! The configuration of Argo CD's notifications: triggers, templates and services of their `ConfigMap`.

use std::collections::BTreeSet;

use crate::resource::Resource;
use crate::yaml::{self, Node};

/// The name of the `ConfigMap`.
const NAME: &str = "argocd-notifications-cm";

/// Whether a resource is the `ConfigMap` of notifications.
pub(super) fn is_config(resource: &Resource<'_>) -> bool {
    resource.kind() == "ConfigMap" && resource.group().is_empty() && resource.name() == NAME
}

/// The names to which Applications can subscribe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notifications {
    /// Whether any `ConfigMap` of notifications is here, or a part of it.
    pub is_here: bool,
    /// Whether more of it may be elsewhere.
    pub is_part: bool,
    /// Whether it subscribes Applications by itself.
    pub subscribes: bool,
    pub(super) triggers: BTreeSet<String>,
    pub(super) templates: BTreeSet<String>,
    pub(super) services: BTreeSet<String>,
}

impl Notifications {
    /// Adds the content of a resource, if that is the `ConfigMap` or a patch of it.
    pub fn add(&mut self, resource: &Resource<'_>) {
        if !is_config(resource) {
            return;
        }
        self.is_here = true;
        for (key, _) in resource
            .node
            .get("data")
            .iter()
            .flat_map(|data| data.entries())
        {
            let (kind, name) = key.text().split_once('.').unwrap_or((key.text(), ""));
            let into = match kind {
                "trigger" => &mut self.triggers,
                "template" => &mut self.templates,
                // A kind of service may be followed by a name of its own.
                "service" => &mut self.services,
                "subscriptions" => {
                    self.subscribes = true;
                    continue;
                }
                _ => continue,
            };
            let own = match kind {
                "service" => name.rsplit('.').next().unwrap_or_default(),
                _ => name,
            };
            into.insert(own.to_owned());
        }
    }
}

/// One condition of a trigger.
pub(super) struct Condition {
    pub when: String,
    pub once_per: String,
    pub send: Vec<String>,
}

/// The triggers of the `ConfigMap`, with their conditions; a trigger that is not YAML has none.
pub(super) fn triggers<'a>(config: &Resource<'a>) -> Vec<(&'a str, Vec<Condition>)> {
    let data = config.node.get("data");
    let entries = data.iter().flat_map(|data| data.entries());
    let mut all = Vec::new();
    for (key, value) in entries {
        let Some(name) = key.text().strip_prefix("trigger.") else {
            continue;
        };
        let Ok(tree) = yaml::parse_lax(value.text()) else {
            continue;
        };
        let conditions = tree.roots().flat_map(Node::items).map(condition).collect();
        all.push((name, conditions));
    }
    all
}

fn condition(node: Node<'_>) -> Condition {
    let text = |key: &str| node.str_at(&[key]).unwrap_or_default().to_owned();
    let send = node.get("send");
    let send = send.iter().flat_map(|list| list.items());
    Condition {
        when: text("when"),
        once_per: text("oncePer"),
        send: send.map(|name| name.text().to_owned()).collect(),
    }
}
