//! The report for people, on stderr, because kustomize shows nothing else of a function.
//!
//! Findings are grouped by resource, and take at most one screen before the summary line. If the
//! screen is too small, errors take precedence over warnings, and warnings over information.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};
use serde_json::Value;

use super::advice::{Advice, Said};
use crate::catalog::Severity;
use crate::finding::{FieldRef, Finding, Report, ResourceRef, Sides, Totals};
use crate::text;

/// The largest number of lines before the summary: one screen of a terminal.
pub const MAX_LINES: usize = 40;

/// The largest number of characters that one line shows of a value, without the marks of a cut.
pub const MAX_VALUE: usize = 72;

/// The number of equal characters before the first difference of two long values.
const LEAD: usize = 16;

/// The largest number of characters of any other text: a name, a path, a headline.
pub(super) const MAX_TEXT: usize = 400;

/// The longest help: a cut entry could not be pasted.
pub(super) const MAX_HELP: usize = 2400;

/// The abilities of the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour with ANSI escape sequences.
    pub color: bool,
}

/// Renders a report; empty if there are no findings.
#[must_use]
pub fn render(report: &Report, style: Style) -> String {
    let mut out = String::new();
    if report.findings.is_empty() {
        return out;
    }
    let by_weight = heaviest_first(&report.findings);
    let shown = match fitting(&by_weight, MAX_LINES) {
        all if all == by_weight.len() => all,
        // One line is kept for the note about omissions. At least one finding is always shown.
        _ => fitting(&by_weight, MAX_LINES - 1).max(1),
    };
    let (shown, left) = by_weight.split_at(shown);
    let names_service = services(report).len() > 1;
    let mut advice = Advice::default();
    for group in grouped(shown) {
        write_head(&mut out, group[0], names_service, style);
        for finding in group {
            let said = advice.of(finding);
            write_finding(&mut out, finding, &said, style);
        }
    }
    if !left.is_empty() {
        let places: BTreeSet<_> = left.iter().map(|(_, finding)| place(finding)).collect();
        let _ = writeln!(
            out,
            "… and {} in {}",
            counted(left.len(), "more finding"),
            counted(places.len(), "resource")
        );
    }
    out.push_str(&summary(report));
    out.push('\n');
    text::without_commands(&out).into_owned()
}

/// The last line of the report: the judged sides, and the number of findings.
///
/// It is the line that survives if a host truncates the log.
#[must_use]
pub fn summary(report: &Report) -> String {
    let mut out = "krm-parity: ".to_owned();
    let environments: BTreeSet<_> = report
        .findings
        .iter()
        .filter_map(Finding::environment)
        .collect();
    let mut who = Vec::new();
    for (names, noun) in [(services(report), "service"), (environments, "environment")] {
        match names.len() {
            0 => {}
            1 => who.extend(
                names
                    .into_iter()
                    .map(|name| text::one_line(name, MAX_TEXT).into_owned()),
            ),
            count => who.push(counted(count, noun)),
        }
    }
    if !who.is_empty() {
        let _ = write!(out, "{}: ", who.join(", "));
    }
    let totals = &report.totals;
    out.push_str(&counts(totals));
    if totals.resources > 0 {
        let _ = write!(out, " in {}", counted(totals.resources, "resource"));
    }
    if report.failed && totals.errors == 0 {
        out.push_str(" (the policy fails on warnings)");
    }
    out
}

fn services(report: &Report) -> BTreeSet<&str> {
    let findings = report.findings.iter();
    findings.filter_map(Finding::service).collect()
}

/// The counts that are not zero, in words: `3 errors, 1 warning`; empty if all are zero.
pub(super) fn counts(totals: &Totals) -> String {
    let counts: Vec<_> = [
        (totals.errors, "error"),
        (totals.warnings, "warning"),
        (totals.infos, "info"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, noun)| counted(count, noun))
    .collect();
    counts.join(", ")
}

pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// The common heading of several findings.
type Place<'a> = (Sides<'a>, Option<&'a ResourceRef>);

fn place(finding: &Finding) -> Place<'_> {
    (finding.sides(), finding.resource.as_ref())
}

/// A finding and its index in the report.
type Indexed<'a> = (usize, &'a Finding);

/// The findings, the most severe first, otherwise in the report's order.
fn heaviest_first(findings: &[Finding]) -> Vec<Indexed<'_>> {
    let mut sorted: Vec<_> = findings.iter().enumerate().collect();
    sorted.sort_by_key(|(_, finding)| Reverse(finding.severity));
    sorted
}

/// Whether a finding is information, which comes last in the report.
fn is_info(finding: &Finding) -> bool {
    finding.severity <= Severity::Info
}

/// The number of findings, from the front, that fit into a number of lines.
fn fitting(findings: &[Indexed<'_>], max_lines: usize) -> usize {
    let mut heads = BTreeSet::new();
    let mut advice = Advice::default();
    let mut lines = 0;
    for (count, (_, finding)) in findings.iter().enumerate() {
        lines += usize::from(heads.insert((is_info(finding), place(finding))));
        let said = advice.of(finding);
        let mut text = String::new();
        write_finding(&mut text, finding, &said, Style::default());
        lines += text.matches('\n').count();
        if lines > max_lines {
            return count;
        }
    }
    findings.len()
}

/// The findings in the report's order, grouped by place, information last.
fn grouped<'a>(findings: &[Indexed<'a>]) -> Vec<Vec<&'a Finding>> {
    let mut findings = findings.to_vec();
    findings.sort_by_key(|(index, finding)| (is_info(finding), *index));
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for (_, finding) in findings {
        let belongs = |group: &&mut Vec<&Finding>| {
            is_info(group[0]) == is_info(finding) && place(group[0]) == place(finding)
        };
        match groups.iter_mut().find(belongs) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

fn write_head(out: &mut String, finding: &Finding, names_service: bool, style: Style) {
    let mut head = match &finding.resource {
        Some(resource) => {
            let namespace = resource.namespace.as_ref().map(|name| format!("{name}/"));
            format!(
                "{} {} {}{}",
                resource.api_version,
                resource.kind,
                namespace.unwrap_or_default(),
                resource.name
            )
        }
        None => "the whole input".to_owned(),
    };
    let service = finding.service().filter(|_| names_service);
    let aside: Vec<_> = [service.map(str::to_owned), comparison(finding)]
        .into_iter()
        .flatten()
        .collect();
    if !aside.is_empty() {
        let _ = write!(head, " ({})", aside.join(", "));
    }
    let head = text::one_line(&head, MAX_TEXT);
    let _ = writeln!(out, "{}", painted(&head, Ansi::new().bold(), style));
}

/// The two sides of a comparison: `production against base`.
pub(super) fn comparison(finding: &Finding) -> Option<String> {
    match (finding.environment(), finding.baseline()) {
        (None, None) => None,
        (Some(environment), None) => Some(environment.to_owned()),
        (None, Some(baseline)) => Some(format!("against {baseline}")),
        (Some(environment), Some(baseline)) => Some(format!("{environment} against {baseline}")),
    }
}

/// The longest name of an environment beside a value, in characters.
const MAX_LABEL: usize = 24;

fn write_finding(out: &mut String, finding: &Finding, said: &Said<'_>, style: Style) {
    let color = match finding.severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Info | Severity::Ignore => AnsiColor::Cyan,
    };
    let label = format!("{}[{}]", finding.severity.id(), finding.rule);
    let _ = writeln!(
        out,
        "  {}: {}",
        painted(&label, color.on_default().bold(), style),
        text::one_line(&finding.headline, MAX_TEXT)
    );
    // Two environments are labelled with their names, a base and its overlay with these words.
    let (base_name, overlay_name) = match (finding.baseline(), finding.environment()) {
        (Some(baseline), Some(environment)) if baseline != "base" => (baseline, environment),
        _ => ("base", "overlay"),
    };
    let (base_name, overlay_name) = (
        &*text::one_line(base_name, MAX_LABEL),
        &*text::one_line(overlay_name, MAX_LABEL),
    );
    let width = if finding.field.is_some() {
        base_name.len().max(overlay_name.len()).max("overlay".len())
    } else {
        "overlay".len()
    };
    let mut line = |label: &str, value: &str| {
        let label = painted(&format!("{label:width$}"), Ansi::new().dimmed(), style);
        let _ = writeln!(out, "    {label} {value}");
    };
    if let Some(field) = &finding.field {
        if !field.path.is_empty() {
            line("at", &text::one_line(&field.path.to_string(), MAX_TEXT));
        }
        if field.base.is_some() || field.overlay.is_some() {
            let (base, overlay) = both_values(field);
            line(base_name, &base);
            line(overlay_name, &overlay);
        }
    }
    if let Some(file) = &finding.file {
        line("file", &text::one_line(&file.path, MAX_TEXT));
    }
    for (label, said) in said.lines() {
        line(label, &text::one_line(said, MAX_TEXT * 2));
    }
}

pub(super) fn painted(text: &str, ansi: Ansi, style: Style) -> String {
    if style.color {
        format!("{ansi}{text}{ansi:#}")
    } else {
        text.to_owned()
    }
}

/// The base's and the overlay's value on one line each, cut so that the difference stays visible.
pub(super) fn both_values(field: &FieldRef) -> (String, String) {
    let base = shown(field.base.as_ref());
    let overlay = shown(field.overlay.as_ref());
    let (base, overlay) = (units(&base), units(&overlay));
    let equal = base
        .iter()
        .zip(&overlay)
        .take_while(|(base, overlay)| base == overlay)
        .count();
    let width = |units: &[&str]| units.iter().map(|unit| unit.chars().count()).sum::<usize>();
    let mut start = 0;
    // The window moves only if the difference would otherwise be cut off.
    if width(&base[..equal]) + LEAD > MAX_VALUE && field.base.is_some() && field.overlay.is_some() {
        start = equal;
        while start > 0 && width(&base[start - 1..equal]) <= LEAD {
            start -= 1;
        }
    }
    (window(&base, start), window(&overlay, start))
}

/// A complete value on one line; `(absent)` if there is none.
pub(super) fn value(value: Option<&Value>) -> String {
    shown(value)
}

/// A value on one line: unambiguous strings unquoted, everything else as JSON.
fn shown(value: Option<&Value>) -> String {
    match value {
        None => "(absent)".to_owned(),
        Some(Value::String(text)) if is_clear(text) => text.clone(),
        Some(value) => {
            let json = value.to_string();
            let mut out = String::with_capacity(json.len());
            for c in json.chars() {
                if text::is_unsafe(c) {
                    text::push_escape(&mut out, c);
                } else {
                    out.push(c);
                }
            }
            out
        }
    }
}

/// Whether an unquoted string can only be read as itself.
fn is_clear(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.starts_with(['(', '[', '{'])
        && !text.contains(|c| matches!(c, '"' | '\\') || text::is_unsafe(c))
        && serde_json::from_str::<Value>(text).is_err()
}

/// The parts of a printed value that must not be split: characters and whole escapes.
fn units(text: &str) -> Vec<&str> {
    let mut units = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\\' if rest[1..].starts_with('u') => 6,
            '\\' => 2,
            _ => c.len_utf8(),
        };
        let (unit, after) = rest.split_at(length.min(rest.len()));
        units.push(unit);
        rest = after;
    }
    units
}

/// As many parts as fit on a line, from `start` on, with `…` where text was cut off.
fn window(units: &[&str], start: usize) -> String {
    let start = start.min(units.len());
    let mut out = String::new();
    if start > 0 {
        out.push('…');
    }
    let mut width = 0;
    for unit in &units[start..] {
        width += unit.chars().count();
        if width > MAX_VALUE {
            out.push('…');
            break;
        }
        out.push_str(unit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{change, finding, report};
    use super::*;
    use crate::finding::{Compared, Name};
    use crate::path::FieldPath;
    use serde_json::json;

    fn plain(findings: Vec<Finding>) -> String {
        render(&report(findings), Style::default())
    }

    #[test]
    fn a_report_without_findings_is_empty() {
        assert_eq!(plain(Vec::new()), "");
    }

    #[test]
    fn findings_are_grouped_by_resource() {
        insta::assert_snapshot!(plain(super::super::fixture::findings()), @r#"
        apps/v1 Deployment checkout (production against base)
          error[health-checks]: the readiness probe differs from the base
            at      spec.template.spec.containers[name=checkout].readinessProbe.periodSeconds
            base    10
            overlay 30
            file    deployment.yaml
            help    remove the change from the overlay, or make it in the base
          error[health-checks]: the liveness probe is gone
            at      spec.template.spec.containers[name=checkout].livenessProbe
            base    {"httpGet":{"path":"/health/live","port":8080},"periodSeconds":20}
            overlay (absent)
            file    deployment.yaml
          warning[scale-factor]: memory is 8 times smaller than in the base
            at      spec.memory
            base    2Gi
            overlay 256Mi
            help    the help
        v1 ConfigMap shop/extra (production against base)
          error[added-resource]: the base does not have this resource
        the whole input (production against base)
          error[missing-baseline]: there is no snapshot of base
            help    the help
        apps/v1 Deployment checkout (production against base)
          info[labels]: a label was added
        krm-parity: checkout-service, production: 4 errors, 1 warning, 1 info in 5 resources
        "#);
    }

    #[test]
    fn color_is_escape_sequences_and_nothing_else() {
        let report = report(super::super::fixture::findings());
        let colored = render(&report, Style { color: true });
        let mut stripped = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once("\u{1b}[") {
            stripped.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        stripped.push_str(rest);
        assert_eq!(stripped, render(&report, Style::default()));
        assert_ne!(stripped, colored);
    }

    #[test]
    fn a_screen_is_never_exceeded_and_errors_come_first() {
        let many = |errors: usize, warnings: usize| {
            let mut findings = Vec::new();
            for index in 0..warnings + errors {
                let mut finding =
                    change(&format!("r{}", index % 7), "spec.x", json!(1), json!(index));
                if index < warnings {
                    finding.severity = Severity::Warning;
                }
                findings.push(finding);
            }
            findings
        };
        for (errors, warnings) in [(1, 0), (8, 0), (9, 0), (10, 0), (3, 60), (60, 60), (0, 500)] {
            let text = plain(many(errors, warnings));
            let lines: Vec<_> = text.lines().collect();
            assert!(lines.len() <= MAX_LINES + 1, "{text}");
            let shown = |word: &str| lines.iter().filter(|line| line.starts_with(word)).count();
            let (shown_errors, shown_warnings) = (shown("  error["), shown("  warning["));
            assert!(shown_errors == errors || shown_warnings == 0, "{text}");
            let left = errors + warnings - shown_errors - shown_warnings;
            let says_so = text.contains(&format!("… and {left} more finding"));
            assert_eq!(says_so, left > 0, "{text}");
            assert!(lines.last().unwrap().starts_with("krm-parity: "), "{text}");
        }
    }

    #[test]
    fn values_stay_on_their_line_and_show_their_difference() {
        let long = "a".repeat(200);
        let cases = [
            (Some(json!(10)), Some(json!("10"))),
            (Some(json!("true")), Some(json!(true))),
            (Some(json!("")), None),
            (None, Some(json!("(absent)"))),
            (Some(json!(null)), Some(json!({}))),
            (
                Some(json!({"b": [1, "x y"], "a": "\u{1b}[31m"})),
                Some(json!(["\u{202e}x\u{7f}"])),
            ),
            (
                Some(json!("two\nlines")),
                Some(json!("a\r\nerror[image]: forged")),
            ),
            (Some(json!(" space")), Some(json!("back\\slash"))),
            (
                Some(json!("2Gi")),
                Some(json!("registry.example/shop/checkout:1.2")),
            ),
            (
                Some(json!(long.clone() + "x")),
                Some(json!(long.clone() + "y and more")),
            ),
            (Some(json!(long.clone())), Some(json!(long.clone() + "!"))),
            (
                Some(json!(long.clone() + "\n1" + &long)),
                Some(json!(long.clone() + "\n2" + &long)),
            ),
            (Some(json!("ä".repeat(80))), Some(json!("x"))),
            (
                Some(json!("\u{1b}".repeat(40))),
                Some(json!("\u{1b}".repeat(39))),
            ),
            (Some(json!(long)), None),
        ];
        let shown: Vec<_> = cases
            .into_iter()
            .map(|(base, overlay)| {
                let field = FieldRef {
                    path: FieldPath::default(),
                    base_path: None,
                    overlay,
                    base,
                };
                let (base, overlay) = both_values(&field);
                assert_ne!(base, overlay);
                for value in [&base, &overlay] {
                    assert!(!value.chars().any(text::is_unsafe));
                    assert!(value.chars().count() <= MAX_VALUE + 2);
                }
                format!("{base}\n{overlay}\n")
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        10
        "10"

        "true"
        true

        ""
        (absent)

        (absent)
        "(absent)"

        null
        {}

        {"b":[1,"x y"],"a":"\u001b[31m"}
        ["\u202ex\u007f"]

        "two\nlines"
        "a\r\nerror[image]: forged"

        " space"
        "back\\slash"

        2Gi
        registry.example/shop/checkout:1.2

        …aaaaaaaaaaaaaaaax
        …aaaaaaaaaaaaaaaay and more

        …aaaaaaaaaaaaaaaa
        …aaaaaaaaaaaaaaaa!

        …aaaaaaaaaaaaaa\n1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…
        …aaaaaaaaaaaaaa\n2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…

        ääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää…
        x

        …\u001b\u001b\u001b"
        …\u001b\u001b"

        aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…
        (absent)
        "#);
    }

    #[test]
    fn foreign_text_cannot_forge_a_line() {
        let evil = "x\n  error[image]: forged\u{1b}[2J\u{202e}\u{2028}";
        let mut bad = change(evil, evil, json!(evil), json!({evil: evil}));
        bad.headline = evil.to_owned();
        bad.help = evil.to_owned();
        bad.service = Name::new(evil);
        bad.compared = Compared::with_base(evil, evil);
        let resource = bad.resource.as_mut().unwrap();
        resource.kind = evil.to_owned();
        resource.api_version = evil.to_owned();
        resource.namespace = Some(evil.to_owned());
        let text = plain(vec![bad]);
        assert_eq!(text.lines().count(), 7, "{text}");
        assert!(
            text.chars().all(|c| c == '\n' || !text::is_unsafe(c)),
            "{text}"
        );
    }

    #[test]
    fn the_summary_counts() {
        let mut two = vec![finding("image"), finding("image")];
        two[1].compared = Compared::with_base("dev", "base");
        two[1].service = Name::new("cart");
        two[1].severity = Severity::Warning;
        insta::assert_snapshot!(summary(&report(two)), @r#"krm-parity: 2 services, 2 environments: 1 error, 1 warning in 5 resources"#);
        let mut warning = finding("scale-factor");
        warning.severity = Severity::Warning;
        warning.service = None;
        let mut report = report(vec![warning]);
        report.failed = true;
        report.totals.resources = 1;
        insta::assert_snapshot!(summary(&report), @r#"krm-parity: production: 1 warning in 1 resource (the policy fails on warnings)"#);
    }
}
