//! Runs programs: the one way in which this program starts another.
//!
//! Each is found on PATH, reads nothing, has a group of its own, and is ended with
//! all that it has started when its time is over. What it writes is kept up to a bound.

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

/// The most bytes that are taken from a program's stdout: what the reader of YAML takes.
const MAX_STDOUT: usize = crate::yaml::MAX_BYTES;

/// How much of the end of a program's stderr is kept: its last words say why it failed.
const MAX_STDERR: usize = 1 << 20;

/// How long the streams of a program may stay open after its end, held by what it has left behind.
const LINGER: Duration = Duration::from_secs(1);

/// How often a program is looked at that does not write anything.
const PAUSE: Duration = Duration::from_millis(50);

/// How many seconds a program may take, unless it is said otherwise.
const SECONDS: &str = "600";

/// A week: whoever wants more wants no limit.
const MAX_SECONDS: i64 = 7 * 24 * 60 * 60;

/// How a program came to its end.
#[derive(Debug)]
pub(super) enum End {
    /// By itself.
    Exit(Output),
    /// It took too long, and was ended with all that it had started.
    TooLate,
    /// It wrote more to stdout than is taken, and was ended likewise.
    TooMuch,
}

/// The argument that [`limit`] reads.
pub(super) fn arg() -> Arg {
    Arg::new("timeout")
        .long("timeout")
        .value_name("SECONDS")
        .help("The longest that one build may take; three builds that take longer end the run")
        .value_parser(value_parser!(u64).range(1..=MAX_SECONDS.cast_unsigned()))
        .default_value(SECONDS)
}

/// How long each program may take.
pub(super) fn limit(matches: &ArgMatches) -> Duration {
    let seconds = matches.get_one("timeout").copied();
    Duration::from_secs(seconds.unwrap_or_default())
}

/// How long each program may take where nobody says.
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

/// The program of a name on PATH, by a path in full: a relative entry of PATH would lead into whatever is looked at.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let name = file_name(name, std::env::consts::EXE_SUFFIX);
    let mut places = std::env::split_paths(&path).filter(|place| place.is_absolute());
    places.find_map(|place| {
        let program = place.join(&name);
        super::program::is_executable(&program).then_some(program)
    })
}

/// The file of a program: `kustomize.exe` on Windows, whose suffix the caller may have written.
fn file_name(name: &str, suffix: &str) -> String {
    let stem = name.strip_suffix(suffix).unwrap_or(name);
    format!("{stem}{suffix}")
}

/// What starts a program, whose own programs are not found by relative entries of PATH either.
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

/// Runs a program to its end, or ends it after `limit`.
///
/// # Errors
///
/// Fails where it cannot be started.
pub(super) fn run(command: &mut Command, limit: Duration) -> io::Result<End> {
    run_bounded(command, Stdio::null(), limit, MAX_STDOUT)
}

/// As [`run`], for a program that reads a file as its stdin.
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
    // What has just been written to a stream is more, too.
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

/// Why a program is not just waited for.
#[derive(Clone, Copy)]
enum Early {
    TooLate,
    TooMuch,
    /// It has ended, and something that it has started still holds its streams.
    Leftovers,
}

/// Waits until a program has ended and closed its streams, or is to be ended.
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
            // Whoever has closed its streams is about to end.
            _ if is_closed => {
                std::thread::sleep(nap.min(left));
                nap = PAUSE.min(2 * nap);
            }
            _ => {}
        }
    }
}

/// What is told of a stream; that it was closed is told by nobody being left to tell anything.
enum Event {
    TooMuch,
}

/// What becomes of a stream that is too long.
#[derive(Clone, Copy)]
enum Bound {
    Refuse(usize),
    KeepEnd(usize),
}

/// What a program writes, read by a thread that ends with the stream.
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
    fn programs_of_windows_end_in_exe() {
        assert_eq!(file_name("kustomize", ".exe"), "kustomize.exe");
        assert_eq!(file_name("kustomize.exe", ".exe"), "kustomize.exe");
        assert_eq!(file_name("kustomize", ""), "kustomize");
    }

    #[test]
    fn what_a_program_writes_is_kept() {
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
    fn the_end_of_long_words_is_kept() {
        let script = "head -c 5000000 /dev/zero >&2; echo last >&2";
        let End::Exit(output) = shell(script, LONG) else {
            panic!("it ends by itself");
        };
        assert!(output.stderr.len() <= 2 * MAX_STDERR);
        assert!(output.stderr.ends_with(b"last\n"));
    }

    #[test]
    fn more_than_is_taken_ends_a_program() {
        let mut command = command(Path::new("/bin/cat"));
        let end = run_bounded(command.arg("/dev/zero"), Stdio::null(), LONG, 1 << 20).unwrap();
        assert!(matches!(end, End::TooMuch), "{end:?}");
    }

    #[test]
    fn what_a_program_leaves_behind_does_not_keep_its_reader() {
        let begin = Instant::now();
        let End::Exit(output) = shell("echo out; sleep 600 & exit 0", LONG) else {
            panic!("it ends by itself");
        };
        assert_eq!(output.stdout, b"out\n");
        assert!(begin.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn all_that_a_program_has_started_ends_with_its_time() {
        let place = tempfile::tempdir().unwrap();
        let numbers = place.path().join("numbers");
        // One hears no signal, one has closed its streams, one is a child's child.
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
    fn relative_places_of_programs_are_left_out() {
        let path = OsString::from(":/usr/bin:bin:.:/bin");
        assert_eq!(without_relative(&path), "/usr/bin:/bin");
    }
}
