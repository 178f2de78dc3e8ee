//! Settings that cannot be read here, because they are encrypted.
//!
//! Every environment encrypts with its own keys, so its ciphertexts differ
//! even where the plain texts do not. The names of the settings can be read.

use crate::catalog::Class;
use crate::compare::diff::{Change, ChangeKind, Step};
use crate::resource::Resource;
use crate::yaml::Node;

/// The class of a change of a ciphertext, or of a key that has one.
pub(super) fn class(resource: &Resource<'_>, change: &Change<'_>) -> Option<Class> {
    match change.steps.as_slice() {
        [Step::Field("spec"), Step::Field("encryptedData"), key @ ..]
            if resource.group() == "bitnami.com" && resource.kind() == "SealedSecret" =>
        {
            let scalars = [change.base, change.overlay]
                .into_iter()
                .flatten()
                .all(Node::is_scalar);
            Some(match key {
                [_] if change.kind == ChangeKind::Modified && scalars => Class::EnvValues,
                _ => Class::ConfigKeys,
            })
        }
        [Step::Field("sops"), Step::Field(field), ..] if is_sealing(field) => {
            Some(Class::EnvValues)
        }
        _ => None,
    }
}

/// Whether a text that SOPS has encrypted became another encrypted text.
pub(super) fn is_setting(resource: &Resource<'_>, change: &Change<'_>) -> bool {
    change.kind == ChangeKind::Modified
        && resource.node.get("sops").is_some_and(Node::is_map)
        && [change.base, change.overlay]
            .into_iter()
            .all(|side| side.is_some_and(is_sops))
}

/// Fields of SOPS's stanza that say which key something is encrypted with, and prove its content.
///
/// The fields that choose which settings are encrypted are not among them.
fn is_sealing(field: &str) -> bool {
    matches!(
        field,
        "age"
            | "azure_kv"
            | "gcp_kms"
            | "hc_vault"
            | "key_groups"
            | "kms"
            | "lastmodified"
            | "mac"
            | "pgp"
            | "version"
    )
}

/// Whether SOPS has encrypted a text.
fn is_sops(node: Node<'_>) -> bool {
    node.as_str()
        .is_some_and(|text| text.starts_with("ENC[AES256_GCM,") && text.ends_with(']'))
}
