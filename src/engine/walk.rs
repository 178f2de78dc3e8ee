//! The state of a replay: who wrote what so far, what may hold Secrets, and how much may still be made.

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

/// How many pieces one replay makes at most; beyond, nothing more is told exactly.
///
/// Whatever takes time is paid in pieces, so this bounds the time as well. Unit tests are slow, and make do with less.
pub(crate) const MAX_PIECES: usize = if cfg!(test) { 1 << 18 } else { 4 << 20 };

/// One of `vars`: the field of a resource that a name stands for.
#[derive(Clone, Debug)]
pub(crate) struct Var {
    pub name: String,
    pub kind: String,
    pub resource: String,
    pub path: String,
    group: String,
    version: String,
    namespace: String,
    /// Where it is declared.
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

    /// Whether it is about a resource, by who that is or was.
    pub fn is_about(&self, item: &Item) -> bool {
        let within = Some(self.namespace.as_str()).filter(|within| !within.is_empty());
        item.group == self.group
            && item.version == self.version
            && item.is_called(&self.kind, &self.resource, within)
    }
}

/// What an entry of a kustomization is, as far as it may turn out to be needless.
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

/// A patch or another entry, and whether it did anything.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub form: Form,
    pub mark: Mark,
    /// How many documents it has.
    pub documents: usize,
    /// How far from the overlay's own kustomization it stands.
    pub reach: Nearness,
    /// What it was applied to: kind and first name.
    pub targets: Vec<(String, String)>,
    pub changed: bool,
    /// Whether all of it was followed.
    pub is_followed: bool,
}

/// Where a patch stands, as seen from the overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nearness {
    /// In its own kustomization.
    Own,
    /// In a directory inside of its own, which it loads.
    Part,
    /// In a component of it.
    Component,
    /// Further away: in a layer below or in the base.
    Far,
}

/// A replay under way.
pub(crate) struct Walk<'t> {
    pub parsed: &'t Parsed<'t>,
    pub bases: &'t [String],
    /// The files that the base consists of.
    shared: BTreeSet<&'t str>,
    /// What the base is by itself.
    pub base: Vec<Item>,
    pub origins: Vec<Origin<'t>>,
    pub secrets: Vec<(usize, Range<usize>)>,
    /// What was taken out of Secrets.
    pub copies: Copies,
    /// What `$(NAME)` stands for.
    pub vars: Vec<Var>,
    /// Resources that were deleted, and by what.
    pub gone: Vec<(Item, Mark)>,
    /// Entries that load what is not here.
    pub elsewhere: Vec<Mark>,
    pub uses: Vec<Use>,
    /// Where transformations reach, in the kustomization that the walk is in.
    pub reaches: Arc<Reaches>,
    pub budget: usize,
    /// What was not followed exactly, and where.
    pub unknown: Vec<Lost>,
    /// Whether a base was reached.
    pub reached: bool,
    pub visits: usize,
    pub stack: Vec<String>,
    pub in_base: bool,
    pub component: Option<String>,
    /// What is noted at resources, as the kustomization that is built asks for it.
    pub notes: Notes,
    /// The way from there to the directory that the walk is in.
    pub trail: String,
}

impl<'t> Walk<'t> {
    /// Whether there is a base at all.
    pub fn has_bases(&self) -> bool {
        !self.bases.is_empty()
    }

    /// A walk that tells what is of these bases, which come to `base` and consist of the files `shared`.
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

    /// A walk that knows of no base.
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

    /// How far from the overlay's own kustomization the walk is.
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

    /// Notes something that is not followed exactly.
    pub fn note(&mut self, reason: Reason, what: &str, mark: Option<Mark>) {
        lose(&mut self.unknown, reason, what, mark);
    }

    /// Notes something about a node of a file.
    pub fn note_at(&mut self, reason: Reason, what: &str, file: &str, node: Node<'_>) {
        let origin = self.origin(file, What::Elsewhere);
        let mark = self.pen(origin, &Shift::None).mark_of(node);
        self.note(reason, what, Some(mark));
    }

    /// Why a file or a directory is not read that something names: it is not there, or it is no text.
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
