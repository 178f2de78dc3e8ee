//! Sets of classes, such as the allowed ones of a policy.

use std::fmt;

use crate::catalog::Class;

/// A set of classes.
///
/// A class includes its sub-classes, so allowing `image` allows `image-tag`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassSet(u32);

impl ClassSet {
    /// Whether the set holds the class.
    #[must_use]
    pub const fn contains(self, class: Class) -> bool {
        self.0 & 1 << class as u8 != 0
    }

    /// The classes of the set, in the order of the rule reference.
    pub fn iter(self) -> impl Iterator<Item = Class> {
        Class::ALL
            .into_iter()
            .filter(move |class| self.contains(*class))
    }
}

impl FromIterator<Class> for ClassSet {
    fn from_iter<I: IntoIterator<Item = Class>>(classes: I) -> Self {
        let mut bits = 0;
        for class in classes {
            bits |= 1 << class as u8;
            if class == Class::Image {
                bits |= 1 << Class::ImageTag as u8;
            }
        }
        Self(bits)
    }
}

impl fmt::Debug for ClassSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Class::id)).finish()
    }
}
