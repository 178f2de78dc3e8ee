//! Resources that must not outlive this program: its child processes and its temporary files.
//!
//! A signal can end the program at any point, so both are registered in the step that creates them.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{LazyLock, Mutex, MutexGuard, Once, PoisonError};

use super::strays::{MARK, Strays};

/// The registered resources.
struct Remains {
    /// The process groups by their leaders, which are our children, with the mark of each.
    groups: BTreeMap<u32, String>,
    /// The number of started programs.
    started: u64,
    /// Temporary files and directories.
    paths: BTreeSet<PathBuf>,
}

/// The code that ends this program keeps the lock, so that nothing else is started or created.
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

/// Starts a program in its own process group.
///
/// # Errors
///
/// Fails if it cannot be started.
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

/// A number that is unique to this run: containers count their processes from one as well.
fn run() -> u64 {
    static RUN: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(std::process::id()));
    *RUN
}

/// Waits for a program that has ended, and forgets its group.
///
/// # Errors
///
/// Fails if the system does not know the process.
pub(super) fn finish(child: &mut Child) -> io::Result<std::process::ExitStatus> {
    // The process id is ours until it was waited for; afterwards another process may get it.
    remains().groups.remove(&child.id());
    child.wait()
}

/// Ends a program and everything that it has started, gently at first.
pub(super) fn end(child: &mut Child) {
    let strays = strays(child);
    end_group(child);
    strays.kill();
}

/// Kills the rest of a program and everything that it has started.
pub(super) fn kill(child: &mut Child) {
    let strays = strays(child);
    kill_group(child);
    strays.kill();
}

fn strays(child: &Child) -> Strays {
    let mark = remains().groups.get(&child.id()).cloned();
    Strays::of(child.id(), &mark.unwrap_or_default())
}

/// A temporary file or directory that a signal also removes.
pub(super) struct Temporary<T> {
    made: T,
    name: Name,
}

/// The registered path.
struct Name(PathBuf);

impl Drop for Name {
    fn drop(&mut self) {
        remains().paths.remove(&self.0);
    }
}

impl<T> Temporary<T> {
    /// Creates one.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be created.
    pub(super) fn new(
        begin: impl FnOnce() -> io::Result<T>,
        path: impl FnOnce(&T) -> &Path,
    ) -> io::Result<Self> {
        let mut remains = remains();
        let made = begin()?;
        let path = path(&made).to_path_buf();
        remains.paths.insert(path.clone());
        // Fields are dropped in order: it is removed before its path is forgotten.
        let name = Name(path);
        Ok(Self { made, name })
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.name.0
    }

    /// The file or directory itself.
    pub(super) fn made(&mut self) -> &mut T {
        &mut self.made
    }

    /// Makes it permanent.
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

    /// The time that a program has for cleaning up after it was asked to end.
    const GRACE: Duration = Duration::from_secs(2);

    /// The interval for checking a condition that will soon hold.
    const PAUSE: Duration = Duration::from_millis(5);

    fn pid(number: u32) -> Option<Pid> {
        i32::try_from(number).ok().and_then(Pid::from_raw)
    }

    fn signal(group: u32, signal: Signal) {
        if let Some(group) = pid(group) {
            // A process that is gone needs no signal.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Whether the leader of a group has ended; it is not waited for, so that the group keeps its
    /// id.
    fn has_ended(group: u32) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        pid(group).is_none_or(|leader| !matches!(waitid(WaitId::Pid(leader), options), Ok(None)))
    }

    /// Whether a program has ended.
    pub(in super::super) fn is_over(child: &mut Child) -> bool {
        has_ended(child.id())
    }

    /// Ends a group, gently at first.
    pub(super) fn end(child: &mut Child) {
        end_all([child.id()].iter());
    }

    /// Kills the rest of a group.
    pub(super) fn kill(child: &mut Child) {
        signal(child.id(), Signal::KILL);
    }

    fn end_all<'g>(groups: impl Iterator<Item = &'g u32> + Clone) {
        for &group in groups.clone() {
            signal(group, Signal::TERM);
            // A process that is stopped by its terminal would not get the signal.
            signal(group, Signal::CONT);
        }
        let begin = Instant::now();
        while begin.elapsed() < GRACE && !groups.clone().all(|&group| has_ended(group)) {
            std::thread::sleep(PAUSE);
        }
        // The leader may have ended before its children.
        for &group in groups {
            signal(group, Signal::KILL);
        }
    }

    /// Removes a file or a directory, even if a process is still writing into it.
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

    /// Handles signals: kills the started programs, and removes temporary files.
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
            // The exit code of a shell for a program that a signal has ended.
            std::process::exit(128 + signal);
        });
    }

    /// Runs a callback once when a signal asks this program to end, instead of ending it.
    pub(in super::super) fn on_signal(work: impl FnOnce(i32) + Send + 'static) {
        let ignored = ignored();
        let wanted = [SIGINT, SIGTERM, SIGHUP];
        // A program under nohup continues.
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
        // Without the thread there is no handler, so a signal has its default effect.
        let _ = std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(wait);
    }

    /// The signals that the parent process wants this program to ignore, if the system reports
    /// them.
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

/// On systems without process groups, only the program itself is killed.
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
