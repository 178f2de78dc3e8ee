//! Runs programs: the only module that starts another program.
//!
//! Each program is found on PATH, has no stdin and its own process group, and is killed with
//! everything that it has started at its time limit. Its output is kept up to a bound.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::{Arg, ArgMatches, value_parser};

use super::remains;

/// The largest number of bytes that are read from a program's stdout: the limit of the YAML reader.
const MAX_STDOUT: usize = crate::yaml::MAX_BYTES;

/// The number of bytes that are kept of the end of a program's stderr: the last words say why it
/// failed.
const MAX_STDERR: usize = 1 << 20;

/// How long the streams of a program may stay open after its end, because of a process that it left
/// behind.
const LINGER: Duration = Duration::from_secs(1);

/// The interval for checking a program that writes nothing.
const PAUSE: Duration = Duration::from_millis(50);

/// The default time limit of a program, in seconds.
const SECONDS: &str = "600";

/// A week: a longer limit is as good as none.
const MAX_SECONDS: i64 = 7 * 24 * 60 * 60;

/// The end of a program.
#[derive(Debug)]
pub(super) enum End {
    /// By itself.
    Exit(Output),
    /// It exceeded the time limit, and was killed with everything that it had started.
    TooLate,
    /// It wrote too much to stdout, and was killed in the same way.
    TooMuch,
}

/// The argument for [`limit`].
pub(super) fn arg() -> Arg {
    Arg::new("timeout")
        .long("timeout")
        .value_name("SECONDS")
        .help("The longest that one build may take; three builds that take longer end the run")
        .value_parser(value_parser!(u64).range(1..=MAX_SECONDS.cast_unsigned()))
        .default_value(SECONDS)
}

/// The time limit of each program.
pub(super) fn limit(matches: &ArgMatches) -> Duration {
    let seconds = matches.get_one("timeout").copied();
    Duration::from_secs(seconds.unwrap_or_default())
}

/// The default time limit of each program.
pub(super) fn default_limit() -> Duration {
    Duration::from_secs(SECONDS.parse().unwrap_or_default())
}

/// A time in words.
pub(super) fn seconds(limit: Duration) -> String {
    match limit.as_secs() {
        1 => "1 second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}

/// The full path of a program on PATH; relative entries of PATH are ignored, because they would
/// lead into the checked repository.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let name = file_name(name, std::env::consts::EXE_SUFFIX);
    let mut places = std::env::split_paths(&path).filter(|place| place.is_absolute());
    places.find_map(|place| {
        let program = place.join(&name);
        super::program::is_executable(&program).then_some(program)
    })
}

/// The file name of a program: `kustomize.exe` on Windows, whose suffix the caller may have
/// written.
fn file_name(name: &str, suffix: &str) -> String {
    let stem = name.strip_suffix(suffix).unwrap_or(name);
    format!("{stem}{suffix}")
}

/// A command for a program, with a PATH without relative entries.
pub(super) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", without_relative(&path));
    }
    command
}

fn without_relative(path: &OsString) -> OsString {
    let places = std::env::split_paths(path).filter(|place| place.is_absolute());
    std::env::join_paths(places).unwrap_or_default()
}

/// Runs a program to its end, or kills it after `limit`.
///
/// # Errors
///
/// Fails if it cannot be started.
pub(super) fn run(command: &mut Command, limit: Duration) -> io::Result<End> {
    run_bounded(command, Stdio::null(), limit, MAX_STDOUT)
}

/// As [`run`], for a program whose stdin is a file.
///
/// # Errors
///
/// As [`run`].
pub(super) fn run_with(command: &mut Command, stdin: File, limit: Duration) -> io::Result<End> {
    run_bounded(command, stdin.into(), limit, MAX_STDOUT)
}

fn run_bounded(
    command: &mut Command,
    stdin: Stdio,
    limit: Duration,
    max: usize,
) -> io::Result<End> {
    let begin = Instant::now();
    command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = remains::start(command)?;
    let (sender, events) = mpsc::channel();
    let stdout = Stream::of(child.stdout.take(), Bound::Refuse(max), sender.clone());
    let stderr = Stream::of(child.stderr.take(), Bound::KeepEnd(MAX_STDERR), sender);
    let mut end = wait(&mut child, &events, begin, limit);
    match end {
        Some(Early::TooLate | Early::TooMuch) => remains::end(&mut child),
        Some(Early::Leftovers) => remains::kill(&mut child),
        None => {}
    }
    let status = remains::finish(&mut child)?;
    // Output that has just arrived may also be too much.
    if stdout.is_too_much() {
        end = end.or(Some(Early::TooMuch));
    }
    Ok(match end {
        Some(Early::TooLate) => End::TooLate,
        Some(Early::TooMuch) => End::TooMuch,
        Some(Early::Leftovers) | None => End::Exit(Output {
            status,
            stdout: stdout.take(),
            stderr: stderr.take(),
        }),
    })
}

/// The reason why a program must be killed.
#[derive(Clone, Copy)]
enum Early {
    TooLate,
    TooMuch,
    /// It has ended, but a process that it started still holds its streams.
    Leftovers,
}

/// Waits until a program has ended and closed its streams, or must be killed.
fn wait(
    child: &mut Child,
    events: &mpsc::Receiver<Event>,
    begin: Instant,
    limit: Duration,
) -> Option<Early> {
    let mut over: Option<Instant> = None;
    let mut nap = Duration::from_micros(100);
    loop {
        let left = limit.saturating_sub(begin.elapsed());
        let is_closed = match events.recv_timeout(PAUSE.min(left)) {
            Ok(Event::TooMuch) => return Some(Early::TooMuch),
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        if over.is_none() && remains::is_over(child) {
            over = Some(Instant::now());
        }
        match over {
            Some(_) if is_closed => return None,
            Some(over) if over.elapsed() > LINGER => return Some(Early::Leftovers),
            _ if left.is_zero() => return Some(Early::TooLate),
            // A program that has closed its streams is about to end.
            _ if is_closed => {
                std::thread::sleep(nap.min(left));
                nap = PAUSE.min(2 * nap);
            }
            _ => {}
        }
    }
}

/// An event of a stream; the end of the channel means that it was closed.
enum Event {
    TooMuch,
}

/// The treatment of a stream that is too long.
#[derive(Clone, Copy)]
enum Bound {
    Refuse(usize),
    KeepEnd(usize),
}

/// The output of a program, read by a thread that ends with the stream.
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    bound: Bound,
}

impl Stream {
    fn of<R: Read + Send + 'static>(
        source: Option<R>,
        bound: Bound,
        events: Sender<Event>,
    ) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&bytes);
        if let Some(source) = source {
            std::thread::spawn(move || read(source, &all, bound, &events));
        }
        Self { bytes, bound }
    }

    fn is_too_much(&self) -> bool {
        matches!(self.bound, Bound::Refuse(max) if locked(&self.bytes).len() > max)
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut locked(&self.bytes))
    }
}

fn locked(bytes: &Mutex<Vec<u8>>) -> std::sync::MutexGuard<'_, Vec<u8>> {
    bytes.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(mut source: impl Read, all: &Mutex<Vec<u8>>, bound: Bound, events: &Sender<Event>) {
    let mut chunk = vec![0; 64 << 10];
    loop {
        let count = match source.read(&mut chunk) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let mut all = locked(all);
        all.extend_from_slice(chunk.get(..count).unwrap_or_default());
        match bound {
            Bound::Refuse(max) if all.len() > max => {
                let _ = events.send(Event::TooMuch);
                return;
            }
            Bound::KeepEnd(max) if all.len() > 2 * max => {
                let start = all.len() - max;
                all.drain(..start);
            }
            _ => {}
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> End {
        let mut command = command(Path::new("/bin/sh"));
        run(command.args(["-c", script]), limit).unwrap()
    }

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn windows_programs_end_in_exe() {
        assert_eq!(file_name("kustomize", ".exe"), "kustomize.exe");
        assert_eq!(file_name("kustomize.exe", ".exe"), "kustomize.exe");
        assert_eq!(file_name("kustomize", ""), "kustomize");
    }

    #[test]
    fn the_output_of_a_program_is_kept() {
        let End::Exit(output) = shell("cat; echo out; echo err >&2; exit 3", LONG) else {
            panic!("it ends by itself");
        };
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(
            (&*output.stdout, &*output.stderr),
            (&b"out\n"[..], &b"err\n"[..])
        );
    }

    #[test]
    fn the_end_of_a_long_message_is_kept() {
        let script = "head -c 5000000 /dev/zero >&2; echo last >&2";
        let End::Exit(output) = shell(script, LONG) else {
            panic!("it ends by itself");
        };
        assert!(output.stderr.len() <= 2 * MAX_STDERR);
        assert!(output.stderr.ends_with(b"last\n"));
    }

    #[test]
    fn too_much_output_ends_a_program() {
        let mut command = command(Path::new("/bin/cat"));
        let end = run_bounded(command.arg("/dev/zero"), Stdio::null(), LONG, 1 << 20).unwrap();
        assert!(matches!(end, End::TooMuch), "{end:?}");
    }

    #[test]
    fn a_process_that_is_left_behind_does_not_block_the_reader() {
        let begin = Instant::now();
        let End::Exit(output) = shell("echo out; sleep 600 & exit 0", LONG) else {
            panic!("it ends by itself");
        };
        assert_eq!(output.stdout, b"out\n");
        assert!(begin.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn all_descendants_end_at_the_time_limit() {
        let place = tempfile::tempdir().unwrap();
        let numbers = place.path().join("numbers");
        // One ignores signals, one has closed its streams, one is a grandchild.
        let script = format!(
            "exec 3>{}; echo $$ >&3; (trap '' TERM; exec sleep 600) & echo $! >&3; \
             (sleep 600 >/dev/null 2>&1 & echo $! >&3; wait); wait",
            numbers.display()
        );
        let end = shell(&script, Duration::from_secs(1));
        assert!(matches!(end, End::TooLate), "{end:?}");
        let numbers = std::fs::read_to_string(numbers).unwrap();
        let numbers: Vec<&str> = numbers.lines().collect();
        assert_eq!(numbers.len(), 3);
        for number in numbers {
            let is_gone = || {
                let state = std::fs::read_to_string(format!("/proc/{number}/stat"));
                state.map_or(true, |state| state.contains(") Z "))
            };
            let begin = Instant::now();
            while !is_gone() && begin.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(PAUSE);
            }
            assert!(is_gone(), "{number} lives");
        }
    }

    #[test]
    fn relative_entries_of_path_are_ignored() {
        let path = OsString::from(":/usr/bin:bin:.:/bin");
        assert_eq!(without_relative(&path), "/usr/bin:/bin");
    }
}
