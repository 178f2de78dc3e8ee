//! Processes that have left the group of the program that started them, for example with `setsid`.
//!
//! All descendants of a program inherit a mark in the environment, and the chain of parents exists
//! as long as these live. Linux shows both; on other systems only the group is known.

/// The mark of the programs that one run of this program has started, with a unique value for each.
pub(super) const MARK: &str = "KRM_PARITY_STARTED";

#[cfg(not(target_os = "linux"))]
pub(super) struct Strays;

#[cfg(not(target_os = "linux"))]
impl Strays {
    pub(super) fn of(_leader: u32, _mark: &str) -> Self {
        Self
    }

    pub(super) fn kill(self) {}
}

#[cfg(target_os = "linux")]
pub(super) use linux::Strays;

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::os::fd::OwnedFd;

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    /// The number of searches: a process that is killed may have started another just before.
    const ROUNDS: usize = 32;

    /// All descendants of a program, in any group.
    pub(in super::super) struct Strays {
        leader: u32,
        mark: String,
        /// Its descendants can no longer be found once the processes between them are gone.
        known: Vec<OwnedFd>,
    }

    impl Strays {
        /// Finds them, while the program is still alive.
        pub(in super::super) fn of(leader: u32, mark: &str) -> Self {
            let known = find(leader, mark).into_iter();
            Self {
                leader,
                mark: mark.to_owned(),
                known: known.filter_map(hold).collect(),
            }
        }

        /// Kills those that are alive, and those that they have started since.
        pub(in super::super) fn kill(self) {
            self.known.iter().for_each(kill);
            for _ in 0..ROUNDS {
                let found = find(self.leader, &self.mark);
                if found.is_empty() {
                    return;
                }
                found.into_iter().filter_map(hold).for_each(|it| kill(&it));
            }
        }
    }

    fn kill(process: &OwnedFd) {
        // A process that is gone needs no signal.
        let _ = pidfd_send_signal(process, Signal::KILL);
    }

    /// A handle on a process; `None` if its id belongs to another process by now.
    fn hold((number, begin): (u32, String)) -> Option<OwnedFd> {
        let pid = Pid::from_raw(i32::try_from(number).ok()?)?;
        let held = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        (Stat::read(number)?.begin == begin).then_some(held)
    }

    /// The system's record of a process.
    struct Stat {
        parent: u32,
        is_gone: bool,
        /// Its start time, which distinguishes it from a later process with the same id.
        begin: String,
    }

    impl Stat {
        fn read(number: u32) -> Option<Self> {
            let text = fs::read(format!("/proc/{number}/stat")).ok()?;
            let text = String::from_utf8_lossy(&text);
            // Its name is in brackets, and may contain brackets.
            let (_, rest) = text.rsplit_once(')')?;
            let mut fields = rest.split_ascii_whitespace();
            let is_gone = matches!(fields.next()?, "Z" | "X");
            let parent = fields.next()?.parse().ok()?;
            let begin = fields.nth(17)?.to_owned();
            Some(Self {
                parent,
                is_gone,
                begin,
            })
        }
    }

    /// The living processes that descend from a program, or have its mark, each with its start
    /// time.
    fn find(leader: u32, mark: &str) -> Vec<(u32, String)> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let all: BTreeMap<u32, Stat> = numbers
            .filter_map(|number| Some((number, Stat::read(number)?)))
            .collect();
        let marked = format!("{}={mark}", super::MARK);
        let is_marked = |number: u32| {
            let environment = fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
            let mut entries = environment.split(|&byte| byte == 0);
            entries.any(|entry| entry == marked.as_bytes())
        };
        let descends = |number: u32| {
            let mut seen = BTreeSet::new();
            let mut above = number;
            while let Some(stat) = all.get(&above).filter(|_| seen.insert(above)) {
                above = stat.parent;
                if above == leader {
                    return true;
                }
            }
            false
        };
        let lives = all.iter().filter(|(_, stat)| !stat.is_gone);
        lives
            .filter(|(number, _)| **number != leader && **number != std::process::id())
            .filter(|(number, _)| descends(**number) || is_marked(**number))
            .map(|(number, stat)| (*number, stat.begin.clone()))
            .collect()
    }
}
