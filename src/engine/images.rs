//! `images`: other names, tags and digests for the images of containers.

use std::collections::BTreeMap;

use regex::bytes::RegexBuilder;

use crate::yaml::Node;

use super::item::Item;
use super::look::{Look, is_ambiguous};
use super::piece::{Body, Mark, Pen, Piece, lose};
use super::reach::Spec;
use super::scalar::said;
use super::transform::{Astray, at_spec};
use super::unknown::Reason;

/// The values of an entry of `images`, each with its mark.
struct Image<'a> {
    /// The field that says which images it is for.
    entry: Mark,
    name: Option<(&'a str, Mark)>,
    tag: Option<(&'a str, Mark)>,
    suffix: Option<(&'a str, Mark)>,
    digest: Option<(&'a str, Mark)>,
}

/// One entry of `images`.
pub(super) fn image(
    items: &mut [Item],
    entry: Node<'_>,
    specs: &[Spec],
    pen: &mut Pen<'_>,
) -> Option<()> {
    // Reading a piece is cheaper than making it.
    let size: usize = items.iter().map(|item| item.root.measure().1).sum();
    pen.spend(1 + size / 64)?;
    let field = |name: &str| {
        let (key, value) = entry.entries().find(|(key, _)| key.text() == name)?;
        let mark = pen.mark(Some(key), value);
        Some((said(value), mark)).filter(|(text, _)| !text.is_empty())
    };
    let mut entries = entry.entries();
    // An entry without a name matches nothing, but still walks all places that can hold an image.
    let named = entries.find(|(key, _)| key.text() == "name");
    let name = named.map_or("", |(_, named)| named.text());
    // kustomize reads the name as a pattern.
    let pattern = format!(r"^{name}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$");
    let Ok(pattern) = RegexBuilder::new(&pattern)
        .unicode(false)
        .size_limit(1 << 20)
        .build()
    else {
        pen.lose(Reason::Selector, name, entry);
        return Some(());
    };
    let new = Image {
        entry: named.map_or_else(
            || pen.mark_of(entry),
            |(key, named)| pen.mark(Some(key), named),
        ),
        name: field("newName"),
        tag: field("newTag"),
        suffix: field("tagSuffix"),
        digest: field("digest"),
    };
    for item in items {
        if item.kind == "CustomResourceDefinition" {
            continue;
        }
        if let Some(mark) = astray(&item.root) {
            lose(pen.unknown, Reason::Type, "containers", Some(mark));
        }
        let mut is_met = false;
        let (mut paid, mut lost) = (Some(()), None);
        let mut change = |image: &mut Piece, pen: &mut Pen<'_>| {
            let Some(old) = image.scalar_text() else {
                return;
            };
            if paid.is_some() && pattern.is_match(old.as_bytes()) {
                let before = image.clone();
                let origin = pen.origins.get(image.mark.origin);
                new.apply(image, origin.is_some_and(|origin| origin.in_base));
                is_met = true;
                if matches!(&image.body, Body::Scalar(value) if !value.is_string())
                    || image.look != Look::Quoted && image.as_str().is_some_and(is_ambiguous)
                {
                    // It has no quotes, so it may now be a number or another type.
                    lost = Some(image.mark);
                }
                pen.changed |= image.as_str() != before.as_str();
                if pen.keeps(&before, image) {
                    *image = before;
                }
                paid = pen.spend(image.measure().1);
            }
        };
        let mut odd = None;
        containers(&mut item.root, &mut |image: &mut Piece| {
            if matches!(image.body, Body::Map(_) | Body::List(_)) {
                odd = Some(image.mark);
            }
            change(image, pen);
        });
        if odd.is_some() {
            lose(pen.unknown, Reason::Type, "image", odd);
        }
        // kustomize visits the same containers twice, so it appends a suffix twice.
        for spec in specs {
            at_spec(
                item,
                spec,
                (None, item.root.mark),
                pen,
                &mut |image, pen| {
                    if !matches!(image.body, Body::Scalar(_)) {
                        return Err(Astray(image.mark));
                    }
                    change(image, pen);
                    Ok(())
                },
            )?;
        }
        paid?;
        if lost.is_some() {
            lose(pen.unknown, Reason::Scalar, "image", lost);
        }
        if is_met {
            pen.met.push(item.first());
        }
    }
    Some(())
}

/// An element of a list of containers that is not a map, so that kustomize fails.
fn astray(piece: &Piece) -> Option<Mark> {
    match &piece.body {
        Body::Map(map) => map.iter().find_map(|(key, piece)| match &piece.body {
            Body::List(items) if is_list_of_containers(key) => {
                let other = |item: &&Piece| matches!(item.body, Body::List(_));
                let other = items.iter().find(other).map(|item| item.mark);
                other.or_else(|| astray(piece))
            }
            _ => astray(piece),
        }),
        Body::List(items) => items.iter().find_map(astray),
        _ => None,
    }
}

fn is_list_of_containers(key: &str) -> bool {
    matches!(key, "containers" | "initContainers")
}

/// Every image of a container, at any depth.
fn containers(piece: &mut Piece, change: &mut impl FnMut(&mut Piece)) {
    match &mut piece.body {
        Body::Map(map) => each_container(map, change),
        Body::List(items) => items.iter_mut().for_each(|item| containers(item, change)),
        _ => {}
    }
}

fn each_container(map: &mut BTreeMap<String, Piece>, change: &mut impl FnMut(&mut Piece)) {
    for (key, piece) in map {
        if let (true, Body::List(items)) = (is_list_of_containers(key), &mut piece.body) {
            items
                .iter_mut()
                .filter_map(|item| item.get_mut("image"))
                .for_each(&mut *change);
        }
        containers(piece, change);
    }
}

impl Image<'_> {
    /// Writes the image. Its mark is that of the tag or the digest; the entry that renamed it is
    /// noted in `touched`.
    fn apply(&self, image: &mut Piece, is_of_base: bool) {
        let Some(old) = image.scalar_text() else {
            return;
        };
        let (name, old_tag, old_digest) = split(&old);
        let new_name = self.name.map_or(name, |(name, _)| name);
        let (tag, digest) = match (self.tag, self.digest, self.suffix) {
            (None, None, None) => (old_tag.to_owned(), old_digest),
            (None, None, Some((suffix, _))) => (format!("{old_tag}{suffix}"), ""),
            (tag, digest, _) => {
                let tag = tag.map_or("", |(text, _)| text);
                (tag.to_owned(), digest.map_or("", |(text, _)| text))
            }
        };
        let mut text = new_name.to_owned();
        for (sign, part) in [(':', tag.as_str()), ('@', digest)] {
            if !part.is_empty() {
                text.push(sign);
                text.push_str(part);
            }
        }
        let versions = [self.digest, self.tag, self.suffix];
        let mut versions = versions.into_iter().flatten().map(|(_, mark)| mark);
        let version = versions.next();
        if version.is_some() || self.name.is_some() {
            image.body = Body::Scalar(text.into());
            image.spelled = None;
        }
        // The entry leaves the base's tag unchanged.
        let left = self.name.filter(|_| is_of_base).map(|_| self.entry);
        if let Some(mark) = version.or(left) {
            image.mark = mark;
        }
        if let Some((_, mark)) = self.name.filter(|_| new_name != name) {
            image.touched = Some(mark);
        }
    }
}

/// Name, tag and digest of an image, as kustomize splits them.
fn split(image: &str) -> (&str, &str, &str) {
    let start = image.find('/').unwrap_or_default();
    let find = |sign| image[start..].find(sign).map(|at| start + at);
    match (find(':'), find('@')) {
        (None, None) => (image, "", ""),
        (Some(tag), Some(digest)) if tag < digest => {
            (&image[..tag], &image[tag + 1..digest], &image[digest + 1..])
        }
        (_, Some(digest)) => (&image[..digest], "", &image[digest + 1..]),
        (Some(tag), None) => (&image[..tag], &image[tag + 1..], ""),
    }
}
