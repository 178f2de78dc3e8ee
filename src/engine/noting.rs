//! The annotations that a build adds for `buildMetadata`.

use crate::api::{ORIGIN, TRANSFORMATIONS};
use crate::repo::{Kustomization, join};
use crate::yaml::Node;

use super::item::Item;
use super::piece::{Mark, Piece};
use super::text::Shift;
use super::unknown::Reason;
use super::walk::{Walk, What};

impl Walk<'_> {
    /// Records the file that a resource comes from.
    pub(super) fn note_file(&mut self, item: &mut Item, entry: &str) {
        if self.notes.are_taken() {
            let text = format!("path: {}\n", join(&self.trail, entry));
            self.write_origin(item, &text);
        }
    }

    /// Records the generator that made a resource.
    pub(super) fn note_generator(
        &mut self,
        item: &mut Item,
        kustomization: Kustomization<'_>,
        (file, declared): (&str, Option<Node<'_>>),
        kind: &str,
    ) {
        if !self.notes.are_taken() {
            return;
        }
        let text = match declared {
            Some(root) => self.declared_by(kustomization, file, root),
            None => Some(self.configured_by(kustomization, kind)),
        };
        match text {
            Some(text) => self.write_origin(item, &text),
            None => self.note(Reason::Generator, kind, Some(item.origin)),
        }
    }

    fn write_origin(&mut self, item: &mut Item, text: &str) {
        let mark = item.origin;
        self.check_note(text, mark);
        item.root.set(
            &["metadata", "annotations", ORIGIN],
            Piece::text(text, mark),
        );
    }

    /// Records one of kustomize's own transformations on every resource.
    pub(super) fn note_transformation(
        &mut self,
        kustomization: Kustomization<'_>,
        kind: &str,
        items: &mut [Item],
    ) {
        if !self.notes.are_taken() {
            return;
        }
        let text = self.configured_by(kustomization, kind);
        self.write_transformation(&text, items);
    }

    /// Records a transformation that a file declares.
    pub(super) fn note_declared(
        &mut self,
        kustomization: Kustomization<'_>,
        (file, shift): (&str, &Shift),
        root: Node<'_>,
        items: &mut [Item],
    ) {
        if !self.notes.are_taken() || root.is_null() {
            return;
        }
        let Some(text) = self.declared_by(kustomization, file, root) else {
            let origin = self.origin(file, What::Elsewhere);
            let kind = root.str_at(&["kind"]).unwrap_or_default();
            self.pen(origin, shift)
                .lose(Reason::Transformer, kind, root);
            return;
        };
        self.write_transformation(&text, items);
    }

    /// The file of a declaration, as kustomize records it; `None` if it is elsewhere.
    fn declared_by(
        &self,
        kustomization: Kustomization<'_>,
        file: &str,
        root: Node<'_>,
    ) -> Option<String> {
        let text = |path: &[&str]| root.str_at(path).unwrap_or_default();
        let (kind, name) = (text(&["kind"]), text(&["metadata", "name"]));
        let inside = file.strip_prefix(kustomization.directory())?;
        let path = join(&self.trail, inside.trim_start_matches('/'));
        let version = text(&["apiVersion"]);
        let within = match text(&["metadata", "namespace"]) {
            "" => String::new(),
            within => format!("  namespace: {within}\n"),
        };
        Some(format!(
            "configuredIn: {path}\nconfiguredBy:\n  apiVersion: {version}\n  kind: {kind}\n  name: {name}\n{within}"
        ))
    }

    fn write_transformation(&mut self, said: &str, items: &mut [Item]) {
        let text = format!("- {}\n", said.trim_end().replace('\n', "\n  "));
        for item in items {
            self.check_note(&text, item.origin);
            item.write_annotations();
            let at = ["metadata", "annotations", ORIGIN];
            if item.root.at(&at).is_none() {
                // kustomize records the transformation as the origin of a resource that has none.
                let origin = Piece::text(said, item.origin);
                item.root.set(&at, origin);
                continue;
            }
            let at = ["metadata", "annotations", TRANSFORMATIONS];
            let old = item
                .root
                .at(&at)
                .and_then(Piece::as_str)
                .unwrap_or_default();
            let new = Piece::text(&format!("{old}{text}"), item.origin);
            item.root.set(&at, new);
        }
    }

    fn configured_by(&self, kustomization: Kustomization<'_>, kind: &str) -> String {
        let file = kustomization.file.rsplit('/').next().unwrap_or_default();
        let path = join(&self.trail, file);
        format!("configuredIn: {path}\nconfiguredBy:\n  apiVersion: builtin\n  kind: {kind}\n")
    }

    /// Notes a path that kustomize may write in quotes.
    fn check_note(&mut self, text: &str, mark: Mark) {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || " .:_/-\n".contains(c);
        if !text.chars().all(is_plain) {
            self.note(Reason::Setting, "buildMetadata", Some(mark));
        }
    }
}
