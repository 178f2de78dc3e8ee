//! The baselines of environments, if the policy names one.

use super::recorders::recorded_environments;
use super::service::{Baseline, Overlay, Service};
use crate::environment::Names;
use crate::policy::{BASE, Policy};
use crate::repo::{Parsed, Role, split};

/// Gives every overlay the baseline that the policy names.
///
/// This is an environment of its service, or else a directory that it is made of, from `made_of`.
/// The baseline environment itself is compared with its own bases, and so are directories above
/// environments.
pub fn choose_baselines(
    services: &mut [Service],
    policy: &Policy,
    made_of: impl Fn(&Overlay) -> Vec<String>,
) {
    if !policy.needs_baseline {
        return;
    }
    for service in services.iter_mut().filter(|service| !service.is_above) {
        let names = Names::new(service.overlays.iter().map(|one| one.name.as_str()), policy);
        let mut own = service.overlays.iter();
        let own = own.position(|one| names.is_called(&one.name, &policy.baseline));
        let directory = own.map(|at| service.overlays[at].directory.clone());
        let baselines: Vec<Baseline> = service
            .overlays
            .iter()
            .enumerate()
            .map(|(at, overlay)| match &directory {
                Some(_) if own == Some(at) => Baseline::Bases,
                Some(directory) => Baseline::Named(vec![directory.clone()]),
                None if policy.baseline == BASE && !overlay.bases.is_empty() => Baseline::Bases,
                None => match made_of(overlay) {
                    found if found.is_empty() => Baseline::Absent,
                    found => Baseline::Named(found),
                },
            })
            .collect();
        for (overlay, baseline) in service.overlays.iter_mut().zip(baselines) {
            overlay.baseline = baseline;
        }
    }
}

/// The directories with this name that an overlay is made of: the name is that of their recorders,
/// or else their own.
pub fn called(parsed: &Parsed<'_>, overlay: &Overlay, name: &str) -> Vec<String> {
    let is_part = |role: Role| matches!(role, Role::Load | Role::Component);
    let graph = parsed.graph();
    let below = graph.directories(&[&overlay.directory], |edge| is_part(edge.role));
    let below = below.filter(|(directory, _)| *directory != overlay.directory);
    let is_called = |directory: &str| {
        let recorded = recorded_environments(parsed, directory);
        if recorded.is_empty() {
            split(directory).1 == name
        } else {
            recorded.contains(name)
        }
    };
    let called = below.filter(|(directory, _)| is_called(directory));
    called.map(|(directory, _)| directory.to_owned()).collect()
}
