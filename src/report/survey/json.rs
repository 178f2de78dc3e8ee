//! The survey as a `ParityReport`: complete, written and read back without loss.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};

use super::unread::MAX_DEPTH;
pub use super::unread::{MAX_BYTES, ReadError};
use super::wire::{self, API_VERSION, KIND};
use crate::catalog::{Class, RuleId, Severity};
use crate::finding::{Compared, FieldRef, Finding, Name, Report, Totals};
use crate::report::fingerprint::{groups, of_survey};
use crate::survey::{Against, Environment, Service, Shard, State, Survey};
use crate::text;

/// The longest name of the report that this one was compared with, in characters.
const MAX_AGAINST: usize = 400;

/// The largest number of cells in the matrix of a report.
const MAX_CELLS: usize = 1 << 20;

/// Renders a survey.
#[must_use]
pub fn render(survey: &Survey) -> String {
    // The types contain strings, numbers and values that came from JSON, all of which can be
    // written.
    let out = serde_json::to_string_pretty(&to_wire(survey)).unwrap_or_default();
    let mut out = text::safe_json(&out);
    out.push('\n');
    out
}

fn to_wire(survey: &Survey) -> wire::ParityReport {
    let report = &survey.report;
    let totals = &report.totals;
    let [new, known, fixed] = of_survey(survey);
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
        fail_on: report.fail_on.map(severity_to_wire),
        totals: wire::Totals {
            errors: totals.errors,
            warnings: totals.warnings,
            infos: totals.infos,
            resources: totals.resources,
        },
        services: services.collect(),
        findings: findings_to_wire(
            &report.findings,
            new,
            survey.against.as_ref().map(|_| wire::Standing::New),
        ),
        against: survey.against.as_ref().map(|against| wire::Against {
            name: against.name.clone(),
            known: findings_to_wire(&against.known, known, Some(wire::Standing::Known)),
            fixed: findings_to_wire(&against.fixed, fixed, Some(wire::Standing::Fixed)),
        }),
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

fn findings_to_wire(
    findings: &[Finding],
    prints: Vec<String>,
    standing: Option<wire::Standing>,
) -> Vec<wire::Finding> {
    let all = findings.iter().zip(prints).zip(groups(findings));
    all.map(|((finding, print), group)| finding_to_wire(finding, print, group, standing))
        .collect()
}

const fn severity_to_wire(severity: Severity) -> wire::Severity {
    match severity {
        Severity::Error => wire::Severity::Error,
        Severity::Warning => wire::Severity::Warning,
        Severity::Info | Severity::Ignore => wire::Severity::Info,
    }
}

const fn severity_from_wire(severity: wire::Severity) -> Severity {
    match severity {
        wire::Severity::Error => Severity::Error,
        wire::Severity::Warning => Severity::Warning,
        wire::Severity::Info => Severity::Info,
    }
}

fn finding_to_wire(
    finding: &Finding,
    fingerprint: String,
    group: Option<String>,
    standing: Option<wire::Standing>,
) -> wire::Finding {
    wire::Finding {
        rule: finding.rule.to_string(),
        severity: severity_to_wire(finding.severity),
        standing,
        class: finding.class.map(|class| class.id().to_owned()),
        fingerprint,
        group,
        overridden: finding.overridden,
        service: written(finding.service()),
        environment: written(finding.environment()),
        baseline: written(finding.baseline()),
        resource: finding.resource.as_ref().map(Into::into),
        base_name: finding.base_name.clone(),
        field: finding.field.as_ref().map(Into::into),
        file: finding.file.as_ref().map(Into::into),
        request: finding.requested.as_deref().map(Into::into),
        place: finding.place.as_ref().map(Into::into),
        base_place: finding.base_place.as_ref().map(Into::into),
        message: finding.message.clone(),
        headline: finding.headline.clone(),
        help: finding.help.clone(),
        permit: finding.permit.clone(),
    }
}

/// A name in a report, where an unknown one is empty.
fn written(name: Option<&str>) -> String {
    name.unwrap_or_default().to_owned()
}

/// Reads the output of [`render`].
///
/// # Errors
///
/// Fails if the text is not a report that this version can read without loss.
pub fn read(text: &str) -> Result<Survey, ReadError> {
    read_with_version(text).map(|(survey, _)| survey)
}

/// Reads the output of [`render`], with the version of the program that wrote it.
///
/// # Errors
///
/// As [`read`].
pub fn read_with_version(text: &str) -> Result<(Survey, String), ReadError> {
    if text.len() > MAX_BYTES {
        return Err(ReadError::TooLarge);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    bound_depth(text)?;
    let version = check_head(text)?;
    let parsed = parse(text).map_err(|error| error.of_version(version.as_deref()))?;
    from_wire(parsed).map(|survey| (survey, version.unwrap_or_default()))
}

/// Refuses a depth that a recursive reader would not survive, before the reader runs.
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

/// Distinguishes another document from a broken one; returns the version that wrote it.
fn check_head(text: &str) -> Result<Option<String>, ReadError> {
    /// The fields that every document of this family has; the rest is skipped.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        #[serde(default)]
        api_version: Option<String>,
        #[serde(default)]
        kind: Option<String>,
        #[serde(default)]
        tool: Option<Value>,
    }
    // Only a map has a head.
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
        (Some(KIND), Some(API_VERSION)) => {
            let version = head.tool.as_ref().and_then(|tool| tool["version"].as_str());
            return Ok(version.map(str::to_owned));
        }
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
    let all = |list, findings: Vec<wire::Finding>, standing| -> Result<Vec<Finding>, ReadError> {
        if findings.iter().any(|finding| finding.standing != standing) {
            return Err(ReadError::Inconsistent(format!(
                "{list} contains a finding whose standing says otherwise"
            )));
        }
        let findings = findings.into_iter().enumerate();
        findings
            .map(|(index, finding)| {
                let at = Index { list, index };
                finding_from_wire(at, finding, &version)
            })
            .collect()
    };
    let standing = report.against.as_ref().map(|_| wire::Standing::New);
    let findings = all("findings", report.findings, standing)?;
    let against = match report.against {
        Some(against) => Some(Against {
            name: text::one_line(&against.name, MAX_AGAINST).into_owned(),
            known: all("against.known", against.known, Some(wire::Standing::Known))?,
            fixed: all("against.fixed", against.fixed, Some(wire::Standing::Fixed))?,
        }),
        None => None,
    };
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
        let what = "its totals do not match its findings; the file was changed or cut after it was written";
        return Err(ReadError::Inconsistent(what.to_owned()));
    }
    let services = report.services.into_iter().map(service_from_wire);
    let services: Vec<Service> = services.collect();
    let more = against.iter();
    let more = more.flat_map(|against| against.known.iter().chain(&against.fixed));
    check_services(&services, findings.iter().chain(more))?;
    let shard = report.shard.as_ref().map(shard_from_wire).transpose()?;
    Ok(Survey {
        shard,
        services,
        report: Report {
            findings,
            totals,
            failed: report.failed,
            fail_on: report.fail_on.map(severity_from_wire),
        },
        against,
        notes: report.notes,
        next: Vec::new(),
    })
}

/// Checks that names are unique, and that the matrix has a size that can be laid out.
fn check_services<'f>(
    services: &[Service],
    findings: impl Iterator<Item = &'f Finding>,
) -> Result<(), ReadError> {
    let twice = |what: &str, name: &str| {
        let name = text::quoted(name, text::MAX_NAME);
        Err(ReadError::Inconsistent(format!(
            "it contains the {what} {name} twice"
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
            "it has {} services × {} environments, and the limit is {MAX_CELLS} cells",
            names.len(),
            columns.len()
        );
        return Err(ReadError::Inconsistent(what));
    }
    Ok(())
}

fn shard_from_wire(shard: &wire::Shard) -> Result<Shard, ReadError> {
    if !(1..=shard.count).contains(&shard.index) {
        let what = format!("it claims to be shard {} of {}", shard.index, shard.count);
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

/// A finding's place in a report.
#[derive(Clone, Copy)]
struct Index {
    list: &'static str,
    index: usize,
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.list, self.index)
    }
}

fn finding_from_wire(
    at: Index,
    finding: wire::Finding,
    version: &str,
) -> Result<Finding, ReadError> {
    let unknown = |noun, name: &str| ReadError::UnknownName {
        at: at.to_string(),
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
    let field = field.map_err(|what| ReadError::Path {
        at: at.to_string(),
        what,
    })?;
    Ok(Finding {
        rule,
        exemption: None,
        severity: severity_from_wire(finding.severity),
        class,
        service: Name::new(&finding.service),
        // A report does not contain the relation of the two; callers that need it use it before the
        // report is written.
        compared: Compared::with_base(&finding.environment, &finding.baseline),
        resource: finding.resource.map(Into::into),
        overridden: finding.overridden,
        base_name: finding.base_name,
        field,
        part: None,
        file: finding.file.map(Into::into),
        requested: finding.request.map(|request| Box::new(request.into())),
        place: finding.place.map(Into::into),
        base_place: finding.base_place.map(Into::into),
        message: finding.message,
        headline: finding.headline,
        help: finding.help,
        patch: None,
        entry: None,
        permit: finding.permit,
    })
}
