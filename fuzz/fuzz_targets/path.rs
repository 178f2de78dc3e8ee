//! Paths and patterns: a printed path parses back, and a match is found in bounded time.
#![no_main]

use std::borrow::Cow;

use krm_parity::path::{FieldPath, Glob, Path, Pattern, Segment, Spot};
use libfuzzer_sys::fuzz_target;

/// Parses a printed path, and compares it.
fn check_round_trip(path: &Path<'_>) {
    let text = path.to_string();
    let again = Path::parse(&text).unwrap_or_else(|error| panic!("{error:?} in {text:?}"));
    assert_eq!(&again, path, "{text:?}");
}

/// Parses both forms of a field's path, and joins them.
fn check_both_forms(path: &Path<'_>, index: usize) {
    let mut indexed = path.clone();
    for segment in &mut indexed.0 {
        if !matches!(segment, Segment::Field(_)) {
            *segment = Segment::Index(index);
        }
    }
    let joined = FieldPath::join(path.clone(), &indexed).expect("two forms of one path");
    assert_eq!(joined.to_string(), path.to_string());
    assert_eq!(joined.by_index().to_string(), indexed.to_string());
    assert_eq!(joined.clone().into_owned(), joined);
}

fuzz_target!(|data: &str| {
    let (first, rest) = data.split_once('\n').unwrap_or((data, ""));
    let parsed = Path::parse(rest);
    if let Ok(path) = &parsed {
        check_round_trip(path);
    }
    // A path with any keys, from every kind of segment.
    let built: Vec<Segment<'_>> = rest
        .split('\u{1}')
        .enumerate()
        .map(|(at, key)| match at % 5 {
            0 | 1 => Segment::Field(Cow::Borrowed(key)),
            2 => Segment::Key(vec![
                (Cow::Borrowed(first), Cow::Borrowed(key)),
                (Cow::Borrowed("k"), Cow::Borrowed(first)),
            ]),
            3 => Segment::Index(key.len()),
            _ => Segment::Value(Cow::Borrowed(key)),
        })
        .collect();
    let built = Path(built);
    check_round_trip(&built);
    check_both_forms(&built, first.len());
    assert!(Glob::new("*").matches(rest));
    if first.len() * rest.len() < 100_000 {
        assert_eq!(
            Glob::new(first).matches(rest),
            fits(first, rest),
            "{first:?} {rest:?}"
        );
    }
    let Ok(pattern) = Pattern::parse(first) else {
        return;
    };
    let again = Pattern::parse(&pattern.to_string()).expect("what a pattern prints is one");
    assert_eq!(again, pattern);
    for path in [Some(&built), parsed.as_ref().ok()].into_iter().flatten() {
        let place: Vec<Spot<'_>> = path
            .0
            .iter()
            .map(|segment| Spot {
                segment: segment.clone(),
                index: match segment {
                    Segment::Index(index) => Some(*index),
                    Segment::Field(_) => None,
                    _ => Some(3),
                },
            })
            .collect();
        let hit = pattern.matches(&place);
        assert_eq!(again.matches(&place), hit);
        assert!(Pattern::parse("**").expect("a pattern").matches(&place));
    }
});

/// Whether a glob matches, with a slow and simple method: a table of which prefix matches which.
fn fits(glob: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for wanted in glob.chars() {
        let mut next = vec![false; row.len()];
        next[0] = wanted == '*' && row[0];
        for at in 0..text.len() {
            next[at + 1] = match wanted {
                '*' => row[at + 1] || next[at],
                '?' => row[at],
                wanted => row[at] && wanted == text[at],
            };
        }
        row = next;
    }
    row[text.len()]
}
