//! The parts of a replay that it does not model exactly.
//!
//! If the list is empty, the replay equals kustomize's result, apart from hashes and renamed
//! references. A caller that relies on the replay alone must report this list.

use std::fmt;

/// The largest number of unknowns that one replay lists; a single one already means that it cannot
/// be trusted.
pub(super) const MAX_UNKNOWN: usize = 64;

/// A part that a replay does not model exactly, or that kustomize refuses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    /// The reason.
    pub reason: Reason,
    /// The field, path or name; may be empty.
    pub what: String,
    /// The file, and the line from 1.
    pub place: Option<(String, usize)>,
}

/// The reason why a part is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It needs more than the bounds of a replay allow.
    Bounds,
    /// It is in another repository, or at an absolute path.
    Remote,
    /// A file or a directory that is missing.
    NotHere,
    /// A chart that helm renders.
    Helm,
    /// A generator that is not a field of a kustomization.
    Generator,
    /// A function or plugin that is not part of this program.
    Function,
    /// A transformer of kustomize that is not modelled, or a setting of one.
    Transformer,
    /// `openapi`, which changes how patches are merged.
    OpenApi,
    /// `crds`, whose types may hold names and references.
    Crds,
    /// A field of the kustomization that is known, with a setting that is not modelled.
    Setting,
    /// A name that several resources have, so the target is ambiguous.
    Ambiguous,
    /// A field path or a selector that is not understood.
    Selector,
    /// A list that kustomize merges in its own way.
    Pairing,
    /// A directive of a strategic merge patch that kustomize leaves in the output.
    Directive,
    /// Labels or namespaces that kustomize also writes to other fields.
    Reach,
    /// A value from the environment of the process that builds.
    Environment,
    /// A value that is not held, such as a generated Secret's.
    Hidden,
    /// A scalar that kustomize writes in another form, such as a date.
    Scalar,
    /// A text that cannot be parsed.
    Unreadable,
    /// A list of operations in brackets, which kustomize accepts only as JSON.
    NotJson,
    /// A key that occurs twice in a map, or a kustomization that has several documents.
    Twice,
    /// A field that kustomize does not have, and refuses.
    Undeclared,
    /// A value whose type kustomize does not accept there.
    Type,
    /// A kind that no kustomization has.
    Kind,
    /// An `apiVersion` that no Kustomization has.
    Version,
    /// An `apiVersion` that no Component has.
    ComponentVersion,
    /// Kustomizations that load each other in a circle.
    Circle,
    /// A kustomization without content.
    Empty,
    /// Several files in one directory that have a kustomization's name.
    Several,
    /// A resource without kind or name.
    Nameless,
    /// Two resources of one name.
    SameResource,
    /// A patch, or another entry, for a resource that does not exist.
    NoTarget,
    /// An operation that does not fit the resource.
    Operation,
    /// A replacement whose source or target field does not exist.
    NoField,
    /// A file outside the directory of the kustomization.
    Outside,
}

impl Reason {
    /// The reason in words, which follow the name of the part.
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
            Self::Kind => "kustomize knows only the kinds Kustomization and Component here",
            Self::Version => {
                "kustomize knows no such apiVersion of a Kustomization, only kustomize.config.k8s.io/v1beta1"
            }
            Self::ComponentVersion => {
                "kustomize knows no such apiVersion of a Component, only kustomize.config.k8s.io/v1alpha1"
            }
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

    /// Whether kustomize refuses it as well, so that another builder does not help.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::NotHere
                | Self::NotJson
                | Self::Undeclared
                | Self::Type
                | Self::Kind
                | Self::Version
                | Self::ComponentVersion
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

    /// Whether the walk stopped there, so that the effect of patches is unknown too.
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
    /// The reason and the place, in one line.
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
