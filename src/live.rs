//! What Git says beside what a cluster runs, field by field, with whoever owns the difference.
//!
//! A verdict is what Git sets, times whether it is equal, times who owns the live value: `managers` knows
//! tools by their names, `owned` reads `managedFields`, `meaning` says what Kubernetes takes for the
//! same, and `verdict` puts the three together. What a verdict weighs, and its words, are the rules' business.

mod bare;
mod changes;
mod managers;
mod meaning;
mod objects;
mod owned;
mod recovery;
mod shown;
mod silence;
mod silent;
mod verdict;

pub use bare::unlike;
pub use managers::{Group, Managers, group, is_applier};
pub use objects::{Live, Pair, Unread, compare};
pub use owned::Entry;
pub use recovery::Sides;
pub use shown::shown;
pub use silence::{Silence, Silent};
pub use silent::spellings;
pub use verdict::{Drift, Verdict};
