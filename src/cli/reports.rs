//! Reads the reports of earlier checks, with bounds.

use std::io::Read;
use std::path::Path;

use anyhow::Context;

use super::files;
use crate::report::survey::json::{MAX_BYTES, read_with_version};
use crate::survey::Survey;

/// Whether a name means stdin.
pub(super) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Reads a report: its name for people, the version that wrote it, and its content.
pub(super) fn load(file: &Path) -> anyhow::Result<(String, String, Survey)> {
    let name = if is_stdin(file) {
        "stdin".to_owned()
    } else {
        crate::text::one_line(&file.display().to_string(), 400).into_owned()
    };
    let bytes = if is_stdin(file) {
        let mut bytes = Vec::new();
        // One byte more shows whether it is too large.
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
