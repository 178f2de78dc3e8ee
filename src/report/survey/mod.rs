//! Reports of a whole survey: services × environments with all findings.
//!
//! There is one file per format. [`Format`] lists them, and a caller only needs [`Format::render`].
//! Each format makes foreign text harmless in its own way. No format shows anything that is not in
//! a finding, so none shows a secret.

use crate::report::text::counts;
use crate::survey::Survey;

mod alike;
mod causes;
mod closing;
pub mod concise;
mod excerpt;
mod family;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod json;
pub mod junit;
pub mod krm;
pub mod markdown;
mod places;
pub mod records;
pub mod sarif;
pub mod text;
mod told;
mod unread;
mod view;
mod wire;
mod words;

pub use view::View;
pub use wire::{KIND, schema};
pub use words::summary;
use words::{
    advice, baseline_name, environment_name, heaviest_first, location, resource_name, standings,
};

/// A format of a survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// For people, at a terminal or in a log.
    Text,
    /// For editors, and for people with many findings: one line per finding.
    Concise,
    /// The complete survey for programs; can be read back.
    Json,
    /// The results of a KRM function.
    Krm,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// `JUnit` XML, for test reports.
    Junit,
    /// Workflow commands of GitHub Actions, which become annotations.
    Github,
    /// A report of GitLab's code quality.
    Gitlab,
    /// A comment for a pull request.
    Markdown,
    /// A page for a browser.
    Html,
}

impl Format {
    /// All formats, in the order of their documentation.
    pub const ALL: [Self; 10] = [
        Self::Text,
        Self::Concise,
        Self::Json,
        Self::Krm,
        Self::Sarif,
        Self::Junit,
        Self::Github,
        Self::Gitlab,
        Self::Markdown,
        Self::Html,
    ];

    /// The name of the format.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Concise => "concise",
            Self::Json => "json",
            Self::Krm => "krm",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    /// The format of that name.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.id() == id)
    }

    /// The survey in this format, ending in a line break; the formats for programs are complete
    /// whatever the view.
    #[must_use]
    pub fn render(self, survey: &Survey, view: impl Into<View>) -> String {
        let view = view.into();
        match self {
            Self::Text => text::render(survey, view),
            Self::Concise => concise::render(survey, view),
            Self::Json => json::render(survey),
            Self::Krm => krm::render(survey),
            Self::Sarif => sarif::render(survey),
            Self::Junit => junit::render(survey),
            Self::Github => github::render(survey, view),
            Self::Gitlab => gitlab::render(survey),
            Self::Markdown => markdown::render(survey, view),
            Self::Html => html::render(survey),
        }
    }
}
