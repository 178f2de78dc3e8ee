//! The place of real overlays, for tests that use them if they exist.

use std::path::{Path, PathBuf};

/// The folder of the corpus: the one that `KRM_PARITY_CORPUS` names, or one beside the project.
pub fn corpus() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("KRM_PARITY_CORPUS").map(PathBuf::from);
    let beside = here.ancestors().skip(1).take(2);
    let found = named
        .into_iter()
        .chain(beside.map(|up| up.join("shared/corpus")))
        .find(|path| path.join("index.tsv").is_file());
    if found.is_none() {
        println!("skipped: there is no corpus; name one in KRM_PARITY_CORPUS");
    }
    found
}
