//! Compares Git with a cluster, field by field, and finds the owner of each difference.
//!
//! A verdict depends on three facts: whether Git sets the field, whether the values are equal, and
//! who owns the live value. `managers` knows tools by their names, `owned` reads `managedFields`,
//! `meaning` knows which values are the same to Kubernetes, and `verdict` combines the three.
//! Severity and wording are up to the rules.

mod bare;
mod changes;
mod in_place;
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
pub use in_place::{InPlace, in_place};
pub use managers::{Group, Managers, group, is_applier};
pub use objects::{Live, Pair, Unread, compare};
pub use owned::Entry;
pub use recovery::Sides;
pub use shown::shown;
pub use silence::{Silence, Silent};
pub use silent::spellings;
pub use verdict::{Drift, Verdict};
