//! The author of a request: a person, a deployer, or a controller.

use serde_json::Value;

use super::event::{Event, Requester};
use crate::live::{Group, Managers, group};

/// User names of components of a cluster, or of the cloud that runs it.
const COMPONENTS: [&str; 11] = [
    "system:addon-manager",
    "system:apiserver",
    "system:cloud-controller-manager",
    "system:kube-controller-manager",
    "system:kube-proxy",
    "system:kube-scheduler",
    "system:gke-",
    "system:node:",
    "system:serviceaccount:kube-system:",
    "aksService",
    "eks:",
];

/// The group of a request's author.
///
/// A service account is recognized by its name, as managers are; an unknown one is not a person,
/// whatever tool it uses. What the policy says about a user overrides all knowledge of tools.
pub(super) fn of(by: &Requester, manager: &str, said: &Managers) -> Group {
    let user = user(by);
    let account = account(user);
    if let Some(group) = of_user(user, said) {
        return group;
    }
    let known = account.map_or(Group::Unknown, |name| group(said, name));
    if known != Group::Unknown {
        return known;
    }
    if COMPONENTS.iter().any(|name| user.starts_with(name)) {
        return Group::Controller;
    }
    match group(said, manager) {
        Group::Person if account.is_some() => Group::Unknown,
        known => known,
    }
}

/// Whether the policy knows the author of a request, so that nothing has to be guessed.
pub(super) fn is_said(by: &Requester, manager: &str, said: &Managers) -> bool {
    of_user(user(by), said).is_some() || said.group(manager).is_some()
}

fn user(by: &Requester) -> &str {
    by.impersonated.as_ref().unwrap_or(&by.user)
}

/// The name of a service account without its namespace.
fn account(user: &str) -> Option<&str> {
    let account = user.strip_prefix("system:serviceaccount:")?;
    Some(account.split_once(':').map_or("", |(_, name)| name))
}

/// What the policy says about a user, by the full name; for a service account, also by the name
/// without its namespace.
fn of_user(user: &str, said: &Managers) -> Option<Group> {
    said.group(user)
        .or_else(|| account(user).and_then(|name| said.group(name)))
}

/// The field manager of a request: from the request, from the answer, or else from the client's
/// name.
pub(super) fn manager(event: &Event) -> String {
    event
        .manager
        .clone()
        .or_else(|| noted(event))
        .unwrap_or_else(|| {
            event
                .by
                .user_agent
                .split(['/', ' '])
                .next()
                .unwrap_or_default()
                .to_owned()
        })
}

/// The manager whose entry in the answer has the time of the request, if there is only one.
fn noted(event: &Event) -> Option<String> {
    let metadata = event.response.as_ref()?.get("metadata")?;
    let entries = metadata.get("managedFields")?.as_array()?;
    let is_now = |time: &str| is_within(time, &event.received, &event.answered);
    let mut now = entries.iter().filter(|entry| {
        let time = entry.get("time").and_then(Value::as_str);
        time.is_some_and(is_now)
    });
    let one = now.next()?;
    if now.next().is_some() {
        return None;
    }
    one.get("manager")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// Whether a time in whole seconds is within a request.
pub(super) fn is_within(time: &str, received: &str, answered: &str) -> bool {
    let second = |text: &str| text.get(..19).map(str::to_owned);
    let Some(time) = second(time) else {
        return false;
    };
    let from = second(received);
    let to = second(answered).or_else(|| from.clone());
    from.is_some_and(|from| from <= time) && to.is_some_and(|to| time <= to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_recognized_by_name_and_people_by_their_tools() {
        for (user, manager, expected) in [
            ("alice@acme.example", "kubectl-edit", Group::Person),
            ("alice@acme.example", "argocd-controller", Group::Deployer),
            (
                "system:serviceaccount:argocd:argocd-application-controller",
                "kubectl",
                Group::Deployer,
            ),
            (
                "system:serviceaccount:argocd:argocd-server",
                "argocd-server",
                Group::Person,
            ),
            (
                "system:serviceaccount:flux-system:kustomize-controller",
                "kustomize-controller",
                Group::Deployer,
            ),
            (
                "system:serviceaccount:kube-system:horizontal-pod-autoscaler",
                "kube-controller-manager",
                Group::Controller,
            ),
            (
                "system:serviceaccount:kube-system:generic-garbage-collector",
                "x",
                Group::Controller,
            ),
            (
                "system:serviceaccount:ci:runner",
                "kubectl-client-side-apply",
                Group::Unknown,
            ),
            ("system:serviceaccount:ci:runner", "helm", Group::Deployer),
            ("system:node:one", "kubelet", Group::Controller),
            ("system:admin", "kubectl-edit", Group::Person),
            ("", "", Group::Unknown),
        ] {
            let by = Requester {
                user: user.to_owned(),
                ..Requester::default()
            };
            assert_eq!(
                of(&by, manager, &Managers::default()),
                expected,
                "{user} {manager}"
            );
        }
        let by = Requester {
            user: "system:serviceaccount:argocd:argocd-application-controller".to_owned(),
            impersonated: Some("bob".to_owned()),
            ..Requester::default()
        };
        assert_eq!(of(&by, "kubectl-edit", &Managers::default()), Group::Person);
    }

    #[test]
    fn a_time_is_compared_with_a_request_in_whole_seconds() {
        let (from, to) = ("2026-11-25T19:52:12.469055Z", "2026-11-25T19:52:13.482674Z");
        assert!(is_within("2026-11-25T19:52:12Z", from, to));
        assert!(is_within("2026-11-25T19:52:13Z", from, to));
        assert!(!is_within("2026-11-25T19:52:14Z", from, to));
        assert!(!is_within("", from, to));
        assert!(!is_within("é2026-11-25T19:52:1", from, to));
    }
}
