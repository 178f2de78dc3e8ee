//! The survey as a `ParityReport`: all of it, written and read back without loss.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Deserializer;
use thiserror::Error;

use super::wire::{self, API_VERSION, KIND};
use crate::catalog::{Class, RuleId, Severity};
use crate::finding::{Compared, FieldRef, Finding, Name, Report, Totals};
use crate::report::fingerprint::fingerprints;
use crate::survey::{Environment, Service, Shard, State, Survey};
use crate::text;

/// The largest report that is read, in bytes.
pub const MAX_BYTES: usize = 256 << 20;

/// The deepest nesting that is read: that of the values in a finding, and room for the report around them.
const MAX_DEPTH: usize = 300;

/// The most cells that the matrix of a report may have.
const MAX_CELLS: usize = 1 << 20;

/// Why a text is no report that this program reads.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ReadError {
    /// It is larger than [`MAX_BYTES`].
    #[error("it is larger than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
    /// Its values are nested too deep.
    #[error("line {line}: nested deeper than {MAX_DEPTH} levels")]
    TooDeep {
        /// The line, from 1.
        line: usize,
    },
    /// It ends too early.
    #[error("line {line}: it is cut short")]
    Truncated {
        /// The last line.
        line: usize,
    },
    /// It is no JSON, or has another shape.
    #[error("line {line}, column {column}: {what}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in bytes.
        column: usize,
        /// What is wrong.
        what: String,
    },
    /// It is something else.
    #[error("it is no report of krm-parity, but {found}")]
    WrongKind {
        /// What it says it is.
        found: String,
    },
    /// It is of another version of the schema.
    #[error(
        "its apiVersion is {found}, and this version reads {API_VERSION}; use one version of krm-parity for all reports"
    )]
    WrongVersion {
        /// The version that it names.
        found: String,
    },
    /// It holds a name that the catalogue does not.
    #[error("findings[{index}]: unknown {noun} {name}; it was written by krm-parity {version}, and this is {}", env!("CARGO_PKG_VERSION"))]
    UnknownName {
        /// The finding's index, from 0.
        index: usize,
        /// `rule` or `class`.
        noun: &'static str,
        /// The name, quoted.
        name: String,
        /// The version that wrote it, quoted.
        version: String,
    },
    /// A path of it leads nowhere.
    #[error("findings[{index}].field: {what}")]
    Path {
        /// The finding's index, from 0.
        index: usize,
        /// Which path, and what is wrong with it.
        what: String,
    },
    /// It contradicts itself.
    #[error("{0}")]
    Inconsistent(String),
}

/// Renders a survey.
#[must_use]
pub fn render(survey: &Survey) -> String {
    // The types hold strings, numbers and values that came from JSON, all of which can be written.
    let out = serde_json::to_string_pretty(&to_wire(survey)).unwrap_or_default();
    let mut out = text::safe_json(&out);
    out.push('\n');
    out
}

fn to_wire(survey: &Survey) -> wire::ParityReport {
    let report = &survey.report;
    let totals = &report.totals;
    let services = survey.services.iter().map(|service| wire::Service {
        name: service.name.clone(),
        bases: service.bases.clone(),
        environments: service
            .environments
            .iter()
            .map(environment_to_wire)
            .collect(),
    });
    wire::ParityReport {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        tool: wire::Tool {
            name: "krm-parity".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        shard: survey.shard.as_ref().map(|shard| wire::Shard {
            index: shard.index,
            count: shard.count,
            of: shard.of.clone(),
        }),
        failed: report.failed,
        totals: wire::Totals {
            errors: totals.errors,
            warnings: totals.warnings,
            infos: totals.infos,
            resources: totals.resources,
        },
        services: services.collect(),
        findings: report
            .findings
            .iter()
            .zip(fingerprints(&report.findings))
            .map(|(finding, fingerprint)| finding_to_wire(finding, fingerprint))
            .collect(),
        notes: survey.notes.clone(),
    }
}

fn environment_to_wire(environment: &Environment) -> wire::Environment {
    wire::Environment {
        name: environment.name.clone(),
        directory: environment.directory.clone(),
        state: match environment.state {
            State::Judged => wire::State::Judged,
            State::Failed => wire::State::Failed,
            State::Missing => wire::State::Missing,
            State::Skipped => wire::State::Skipped,
        },
    }
}

fn finding_to_wire(finding: &Finding, fingerprint: String) -> wire::Finding {
    wire::Finding {
        rule: finding.rule.to_string(),
        severity: match finding.severity {
            Severity::Error => wire::Severity::Error,
            Severity::Warning => wire::Severity::Warning,
            Severity::Info | Severity::Ignore => wire::Severity::Info,
        },
        class: finding.class.map(|class| class.id().to_owned()),
        fingerprint,
        service: written(finding.service()),
        environment: written(finding.environment()),
        baseline: written(finding.baseline()),
        resource: finding.resource.as_ref().map(Into::into),
        base_name: finding.base_name.clone(),
        field: finding.field.as_ref().map(Into::into),
        file: finding.file.as_ref().map(Into::into),
        place: finding.place.as_ref().map(Into::into),
        base_place: finding.base_place.as_ref().map(Into::into),
        message: finding.message.clone(),
        headline: finding.headline.clone(),
        help: finding.help.clone(),
    }
}

/// A name as a report has it, where what is not known is written as nothing.
fn written(name: Option<&str>) -> String {
    name.unwrap_or_default().to_owned()
}

/// Reads what [`render`] wrote.
///
/// # Errors
///
/// When the text is not a report that this version can read without losing something.
pub fn read(text: &str) -> Result<Survey, ReadError> {
    if text.len() > MAX_BYTES {
        return Err(ReadError::TooLarge);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    bound_depth(text)?;
    check_head(text)?;
    from_wire(parse(text)?)
}

/// Refuses what a recursive reader could not survive, before it runs.
fn bound_depth(text: &str) -> Result<(), ReadError> {
    let (mut depth, mut line) = (0_usize, 1);
    let mut is_in_string = false;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\n' => line += 1,
            b'"' => is_in_string = !is_in_string,
            b'\\' if is_in_string => {
                let _ = bytes.next();
            }
            b'[' | b'{' if !is_in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(ReadError::TooDeep { line });
                }
            }
            b']' | b'}' if !is_in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Tells another document from a broken one.
fn check_head(text: &str) -> Result<(), ReadError> {
    /// What every document of this family says of itself; the rest is skipped.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        #[serde(default)]
        api_version: Option<String>,
        #[serde(default)]
        kind: Option<String>,
    }
    // What is no map has no head.
    let found = match text.trim_start().chars().next() {
        Some('n') => "null",
        Some('t' | 'f') => "a boolean",
        Some('"') => "a string",
        Some('[') => "a list",
        Some('-' | '0'..='9') => "a number",
        _ => "",
    };
    if !found.is_empty() {
        parse::<IgnoredAny>(text)?;
        let found = found.to_owned();
        return Err(ReadError::WrongKind { found });
    }
    let head: Head = parse(text)?;
    let quoted = |word: &str| text::quoted(word, text::MAX_NAME);
    let found = match (head.kind.as_deref(), head.api_version.as_deref()) {
        (Some(KIND), Some(API_VERSION)) => return Ok(()),
        (Some(KIND), Some(version)) => {
            return Err(ReadError::WrongVersion {
                found: quoted(version),
            });
        }
        (Some(KIND), None) => "a document without apiVersion".to_owned(),
        (Some(kind), _) => quoted(kind),
        (None, _) => "a document without kind".to_owned(),
    };
    Err(ReadError::WrongKind { found })
}

fn parse<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, ReadError> {
    let mut reader = Deserializer::from_str(text);
    // The depth is bounded above.
    reader.disable_recursion_limit();
    let parsed = T::deserialize(&mut reader).and_then(|parsed| reader.end().map(|()| parsed));
    parsed.map_err(|error| {
        let (line, column) = (error.line().max(1), error.column().max(1));
        if error.is_eof() {
            return ReadError::Truncated { line };
        }
        let said = error.to_string();
        let what = said.split(" at line ").next().unwrap_or_default();
        ReadError::Malformed {
            line,
            column,
            what: text::one_line(what, 300).into_owned(),
        }
    })
}

fn from_wire(report: wire::ParityReport) -> Result<Survey, ReadError> {
    let version = text::quoted(&report.tool.version, text::MAX_NAME);
    let findings = report.findings.into_iter().enumerate();
    let findings: Vec<_> = findings
        .map(|(index, finding)| finding_from_wire(index, finding, &version))
        .collect::<Result<_, _>>()?;
    let totals = Totals {
        errors: report.totals.errors,
        warnings: report.totals.warnings,
        infos: report.totals.infos,
        resources: report.totals.resources,
    };
    let mut counted = Totals {
        resources: totals.resources,
        ..Totals::default()
    };
    for finding in &findings {
        counted.add(finding.severity);
    }
    if counted != totals {
        let what =
            "its totals are not those of its findings: it was changed or cut after it was written";
        return Err(ReadError::Inconsistent(what.to_owned()));
    }
    let services = report.services.into_iter().map(service_from_wire);
    let services: Vec<Service> = services.collect();
    check_services(&services, &findings)?;
    let shard = report.shard.as_ref().map(shard_from_wire).transpose()?;
    Ok(Survey {
        shard,
        services,
        report: Report {
            findings,
            totals,
            failed: report.failed,
        },
        notes: report.notes,
        next: Vec::new(),
    })
}

/// Names are unique, and the matrix stays of a size that can be laid out.
fn check_services(services: &[Service], findings: &[Finding]) -> Result<(), ReadError> {
    let twice = |what: &str, name: &str| {
        let name = text::quoted(name, text::MAX_NAME);
        Err(ReadError::Inconsistent(format!(
            "it has the {what} {name} twice"
        )))
    };
    let mut names = BTreeSet::new();
    let mut columns = BTreeSet::new();
    let environments = || services.iter().flat_map(|service| &service.environments);
    let mut all = services.iter().map(|service| &service.name);
    if all.any(String::is_empty) || environments().any(|one| one.name.is_empty()) {
        let what = "it has a service or an environment without a name";
        return Err(ReadError::Inconsistent(what.to_owned()));
    }
    for service in services {
        if !names.insert(service.name.as_str()) {
            return twice("service", &service.name);
        }
        let mut own = BTreeSet::new();
        for environment in &service.environments {
            if !own.insert(environment.name.as_str()) {
                return twice("environment", &environment.name);
            }
        }
        columns.append(&mut own);
    }
    for finding in findings {
        names.insert(finding.service().unwrap_or_default());
        columns.insert(finding.environment().unwrap_or_default());
    }
    if names.len().saturating_mul(columns.len()) > MAX_CELLS {
        let what = format!(
            "it has {} services × {} environments, and {MAX_CELLS} cells are the most",
            names.len(),
            columns.len()
        );
        return Err(ReadError::Inconsistent(what));
    }
    Ok(())
}

fn shard_from_wire(shard: &wire::Shard) -> Result<Shard, ReadError> {
    if !(1..=shard.count).contains(&shard.index) {
        let what = format!(
            "it says that it is shard {} of {}",
            shard.index, shard.count
        );
        return Err(ReadError::Inconsistent(what));
    }
    Ok(Shard {
        index: shard.index,
        count: shard.count,
        of: text::one_line(&shard.of, text::MAX_NAME).into_owned(),
    })
}

fn service_from_wire(service: wire::Service) -> Service {
    let environment = |environment: wire::Environment| Environment {
        name: environment.name,
        directory: environment.directory,
        state: match environment.state {
            wire::State::Judged => State::Judged,
            wire::State::Failed => State::Failed,
            wire::State::Missing => State::Missing,
            wire::State::Skipped => State::Skipped,
        },
    };
    Service {
        name: service.name,
        bases: service.bases,
        environments: service.environments.into_iter().map(environment).collect(),
    }
}

fn finding_from_wire(
    index: usize,
    finding: wire::Finding,
    version: &str,
) -> Result<Finding, ReadError> {
    let unknown = |noun, name: &str| ReadError::UnknownName {
        index,
        noun,
        name: text::quoted(name, text::MAX_NAME),
        version: version.to_owned(),
    };
    let rule = RuleId::parse(&finding.rule).ok_or_else(|| unknown("rule", &finding.rule))?;
    let class = match finding.class {
        Some(id) => Some(Class::from_id(&id).ok_or_else(|| unknown("class", &id))?),
        None => None,
    };
    let field = finding.field.map(FieldRef::try_from).transpose();
    let field = field.map_err(|what| ReadError::Path { index, what })?;
    Ok(Finding {
        rule,
        exemption: None,
        severity: match finding.severity {
            wire::Severity::Error => Severity::Error,
            wire::Severity::Warning => Severity::Warning,
            wire::Severity::Info => Severity::Info,
        },
        class,
        service: Name::new(&finding.service),
        // A report does not say what the one was to the other: who has to know has asked before it was written.
        compared: Compared::with_base(&finding.environment, &finding.baseline),
        resource: finding.resource.map(Into::into),
        base_name: finding.base_name,
        field,
        part: None,
        file: finding.file.map(Into::into),
        place: finding.place.map(Into::into),
        base_place: finding.base_place.map(Into::into),
        message: finding.message,
        headline: finding.headline,
        help: finding.help,
    })
}
