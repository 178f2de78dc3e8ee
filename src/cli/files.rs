//! Reads files, bounded in size and kind: whoever wrote a repository must not be able to stop or exhaust its gate.
//!
//! What a repository holds is a file, or a link to one. What a person names on the command line may also be a stream,
//! as in `--rendered dev=<(kustomize build dev)`.

use std::borrow::Cow;
use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

/// The most bytes of a repository's file: larger ones are no configuration that a person wrote.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// The longest path that a message repeats, in characters.
const MAX_SHOWN: usize = 200;

/// The longest word of a message that is repeated as a whole, in characters: some lines quote long ones.
const MAX_WORD: usize = 280;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    /// It is something else.
    #[error("it is {0}, not a file")]
    Kind(&'static str),
    /// It has more bytes than are taken.
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
    /// Whether there is nothing of that name.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Refused(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads a file of a repository, at once: nothing that could keep its reader waiting is opened.
///
/// # Errors
///
/// Fails on whatever is not a regular file, or a link to one, and on one of more than [`MAX_BYTES`].
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Unread> {
    read_file(path, MAX_BYTES)
}

/// Reads a file of a repository, which is text.
///
/// # Errors
///
/// As [`read`], and where it is not UTF-8.
pub(super) fn read_text(path: &Path) -> Result<String, Unread> {
    String::from_utf8(read(path)?).map_err(|error| Unread::NotText(error.into_bytes()))
}

/// Reads a regular file of at most `max` bytes.
///
/// # Errors
///
/// As [`read`].
pub(super) fn read_file(path: &Path, max: usize) -> Result<Vec<u8>, Unread> {
    // To open some devices does something, so they are not even opened; what was opened is looked at again,
    // since it may be another by then.
    only_file(fs::metadata(path)?.file_type())?;
    let file = open_at_once(path)?;
    only_file(file.metadata()?.file_type())?;
    bounded(file, max)
}

/// Reads what a person has named, which may be a pipe or another stream, of at most `max` bytes.
///
/// # Errors
///
/// Fails on a directory, and on what holds more.
pub(super) fn read_named(path: &Path, max: usize) -> Result<Vec<u8>, Unread> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(Unread::Kind(word(kind)));
    }
    bounded(File::open(path)?, max)
}

/// A path for a message, on one line and without the middle of what no system would take anyway.
pub(super) fn shown(path: &Path) -> String {
    crate::text::one_line(&path.display().to_string(), MAX_SHOWN).into_owned()
}

/// A message without the ends of paths that are longer than any system takes, so that its reason is seen.
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

/// Where something lies below another directory as it lies in full.
pub(super) fn mirrored(below: &Path, full: &Path) -> PathBuf {
    let parts = full.components();
    let inner = parts.filter(|part| matches!(part, Component::Normal(_)));
    below.join(inner.collect::<PathBuf>())
}

/// A path without `..`, by its text alone.
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
    // One byte more tells too much from just enough, also where a file grows or says that it is empty.
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

/// Opens a file without waiting, as one must for the other end of a pipe.
#[cfg(unix)]
fn open_at_once(path: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    // The bits are those of a C int, whatever the sign that a system gives them.
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
    fn streams_that_a_person_names_are_read_up_to_a_bound() {
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
