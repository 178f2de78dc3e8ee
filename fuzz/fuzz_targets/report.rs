//! Reports: a report that was read can be written back, and no format lets its content escape.
#![no_main]

use krm_parity::report::survey::{Format, json, markdown};
use krm_parity::report::text::Style;
use krm_parity::survey::merge::merge;
use krm_parity::text::is_unsafe;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let survey = match json::read(text) {
        Ok(survey) => survey,
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty() && !text.chars().any(is_unsafe), "{text:?}");
            return;
        }
    };
    for format in Format::ALL {
        let told = format.render(&survey, Style::default());
        assert!(told.ends_with('\n'), "{format:?}");
        let is_json = matches!(format, Format::Json | Format::Sarif | Format::Gitlab);
        let is_out = |c: char| c != '\n' && if is_json { c < ' ' } else { is_unsafe(c) };
        assert!(!told.chars().any(is_out), "{format:?}: {told}");
        match format {
            Format::Json => assert!(json::read(&told).is_ok_and(|again| again == survey)),
            Format::Markdown => assert!(told.len() <= markdown::MAX_BYTES),
            Format::Html => assert_eq!(told.matches("<script").count(), 1),
            Format::Github => assert!(!told.contains("##[")),
            _ => {}
        }
    }
    let counted = survey.report.totals;
    let merged = merge(vec![survey.clone(), survey]).report.totals;
    assert!(merged.findings() <= counted.findings());
});
