//! The service and environment on the live side, and where Git's side is written.

use std::collections::BTreeMap;

use crate::resource::Resource;

/// The names that resources had when they were loaded, by kind, namespace and name after the build.
pub type Names = BTreeMap<[String; 3], String>;

/// The service and environment on the live side.
#[derive(Clone, Copy, Debug)]
pub struct Cluster<'c> {
    /// The service; empty where it is not known.
    pub service: &'c str,
    /// The environment that runs there; empty where it is not known.
    pub environment: &'c str,
    /// The names that a policy may use for both; empty if none were given.
    pub named: (&'c str, &'c str),
    /// The overlay that Git's side is built of, where it is known.
    pub overlay: Option<Overlay<'c>>,
}

/// An overlay.
#[derive(Clone, Copy, Debug)]
pub struct Overlay<'c> {
    /// Its kustomization.
    pub file: &'c str,
    /// The names of its resources.
    pub names: &'c Names,
}

impl<'c> Cluster<'c> {
    /// The name by which a patch finds a resource: the one that it had before the overlay renamed it.
    pub(super) fn name(self, want: &Resource<'c>) -> &'c str {
        let key = [want.kind(), want.identity.namespace, want.name()].map(str::to_owned);
        let names = self.overlay.map(|overlay| overlay.names);
        names
            .and_then(|names| names.get(&key))
            .map_or_else(|| want.name(), String::as_str)
    }
}
