//! One difference: where, what kind, and the values of both sides.

use crate::yaml::Node;

/// One step from a resource towards a changed field.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<'a> {
    /// Into the value of a map's key.
    Field(&'a str),
    /// Into an element of a list.
    Element {
        /// Its index in the base; `None` where the base lacks it.
        base: Option<usize>,
        /// Its index in the overlay; `None` where the overlay lacks it.
        overlay: Option<usize>,
        /// What the element is identified by.
        by: By<'a>,
    },
}

/// The values of an element at the list's merge keys.
pub type Keys<'a> = Vec<(&'static str, &'a str)>;

/// What a list element is identified by.
#[derive(Clone, Debug, PartialEq)]
pub enum By<'a> {
    /// Its place.
    Index,
    /// Its values at the list's merge keys.
    Keys(Keys<'a>),
    /// Its values at the list's merge keys, which are different in the base.
    Renamed {
        /// Those in the base.
        was: Keys<'a>,
        /// Those in the overlay.
        now: Keys<'a>,
    },
    /// Itself, in a set of scalars.
    Value(&'a str),
    /// The name of a flag among arguments; its whole text if it occurs more than once.
    Flag(&'a str),
    /// The flag that it follows.
    After(&'a str),
    /// Nothing: it is not an element, but the order of all.
    Order,
}

impl<'a> By<'a> {
    /// Its values at the list's merge keys, as the overlay has them, if it is identified by them.
    #[must_use]
    pub fn keys(&self) -> Option<&Keys<'a>> {
        match self {
            Self::Keys(keys) | Self::Renamed { now: keys, .. } => Some(keys),
            Self::Index | Self::Value(_) | Self::Flag(_) | Self::After(_) | Self::Order => None,
        }
    }

    /// The same, with the base in the place of the overlay.
    #[must_use]
    pub fn turned(&self) -> Self {
        match self {
            Self::Renamed { was, now } => Self::Renamed {
                was: now.clone(),
                now: was.clone(),
            },
            same => same.clone(),
        }
    }
}

/// How the two sides differ at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// Only the overlay has it.
    Added,
    /// Only the base has it.
    Removed,
    /// Both have it, with different values.
    Modified,
    /// Both lists have the same elements, in an order that has another effect.
    Reordered,
}

/// One difference between a base and an overlay.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// The steps to the field; empty for the whole resource.
    pub steps: Vec<Step<'a>>,
    /// How the sides differ.
    pub kind: ChangeKind,
    /// The base's value.
    pub base: Option<Node<'a>>,
    /// The overlay's value.
    pub overlay: Option<Node<'a>>,
    /// How many steps lead to the pod specification that holds the field, if one does.
    pub pod: Option<usize>,
    /// Whether the values are those of a Secret and must not be shown.
    pub secret: bool,
}

impl<'a> Change<'a> {
    /// The names of the fields on the way, without the list elements.
    #[must_use]
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = &'a str> + '_ {
        self.steps.iter().filter_map(|step| match step {
            Step::Field(name) => Some(*name),
            Step::Element { .. } => None,
        })
    }
}
