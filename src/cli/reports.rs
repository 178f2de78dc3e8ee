//! Reports of earlier checks, read back: bounded, whoever has written them.

use std::io::Read;
use std::path::Path;

use anyhow::Context;

use super::files;
use crate::report::survey::json::{MAX_BYTES, read_with_version};
use crate::survey::Survey;

/// Whether a name stands for stdin.
pub(super) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Reads a report: what a person calls it, which version has written it, and what it says.
pub(super) fn load(file: &Path) -> anyhow::Result<(String, String, Survey)> {
    let name = if is_stdin(file) {
        "stdin".to_owned()
    } else {
        crate::text::one_line(&file.display().to_string(), 400).into_owned()
    };
    let bytes = if is_stdin(file) {
        let mut bytes = Vec::new();
        // One byte more than is taken tells too much from just enough.
        let source = std::io::stdin().lock().take(MAX_BYTES as u64 + 1);
        { source }
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot read {name}"))?;
        bytes
    } else {
        files::read_named(file, MAX_BYTES).with_context(|| format!("cannot read {name}"))?
    };
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is not UTF-8"))?;
    let (survey, version) = read_with_version(&text).with_context(|| name.clone())?;
    Ok((name, version, survey))
}
