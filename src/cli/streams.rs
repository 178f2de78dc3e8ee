//! Output to stdout and stderr.

use std::io::{self, Write};

/// Writes lines for people to stdout, none of which is a command for a CI runner.
pub(super) fn write_out(text: &str) -> io::Result<()> {
    write_bytes(&crate::text::without_commands(text))
}

/// Writes to stdout; a closed stdout is not an error.
pub(super) fn write_bytes(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes lines to stderr, and ignores failures.
///
/// The lines quote foreign text, which a CI runner might read as a command.
pub(super) fn complain(text: &str) {
    let text = crate::text::without_commands(text);
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether this user wants colour on terminals.
pub(super) fn may_color() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
