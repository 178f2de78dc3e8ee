//! The values of a base that it leaves to the environments.

use crate::catalog::Class;
use crate::compare::comparison::Classified;
use crate::compare::diff::ChangeKind;
use crate::text::repository;
use crate::yaml::Node;

/// Whether the base only says that an environment is to fill something in.
pub(in crate::rules) fn is_placeholder(Classified { change, class }: &Classified<'_>) -> bool {
    let text = change
        .base
        .filter(|node| node.is_scalar() && !node.is_null());
    change.kind == ChangeKind::Modified
        && !change.secret
        && text.is_some_and(|node| match class {
            // Each of a chart's values holds a part of an image.
            Class::Image | Class::ImageTag if change.pod.is_some() => is_open_image(node.text()),
            _ => is_open(node.text()),
        })
}

/// Whether the base names a moving version, `latest` or none, and the environment another one.
pub(in crate::rules) fn is_floating(Classified { change, class }: &Classified<'_>) -> bool {
    *class == Class::ImageTag
        && change.pod.is_some()
        && change.kind == ChangeKind::Modified
        && change.base.is_some_and(moves)
}

/// Whether the base names a version, and the environment a moving one instead, so that it does not say what it runs.
pub(in crate::rules) fn is_unpinned(classified: &Classified<'_>) -> bool {
    let change = &classified.change;
    classified.class == Class::ImageTag
        && change.pod.is_some()
        && change.overlay.is_some_and(moves)
        && change.base.is_some_and(|base| !moves(base))
        && !is_placeholder(classified)
}

/// Whether an image has a version that moves.
fn moves(image: Node<'_>) -> bool {
    let text = image.text();
    image.is_scalar() && matches!(&text[repository(text).len()..], "" | ":latest")
}

fn is_open(text: &str) -> bool {
    matches!(text, "" | "latest") || text.split(['/', ':', '@']).any(is_mark)
}

/// Whether one part of a value asks for another value.
fn is_mark(part: &str) -> bool {
    const SHOUTED: [&str; 5] = ["REPLACE", "CHANGE_ME", "CHANGEME", "PLACEHOLDER", "TODO"];
    const SAID: [&str; 5] = [
        "REPLACE_ME",
        "REPLACEME",
        "CHANGE_ME",
        "CHANGEME",
        "PLACEHOLDER",
    ];
    let said = part.to_ascii_uppercase().replace('-', "_");
    SHOUTED.iter().any(|mark| part.starts_with(mark))
        || SAID.contains(&said.as_str())
        || said.starts_with("SET_BY_")
        || part.len() > 2 && part.starts_with('<') && part.ends_with('>')
}

/// Whether an image is one that no cluster is meant to pull: without a registry and a version, or with a name that no
/// registry accepts, because names are in lower case there.
fn is_open_image(image: &str) -> bool {
    let name = image.split('@').next().unwrap_or_default();
    let (repository, tag) = match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (name, ""),
    };
    let is_bare = !repository.contains('/') && matches!(tag, "" | "latest") && name == image;
    is_bare
        || is_open(image)
        || repository.starts_with("registry/")
        || repository.contains(|letter: char| letter.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_ask_for_another_are_known() {
        for open in [
            "",
            "latest",
            "REPLACE_ME",
            "REPLACE-THIS",
            "CHANGE_ME-now",
            "changeme",
            "replace-me",
            "TODO",
            "set-by-overlay",
            "SET_BY_ENVIRONMENT",
            "<your-domain>",
            "https://PLACEHOLDER/path",
        ] {
            assert!(is_open(open), "{open}");
        }
        for said in [
            "ready",
            "my TODO",
            "latest-1",
            "replace",
            "reset-by-hand",
            "<>",
            "a<b>",
            "set-byte",
        ] {
            assert!(!is_open(said), "{said}");
        }
    }

    #[test]
    fn images_that_are_never_pulled_are_known() {
        for open in [
            "api",
            "controller:latest",
            "REGISTRY/api:1",
            "registry/api",
            "quay.io/shop/api:set-by-overlay",
            "<registry>/api:1",
            "ghcr.io/OWNER/api:main",
        ] {
            assert!(is_open_image(open), "{open}");
        }
        for said in [
            "nginx:1.27",
            "shop/api",
            "shop/api:latest",
            "registry.example.com/api:1",
            "registry:5000/api",
            "localhost:5000/api:latest",
            "nginx@sha256:0f0f",
            "shop/api:RELEASE-1",
        ] {
            assert!(!is_open_image(said), "{said}");
        }
    }
}
