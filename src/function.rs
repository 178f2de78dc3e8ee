//! The function: a `ResourceList` in, a `ResourceList` and a verdict out.
//!
//! This is the whole pipeline in one place. It is pure and uses no files, network or
//! processes; [`crate::cli`] calls it and acts on its answer.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::compare::comparison::Comparison;
use crate::environment::{self, Fault, Items};
use crate::finding::Report;
use crate::krm::{self, Form, KrmError, Results};
use crate::package;
use crate::policy::{self, Config, Emit, Mode, Policy, Recorder};
use crate::report;
use crate::resource::Resource;
use crate::rules::{self, Gaps};
use crate::snapshot::{self, SnapshotError};
use crate::text::{MAX_NAME, one_line, quoted};
use crate::yaml::{self, Node, Tree, YamlError};

/// The text for stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The input as it came, byte for byte.
    Unchanged,
    /// Another text.
    Text(String),
}

/// The answer of the function.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The text for stdout.
    pub output: Output,
    /// The findings; empty for a recorder.
    pub report: Report,
    /// Whether there are exemptions, for which the date matters.
    pub is_of_a_day: bool,
}

/// Why the function could not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The input is not valid YAML.
    #[error("the input cannot be read: {0}")]
    Yaml(#[from] YamlError),
    /// The input is YAML, but not a `ResourceList`.
    #[error("the input is not valid: {0}")]
    Krm(#[from] KrmError),
    /// The functionConfig is wrong.
    #[error("the functionConfig is not valid: {}{message}", at_line(*line))]
    Config {
        /// The line of the input, from 1; 0 if it is not known.
        line: usize,
        /// The error, with its place.
        message: String,
    },
    /// The file with the functionConfig is not valid YAML.
    #[error("the functionConfig cannot be read: {0}")]
    ConfigYaml(YamlError),
    /// A snapshot among the items is damaged.
    #[error("{0}")]
    Snapshot(#[from] SnapshotError),
    /// Snapshots contradict each other.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// A recorder cannot record two versions of the same resource.
    #[error(
        "line {line}: the items contain {} {} twice, with different contents; pass each resource once",
        one_line(kind, MAX_NAME),
        quoted(name, MAX_NAME)
    )]
    Twice {
        /// The line of the second one, from 1.
        line: usize,
        /// The kind of the resource.
        kind: String,
        /// The name of the resource.
        name: String,
    },
    /// A recorder got the source files of a kustomization.
    #[error(
        "the items are the source files of a kustomization, not its build; run the recorder inside `kustomize build`"
    )]
    Unbuilt,
}

fn at_line(line: usize) -> String {
    if line == 0 {
        String::new()
    } else {
        format!("line {line}: ")
    }
}

impl Refusal {
    /// A `ResourceList` with the error, for hosts that read results.
    #[must_use]
    pub fn to_list(&self, input: &[u8]) -> String {
        let form = match input.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => Form::Flow,
            _ => Form::Block,
        };
        let result = json!({"message": self.to_string(), "severity": "error"});
        krm::fresh(form, None, &results(&[result]))
    }
}

/// Runs the function on a `ResourceList`.
///
/// # Errors
///
/// Fails on input that cannot be read or used; every message names a line.
pub fn run(input: &[u8], today: Date) -> Result<Answer, Refusal> {
    let text = with_line_feeds(input);
    let answer = run_list(&text, today)?;
    Ok(with_text(answer, text))
}

fn run_list(input: &[u8], today: Date) -> Result<Answer, Refusal> {
    let tree = yaml::parse_bytes(input)?;
    let list = krm::read(&tree)?;
    match read_config(list.config)? {
        Config::Recorder(recorder) => {
            let snapshot = record(&list.resources, &recorder)?;
            let text = match recorder.mode {
                Mode::Append => krm::append_item(&list, &snapshot),
                Mode::Replace => {
                    krm::fresh(Form::of(list.root), Some(&snapshot), &Results::default())
                }
            };
            Ok(Answer {
                output: Output::Text(text),
                report: Report::default(),
                is_of_a_day: false,
            })
        }
        Config::Policy(policy) => {
            let report = check(&list.resources, &policy, today)?;
            let results = results(&report::krm::results(&report));
            let output = match policy.emit {
                Emit::None => Output::Text(krm::fresh(Form::of(list.root), None, &results)),
                Emit::Items if results.json.is_empty() => Output::Unchanged,
                Emit::Items => Output::Text(krm::with_results(&list, &results).into_owned()),
            };
            Ok(Answer {
                output,
                report,
                is_of_a_day: !policy.exemptions.is_empty(),
            })
        }
    }
}

/// Runs the function with the interface of kustomize's older plugins: a config, and plain documents.
///
/// # Errors
///
/// As [`run`].
pub fn run_plugin(config: &[u8], input: &[u8], today: Date) -> Result<Answer, Refusal> {
    let text = with_line_feeds(input);
    let answer = run_documents(config, &text, today)?;
    Ok(with_text(answer, text))
}

/// The input with line feeds as line ends; to YAML the text is the same.
///
/// A host splits a stream at line feeds and dashes: with bare carriage returns it sees only the first document.
fn with_line_feeds(input: &[u8]) -> Cow<'_, [u8]> {
    let is_bare = |at: usize| input.get(at + 1) != Some(&b'\n');
    let mut returns = input.iter().enumerate().filter(|(_, byte)| **byte == b'\r');
    // Almost no input has carriage returns, and this search is much faster.
    if !input.contains(&b'\r') || !returns.any(|(at, _)| is_bare(at)) {
        return Cow::Borrowed(input);
    }
    // Bytes that are not UTF-8 are refused later.
    if std::str::from_utf8(input).is_err() {
        return Cow::Borrowed(input);
    }
    let line_feed = |(at, byte): (usize, &u8)| match *byte {
        b'\r' if is_bare(at) => b'\n',
        byte => byte,
    };
    Cow::Owned(input.iter().enumerate().map(line_feed).collect())
}

/// An answer that passes on this text, even if it is not the input.
fn with_text(answer: Answer, text: Cow<'_, [u8]>) -> Answer {
    match (answer.output, text) {
        (Output::Unchanged, Cow::Owned(text)) => Answer {
            output: Output::Text(String::from_utf8_lossy(&text).into_owned()),
            ..answer
        },
        (output, _) => Answer { output, ..answer },
    }
}

fn run_documents(config: &[u8], input: &[u8], today: Date) -> Result<Answer, Refusal> {
    let config_tree = yaml::parse_bytes(config).map_err(Refusal::ConfigYaml)?;
    let config = read_config(config_tree.roots().next())?;
    let tree = yaml::parse_bytes(input)?;
    let resources = krm::read_documents(&tree)?;
    match config {
        Config::Recorder(recorder) => {
            let snapshot = record(&resources, &recorder)?.to_yaml(0, "\n");
            let text = match recorder.mode {
                Mode::Replace => snapshot,
                Mode::Append => {
                    let before = tree.source();
                    let end = if before.is_empty() || before.ends_with('\n') {
                        ""
                    } else {
                        "\n"
                    };
                    format!("{before}{end}---\n{snapshot}")
                }
            };
            Ok(Answer {
                output: Output::Text(text),
                report: Report::default(),
                is_of_a_day: false,
            })
        }
        Config::Policy(policy) => {
            let report = check(&resources, &policy, today)?;
            let output = match policy.emit {
                Emit::None => Output::Text(String::new()),
                Emit::Items => Output::Unchanged,
            };
            Ok(Answer {
                output,
                report,
                is_of_a_day: !policy.exemptions.is_empty(),
            })
        }
    }
}

/// Compares and judges all environments among the resources.
///
/// # Errors
///
/// Fails on snapshots that are damaged or contradict each other.
pub fn check(resources: &[Resource<'_>], policy: &Policy, today: Date) -> Result<Report, Refusal> {
    if let Some(report) = package::check(resources, policy, today) {
        return Ok(report);
    }
    compare(resources, policy, |comparisons, gaps| {
        rules::judge(comparisons, gaps, policy, today)
    })
}

/// Compares all environments among the resources without judging them.
///
/// # Errors
///
/// As [`check`].
pub fn compare<T>(
    resources: &[Resource<'_>],
    policy: &Policy,
    look: impl FnOnce(&[Comparison<'_, '_>], &Gaps) -> T,
) -> Result<T, Refusal> {
    let items = environment::sort(resources)?;
    let followed = snapshot::followed(&items.live, &items.hidden);
    let followed = followed.as_deref();
    let followed = followed.and_then(|content| yaml::parse_json_lines(content).ok());
    let items = match &followed {
        Some(tree) => Items {
            live: tree.roots().filter_map(Resource::read).collect(),
            ..items
        },
        None => items,
    };
    let trees = items
        .sealed
        .iter()
        .map(snapshot::Sealed::parse)
        .collect::<Result<Vec<Tree<'_>>, _>>()?;
    let plan = environment::plan(&items, &trees, policy)?;
    let comparisons = environment::compare(&plan.comparisons, policy.identity);
    Ok(look(&comparisons, &plan.gaps))
}

/// Records resources as a recorder does.
///
/// # Errors
///
/// Fails on files of a kustomization, on a resource that appears twice with
/// different contents, and on a damaged snapshot among the resources.
pub fn record(
    resources: &[Resource<'_>],
    recorder: &Recorder,
) -> Result<snapshot::Snapshot, Refusal> {
    let items = environment::sort(resources)?;
    if items.unbuilt {
        return Err(Refusal::Unbuilt);
    }
    let mut seen = HashMap::new();
    for resource in &items.live {
        let first = *seen.entry(resource.key()).or_insert(resource);
        if !std::ptr::eq(first, resource) && !krm::same_content(first, resource) {
            return Err(Refusal::Twice {
                line: resource.node.line(),
                kind: resource.kind().to_owned(),
                name: resource.name().to_owned(),
            });
        }
    }
    Ok(snapshot::seal(
        &recorder.service,
        &recorder.environment,
        &items.to_seal(),
    ))
}

fn read_config(config: Option<Node<'_>>) -> Result<Config, Refusal> {
    policy::open(rules::RULES, config, None).map_err(|error| Refusal::Config {
        line: error.line,
        message: error.message,
    })
}

fn results(values: &[Value]) -> Results {
    Results {
        json: values.iter().map(report::krm::to_json).collect(),
        block: report::krm::to_yaml(values, 0),
    }
}
