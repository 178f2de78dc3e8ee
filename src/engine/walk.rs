//! The state of a replay: the writers so far, the parts that may hold Secrets, and the remaining
//! budget.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use crate::repo::Parsed;
use crate::yaml::Node;

use super::copied::Copies;
use super::item::Item;
use super::notes::Notes;
pub(crate) use super::origin::{Origin, What};
use super::piece::{Lost, Mark, Pen, Wrote, lose};
use super::reach::Reaches;
use super::text::Shift;
use super::unknown::Reason;

/// The largest number of pieces that one replay makes; beyond it, nothing more is exact.
///
/// All work that takes time is paid in pieces, so this bounds the time as well. Unit tests are
/// slow, and use a smaller bound.
pub(crate) const MAX_PIECES: usize = if cfg!(test) { 1 << 18 } else { 4 << 20 };

/// One of `vars`: the field of a resource that a name refers to.
#[derive(Clone, Debug)]
pub(crate) struct Var {
    pub name: String,
    pub kind: String,
    pub resource: String,
    pub path: String,
    group: String,
    version: String,
    namespace: String,
    /// Its declaration.
    pub mark: Option<Mark>,
}

impl Var {
    pub fn read(node: Node<'_>) -> Option<Self> {
        let path = node.str_at(&["fieldref", "fieldPath"]);
        let text = |key: &str| node.str_at(&["objref", key]).unwrap_or_default().to_owned();
        let (mut group, mut version) = (text("group"), text("version"));
        match text("apiVersion").split('/').collect::<Vec<_>>().as_slice() {
            [""] | [_, _, _, ..] | [] => {}
            [only] => (*only).clone_into(&mut version),
            [of, only] => {
                (*of).clone_into(&mut group);
                (*only).clone_into(&mut version);
            }
        }
        Some(Self {
            group,
            version,
            namespace: text("namespace"),
            mark: None,
            name: node.str_at(&["name"])?.to_owned(),
            kind: node.str_at(&["objref", "kind"])?.to_owned(),
            resource: node.str_at(&["objref", "name"])?.to_owned(),
            path: path
                .filter(|path| !path.is_empty())
                .unwrap_or("metadata.name")
                .to_owned(),
        })
    }

    /// Whether it refers to a resource, by an identity that the resource has or had.
    pub fn is_about(&self, item: &Item) -> bool {
        let within = Some(self.namespace.as_str()).filter(|within| !within.is_empty());
        item.group == self.group
            && item.version == self.version
            && item.is_called(&self.kind, &self.resource, within)
    }
}

/// The kind of an entry of a kustomization that may turn out to be unnecessary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A strategic merge patch.
    Strategic,
    /// A JSON6902 patch.
    Json6902,
    /// An entry of `images`.
    Images,
    /// An entry of `replicas`.
    Replicas,
    /// An entry of `labels`.
    Labels,
    /// An entry of `replacements`.
    Replacement,
}

impl Form {
    /// Whether it is a patch.
    #[must_use]
    pub const fn is_patch(self) -> bool {
        matches!(self, Self::Strategic | Self::Json6902)
    }
}

/// A patch or another entry, and whether it changed anything.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub form: Form,
    pub mark: Mark,
    /// How many documents it has.
    pub documents: usize,
    /// Its distance from the overlay's own kustomization.
    pub reach: Nearness,
    /// The resources that it was applied to: kind and first name.
    pub targets: Vec<(String, String)>,
    pub changed: bool,
    /// Whether all of it was followed.
    pub is_followed: bool,
}

/// The kind of the resources whose values nothing may be said about.
pub(crate) const SECRET: &str = "Secret";

impl Use {
    /// Whether it was applied to a Secret.
    pub fn has_secret(&self) -> bool {
        self.targets.iter().any(|(kind, _)| kind == SECRET)
    }
}

/// The place of a patch, as seen from the overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nearness {
    /// In its own kustomization.
    Own,
    /// In a directory inside its own, which it loads.
    Part,
    /// In a component of it.
    Component,
    /// Further away: in a layer below or in the base.
    Far,
}

/// The state of a replay.
pub(crate) struct Walk<'t> {
    pub parsed: &'t Parsed<'t>,
    pub bases: &'t [String],
    /// The files that the base consists of.
    shared: BTreeSet<&'t str>,
    /// The resources of the base on its own.
    pub base: Vec<Item>,
    pub origins: Vec<Origin<'t>>,
    pub secrets: Vec<(usize, Range<usize>)>,
    /// The values that were copied out of Secrets.
    pub copies: Copies,
    /// The variables that `$(NAME)` refers to.
    pub vars: Vec<Var>,
    /// Deleted resources, and the marks that deleted them.
    pub gone: Vec<(Item, Mark)>,
    /// Entries that load resources from elsewhere.
    pub elsewhere: Vec<Mark>,
    pub uses: Vec<Use>,
    /// The reach of transformations in the current kustomization.
    pub reaches: Arc<Reaches>,
    pub budget: usize,
    /// The parts that were not followed exactly, and their places.
    pub unknown: Vec<Lost>,
    /// Whether a base was reached.
    pub reached: bool,
    pub visits: usize,
    pub stack: Vec<String>,
    pub in_base: bool,
    pub component: Option<String>,
    /// The records on resources that the built kustomization requests.
    pub notes: Notes,
    /// The path from there to the current directory.
    pub trail: String,
}

impl<'t> Walk<'t> {
    /// Whether there is a base at all.
    pub fn has_bases(&self) -> bool {
        !self.bases.is_empty()
    }

    /// A walk that knows the resources of these bases, `base`, and their files, `shared`.
    pub fn new(
        parsed: &'t Parsed<'t>,
        bases: &'t [String],
        base: Vec<Item>,
        shared: BTreeSet<&'t str>,
    ) -> Self {
        Self {
            bases,
            shared,
            base,
            ..Self::bare(parsed)
        }
    }

    /// A walk without a base.
    pub fn bare(parsed: &'t Parsed<'t>) -> Self {
        Self {
            parsed,
            bases: &[],
            shared: BTreeSet::new(),
            base: Vec::new(),
            origins: Vec::new(),
            secrets: Vec::new(),
            copies: Copies::default(),
            vars: Vec::new(),
            gone: Vec::new(),
            elsewhere: Vec::new(),
            uses: Vec::new(),
            reaches: Reaches::defaults(),
            budget: MAX_PIECES,
            unknown: Vec::new(),
            reached: false,
            visits: 0,
            stack: Vec::new(),
            in_base: false,
            component: None,
            notes: Notes::default(),
            trail: String::new(),
        }
    }

    pub fn origin(&mut self, file: &str, what: What) -> usize {
        let file = self.parsed.sources.entry(file).map_or("", |(file, _)| file);
        self.origins.push(Origin {
            file,
            what,
            in_base: self.in_base || self.shared.contains(file),
            component: self.component.clone(),
        });
        self.origins.len() - 1
    }

    /// The distance of the current kustomization from the overlay's own.
    pub fn nearness(&self) -> Nearness {
        let is_component = |directory: &String| {
            let kustomization = self.parsed.kustomization(directory);
            kustomization.is_some_and(|kustomization| kustomization.is_component())
        };
        match self.stack.as_slice() {
            _ if self.in_base => Nearness::Far,
            [_] => Nearness::Own,
            [own, part]
                if part
                    .strip_prefix(own.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
                    && !is_component(part) =>
            {
                Nearness::Part
            }
            [_, above @ ..] if above.iter().all(is_component) => Nearness::Component,
            _ => Nearness::Far,
        }
    }

    /// Notes a part that is not followed exactly.
    pub fn note(&mut self, reason: Reason, what: &str, mark: Option<Mark>) {
        lose(&mut self.unknown, reason, what, mark);
    }

    /// Notes a node of a file.
    pub fn note_at(&mut self, reason: Reason, what: &str, file: &str, node: Node<'_>) {
        let origin = self.origin(file, What::Elsewhere);
        let mark = self.pen(origin, &Shift::None).mark_of(node);
        self.note(reason, what, Some(mark));
    }

    /// Why a named file or directory is not read: it is missing, or it is not text.
    pub fn absent(&self, path: &str) -> Reason {
        match self.parsed.sources.other(path) {
            None if self.parsed.unreadable.contains_key(path) => Reason::Unreadable,
            None => Reason::NotHere,
            Some((_, None)) => Reason::Bounds,
            Some((_, Some(_))) => Reason::Unreadable,
        }
    }

    pub fn source(&self, path: &str) -> Option<(&'t str, &'t str)> {
        self.parsed.sources.entry(path)
    }

    pub fn pen<'p>(&'p mut self, origin: usize, shift: &'p Shift) -> Pen<'p> {
        Pen {
            origin,
            shift,
            origins: &self.origins,
            budget: &mut self.budget,
            secrets: &mut self.secrets,
            copies: &mut self.copies,
            unknown: &mut self.unknown,
            changed: false,
            met: Vec::new(),
            spread: Vec::new(),
        }
    }

    /// Notes an entry that a pen has followed.
    pub fn note_use(&mut self, form: Form, wrote: Wrote) {
        self.uses.push(Use {
            form,
            mark: wrote.mark,
            documents: 1,
            reach: self.nearness(),
            targets: wrote.targets,
            changed: wrote.changed,
            is_followed: wrote.is_followed,
        });
    }
}
