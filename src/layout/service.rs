//! A service and its environments, according to directories.

/// The baseline of an overlay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Baseline {
    /// Its own bases.
    #[default]
    Bases,
    /// The directories of the policy's baseline, which is another environment or a layer below.
    Named(Vec<String>),
    /// None: the policy names a baseline that does not exist.
    Absent,
}

/// One environment, with its directories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// The environment's name.
    pub name: String,
    /// The directory of its kustomization.
    pub directory: String,
    /// The directories that its base is built from; empty if it has no base of its own.
    pub bases: Vec<String>,
    /// The baseline that it is compared with.
    pub baseline: Baseline,
    /// Its position in the promotion order; `None` if its name does not say it.
    pub rank: Option<usize>,
    /// Whether it was asked for; otherwise it is judged for the sake of the others, and not
    /// reported.
    pub is_asked: bool,
}

impl Overlay {
    /// The directories that it is compared with.
    #[must_use]
    pub fn reference(&self) -> &[String] {
        match &self.baseline {
            Baseline::Bases => &self.bases,
            Baseline::Named(directories) => directories,
            Baseline::Absent => &[],
        }
    }

    /// Every directory that must be built to judge it, its own last.
    pub fn directories(&self) -> impl Iterator<Item = &String> {
        let reference = self.reference().iter();
        let others = reference.filter(|directory| !self.bases.contains(directory));
        self.bases.iter().chain(others).chain([&self.directory])
    }
}

/// A service, according to directories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name, unique in the layout.
    pub name: String,
    /// Its environments in promotion order, if known.
    pub overlays: Vec<Overlay>,
    /// Overlays of a base for which no name says that they are environments: they are not judged.
    pub variants: Vec<Overlay>,
    /// Whether it is made of environments of other services, and so lacks none.
    pub is_above: bool,
}

impl Service {
    /// Whether any part of it was asked for.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        let mut all = self.overlays.iter().chain(&self.variants);
        all.any(|overlay| overlay.is_asked)
    }
}
