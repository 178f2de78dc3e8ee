//! The same change to many resources: the same variable in every container, one registry for every image, a directory of added resources.

use serde_json::Value;

use super::family::below_container;
use crate::catalog::{Class, RuleId};
use crate::finding::{FieldRef, Finding};
use crate::path::{FieldPath, Segment};
use crate::text::repository;

/// What findings share whose changes are alike; nothing for a finding that is like no other.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Likeness<'f> {
    service: &'f str,
    rule: RuleId,
    class: Option<Class>,
    what: What<'f>,
}

#[derive(PartialEq, Eq, Hash)]
enum What<'f> {
    /// The same words; about lines of one file or directory, where that counts.
    Words { headline: &'f str, below: &'f str },
    /// The same tags, of images with any names.
    Tags([String; 2]),
    /// The same registries before images of the same names, with the same tags or each with its own.
    Registries([String; 2]),
    /// The same values at the same field, in any resource and container.
    Values {
        fields: [String; 2],
        values: [String; 4],
    },
}

/// What a finding shares with those that are alike.
pub(super) fn likeness(finding: &Finding) -> Option<Likeness<'_>> {
    let what = match finding.rule {
        RuleId::AddedResource | RuleId::RemovedResource => in_directory(finding)?,
        RuleId::EnvironmentMismatch if finding.field.is_none() => in_directory(finding)?,
        RuleId::DeadPatch => What::Words {
            headline: &finding.headline,
            below: &finding.line()?.file,
        },
        RuleId::ArgocdSelfHeal
        | RuleId::ArgocdSyncOptions
        | RuleId::ArgocdPaused
        | RuleId::ReplicasAndAutoscaler => What::Words {
            headline: &finding.headline,
            below: "",
        },
        rule if rule.is_live() || rule.is_about_exemptions() => return None,
        _ => in_field(finding, finding.field.as_ref()?)?,
    };
    Some(Likeness {
        service: finding.service().unwrap_or_default(),
        rule: finding.rule,
        class: finding.class,
        what,
    })
}

/// Resources that come or go together, by files of one directory.
fn in_directory(finding: &Finding) -> Option<What<'_>> {
    let file = &finding.line()?.file;
    let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
    Some(What::Words {
        headline: &finding.headline,
        below: directory,
    })
}

fn in_field<'f>(finding: &'f Finding, field: &'f FieldRef) -> Option<What<'f>> {
    finding.class?;
    let texts = || {
        Some([
            field.base.as_ref()?.as_str()?,
            field.overlay.as_ref()?.as_str()?,
        ])
    };
    let is_tag = finding.rule == RuleId::UnpromotedImage || finding.class == Some(Class::ImageTag);
    if is_tag && let Some(images) = texts() {
        let [base, overlay] = images.map(tag);
        if let (Some(base), Some(overlay)) = (base, overlay) {
            return Some(What::Tags([base, overlay].map(str::to_owned)));
        }
    }
    if finding.class == Some(Class::Image)
        && let Some(registries) = texts().and_then(registries)
    {
        return Some(What::Registries(registries));
    }
    // A removed value counts as removed, whatever it was, and every Service has its own port.
    let is_scalar = |value: &Value| !value.is_object() && !value.is_array();
    let is_gone = field.overlay.is_none() && field.base.as_ref().is_some_and(is_scalar);
    let is_port = field.base.is_none() && is_node_port(field);
    let value = text_of;
    let part = finding.part.as_ref();
    Some(What::Values {
        fields: [
            in_container(field),
            part.map(in_container).unwrap_or_default(),
        ],
        values: [
            value(field.base.as_ref().filter(|_| !is_gone)),
            value(field.overlay.as_ref().filter(|_| !is_port)),
            value(part.and_then(|part| part.base.as_ref())),
            value(part.and_then(|part| part.overlay.as_ref())),
        ],
    })
}

/// The way below the container, or all of it where there is none.
fn in_container(field: &FieldRef) -> String {
    let spots = field.path.spots();
    let from = below_container(field).unwrap_or(0);
    FieldPath::new(spots[from..].to_vec()).to_string()
}

fn is_node_port(field: &FieldRef) -> bool {
    let last = field.path.spots().last();
    last.is_some_and(|spot| matches!(&spot.segment, Segment::Field(name) if name == "nodePort"))
}

/// What a finding shares with those of other services or environments whose files are copies of its own; nothing if its line
/// is unknown.
pub(super) fn original(finding: &Finding) -> Option<Vec<String>> {
    let place = finding.line()?;
    let rule = finding.rule.to_string();
    let environment = finding.environment().unwrap_or_default().to_owned();
    if finding.rule == RuleId::BuildFailure {
        let service = format!(" of service {}", finding.service()?);
        let words = finding.headline.replacen(&service, "", 1);
        let own = format!("/{environment}/");
        let word = |word: &str| {
            if word == environment {
                String::new()
            } else {
                end_of(&format!("/{word}").replace(&own, "//"), 2)
            }
        };
        return Some(
            [rule]
                .into_iter()
                .chain(words.split(' ').map(word))
                .collect(),
        );
    }
    let line = || {
        Some([
            end_of(&place.file, 1),
            place.line.to_string(),
            place.source.clone()?,
            finding.headline.clone(),
        ])
    };
    if finding.rule == RuleId::DeadPatch {
        // Of one service, its environments have copies.
        let service = finding.service()?.to_owned();
        return Some([rule, service].into_iter().chain(line()?).collect());
    }
    let resource = finding.resource.as_ref()?;
    let path = finding.field.as_ref().map(|field| field.path.to_string());
    let [own, base] = values(finding);
    let all = [
        rule,
        environment,
        finding.baseline().unwrap_or_default().to_owned(),
        resource.kind.clone(),
        resource.plain_name().to_owned(),
        path.unwrap_or_default(),
        base,
        own,
    ];
    Some(all.into_iter().chain(line()?).collect())
}

/// The environment's value and the one that it is compared with.
pub(super) fn values(finding: &Finding) -> [String; 2] {
    let field = finding.field.as_ref();
    [
        text_of(field.and_then(|field| field.overlay.as_ref())),
        text_of(field.and_then(|field| field.base.as_ref())),
    ]
}

fn text_of(value: Option<&Value>) -> String {
    value.map(Value::to_string).unwrap_or_default()
}

/// What overlays side by side share that are not judged for the same reason.
pub(super) fn unjudged(finding: &Finding) -> Option<[String; 2]> {
    let (_, reason) = finding.headline.split_once(' ')?;
    let file = finding.line()?.file.rsplit_once('/')?.0;
    let beside = file.rsplit_once('/').map_or("", |(beside, _)| beside);
    let is_it = finding.rule == RuleId::UnjudgedOverlay;
    is_it.then(|| [reason, beside].map(str::to_owned))
}

/// The last parts of a path.
fn end_of(path: &str, parts: usize) -> String {
    let mut all: Vec<&str> = path.rsplit('/').take(parts).collect();
    all.reverse();
    all.join("/")
}

/// The tag or the digest of an image.
fn tag(image: &str) -> Option<&str> {
    let version = &image[repository(image).len()..];
    match version.split_once('@') {
        Some((_, digest)) => Some(digest),
        None => version.strip_prefix(':'),
    }
}

/// The registries and tags of two images of one name; a tag that both have counts as one of its own kind.
fn registries([base, overlay]: [&str; 2]) -> Option<[String; 2]> {
    let parts = |image: &'_ str| {
        let path = repository(image);
        let (registry, name) = path.rsplit_once('/').unwrap_or(("", path));
        [registry, name, tag(image).unwrap_or_default()].map(str::to_owned)
    };
    let ([one, name, tag], [other, same, late]) = (parts(base), parts(overlay));
    let is_kept = tag == late;
    let with = |registry: String, tag: String| {
        if is_kept {
            registry
        } else {
            format!("{registry} {tag}")
        }
    };
    (name == same && !name.is_empty()).then(|| [with(one, tag), with(other, late)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Place;
    use crate::report::fixture::{at, change};
    use serde_json::json;

    fn are_alike(one: &Finding, other: &Finding) -> bool {
        let (one, other) = (likeness(one), likeness(other));
        one.is_some() && one == other
    }

    fn image(rule: RuleId, class: Class, base: &str, overlay: &str) -> Finding {
        let mut finding = change("web", "spec.image", json!(base), json!(overlay));
        (finding.rule, finding.class) = (rule, Some(class));
        finding
    }

    #[test]
    fn the_same_values_of_a_field_are_alike_in_any_container() {
        let of = |path: &str, overlay: i32| {
            let mut finding = change("web", "", json!(1), json!(overlay));
            finding.class = Some(Class::Other);
            finding.field.as_mut().unwrap().path = at(path, path);
            finding
        };
        let web = of("spec.template.spec.containers[name=a].tty", 2);
        let job = of(
            "spec.jobTemplate.spec.template.spec.containers[name=b].tty",
            2,
        );
        assert!(are_alike(&web, &job));
        assert!(!are_alike(
            &web,
            &of("spec.template.spec.containers[name=a].tty", 3)
        ));
        assert!(!are_alike(
            &web,
            &of("spec.template.spec.containers[name=a].stdin", 2)
        ));
        let mut other = job;
        other.rule = RuleId::EnvironmentMismatch;
        assert!(!are_alike(&web, &other));
    }

    #[test]
    fn images_are_alike_by_tags_or_by_registries() {
        let promoted = |base: &str, overlay: &str| {
            image(RuleId::UnpromotedImage, Class::ImageTag, base, overlay)
        };
        let web = promoted("r/web:staging", "r/web:production");
        assert!(are_alike(
            &web,
            &promoted("r/job:staging", "r/job:production")
        ));
        assert!(!are_alike(&web, &promoted("r/job:staging", "r/job:1.2")));
        let mirrored =
            |base: &str, overlay: &str| image(RuleId::Image, Class::Image, base, overlay);
        let web = mirrored("postgres:15", "localhost:5001/postgres:15");
        assert!(are_alike(
            &web,
            &mirrored("redis:7", "localhost:5001/redis:7")
        ));
        assert!(!are_alike(
            &web,
            &mirrored("redis:7", "localhost:5001/redis:8")
        ));
        assert!(!are_alike(
            &web,
            &mirrored("redis:7", "mirror.example.com/redis:7")
        ));
        let filled = mirrored("web", "r.example.com/shop/web:v1");
        let both = mirrored("job", "r.example.com/shop/job:v1");
        assert!(are_alike(&filled, &both));
        let other = mirrored("job", "r.example.com/shop/job:v2");
        assert!(!are_alike(&filled, &other));
        let other = mirrored("job", "r.example.com/shop/web:v1");
        assert!(!are_alike(&filled, &other));
    }

    #[test]
    fn resources_of_one_directory_are_alike() {
        let added = |file: &str| {
            let mut finding = change("web", "", json!(1), json!(1));
            (finding.rule, finding.class, finding.field) = (RuleId::AddedResource, None, None);
            finding.place = Some(Place {
                file: file.to_owned(),
                line: 1,
                column: 1,
                length: 1,
                what: "the resource".to_owned(),
                source: None,
            });
            finding
        };
        let one = added("overlays/prod/alerts/config.yaml");
        assert!(are_alike(&one, &added("overlays/prod/alerts/service.yaml")));
        assert!(!are_alike(&one, &added("overlays/prod/cache/service.yaml")));
        let mut nowhere = added("overlays/prod/alerts/service.yaml");
        nowhere.place = None;
        assert!(!are_alike(&nowhere, &nowhere));
    }
}
