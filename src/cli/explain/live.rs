//! The decision about each difference between Git and a cluster, including those that are not
//! drift.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use super::super::wanted::{self, Asked, Look};
use super::request::{MAX_VALUE, Request};
use super::told::MAX_LINE;
use crate::compare::diff::Change;
use crate::compare::hidden::hide;
use crate::compare::steps::field_path;
use crate::finding::{Finding, Report};
use crate::live::{self, Drift, Entry, Group, Live, Pair, Silence, Silent, Verdict, shown};
use crate::path::Pattern;
use crate::resource::Resource;
use crate::rules::owner;
use crate::text;
use crate::yaml::Node;

/// Explains every difference, or only those of the requested object and path.
pub(super) fn explain(git: &Path, live: &Path, request: &Request) -> anyhow::Result<String> {
    let is_built = git.is_dir();
    let asked = Asked {
        overlay: is_built.then_some(git),
        rendered: (!is_built).then_some(git),
        policy: request.policy.as_deref(),
        environment: request.environment.as_deref(),
        service: request.service.as_deref(),
    };
    let look = wanted::look_at(&asked, "explain")?;
    let files = wanted::read(live).context("--live")?;
    wanted::judged(
        &look,
        &look.wanted.files,
        &files,
        |compared, report, hidden| {
            let scope = Scope::of(request)?;
            tell_all(&look, compared, &report, hidden, &scope)
        },
    )
}

/// Explains all requested objects.
fn tell_all(
    look: &Look,
    compared: &Live<'_, '_>,
    report: &Report,
    hidden: &[String],
    scope: &Scope<'_>,
) -> anyhow::Result<String> {
    let mut out = String::new();
    write(&mut out, &head(look));
    out.push('\n');
    let mut is_there = false;
    for pair in compared.pairs.iter().filter(|pair| scope.has(pair.live)) {
        is_there = true;
        tell(&mut out, pair, report, hidden, scope);
    }
    let whole = report.findings.iter().filter(|one| one.field.is_none());
    for finding in whole.filter(|one| scope.is_about(one)) {
        is_there = true;
        let name = finding.resource.as_ref();
        let name = name.map(|one| format!("{} {} {}", one.api_version, one.kind, one.name));
        let word = finding.severity.id();
        write(&mut out, &format!("{word:9} {}", name.unwrap_or_default()));
        write(&mut out, &format!("  because {}", finding.headline));
        write(&mut out, &format!("  so      {}", finding.rule));
        write(&mut out, &format!("  help    {}", finding.help));
        out.push('\n');
    }
    if !is_there {
        bail!(
            "neither Git nor the live objects contain {}",
            scope.called()
        );
    }
    Ok(out)
}

fn head(look: &Look) -> String {
    let cluster = look.cluster();
    format!("{}/{} against Git:", cluster.service, cluster.environment)
}

/// The requested object and path.
struct Scope<'r> {
    resource: Option<&'r str>,
    path: Option<(&'r str, Pattern)>,
}

impl<'r> Scope<'r> {
    fn of(request: &'r Request) -> anyhow::Result<Self> {
        let path = request.path.as_deref().map(|path| {
            let pattern = Pattern::parse(path);
            let pattern = pattern.with_context(|| text::quoted(path, MAX_VALUE))?;
            anyhow::Ok((path, pattern))
        });
        Ok(Self {
            resource: request.resource.as_deref(),
            path: path.transpose()?,
        })
    }

    fn called(&self) -> String {
        self.resource.map_or_else(
            || "any object".to_owned(),
            |name| text::quoted(name, MAX_VALUE),
        )
    }

    /// Whether an object was requested: by its name, or by kind and name as in kubectl.
    fn is_called(&self, kind: &str, name: &str) -> bool {
        self.resource
            .is_none_or(|asked| match asked.split_once('/') {
                Some((of_kind, own)) => own == name && of_kind.eq_ignore_ascii_case(kind),
                None => asked == name,
            })
    }

    fn has(&self, resource: &Resource<'_>) -> bool {
        self.is_called(resource.kind(), resource.name())
    }

    fn is_about(&self, finding: &Finding) -> bool {
        let mut resources = finding.resource.iter();
        self.path.is_none() && resources.any(|one| self.is_called(&one.kind, &one.name))
    }

    /// Whether a place was requested: the path itself, a field around it, or a field in it.
    fn is_at(&self, change: &Change<'_>) -> bool {
        let Some((asked, pattern)) = &self.path else {
            return true;
        };
        let path = field_path(&change.steps);
        let spots = path.spots();
        let own = path.to_string();
        own.starts_with(asked)
            || asked.starts_with(own.as_str())
            || (1..=spots.len()).any(|end| pattern.matches(spots.get(..end).unwrap_or_default()))
    }
}

/// Explains one object.
fn tell(
    out: &mut String,
    pair: &Pair<'_, '_>,
    report: &Report,
    hidden: &[String],
    scope: &Scope<'_>,
) {
    let reference = pair.live.reference();
    let name = format!(
        "{} {} {}",
        reference.api_version, reference.kind, reference.name
    );
    for drift in pair
        .drifts
        .iter()
        .filter(|drift| scope.is_at(&drift.change))
    {
        let path = field_path(&drift.change.steps);
        let mut found = report.findings.iter();
        let found = found.find(|finding| {
            finding.resource.as_ref() == Some(&reference)
                && finding
                    .field
                    .as_ref()
                    .is_some_and(|field| field.path == path)
        });
        let (word, rule) = match found {
            Some(finding) if finding.is_exempt() => ("exempt", Some(finding.rule)),
            Some(finding) => (finding.severity.id(), Some(finding.rule)),
            None => ("ignored", None),
        };
        let rule = rule.map_or_else(
            || "the policy allows the field or ignores the rule".to_owned(),
            |rule| rule.to_string(),
        );
        write(out, &format!("{word:9} {} {name}", drift.class.id()));
        write(out, &format!("  at      {path}"));
        write_values(out, pair, &drift.change);
        if let Some(entry) = &drift.owner {
            write(out, &format!("  owner   {}", owned(entry)));
        }
        write(out, &format!("  because {}", row(drift)));
        write(out, &format!("  so      {rule}"));
        if let Some(finding) = found {
            write(out, &format!("  help    {}", finding.help));
        }
        out.push('\n');
    }
    let mut written = if pair.want.is_secret() || pair.live.is_secret() {
        Vec::new()
    } else {
        live::spellings(pair.want, pair.live)
    };
    for one in &mut written {
        hide(&mut one.change, hidden);
    }
    let silent = pair.silent.iter().chain(&written);
    let silent: Vec<&Silent<'_>> = silent.filter(|one| scope.is_at(&one.change)).collect();
    let is_equal = silent.is_empty() && !pair.drifts.iter().any(|one| scope.is_at(&one.change));
    if is_equal && pair.is_of_one_version {
        let what = match &scope.path {
            Some((path, _)) => format!("no difference at {}", text::quoted(path, MAX_VALUE)),
            None => "the cluster matches Git".to_owned(),
        };
        write(out, &format!("equal     {name}: {what}"));
        out.push('\n');
    }
    if silent.is_empty() {
        return;
    }
    write(out, &format!("no drift  {name}"));
    for one in silent {
        write(out, &format!("  at      {}", field_path(&one.change.steps)));
        write_values(out, pair, &one.change);
        if let Some(entry) = &one.owner {
            write(out, &format!("  owner   {}", owned(entry)));
        }
        write(out, &format!("  because {}", reason(one.why)));
    }
    out.push('\n');
}

fn write(out: &mut String, line: &str) {
    // The help must be complete for pasting.
    let max = if line.starts_with("  help") {
        2400
    } else {
        MAX_LINE
    };
    let _ = writeln!(out, "{}", text::one_line(line, max));
}

fn write_values(out: &mut String, pair: &Pair<'_, '_>, change: &Change<'_>) {
    let of_secret = pair.want.is_secret() || pair.live.is_secret();
    let last = change.fields().next_back().unwrap_or_default();
    for (label, node) in [("Git ", change.base), ("live", change.overlay)] {
        let value = |node: Node<'_>| shown(node, last, change.secret, of_secret);
        let value = node.map(value).as_ref().map(Value::to_string);
        let value = value.unwrap_or_else(|| "(absent)".to_owned());
        let value = text::one_line(&value, MAX_VALUE);
        write(out, &format!("  {label}    {value}"));
    }
}

/// An owner with its role.
fn owned(entry: &Entry<'_>) -> String {
    let what = match entry.group {
        Group::Deployer => "a deployer",
        Group::Person => "a manual tool",
        Group::Controller => "a controller",
        Group::Unknown => "an unknown manager",
    };
    format!("{}, {what}", owner(entry))
}

/// The row of the table that decided.
fn row(drift: &Drift<'_>) -> &'static str {
    let group = drift.owner.as_ref().map(|owner| owner.group);
    let (is_set, is_there) = (drift.change.base.is_some(), drift.change.overlay.is_some());
    match (drift.verdict, group) {
        (Verdict::Changed, Some(Group::Unknown)) => {
            "Git sets it, it differs, and its owner is an unknown manager"
        }
        (Verdict::Changed, Some(_)) => "Git sets it, it differs, and a manual tool owns the value",
        (Verdict::Changed, None) => {
            "Git sets it, it differs, and the live objects have no managed fields"
        }
        (Verdict::Removed, _) => "Git sets it, it is missing, and no manager owns it",
        (Verdict::Added, _) => "Git does not set it, and only a manual tool owns it",
        (Verdict::OutOfSync, _) if !is_set => "Git does not set it, and the deployer owns it",
        (Verdict::OutOfSync, Some(_)) if !is_there => {
            "Git sets it, it is missing, and the deployer still owns it"
        }
        (Verdict::OutOfSync, None) if !is_there => {
            "Git sets it, it is missing, and the deployer has not applied it yet"
        }
        (Verdict::OutOfSync, Some(_)) => "Git sets it, it differs, and the deployer owns the value",
        (Verdict::OutOfSync, None) => "Git sets it, it differs, and no manager owns the value",
        (Verdict::Controlled, _) => "Git sets it, it differs, and a controller owns the value",
        (Verdict::Autoscaled, _) => "Git sets it, and an autoscaler targets the object",
        (Verdict::Restarted, _) => {
            "kubectl rollout restart writes it, which is an action and not a setting"
        }
    }
}

/// Why a difference is not drift.
fn reason(why: Silence) -> &'static str {
    match why {
        Silence::OfServer => "only the API server writes it, or it identifies the object",
        Silence::Encrypted => "it is encrypted in Git, and the deployer decrypts it",
        Silence::Zero => "a zero value means the same as an absent one",
        Silence::Default => "it is the API server's default, which Git need not set",
        Silence::Brought => "the API server adds it to a value that was set",
        Silence::Order => "the order of this list has no meaning",
        Silence::Autoscaled => {
            "an autoscaler targets the object, and no manual tool owns the number"
        }
        Silence::Empty => "the value in Git is empty, and no manual tool fills it in",
        Silence::Controller => "Git does not set it, and a controller owns it",
        Silence::Note => "a deployer marks its objects with it",
        Silence::Shared => "Git does not set it, and a manual tool is not its only owner",
        Silence::Came => "Git does not set it, and it came with what the deployer applied",
        Silence::Spelling => "it is the same value, written differently",
        Silence::Unowned => {
            "Git does not set it, and no manager owns it: the API server filled it in"
        }
        Silence::Unknown => {
            "Git does not set it, and its owner is not known without --show-managed-fields"
        }
    }
}
