//! A service and its environments, as directories show them.

/// What an overlay is compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Baseline {
    /// What it is made of.
    #[default]
    Bases,
    /// The directories that the policy's baseline is, which is another environment or a layer below.
    Named(Vec<String>),
    /// Nothing: the policy names a baseline, and there is none of that name.
    Absent,
}

/// One environment, by where it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// The environment's name.
    pub name: String,
    /// The directory of its kustomization.
    pub directory: String,
    /// The directories that its base is built from; none where it has no base of its own.
    pub bases: Vec<String>,
    /// What it is compared with.
    pub baseline: Baseline,
    /// How far along a promotion it seems to stand; `None` where its name does not tell.
    pub rank: Option<usize>,
    /// Whether it was asked for; what was not is judged for the sake of the others, and not reported.
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

/// A service, as directories show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name, unique in the layout.
    pub name: String,
    /// Its environments in promotion order, as far as that is known.
    pub overlays: Vec<Overlay>,
    /// Overlays of one base of which none says that it is an environment: they are not judged.
    pub variants: Vec<Overlay>,
    /// Whether it is made of environments of other services, and so lacks none.
    pub is_above: bool,
}

impl Service {
    /// Whether any of it was asked for.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        let mut all = self.overlays.iter().chain(&self.variants);
        all.any(|overlay| overlay.is_asked)
    }
}
