//! What a check of a repository can say about an entry that matches nothing.

use std::collections::BTreeSet;

use crate::catalog::RuleId;
use crate::policy::{Exemption, Extent, nearest};
use crate::rules::gaps::Look;
use crate::rules::registry::record;

impl Look {
    /// Whether nothing that an exemption could be about was left out.
    pub(super) fn is_enough_for(&self, exemption: &Exemption) -> bool {
        let of_files = record(exemption.rule).of_files;
        let mut lacking = self.lacking.iter();
        let lacks_keys = exemption.may_be_about_keys()
            && lacking.any(|(service, environment)| exemption.is_for(environment, service));
        // No check of a repository finds the files that a host does not pass on.
        exemption.rule != RuleId::UncheckedFile
            && (self.has_files || !of_files)
            && !lacks_keys
            && self.holds(exemption.extent())
    }

    /// Whether the services and environments of an entry were checked completely.
    pub(super) fn holds(&self, extent: Extent<'_>) -> bool {
        let is_seen = |name: &str| {
            let from = (name.to_owned(), String::new());
            let mut seen = self.seen.range(from..);
            seen.next().is_some_and(|(service, _)| service == name)
        };
        let mut services = extent.services.iter();
        let mut unseen = self.unseen.iter();
        !unseen.any(|(service, environment)| extent.is_for(environment, service))
            && (!self.is_part
                || !extent.services.is_empty() && services.all(|glob| is_seen(glob.as_str())))
    }

    /// Every service with its environments, judged or not.
    fn known(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.seen.iter().chain(&self.unseen);
        all.map(|(service, environment)| (service.as_str(), environment.as_str()))
    }

    /// The names of all services, each once.
    pub(super) fn services(&self) -> Vec<&str> {
        let all: BTreeSet<&str> = self.known().map(|(service, _)| service).collect();
        all.into_iter().collect()
    }

    /// Why nothing belongs to the services and environments of an entry; `None` if something does.
    pub(super) fn why_none(&self, extent: Extent<'_>) -> Option<String> {
        if !self.known().any(|(service, _)| extent.is_of(service)) {
            let names = self.services();
            let mut globs = extent.services.iter();
            let near = globs.find_map(|glob| nearest(glob.as_str(), &names));
            let near = near.map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
            return Some(format!("no service has that name{near}"));
        }
        if self
            .known()
            .any(|(service, name)| extent.is_for(name, service))
        {
            return None;
        }
        let own = self.known().filter(|(service, _)| extent.is_of(service));
        let own: BTreeSet<&str> = own.map(|(_, environment)| environment).collect();
        let own: Vec<&str> = own.into_iter().collect();
        let mut names = extent.environments.iter();
        let near = names.find_map(|name| nearest(name, &own));
        let near = near.map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
        Some(format!("none of its services has that environment{near}"))
    }

    /// Why an exemption matches nothing in a check of a whole repository.
    pub(super) fn why(&self, exemption: &Exemption, is_target_here: bool) -> String {
        self.why_none(exemption.extent()).unwrap_or_else(|| {
            if is_target_here {
                format!("there is no finding of {}", exemption.rule)
            } else {
                "no resource of its services and environments matches its target".to_owned()
            }
        })
    }
}
