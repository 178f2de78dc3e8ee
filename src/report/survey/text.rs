//! The survey for people: every finding with the lines that caused it, then the matrix, counts by
//! rule, and the verdict.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};
use unicode_width::UnicodeWidthStr;

use super::closing::{self, color_of};
use super::excerpt::excerpt;
use super::places::places;
use super::told::Told;
use super::view::View;
use super::{baseline_name, environment_name, resource_name};
use crate::catalog::Severity;
use crate::finding::{Finding, Place};
use crate::report::advice::{Advice, Said};
use crate::report::text::{MAX_HELP, MAX_TEXT, Style, both_values, counted, painted};
use crate::survey::{Against, Service, State, Survey};
use crate::text;

mod table;

/// The largest number of services that a clean report lists.
const MAX_SERVICES: usize = 20;

/// The longest name of an environment beside a value, in columns.
const MAX_NAME: usize = 32;

/// Renders a survey.
#[must_use]
pub fn render(survey: &Survey, view: View) -> String {
    let mut out = String::new();
    let mut shown = view.pick(survey);
    // The findings that fail the run come last, where a terminal shows them without scrolling.
    shown.findings.sort_by_key(|finding| finding.severity);
    shown.entries = write_findings(&mut out, survey, &shown.findings, view);
    if !view.quiet {
        if is_clean(survey) {
            write_services(&mut out, survey);
        } else {
            table::write(&mut out, survey, view.style);
        }
    }
    closing::write(&mut out, survey, &shown, view);
    text::without_commands(&out).into_owned()
}

/// Whether everything was judged without findings or notes.
fn is_clean(survey: &Survey) -> bool {
    let is_known = |against: &Against| !against.known.is_empty();
    let services = survey.services.iter();
    let mut environments = services.flat_map(|service| &service.environments);
    survey.report.findings.is_empty()
        && !survey.against.as_ref().is_some_and(is_known)
        && environments.all(|environment| environment.state == State::Judged)
}

/// If there are no findings, lists the services that were checked, one per line, with their
/// directories.
fn write_services(out: &mut String, survey: &Survey) {
    for service in survey.services.iter().take(MAX_SERVICES) {
        let line = service_line(service);
        let _ = writeln!(out, "{}", text::one_line(&line, MAX_TEXT));
    }
    let left = survey.services.len().saturating_sub(MAX_SERVICES);
    if left > 0 {
        let _ = writeln!(out, "… and {}", counted(left, "more service"));
    }
}

/// `checkout in apps/checkout: staging (overlays/staging), production (overlays/production) against base`.
fn service_line(service: &Service) -> String {
    let environments = service.environments.iter();
    let directories = environments.map(|one| &one.directory);
    let shared = shared(directories.chain(&service.bases));
    let inner = |path: &str| match path.strip_prefix(shared) {
        Some(inner) if !shared.is_empty() => inner.trim_start_matches('/').to_owned(),
        _ => path.to_owned(),
    };
    let environments: Vec<_> = service
        .environments
        .iter()
        .map(|one| format!("{} ({})", one.name, inner(&one.directory)))
        .collect();
    let bases: Vec<_> = service.bases.iter().map(|base| inner(base)).collect();
    let against = match (bases.as_slice(), environments.as_slice()) {
        // The baseline of a lone environment is not an environment here.
        ([], [_]) => String::new(),
        ([], _) => " against each other".to_owned(),
        (bases, _) => format!(" against {}", bases.join(", ")),
    };
    let place = if shared.is_empty() {
        String::new()
    } else {
        format!(" in {shared}")
    };
    let environments = environments.join(", ");
    format!("{}{place}: {environments}{against}", service.name)
}

/// The deepest directory that contains all paths; empty if there is none.
fn shared<'a>(mut paths: impl Iterator<Item = &'a String>) -> &'a str {
    let Some(first) = paths.next() else {
        return "";
    };
    let parent = |path: &'a str| path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let mut shared = parent(first);
    for path in paths {
        let is_below = |shared: &str| {
            let rest = path.strip_prefix(shared);
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        while !shared.is_empty() && !is_below(shared) {
            shared = parent(shared);
        }
    }
    shared
}

/// Writes findings; gives how many of them do not show the entry that permits them.
fn write_findings(out: &mut String, survey: &Survey, findings: &[&Finding], view: View) -> usize {
    let style = view.style;
    let mut advice = Advice::new(view.entries);
    let mut side: Option<&Told<'_>> = None;
    let mut resource = None;
    let places = places(survey, findings);
    for told in &places {
        let finding = told.first;
        if side.is_none_or(|side| !side.is_of_one_side(told)) {
            if side.is_some() {
                out.push('\n');
            }
            side = Some(told);
            resource = None;
            let head = painted(&head(survey, told), Ansi::new().bold().underline(), style);
            let _ = writeln!(out, "{head}");
        }
        if resource != Some(&finding.resource) {
            resource = Some(&finding.resource);
            let name = resource_name(finding).unwrap_or_default();
            let name = text::one_line(&name, MAX_TEXT);
            if !name.is_empty() {
                let _ = writeln!(out, "  {}", painted(&name, Ansi::new().bold(), style));
            }
        }
        if finding.severity == Severity::Info {
            // Notes that need no action, such as exempted findings, must not hide the others.
            write_note(out, told, style);
            continue;
        }
        let said = told.said(&mut advice);
        write_finding(out, told, &said, style);
    }
    if !findings.is_empty() {
        out.push('\n');
    }
    advice.hidden()
}

/// `checkout, production against base (overlays/production)`.
fn head(survey: &Survey, told: &Told<'_>) -> String {
    let finding = told.first;
    let who = [finding.service().map(str::to_owned), told.who()];
    let who: Vec<String> = who.into_iter().flatten().collect();
    let mut out = who.join(", ");
    if out.is_empty() {
        "everything".clone_into(&mut out);
    }
    let services = survey.services.iter();
    let directory = services
        .filter(|service| finding.service() == Some(&service.name))
        .flat_map(|service| &service.environments)
        .find(|environment| finding.environment() == Some(&environment.name))
        .map_or("", |environment| &environment.directory);
    if !directory.is_empty() && told.others.is_empty() {
        let _ = write!(out, " ({directory})");
    }
    text::one_line(&out, MAX_TEXT).into_owned()
}

/// `file:line:column`.
fn address(place: &Place) -> String {
    let file = text::one_line(&place.file, MAX_TEXT);
    format!("{file}:{}:{}", place.line, place.column)
}

/// A finding in one line, with its places at the end.
fn write_note(out: &mut String, told: &Told<'_>, style: Style) {
    write_label(out, told, style);
    let places = told.all().filter_map(|finding| finding.place.as_ref());
    let places: Vec<String> = places.map(address).collect();
    if !places.is_empty() {
        let _ = write!(out, " --> {}", places.join(", "));
    }
    let also = told.also();
    if !also.is_empty() {
        let also = also.join(", ");
        let _ = write!(out, " (also {})", text::one_line(&also, MAX_TEXT * 2));
    }
    out.push('\n');
}

fn write_label(out: &mut String, told: &Told<'_>, style: Style) {
    let finding = told.first;
    let color = color_of(finding.severity);
    let label = format!("{}[{}]", finding.severity.id(), finding.rule);
    let _ = write!(
        out,
        "    {}: {}",
        painted(&label, color.on_default().bold(), style),
        text::one_line(&told.headline(), MAX_TEXT)
    );
}

fn write_finding(out: &mut String, told: &Told<'_>, said: &Said<'_>, style: Style) {
    let finding = told.first;
    let color = color_of(finding.severity);
    write_label(out, told, style);
    out.push('\n');
    let places = [&finding.place, &finding.base_place];
    let lines = places.into_iter().flatten().map(|place| place.line);
    let gutter = lines.max().unwrap_or(0).to_string().len();
    if let Some(place) = &finding.place {
        write_place(out, place, '^', color.on_default().bold(), gutter, style);
    }
    if let Some(place) = &finding.base_place {
        let blue = AnsiColor::Blue.on_default().bold();
        write_place(out, place, '-', blue, gutter, style);
    }
    let name = |name: &str| text::one_line(name, MAX_NAME).into_owned();
    let base_name = name(baseline_name(finding));
    let names = told.all().map(|finding| name(environment_name(finding)));
    let width = names.map(|name| name.width()).max().unwrap_or_default();
    let width = width.max(base_name.width()).max("overlay".len());
    let line = |out: &mut String, label: &str, value: &str| {
        let pad = " ".repeat(width.saturating_sub(label.width()));
        let label = painted(label, Ansi::new().dimmed(), style);
        let _ = writeln!(out, "      {label}{pad} {value}");
    };
    if let Some(field) = &finding.field
        && !field.path.is_empty()
    {
        let path = field.path.to_string();
        line(out, "at", &text::one_line(&path, MAX_TEXT));
    }
    for finding in told.all() {
        let is_first = std::ptr::eq(finding, told.first);
        let own = name(environment_name(finding));
        // The lines of the first one are already shown.
        let is_said = is_first || finding.field.is_none() && finding.place == told.first.place;
        let place = finding.place.as_ref().filter(|_| !is_said);
        let place = place.map(|place| format!("--> {}", address(place)));
        let field = finding.field.as_ref();
        let value = field.filter(|field| field.base.is_some() || field.overlay.is_some());
        let value = value.map(|field| {
            let (base, overlay) = both_values(field);
            if is_first {
                line(out, &base_name, &base);
            }
            overlay
        });
        let words: Vec<_> = value.into_iter().chain(place).collect();
        if !words.is_empty() {
            line(out, &own, &words.join("  "));
        }
        if let (None, Some(file)) = (&finding.place, &finding.file) {
            line(out, "file", &text::one_line(&file.path, MAX_TEXT));
        }
    }
    if let Some(requested) = &finding.requested {
        line(
            out,
            "who",
            &text::one_line(&requested.sentence(), MAX_TEXT * 2),
        );
    }
    let also = told.also();
    for (at, names) in lines_of(&also).iter().enumerate() {
        let label = if at == 0 { "also" } else { "" };
        line(out, label, &text::one_line(names, MAX_TEXT));
    }
    for (label, said) in said.lines() {
        line(out, label, &text::one_line(said, MAX_HELP));
    }
}

/// Names in lines that can be read, each with as many as fit.
fn lines_of(names: &[String]) -> Vec<String> {
    const WIDTH: usize = 160;
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        match lines.last_mut() {
            Some(line) if line.width() + name.width() < WIDTH => {
                line.push_str(", ");
                line.push_str(name);
            }
            Some(line) => {
                line.push(',');
                lines.push(name.clone());
            }
            None => lines.push(name.clone()),
        }
    }
    lines
}

/// `--> file:line:column`, and below it the line, if it may be shown.
fn write_place(
    out: &mut String,
    place: &Place,
    mark: char,
    ansi: Ansi,
    gutter: usize,
    style: Style,
) {
    let blue = AnsiColor::Blue.on_default();
    let pad = " ".repeat(gutter);
    let _ = writeln!(
        out,
        "      {pad}{} {}:{}:{}",
        painted("-->", blue, style),
        text::one_line(&place.file, MAX_TEXT),
        place.line,
        place.column
    );
    let bar = painted("|", blue, style);
    let Some(shown) = excerpt(place) else {
        return;
    };
    let number = painted(&format!("{:gutter$}", place.line), blue, style);
    let line = format!("{}{}{}", shown.before, shown.meant, shown.after);
    let line = line.trim_end();
    let mark = mark.to_string().repeat(shown.width);
    let label = format!("{mark} {}", text::one_line(&place.what, 60));
    let label = painted(label.trim_end(), ansi, style);
    let indent = " ".repeat(shown.indent);
    let _ = writeln!(out, "      {pad} {bar}");
    let _ = writeln!(out, "      {number} {bar} {line}");
    let _ = writeln!(out, "      {pad} {bar} {indent}{label}");
}
