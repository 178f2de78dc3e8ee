//! What a long run of builds says on stderr while it works.
//!
//! A terminal has one line that is written over, every second. Elsewhere, such as in the log of a CI system, each line
//! stays: the first after a second, and then one every ten seconds. A run of less than a second says nothing.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// When the first line comes.
const FIRST: Duration = Duration::from_secs(1);

/// How many of all builds are done.
pub(super) struct Count {
    done: AtomicUsize,
    all: usize,
}

impl Count {
    pub(super) const fn of(all: usize) -> Self {
        Self {
            done: AtomicUsize::new(0),
            all,
        }
    }

    /// One more is done.
    pub(super) fn add(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn words(&self, elapsed: Duration) -> String {
        let Self { done, all } = self;
        let done = done.load(Ordering::Relaxed);
        let seconds = elapsed.as_secs();
        format!("krm-parity: {done} of {all} builds done after {seconds} s")
    }
}

/// Where the lines go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Face {
    Terminal,
    Log,
}

impl Face {
    /// How long it takes from one line to the next.
    const fn pace(self) -> Duration {
        match self {
            Self::Terminal => Duration::from_secs(1),
            Self::Log => Duration::from_secs(10),
        }
    }

    /// Lines come at whole multiples of the pace, the first one apart.
    fn pause(self, elapsed: Duration) -> Duration {
        if elapsed < FIRST {
            return FIRST.saturating_sub(elapsed);
        }
        let pace = self.pace().as_secs();
        Duration::from_secs(pace - elapsed.as_secs() % pace)
    }
}

/// Does the work, and says meanwhile how far it is.
pub(super) fn during<T>(count: &Count, is_quiet: bool, work: impl FnOnce() -> T) -> T {
    if is_quiet {
        return work();
    }
    let face = if io::stderr().is_terminal() {
        Face::Terminal
    } else {
        Face::Log
    };
    let (end, ended) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let goes_on =
                |pause| matches!(ended.recv_timeout(pause), Err(RecvTimeoutError::Timeout));
            tell(&mut io::stderr(), face, count, goes_on);
        });
        let result = work();
        drop(end);
        result
    })
}

/// Writes lines until the work is over; `goes_on` waits for so long, and says whether the work takes longer.
fn tell(
    out: &mut impl Write,
    face: Face,
    count: &Count,
    mut goes_on: impl FnMut(Duration) -> bool,
) {
    let mut elapsed = Duration::ZERO;
    let mut width = 0;
    loop {
        let pause = face.pause(elapsed);
        if !goes_on(pause) {
            break;
        }
        elapsed += pause;
        let words = count.words(elapsed);
        // There may be no one to read it.
        let _ = match face {
            Face::Terminal => write!(out, "\r{words}").and_then(|()| out.flush()),
            Face::Log => writeln!(out, "{words}"),
        };
        width = words.len();
    }
    if face == Face::Terminal && width > 0 {
        // Blanks, because not every terminal knows the sequence that clears a line.
        let _ = write!(out, "\r{:width$}\r", "").and_then(|()| out.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a run that takes so many seconds, in each of which one build ends.
    fn said(face: Face, seconds: u64) -> String {
        let count = Count::of(40);
        let mut out = Vec::new();
        let mut left = seconds;
        tell(&mut out, face, &count, |pause| {
            let pause = pause.as_secs();
            let goes_on = pause <= left;
            left = left.saturating_sub(pause);
            (0..pause).for_each(|_| count.add());
            goes_on
        });
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_short_run_says_nothing() {
        assert_eq!(said(Face::Log, 0), "");
        assert_eq!(said(Face::Terminal, 0), "");
    }

    #[test]
    fn a_log_has_a_line_after_a_second_and_one_every_ten_seconds() {
        let words = "krm-parity: 1 of 40 builds done after 1 s\n\
                     krm-parity: 10 of 40 builds done after 10 s\n\
                     krm-parity: 20 of 40 builds done after 20 s\n";
        assert_eq!(said(Face::Log, 29), words);
    }

    #[test]
    fn a_terminal_has_one_line_that_is_gone_in_the_end() {
        let words = "\rkrm-parity: 1 of 40 builds done after 1 s\
                     \rkrm-parity: 2 of 40 builds done after 2 s";
        let blank = " ".repeat(words.len() / 2 - 1);
        assert_eq!(said(Face::Terminal, 2), format!("{words}\r{blank}\r"));
    }
}
