//! Arguments of a program: which elements of a list are flags, and how paths name the elements of
//! lists without keys.
//!
//! An index is not a name: removing an earlier flag changes it, and a permit for one index would
//! then permit another flag. So a flag is named by its own name, `args[flag=--metrics]`, and a
//! single value after it by the flag, `args[after=--port]`. An element that only one side has is
//! never named by an index of the other side: `args[base=1]` was removed from a list. No list has
//! keys with these names.

use std::borrow::Cow;

use super::one::Segment;

const FLAG: &str = "flag";
const AFTER: &str = "after";
const BASE: &str = "base";
const ORDER: &str = "order";

/// The role of an element in a list of arguments, judged by the list alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role<'a> {
    /// A flag of this name, with or without a value of its own.
    Flag(&'a str),
    /// The only element between the flag of this name, which has no value of its own, and the next flag or the end.
    After(&'a str),
    /// Anything else.
    Plain,
}

/// The special segments of lists without keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    /// The flag of this name; a repeated flag is named by its whole text.
    Flag(&'a str),
    /// The value after the flag of this name.
    After(&'a str),
    /// An element that only the base has, at this index.
    Removed(usize),
    /// The order of the list.
    Order,
}

/// Whether a list under this name holds arguments.
#[must_use]
pub fn is_of_arguments(field: &str) -> bool {
    matches!(field, "args" | "command")
}

/// The name of a flag, which is its text up to a `=`; `None` if the text is not a flag.
#[must_use]
pub fn flag(text: &str) -> Option<&str> {
    /// A longer name is the text of a person, or of another program.
    const MAX_NAME: usize = 100;
    let name = text.split_once('=').map_or(text, |(name, _)| name);
    let bare = name.trim_start_matches('-');
    let is_name =
        name.len() <= MAX_NAME && !name.contains(|c: char| c.is_whitespace() || c.is_control());
    (bare.len() < name.len() && !bare.is_empty() && is_name).then_some(name)
}

/// The roles of the elements of a list of arguments; an element that is not text is `Plain`.
///
/// After `--` and after a shell, no element is a flag of this program. The same holds for a list
/// that begins with a shell's option for a script.
#[must_use]
pub fn roles<'a>(texts: &[Option<&'a str>]) -> Vec<Role<'a>> {
    let is_end = |text: Option<&str>| text.is_some_and(|text| text == "--" || is_shell(text));
    let end = match texts {
        [Some(first), ..] if takes_script(first) => 0,
        _ => texts
            .iter()
            .copied()
            .position(is_end)
            .unwrap_or(texts.len()),
    };
    let flag_at = |at: usize| texts[..end].get(at).copied().flatten().and_then(flag);
    let role = |at: usize| {
        if let Some(name) = flag_at(at) {
            return Role::Flag(name);
        }
        let before = at.checked_sub(1);
        let before = before.filter(|_| at < end).and_then(|before| {
            let name = flag_at(before)?;
            (texts[before] == Some(name)).then_some(name)
        });
        match before {
            Some(name) if at + 1 == end || flag_at(at + 1).is_some() => Role::After(name),
            _ => Role::Plain,
        }
    };
    (0..texts.len()).map(role).collect()
}

/// Whether a text starts a shell, in any directory.
fn is_shell(text: &str) -> bool {
    const SHELLS: [&str; 12] = [
        "ash",
        "bash",
        "busybox",
        "cmd",
        "cmd.exe",
        "dash",
        "fish",
        "ksh",
        "powershell",
        "pwsh",
        "sh",
        "zsh",
    ];
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
    SHELLS.contains(&name)
}

/// Whether a text is the shell option before a script: `-c`, alone or after others as in `-ec`.
fn takes_script(text: &str) -> bool {
    let options = text
        .strip_prefix('-')
        .and_then(|rest| rest.strip_suffix('c'));
    options.is_some_and(|options| {
        let mut options = options.char_indices();
        let all = options.clone();
        options.all(|(at, c)| {
            "efhilmnuvx".contains(c) && all.clone().all(|(other, same)| at == other || same != c)
        })
    })
}

/// The segment for each element of a list of arguments; `None` if only its index identifies it.
#[must_use]
pub fn names<'a>(texts: &[Option<&'a str>]) -> Vec<Option<Segment<'a>>> {
    let roles = roles(texts);
    let is_once = |name: &str| {
        roles
            .iter()
            .filter(|role| **role == Role::Flag(name))
            .count()
            == 1
    };
    let is_only = |text: &str| texts.iter().filter(|other| **other == Some(text)).count() == 1;
    let name = |(role, text): (Role<'a>, Option<&'a str>)| match (role, text) {
        (Role::Flag(name), _) if is_once(name) => Some(Segment::flag(name)),
        (Role::Flag(_), Some(text)) if is_only(text) => Some(Segment::flag(text)),
        (Role::After(name), _) if is_once(name) => Some(Segment::after(name)),
        _ => None,
    };
    let all = roles.iter().copied().zip(texts.iter().copied());
    all.map(name).collect()
}

impl<'a> Segment<'a> {
    /// The flag of a name.
    #[must_use]
    pub fn flag(name: impl Into<Cow<'a, str>>) -> Self {
        Self::called(FLAG, name.into())
    }

    /// The value after the flag of a name.
    #[must_use]
    pub fn after(name: impl Into<Cow<'a, str>>) -> Self {
        Self::called(AFTER, name.into())
    }

    /// An element of a list without keys that only the base has, at this index.
    #[must_use]
    pub fn removed(index: usize) -> Self {
        Self::called(BASE, index.to_string().into())
    }

    /// The order of a list.
    #[must_use]
    pub fn order() -> Self {
        Self::called(ORDER, "elements".into())
    }

    fn called(key: &'static str, value: Cow<'a, str>) -> Self {
        Self::Key(vec![(Cow::Borrowed(key), value)])
    }

    /// Its meaning for a list without keys; `None` for an ordinary segment.
    #[must_use]
    pub fn named(&self) -> Option<Named<'_>> {
        let Self::Key(keys) = self else {
            return None;
        };
        let [(key, value)] = keys.as_slice() else {
            return None;
        };
        match key.as_ref() {
            FLAG => Some(Named::Flag(value)),
            AFTER => Some(Named::After(value)),
            BASE => value.parse().ok().map(Named::Removed),
            ORDER => Some(Named::Order),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::Path;

    fn called(texts: &str) -> String {
        let texts: Vec<Option<&str>> = texts.split(' ').map(Some).collect();
        let name = |name: Option<Segment<'_>>| {
            name.map_or_else(|| "-".to_owned(), |name| Path(vec![name]).to_string())
        };
        names(&texts)
            .into_iter()
            .map(name)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn flags_are_named_by_their_names() {
        for (texts, wanted) in [
            ("serve --port=80 -v", "- [flag=--port] [flag=-v]"),
            ("--a --a=x", "[flag=--a] [flag=\"--a=x\"]"),
            (
                "--peer=a --peer=b x",
                "[flag=\"--peer=a\"] [flag=\"--peer=b\"] -",
            ),
            ("-v -v --x", "- - [flag=--x]"),
            // A single value after a flag belongs to it.
            (
                "--port 80 --host a",
                "[flag=--port] [after=--port] [flag=--host] [after=--host]",
            ),
            ("--files a b --x", "[flag=--files] - - [flag=--x]"),
            ("--a=1 x", "[flag=--a] -"),
            ("--p 1 --p 2", "- - - -"),
            // Neither is a flag.
            ("- -- --x=1", "- - -"),
            ("--port 80 -- --x", "[flag=--port] [after=--port] - -"),
            // A shell has options, and a script has arguments.
            ("sh -c x", "- - -"),
            ("/bin/bash -ec x --y", "- - - -"),
            ("tini -g -- sh -c x", "- [flag=-g] - - - -"),
            ("timeout -k 5 sh -c x", "- [flag=-k] [after=-k] - - -"),
            ("-c x --y", "- - -"),
            ("-euxc x", "- -"),
            ("-exec x", "[flag=-exec] [after=-exec]"),
            ("-sync=1", "[flag=-sync]"),
            ("--=1 --- -\u{1}", "- - -"),
        ] {
            assert_eq!(called(texts), wanted, "{texts}");
        }
        let texts = [Some("--a"), None, Some("-b c"), Some("")];
        assert_eq!(
            roles(&texts),
            [Role::Flag("--a"), Role::Plain, Role::Plain, Role::Plain]
        );
        assert_eq!(flag(&format!("-{}", "x".repeat(100))), None);
    }

    #[test]
    fn named_segments_print_and_parse_back() {
        for (segment, named) in [
            (Segment::flag("--a=x"), Named::Flag("--a=x")),
            (Segment::after("--a"), Named::After("--a")),
            (Segment::removed(3), Named::Removed(3)),
            (Segment::order(), Named::Order),
        ] {
            assert_eq!(segment.named(), Some(named));
            let path = Path(vec![Segment::Field("args".into()), segment.clone()]);
            assert_eq!(Path::parse(&path.to_string()), Ok(path));
        }
        for other in [
            "a[1]",
            "a[name=x]",
            "a[base=x]",
            "a[base=1,name=x]",
            "a[=flag]",
            "flag",
        ] {
            let Path(segments) = Path::parse(other).unwrap();
            assert_eq!(segments.last().and_then(Segment::named), None, "{other}");
        }
    }
}
