//! The differences of faces, and their reasons.

use super::face::Face::{self, Check, Matrix, OneByOne, Package, Rendered};

/// A difference of a face that is intended, or at least known.
pub struct Known {
    pub faces: &'static [Face],
    /// `+RULE` for a finding that only the face has, `-RULE` for one that it lacks.
    pub what: &'static [&'static str],
    /// The cases, all of which must differ in each of these faces.
    pub cases: &'static [&'static str],
    pub reason: &'static str,
}

/// Findings about the policy name the environment if a build judges only one, and none if several
/// are judged.
pub const OF_THE_POLICY: [&str; 3] = [
    "expired-exemption",
    "expiring-exemption",
    "unused-exemption",
];

/// Cases that cannot be written as a tree.
pub const NO_TREES: [(&str, &str); 9] = [
    ("allowed/environments-with-names-of-their-own", NOTES),
    ("allowed/hosts-book-keeping", NOTES),
    ("allowed/names-that-kustomize-recorded", NOTES),
    ("other/a-definition-renamed", NOTES),
    ("other/a-reference-that-local-configuration-turns", NOTES),
    ("other/a-rename-that-the-base-denies", NOTES),
    ("other/one-resource-renamed-alone", NOTES),
    ("other/one-resource-renamed-under-a-prefix", NOTES),
    ("removed-resource/everything-deleted", NOTHING),
];

/// The reason why a case with annotations of kustomize cannot be written as a tree.
pub const NOTES: &str = "notes that kustomize makes and takes away itself";

/// The reason why a case with an empty environment cannot be written as a tree.
pub const NOTHING: &str = "an environment of nothing";

const TREES: &[Face] = &[Check, OneByOne, Rendered, Package];

pub const KNOWN: &[Known] = &[
    Known {
        faces: &[Matrix],
        what: &["-missing-baseline", "+missing-baseline"],
        cases: &["missing-baseline/snapshot-of-another-environment"],
        reason: "the same finding in other words: the overlay is one of the environments that are there",
    },
    Known {
        faces: &[Check, OneByOne],
        what: &["+unused-exemption"],
        cases: &[
            "allowed/exemptions-of-other-environments",
            "allowed/exemptions-of-other-services",
        ],
        reason: "a build does not see what the exemption is about, the gate sees that it is not there",
    },
    Known {
        faces: &[Check, OneByOne],
        what: &["+unused-exemption"],
        cases: &[
            "other/allowed-in-another-environment",
            "other/allowed-on-another-resource",
            "other/flag-and-what-follows-it",
            "other/flag-given-twice",
            "other/flag-permitted-by-the-index-of-another",
            "other/flag-repeated",
            "other/flags-behind-dashes",
            "other/flags-in-another-order",
            "other/one-part-of-an-added-map-is-not-allowed",
            "other/script-of-a-shell",
        ],
        reason: "a build does not say of what a policy allows that it is not there, since other builds may need it",
    },
    Known {
        faces: TREES,
        what: &["-missing-baseline"],
        cases: &["missing-baseline/a-base-alone"],
        reason: "a directory that no overlay loads is no service; where nothing else is, the gate could not run",
    },
    Known {
        faces: TREES,
        what: &["-missing-baseline", "+missing-baseline"],
        cases: &[
            "missing-baseline/a-matrix-whose-policy-names-the-base",
            "missing-baseline/snapshot-of-another-environment",
        ],
        reason: "the same finding in other words: directories are there, and no snapshots",
    },
    Known {
        faces: &[Check, OneByOne, Package],
        what: &["-scale-factor"],
        cases: &["scale-factor/down-where-no-order-is-known"],
        reason: "directories whose names are no environments are compared where spec.layout names them",
    },
];
