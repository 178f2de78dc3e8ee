//! Formats with limited space: what they keep, and what they say about the rest.

use krm_parity::catalog::Severity;
use krm_parity::report::survey::{Format, markdown};
use krm_parity::survey::{Against, State, Survey};
use serde_json::Value;

use super::fixture::{self, hostile, large};
use super::render;

#[test]
fn a_comment_fits_whatever_was_found() {
    for (findings, services) in [(0, 1), (10, 3), (1000, 200), (5000, 2000)] {
        let survey = large(findings, services);
        let text = render(Format::Markdown, &survey);
        assert!(text.starts_with(markdown::MARKER));
        assert!(text.len() <= markdown::MAX_BYTES, "{}", text.len());
        assert_eq!(
            text.matches("<details").count(),
            text.matches("</details>").count()
        );
        let shown = text.lines().filter(|line| line.starts_with("- ")).count();
        let left = findings - shown;
        assert_eq!(left > 0, text.contains("left out**"), "{left}");
        if left > 0 {
            let counts = text.rsplit_once("\n**").unwrap().1;
            let numbers = counts.split(" left out**").next().unwrap().split(", ");
            let sum = numbers.map(|one| one.split(' ').next().unwrap().parse::<usize>().unwrap());
            assert_eq!(sum.sum::<usize>(), left, "{counts}");
            assert!(text.len() > 60_000);
        }
    }
    let mut survey = hostile();
    survey.report.findings[0].headline = "ä@".repeat(100_000);
    survey.notes = vec![fixture::EVIL.repeat(20); 2000];
    let text = render(Format::Markdown, &survey);
    assert!(text.len() <= markdown::MAX_BYTES, "{}", text.len());
    // Known findings must take neither the space of new ones nor more than there is.
    for (new, known) in [(10, 5000), (5000, 5000), (40, 20)] {
        let mut survey = large(new, 100);
        let known = large(known, 100).report.findings;
        survey.against = Some(Against {
            name: "main".to_owned(),
            fixed: known.clone(),
            known,
        });
        let text = render(Format::Markdown, &survey);
        assert!(text.len() <= markdown::MAX_BYTES, "{}", text.len());
        assert_eq!(
            text.matches("<details").count(),
            text.matches("</details>").count()
        );
        assert_eq!(new < 1000, !text.contains("left out**"), "{new}");
    }
}

/// This many infos about the first service, and one error about the last.
fn buried(infos: usize) -> Survey {
    let judged = [("production", State::Judged)];
    let service = |name: &str| fixture::service(name, &judged);
    let mut findings: Vec<_> = (0..infos)
        .map(|at| {
            let mut info = fixture::finding("labels", "aaa", "production");
            info.severity = Severity::Info;
            info.headline = format!("label {at} is exempt");
            info
        })
        .collect();
    let mut error = fixture::finding("image", "zzz", "production");
    "the image differs".clone_into(&mut error.headline);
    findings.push(error);
    fixture::survey(vec![service("aaa"), service("zzz")], findings, &[])
}

/// If a format has not enough space, the least severe findings are omitted, and their number is
/// printed.
#[test]
fn no_crowd_of_informations_hides_an_error() {
    let text = render(Format::Markdown, &buried(2000));
    assert!(text.contains("the image differs"), "{text}");
    assert!(text.contains(" infos left out**"), "{text}");
    assert!(text.len() <= markdown::MAX_BYTES, "{}", text.len());
    let log: Value = serde_json::from_str(&render(Format::Sarif, &buried(25_010))).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    let levels: Vec<_> = results
        .iter()
        .filter(|one| one["level"] == "error")
        .collect();
    assert_eq!(levels.len(), 1);
    assert_eq!(results[24_999]["level"], "error", "the order stays");
    let note = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    assert!(
        note["message"]["text"]
            .as_str()
            .unwrap()
            .ends_with(": 11 infos"),
        "{note}"
    );
    let text = render(Format::Github, &buried(30));
    assert!(
        text.contains("::error file=") && text.contains("; 20 infos more are only in this log"),
        "{text}"
    );
}

/// The tables of the formats for people have limited space too.
#[test]
fn no_crowd_hides_a_row_or_a_column_with_errors() {
    let mut survey = large(600, 300);
    survey
        .report
        .findings
        .retain(|one| one.environment() != Some("production"));
    for finding in &mut survey.report.findings {
        finding.severity = Severity::Info;
    }
    for service in &mut survey.services {
        for at in 0..20 {
            let mut one = service.environments[0].clone();
            one.name = format!("environment-with-a-long-name-{at:02}");
            service.environments.insert(0, one);
        }
    }
    let last = survey.services.last().unwrap().name.clone();
    let error = fixture::finding("image", &last, "production");
    survey.report.findings.push(error);
    let survey = fixture::survey(survey.services, survey.report.findings, &[]);
    let text = render(Format::Text, &survey);
    let (_, matrix) = text.rsplit_once("\n\n   ").unwrap();
    assert!(
        matrix.lines().next().unwrap().contains("production"),
        "{matrix}"
    );
    assert!(
        matrix
            .lines()
            .any(|row| row.starts_with(&last) && row.contains("1E")),
        "{matrix}"
    );
    let text = render(Format::Markdown, &survey);
    let head = text
        .lines()
        .find(|line| line.starts_with("| service"))
        .unwrap();
    assert!(head.contains("production"), "{head}");
    assert!(text.contains(&format!("| <code>{last}</code> |")), "{text}");
}
