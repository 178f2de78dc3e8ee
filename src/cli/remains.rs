//! What must not outlive this program: the programs that it has started, and its temporary files.
//!
//! A signal ends the program wherever it is, so both are registered in the step that makes them.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{LazyLock, Mutex, MutexGuard, Once, PoisonError};

use super::strays::{MARK, Strays};

/// What is there now.
struct Remains {
    /// The groups of processes, by their leaders, which are our children; and the mark of each.
    groups: BTreeMap<u32, String>,
    /// How many were started.
    started: u64,
    /// Temporary files and directories.
    paths: BTreeSet<PathBuf>,
}

/// Whoever is ending this program keeps the lock, so that nothing is started or made any more.
static REMAINS: Mutex<Remains> = Mutex::new(Remains {
    groups: BTreeMap::new(),
    started: 0,
    paths: BTreeSet::new(),
});

fn remains() -> MutexGuard<'static, Remains> {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(watch);
    REMAINS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a program in a group of its own.
///
/// # Errors
///
/// Fails where it cannot be started.
pub(super) fn start(command: &mut Command) -> io::Result<Child> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut remains = remains();
    remains.started += 1;
    let mark = format!("{:016x}-{}", run(), remains.started);
    let child = command.env(MARK, &mark).spawn()?;
    remains.groups.insert(child.id(), mark);
    Ok(child)
}

/// A number of this run alone: a container beside us counts its processes from one, too.
fn run() -> u64 {
    static RUN: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(std::process::id()));
    *RUN
}

/// Waits for the end of a program that is over, whose group is then of no concern any more.
///
/// # Errors
///
/// Fails where the system does not know it.
pub(super) fn finish(child: &mut Child) -> io::Result<std::process::ExitStatus> {
    // Its number is ours until it was waited for, and may be another's afterwards.
    remains().groups.remove(&child.id());
    child.wait()
}

/// Ends a program and everything that it has started, gently first.
pub(super) fn end(child: &mut Child) {
    let strays = strays(child);
    end_group(child);
    strays.kill();
}

/// Ends what is left of a program and what it has started.
pub(super) fn kill(child: &mut Child) {
    let strays = strays(child);
    kill_group(child);
    strays.kill();
}

fn strays(child: &Child) -> Strays {
    let mark = remains().groups.get(&child.id()).cloned();
    Strays::of(child.id(), &mark.unwrap_or_default())
}

/// A temporary file or directory that a signal would remove.
pub(super) struct Temporary<T> {
    made: T,
    name: Name,
}

/// The name under which it is known.
struct Name(PathBuf);

impl Drop for Name {
    fn drop(&mut self) {
        remains().paths.remove(&self.0);
    }
}

impl<T> Temporary<T> {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// Fails where it cannot be made.
    pub(super) fn new(
        begin: impl FnOnce() -> io::Result<T>,
        path: impl FnOnce(&T) -> &Path,
    ) -> io::Result<Self> {
        let mut remains = remains();
        let made = begin()?;
        let path = path(&made).to_path_buf();
        remains.paths.insert(path.clone());
        // Fields are dropped in their order: it goes before its name is forgotten.
        let name = Name(path);
        Ok(Self { made, name })
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.name.0
    }

    /// The thing itself.
    pub(super) fn made(&mut self) -> &mut T {
        &mut self.made
    }

    /// Turns it into something that stays.
    pub(super) fn keep<K>(self, keep: impl FnOnce(T) -> K) -> K {
        keep(self.made)
    }
}

#[cfg(unix)]
use unix::{end as end_group, kill as kill_group, watch};
#[cfg(unix)]
pub(super) use unix::{is_over, on_signal};

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::path::Path;
    use std::process::Child;
    use std::time::{Duration, Instant};

    use super::Strays;
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    /// How long a program may take to clean up after it was asked to end.
    const GRACE: Duration = Duration::from_secs(2);

    /// How often what has to happen soon is looked for.
    const PAUSE: Duration = Duration::from_millis(5);

    fn pid(number: u32) -> Option<Pid> {
        i32::try_from(number).ok().and_then(Pid::from_raw)
    }

    fn signal(group: u32, signal: Signal) {
        if let Some(group) = pid(group) {
            // One that is gone needs no signal.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Whether the leader of a group has ended; it is not waited for, so that the group keeps its number.
    fn has_ended(group: u32) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        pid(group).is_none_or(|leader| !matches!(waitid(WaitId::Pid(leader), options), Ok(None)))
    }

    /// Whether a program has ended.
    pub(in super::super) fn is_over(child: &mut Child) -> bool {
        has_ended(child.id())
    }

    /// Ends a group, gently first.
    pub(super) fn end(child: &mut Child) {
        end_all([child.id()].iter());
    }

    /// Ends what is left of a group.
    pub(super) fn kill(child: &mut Child) {
        signal(child.id(), Signal::KILL);
    }

    fn end_all<'g>(groups: impl Iterator<Item = &'g u32> + Clone) {
        for &group in groups.clone() {
            signal(group, Signal::TERM);
            // One that waits for a terminal would not hear it.
            signal(group, Signal::CONT);
        }
        let begin = Instant::now();
        while begin.elapsed() < GRACE && !groups.clone().all(|&group| has_ended(group)) {
            std::thread::sleep(PAUSE);
        }
        // The leader may have gone without those whom it has started.
        for &group in groups {
            signal(group, Signal::KILL);
        }
    }

    /// Removes a file or a directory, into which somebody may be writing.
    fn remove(path: &Path) {
        let begin = Instant::now();
        while fs::symlink_metadata(path).is_ok() && begin.elapsed() < GRACE {
            let is_removed = if path.is_dir() {
                fs::remove_dir_all(path).is_ok()
            } else {
                fs::remove_file(path).is_ok()
            };
            if !is_removed {
                std::thread::sleep(PAUSE);
            }
        }
    }

    /// Lets signals that end this program end what it has started, and remove what is temporary.
    pub(super) fn watch() {
        on_signal(|signal| {
            let remains = super::REMAINS.lock();
            let remains = remains.unwrap_or_else(std::sync::PoisonError::into_inner);
            let groups = remains.groups.iter();
            let strays = groups.map(|(leader, mark)| Strays::of(*leader, mark));
            let strays: Vec<Strays> = strays.collect();
            end_all(remains.groups.keys());
            strays.into_iter().for_each(Strays::kill);
            remains.paths.iter().for_each(|path| remove(path));
            // As a shell says it of a program that a signal has ended.
            std::process::exit(128 + signal);
        });
    }

    /// Does something, once, when a signal asks this program to end, which does not end it any more.
    pub(in super::super) fn on_signal(work: impl FnOnce(i32) + Send + 'static) {
        let ignored = ignored();
        let wanted = [SIGINT, SIGTERM, SIGHUP];
        // What was started under nohup goes on.
        let wanted = wanted
            .into_iter()
            .filter(|signal| ignored >> (signal - 1) & 1 == 0);
        let Ok(mut signals) = Signals::new(wanted) else {
            return;
        };
        let wait = move || {
            if let Some(signal) = signals.forever().next() {
                work(signal);
            }
        };
        // Without the thread, a signal does what it would do anyway once nothing listens.
        let _ = std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(wait);
    }

    /// The signals that whoever has started this program wants it to ignore, where the system says so.
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or_default()
    }
}

#[cfg(not(unix))]
use other::{end as end_group, kill as kill_group, watch};
#[cfg(not(unix))]
pub(super) use other::{is_over, on_signal};

/// Where there are no groups of processes, the program alone is ended.
#[cfg(not(unix))]
mod other {
    use std::process::Child;

    pub(in super::super) fn is_over(child: &mut Child) -> bool {
        !matches!(child.try_wait(), Ok(None))
    }

    pub(super) fn end(child: &mut Child) {
        kill(child);
    }

    pub(super) fn kill(child: &mut Child) {
        let _ = child.kill();
    }

    pub(super) fn watch() {}

    pub(in super::super) fn on_signal(_: impl FnOnce(i32) + Send + 'static) {}
}
