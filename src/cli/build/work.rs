//! The directories to build, shared among workers, and the treatment of those that take too long.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail};

use super::progress::Count;
use super::without::Copied;
use super::{Builder, Lacking, Place, Request, Sealed};
use crate::gate::Builds;

/// The largest number of directories that one process builds: enough to amortise its start, few
/// enough to bound its memory.
const BATCH: usize = 64;

/// After this number of batches that took too long, no other is tried: their directories are built
/// one by one.
const MAX_LATE: usize = 2;

/// After this number of single directories that took too long, no other is built.
///
/// Without this, a repository whose builds all wait for an unresponsive server would cost the time
/// limit for every directory.
const MAX_HUNG: usize = 3;

/// A piece of the work.
enum Job<'r> {
    Batch(Vec<&'r str>),
    /// A directory, and whether it starts nothing except this program if plugins are enabled.
    Single(&'r str, bool),
    /// One without this program's functions.
    Unwired(&'r Lacking<'r>),
    /// One that lacks sources of Secrets.
    Lacking(&'r Lacking<'r>),
}

impl Builder {
    /// Builds everything.
    ///
    /// # Errors
    ///
    /// Fails if the program cannot be started or temporary files cannot be written; a directory
    /// that does not build is a result, not an error.
    pub(super) fn build(&self, request: &Request<'_>, done: &Count) -> anyhow::Result<Builds> {
        let root = fs::canonicalize(request.root)
            .with_context(|| format!("cannot find {}", request.root.display()))?;
        let place = Place::new()?;
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let size = request.plain.len().div_ceil(workers).clamp(1, BATCH);
        let batches = request.plain.chunks(size).flat_map(|batch| {
            if request.one_by_one {
                let singles = batch.iter().map(|directory| Job::Single(directory, true));
                singles.collect()
            } else {
                vec![Job::Batch(batch.to_vec())]
            }
        });
        let singles = request.single.iter();
        let singles = singles.map(|directory| match request.unwired.get(directory) {
            Some(copy) => Job::Unwired(copy),
            None => Job::Single(directory, request.ours.contains(directory)),
        });
        let beside = request.beside.iter();
        let singles = singles.chain(beside.map(|directory| Job::Single(directory, true)));
        let singles = singles.chain(request.lacking.iter().map(Job::Lacking));
        let work = Work::new(self, &root, &place, singles.chain(batches), done);
        work.finish(workers)
    }
}

/// The state that the workers share.
struct Work<'w> {
    builder: &'w Builder,
    root: &'w Path,
    place: &'w Place,
    jobs: Mutex<VecDeque<Job<'w>>>,
    /// Directories of batches that took too long, which will be built one by one.
    ///
    /// Halving would take that time again and again: seven times for one endless directory in a
    /// full batch.
    late: Mutex<Vec<&'w str>>,
    late_batches: AtomicUsize,
    /// The number of directories that took too long on their own.
    hung: AtomicUsize,
    builds: Mutex<Builds>,
    done: &'w Count,
}

impl<'w> Work<'w> {
    /// Work that is yet to be done.
    fn new(
        builder: &'w Builder,
        root: &'w Path,
        place: &'w Place,
        jobs: impl Iterator<Item = Job<'w>>,
        done: &'w Count,
    ) -> Self {
        Self {
            builder,
            root,
            place,
            jobs: Mutex::new(jobs.collect()),
            late: Mutex::new(Vec::new()),
            late_batches: AtomicUsize::new(0),
            hung: AtomicUsize::new(0),
            builds: Mutex::new(Builds::new()),
            done,
        }
    }

    /// Does all of it.
    fn finish(self, workers: usize) -> anyhow::Result<Builds> {
        self.all(workers).and_then(|()| {
            // Building one by one shows which directory of a batch takes too long.
            let late = std::mem::take(&mut *unlocked(self.late.lock()));
            let late = late.into_iter();
            let late = late.map(|directory| Job::Single(directory, true));
            unlocked(self.jobs.lock()).extend(late);
            self.all(workers)
        })?;
        Ok(unlocked(self.builds.into_inner()))
    }

    /// Does all jobs.
    fn all(&self, workers: usize) -> anyhow::Result<()> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(|| self.run())).collect();
            threads.into_iter().try_for_each(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| bail!("a worker thread failed"))
            })
        })
    }

    fn run(&self) -> anyhow::Result<()> {
        loop {
            let job = unlocked(self.jobs.lock()).pop_front();
            match job {
                None => return Ok(()),
                Some(Job::Single(directory, may_be_ours)) => {
                    self.single(directory, may_be_ours)?;
                }
                Some(Job::Batch(batch)) => self.batch(&batch)?,
                Some(Job::Unwired(copy)) => self.unwired(copy)?,
                Some(Job::Lacking(lacking)) => self.without(lacking)?,
            }
        }
    }

    /// Whether so many directories hang that waiting for the rest is pointless.
    fn is_given_up(&self) -> bool {
        self.hung.load(Ordering::Relaxed) >= MAX_HUNG
    }

    /// Builds a batch; if it fails, its halves.
    fn batch(&self, batch: &[&'w str]) -> anyhow::Result<()> {
        if batch.len() > 1 && self.late_batches.load(Ordering::Relaxed) >= MAX_LATE {
            unlocked(self.late.lock()).extend(batch);
            return Ok(());
        }
        if self.is_given_up() {
            for directory in batch {
                self.keep(directory, Err(self.builder.given_up()));
            }
            return Ok(());
        }
        match (self.builder.sealed(self.root, self.place, batch)?, batch) {
            (Sealed::All(contents), _) => {
                for (directory, content) in batch.iter().zip(contents) {
                    self.keep(directory, Ok(content));
                }
                Ok(())
            }
            (Sealed::TooLate, [directory]) => {
                self.keep(directory, Err(self.hang()));
                Ok(())
            }
            (Sealed::TooLate, _) => {
                self.late_batches.fetch_add(1, Ordering::Relaxed);
                unlocked(self.late.lock()).extend(batch);
                Ok(())
            }
            (Sealed::Fails, [directory]) => self.single(directory, true),
            (Sealed::Fails, _) => {
                let (first, second) = batch.split_at(batch.len() / 2);
                self.batch(first)?;
                self.batch(second)
            }
        }
    }

    fn single(&self, directory: &str, may_be_ours: bool) -> anyhow::Result<()> {
        let builder = self.builder;
        if self.is_given_up() {
            self.keep(directory, Err(builder.given_up()));
            return Ok(());
        }
        let built = builder.single(self.root, self.place, directory, may_be_ours)?;
        self.keep(directory, built.unwrap_or_else(|| Err(self.hang())));
        Ok(())
    }

    fn without(&self, lacking: &'w Lacking<'w>) -> anyhow::Result<()> {
        let built = if self.is_given_up() {
            None
        } else {
            self.builder.without(self.root, self.place, lacking)?
        };
        match built {
            Some(content) => {
                self.keep(lacking.directory, Ok(content));
                Ok(())
            }
            // A directory that fails in any case gets its own error message.
            None => self.single(lacking.directory, lacking.may_be_ours),
        }
    }

    fn unwired(&self, copy: &'w Lacking<'w>) -> anyhow::Result<()> {
        if self.is_given_up() {
            return self.single(copy.directory, false);
        }
        let built = match self.builder.build_copy(self.root, self.place, copy)? {
            Copied::Built(built) => built,
            Copied::TooLate => Err(self.hang()),
            Copied::Not => return self.single(copy.directory, false),
        };
        self.keep(copy.directory, built);
        Ok(())
    }

    /// Counts a directory that took too long on its own, and returns the message.
    fn hang(&self) -> String {
        self.hung.fetch_add(1, Ordering::Relaxed);
        self.builder.too_late()
    }

    fn keep(&self, directory: &str, built: Result<String, String>) {
        unlocked(self.builds.lock()).insert(directory.to_owned(), built);
        self.done.add();
    }
}

/// The content of a lock, even after a thread that held it has failed.
pub(super) fn unlocked<T>(lock: Result<T, std::sync::PoisonError<T>>) -> T {
    lock.unwrap_or_else(std::sync::PoisonError::into_inner)
}
