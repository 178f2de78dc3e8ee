//! Applications of Argo CD, and their specs.

use super::notifications::is_config;
use crate::resource::Resource;
use crate::yaml::{Kind, Node};

/// A definition of a deployment: an Application, or the template of an `ApplicationSet`.
pub(super) struct Application<'s, 'a> {
    pub resource: &'s Resource<'a>,
    /// The path to the Application within the resource.
    way: &'static [&'static str],
    node: Node<'a>,
    /// Whether files that are not read may change its settings for syncing.
    pub is_patched: bool,
}

/// The state of a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    On,
    Off,
    /// A template's parameter, or a value that Argo CD does not accept.
    Unknown,
}

/// Whether a resource says what Argo CD or Flux deploys, or what they leave alone.
#[must_use]
pub fn deploys(resource: &Resource<'_>) -> bool {
    let group = resource.group();
    group.ends_with(".toolkit.fluxcd.io")
        || group == "argoproj.io"
            && matches!(
                resource.kind(),
                "Application" | "ApplicationSet" | "AppProject"
            )
        || resource.annotation(FLUX_RECONCILES).is_some()
        || is_config(resource)
}

/// The annotation of any resource that Flux leaves alone.
pub(super) const FLUX_RECONCILES: &str = "kustomize.toolkit.fluxcd.io/reconcile";

impl<'s, 'a> Application<'s, 'a> {
    /// The Application that a resource is, or makes.
    pub fn of(resource: &'s Resource<'a>) -> Option<Self> {
        if resource.group() != "argoproj.io" {
            return None;
        }
        let (way, is_set): (&[&str], bool) = match resource.kind() {
            "Application" => (&[], false),
            "ApplicationSet" => (&["spec", "template"], true),
            _ => return None,
        };
        let node = resource.node.at(way)?;
        let spec = node.get("spec").filter(|spec| spec.is_map())?;
        // Without a destination and a project, it is only part of an Application.
        if spec.get("destination").is_none() && spec.get("project").is_none() {
            return None;
        }
        let is_patched = is_set && {
            let has_patch = resource.node.at(&["spec", "templatePatch"]).is_some();
            let generators = resource.node.at(&["spec", "generators"]);
            has_patch || generators.is_some_and(|node| has_template(node, MAX_DEPTH))
        };
        Some(Self {
            resource,
            way,
            node,
            is_patched,
        })
    }

    /// A value of the Application.
    pub fn at(&self, path: &[&str]) -> Option<Node<'a>> {
        self.node.at(path).filter(|node| !node.is_null())
    }

    /// The longest beginning of a path that exists, from the resource on.
    pub fn nearest<'p>(&self, path: &[&'p str]) -> Vec<&'p str> {
        let (_, mut end) = (0..=path.len())
            .map(|end| (self.node.at(&path[..end]).is_some(), end))
            .take_while(|(is_there, _)| *is_there)
            .last()
            .unwrap_or_default();
        // A list or a map that is null has no line of its own to change.
        while end > 1 && self.node.at(&path[..end]).is_some_and(Node::is_null) {
            end -= 1;
        }
        self.way.iter().chain(&path[..end]).copied().collect()
    }
}

/// Deeper than generators of generators are nested.
const MAX_DEPTH: usize = 16;

/// Whether a generator has its own template, which overrides that of the set.
fn has_template(node: Node<'_>, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return true;
    };
    let mut items = node.items();
    let mut entries = node.entries();
    items.any(|item| has_template(item, depth))
        || entries.any(|(key, value)| match key.text() {
            "template" => value.at(&["spec", "syncPolicy"]).is_some(),
            _ => has_template(value, depth),
        })
}

/// The state of a switch that is set.
pub(super) fn switch(node: Node<'_>) -> Switch {
    match (node.kind(), node.text()) {
        (Kind::Bool, text) if text.eq_ignore_ascii_case("true") => Switch::On,
        (Kind::Bool, _) => Switch::Off,
        _ => Switch::Unknown,
    }
}
