//! `krm-parity drift --follow`: reads a stream of watch events, and reports each change when it
//! arrives.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Arg, ArgAction, ArgMatches};

use super::formats::Formats;
use super::reports::is_stdin;
use super::wanted::{self, Look, of_git, one_stdin};
use super::{complain, files, function, remains, rendered};
use crate::audit::MAX_LINE;
use crate::finding::{Finding, Report};
use crate::resource::Resource;
use crate::text::one_line;
use crate::yaml;

mod out;
mod stream;
mod watched;

use out::Out;
use stream::{Piece, Splitter};
use watched::{Verb, Watched};

/// The silence after which a YAML document counts as complete.
const IDLE: Duration = Duration::from_millis(200);

/// The number of lines that wait to be read.
const WAITING: usize = 8;

/// The time that a run has for its last report after a signal, because the reader may be gone.
const GRACE: Duration = Duration::from_secs(5);

/// The largest number of unreadable lines that are named.
const MAX_NAMED: usize = 20;

pub(super) fn arg() -> Arg {
    Arg::new("follow")
        .long("follow")
        .help("Read --live as a stream of watch events, and report each change as it happens")
        .action(ArgAction::SetTrue)
        .requires("live")
        .conflicts_with("audit")
}

/// Reports each change; returns whether the final state fails the run.
pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<bool> {
    let path = |name: &str| matches.get_one::<PathBuf>(name);
    let word = |name: &str| matches.get_one::<String>(name).cloned();
    let formats = Formats::parse_with_records(matches)?;
    let today = function::today()?;
    let live = path("live")
        .context("--live is required: pass the output of kubectl get -o yaml, or - for stdin")?;
    one_stdin(&[("--rendered", path("rendered")), ("--live", Some(live))])?;
    let mut out = Out::of(&formats, matches.contains_id("format"))?;
    let look = wanted::look(matches, "drift")?;
    let trees = rendered::trees(&look.wanted.files)?;
    let git = of_git(rendered::resources(&trees)?)?;
    let named = [word("namespace"), word("cluster")];
    let messages = start(live)?;
    out.open()?;
    let mut teller = Teller {
        watched: Watched::new(&git, &look, today, named),
        look: &look,
        out,
        events: 0,
        unread: 0,
        ended: None,
        has_bare: false,
    };
    let mut splitter = Splitter::default();
    loop {
        let message = if splitter.is_waiting() {
            messages.recv_timeout(IDLE)
        } else {
            messages.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        let (pieces, is_end) = match message {
            Ok(Message::Line(bytes)) => (splitter.take(&bytes), false),
            Ok(Message::Long) => (splitter.skip(), false),
            Ok(Message::Failed(error)) => {
                return Err(error).with_context(|| format!("cannot read {}", files::shown(live)));
            }
            // A text that a signal cuts off is not an error.
            Ok(Message::Signal) => return teller.end(true),
            Err(RecvTimeoutError::Timeout) => (splitter.rest(false), false),
            Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => (splitter.rest(true), true),
        };
        for piece in pieces {
            teller.piece(piece)?;
        }
        if is_end || teller.out.is_closed {
            return teller.end(false);
        }
    }
}

/// An input of the loop.
enum Message {
    Line(Vec<u8>),
    /// A line that is longer than any event.
    Long,
    Failed(io::Error),
    /// The end of the stream.
    End,
    /// A request to end.
    Signal,
}

/// Reads the stream and waits for signals, each in a thread, because both may be silent for days.
fn start(live: &Path) -> anyhow::Result<Receiver<Message>> {
    let (sender, messages) = sync_channel(WAITING);
    let signals = sender.clone();
    remains::on_signal(move |signal| {
        thread::spawn(move || {
            thread::sleep(GRACE);
            std::process::exit(128 + signal);
        });
        let _ = signals.send(Message::Signal);
    });
    if live.is_dir() {
        bail!(
            "{} is a directory; --follow reads one stream: a file, a pipe, or - for stdin",
            files::shown(live)
        );
    }
    let live = live.to_owned();
    thread::spawn(move || {
        if is_stdin(&live) {
            return read(io::stdin().lock(), &sender);
        }
        // A named pipe opens when a writer opens it.
        match File::open(&live) {
            Ok(file) => read(BufReader::new(file), &sender),
            Err(error) => {
                let _ = sender.send(Message::Failed(error));
            }
        }
    });
    Ok(messages)
}

fn read(mut from: impl BufRead, to: &SyncSender<Message>) {
    loop {
        let mut line = Vec::new();
        let limit = MAX_LINE as u64 + 1;
        let message = match from.by_ref().take(limit).read_until(b'\n', &mut line) {
            Ok(0) => {
                let _ = to.send(Message::End);
                return;
            }
            Ok(size) if size > MAX_LINE && !line.ends_with(b"\n") => match from.skip_until(b'\n') {
                Ok(_) => Message::Long,
                Err(error) => Message::Failed(error),
            },
            Ok(_) => Message::Line(line),
            Err(error) => Message::Failed(error),
        };
        let is_over = matches!(message, Message::Failed(_));
        if to.send(message).is_err() || is_over {
            return;
        }
    }
}

/// Reports the changes of one stream.
struct Teller<'t, 'g> {
    watched: Watched<'t, 'g>,
    look: &'t Look,
    out: Out,
    events: usize,
    /// The number of lines that could not be read.
    unread: usize,
    /// The API server's message when it ended the watch.
    ended: Option<String>,
    has_bare: bool,
}

impl Teller<'_, '_> {
    fn piece(&mut self, piece: Piece) -> anyhow::Result<()> {
        let (line, said) = match piece {
            Piece::Unread { line, why } => (line, Err(why.to_owned())),
            Piece::Document { line, text } => (line, self.event(&text)),
        };
        match said {
            Ok(findings) => self.tell(findings)?,
            Err(why) => {
                self.unread += 1;
                if self.unread <= MAX_NAMED {
                    complain(&format!(
                        "krm-parity: line {line} of the stream is ignored: {}",
                        one_line(&why, 300)
                    ));
                }
            }
        }
        if self.watched.has_bare && !self.has_bare {
            self.has_bare = true;
            complain(
                "krm-parity: an object has no managed fields, so additions and the tools behind changes are not reported; pass --show-managed-fields to kubectl",
            );
        }
        Ok(())
    }

    /// The new findings of an event.
    fn event(&mut self, text: &str) -> Result<Vec<Finding>, String> {
        let tree = yaml::parse(text).map_err(|error| error.to_string())?;
        let root = tree.roots().next();
        let parts = root.and_then(|root| Some((root.str_at(&["type"])?, root.get("object")?)));
        let Some((kind, object)) = parts else {
            return Err(
                "it is not a watch event; pass --output-watch-events to kubectl get --watch"
                    .to_owned(),
            );
        };
        let verb = match kind {
            "ADDED" => Verb::Added,
            "MODIFIED" => Verb::Modified,
            "DELETED" => Verb::Deleted,
            "BOOKMARK" => {
                self.events += 1;
                return Ok(Vec::new());
            }
            "ERROR" => {
                let message = object.str_at(&["message"]).unwrap_or("it gave no reason");
                self.ended = Some(one_line(message, 200).into_owned());
                return Ok(Vec::new());
            }
            _ => return Err("its type is not one of a watch event".to_owned()),
        };
        let one = Resource::read(object).filter(|one| !one.name().is_empty());
        let one = one.ok_or("its object lacks a kind or a name")?;
        self.events += 1;
        let now = function::now().map_err(|error| error.to_string())?;
        self.watched.take(verb, &one, &now)
    }

    fn tell(&mut self, findings: Vec<Finding>) -> anyhow::Result<()> {
        if findings.is_empty() {
            return Ok(());
        }
        let report = Report {
            findings,
            fail_on: Some(self.look.policy.fail_on),
            ..Report::default()
        };
        let survey = self.look.survey(report, Vec::new(), self.watched.today());
        self.out.tell(&survey)
    }

    /// Writes the summary after the end of the stream or a signal; returns whether the run fails.
    fn end(&self, is_signal: bool) -> anyhow::Result<bool> {
        let failed = self.watched.has_failed();
        if self.events == 0 && self.ended.is_none() && !is_signal {
            bail!(
                "the stream had no watch event; pass the output of kubectl get KIND --watch --output-watch-events --show-managed-fields -o json"
            );
        }
        if self.unread > MAX_NAMED {
            complain(&format!(
                "krm-parity: {} lines of the stream were ignored in total",
                self.unread
            ));
        }
        let [told, back] = self.watched.counts;
        let standing = self.watched.standing().count();
        self.out.say(&format!(
            "krm-parity: {} events, {told} changes reported, {back} of them reverted, {standing} still there",
            self.events
        ));
        match &self.ended {
            Some(why) if !failed => {
                bail!("the API server ended the watch: {why}; start it again")
            }
            Some(why) => self.out.say(&format!(
                "krm-parity: the API server ended the watch: {why}; start it again"
            )),
            None => {}
        }
        Ok(failed)
    }
}
