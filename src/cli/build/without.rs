//! Builds a directory without sources of Secrets that are absent by design, or without this
//! program's functions: it copies the files, replaces each missing or changed one, and marks the
//! keys of a Secret without its source as unknown.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::super::files;
use super::{Builder, Lacking, Place, STUB};
use crate::finding::REDACTED;

/// The largest size of a copy for one directory, in bytes.
const MAX_BYTES: usize = 64 << 20;

impl Builder {
    /// Builds a directory without its missing files; `None` if that is not possible either.
    pub(super) fn without(
        &self,
        root: &Path,
        place: &Place,
        lacking: &Lacking<'_>,
    ) -> anyhow::Result<Option<String>> {
        Ok(match self.build_copy(root, place, lacking)? {
            Copied::Built(Ok(content)) => Some(unknown(&content)),
            _ => None,
        })
    }

    /// Builds a copy of a directory.
    pub(super) fn build_copy(
        &self,
        root: &Path,
        place: &Place,
        lacking: &Lacking<'_>,
    ) -> anyhow::Result<Copied> {
        let copy = tempfile::Builder::new()
            .prefix("without-")
            .tempdir_in(place.directory.path())
            .context("cannot create a temporary directory")?;
        let below = fs::canonicalize(copy.path()).context("cannot find a temporary directory")?;
        if !fill(&below, root, lacking)? {
            return Ok(Copied::Not);
        }
        let moved = files::mirrored(&below, root);
        let built = self.single(&moved, place, lacking.directory, lacking.may_be_ours)?;
        Ok(built.map_or(Copied::TooLate, Copied::Built))
    }
}

/// The result of building a copy.
pub(super) enum Copied {
    /// The files cannot be copied as kustomize would read them.
    Not,
    TooLate,
    Built(Result<String, String>),
}

/// Copies the files of a directory, and returns whether all could be copied as kustomize would read
/// them.
fn fill(below: &Path, root: &Path, lacking: &Lacking<'_>) -> anyhow::Result<bool> {
    let mut left = MAX_BYTES;
    for file in &lacking.files {
        let full = files::normal(&root.join(file));
        // kustomize resolves a link on the path to its target.
        if fs::canonicalize(&full).ok().as_ref() != Some(&full) {
            return Ok(false);
        }
        let Ok(bytes) = files::read(&full) else {
            return Ok(false);
        };
        let Some(rest) = left.checked_sub(bytes.len()) else {
            return Ok(false);
        };
        left = rest;
        write(&files::mirrored(below, &full), &bytes)?;
    }
    for (file, text) in &lacking.stubs {
        let full = files::normal(&root.join(file));
        write(&files::mirrored(below, &full), text.as_bytes())?;
    }
    // The directory may have no file of its own.
    fs::create_dir_all(files::mirrored(below, root)).context("cannot write a temporary file")?;
    Ok(true)
}

fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let written = file.parent().map_or(Ok(()), fs::create_dir_all);
    written
        .and_then(|()| fs::write(file, bytes))
        .context("cannot write a temporary file")
}

/// Sealed resources, without the keys of Secrets that contain a stub.
pub(super) fn unknown(content: &str) -> String {
    let mut out = String::with_capacity(content.len());
    for line in content.lines() {
        match marked(line) {
            Some(secret) => out.push_str(&secret),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

fn marked(line: &str) -> Option<String> {
    if !line.contains(STUB) {
        return None;
    }
    let mut resource: Value = serde_json::from_str(line).ok()?;
    let is_secret = resource.get("kind")?.as_str() == Some("Secret");
    let data = resource.get_mut("data").filter(|_| is_secret)?;
    let mut keys = data.as_object()?.keys();
    if !keys.any(|key| key.starts_with(STUB)) {
        return None;
    }
    *data = Value::from(REDACTED);
    Some(resource.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_that_lacks_its_source_loses_its_keys() {
        let line = |kind: &str, key: &str| {
            format!("{{\"apiVersion\":\"v1\",\"data\":{{\"{key}\":\"x\"}},\"kind\":\"{kind}\"}}\n")
        };
        let lacking = line("Secret", "KRM_PARITY_ABSENT_0");
        let others = [
            line("ConfigMap", "KRM_PARITY_ABSENT_0"),
            line("Secret", "a"),
        ]
        .concat();
        assert_eq!(
            unknown(&format!("{lacking}{others}")),
            format!(
                "{{\"apiVersion\":\"v1\",\"data\":\"{REDACTED}\",\"kind\":\"Secret\"}}\n{others}"
            )
        );
    }
}
