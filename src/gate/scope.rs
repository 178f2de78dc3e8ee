//! What a look at a part of a repository leaves out, which decides who may call an exemption unused.

use super::{Gate, Resources};
use crate::catalog::RuleId;
use crate::finding::Finding;
use crate::layout::Service;
use crate::rules::Look;

/// What else a policy may hold for than what is looked at.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'g> {
    /// Anything: nobody knows what the environments are a part of.
    Unknown,
    /// The services of a repository.
    Repository {
        /// Those that are left out.
        others: &'g [Service],
        /// Whether there may be more of them where nobody has looked.
        is_part: bool,
    },
}

impl Gate<'_> {
    /// How much of a repository is looked at.
    pub(super) fn look(&self, resources: &Resources<'_>, others: &[Finding]) -> Option<Look> {
        let Scope::Repository {
            others: left_out,
            is_part,
        } = self.scope
        else {
            return None;
        };
        let mut look = Look {
            // Of a file that cannot be read nobody knows which services it makes.
            is_part: is_part
                || others
                    .iter()
                    .any(|finding| finding.rule == RuleId::BuildFailure),
            has_files: self.parsed.is_some(),
            ..Look::default()
        };
        for service in &self.layout.services {
            // Environments are compared with each other, so that one that does not build leaves a gap in all.
            let mut directories = service
                .overlays
                .iter()
                .flat_map(|overlay| overlay.bases.iter().chain([&overlay.directory]));
            let is_built = directories.all(|directory| resources.contains_key(directory.as_str()));
            for member in self.members(&service.overlays) {
                let side = if is_built && self.is_judged(&member) {
                    &mut look.seen
                } else {
                    &mut look.unseen
                };
                side.insert((service.name.clone(), member.name));
            }
        }
        for service in left_out {
            for member in self.members(&service.overlays) {
                look.unseen.insert((service.name.clone(), member.name));
            }
        }
        Some(look)
    }
}
