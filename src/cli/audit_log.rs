//! Reads audit logs line by line, because they do not fit into memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use anyhow::{Context, bail};

use super::files::shown;
use super::reports::is_stdin;
use crate::audit::{Log, MAX_LINE, Seen, Trail};

/// The number of bytes that are read at once.
const BUFFER: usize = 256 << 10;

/// Reads a log into a trail, and returns notes for the reader.
///
/// # Errors
///
/// Fails if the log cannot be read or contains no audit event.
pub(super) fn read(path: &Path, trail: &mut Trail<'_, '_>) -> anyhow::Result<Vec<String>> {
    let name = if is_stdin(path) {
        "stdin".to_owned()
    } else {
        shown(path)
    };
    let seen = if is_stdin(path) {
        lines(io::stdin().lock(), trail)
    } else {
        if path.is_dir() {
            bail!("{name} is a directory; pass one file, or several with cat and -");
        }
        let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
        lines(BufReader::with_capacity(BUFFER, file), trail)
    };
    let seen = seen.with_context(|| format!("cannot read {name}"))?;
    if seen.events == 0 {
        let why = seen.unread.first();
        let why = why.map(|first| format!(": line {}: {}", first.line, first.why));
        bail!("{name} contains no audit event{}", why.unwrap_or_default());
    }
    Ok(notes(&name, &seen, trail))
}

fn lines(mut from: impl BufRead, trail: &mut Trail<'_, '_>) -> io::Result<Seen> {
    let asked = trail.asked();
    let mut log = Log::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        // One byte more shows whether the file is too large.
        let size = from
            .by_ref()
            .take(MAX_LINE as u64 + 1)
            .read_until(b'\n', &mut line)?;
        if size == 0 {
            break;
        }
        if size > MAX_LINE && !line.ends_with(b"\n") {
            line = Vec::new();
            log.skip();
            from.skip_until(b'\n')?;
            continue;
        }
        log.read(&line, &asked, |event| trail.take(event, size));
        // One long line must not keep its memory.
        line.shrink_to(BUFFER);
    }
    log.end();
    trail.end();
    Ok(log.seen)
}

fn notes(name: &str, seen: &Seen, trail: &Trail<'_, '_>) -> Vec<String> {
    let count = |count: usize, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    };
    let mut notes = vec![format!(
        "the audit log {name} has {}, of which {}",
        count(seen.events, "event", "events"),
        count(
            trail.writes,
            "is a write to the objects in Git",
            "are writes to the objects in Git"
        ),
    )];
    if seen.unread_lines > 0 {
        let all: Vec<String> = seen
            .unread
            .iter()
            .map(|one| format!("line {}: {}", one.line, one.why))
            .collect();
        let more = match seen.unread_lines - seen.unread.len() {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        notes.push(format!(
            "{} of {name} could not be read: {}{more}",
            count(seen.unread_lines, "line", "lines"),
            all.join("; ")
        ));
    }
    if !seen.received.is_empty() {
        notes.push(format!(
            "{name} does not say how {} ended, so they are ignored",
            count(
                seen.received.len(),
                "write to an object with one of these names",
                "writes to objects with these names"
            )
        ));
    }
    let forgotten: usize = trail.objects.iter().map(|object| object.forgotten).sum();
    if trail.is_cut || forgotten > 0 {
        notes.push(format!(
            "{name} has more writes to these objects than krm-parity keeps in memory; pass a shorter part of the log"
        ));
    }
    notes
}
