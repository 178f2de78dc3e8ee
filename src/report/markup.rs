//! Foreign text inside XML and HTML.

use std::fmt::Write as _;

use crate::text::{is_unsafe, push_escape};

/// A text as content or attribute value of XML and HTML, on one line.
///
/// Unsafe characters are escaped as in JSON, which also removes every character that XML forbids.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut out, c);
    }
    out
}

/// [`escaped`], with unchanged line breaks.
pub fn escaped_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(escaped).collect();
    lines.join("\n")
}

fn push(out: &mut String, c: char) {
    match c {
        // Two of them before a bracket are a command to some CI runners.
        '#' if out.ends_with('#') => out.push_str("&#35;"),
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        c if is_unsafe(c) => push_escape(out, c),
        // Noncharacters, at the end of every plane.
        c if u32::from(c) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_never_markup() {
        assert_eq!(
            escaped("<a b='c\"'>&]]>\n\u{1b}\u{0}\u{202e}\u{1ffff}\u{fdd0}ä"),
            "&lt;a b=&#39;c&quot;&#39;&gt;&amp;]]&gt;\\n\\u001b\\u0000\\u202e\\u{1ffff}\\u{fdd0}ä"
        );
        assert_eq!(escaped_lines("a\n<\u{7}"), "a\n&lt;\\u0007");
        assert_eq!(escaped("##[error]'#"), "#&#35;[error]&#39;#");
    }
}
