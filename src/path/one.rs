//! Parses one path, and prints it so that it parses back.

use std::borrow::Cow;
use std::fmt;

use crate::text;

/// One step from a value to a value inside it.
///
/// There are four kinds, because Kubernetes has maps, lists whose elements have
/// keys, lists that are sets, and lists that are neither.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment<'a> {
    /// The field of a map.
    Field(Cow<'a, str>),
    /// The element of a list with these values of its merge keys; never empty.
    Key(Vec<(Cow<'a, str>, Cow<'a, str>)>),
    /// The element of a list at this index, from 0.
    Index(usize),
    /// The element of a set with this value.
    Value(Cow<'a, str>),
}

impl Segment<'_> {
    /// An owned copy.
    #[must_use]
    pub fn into_owned(self) -> Segment<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Field(name) => Segment::Field(owned(name)),
            Self::Key(keys) => {
                let pairs = keys.into_iter();
                let pairs = pairs.map(|(key, value)| (owned(key), owned(value)));
                Segment::Key(pairs.collect())
            }
            Self::Index(index) => Segment::Index(index),
            Self::Value(value) => Segment::Value(owned(value)),
        }
    }
}

/// The path from a resource to one of its fields; empty for the resource itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path<'a>(pub Vec<Segment<'a>>);

/// The error for a text that is not a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct PathError {
    /// The column of the first wrong character, counted in characters from 1.
    pub column: usize,
    /// What was expected there.
    pub message: &'static str,
}

impl<'a> Path<'a> {
    /// Parses a path, and borrows from the text where nothing was escaped.
    ///
    /// # Errors
    ///
    /// Fails if the text does not follow the grammar of this module.
    pub fn parse(text: &'a str) -> Result<Self, PathError> {
        Self::read(Reader {
            text,
            at: 0,
            globs: false,
        })
    }

    /// Parses a path whose words may contain `*` and `?`; `[*]` is an element without keys.
    pub(super) fn parse_globs(text: &'a str) -> Result<Self, PathError> {
        Self::read(Reader {
            text,
            at: 0,
            globs: true,
        })
    }

    fn read(mut reader: Reader<'a>) -> Result<Self, PathError> {
        let text = reader.text;
        let mut segments = Vec::new();
        while reader.at < text.len() {
            match reader.peek() {
                Some('[') => segments.push(reader.bracket()?),
                Some('.') if !segments.is_empty() => {
                    reader.at += 1;
                    segments.push(reader.field()?);
                }
                _ if segments.is_empty() => segments.push(reader.field()?),
                _ => return Err(reader.error("expected `.`, `[` or the end of the path")),
            }
        }
        Ok(Self(segments))
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut segments = self.0.iter().enumerate();
        segments.try_for_each(|(at, segment)| write_segment(f, at, segment))
    }
}

/// Writes a segment after the earlier ones.
pub(super) fn write_segment(
    f: &mut fmt::Formatter<'_>,
    at: usize,
    segment: &Segment<'_>,
) -> fmt::Result {
    match segment {
        Segment::Field(name) if is_plain(name, is_plain_in_field) => {
            if at > 0 {
                f.write_str(".")?;
            }
            f.write_str(name)
        }
        Segment::Field(name) => write!(f, "[{}]", Quoted(name)),
        Segment::Key(keys) => {
            let mut separator = '[';
            for (name, value) in keys {
                write!(f, "{separator}")?;
                write_word(f, name, is_plain_in_field)?;
                f.write_str("=")?;
                write_word(f, value, is_plain_in_value)?;
                separator = ',';
            }
            f.write_str("]")
        }
        Segment::Index(index) => write!(f, "[{index}]"),
        Segment::Value(value) => write!(f, "[={}]", Quoted(value)),
    }
}

/// A text that prints in quotes.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::with_capacity(self.0.len() + 2);
        text::push_quoted(&mut out, self.0);
        f.write_str(&out)
    }
}

fn write_word(f: &mut fmt::Formatter<'_>, word: &str, plain: fn(char) -> bool) -> fmt::Result {
    if is_plain(word, plain) {
        f.write_str(word)
    } else {
        write!(f, "{}", Quoted(word))
    }
}

fn is_plain(word: &str, plain: fn(char) -> bool) -> bool {
    !word.is_empty() && word.chars().all(plain)
}

const fn is_plain_in_field(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$')
}

const fn is_plain_in_value(c: char) -> bool {
    is_plain_in_field(c) || matches!(c, '.' | '/' | ':' | '@' | '+' | '~' | '%')
}

const NOT_A_PATTERN: &str = "`*` and `?` are not allowed in a path of a single field";

struct Reader<'a> {
    text: &'a str,
    /// The offset of the next character, in bytes.
    at: usize,
    /// Whether words may contain `*` and `?`.
    globs: bool,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.at += wanted.len_utf8();
        }
        there
    }

    fn error(&self, message: &'static str) -> PathError {
        PathError {
            column: self.text[..self.at].chars().count() + 1,
            message: match self.peek() {
                Some('*' | '?') => NOT_A_PATTERN,
                _ => message,
            },
        }
    }

    /// The longest run of plain characters, which may be empty.
    fn run(&mut self, plain: fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let fits = |c| plain(c) || (self.globs && matches!(c, '*' | '?'));
        let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn field(&mut self) -> Result<Segment<'a>, PathError> {
        match self.run(is_plain_in_field) {
            "" => Err(self.error(
                "expected the name of a field; write names with special characters as [\"a.b/c\"]",
            )),
            name => Ok(Segment::Field(Cow::Borrowed(name))),
        }
    }

    /// Everything from `[` to `]`.
    fn bracket(&mut self) -> Result<Segment<'a>, PathError> {
        self.at += 1;
        let segment = match self.peek() {
            Some('=') => {
                self.at += 1;
                Segment::Value(self.word(is_plain_in_value)?)
            }
            _ => self.bracket_of_name()?,
        };
        if self.eat(']') {
            Ok(segment)
        } else {
            Err(self.error("expected `]`"))
        }
    }

    /// An index, a quoted field or pairs of key and value, up to but without the `]`.
    fn bracket_of_name(&mut self) -> Result<Segment<'a>, PathError> {
        let start = self.at;
        let is_quoted = self.peek() == Some('"');
        let name = self.word(is_plain_in_field)?;
        match self.peek() {
            Some('=') => {}
            Some(']') if is_quoted => return Ok(Segment::Field(name)),
            Some(']') if self.globs && name == "*" => return Ok(Segment::Key(Vec::new())),
            Some(']') => {
                return name.parse().map(Segment::Index).map_err(|_| {
                    self.at = start;
                    self.error("expected an index, a quoted field name or key=value")
                });
            }
            _ => return Err(self.error("expected `=` or `]`")),
        }
        let mut keys = Vec::with_capacity(1);
        let mut name = name;
        loop {
            if !self.eat('=') {
                return Err(self.error("expected `=`"));
            }
            keys.push((name, self.word(is_plain_in_value)?));
            if !self.eat(',') {
                return Ok(Segment::Key(keys));
            }
            name = self.word(is_plain_in_field)?;
        }
    }

    /// A plain or a quoted word.
    fn word(&mut self, plain: fn(char) -> bool) -> Result<Cow<'a, str>, PathError> {
        if self.eat('"') {
            return self.quoted();
        }
        match self.run(plain) {
            "" => {
                Err(self
                    .error("expected a word; put words with special characters in double quotes"))
            }
            word => Ok(Cow::Borrowed(word)),
        }
    }

    /// The rest of a quoted word, including the closing quote.
    fn quoted(&mut self) -> Result<Cow<'a, str>, PathError> {
        let start = self.at;
        let mut unescaped: Option<String> = None;
        loop {
            let Some(c) = self.peek() else {
                return Err(self.error("expected a closing `\"`"));
            };
            match c {
                '"' => {
                    let end = self.at;
                    self.at += 1;
                    return Ok(
                        unescaped.map_or_else(|| Cow::Borrowed(&self.text[start..end]), Cow::Owned)
                    );
                }
                '\\' => {
                    let before = &self.text[start..self.at];
                    let c = self.escape()?;
                    unescaped.get_or_insert_with(|| before.to_owned()).push(c);
                }
                _ => {
                    self.at += c.len_utf8();
                    if let Some(text) = &mut unescaped {
                        text.push(c);
                    }
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, PathError> {
        const UNKNOWN: &str = "expected one of the escapes \\\" \\\\ \\n \\r \\t \\uXXXX";
        let rest = &self.text[self.at..];
        let (length, c) = match rest.as_bytes().get(1) {
            Some(b'"') => (2, Some('"')),
            Some(b'\\') => (2, Some('\\')),
            Some(b'n') => (2, Some('\n')),
            Some(b'r') => (2, Some('\r')),
            Some(b't') => (2, Some('\t')),
            Some(b'u') => match utf16_unit(rest) {
                Some(high @ 0xd800..=0xdbff) => {
                    let low = rest.get(6..).and_then(utf16_unit);
                    let pair = [high, low.unwrap_or_default()];
                    (12, char::decode_utf16(pair).next().and_then(Result::ok))
                }
                unit => (6, unit.and_then(|unit| char::from_u32(unit.into()))),
            },
            _ => (0, None),
        };
        let c = c.ok_or_else(|| self.error(UNKNOWN))?;
        self.at += length;
        Ok(c)
    }
}

/// The sixteen bits of a `\uXXXX` at the start of a text.
fn utf16_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(name: &str) -> Segment<'_> {
        Segment::Field(name.into())
    }

    fn key<'a>(name: &'a str, value: &'a str) -> Segment<'a> {
        Segment::Key(vec![(name.into(), value.into())])
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(
            Path::parse(r#"["\"\\\n\r\t\u0041"]"#),
            Ok(Path(vec![field("\"\\\n\r\tA")]))
        );
    }

    #[test]
    fn paths_print_as_the_design_writes_them() {
        for (path, shown) in [
            (vec![], ""),
            (
                vec![
                    field("spec"),
                    field("containers"),
                    key("name", "checkout"),
                    field("env"),
                    key("name", "LOG_LEVEL"),
                    field("value"),
                ],
                "spec.containers[name=checkout].env[name=LOG_LEVEL].value",
            ),
            (
                vec![field("metadata"), field("annotations"), field("a.b/c")],
                r#"metadata.annotations["a.b/c"]"#,
            ),
            (
                vec![
                    field("ports"),
                    Segment::Key(vec![
                        ("containerPort".into(), "80".into()),
                        ("protocol".into(), "TCP".into()),
                    ]),
                ],
                "ports[containerPort=80,protocol=TCP]",
            ),
            (vec![key("mountPath", "/var/log")], "[mountPath=/var/log]"),
            (vec![key("name", "a]b")], r#"[name="a]b"]"#),
            (vec![key("name", "")], r#"[name=""]"#),
            (vec![key("name", "*")], r#"[name="*"]"#),
            (vec![field("args"), Segment::Index(3)], "args[3]"),
            (
                vec![field("finalizers"), Segment::Value("x".into())],
                r#"finalizers[="x"]"#,
            ),
            (vec![field("a\n\u{1b}\"\\")], r#"["a\n\u001b\"\\"]"#),
            (vec![field(""), field("x")], r#"[""].x"#),
            (vec![field("🦀\u{e0041}")], r#"["🦀\udb40\udc41"]"#),
        ] {
            let path = Path(path);
            assert_eq!(path.to_string(), shown);
            assert_eq!(Path::parse(shown), Ok(path));
        }
    }

    #[test]
    fn unnecessary_quotes_are_read_and_dropped() {
        for (read, printed) in [
            (r#"["spec"].x"#, "spec.x"),
            (r#"[name="web"]"#, "[name=web]"),
            (r"[=web]", r#"[="web"]"#),
            (r#"["\u0061"]"#, "a"),
        ] {
            assert_eq!(Path::parse(read).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn errors_name_the_column() {
        let errors: Vec<_> = [
            ".a",
            "a.",
            "a..b",
            "a b",
            "a[",
            "a[]",
            "a[x]",
            "a[1x]",
            "a[1",
            "a[name=]",
            "a[name=x,]",
            "a[name=x,y]",
            r#"a["x"#,
            r#"["\x"]"#,
            r#"["\ud800"]"#,
            r#"["\u00"]"#,
            "äö",
            "a.*",
            "a[*]",
            "a[99999999999999999999999]",
            "a[1]b",
            "a]",
        ]
        .into_iter()
        .map(|text| format!("{text:<28}{}", Path::parse(text).unwrap_err()))
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        .a                          column 1: expected the name of a field; write names with special characters as ["a.b/c"]
        a.                          column 3: expected the name of a field; write names with special characters as ["a.b/c"]
        a..b                        column 3: expected the name of a field; write names with special characters as ["a.b/c"]
        a b                         column 2: expected `.`, `[` or the end of the path
        a[                          column 3: expected a word; put words with special characters in double quotes
        a[]                         column 3: expected a word; put words with special characters in double quotes
        a[x]                        column 3: expected an index, a quoted field name or key=value
        a[1x]                       column 3: expected an index, a quoted field name or key=value
        a[1                         column 4: expected `=` or `]`
        a[name=]                    column 8: expected a word; put words with special characters in double quotes
        a[name=x,]                  column 10: expected a word; put words with special characters in double quotes
        a[name=x,y]                 column 11: expected `=`
        a["x                        column 5: expected a closing `"`
        ["\x"]                      column 3: expected one of the escapes \" \\ \n \r \t \uXXXX
        ["\ud800"]                  column 3: expected one of the escapes \" \\ \n \r \t \uXXXX
        ["\u00"]                    column 3: expected one of the escapes \" \\ \n \r \t \uXXXX
        äö                          column 1: expected the name of a field; write names with special characters as ["a.b/c"]
        a.*                         column 3: `*` and `?` are not allowed in a path of a single field
        a[*]                        column 3: `*` and `?` are not allowed in a path of a single field
        a[99999999999999999999999]  column 3: expected an index, a quoted field name or key=value
        a[1]b                       column 5: expected `.`, `[` or the end of the path
        a]                          column 2: expected `.`, `[` or the end of the path
        "#);
    }

    #[test]
    fn plain_paths_are_borrowed() {
        let path = Path::parse(r#"spec["a.b"].c[name="x y"]"#).unwrap();
        assert!(path.0.iter().all(|segment| {
            match segment {
                Segment::Field(Cow::Borrowed(_)) => true,
                Segment::Key(keys) => keys
                    .iter()
                    .all(|pair| matches!(pair, (Cow::Borrowed(_), Cow::Borrowed(_)))),
                _ => false,
            }
        }));
    }

    fn word() -> impl Strategy<Value = Cow<'static, str>> {
        prop_oneof![
            "[a-zA-Z0-9_$./:-]{0,8}",
            any::<String>(),
            r#"[\[\]="',.*?\\\n\u{202e}\u{85}\u{feff}\u{e0001}🦀]{0,6}"#,
        ]
        .prop_map(Cow::Owned)
    }

    fn segment() -> impl Strategy<Value = Segment<'static>> {
        prop_oneof![
            word().prop_map(Segment::Field),
            proptest::collection::vec((word(), word()), 1..4).prop_map(Segment::Key),
            any::<usize>().prop_map(Segment::Index),
            word().prop_map(Segment::Value),
        ]
    }

    proptest! {
        #[test]
        fn printing_and_parsing_cancel_out(path in proptest::collection::vec(segment(), 0..6)) {
            let path = Path(path);
            let shown = path.to_string();
            prop_assert!(!shown.chars().any(text::is_unsafe), "{shown:?}");
            prop_assert_eq!(Path::parse(&shown), Ok(path));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in r#"([a-z]|[\[\].="\\u0-9*,]|\PC){0,16}"#) {
            if let Ok(path) = Path::parse(&text) {
                let shown = path.to_string();
                prop_assert_eq!(Path::parse(&shown), Ok(path));
            }
        }
    }
}
