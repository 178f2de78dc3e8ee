//! Plans the comparisons of a service, and finds the gaps.

use std::borrow::Cow;

use super::scene::{Gate, Member, Resources, base, of};
use crate::compare::comparison::Against;
use crate::environment::{self, Environment, Planned};
use crate::layout::{Baseline, Overlay, Service};
use crate::policy::BASE;
use crate::repo::without_password;
use crate::rules::{Failure, Gaps, Input, Missing};

/// Plans the comparisons of a service, and notes environments without a counterpart.
pub fn plan<'g>(
    gate: &Gate<'g>,
    of: &'g Service,
    members: &[Member<'g>],
    resources: &'g Resources<'g>,
    planned: &mut Vec<Planned<'g>>,
    gaps: &mut Gaps,
) {
    let service = of.name.as_str();
    let is_told = lacks_baseline(gate, service, members, gaps);
    let before = (planned.len(), gaps.failures.len());
    plan_baselines(gate, service, members, resources, planned, gaps);
    plan_siblings(gate, service, members, resources, planned);
    let present = || members.iter().map(|member| member.name.clone()).collect();
    // A failed build has already been reported.
    let is_empty = |overlay: &Overlay| {
        let own = resources.get(overlay.directory.as_str());
        own.is_some_and(Vec::is_empty) && base(overlay.reference(), resources).is_empty()
    };
    let input = if before != (planned.len(), gaps.failures.len()) {
        let is_nothing = members.iter().all(|member| is_empty(member.overlay));
        (is_nothing && !members.is_empty()).then_some(Input::Nothing)
    } else if is_told || members.is_empty() {
        // A service with only variants is reported elsewhere.
        None
    } else if members.iter().all(|member| member.stands_on.is_empty()) {
        Some(Input::Directories)
    } else {
        Some(Input::Untold)
    };
    if let Some(input) = input {
        gaps.baselines.push(Missing {
            service: Some(service.to_owned()),
            environment: gate.policy.environment.clone(),
            baseline: gate.policy.baseline.clone(),
            present: present(),
            resources: 0,
            input,
        });
    }
    if gate.policy.environment.is_none() {
        let absent = gate.absent(of, members);
        gaps.environments.extend(absent);
    }
}

/// Whether the policy names a baseline that the service, or one of its environments, is not made
/// of.
fn lacks_baseline(gate: &Gate<'_>, service: &str, members: &[Member<'_>], gaps: &mut Gaps) -> bool {
    let judged = members.iter().filter(|member| gate.is_judged(member));
    let (absent, there): (Vec<_>, Vec<_>) =
        judged.partition(|member| member.overlay.baseline == Baseline::Absent);
    let input = match gate.policy.baseline.as_str() {
        BASE => Input::Directories,
        _ => Input::Others,
    };
    let missing = |environment: Option<String>| Missing {
        service: Some(service.to_owned()),
        environment,
        baseline: gate.policy.baseline.clone(),
        present: members.iter().map(|member| member.name.clone()).collect(),
        resources: 0,
        input,
    };
    if there.is_empty() && !absent.is_empty() {
        gaps.baselines
            .push(missing(gate.policy.environment.clone()));
        return true;
    }
    let absent = absent.into_iter().map(|member| Some(member.name.clone()));
    gaps.baselines.extend(absent.map(missing));
    false
}

/// Plans every environment against its own base.
fn plan_baselines<'g>(
    gate: &Gate<'g>,
    service: &'g str,
    members: &[Member<'g>],
    resources: &'g Resources<'g>,
    planned: &mut Vec<Planned<'g>>,
    gaps: &mut Gaps,
) {
    for member in members.iter().filter(|member| gate.is_judged(member)) {
        let overlay = member.overlay;
        let failures = gaps.failures.len();
        for directory in member.stands_on.iter().chain([&overlay.directory]) {
            let is_base = *directory != overlay.directory;
            // A failure of its base is reported once.
            let is_told = !is_base && gaps.failures.len() > failures;
            if let Some(Err(words)) = gate.builds.get(directory).filter(|_| !is_told) {
                gaps.failures.push(Failure {
                    service: service.to_owned(),
                    environment: member.name.clone(),
                    directory: without_password(directory).into_owned(),
                    is_base,
                    place: None,
                    // Rendered environments have no sources.
                    is_rendered: gate.parsed.is_none(),
                    words: words.clone(),
                });
            }
        }
        if gaps.failures.len() > failures || member.stands_on.is_empty() {
            continue;
        }
        let Some(own) = resources.get(overlay.directory.as_str()) else {
            continue;
        };
        let base = base(member.stands_on, resources);
        planned.push(Planned {
            environment: member.name.clone(),
            baseline: member.baseline.clone(),
            against: Against::Baseline,
            is_made_of_one_base: false,
            service,
            services: vec![service; base.len()],
            base,
            overlay: Cow::Borrowed(own),
            witnesses: Vec::new(),
            hidden: Vec::new(),
            is_rendered: gate.parsed.is_none(),
        });
    }
}

/// Plans environments against earlier ones.
fn plan_siblings<'g>(
    gate: &Gate<'g>,
    service: &'g str,
    members: &[Member<'g>],
    resources: &'g Resources<'g>,
    planned: &mut Vec<Planned<'g>>,
) {
    let resources = |one: &Environment<'_>| resources.get(one.source);
    let all = of(members);
    let listed = &gate.policy.environments;
    let is_step = |one: &Environment<'_>| !one.is_baseline || listed.contains(&one.name);
    let pairs = environment::siblings(&all, gate.policy, |one| {
        resources(one).is_some() && is_step(one)
    });
    for pair in pairs {
        let (early, late) = (&all[pair.early], &all[pair.late]);
        let (Some(base), Some(overlay)) = (resources(early), resources(late)) else {
            continue;
        };
        planned.push(Planned {
            environment: late.name.clone(),
            baseline: early.name.clone(),
            against: pair.against,
            is_made_of_one_base: pair.is_made_of_one_base,
            service,
            services: vec![service; base.len()],
            base: base.clone(),
            overlay: Cow::Borrowed(overlay),
            witnesses: Vec::new(),
            hidden: Vec::new(),
            is_rendered: gate.parsed.is_none(),
        });
    }
}
