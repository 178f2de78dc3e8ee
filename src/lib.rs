//! krm-parity keeps the overlays of a kustomize base in parity with it.

pub mod quantity;
pub mod schema;
