//! Every format over one shared survey: its form, its losses, and its safety against foreign text.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use krm_parity::finding::{Compared, Finding};
use krm_parity::report::fingerprint::fingerprints;
use krm_parity::report::survey::Format;
use krm_parity::report::survey::json::{self, ReadError};
use krm_parity::report::text::Style;
use krm_parity::survey::merge::merge;
use krm_parity::survey::{Shard, State, Survey};
use serde_json::{Value, json};

mod fixture;
mod merge_verb;
mod room;
mod validators;
mod view;

use fixture::{clean, everything, held, hostile, large};

fn render(format: Format, survey: &Survey) -> String {
    format.render(survey, Style::default())
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/formats/golden")
        .join(name)
}

/// The file name of a format's golden text.
fn file_name(survey: &str, format: Format) -> String {
    let end = match format {
        Format::Text | Format::Concise | Format::Github => "txt",
        Format::Json | Format::Gitlab => "json",
        Format::Krm => "yaml",
        Format::Sarif => "sarif",
        Format::Junit => "xml",
        Format::Markdown => "md",
        Format::Html => "html",
    };
    format!("{survey}-{}.{end}", format.id())
}

#[test]
fn formats_look_as_recorded() {
    let mut written = Vec::new();
    for (name, survey) in [
        ("everything", everything()),
        ("held", held()),
        ("clean", clean()),
    ] {
        for format in Format::ALL {
            // The version does not matter.
            let quoted = concat!("\"", env!("CARGO_PKG_VERSION"), "\"");
            let plain = concat!("krm-parity ", env!("CARGO_PKG_VERSION"));
            let found = render(format, &survey)
                .replace(quoted, "\"VERSION\"")
                .replace(plain, "krm-parity VERSION");
            let path = golden(&file_name(name, format));
            let expected = fs::read_to_string(&path).unwrap_or_default();
            if found == expected {
                continue;
            }
            assert!(
                std::env::var_os("UPDATE").is_some(),
                "{} is not what is rendered:\n{found}",
                path.display()
            );
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, found).unwrap();
            written.push(path);
        }
    }
    assert!(
        written.is_empty(),
        "written anew, look at them and run again without UPDATE: {written:#?}"
    );
}

#[test]
fn every_format_ends_in_one_line_break_and_repeats() {
    for survey in [everything(), held(), clean(), hostile(), Survey::default()] {
        for format in Format::ALL {
            let text = render(format, &survey);
            assert!(
                text.ends_with('\n') && !text.ends_with("\n\n"),
                "{format:?}"
            );
            assert_eq!(text, render(format, &survey));
            assert_eq!(Format::from_id(format.id()), Some(format));
        }
    }
}

#[test]
fn color_is_escape_sequences_and_nothing_else() {
    let survey = everything();
    let colored = Format::Text.render(&survey, Style { color: true });
    let mut stripped = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    // Padding after a coloured cell is at the place where plain text ends its line.
    let lines = |text: &str| {
        text.lines()
            .map(str::trim_end)
            .map(String::from)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&stripped), lines(&render(Format::Text, &survey)));
    assert_ne!(stripped, colored);
}

#[test]
fn the_matrix_in_text_fits_a_terminal() {
    let mut survey = large(1000, 200);
    let wide = "environment-with-a-long-name-number";
    for service in &mut survey.services {
        for at in 0..12 {
            let mut one = service.environments[0].clone();
            one.name = format!("{wide}-{at:02}");
            service.environments.push(one);
        }
    }
    let text = render(Format::Text, &survey);
    let (_, matrix) = text.rsplit_once("\n\n   ").unwrap();
    let rows: Vec<_> = matrix
        .lines()
        .take_while(|line| !line.starts_with('…'))
        .collect();
    assert_eq!(rows.len(), 41, "{matrix}");
    assert!(
        rows[1..].iter().all(|row| row.chars().count() <= 100),
        "{matrix}"
    );
    assert!(
        matrix.contains("\n… and 160 more services, 11 more environments\n"),
        "{matrix}"
    );
}

/// A character that is unsafe in a log is unsafe in every format.
#[test]
fn no_control_character_gets_through() {
    for (format, survey) in Format::ALL.into_iter().flat_map(|format| {
        [hostile(), fixture::hostile_held(fixture::EVIL)].map(|survey| (format, survey))
    }) {
        let text = render(format, &survey);
        let found = text
            .chars()
            .find(|&c| c != '\n' && krm_parity::text::is_unsafe(c));
        assert!(found.is_none(), "{format:?}: {found:?}");
        assert!(
            !text.chars().any(|c| c != '\n' && c < ' '),
            "{format:?} has a control character"
        );
    }
}

#[test]
fn foreign_text_is_never_a_workflow_command() {
    let text = render(Format::Github, &hostile());
    for line in text.lines() {
        assert!(!line.contains("##["), "{line}");
        let is_ours = ["::error file=", "::warning file=", "::notice file="]
            .iter()
            .any(|command| line.starts_with(command));
        assert!(is_ours || !line.trim_start().starts_with("::"), "{line}");
        if is_ours {
            let properties = &line[2..line[2..].find("::").unwrap() + 2];
            assert_eq!(
                properties.matches(',').count(),
                properties.matches('=').count() - 1,
                "{line}"
            );
        }
    }
}

/// Texts that a runner obeys at the beginning of a line, or anywhere.
const COMMANDS: [&str; 6] = [
    "::error file=x,title=y::pwned",
    "::stop-commands::x",
    " \u{3000}::add-mask::x",
    "\r\n::set-output name=x::y",
    "x ##[error]y",
    "x ##vso[task.setvariable]y",
];

#[test]
fn foreign_text_is_never_a_command_in_any_format() {
    for command in COMMANDS {
        let survey = fixture::hostile_held(command);
        for format in Format::ALL {
            let text = render(format, &survey);
            for line in text.split(['\n', '\r']) {
                let is_ours = format == Format::Github
                    && ["::error file=", "::warning file=", "::notice file="]
                        .iter()
                        .any(|ours| line.starts_with(ours) && !line.starts_with(command));
                assert!(
                    is_ours || !line.trim_start().starts_with("::"),
                    "{format:?}: {line}"
                );
                assert!(
                    !line.contains("##[") && !line.contains("##vso["),
                    "{format:?}: {line}"
                );
            }
        }
        // The function's output on stderr.
        let told = krm_parity::report::text::render(&survey.report, Style::default());
        for line in told.lines() {
            assert!(!line.trim_start().starts_with("::"), "{line}");
            assert!(!line.contains("##[") && !line.contains("##vso["), "{line}");
        }
    }
}

#[test]
fn foreign_text_is_never_markdown() {
    let text = render(Format::Markdown, &fixture::hostile_held(fixture::EVIL));
    for word in [
        "<script", "@team", "`", "](", "![", "*b*", "_c_", "www.e", "http:", "$x", ":+1",
    ] {
        assert!(!text.contains(word), "{word} in\n{text}");
    }
    let hashes = text.replace("&#", "").replace("\n### ", "");
    assert!(!hashes.contains('#'), "{text}");
    let opened = text.matches("<details").count();
    assert_eq!(opened, text.matches("</details>").count());
    assert_eq!(text.matches("<!--").count(), 1);
}

/// Every format calls the other side of a finding by its name.
#[test]
fn a_sibling_is_not_called_base() {
    let mut finding = fixture::finding("inverted-resources", "shop", "production");
    finding.compared = Compared::with_sibling("production", "staging");
    let place = |environment: &str| {
        let file = format!("shop/overlays/{environment}/sizes.yaml");
        fixture::place(&file, 15, "patch", "memory: 2Gi", "2Gi")
    };
    finding.place = Some(place("production"));
    finding.base_place = Some(place("staging"));
    let services = vec![fixture::service("shop", &[("production", State::Judged)])];
    let survey = fixture::survey(services, vec![finding], &[]);
    let markdown = render(Format::Markdown, &survey);
    assert!(
        markdown.contains(", staging in <code>shop/overlays/staging/sizes.yaml"),
        "{markdown}"
    );
    let log: Value = serde_json::from_str(&render(Format::Sarif, &survey)).unwrap();
    let result = &log["runs"][0]["results"][0];
    assert!(
        result["message"]["text"]
            .as_str()
            .unwrap()
            .contains(" ([staging](1))\n\nMake the change in the base.")
    );
    assert_eq!(
        result["relatedLocations"][0]["message"]["text"],
        "in staging"
    );
    assert!(
        render(Format::Html, &survey).contains("<b>staging</b> · shop/overlays/staging/sizes.yaml")
    );
}

#[test]
fn a_clean_report_names_the_checked_services() {
    let of = |services| render(Format::Text, &fixture::survey(services, Vec::new(), &[]));
    let judged = [("dev", State::Judged)];
    let service = |bases: &[&str], directory: &str| {
        let mut one = fixture::service("web", &judged);
        one.bases = bases.iter().map(|&base| base.to_owned()).collect();
        directory.clone_into(&mut one.environments[0].directory);
        one
    };
    for (bases, directory, expected) in [
        (
            &["base"][..],
            "overlays/dev",
            "web: dev (overlays/dev) against base",
        ),
        (
            &["bases/web"],
            "environments/dev/web",
            "web: dev (environments/dev/web) against bases/web",
        ),
        (
            &["a/web/base"],
            "a/web/overlays/dev",
            "web in a/web: dev (overlays/dev) against base",
        ),
        (
            &["production/base"],
            "production/eu",
            "web in production: dev (eu) against base",
        ),
        (&[], "env/dev", "web in env: dev (dev)"),
        (&["a"], "a/dev", "web: dev (a/dev) against a"),
        (&["/x/base"], "/y/dev", "web: dev (/y/dev) against /x/base"),
    ] {
        let text = of(vec![service(bases, directory)]);
        assert_eq!(text.lines().next().unwrap(), expected);
    }
    let many: Vec<_> = (0..30)
        .map(|at| fixture::service(&format!("s{at:02}"), &judged))
        .collect();
    let text = of(many);
    assert_eq!(text.lines().count(), 22, "{text}");
    assert!(
        text.contains("\n… and 10 more services\nkrm-parity: 30 services"),
        "{text}"
    );
}

#[test]
fn the_report_reads_back_without_loss() {
    let mut shard = everything();
    shard.shard = Some(Shard {
        index: 2,
        count: 3,
        of: "0f".to_owned(),
    });
    for survey in [
        everything(),
        held(),
        fixture::hostile_held("x"),
        clean(),
        hostile(),
        large(500, 50),
        shard,
        Survey::default(),
    ] {
        let text = render(Format::Json, &survey);
        assert!(json::read(&text).unwrap() == survey);
    }
}

#[test]
fn a_broken_report_is_refused_with_a_reason() {
    let good: Value = serde_json::from_str(&render(Format::Json, &everything())).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect(pointer) = value;
        json::read(&bad.to_string()).unwrap_err().to_string()
    };
    let said = [
        with("/kind", json!("ParityPolicy")),
        with("/apiVersion", json!("krm-parity.io/v1")),
        with("/findings/0/rule", json!("imagine")),
        with("/findings/1/class", json!("imagine")),
        with("/findings/0/severity", json!("fatal")),
        with("/totals/errors", json!(0)),
        with("/services/1/name", json!("catalog")),
        with("/failed", json!("yes")),
        with(
            "/services/0",
            json!({"name": "x", "bases": [], "environments": [], "later": 1}),
        ),
    ];
    let said = said
        .join("\n")
        .replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(said, @r#"
    it is not a report of krm-parity, but "ParityPolicy"
    its apiVersion is "krm-parity.io/v1", and this version reads krm-parity.io/v1alpha1; use the same version of krm-parity for all reports
    findings[0]: unknown rule "imagine"; it was written by krm-parity "VERSION", and this is VERSION
    findings[1]: unknown class "imagine"; it was written by krm-parity "VERSION", and this is VERSION
    line 1, column 1459: unknown variant `fatal`, expected one of `info`, `warning`, `error`
    its totals do not match its findings; the file was changed or cut after it was written
    it contains the service "catalog" twice
    line 1, column 122: invalid type: string "yes", expected a boolean
    line 1, column 259: unknown field `later`, expected one of `name`, `bases`, `environments`
    "#);
    let text = good.to_string();
    assert!(matches!(
        json::read(&text[..text.len() / 2]),
        Err(ReadError::Truncated { line: 1 })
    ));
    assert!(matches!(json::read(""), Err(ReadError::Truncated { .. })));
    let told = render(Format::Json, &everything());
    let (keyed, indexed) = (
        r#""path": "metadata.labels.tier""#,
        r#""indexPath": "metadata.labels.tier""#,
    );
    assert!(told.contains(keyed) && told.contains(indexed));
    for name in ["catalog", "dev"] {
        let nameless = told.replacen(&format!("\"name\": \"{name}\""), "\"name\": \"\"", 1);
        let error = json::read(&nameless).unwrap_err().to_string();
        assert_eq!(error, "it has a service or an environment without a name");
    }
    for (good, bad, why) in [
        (
            keyed,
            r#""path": "metadata..tier""#,
            "path: column 10: expected the name of a field",
        ),
        (
            indexed,
            r#""indexPath": "metadata.labels[0""#,
            "indexPath: column 18: expected `=` or `]`",
        ),
        (
            indexed,
            r#""indexPath": "metadata.labels""#,
            "path and indexPath point to different fields",
        ),
    ] {
        let error = json::read(&told.replace(good, bad)).unwrap_err();
        assert!(matches!(error, ReadError::Path { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
    assert!(matches!(json::read("[]"), Err(ReadError::WrongKind { .. })));
    assert!(matches!(
        json::read(&format!("{text} x")),
        Err(ReadError::Malformed { .. })
    ));
    let deep = format!("{{\"kind\": {}", "[".repeat(1_000_000));
    assert_eq!(json::read(&deep), Err(ReadError::TooDeep { line: 1 }));
}

#[test]
fn no_cut_of_a_report_panics_or_passes() {
    let text = render(Format::Json, &everything());
    for at in 0..text.len() - 1 {
        if let Some(cut) = text.get(..at) {
            assert!(json::read(cut).is_err(), "{at}");
        }
    }
    // With any byte changed, the result is an error or another report, without a panic.
    let mut bytes = text.into_bytes();
    for at in 0..bytes.len() {
        let kept = bytes[at];
        for other in *b"\"{9\\" {
            bytes[at] = other;
            if let Ok(text) = std::str::from_utf8(&bytes)
                && let Ok(survey) = json::read(text)
                && at % 50 == 0
            {
                for format in Format::ALL {
                    let _ = render(format, &survey);
                }
            }
        }
        bytes[at] = kept;
    }
}

#[test]
fn odd_places_do_no_harm() {
    let mut survey = everything();
    let place = survey
        .report
        .findings
        .iter_mut()
        .find_map(|one| one.place.as_mut())
        .unwrap();
    (place.line, place.column, place.length) = (usize::MAX, usize::MAX, usize::MAX);
    for format in Format::ALL {
        let _ = render(format, &survey);
    }
}

#[test]
fn the_report_follows_its_published_schema() {
    let output = Command::new(env!("CARGO_BIN_EXE_krm-parity"))
        .args(["schema", "ParityReport"])
        .output()
        .unwrap();
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let mut shard = clean();
    shard.shard = Some(Shard {
        index: 1,
        count: 2,
        of: "0f".to_owned(),
    });
    for survey in [
        everything(),
        held(),
        clean(),
        hostile(),
        large(100, 9),
        shard,
    ] {
        let report = serde_json::from_str(&render(Format::Json, &survey)).unwrap();
        let faults: Vec<_> = validator
            .iter_errors(&report)
            .map(|e| e.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }
    assert!(!validator.is_valid(&json!({"kind": "ParityReport"})));
}

#[test]
fn fingerprints_are_the_same_in_every_format() {
    let survey = everything();
    let sarif: Value = serde_json::from_str(&render(Format::Sarif, &survey)).unwrap();
    let gitlab: Value = serde_json::from_str(&render(Format::Gitlab, &survey)).unwrap();
    let report: Value = serde_json::from_str(&render(Format::Json, &survey)).unwrap();
    for (at, print) in fingerprints(&survey.report.findings)
        .into_iter()
        .enumerate()
    {
        assert_eq!(
            sarif["runs"][0]["results"][at]["partialFingerprints"]["krmParityFinding/v1"],
            print
        );
        assert_eq!(gitlab[at]["fingerprint"], print);
        assert_eq!(report["findings"][at]["fingerprint"], print);
    }
}

/// Splits a survey by service into this many shards.
fn shards(survey: &Survey, count: usize) -> Vec<Survey> {
    (0..count)
        .map(|shard| {
            let services: Vec<_> = survey
                .services
                .iter()
                .skip(shard)
                .step_by(count)
                .cloned()
                .collect();
            let is_ours = |finding: &&Finding| {
                services
                    .iter()
                    .any(|one| finding.service() == Some(&one.name))
            };
            let findings = survey
                .report
                .findings
                .iter()
                .filter(is_ours)
                .cloned()
                .collect();
            fixture::survey(services, findings, &[])
        })
        .collect()
}

#[test]
fn shards_merged_are_the_whole() {
    let whole = large(300, 40);
    let mut parts = shards(&whole, 4);
    assert!(merge(parts.clone()) == whole);
    // In any order, and with one of them twice.
    parts.rotate_left(1);
    parts.push(parts[2].clone());
    assert!(merge(parts) == whole);
    assert!(merge(vec![whole.clone()]) == whole);
    assert_eq!(merge(Vec::new()), Survey::default());
}

#[test]
fn environments_of_a_service_are_united() {
    let one = fixture::survey(
        vec![fixture::service(
            "a",
            &[("dev", State::Judged), ("production", State::Skipped)],
        )],
        vec![],
        &["n"],
    );
    let two = fixture::survey(
        vec![fixture::service(
            "a",
            &[("staging", State::Judged), ("production", State::Judged)],
        )],
        vec![],
        &["n"],
    );
    let both = merge(vec![one.clone(), two]);
    let names: Vec<_> = both.services[0]
        .environments
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["dev", "staging", "production"]);
    assert!(
        both.services[0]
            .environments
            .iter()
            .all(|one| one.state == State::Judged)
    );
    assert_eq!(both.notes, ["n"]);
    let mut other = one.clone();
    other.services[0].environments[0].state = State::Failed;
    let both = merge(vec![one, other]);
    assert_eq!(both.services[0].environments[0].state, State::Failed);
    assert_eq!(both.notes.len(), 3, "{:?}", both.notes);
}

/// The pages for the browser and the validator.
fn pages() -> Vec<(&'static str, Survey)> {
    vec![
        ("everything", everything()),
        ("held", held()),
        ("clean", clean()),
        ("empty", Survey::default()),
        ("hostile", hostile()),
        ("large", large(1000, 200)),
    ]
}
