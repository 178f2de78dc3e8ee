//! Answers questions about the past: whether an environment's files ever gave an image a certain
//! value.
//!
//! The states of a branch arrive as plain data: commits, newest first, each with its changes to
//! files. The environment is replayed for every state that may contain the image, so that its lines
//! are read as in a build, wherever they are.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::civil::Date;

use super::record::{Edit, History, Record};
use super::scene::{Gate, Member};
use super::trace::Replays;
use crate::blame::Target;
use crate::engine::Replay;
use crate::layout::Overlay;
use crate::repo::{NAMES, Parsed, Sources};
use crate::rules::{Blind, Past, Question, Ran, is_same_image, version};

/// The largest number of states that are replayed; each costs as much as a small build.
const MAX_REPLAYS: usize = 5_000;

/// Answers the questions that rules ask about the past.
pub fn ask<'g>(gate: &Gate<'g>, questions: &[Question], replays: &mut Replays<'g>) -> Past {
    let (Some(parsed), Some(history)) = (gate.parsed, gate.history) else {
        return Past::default();
    };
    let mut asked: Vec<(Environment<'g>, Vec<&Question>)> = Vec::new();
    let mut past = Past::default();
    for question in questions {
        let Some(overlay) = overlay_of(gate, question) else {
            continue;
        };
        // If today's state is not understood, no earlier one is.
        let now = replays.overlay(parsed, overlay).value(&target(question));
        if now.as_ref() != Some(&question.today) {
            past.insert(question, Ran::Unknown(Blind::Untold));
            continue;
        }
        match asked
            .iter_mut()
            .find(|(own, _)| std::ptr::eq(own.overlay, overlay))
        {
            Some((_, own)) => own.push(question),
            None => asked.push((Environment::of(parsed, overlay), vec![question])),
        }
    }
    let paths: BTreeSet<String> = asked
        .iter()
        .flat_map(|(own, _)| own.paths.clone())
        .collect();
    if paths.is_empty() {
        return past;
    }
    match history(&paths) {
        Record::Blind(blind) => {
            for question in asked.iter().flat_map(|(_, own)| own) {
                past.insert(question, Ran::Unknown(blind));
            }
        }
        Record::Known(history) => {
            past.branch.clone_from(&history.branch);
            let mut left = MAX_REPLAYS;
            let edits = by_path(&history);
            for (environment, questions) in &asked {
                let here = parsed.sources.here.as_str();
                let states = States::of(&history, &edits, environment, here);
                for (question, ran) in states.answer(questions, gate.today, &mut left) {
                    past.insert(question, ran);
                }
            }
        }
    }
    past
}

fn overlay_of<'g>(gate: &Gate<'g>, question: &Question) -> Option<&'g Overlay> {
    let mut services = gate.layout.services.iter();
    let service = services.find(|service| service.name == question.service)?;
    let members = gate.members(&service.overlays);
    let mut members = members.iter();
    let is_it = |member: &&Member<'_>| member.name == question.environment;
    members.find(is_it).map(|member| member.overlay)
}

const fn target(question: &Question) -> Target<'_> {
    Target {
        resource: &question.resource,
        name: question.resource.name.as_str(),
        path: Some(&question.path),
        value: None,
        other: None,
        against_base: false,
    }
}

/// An environment, and the paths of its files and of the directories around them.
struct Environment<'g> {
    overlay: &'g Overlay,
    paths: BTreeSet<String>,
}

impl<'g> Environment<'g> {
    /// The directories of its kustomizations, and the files that these name outside them.
    fn of(parsed: &Parsed<'_>, overlay: &'g Overlay) -> Self {
        let graph = parsed.graph();
        let roots: Vec<&str> = overlay.directories().map(String::as_str).collect();
        let mut paths: BTreeSet<String> = BTreeSet::new();
        for (directory, edges) in graph.directories(&roots, |_| true) {
            if directory.is_empty() {
                // Every file of a repository is below its root.
                paths.extend(NAMES.map(str::to_owned));
            } else {
                paths.insert(directory.to_owned());
            }
            let named = edges.iter().filter_map(|edge| edge.to.path());
            let files = named.filter(|path| parsed.sources.contains(path));
            paths.extend(files.map(str::to_owned));
        }
        Self { overlay, paths }
    }
}

/// The index of a commit, and its change to a file.
type Dated<'h> = (usize, &'h Edit);

fn by_path(history: &History) -> BTreeMap<&str, Vec<Dated<'_>>> {
    let mut edits: BTreeMap<&str, Vec<Dated<'_>>> = BTreeMap::new();
    for (number, commit) in history.commits.iter().enumerate() {
        for edit in &commit.edits {
            edits.entry(&edit.path).or_default().push((number, edit));
        }
    }
    edits
}

/// The states of an environment's files, from the newest on.
struct States<'h> {
    history: &'h History,
    overlay: &'h Overlay,
    here: &'h str,
    is_elsewhere: bool,
    /// The files at the end of the branch.
    newest: BTreeMap<&'h str, &'h str>,
    /// The changes by commit, the newest first.
    edits: BTreeMap<usize, Vec<&'h Edit>>,
}

impl<'h> States<'h> {
    fn of(
        history: &'h History,
        by_path: &BTreeMap<&'h str, Vec<Dated<'h>>>,
        environment: &Environment<'h>,
        here: &'h str,
    ) -> Self {
        let mut states = Self {
            history,
            overlay: environment.overlay,
            here,
            is_elsewhere: history.elsewhere.contains(&environment.overlay.directory),
            newest: BTreeMap::new(),
            edits: BTreeMap::new(),
        };
        let mut seen = BTreeSet::new();
        for path in &environment.paths {
            let inside = format!("{path}/");
            let below = by_path.range::<str, _>((Bound::Included(&*inside), Bound::Unbounded));
            let below = below.take_while(|(file, _)| file.starts_with(&inside));
            for (file, dated) in below.chain(by_path.get_key_value(path.as_str())) {
                let Some((_, last)) = dated.first() else {
                    continue;
                };
                // A file may be named and also be below a named directory.
                if !seen.insert(*file) {
                    continue;
                }
                if let Some(text) = &last.after {
                    states.newest.insert(file, text);
                }
                for (number, edit) in dated {
                    states.edits.entry(*number).or_default().push(edit);
                }
            }
        }
        states
    }

    /// Searches all states, from the newest on, until every question is answered.
    fn answer<'q>(
        &self,
        questions: &[&'q Question],
        today: Date,
        left: &mut usize,
    ) -> Vec<(&'q Question, Ran)> {
        if self.is_elsewhere {
            let blind = Ran::Unknown(Blind::Elsewhere);
            return questions
                .iter()
                .map(|question| (*question, blind))
                .collect();
        }
        let mut open: Vec<&Question> = questions.to_vec();
        let mut answers = Vec::new();
        let mut state = self.newest.clone();
        // Nothing changed afterwards, or after this day.
        let mut until: Option<Date> = None;
        let mut numbers = self.edits.iter();
        loop {
            let asked: Vec<&Question> = open
                .iter()
                .copied()
                .filter(|one| self.may_hold(&state, one))
                .collect();
            if !asked.is_empty() {
                let Some(rest) = left.checked_sub(1) else {
                    answers.extend(
                        open.into_iter()
                            .map(|one| (one, Ran::Unknown(Blind::TooMuch))),
                    );
                    return answers;
                };
                *left = rest;
                let days = until.map_or(0, |until| days_between(until, today));
                let holding = self.holding(&state, &asked);
                open.retain(|one| !holding.iter().any(|held| std::ptr::eq(*held, *one)));
                answers.extend(holding.into_iter().map(|one| (one, Ran::Left { days })));
            }
            let Some((number, edits)) = numbers.next().filter(|_| !open.is_empty()) else {
                break;
            };
            for edit in edits {
                match &edit.before {
                    Some(text) => state.insert(&edit.path, text),
                    None => state.remove(edit.path.as_str()),
                };
            }
            until = self.history.commits.get(*number).map(|commit| commit.day);
        }
        let end = if self.history.is_shallow {
            Ran::Shallow
        } else {
            Ran::Never
        };
        answers.extend(open.into_iter().map(|one| (one, end)));
        answers
    }

    /// Whether the text of any file in a state contains the distinctive part of the image, or the
    /// image has none.
    fn may_hold(&self, state: &BTreeMap<&str, &str>, question: &Question) -> bool {
        let mark = version(&question.image);
        let mut texts = state
            .values()
            .filter_map(|name| self.history.texts.get(*name));
        texts.any(|text| text.contains(mark))
    }

    /// The questions whose image is in a state of the environment.
    fn holding<'q>(
        &self,
        state: &BTreeMap<&str, &str>,
        asked: &[&'q Question],
    ) -> Vec<&'q Question> {
        let mut sources = Sources::default();
        self.here.clone_into(&mut sources.here);
        for (path, name) in state {
            if let Some(text) = self.history.texts.get(*name) {
                sources.insert((*path).to_owned(), text.clone());
            }
        }
        let parsed = sources.parse();
        let replay = Replay::overlay(&parsed, &self.overlay.directory, &self.overlay.bases);
        let holds = |question: &&&Question| {
            let value = replay.value(&target(question));
            value.is_some_and(|value| is_same_image(&value, &question.image))
        };
        asked.iter().filter(holds).copied().collect()
    }
}

/// The number of days between two dates; 0 if the first is later.
fn days_between(from: Date, to: Date) -> u32 {
    let days = from.until(to).map_or(0, |span| span.get_days());
    u32::try_from(days).unwrap_or(0)
}
