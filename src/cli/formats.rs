//! `--format`: the formats of a survey, to stdout and to files, for every verb that reports one.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Arg, ArgAction, ArgMatches};

use super::remains::Temporary;
use crate::catalog::Severity;
use crate::policy::nearest;
use crate::report::survey::{Format, View, records};
use crate::report::text::Style;
use crate::survey::Survey;
use crate::text::{MAX_NAME, quoted};

/// A format of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// One that every survey supports.
    Of(Format),
    /// One line per change that was made to a cluster, for verbs that may read an audit log.
    Records,
}

impl Form {
    fn all(has_records: bool) -> impl Iterator<Item = Self> {
        let records = has_records.then_some(Self::Records);
        Format::ALL.into_iter().map(Self::Of).chain(records)
    }

    const fn id(self) -> &'static str {
        match self {
            Self::Of(format) => format.id(),
            Self::Records => records::ID,
        }
    }

    fn render(self, survey: &Survey, view: View) -> String {
        match self {
            Self::Of(format) => format.render(survey, view),
            Self::Records => records::render(survey),
        }
    }
}

/// The destination of one format.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Output {
    format: Form,
    /// `None` for stdout.
    file: Option<PathBuf>,
}

/// The formats of one run, and their verbosity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Formats {
    outputs: Vec<Output>,
    view: View,
    color: When,
}

/// When colours are written to stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum When {
    /// To a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    Always,
    Never,
}

impl When {
    const ALL: [(&str, Self); 3] = [
        ("auto", Self::Auto),
        ("always", Self::Always),
        ("never", Self::Never),
    ];

    fn parse(matches: &ArgMatches) -> Self {
        let said = matches.get_one::<String>("color");
        let mut all = Self::ALL.into_iter();
        let found = all.find(|(word, _)| said.is_some_and(|said| said == word));
        found.map_or(Self::Auto, |(_, when)| when)
    }

    /// The style of stdout.
    pub(super) fn style(self, is_terminal: bool) -> Style {
        let color = match self {
            Self::Auto => is_terminal && super::may_color(),
            Self::Always => true,
            Self::Never => false,
        };
        Style { color }
    }
}

/// The severities that can be given.
const WEIGHTS: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Error];

/// The arguments for [`Formats::parse`].
pub(super) fn args() -> [Arg; 6] {
    [
        format(false),
        Arg::new("quiet")
            .short('q')
            .long("quiet")
            .help("Show only the findings that fail the run, and the verdict")
            .action(ArgAction::SetTrue),
        Arg::new("min-severity")
            .long("min-severity")
            .value_name("SEVERITY")
            .help("Hide findings below this severity: info, warning or error; they still count")
            .value_parser(WEIGHTS.map(Severity::id)),
        Arg::new("show-exempt")
            .long("show-exempt")
            .help("Also show findings that the policy exempts")
            .action(ArgAction::SetTrue),
        Arg::new("show-entries")
            .long("show-entries")
            .help("Show the entry that permits it for every finding, not only for the first of a rule")
            .action(ArgAction::SetTrue),
        Arg::new("color")
            .long("color")
            .value_name("WHEN")
            .help("When to use colors; auto is only on a terminal, and not if NO_COLOR is set")
            .value_parser(When::ALL.map(|(word, _)| word))
            .default_value("auto"),
    ]
}

/// The same for verbs that may read an audit log, and can report it as records too.
pub(super) fn args_of_records() -> [Arg; 6] {
    let [_, quiet, least, exempt, entries, color] = args();
    [format(true), quiet, least, exempt, entries, color]
}

/// The words of `--format`.
pub(super) fn ids(has_records: bool) -> Vec<&'static str> {
    Form::all(has_records).map(Form::id).collect()
}

fn format(has_records: bool) -> Arg {
    let names = ids(has_records);
    Arg::new("format")
        .long("format")
        .value_name("FORMAT[=FILE]")
        .action(ArgAction::Append)
        .help(format!(
            "The output format, to stdout or into a file; may be repeated [default: text]\n{}",
            names.join(", ")
        ))
}

impl Formats {
    /// The requested formats: text on stdout by default.
    ///
    /// # Errors
    ///
    /// Fails if a format is unknown, if stdout or a file is given twice, or if a file can never be
    /// written.
    pub(super) fn parse(matches: &ArgMatches) -> anyhow::Result<Self> {
        Self::parse_of(matches, false)
    }

    /// The same, with audit records as one more format.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub(super) fn parse_with_records(matches: &ArgMatches) -> anyhow::Result<Self> {
        Self::parse_of(matches, true)
    }

    /// Whether audit records were requested.
    pub(super) fn has_records(&self) -> bool {
        self.outputs.iter().any(|one| one.format == Form::Records)
    }

    /// The id of each format with its file; `None` is stdout.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (&'static str, Option<&Path>)> {
        let all = self.outputs.iter();
        all.map(|one| (one.format.id(), one.file.as_deref()))
    }

    /// The verbosity of formats for people.
    pub(super) const fn view(&self) -> View {
        self.view
    }

    /// When colours are written to stdout.
    pub(super) const fn color(&self) -> When {
        self.color
    }

    fn parse_of(matches: &ArgMatches, has_records: bool) -> anyhow::Result<Self> {
        let words = matches.get_many::<String>("format").unwrap_or_default();
        let least = matches.get_one::<String>("min-severity");
        let view = View {
            least: WEIGHTS
                .into_iter()
                .find(|one| least.is_some_and(|name| name == one.id())),
            exempt: matches.get_flag("show-exempt"),
            entries: matches.get_flag("show-entries"),
            quiet: matches.get_flag("quiet"),
            ..View::default()
        };
        Ok(Self {
            view,
            color: When::parse(matches),
            ..Self::of(words.map(String::as_str), has_records)?
        })
    }

    fn of<'a>(words: impl Iterator<Item = &'a str>, has_records: bool) -> anyhow::Result<Self> {
        let mut outputs = Vec::new();
        let mut files = BTreeSet::new();
        for word in words {
            let (name, file) = match word.split_once('=') {
                Some((name, file)) => (name, Some(PathBuf::from(file))),
                None => (word, None),
            };
            let format = Form::all(has_records).find(|format| format.id() == name);
            let format = format.with_context(|| unknown(name, has_records))?;
            match &file {
                Some(file) => check_file(name, file)?,
                None if outputs.iter().any(|one: &Output| one.file.is_none()) => {
                    bail!(
                        "two formats are for stdout; write one of them into a file, as in --format {name}=FILE"
                    )
                }
                None => {}
            }
            if let Some(file) = &file
                && !files.insert(target_of(file))
            {
                bail!(
                    "two formats are for the file {}; give each its own file",
                    shown(file)
                );
            }
            outputs.push(Output { format, file });
        }
        if outputs.is_empty() {
            outputs.push(Output {
                format: Form::Of(Format::Text),
                file: None,
            });
        }
        Ok(Self {
            outputs,
            view: View::default(),
            color: When::default(),
        })
    }

    /// Writes a survey in every format, files first, so that a reader of stdout finds them written.
    ///
    /// A file is written completely or not at all. A closed stdout is not an error.
    ///
    /// # Errors
    ///
    /// Fails if a file or stdout cannot be written.
    pub(super) fn write(&self, survey: &Survey) -> anyhow::Result<()> {
        for output in &self.outputs {
            if let Some(file) = &output.file {
                let text = output.format.render(survey, self.view);
                replace(file, text.as_bytes())
                    .with_context(|| format!("cannot write {}", shown(file)))?;
            }
        }
        for output in self.outputs.iter().filter(|output| output.file.is_none()) {
            let mut out = io::stdout().lock();
            let style = self.color.style(out.is_terminal());
            let view = View { style, ..self.view };
            let text = output.format.render(survey, view);
            match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    return Err(error).context("cannot write to stdout");
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn unknown(name: &str, has_records: bool) -> String {
    let names: Vec<_> = Form::all(has_records).map(Form::id).collect();
    let shown = quoted(name, MAX_NAME);
    match nearest(name, &names) {
        Some(near) => format!("unknown format {shown}; did you mean {near}?"),
        None => format!(
            "unknown format {shown}; expected one of {}",
            names.join(", ")
        ),
    }
}

/// Refuses, before any work, files that could not be written after it.
fn check_file(format: &str, file: &Path) -> anyhow::Result<()> {
    if file.as_os_str().is_empty() {
        bail!("--format {format}= does not name a file");
    }
    if file.is_dir() {
        bail!(
            "{} is a directory; --format {format}= requires a file",
            shown(file)
        );
    }
    let target = followed(file);
    let folder = folder_of(&target);
    if !folder.is_dir() {
        bail!(
            "the directory {} for {} does not exist",
            shown(folder),
            shown(file)
        );
    }
    Ok(())
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The largest number of links that are followed, as in Linux.
const MAX_LINKS: usize = 40;

/// The end of a chain of links, whether it exists or not.
fn followed(file: &Path) -> PathBuf {
    let mut file = file.to_owned();
    for _ in 0..MAX_LINKS {
        // The name of a stream is all there is.
        if file.starts_with("/dev") {
            break;
        }
        let Ok(next) = std::fs::read_link(&file) else {
            break;
        };
        file = folder_of(&file).join(next);
    }
    file
}

/// The file that is written for a path: the target of its links, and the same for all its
/// spellings.
fn target_of(file: &Path) -> PathBuf {
    let target = followed(file);
    match (
        std::fs::canonicalize(folder_of(&target)),
        target.file_name(),
    ) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => target,
    }
}

fn shown(path: &Path) -> String {
    crate::text::one_line(&path.display().to_string(), 400).into_owned()
}

/// Writes beside the file and renames, if a file is replaced or created.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    // A device or a pipe, such as /dev/stderr, is written to and not replaced. So is a stream, even
    // if it leads to a file: that file has other writers.
    let is_special =
        file.starts_with("/dev") || std::fs::metadata(file).is_ok_and(|known| !known.is_file());
    if is_special {
        return std::fs::write(file, bytes);
    }
    let target = target_of(file);
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    let draft = folder_of(&target).join(name);
    let draft = Temporary::new(|| Ok(draft), |draft: &PathBuf| draft)?;
    let written = std::fs::write(draft.path(), bytes).and_then(|()| {
        if let Ok(known) = std::fs::metadata(&target) {
            std::fs::set_permissions(draft.path(), known.permissions())?;
        }
        std::fs::rename(draft.path(), &target)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(draft.path());
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Formats, String> {
        Formats::of(words.iter().copied(), false).map_err(|error| error.to_string())
    }

    #[test]
    fn formats_go_to_stdout_or_to_files() {
        assert_eq!(of(&[]), of(&["text"]));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a=b.sarif");
        let word = format!("sarif={}", file.display());
        let Formats { outputs, .. } = of(&["text", &word]).unwrap();
        assert_eq!(outputs[1].file.as_deref(), Some(file.as_path()));
        let faults = [
            (vec!["sarf"], "unknown format \"sarf\"; did you mean sarif?"),
            (
                vec!["text", "json"],
                "two formats are for stdout; write one of them into a file, as in --format json=FILE",
            ),
            (vec!["json="], "--format json= does not name a file"),
            (
                vec!["json=/"],
                "/ is a directory; --format json= requires a file",
            ),
            (
                vec!["json=no/such/x"],
                "the directory no/such for no/such/x does not exist",
            ),
            (
                vec![word.as_str(), word.as_str()],
                "two formats are for the file",
            ),
        ];
        for (words, expected) in faults {
            let said = of(&words).unwrap_err();
            assert!(said.starts_with(expected), "{said}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn one_file_has_one_format_however_it_is_spelled() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("inner")).unwrap();
        symlink("a.txt", at("link")).unwrap();
        symlink(at("inner/../link"), at("chain")).unwrap();
        symlink("round", at("round")).unwrap();
        let word = |format: &str, name: &str| format!("{format}={}", at(name).display());
        for name in ["./a.txt", "inner/../a.txt", "link", "chain"] {
            let said = of(&[&word("text", "a.txt"), &word("json", name)]).unwrap_err();
            assert!(
                said.starts_with("two formats are for the file"),
                "{name}: {said}"
            );
        }
        of(&[&word("text", "a.txt"), &word("json", "inner/a.txt")]).unwrap();
        // A link to a file that does not exist yet, and one that can never resolve.
        replace(&at("chain"), b"one").unwrap();
        assert!(at("chain").symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read(at("a.txt")).unwrap(), b"one");
        let _ = replace(&at("round"), b"one");
        symlink("no/such/file", at("lost")).unwrap();
        let said = of(&[&word("text", "lost")]).unwrap_err();
        assert!(said.starts_with("the directory"), "{said}");
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.txt");
        replace(&file, b"one").unwrap();
        replace(&file, b"two").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
