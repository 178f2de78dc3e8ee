//! The objects of both sides: pairs, missing objects, and extra ones.

use std::collections::{BTreeMap, BTreeSet};

use super::managers::{Group, Managers};
use super::owned::{Entry, Managed};
use super::recovery::Sides;
use super::silence::Silent;
use super::verdict::{Drift, Scene, judge};
use crate::compare::classify::Surroundings;
use crate::compare::hidden::hide;
use crate::compare::scaled::{all_scaled, workload};
use crate::resource::Resource;
use crate::yaml::Node;

/// The annotation in which Argo CD records the application of an object, and the object that was
/// annotated.
const TRACKING: &str = "argocd.argoproj.io/tracking-id";

/// The annotations in which Flux and Helm record the owner of an object, as two keys.
const NOTES: [(&str, &str, &str); 3] = [
    (
        "labels",
        "kustomize.toolkit.fluxcd.io/namespace",
        "kustomize.toolkit.fluxcd.io/name",
    ),
    (
        "labels",
        "helm.toolkit.fluxcd.io/namespace",
        "helm.toolkit.fluxcd.io/name",
    ),
    (
        "annotations",
        "meta.helm.sh/release-namespace",
        "meta.helm.sh/release-name",
    ),
];

/// A resource of Git with its live object.
#[derive(Debug)]
pub struct Pair<'s, 'a> {
    /// The resource in Git.
    pub want: &'s Resource<'a>,
    /// The object in the cluster.
    pub live: &'s Resource<'a>,
    /// Whether both have the same API version; otherwise nothing was compared.
    pub is_of_one_version: bool,
    /// The fields that differ from Git.
    pub drifts: Vec<Drift<'a>>,
    /// The differences that are not drift.
    pub silent: Vec<Silent<'a>>,
}

impl<'s, 'a> Pair<'s, 'a> {
    /// Both sides, to make patches.
    #[must_use]
    pub const fn sides(&self) -> Sides<'s, 'a> {
        Sides {
            want: self.want,
            live: self.live,
        }
    }
}

/// The comparison of Git and cluster.
#[derive(Debug)]
pub struct Live<'s, 'a> {
    /// The resources that are on both sides.
    pub pairs: Vec<Pair<'s, 'a>>,
    /// The resources that only Git has, and whether the cluster returned any object of that kind.
    pub missing: Vec<(&'s Resource<'a>, bool)>,
    /// The objects that only the cluster has, from this application or a person, each with the
    /// manager that created it.
    pub extra: Vec<(&'s Resource<'a>, Entry<'a>)>,
    /// Whether the objects came with their owners (`managedFields`).
    pub is_managed: bool,
}

impl Live<'_, '_> {
    /// Hides values that are equal to one of these texts, or contain one.
    pub fn hide(&mut self, hidden: &[String]) {
        for pair in &mut self.pairs {
            for drift in &mut pair.drifts {
                let changes = [&mut drift.change].into_iter().chain(&mut drift.inner);
                changes.for_each(|change| hide(change, hidden));
            }
            for one in &mut pair.silent {
                hide(&mut one.change, hidden);
            }
        }
    }
}

/// The reason why two sides cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// One object occurs twice, with two contents.
    #[error("{0} appears twice with different contents; pass each object once")]
    Twice(String),
    /// Git names no namespace, and several namespaces have the object.
    #[error(
        "{0} has no namespace in Git, and live objects of that name are in {1}; pass the objects of one namespace"
    )]
    Namespaces(String, String),
}

/// Pairs the resources of Git with live objects, and judges every field; `said` is what the policy
/// says about managers.
///
/// # Errors
///
/// Fails if it is ambiguous which object a resource belongs to.
pub fn compare<'s, 'a>(
    git: &'s [Resource<'a>],
    live: &'s [Resource<'a>],
    said: &Managers,
) -> Result<Live<'s, 'a>, Unread> {
    let is_managed = live
        .iter()
        .any(|one| one.node.at(&["metadata", "managedFields"]).is_some());
    let mut by_key: BTreeMap<_, &'s Resource<'a>> = BTreeMap::new();
    for one in live {
        if let Some(other) = by_key.insert(one.key(), one)
            && one.node.to_json() != other.node.to_json()
        {
            return Err(Unread::Twice(called(one)));
        }
    }
    let scaled = all_scaled(git.iter().chain(live));
    let mut paired = BTreeSet::new();
    let mut out = Live {
        pairs: Vec::new(),
        missing: Vec::new(),
        extra: Vec::new(),
        is_managed,
    };
    for want in git.iter().filter(|want| is_kept(want)) {
        let Some(live_one) = find(want, &by_key)? else {
            let mut all = live.iter();
            let kind = (want.group(), want.kind());
            let has_kind = all.any(|one| (one.group(), one.kind()) == kind);
            out.missing.push((want, has_kind));
            continue;
        };
        paired.insert(live_one.key());
        let is_of_one_version = want.version() == live_one.version();
        let identity = live_one.identity;
        let scene = Scene {
            around: Surroundings {
                resource: live_one,
                base: git,
                overlay: live,
            },
            is_managed,
            is_autoscaled: scaled.contains_key(&workload(live_one))
                || scaled.contains_key(&(identity.kind, identity.name, want.identity.namespace)),
            said,
        };
        let (drifts, silent) = if is_of_one_version {
            judge(want, live_one, scene)
        } else {
            (Vec::new(), Vec::new())
        };
        out.pairs.push(Pair {
            want,
            live: live_one,
            is_of_one_version,
            drifts,
            silent,
        });
    }
    let mine: BTreeSet<String> = out
        .pairs
        .iter()
        .filter_map(|pair| application(pair.live))
        .collect();
    for one in by_key
        .into_values()
        .filter(|one| !paired.contains(&one.key()))
    {
        out.extra.extend(
            maker(
                one,
                &mine,
                git.iter().any(|want| is_same_but_kept(want, one)),
                said,
            )
            .map(|maker| (one, maker)),
        );
    }
    Ok(out)
}

/// A resource's name in a sentence, with its namespace.
fn called(resource: &Resource<'_>) -> String {
    let namespace = match resource.identity.namespace {
        "" => String::new(),
        namespace => format!(" of namespace {namespace}"),
    };
    format!("{} {}{namespace}", resource.kind(), resource.name())
}

/// Whether a resource is permanent: hooks and jobs that clean up after themselves are not.
fn is_kept(want: &Resource<'_>) -> bool {
    let is_hook =
        ["argocd.argoproj.io/hook", "helm.sh/hook"].map(|key| want.annotation(key).is_some());
    let cleans_up = want.kind() == "Job"
        && want
            .node
            .at(&["spec", "ttlSecondsAfterFinished"])
            .is_some_and(|ttl| !ttl.is_null());
    !is_hook.contains(&true) && !want.name().is_empty() && !cleans_up
}

/// Whether an object belongs to a resource of Git that is not permanent.
fn is_same_but_kept(want: &Resource<'_>, live: &Resource<'_>) -> bool {
    !is_kept(want)
        && (want.group(), want.kind()) == (live.group(), live.kind())
        && (want.name() == live.name() || want.name().is_empty())
}

/// The live object of a resource in Git; without a namespace it must be the only one of its name.
fn find<'s, 'a>(
    want: &Resource<'a>,
    live: &BTreeMap<crate::resource::Key<'a>, &'s Resource<'a>>,
) -> Result<Option<&'s Resource<'a>>, Unread> {
    if let Some(exact) = live.get(&want.key()) {
        return Ok(Some(exact));
    }
    if !want.identity.namespace.is_empty() {
        return Ok(None);
    }
    let same: Vec<_> = live
        .values()
        .filter(|one| {
            (one.group(), one.kind(), one.name()) == (want.group(), want.kind(), want.name())
        })
        .collect();
    match same.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => {
            let namespaces: Vec<_> = several.iter().map(|one| one.identity.namespace).collect();
            Err(Unread::Namespaces(called(want), namespaces.join(" and ")))
        }
    }
}

/// The application that an object claims to belong to.
fn application(live: &Resource<'_>) -> Option<String> {
    if let Some(id) = live.annotation(TRACKING) {
        // The form is `app:group/kind:namespace/name`. Controllers copy it to the objects that they
        // create.
        let (app, object) = id.split_once(':')?;
        let (_, name) = object.rsplit_once('/')?;
        let (kind, _) = object.split_once(':')?;
        let (_, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
        return (name == live.name() && kind == live.kind()).then(|| format!("argocd {app}"));
    }
    NOTES.iter().find_map(|(field, outer, inner)| {
        let notes = live.node.at(&["metadata", field])?;
        let text = |key: &str| notes.get(key).and_then(Node::as_str);
        Some(format!("{outer} {}/{}", text(outer)?, text(inner)?))
    })
}

/// The manager that created an object that Git does not have; `None` if another owner is
/// responsible.
fn maker<'a>(
    live: &Resource<'a>,
    mine: &BTreeSet<String>,
    comes_and_goes: bool,
    said: &Managers,
) -> Option<Entry<'a>> {
    if live.node.at(&["metadata", "ownerReferences"]).is_some() || comes_and_goes {
        return None;
    }
    let managed = Managed::known(live, said);
    let first = managed.iter().find(|entry| entry.subresource.is_empty());
    if application(live).is_some_and(|app| mine.contains(&app)) {
        let deployer = managed.iter().find(|entry| entry.group == Group::Deployer);
        return deployer.or(first).copied();
    }
    let is_person = |entry: &Entry<'_>| {
        entry.group == Group::Person
            || entry.group == Group::Controller && entry.subresource == "status"
    };
    let persons = managed.iter().filter(|entry| entry.group == Group::Person);
    let last = persons.max_by_key(|entry| entry.time);
    last.filter(|_| managed.iter().all(is_person)).copied()
}
