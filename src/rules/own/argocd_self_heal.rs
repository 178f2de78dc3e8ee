//! `argocd-self-heal`: Argo CD leaves changes in the cluster that are not in Git.

use super::applications::{Application, Switch, switch};
use super::{Own, Says, fields};
use crate::catalog::{Rule, RuleId, Severity};
use crate::policy::Policy;
use crate::rules::found::Found;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ArgocdSelfHeal,
    severity: Severity::Warning,
    summary: "An Argo CD Application should sync automatically, prune, and self-heal.",
    why: "Without selfHeal, a change in the cluster stays until the next commit; without prune, objects that were removed from Git stay forever.",
    example: "syncPolicy.automated of an Application has prune: true, but not selfHeal",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The switches of `automated`, and the effect of each if it is off.
const SWITCHES: [(&str, &str); 2] = [
    ("selfHeal", "changes in the cluster are not reverted"),
    (
        "prune",
        "objects that are removed from Git stay in the cluster",
    ),
];

pub(in crate::rules) fn check(own: &Own<'_, '_>, _: &Policy, found: &mut Found) {
    for application in own.resources.iter().filter_map(Application::of) {
        if application.is_patched {
            continue;
        }
        let mut way = vec!["spec", "syncPolicy", "automated"];
        let (headline, help) = match application.at(&way) {
            None => (
                "Argo CD does not sync it automatically".to_owned(),
                "Add syncPolicy: {automated: {prune: true, selfHeal: true}}".to_owned(),
            ),
            Some(automated) => {
                let is_off = |name: &&(&str, &str)| {
                    let said = automated.get(name.0).filter(|node| !node.is_null());
                    said.is_none_or(|node| switch(node) == Switch::Off)
                };
                let off: Vec<_> = SWITCHES.iter().filter(is_off).collect();
                let enabled = automated.get("enabled").map(switch);
                // A paused one does neither, which is another finding.
                if off.is_empty() || !automated.is_map() || enabled == Some(Switch::Off) {
                    continue;
                }
                // The line of the switch, if it is written.
                if let [(name, _)] = off.as_slice() {
                    way.push(name);
                }
                let names: Vec<&str> = off.iter().map(|(name, _)| *name).collect();
                let comes: Vec<&str> = off.iter().map(|(_, comes)| *comes).collect();
                let lines: Vec<String> = names.iter().map(|name| format!("{name}: true")).collect();
                (
                    match names.as_slice() {
                        [name] => format!("{name} is off: {}", comes.join(", and ")),
                        _ => format!("{} are off: {}", names.join(" and "), comes.join(", and ")),
                    },
                    format!("Set {} under syncPolicy.automated.", lines.join(" and ")),
                )
            }
        };
        let says = Says {
            headline,
            demand: RULE.summary.to_owned(),
            help,
        };
        let way = fields(&application.nearest(&way));
        found.push(own.finding(RULE.id, application.resource, way, says));
    }
}
