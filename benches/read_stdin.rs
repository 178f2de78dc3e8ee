//! A reference for `cargo bench --bench process`: a process that only reads its stdin.

use std::io::Read as _;

fn main() -> std::io::Result<()> {
    let mut input = Vec::new();
    std::io::stdin().lock().read_to_end(&mut input)?;
    std::hint::black_box(&input);
    Ok(())
}
