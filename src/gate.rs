//! The gate: judges a layout and the builds of its directories as one survey.
//!
//! The caller finds and builds the environments: from a repository, from rendered files, or from a
//! package that was not built. After that all of them take the same steps: open → plan → judge →
//! trace. Every environment is compared with its base and with its siblings, as [`crate::function`]
//! does for the items of one build.

mod build;
mod changes;
mod deployers;
mod failure;
mod look;
mod past;
mod plan;
mod record;
mod scene;
mod trace;

use crate::environment;
use crate::layout;
use crate::rules::{self, Gaps};
use crate::survey::Survey;
use crate::yaml::YamlError;

pub use build::{Stage, build};
pub use changes::{Change, Changed, changes};
pub use deployers::has_deployers_alone;
use look::{Asked, look, service, unjudged};
use past::ask;
use plan::plan;
pub use record::{Ask, Commit, Edit, History, Record};
pub use scene::{Builds, Gate, Hidden, Lacking, Resources, Scope, name_of, open};
use trace::{Replays, hide, lint, trace, witness};

/// Opens the builds and judges them.
///
/// # Errors
///
/// Fails if a build was not written by [`crate::snapshot::seal`].
pub fn judge(gate: &Gate<'_>) -> Result<Survey, YamlError> {
    open(gate.builds, |resources| survey(gate, resources))
}

/// Judges opened builds: plans the comparisons, judges them, and traces the findings to their lines.
#[must_use]
pub fn survey<'g>(gate: &Gate<'g>, resources: &'g Resources<'g>) -> Survey {
    let mut replays = Replays::default();
    let mut others = gate.others.clone();
    let mut repository = None;
    if let Some(parsed) = gate.parsed {
        let unreadable = gate.site.iter().flat_map(|site| {
            let found = layout::unreadable(parsed, site, &gate.policy.layout);
            found.map(|(file, error)| rules::unreadable(file, error))
        });
        others.extend(unreadable);
        others.extend(lint(gate, parsed, resources, &mut replays));
        repository = deployers::repository(gate, parsed);
        others.extend(deployers::deployers(gate, parsed, repository.as_ref()));
    }
    let mut gaps = Gaps {
        look: look(gate, resources, &others),
        others,
        unjudged: unjudged(gate),
        gathered: deployers::gathered(gate),
        repository,
        ..Gaps::default()
    };
    let mut survey = Survey {
        notes: gate.layout.notes.clone(),
        ..Survey::default()
    };
    let mut planned = Vec::new();
    let mut asked = Asked::default();
    for of in &gate.layout.services {
        let members = gate.members(&of.overlays);
        let before = planned.len();
        plan(gate, of, &members, resources, &mut planned, &mut gaps);
        let planned = planned.get_mut(before..).unwrap_or_default();
        match gate.parsed {
            Some(parsed) => witness(parsed, &members, planned, &mut replays),
            None => hide(gate, &members, planned),
        }
        asked.add(of, &members);
        survey.services.push(service(gate, of, &members));
    }
    if let Some(parsed) = gate.parsed {
        failure::locate(parsed, &mut gaps.failures);
    }
    let comparisons = environment::compare(&planned, gate.policy.identity);
    let questions = rules::questions(&comparisons, &gaps, gate.policy);
    gaps.past = ask(gate, &questions, &mut replays);
    survey.report = rules::judge(&comparisons, &gaps, gate.policy, gate.today);
    rules::keep(&mut survey.report, gate.policy, |finding| {
        asked.holds(finding)
    });
    if let Some(parsed) = gate.parsed {
        trace(gate, parsed, &mut survey.report.findings, &mut replays);
    }
    survey
}
