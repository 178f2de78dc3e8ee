//! From a text inside of a scalar to the file around it.

use std::ops::Range;

use crate::yaml::{Node, Style};

/// Where the bytes of a text stand in a file.
#[derive(Clone, Debug)]
pub(super) enum Shift {
    /// The text is the file.
    None,
    /// The text stands in the file as it is, so many bytes on.
    By(usize),
    /// Line by line: where a line begins in the text, and where in the file.
    Lines {
        lines: Vec<(usize, usize)>,
        whole: Range<usize>,
    },
    /// The text was made anew, of this range.
    Whole(Range<usize>),
}

impl Shift {
    /// How the text of a scalar stands in its file.
    pub fn of(scalar: Node<'_>) -> Self {
        let source = scalar.tree().source();
        let (span, text) = (scalar.span(), scalar.text());
        let whole = first_line(source, &span);
        if scalar.style() != Style::Block {
            let quoted = usize::from(scalar.style() == Style::Quoted);
            let start = span.start + quoted;
            return match source.get(start..start + text.len()) {
                Some(same) if same == text => Self::By(start),
                _ => Self::Whole(whole),
            };
        }
        lines(source, span.start, text).map_or_else(
            || Self::Whole(whole.clone()),
            |lines| Self::Lines {
                lines,
                whole: whole.clone(),
            },
        )
    }

    /// The range in the file for a range of the text.
    pub fn outer(&self, range: Range<usize>) -> Range<usize> {
        match self {
            Self::None => range,
            Self::By(by) => range.start + by..range.end + by,
            Self::Lines { lines, whole } => {
                let at = lines.partition_point(|(inner, _)| *inner <= range.start);
                let Some((inner, outer)) = at.checked_sub(1).map(|at| lines[at]) else {
                    return whole.clone();
                };
                // Whatever ends on another line is cut at the end of its first.
                let start = outer + (range.start - inner);
                start..start + (range.end - range.start)
            }
            Self::Whole(whole) => whole.clone(),
        }
    }
}

/// What there is of a range on its first line.
pub(super) fn first_line(source: &str, range: &Range<usize>) -> Range<usize> {
    let text = source.get(range.clone()).unwrap_or_default();
    let end = text.find('\n').unwrap_or(text.len());
    range.start..range.start + end
}

/// The lines of a literal scalar in the text and in the file, where all of them stand there so.
fn lines(source: &str, start: usize, text: &str) -> Option<Vec<(usize, usize)>> {
    let inner: Vec<_> = offsets(text).collect();
    let line_of = source.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let first = inner.iter().position(|(_, line)| !line.trim().is_empty())?;
    // The scalar's span begins with its first line that holds something, or before blank ones.
    let outer: Vec<_> = offsets(&source[line_of..]).take(inner.len()).collect();
    let indent = outer.first()?.1.len().checked_sub(inner[first].1.len())?;
    let mut lines = Vec::with_capacity(inner.len());
    for (at, (begin, line)) in inner.iter().enumerate().skip(first) {
        if line.trim().is_empty() {
            continue;
        }
        let (there, same) = outer.get(at - first)?;
        let (blank, rest) = same.split_at_checked(indent)?;
        if rest != *line || !blank.chars().all(|c| c == ' ') {
            return None;
        }
        lines.push((*begin, line_of + there + indent));
    }
    Some(lines)
}

/// Every line with the place of its first byte.
fn offsets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split('\n').map(move |line| {
        let begin = at;
        at += line.len() + 1;
        (begin, line.strip_suffix('\r').unwrap_or(line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    /// Where a word of the inner text is said to stand.
    fn found(source: &str, word: &str) -> Option<String> {
        let tree = parse(source).unwrap();
        let scalar = tree.roots().next()?.get("patch")?;
        let at = scalar.text().find(word)?;
        let range = Shift::of(scalar).outer(at..at + word.len());
        source.get(range).map(str::to_owned)
    }

    #[test]
    fn a_word_is_found_where_it_stands() {
        for source in [
            "patch: |\n  a: 1\n  b:\n    c: word\nd: 1\n",
            "patch: |-\n  a: word",
            "patch: |2\n    a: 1\n\n    b: word\n",
            "patch: |\n\n  a: 1\n  b: word\n",
            "patch: |\r\n  a: ü\r\n  b: word\r\n",
            "patch: 'a: word'",
            "{\"patch\": \"[word]\"}",
        ] {
            assert_eq!(found(source, "word").as_deref(), Some("word"), "{source}");
        }
    }

    #[test]
    fn what_was_made_anew_is_the_whole_scalar() {
        for (source, whole) in [
            ("patch: >\n  a: 1\n  word: 2\n", "a: 1"),
            ("{\"patch\": \"a: \\\"word\\\"\"}", "\"a: \\\"word\\\"\""),
        ] {
            assert_eq!(found(source, "word").as_deref(), Some(whole), "{source}");
        }
    }
}
