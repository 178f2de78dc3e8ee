//! The directories that are to be built, shared among workers, and what becomes of those that take too long.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail};

use super::progress::Count;
use super::{Builder, Lacking, Place, Request, Sealed};
use crate::gate::Builds;

/// The most directories that one process builds: enough to forget its start, few enough to bound its memory.
const BATCH: usize = 64;

/// So many batches may take too long before no other is tried: their directories are built by themselves.
const MAX_LATE: usize = 2;

/// So many directories may take too long, each by itself, before no other is built.
///
/// Without that, a repository whose builds all wait for one server that does not answer costs a limit a directory.
const MAX_HUNG: usize = 3;

/// A piece of the work.
enum Job<'r> {
    Batch(Vec<&'r str>),
    /// A directory, and whether functions of ours may be all that it declares.
    Single(&'r str, bool),
    /// One that lacks sources of Secrets.
    Lacking(&'r Lacking<'r>),
}

impl Builder {
    /// Builds everything.
    ///
    /// # Errors
    ///
    /// Fails where the program cannot be started or no temporary files can be
    /// written; a directory that does not build is an answer, not an error.
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
        let singles = singles.map(|directory| Job::Single(directory, false));
        let beside = request.beside.iter();
        let singles = singles.chain(beside.map(|directory| Job::Single(directory, true)));
        let singles = singles.chain(request.lacking.iter().map(Job::Lacking));
        let work = Work::new(self, &root, &place, singles.chain(batches), done);
        work.finish(workers)
    }
}

/// What the workers share.
struct Work<'w> {
    builder: &'w Builder,
    root: &'w Path,
    place: &'w Place,
    jobs: Mutex<VecDeque<Job<'w>>>,
    /// Directories of batches that took too long, which are to be built by themselves.
    ///
    /// Halves would each take that time again: one directory that never ends, seven times in a full batch.
    late: Mutex<Vec<&'w str>>,
    late_batches: AtomicUsize,
    /// How many directories took too long by themselves.
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
            // Which of a batch is to blame for its time shows when each has its own.
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
                Some(Job::Lacking(lacking)) => self.without(lacking)?,
            }
        }
    }

    /// Whether so many directories hang that the rest would be waited for in vain.
    fn is_given_up(&self) -> bool {
        self.hung.load(Ordering::Relaxed) >= MAX_HUNG
    }

    /// Builds a batch; where it fails, its halves.
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
            // What does not build otherwise either says so in its own words.
            None => self.single(lacking.directory, lacking.may_be_ours),
        }
    }

    /// Counts a directory that took too long by itself, and says so.
    fn hang(&self) -> String {
        self.hung.fetch_add(1, Ordering::Relaxed);
        self.builder.too_late()
    }

    fn keep(&self, directory: &str, built: Result<String, String>) {
        unlocked(self.builds.lock()).insert(directory.to_owned(), built);
        self.done.add();
    }
}

/// What a lock holds, also after a thread that held it has failed.
pub(super) fn unlocked<T>(lock: Result<T, std::sync::PoisonError<T>>) -> T {
    lock.unwrap_or_else(std::sync::PoisonError::into_inner)
}
