//! The engine: a tree of five files, with a separator between them, is built or refused, with the
//! same result twice, and never a panic.
#![no_main]

use krm_parity::engine::Replay;
use krm_parity::repo::Sources;
use krm_parity_fuzz::SEPARATOR;
use krm_parity_fuzz::mutate::mutate;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

/// The names of the parts, in order.
const FILES: [&str; 5] = [
    "o/kustomization.yaml",
    "base/kustomization.yaml",
    "base/all.yaml",
    "o/patch.yaml",
    "o/more.yaml",
];

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut sources = Sources::default();
    for (path, part) in FILES.iter().zip(text.split(SEPARATOR)) {
        sources.insert((*path).to_owned(), part.to_owned());
    }
    let parsed = sources.parse();
    let bases = ["base".to_owned()];
    let build = || Replay::base(&parsed, &["o".to_owned()]).build();
    let built = build();
    let shown = |built: &Result<Vec<_>, _>| format!("{built:?}");
    assert_eq!(shown(&built), shown(&build()));
    let replay = Replay::overlay(&parsed, "o", &bases);
    if let (Ok(built), true) = (&built, replay.unknown().is_empty()) {
        assert_eq!(replay.places().len(), built.len());
        assert!(replay.lines().is_ok());
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed)
});
