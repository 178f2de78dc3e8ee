//! Reads files with bounds on their size and type: a repository must not be able to stop or exhaust
//! its gate.
//!
//! A repository's entry must be a file, or a link to one. A path that a person gives on the command
//! line may also be a stream, as in `--rendered dev=<(kustomize build dev)`.

use std::borrow::Cow;
use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

/// The largest file of a repository: people do not write larger configurations.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// The longest path that a message repeats, in characters.
const MAX_SHOWN: usize = 200;

/// The longest word of a message that is repeated in full, in characters: some lines quote long
/// ones.
const MAX_WORD: usize = 280;

/// The reason why a file was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    /// It is not a file.
    #[error("it is {0}, not a file")]
    Kind(&'static str),
    /// It has too many bytes.
    #[error("it is larger than {} MiB", .0 >> 20)]
    TooLarge(usize),
    /// It is not text.
    #[error("it is not UTF-8")]
    NotText(Vec<u8>),
    /// The system refuses.
    #[error(transparent)]
    Refused(#[from] io::Error),
}

impl Unread {
    /// Whether nothing has that name.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Refused(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads a file of a repository without waiting: nothing that could block its reader is opened.
///
/// # Errors
///
/// Fails if it is not a regular file or a link to one, and if it has more than [`MAX_BYTES`].
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Unread> {
    read_file(path, MAX_BYTES)
}

/// Reads a text file of a repository.
///
/// # Errors
///
/// As [`read`], and if it is not UTF-8.
pub(super) fn read_text(path: &Path) -> Result<String, Unread> {
    String::from_utf8(read(path)?).map_err(|error| Unread::NotText(error.into_bytes()))
}

/// Reads a regular file of at most `max` bytes.
///
/// # Errors
///
/// As [`read`].
pub(super) fn read_file(path: &Path, max: usize) -> Result<Vec<u8>, Unread> {
    // Opening some devices has an effect, so they are not even opened. The opened file is checked
    // again, because it may have been replaced.
    only_file(fs::metadata(path)?.file_type())?;
    let file = open_at_once(path)?;
    only_file(file.metadata()?.file_type())?;
    bounded(file, max)
}

/// Reads a path from the command line, which may be a pipe or another stream, of at most `max`
/// bytes.
///
/// # Errors
///
/// Fails on a directory, and if there are more bytes.
pub(super) fn read_named(path: &Path, max: usize) -> Result<Vec<u8>, Unread> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(Unread::Kind(word(kind)));
    }
    bounded(File::open(path)?, max)
}

/// A path for a message, on one line; the middle is cut if it is longer than any system allows.
pub(super) fn shown(path: &Path) -> String {
    crate::text::one_line(&path.display().to_string(), MAX_SHOWN).into_owned()
}

/// A message in which paths longer than any system allows are cut, so that the reason is visible.
pub(super) fn without_long_words(text: &str) -> Cow<'_, str> {
    let is_long = |word: &str| word.len() > MAX_SHOWN && word.chars().count() > MAX_WORD;
    if !text.split_whitespace().any(is_long) {
        return Cow::Borrowed(text);
    }
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        let (inner, end) = word.split_at(word.trim_end().len());
        if is_long(inner) {
            let start: String = inner.chars().take(MAX_SHOWN).collect();
            return format!("{start}…{end}");
        }
        word.to_owned()
    });
    Cow::Owned(words.collect())
}

/// The place of a full path in a copy below another directory.
pub(super) fn mirrored(below: &Path, full: &Path) -> PathBuf {
    let parts = full.components();
    let inner = parts.filter(|part| matches!(part, Component::Normal(_)));
    below.join(inner.collect::<PathBuf>())
}

/// A path without `..`, computed from its text alone.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            out.pop();
        } else {
            out.push(part);
        }
    }
    out
}

fn bounded(file: File, max: usize) -> Result<Vec<u8>, Unread> {
    let mut bytes = Vec::new();
    // One byte more shows whether the file is too large, even if it grows or claims to be empty.
    file.take(max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > max {
        return Err(Unread::TooLarge(max));
    }
    Ok(bytes)
}

fn only_file(kind: FileType) -> Result<(), Unread> {
    if kind.is_file() {
        Ok(())
    } else {
        Err(Unread::Kind(word(kind)))
    }
}

/// Opens a file without waiting for the other end of a pipe.
#[cfg(unix)]
fn open_at_once(path: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    // The bits are those of a C int, whatever sign a system gives them.
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn word(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn word(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a directory"
    } else {
        "a device"
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    #[test]
    fn only_files_and_links_to_them_are_read() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::write(at("file"), "text").unwrap();
        symlink("file", at("link")).unwrap();
        symlink("link", at("link-to-link")).unwrap();
        for name in ["file", "link", "link-to-link"] {
            assert_eq!(read_text(&at(name)).unwrap(), "text");
        }
        assert!(
            Command::new("mkfifo")
                .arg(at("pipe"))
                .status()
                .unwrap()
                .success()
        );
        let _socket = UnixListener::bind(at("socket")).unwrap();
        fs::create_dir(at("directory")).unwrap();
        symlink("/dev/zero", at("endless")).unwrap();
        symlink("pipe", at("link-to-pipe")).unwrap();
        symlink("gone", at("dangling")).unwrap();
        symlink("circle", at("circle")).unwrap();
        fs::write(at("bytes"), b"\xff").unwrap();
        fs::write(at("large"), vec![b'x'; MAX_BYTES + 1]).unwrap();
        for (name, why) in [
            ("pipe", "it is a pipe, not a file"),
            ("link-to-pipe", "it is a pipe, not a file"),
            ("socket", "it is a socket, not a file"),
            ("directory", "it is a directory, not a file"),
            ("endless", "it is a device, not a file"),
            ("bytes", "it is not UTF-8"),
            ("large", "it is larger than 16 MiB"),
        ] {
            assert_eq!(read_text(&at(name)).unwrap_err().to_string(), why, "{name}");
        }
        assert!(read(&at("dangling")).unwrap_err().is_absent());
        assert!(!read(&at("circle")).unwrap_err().is_absent());
    }

    #[test]
    fn named_streams_are_read_up_to_a_bound() {
        let place = tempfile::tempdir().unwrap();
        let pipe = place.path().join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let writer = {
            let pipe = pipe.clone();
            std::thread::spawn(move || fs::write(pipe, "text"))
        };
        assert_eq!(read_named(&pipe, 9).unwrap(), b"text");
        writer.join().unwrap().unwrap();
        let endless = read_named(Path::new("/dev/zero"), 1 << 20).unwrap_err();
        assert_eq!(endless.to_string(), "it is larger than 1 MiB");
        let directory = read_named(place.path(), 9).unwrap_err();
        assert_eq!(directory.to_string(), "it is a directory, not a file");
    }

    #[test]
    fn long_paths_are_shown_in_part() {
        assert_eq!(shown(Path::new("a/b")), "a/b");
        let long = shown(Path::new(&"a/".repeat(2500)));
        assert_eq!(long.chars().count(), MAX_SHOWN);
        let text = format!("cannot find {}: too long\nnext", "ä/".repeat(2500));
        let told = without_long_words(&text);
        assert!(
            told.ends_with("ä/…: too long\nnext") || told.ends_with("ä/… too long\nnext"),
            "{told}"
        );
        assert_eq!(without_long_words("a  b\n"), "a  b\n");
    }
}
