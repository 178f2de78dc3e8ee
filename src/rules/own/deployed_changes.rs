//! Changes that a deployer makes to a build: patches and images of an Application, or of a
//! Kustomization of Flux.
//!
//! They are not part of the build of the overlay, so no other rule sees them.

use super::applications::Application;
use super::repository::within;
use crate::path::Segment;
use crate::resource::Resource;
use crate::yaml::Node;

/// The fields of a Kustomization of Flux that change a build, and those of the source of an
/// Application.
const FIELDS: [&str; 4] = [
    "images",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
];

/// A field with changes of a build.
pub(super) struct Change<'a> {
    /// The path to it within the resource.
    pub way: Vec<Segment<'a>>,
    /// Its name.
    pub name: &'static str,
    /// Whether it only sets tags and digests, as tools that update images do.
    pub is_version: bool,
    node: Node<'a>,
}

/// The directory that a resource deploys, as written, and the fields that change its build.
///
/// Applications with several sources are left out.
pub(super) fn changes<'a>(resource: &Resource<'a>) -> Option<(&'a str, Vec<Change<'a>>)> {
    let (path, node, way): (&str, Option<Node<'a>>, Vec<&str>) =
        if let Some(application) = Application::of(resource) {
            let source = application.at(&["spec", "source"])?;
            let way = application.nearest(&["spec", "source", "kustomize"]);
            (source.str_at(&["path"])?, source.get("kustomize"), way)
        } else if resource.group() == "kustomize.toolkit.fluxcd.io" {
            let spec = resource.node.get("spec")?;
            (spec.str_at(&["path"])?, Some(spec), vec!["spec"])
        } else {
            return None;
        };
    let of = |name: &'static str| {
        let node = node?.get(name)?;
        node.items().next()?;
        let way = way.iter().copied().chain([name]);
        let way = way.map(|field| Segment::Field(field.into())).collect();
        Some(Change {
            way,
            name,
            is_version: name == "images" && node.items().all(is_version),
            node,
        })
    };
    Some((path, FIELDS.into_iter().filter_map(of).collect()))
}

/// Whether an entry for an image keeps its repository: `app:1.2`, and not `app=other:1.2`.
fn is_version(image: Node<'_>) -> bool {
    if image.is_scalar() {
        return !image.text().contains('=');
    }
    image.get("newName").is_none()
}

/// The changes as one text, which is the same for the same changes.
pub(super) fn text(changes: &[Change<'_>]) -> String {
    let all = changes.iter().map(|change| {
        let mut value = change.node.to_json();
        value.sort_all_objects();
        format!("{}: {value}\n", change.name)
    });
    all.collect()
}

/// The directory that a resource deploys, and its changes of the build as a text.
#[must_use]
pub fn deployed_changes(resource: &Resource<'_>) -> Option<(String, String)> {
    let (written, changes) = changes(resource)?;
    Some((within(written)?, text(&changes)))
}
