//! The public interface of the library: a repository, a policy, one call, one report.

use jiff::civil::Date;

use crate::finding::Finding;
use crate::package;
use crate::policy::{self, ParseError};
use crate::repo::{Sources, join};
use crate::report::survey::Format;
use crate::report::text::Style;
use crate::rules::RULES;
use crate::survey::Survey;

/// The files of a repository: its kustomizations, and what they name.
///
/// ```
/// use krm_parity::Repository;
///
/// let repository: Repository = [
///     ("shop/base/kustomization.yaml", "resources: [web.yaml]"),
///     ("shop/base/web.yaml", "{apiVersion: v1, kind: Service, metadata: {name: web}}"),
/// ]
/// .into_iter()
/// .collect();
/// assert_eq!(repository.len(), 2);
/// ```
#[derive(Debug, Default)]
pub struct Repository {
    sources: Sources,
}

impl Repository {
    /// The number of files.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sources.iter().count()
    }

    /// Whether there are no files.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<P: AsRef<str>, T: Into<String>> FromIterator<(P, T)> for Repository {
    /// Collects files by their paths, which are relative to the root and have `/` between their
    /// parts.
    fn from_iter<I: IntoIterator<Item = (P, T)>>(files: I) -> Self {
        let mut sources = Sources::default();
        for (path, text) in files {
            sources.insert(join("", path.as_ref()), text.into());
        }
        Self { sources }
    }
}

/// The permitted changes of overlays; [`Policy::default`] applies if there is no policy file.
///
/// ```
/// use krm_parity::Policy;
///
/// let policy = Policy::parse("parity.yaml", "
/// apiVersion: krm-parity.io/v1alpha1
/// kind: ParityPolicy
/// metadata: {name: parity}
/// spec:
///   environments: [dev, production]
/// ");
/// assert!(policy.is_ok());
///
/// let error = Policy::parse("parity.yaml", "{apiVersion: krm-parity.io/v1alpha1, kind: ParityPolcy}");
/// assert!(error.unwrap_err().to_string().contains("did you mean \"ParityPolicy\"?"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Policy(policy::Policy);

impl Policy {
    /// Parses a policy; `name` is the name of its file in messages.
    ///
    /// # Errors
    ///
    /// The error names the place in the text and the fault.
    pub fn parse(name: &str, text: &str) -> Result<Self, ParseError> {
        policy::parse(RULES, name, text).map(Self)
    }
}

/// The result of [`check`].
#[derive(Clone, Debug, PartialEq)]
pub struct Report(Survey);

impl Report {
    /// Whether any finding is at least as severe as the policy's `failOn`.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.0.report.failed
    }

    /// The findings, in the order of output.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.0.report.findings
    }

    /// The services, each with its environments.
    pub fn services(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.0.services.iter().map(|service| {
            let names = service.environments.iter();
            let names = names.map(|environment| environment.name.as_str());
            (service.name.as_str(), names.collect())
        })
    }

    /// The report in one of its formats.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        format.render(&self.0, Style { color: false })
    }
}

/// Compares every environment of every service with its base and with the others.
///
/// No other program builds anything: the files are replayed, and a file that the replay does not
/// model exactly becomes the finding `unchecked-file`. `today` decides which exemptions are still
/// valid.
///
/// ```
/// use jiff::civil::date;
/// use krm_parity::{Format, Policy, Repository, check};
///
/// let web = "
/// apiVersion: apps/v1
/// kind: Deployment
/// metadata: {name: web}
/// spec:
///   template:
///     spec:
///       containers:
///       - {name: web, image: 'web:1', livenessProbe: {periodSeconds: 10}}
/// ";
/// let production = "
/// resources: [../../base]
/// images: [{name: web, newTag: '2'}]
/// ";
/// let repository: Repository = [
///     ("web/base/kustomization.yaml", "resources: [web.yaml]"),
///     ("web/base/web.yaml", web),
///     ("web/overlays/dev/kustomization.yaml", "resources: [../../base]"),
///     ("web/overlays/production/kustomization.yaml", production),
/// ]
/// .into_iter()
/// .collect();
///
/// let report = check(&repository, &Policy::default(), date(2026, 6, 15));
/// assert!(report.failed());
/// let [finding] = report.findings() else { panic!("there is one finding") };
/// assert_eq!(finding.rule.as_str(), "image");
/// assert!(report.render(Format::Text).contains("web/overlays/production/kustomization.yaml:3"));
/// ```
#[must_use]
pub fn check(repository: &Repository, policy: &Policy, today: Date) -> Report {
    const ROOT: &str = "repository";
    let survey = package::survey(&repository.sources, ROOT, &policy.0, today);
    Report(survey.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An environment with an unreadable kustomization is not a missing one.
    #[test]
    fn an_unreadable_environment_is_found() {
        for text in ["resources: [", "- a list", ""] {
            let repository: Repository = [
                ("web/base/kustomization.yaml", "resources: []"),
                (
                    "web/overlays/dev/kustomization.yaml",
                    "resources: [../../base]",
                ),
                ("web/overlays/prod/kustomization.yaml", text),
            ]
            .into_iter()
            .collect();
            let report = check(
                &repository,
                &Policy::default(),
                jiff::civil::date(2026, 6, 15),
            );
            let files = report.findings().iter().map(|finding| {
                let file = finding.place.as_ref().map(|place| place.file.as_str());
                (finding.rule.as_str(), file)
            });
            let expected = (
                "build-failure",
                Some("web/overlays/prod/kustomization.yaml"),
            );
            assert!(
                files.into_iter().any(|found| found == expected),
                "{text:?} {report:?}"
            );
        }
    }
}
