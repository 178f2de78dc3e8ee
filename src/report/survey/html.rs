//! The survey as one self-contained HTML page: first the matrix, then each finding.
//!
//! The page works without scripts; with them it can be filtered. It loads nothing. Its content
//! security policy allows only the script and the style of this file, by their digests.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::excerpt::excerpt;
use super::places::sides_by_weight;
use super::told::Told;
use super::{baseline_name, counts, environment_name, resource_name, standings};
use crate::catalog::Severity;
use crate::finding::{FieldRef, Finding, Place};
use crate::report::markup::escaped;
use crate::report::text::{counted, value};
use crate::survey::matrix::matrix;
use crate::survey::{Against, State, Survey};
use crate::text::{base64, sha256};

mod marks;
mod picture;

use marks::{Group, class_of, names, short, symbol_of};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// The number of findings up to which all are open at first.
const MAX_OPEN: usize = 12;

/// Renders a survey.
#[must_use]
pub fn render(survey: &Survey) -> String {
    let groups = groups(survey);
    let mut out = String::new();
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{} – krm-parity</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        base64(&sha256(STYLE.as_bytes())),
        base64(&sha256(SCRIPT.as_bytes())),
        verdict(survey),
    );
    write_top(&mut out, survey);
    out.push_str("<main>\n");
    picture::write(&mut out, survey, &matrix(survey), &groups);
    if !groups.is_empty() {
        out.push_str("<h2 id=\"findings\">Findings</h2>\n");
        write_bar(&mut out, survey);
        write_groups(&mut out, survey, &groups);
    }
    if let Some(against) = &survey.against {
        write_not_new(&mut out, against);
    }
    let _ = write!(
        out,
        "</main>\n<footer>\n<p>Written by krm-parity {}. <code>krm-parity explain RULE</code> explains a rule and how to permit its findings.</p>\n</footer>\n",
        env!("CARGO_PKG_VERSION")
    );
    let _ = write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n");
    out
}

/// The findings by service and side, the most severe first at every level.
fn groups(survey: &Survey) -> Vec<Group<'_>> {
    let findings: Vec<&Finding> = survey.report.findings.iter().collect();
    let mut services: Vec<_> = findings
        .chunk_by(|a, b| a.service() == b.service())
        .map(|findings| sides_by_weight(survey, findings))
        .collect();
    let weight = |sides: &Vec<Vec<Told<'_>>>| {
        let first = sides.first().and_then(|side| side.first());
        first.map(|told| Reverse(told.first.severity))
    };
    services.sort_by_key(weight);
    let groups = services.into_iter().flatten().enumerate();
    let groups = groups.map(|(index, places)| Group {
        id: format!("g{index}"),
        places,
    });
    groups.collect()
}

/// The findings that an earlier check already had, and those that are gone: one line each,
/// collapsed.
fn write_not_new(out: &mut String, against: &Against) {
    let name = short(&against.name);
    for (id, word, said, findings) in [
        ("known", "Known", "also found in", &against.known),
        ("fixed", "Fixed", "fixed since", &against.fixed),
    ] {
        if findings.is_empty() {
            continue;
        }
        let _ = write!(
            out,
            "<h2 id=\"{id}\">{word}</h2>\n<details class=\"not-new\"><summary><span class=\"tag i\">{}</span><span class=\"what\">{said} {name}</span></summary>\n<div class=\"body\"><ul>\n",
            findings.len(),
        );
        for finding in findings {
            let _ = writeln!(
                out,
                "<li>{} <b>{}</b> {}</li>",
                symbol_of(finding.severity),
                finding.rule,
                short(&finding.message)
            );
        }
        out.push_str("</ul></div>\n</details>\n");
    }
}

fn verdict(survey: &Survey) -> String {
    if let Some(against) = &survey.against {
        return standings(&survey.report.totals, against);
    }
    let found = counts(&survey.report.totals);
    if found.is_empty() {
        "Nothing found".to_owned()
    } else {
        found
    }
}

fn write_top(out: &mut String, survey: &Survey) {
    let totals = &survey.report.totals;
    let (class, symbol) = match (survey.report.failed, totals.findings()) {
        (true, _) => ("e", "✗"),
        (false, 0) => ("ok", "✓"),
        (false, _) => ("w", "!"),
    };
    let environments = survey
        .services
        .iter()
        .flat_map(|service| &service.environments);
    let judged = environments
        .clone()
        .filter(|one| one.state == State::Judged)
        .count();
    let mut facts = vec![
        counted(survey.services.len(), "service"),
        format!(
            "{judged} of {} judged",
            counted(environments.clone().count(), "environment")
        ),
    ];
    if totals.resources > 0 {
        facts.push(counted(totals.resources, "resource"));
    }
    for (state, word) in [
        (State::Failed, "not built"),
        (State::Missing, "missing"),
        (State::Skipped, "left out"),
    ] {
        let count = environments
            .clone()
            .filter(|one| one.state == state)
            .count();
        if count > 0 {
            facts.push(format!("{count} {word}"));
        }
    }
    if let Some(against) = &survey.against {
        facts.push(format!("against {}", short(&against.name)));
    }
    if survey.report.failed && totals.errors == 0 {
        facts.push("the policy fails on warnings".to_owned());
    }
    let _ = write!(
        out,
        "<a class=\"skip\" href=\"#{}\">Skip to the findings</a>\n<header class=\"top\">\n<p class=\"brand\">krm-parity</p>\n\
         <div class=\"verdict\"><span class=\"seal {class}\" aria-hidden=\"true\">{symbol}</span><h1>{}</h1></div>\n<p class=\"lede\">{}</p>\n",
        if totals.findings() > 0 {
            "findings"
        } else {
            "matrix"
        },
        verdict(survey),
        facts.join(" · "),
    );
    if !survey.notes.is_empty() {
        out.push_str("<div class=\"notes\">\n<ul>\n");
        for note in &survey.notes {
            let _ = writeln!(out, "<li>{}</li>", short(note));
        }
        out.push_str("</ul>\n</div>\n");
    }
    out.push_str("</header>\n");
}

/// The controls, which stay hidden until the script has loaded.
fn write_bar(out: &mut String, survey: &Survey) {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    let mut environments: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &survey.report.findings {
        *rules.entry(finding.rule.as_str()).or_default() += 1;
        if let Some(name) = finding.environment() {
            *environments.entry(name).or_default() += 1;
        }
    }
    out.push_str("<div class=\"bar\" id=\"bar\" role=\"search\" aria-label=\"Filter the findings\" hidden>\n");
    out.push_str("<label><span class=\"hidden-text\">Search</span> <input type=\"search\" id=\"search\" placeholder=\"Search: service, field, value…\" title=\"Press / to search\"></label>\n");
    out.push_str("<fieldset><legend class=\"hidden-text\">Severity</legend>\n");
    let totals = &survey.report.totals;
    for (severity, count) in [
        (Severity::Error, totals.errors),
        (Severity::Warning, totals.warnings),
        (Severity::Info, totals.infos),
    ] {
        if count > 0 {
            let _ = writeln!(
                out,
                "<label class=\"pick {0}\"><input type=\"checkbox\" name=\"weight\" value=\"{0}\" checked><span>{1} {2}</span></label>",
                class_of(severity),
                symbol_of(severity),
                counted(count, severity.id()),
            );
        }
    }
    out.push_str("</fieldset>\n");
    for (id, label, all, options) in [
        ("rule", "Rule", "every rule", rules),
        (
            "environment",
            "Environment",
            "every environment",
            environments,
        ),
    ] {
        let _ = write!(
            out,
            "<label for=\"{id}\"><span class=\"hidden-text\">{label}</span> <select id=\"{id}\"><option value=\"\">{all}</option>"
        );
        for (name, count) in options {
            let name = short(name);
            let _ = write!(out, "<option value=\"{name}\">{name} ({count})</option>");
        }
        out.push_str("</select></label>\n");
    }
    let is_open = survey
        .report
        .findings
        .iter()
        .all(|one| is_open(survey, one));
    let _ = write!(
        out,
        "<button type=\"button\" id=\"reset\">Reset</button>\n<button type=\"button\" id=\"open\" aria-pressed=\"{is_open}\">{}</button>\n<span class=\"count\" id=\"count\" role=\"status\"></span>\n</div>\n<p class=\"empty\" id=\"empty\" hidden>No finding matches the filter.</p>\n",
        if is_open { "Close all" } else { "Open all" },
    );
}

/// Whether a finding is open at first: errors are, and all findings if there are few.
fn is_open(survey: &Survey, finding: &Finding) -> bool {
    finding.severity == Severity::Error || survey.report.findings.len() <= MAX_OPEN
}

fn write_groups(out: &mut String, survey: &Survey, groups: &[Group<'_>]) {
    let mark = if survey.against.is_some() { "new " } else { "" };
    let directories: BTreeMap<(&str, &str), &str> = survey
        .services
        .iter()
        .flat_map(|service| {
            let environments = service.environments.iter();
            environments.map(|one| ((&*service.name, &*one.name), &*one.directory))
        })
        .collect();
    for of_service in groups.chunk_by(|a, b| a.service() == b.service()) {
        let service = of_service.first().and_then(Group::service);
        let name = service.unwrap_or("(everything)");
        let _ = writeln!(out, "<section class=\"service\">\n<h3>{}</h3>", short(name));
        for group in of_service {
            let Some(told) = group.places.first() else {
                continue;
            };
            let _ = write!(out, "<div class=\"group\" id=\"{}\">\n<h4>", group.id);
            let environments = told.environments();
            let environments = environments.map(|names| format!("<b>{}</b>", short(&names)));
            let baseline = told.first.baseline();
            let baseline = baseline.map(|name| format!("against {}", short(name)));
            let words: Vec<String> = environments.into_iter().chain(baseline).collect();
            if words.is_empty() {
                out.push_str("<b>as a whole</b>");
            }
            out.push_str(&words.join(" "));
            let of = service.zip(told.first.environment());
            let of = of.filter(|_| told.others.is_empty());
            match of.and_then(|of| directories.get(&of)) {
                Some(&directory) if !directory.is_empty() => {
                    let _ = write!(out, " · <code>{}</code>", short(directory));
                }
                _ => {}
            }
            out.push_str("</h4>\n");
            for told in &group.places {
                let open = if is_open(survey, told.first) {
                    " open"
                } else {
                    ""
                };
                write_finding(out, told, open, mark);
            }
            out.push_str("</div>\n");
        }
        out.push_str("</section>\n");
    }
}

fn write_finding(out: &mut String, told: &Told<'_>, open: &str, mark: &str) {
    let finding = told.first;
    let class = class_of(finding.severity);
    // A collapsed card names its resource.
    let of = finding.resource.as_ref().map_or_else(String::new, |one| {
        let namespace = one.namespace.as_ref().map(|name| format!("{name}/"));
        let name = format!("{}{}", namespace.unwrap_or_default(), one.name);
        format!("<b>{} {}</b> ", short(&one.kind), short(&name))
    });
    let _ = write!(
        out,
        "<details class=\"finding {class}\" data-w=\"{class}\" data-r=\"{0}\" data-e=\"{1}\"{open}>\n\
         <summary><span class=\"tag {class}\">{2} {5}{3}</span><span class=\"rule\">{0}</span><span class=\"what\">{6}{4}</span></summary>\n<div class=\"body\">\n",
        finding.rule,
        names(told.all().filter_map(Finding::environment)),
        symbol_of(finding.severity),
        finding.severity.id(),
        short(&told.headline()),
        mark,
        of,
    );
    let field = finding.field.as_ref();
    let path = field.map(|field| field.path.to_string());
    match (resource_name(finding), path.as_deref().unwrap_or_default()) {
        (Some(name), "") => {
            let _ = writeln!(out, "<p class=\"where\"><code>{}</code></p>", short(&name));
        }
        (Some(name), path) => {
            let _ = writeln!(
                out,
                "<p class=\"where\"><code>{}</code> at <code>{}</code></p>",
                short(&name),
                short(path)
            );
        }
        (None, "") => {}
        (None, path) => {
            let _ = writeln!(
                out,
                "<p class=\"where\">at <code>{}</code></p>",
                short(path)
            );
        }
    }
    let has_values = field.is_some_and(|field| field.base.is_some() || field.overlay.is_some());
    if has_values || finding.place.is_some() || finding.base_place.is_some() {
        out.push_str("<div class=\"sides\">\n");
        let base = value_of(field, |field| field.base.as_ref());
        write_side(
            out,
            "base",
            &short(baseline_name(finding)),
            finding.base_place.as_ref(),
            base.as_deref(),
        );
        for one in told.all() {
            let overlay = value_of(one.field.as_ref(), |field| field.overlay.as_ref());
            write_side(
                out,
                "own",
                &short(environment_name(one)),
                one.place.as_ref(),
                overlay.as_deref(),
            );
        }
        out.push_str("</div>\n");
    }
    if let (None, Some(file)) = (&finding.place, &finding.file) {
        let _ = writeln!(
            out,
            "<p class=\"where\">in <code>{}</code></p>",
            short(&file.path)
        );
    }
    let also = told.also();
    if !also.is_empty() {
        let _ = writeln!(
            out,
            "<p class=\"where\">also {}</p>",
            short(&also.join(", "))
        );
    }
    if !finding.help.is_empty() {
        let _ = writeln!(
            out,
            "<p class=\"help\"><b>Help</b> {}</p>",
            short(&told.advice())
        );
    }
    out.push_str("</div>\n</details>\n");
}

/// The value for people; `None` if neither side has one.
fn value_of(
    field: Option<&FieldRef>,
    side: impl Fn(&FieldRef) -> Option<&serde_json::Value>,
) -> Option<String> {
    let field = field.filter(|field| field.base.is_some() || field.overlay.is_some())?;
    Some(value(side(field)))
}

/// One of the two sides: its place, the line, and the value.
fn write_side(
    out: &mut String,
    class: &str,
    name: &str,
    place: Option<&Place>,
    value: Option<&str>,
) {
    let _ = write!(out, "<div class=\"side {class}\"><p><b>{name}</b>");
    if let Some(place) = place {
        let _ = write!(out, " · {}:{}", short(&place.file), place.line);
        if !place.what.is_empty() {
            let _ = write!(out, " · {}", short(&place.what));
        }
    }
    out.push_str("</p>");
    let line = place.and_then(|place| Some((place.line, excerpt(place)?)));
    if let Some((number, shown)) = &line {
        let _ = write!(
            out,
            "<pre tabindex=\"0\"><span class=\"n\">{number}</span>{}<mark>{}</mark>{}</pre>",
            escaped(shown.before.trim_start()),
            escaped(&shown.meant),
            escaped(&shown.after),
        );
    }
    match value {
        // The line already shows it.
        Some(value)
            if line.is_some_and(|(_, shown)| shown.meant.trim_matches(['"', '\'']) == value) => {}
        Some("(absent)") => out.push_str("<pre class=\"value absent\">absent</pre>"),
        Some(value) => {
            let _ = write!(out, "<pre class=\"value\">{}</pre>", short(value));
        }
        None => {}
    }
    out.push_str("</div>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_the_page_cannot_end_its_element() {
        assert!(!STYLE.contains("</") && !STYLE.contains("<!--"));
        assert!(!SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
    }
}
