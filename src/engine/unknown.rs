//! What a replay met and does not model exactly.
//!
//! A replay that says nothing here came to what kustomize comes to, hashes and
//! renamed references aside. Whoever judges by it alone must not be silent
//! about what stands in this list.

use std::fmt;

/// How many unknowns one replay lists at most; one is enough to know that it is not to be trusted.
pub(super) const MAX_UNKNOWN: usize = 64;

/// Something that a replay does not model exactly, or that kustomize refuses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    /// Why.
    pub reason: Reason,
    /// The field, path or name that it is about; may be empty.
    pub what: String,
    /// Where it stands: the file, and the line from 1.
    pub place: Option<(String, usize)>,
}

/// Why something is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// More is asked for than the bounds of a replay allow.
    Bounds,
    /// It lies in another repository, or at an absolute path.
    Remote,
    /// A file or a directory that is not here.
    NotHere,
    /// A chart that helm renders.
    Helm,
    /// A generator that is not a field of a kustomization.
    Generator,
    /// A function or plugin that is not ours.
    Function,
    /// A transformer of kustomize's that is not modelled, or a setting of one.
    Transformer,
    /// `openapi`, by which patches are merged otherwise.
    OpenApi,
    /// `crds`, whose types may hold names and references.
    Crds,
    /// A field of the kustomization that is known, with a setting that is not modelled.
    Setting,
    /// A name that several resources have, so that nothing says which is meant.
    Ambiguous,
    /// A field path or a selector that is not understood.
    Selector,
    /// A list that kustomize pairs in a way of its own.
    Pairing,
    /// A directive of a strategic merge patch that kustomize leaves in the output.
    Directive,
    /// Labels or namespaces that kustomize also writes elsewhere.
    Reach,
    /// A value that is taken from the environment of whoever builds.
    Environment,
    /// A value that is not held, such as a generated Secret's.
    Hidden,
    /// A scalar that kustomize writes in another way, such as a date.
    Scalar,
    /// A text that is not what it should be.
    Unreadable,
    /// A list of operations in brackets, which kustomize only takes as JSON.
    NotJson,
    /// A key that stands twice in a map, or a kustomization that has several documents.
    Twice,
    /// A field that kustomize does not have, and refuses.
    Undeclared,
    /// A value of another type than kustomize takes there.
    Type,
    /// Kustomizations that load each other in a circle.
    Circle,
    /// A kustomization that holds nothing.
    Empty,
    /// Several files in one directory that are kustomizations by their names.
    Several,
    /// A resource without kind or name.
    Nameless,
    /// Two resources of one name.
    SameResource,
    /// A patch, or another entry, for a resource that is not there.
    NoTarget,
    /// An operation that does not fit the resource.
    Operation,
    /// A replacement without the field that it takes or writes.
    NoField,
    /// A file outside of the directory of the kustomization.
    Outside,
}

impl Reason {
    /// What it is, in words that follow the thing that it is about.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Bounds => "it exceeds the limits of the built-in engine",
            Self::Remote => "it is outside of the repository",
            Self::NotHere => "it does not exist",
            Self::Helm => "only helm can render it",
            Self::Generator => "a generator that the built-in engine does not support",
            Self::Function => "a function that the built-in engine does not run",
            Self::Transformer => "a transformer that the built-in engine does not support",
            Self::OpenApi => "the built-in engine does not support custom schemas",
            Self::Crds => "the built-in engine does not support custom definitions",
            Self::Setting => "a setting that the built-in engine does not support",
            Self::Ambiguous => "it matches several resources",
            Self::Selector => "a selector that the built-in engine does not support",
            Self::Pairing => "a list whose elements only kustomize can match",
            Self::Directive => "a directive that the built-in engine does not support",
            Self::Reach => "it sets fields that the built-in engine does not support",
            Self::Environment => "its value comes from an environment variable of the build",
            Self::Hidden => "the built-in engine does not read its values",
            Self::Scalar => "kustomize may write this scalar differently",
            Self::Unreadable => "it cannot be read",
            Self::NotJson => "a list in brackets must be JSON",
            Self::Twice => "it appears twice",
            Self::Undeclared => "kustomize does not have this field",
            Self::Type => "the value has a type that kustomize does not accept here",
            Self::Circle => "the kustomizations load each other in a circle",
            Self::Empty => "the kustomization is empty",
            Self::Several => "the directory has more than one kustomization file",
            Self::Nameless => "the resource has no kind or no name",
            Self::SameResource => "a resource of that name exists already",
            Self::NoTarget => "its target does not exist",
            Self::Operation => "the operation does not fit the resource",
            Self::NoField => "the field does not exist",
            Self::Outside => "the file is outside of the kustomization's directory",
        }
    }

    /// Whether kustomize refuses it as well, so that another builder is of no help.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::NotHere
                | Self::NotJson
                | Self::Undeclared
                | Self::Type
                | Self::Circle
                | Self::Empty
                | Self::Several
                | Self::Nameless
                | Self::SameResource
                | Self::NoTarget
                | Self::Operation
                | Self::NoField
                | Self::Outside
        )
    }

    /// Whether the walk lost its way there, so that what patches do cannot be told either.
    #[must_use]
    pub(crate) fn hides_patches(self) -> bool {
        matches!(
            self,
            Self::Bounds
                | Self::Remote
                | Self::NotHere
                | Self::Helm
                | Self::Generator
                | Self::Function
                | Self::Transformer
                | Self::Selector
                | Self::Unreadable
                | Self::Circle
                | Self::Operation
        )
    }
}

impl Unknown {
    /// What it is and where, in a line.
    #[must_use]
    pub fn placed(&self) -> String {
        match &self.place {
            Some((file, line)) => format!("{file}:{line}: {self}"),
            None => self.to_string(),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.reason.words();
        match self.what.as_str() {
            "" => f.write_str(words),
            what => write!(f, "{what}: {words}"),
        }
    }
}
