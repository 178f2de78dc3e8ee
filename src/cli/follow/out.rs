//! The output of changes as they arrive: one line each, to stdout and to files.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};

use super::super::formats::{Formats, When};
use super::super::{complain, files};
use crate::report::survey::{Format, View, concise, records};
use crate::survey::Survey;

/// A format with one line per change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Concise,
    Records,
}

/// The destination of one format.
enum Place {
    Stdout,
    /// A file that will be created.
    Path(PathBuf),
    File(PathBuf, File),
}

/// The outputs, and their verbosity.
pub(super) struct Out {
    all: Vec<(Form, Place)>,
    view: View,
    color: When,
    /// Whether the reader of stdout is gone.
    pub is_closed: bool,
}

impl Out {
    /// The requested formats.
    ///
    /// # Errors
    ///
    /// Fails on a format that writes a whole report at once.
    pub fn of(formats: &Formats, is_asked: bool) -> anyhow::Result<Self> {
        let form = |id: &str| match id {
            id if id == Format::Concise.id() || !is_asked => Ok(Form::Concise),
            id if id == records::ID => Ok(Form::Records),
            id => bail!(
                "--format {id} needs a whole report, and --follow reports each change as it happens; use {} or {}",
                Format::Concise.id(),
                records::ID
            ),
        };
        let mut all = Vec::new();
        for (id, file) in formats.outputs() {
            let place = file.map_or(Place::Stdout, |file| Place::Path(file.to_owned()));
            all.push((form(id)?, place));
        }
        Ok(Self {
            all,
            view: formats.view(),
            color: formats.color(),
            is_closed: false,
        })
    }

    /// Creates the files.
    ///
    /// # Errors
    ///
    /// Fails if one cannot be created.
    pub fn open(&mut self) -> anyhow::Result<()> {
        for (_, place) in &mut self.all {
            if let Place::Path(path) = place {
                let file = File::create(&*path);
                let file = file.with_context(|| format!("cannot write {}", files::shown(path)))?;
                *place = Place::File(std::mem::take(path), file);
            }
        }
        Ok(())
    }

    /// Writes the findings of a survey, and flushes them.
    ///
    /// # Errors
    ///
    /// Fails if a file or stdout cannot be written; a closed stdout is not an error.
    pub fn tell(&mut self, survey: &Survey) -> anyhow::Result<()> {
        for (form, place) in &mut self.all {
            let text = |view: View| match form {
                Form::Concise => concise::lines(survey, view),
                Form::Records => records::render(survey),
            };
            match place {
                Place::Path(_) => {}
                Place::File(path, file) => file
                    .write_all(text(self.view).as_bytes())
                    .and_then(|()| file.flush())
                    .with_context(|| format!("cannot write {}", files::shown(path)))?,
                Place::Stdout => {
                    let mut out = io::stdout().lock();
                    let style = self.color.style(out.is_terminal());
                    let view = View { style, ..self.view };
                    match out
                        .write_all(text(view).as_bytes())
                        .and_then(|()| out.flush())
                    {
                        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                            self.is_closed = true;
                        }
                        written => written.context("cannot write to stdout")?,
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes a message that is not a change to stderr.
    pub fn say(&self, text: &str) {
        if !self.view.quiet {
            complain(text);
        }
    }
}
