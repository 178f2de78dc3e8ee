//! A reference for `cargo bench --bench process`: a process that only builds the tree of its stdin.

use std::io::Read as _;

#[path = "support/bare.rs"]
mod bare;

fn main() {
    let mut input = String::new();
    std::io::stdin()
        .lock()
        .read_to_string(&mut input)
        .expect("stdin is UTF-8");
    // Its memory is freed with the process: dropping the tree is not part of building it.
    std::mem::forget(std::hint::black_box(bare::tree(&input)));
}
