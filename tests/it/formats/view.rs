//! The formats for people: how much they show, in which order, and that omitted findings are
//! counted.

use krm_parity::catalog::{RuleId, Severity};
use krm_parity::report::survey::{Format, View};
use krm_parity::survey::{State, Survey};
use serde_json::{Value, json};

use super::fixture::{self, everything, finding};
use super::render;

/// The formats that follow the user's view.
const FOR_PEOPLE: [Format; 4] = [
    Format::Text,
    Format::Concise,
    Format::Github,
    Format::Markdown,
];

/// One error, one warning, one info, and one that is exempt.
fn mixed() -> Survey {
    let weights = [
        ("image", Severity::Error),
        ("scale-factor", Severity::Warning),
        ("overlay-size", Severity::Info),
        ("labels", Severity::Info),
    ];
    let findings = weights.map(|(rule, severity)| {
        let mut one = finding(rule, "web", "production");
        one.severity = severity;
        one.headline = format!("what {rule} found");
        one.message.clone_from(&one.headline);
        if rule == "labels" {
            one.exemption = Some(2);
        }
        one
    });
    let services = vec![fixture::service("web", &[("production", State::Judged)])];
    fixture::survey(services, findings.into(), &["a note"])
}

/// The rules whose findings a format shows.
fn shown(format: Format, survey: &Survey, view: View) -> Vec<&'static str> {
    let text = format.render(survey, view);
    let all = ["image", "scale-factor", "overlay-size", "labels"];
    let is_shown = |rule: &&str| text.contains(&format!("what {rule} found"));
    all.into_iter().filter(is_shown).collect()
}

#[test]
fn hidden_findings_are_counted() {
    let mut survey = mixed();
    let view = View::default();
    let of = |least| View {
        least: Some(least),
        ..view
    };
    let exempt = View {
        exempt: true,
        ..view
    };
    let quiet = View {
        quiet: true,
        ..view
    };
    let note = "not shown: 1 exempt finding (--show-exempt shows them)";
    for format in FOR_PEOPLE {
        let shown = |view| shown(format, &survey, view);
        assert_eq!(shown(view), ["image", "scale-factor", "overlay-size"]);
        assert_eq!(shown(exempt).len(), 4, "{format:?}");
        assert_eq!(shown(of(Severity::Warning)), ["image", "scale-factor"]);
        assert_eq!(shown(of(Severity::Error)), ["image"]);
        assert_eq!(shown(quiet), ["image"]);
        let text = format.render(&survey, view).replace("&#58;", ":");
        assert!(text.contains(note), "{format:?}: {text}");
        assert!(!format.render(&survey, exempt).contains("not shown"));
        let text = format.render(&survey, of(Severity::Error));
        assert!(
            text.contains("1 warning, 2 infos (below the requested severity"),
            "{text}"
        );
        for text in [text, format.render(&survey, quiet)] {
            assert!(text.contains("1 error, 1 warning, 2 infos"), "{text}");
        }
        assert!(!format.render(&survey, quiet).contains("a note"));
    }
    // Programs get everything, because a missing finding counts as fixed.
    for format in Format::ALL {
        if !FOR_PEOPLE.contains(&format) {
            assert_eq!(format.render(&survey, quiet), render(format, &survey));
            assert!(render(format, &survey).contains("labels"), "{format:?}");
        }
    }
    // Quiet shows findings that fail the run, which depends on the policy.
    survey.report.fail_on = Some(Severity::Warning);
    assert_eq!(
        shown(Format::Text, &survey, quiet),
        ["image", "scale-factor"]
    );
    assert_eq!(
        shown(
            Format::Text,
            &survey,
            View {
                least: Some(Severity::Info),
                ..quiet
            }
        ),
        ["image", "scale-factor", "overlay-size"]
    );
}

#[test]
fn a_quiet_run_ends_with_its_verdict_and_shows_only_failures() {
    let quiet = View {
        quiet: true,
        ..View::default()
    };
    let mut survey = mixed();
    survey.report.findings.remove(0);
    let survey = fixture::survey(survey.services, survey.report.findings, &["a note"]);
    for format in [Format::Text, Format::Concise] {
        let text = format.render(&survey, quiet);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.starts_with("krm-parity: 1 service"), "{text}");
    }
}

#[test]
fn errors_are_last_at_a_terminal_and_first_elsewhere() {
    let survey = everything();
    let is_sorted = |text: &str, words: [&str; 3]| {
        let places = words.map(|word| {
            let all: Vec<usize> = text.match_indices(word).map(|(at, _)| at).collect();
            assert!(!all.is_empty(), "{word} in {text}");
            (all[0], all[all.len() - 1])
        });
        places.is_sorted_by(|(_, last), (first, _)| last < first)
    };
    let text = render(Format::Text, &survey);
    let (findings, closing) = text.rsplit_once("· not there\n").unwrap();
    assert!(is_sorted(findings, ["info[", "warning[", "error["]));
    assert!(is_sorted(
        closing,
        ["\n1 info ", "\n1 warning ", "\n1 error "]
    ));
    let text = render(Format::Concise, &survey);
    assert!(is_sorted(&text, [": info ", ": warning ", ": error "]));
    let text = render(Format::Markdown, &survey);
    assert!(is_sorted(&text, ["- ❌", "- ⚠️", "- ℹ️"]));
    let many = render(Format::Markdown, &fixture::large(30, 10));
    let sections: Vec<&str> = many
        .lines()
        .filter(|line| line.starts_with("<details"))
        .collect();
    let is_open = |line: &&str| line.starts_with("<details open>");
    for line in &sections {
        assert_eq!(is_open(line), line.contains(" error"), "{line}");
    }
    assert!(sections.iter().is_sorted_by_key(|line| !is_open(line)));
}

#[test]
fn rules_are_counted_before_the_verdict() {
    let mut survey = fixture::large(40, 12);
    survey.report.findings[0].exemption = Some(0);
    survey.report.findings[0].severity = Severity::Info;
    let text = render(Format::Text, &survey);
    let lines: Vec<&str> = text.lines().rev().skip(1).take(5).collect();
    let mut counts = 0;
    for line in &lines {
        let mut words = line.split_whitespace();
        counts += words.next().unwrap().parse::<usize>().unwrap();
    }
    assert_eq!(counts, 40, "{lines:#?}");
    assert!(lines[4].ends_with(" (exempt)"), "{lines:#?}");
    assert!(lines[3].contains("warning scale-factor"), "{lines:#?}");
}

#[test]
fn advice_is_given_once_a_service() {
    let of = |service: &str, environment: &str| {
        let mut one = finding("image", service, environment);
        one.help = "Do this.".to_owned();
        one
    };
    let findings = vec![
        of("a", "production"),
        of("a", "staging"),
        of("b", "production"),
    ];
    let survey = fixture::survey(Vec::new(), findings, &[]);
    let text = render(Format::Text, &survey);
    assert_eq!(text.matches("Do this.").count(), 2, "{text}");
}

/// The reader of an annotation needs to know what to do, unless the finding is exempt.
#[test]
fn annotations_have_advice_and_sarif_has_exemptions() {
    let survey = mixed();
    let log: Value = serde_json::from_str(&render(Format::Sarif, &survey)).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let suppressed: Vec<_> = results
        .iter()
        .filter(|one| one["suppressions"] != json!([]))
        .collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["ruleId"], "labels");
    let how = &suppressed[0]["suppressions"][0];
    assert_eq!(how["kind"], "external");
    assert_eq!(how["status"], "accepted");
    assert_eq!(how["justification"], "spec.exemptions[2] of the policy");
    let help = "Make the change in the base. krm-parity explain image says how to permit it.";
    assert_eq!(
        results[0]["message"]["text"],
        format!("what image found\n\n{help}")
    );
    let issues: Value = serde_json::from_str(&render(Format::Gitlab, &survey)).unwrap();
    assert_eq!(issues[0]["description"], format!("what image found {help}"));
    let log = render(Format::Github, &survey);
    assert!(
        log.contains(&format!("::what image found%0A{help}\n")),
        "{log}"
    );
    // Some messages end with the advice, which is not repeated.
    let mut said = survey;
    said.report.findings[0].message = format!("what image found. {help}");
    for format in [Format::Github, Format::Gitlab] {
        assert_eq!(render(format, &said).matches(help).count(), 1, "{format:?}");
    }
}

/// A faulty entry is a finding about an exemption, and is not exempt.
#[test]
fn a_faulty_exemption_is_shown() {
    let mut survey = mixed();
    for (finding, rule) in survey
        .report
        .findings
        .iter_mut()
        .zip(["unused-exemption", "expired-exemption"])
    {
        finding.rule = RuleId::parse(rule).unwrap();
        finding.exemption = Some(0);
    }
    let text = render(Format::Concise, &survey);
    assert!(text.contains("what image found") && text.contains("what scale-factor found"));
    let log = render(Format::Sarif, &survey);
    assert_eq!(log.matches("\"accepted\"").count(), 1);
}

#[test]
fn the_page_has_errors_first_and_open_and_names_their_resources() {
    let survey = fixture::large(30, 10);
    let page = render(Format::Html, &survey);
    let cards: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("<details class=\"finding "))
        .collect();
    assert_eq!(cards.len(), 30);
    for card in &cards {
        assert_eq!(
            card.ends_with(" open>"),
            card.contains("data-w=\"e\""),
            "{card}"
        );
    }
    let whats: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("<summary>") && line.contains("class=\"what\""))
        .collect();
    assert!(
        whats
            .iter()
            .all(|line| line.contains("<span class=\"what\"><b>Deployment shop/service-0")),
        "{whats:#?}"
    );
    // In each part of the page: a service, and one side of it.
    for group in page.split("<div class=\"group\"").skip(1) {
        let group = group.split("</section>").next().unwrap_or_default();
        let weights: Vec<bool> = group
            .lines()
            .filter(|line| line.starts_with("<details class=\"finding "))
            .map(|line| !line.contains("data-w=\"e\""))
            .collect();
        assert!(weights.is_sorted(), "{group}");
    }
    let services: Vec<bool> = page
        .split("<section class=\"service\">")
        .skip(1)
        .map(|service| !service.contains("data-w=\"e\""))
        .collect();
    assert!(services.is_sorted(), "{services:?}");
}

/// One line per finding, which an editor splits at its colons.
#[test]
fn a_concise_line_has_place_weight_rule_and_headline() {
    let text = render(Format::Concise, &fixture::large(50, 12));
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("patch.yaml:"))
        .collect();
    assert_eq!(lines.len(), 50);
    for line in lines {
        let parts: Vec<&str> = line.splitn(5, ':').collect();
        assert!(parts[0].starts_with("services/"), "{line}");
        assert!(parts[1].parse::<usize>().is_ok(), "{line}");
        assert!(parts[2].parse::<usize>().is_ok(), "{line}");
        let mut words = parts[3].trim().split(' ');
        assert!(["error", "warning"].contains(&words.next().unwrap()));
        assert!(RuleId::parse(words.next().unwrap()).is_some());
    }
}
