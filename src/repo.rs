//! The files of kustomizations, as written: what they name, and where.
//!
//! Nothing here builds anything; kustomize does. All paths are relative to one
//! directory, lexically normal, with `/`, and may begin with `../`.

pub mod fields;
mod own;
mod quotes;
mod secrets;
mod unseen;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::yaml::{self, Node, Tree, YamlError};

pub use fields::parse_kustomization;
pub use own::{is_wiring, runs_only_own};
pub use secrets::{Secrets, may_patch_secret, redact, secrets};
pub use unseen::{Unseen, Why};

/// The names that kustomize looks for, in its order.
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The texts of files, by path.
#[derive(Debug, Default)]
pub struct Sources {
    texts: BTreeMap<String, String>,
    linked: BTreeMap<String, String>,
    unread: BTreeMap<String, String>,
    links: BTreeMap<String, String>,
    unseen: Vec<Unseen>,
}

impl Sources {
    /// Adds a file.
    pub fn insert(&mut self, path: String, text: String) {
        self.texts.insert(path, text);
    }

    /// Notes a directory that a link leads to, and where it really lies: from there `..` leads on.
    pub fn insert_linked(&mut self, directory: String, real: String) {
        self.linked.insert(directory, real);
    }

    /// Notes a kustomization file, or a directory that may hold some, that cannot be read, and why.
    pub fn insert_unread(&mut self, path: String, reason: String) {
        self.unread.insert(path, reason);
    }

    /// Notes a link to a directory that the walk met, whether it was followed or not, and where it leads.
    pub fn insert_link(&mut self, link: String, to: String) {
        self.links.insert(link, to);
    }

    /// Notes what was not looked into.
    pub fn insert_unseen(&mut self, unseen: Unseen) {
        self.unseen.push(unseen);
    }

    /// Every link to a directory that the walk met, and where it leads.
    pub fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.links
            .iter()
            .map(|(link, to)| (link.as_str(), to.as_str()))
    }

    /// What was not looked into, in the order of its paths where the walk is over.
    #[must_use]
    pub fn unseen(&self) -> &[Unseen] {
        &self.unseen
    }

    /// Brings what was found in the order of a file system into the order of paths.
    pub fn sort(&mut self) {
        self.unseen.sort();
        self.unseen.dedup();
    }

    /// Whether a file or a directory is there that cannot be read.
    #[must_use]
    pub fn is_unread(&self, path: &str) -> bool {
        self.unread.contains_key(path)
    }

    /// Whether a link leads to a directory.
    #[must_use]
    pub fn is_linked(&self, directory: &str) -> bool {
        self.linked.contains_key(directory)
    }

    /// Whether a file is there.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        self.texts.contains_key(path)
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// The path of a file, as long as the texts live, and its text.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<(&str, &str)> {
        let (path, text) = self.texts.get_key_value(path)?;
        Some((path, text))
    }

    /// Every file with its text, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Parses every file that is YAML; the others are left out, since kustomize itself has the last word on them.
    #[must_use]
    pub fn parse(&self) -> Parsed<'_> {
        let mut parsed = Parsed {
            sources: self,
            trees: BTreeMap::new(),
            doubled: BTreeSet::new(),
            unreadable: BTreeMap::new(),
        };
        let told = |message: &str| YamlError {
            line: 1,
            column: 1,
            message: message.to_owned(),
        };
        for (path, text) in self.iter() {
            let strict = yaml::parse(text);
            if strict.is_err() {
                parsed.doubled.insert(path);
            }
            match strict.or_else(|_| yaml::parse_lax(text)) {
                Ok(mut tree) => {
                    if NAMES.contains(&split(path).1) {
                        fields::spell(&mut tree);
                        if fields::is_doubled(&tree) {
                            parsed.doubled.insert(path);
                        }
                        if Kustomization::read(path, &tree).is_none() {
                            let error = told("there is no map of fields in it");
                            parsed.unreadable.insert(path, error);
                        }
                    }
                    parsed.trees.insert(path, tree);
                }
                Err(error) => {
                    parsed.unreadable.insert(path, error);
                }
            }
        }
        for (path, reason) in &self.unread {
            parsed.unreadable.insert(path, told(reason));
        }
        parsed
    }
}

/// Files as trees.
pub struct Parsed<'t> {
    /// Their texts.
    pub sources: &'t Sources,
    trees: BTreeMap<&'t str, Tree<'t>>,
    /// Files in which a key stands twice, in one spelling or in two, or that are no YAML.
    doubled: BTreeSet<&'t str>,
    /// Files that are no YAML, and why; many are not meant to be. Also kustomizations that hold nothing, and what cannot be read at all.
    pub unreadable: BTreeMap<&'t str, YamlError>,
}

impl<'t> Parsed<'t> {
    /// The tree of a file.
    #[must_use]
    pub fn tree(&self, path: &str) -> Option<&Tree<'t>> {
        self.trees.get(path)
    }

    /// The kustomization of a directory.
    #[must_use]
    pub fn kustomization(&self, directory: &str) -> Option<Kustomization<'_>> {
        NAMES.iter().find_map(|name| {
            let (file, tree) = self.trees.get_key_value(join(directory, name).as_str())?;
            let found = Kustomization::read(file, tree)?;
            let real = self.sources.linked.get(found.directory());
            Some(match real {
                Some(real) => Kustomization { real, ..found },
                None => found,
            })
        })
    }

    /// Whether everybody reads the same in a kustomization: one document, where no key stands twice.
    #[must_use]
    pub fn is_unambiguous(&self, kustomization: Kustomization<'_>) -> bool {
        self.strict_tree(kustomization.file)
            .is_some_and(|tree| tree.roots().count() == 1)
    }

    /// The tree of a file in which no key stands twice.
    #[must_use]
    pub fn strict_tree(&self, path: &str) -> Option<&Tree<'t>> {
        self.tree(path).filter(|_| !self.doubled.contains(path))
    }

    /// Every kustomization, one a directory.
    pub fn kustomizations(&self) -> impl Iterator<Item = Kustomization<'_>> {
        let files = self.trees.keys().map(|file| (*file, split(file)));
        files
            .filter(|(_, (_, name))| NAMES.contains(name))
            .filter_map(|(file, (directory, _))| {
                let found = self.kustomization(directory)?;
                (found.file == file).then_some(found)
            })
    }
}

/// A kustomization file.
#[derive(Clone, Copy, Debug)]
pub struct Kustomization<'a> {
    /// The path of the file.
    pub file: &'a str,
    /// Its one document.
    pub root: Node<'a>,
    /// Where its directory really lies, if a link leads there; what it names is relative to that.
    pub real: &'a str,
}

impl<'a> Kustomization<'a> {
    /// Sees a kustomization in a file of that name.
    #[must_use]
    pub fn read(file: &'a str, tree: &'a Tree<'_>) -> Option<Self> {
        let root = tree.roots().find(|root| root.is_map())?;
        let real = split(file).0;
        Some(Self { file, root, real })
    }

    /// Its directory; empty for the directory that all paths are relative to.
    #[must_use]
    pub fn directory(&self) -> &'a str {
        split(self.file).0
    }

    /// Whether it is a Component, which transforms what others load.
    #[must_use]
    pub fn is_component(&self) -> bool {
        self.root.str_at(&["kind"]) == Some("Component")
    }

    /// The strings of a list, as written.
    pub fn strings(&self, field: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.root
            .get(field)
            .into_iter()
            .flat_map(Node::items)
            .filter(|item| item.is_scalar())
    }

    /// What it loads: `resources`, and the older `bases`.
    pub fn loads(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.strings("resources").chain(self.strings("bases"))
    }

    /// The path that one of its entries means; `None` for what lies elsewhere.
    #[must_use]
    pub fn resolve(&self, entry: &str) -> Option<String> {
        (!is_remote(entry)).then(|| join(self.real, entry))
    }

    /// Whether it loads resources and changes nothing about them, unless a function does.
    #[must_use]
    pub fn only_gathers(&self) -> bool {
        const GATHERING: [&str; 8] = [
            "apiVersion",
            "kind",
            "buildMetadata",
            "metadata",
            "resources",
            "bases",
            "transformers",
            "validators",
        ];
        self.root.entries().all(|(key, value)| {
            GATHERING.contains(&key.text())
                || value.is_null()
                || (!value.is_scalar() && value.is_childless())
        })
    }

    /// Every local path that it names, of directories and of files.
    #[must_use]
    pub fn mentions(&self) -> Vec<String> {
        const LISTS: [&str; 9] = [
            "resources",
            "bases",
            "components",
            "patchesStrategicMerge",
            "generators",
            "transformers",
            "validators",
            "crds",
            "configurations",
        ];
        let mut found: Vec<&str> = LISTS
            .iter()
            .flat_map(|list| self.strings(list))
            .map(Node::text)
            .collect();
        for list in ["patches", "patchesJson6902", "replacements"] {
            let items = self.root.get(list).into_iter().flat_map(Node::items);
            found.extend(items.filter_map(|item| item.str_at(&["path"])));
        }
        for list in ["configMapGenerator", "secretGenerator"] {
            for item in self.root.get(list).into_iter().flat_map(Node::items) {
                for field in ["files", "envs"] {
                    let entries = item.get(field).into_iter().flat_map(Node::items);
                    found.extend(entries.filter_map(Node::as_str).map(|entry| {
                        // `key=path`, where the key is optional.
                        entry.split_once('=').map_or(entry, |(_, path)| path)
                    }));
                }
                found.extend(item.str_at(&["env"]));
            }
        }
        found
            .into_iter()
            .filter(|entry| !is_inline(entry))
            .filter_map(|entry| self.resolve(entry))
            .collect()
    }
}

/// Whether an entry names a directory of a repository elsewhere, which can be built like one that is here.
///
/// A file of the web is none, and nor is what may be one.
#[must_use]
pub fn is_remote_directory(entry: &str) -> bool {
    let path = entry.split('?').next().unwrap_or_default();
    let rest = path.split_once("://").map_or(path, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    let is_file = [".yaml", ".yml", ".json"]
        .iter()
        .any(|end| path.to_lowercase().ends_with(end))
        || path.contains("/releases/");
    let is_repository = entry.contains("?ref=")
        || rest.contains("//")
        || path.contains(".git/")
        || path.strip_suffix(".git").is_some()
        || ["git::", "git@", "ssh://", "file://"]
            .iter()
            .any(|start| entry.starts_with(start))
        || is_known_host(host);
    // What looks like an option to kustomize is none of its arguments.
    is_remote(entry) && is_repository && !is_file && !entry.starts_with(['/', '-'])
}

/// A text for people, without the passwords that URLs in it may hold.
#[must_use]
pub fn without_password(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut left = text;
    let mut is_changed = false;
    while let Some(at) = left.find("://") {
        let (before, rest) = left.split_at(at + "://".len());
        let ends = |c: char| c == '/' || c.is_whitespace() || matches!(c, '\'' | '"' | '`');
        let authority = rest.split(ends).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        // The user of ssh is none, where a user of the web may be a token.
        let is_secret = |user: &str| {
            user.contains(':') || before.ends_with("http://") || before.ends_with("https://")
        };
        out.push_str(before);
        left = rest;
        if let Some(user) = user.filter(|user| is_secret(user)) {
            left = rest.get(user.len() + 1..).unwrap_or_default();
            is_changed = true;
        }
    }
    if is_changed {
        out.push_str(left);
        Cow::Owned(out)
    } else {
        Cow::Borrowed(text)
    }
}

fn is_known_host(host: &str) -> bool {
    matches!(host, "github.com" | "gitlab.com" | "bitbucket.org")
}

/// Whether an entry of a list is no path, but the thing itself.
#[must_use]
pub fn is_inline(entry: &str) -> bool {
    entry.contains('\n') || entry.starts_with('{')
}

/// A path without its last part, and that part.
#[must_use]
pub fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// What an entry of a kustomization in a directory means, `.` and `..` worked out.
#[must_use]
pub fn join(directory: &str, entry: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(entry.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The way from one directory to a path, as a kustomization writes it.
#[must_use]
pub fn relative(from: &str, to: &str) -> String {
    let parts = |path: &'_ str| -> Vec<String> {
        path.split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (from, to) = (parts(from), parts(to));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..".to_owned(), from.len() - shared);
    let way: Vec<String> = up.chain(to[shared..].iter().cloned()).collect();
    if way.is_empty() {
        ".".to_owned()
    } else {
        way.join("/")
    }
}

/// Whether an entry names something that is not beside the kustomization: a URL, a repository, an absolute path.
#[must_use]
pub fn is_remote(entry: &str) -> bool {
    let host = entry.split('/').next().unwrap_or_default();
    entry.contains("://")
        || entry.contains("?ref=")
        || entry.starts_with('/')
        || entry.starts_with("git@")
        || entry.starts_with("git::")
        || entry
            .split_once("//")
            .is_some_and(|(before, _)| is_repository(before))
        || (host.contains('.') && !host.starts_with('.') && entry.matches('/').count() > 1 && {
            // github.com/owner/name, and not a file in a directory that is called `v1.2`.
            is_known_host(host)
        })
}

/// Whether what stands before `//` is a repository, and not a local path with a slash too many.
fn is_repository(before: &str) -> bool {
    let host = before.split('/').next().unwrap_or_default();
    let end = host.rsplit('.').next().unwrap_or_default();
    let is_host =
        host.contains('.') && !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_host || before.contains(['@', ':']) || before.strip_suffix(".git").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_worked_out_lexically() {
        assert_eq!(join("overlays/dev", "../../base"), "base");
        assert_eq!(join("overlays/dev", "./../../base/"), "base");
        assert_eq!(join("", "../base"), "../base");
        assert_eq!(join("../a", "../../b"), "../../b");
        assert_eq!(join("base", "."), "base");
        assert_eq!(relative("overlays/dev", "base"), "../../base");
        assert_eq!(relative("", "base/x"), "base/x");
        assert_eq!(relative("a/b", "a/b"), ".");
        assert_eq!(relative("a/b", "a"), "..");
    }

    #[test]
    fn what_lies_elsewhere_is_told_from_what_is_here() {
        for entry in [
            "https://example.com/x.yaml",
            "github.com/owner/name/config",
            "git@github.com:owner/name.git",
            "ssh://git@example.com/x",
            "example.com/owner/name?ref=v1",
            "https://github.com/owner/name//deploy?ref=v1",
            "example.com/owner/name//deploy",
            "me@host:name//deploy",
            "git::name",
            "/etc/base",
        ] {
            assert!(is_remote(entry), "{entry}");
        }
        for entry in [
            "../base",
            "base",
            "v1.2/deployment.yaml",
            "./x.yaml",
            ".",
            "a.b/c/d.yaml",
            "../..//base",
            "..//base",
            "v1.2//base",
            "a//b/",
        ] {
            assert!(!is_remote(entry), "{entry}");
        }
        for entry in [
            "github.com/owner/name",
            "https://example.com/owner/name?ref=v1",
            "https://example.com/owner/name//deploy",
            "git::file:///srv/name//deploy?ref=main",
            "git@example.com:owner/name.git",
        ] {
            assert!(is_remote_directory(entry), "{entry}");
        }
        for entry in [
            "../base",
            "/etc/base?ref=x",
            "--output=/etc/x?ref=x",
            "https://example.com/x",
            "https://example.com/x.yaml",
            "https://github.com/owner/name/releases/download/v1/all",
            "https://github.com/owner/name/raw/main/x.yaml?ref=v1",
        ] {
            assert!(!is_remote_directory(entry), "{entry}");
        }
    }

    #[test]
    fn a_directory_has_one_kustomization_and_one_that_holds_nothing_is_told() {
        let mut sources = Sources::default();
        for (path, text) in [
            ("a/kustomization.yaml", "resources: [../b]"),
            ("a/kustomization.yml", "resources: [../c]"),
            ("b/kustomization.yaml", ""),
            ("c/kustomization.yaml", "# nothing\n"),
            ("d/kustomization.yaml", "[x]"),
            ("e/list.yaml", "[x]"),
        ] {
            sources.insert(path.to_owned(), text.to_owned());
        }
        sources.insert_unread("f".to_owned(), "permission denied".to_owned());
        sources.insert_linked("a".to_owned(), "shared/deep/a".to_owned());
        let parsed = sources.parse();
        let all: Vec<_> = parsed.kustomizations().collect();
        let [only] = all.as_slice() else {
            panic!("{all:?}")
        };
        assert_eq!(only.file, "a/kustomization.yaml");
        assert_eq!(only.mentions(), ["shared/deep/b"]);
        let unreadable: Vec<_> = parsed.unreadable.keys().copied().collect();
        assert_eq!(
            unreadable,
            [
                "b/kustomization.yaml",
                "c/kustomization.yaml",
                "d/kustomization.yaml",
                "f"
            ]
        );
    }

    #[test]
    fn a_password_is_not_shown() {
        for (directory, shown) in [
            ("base", "base"),
            (
                "https://x@example.com/a//b?ref=v1",
                "https://example.com/a//b?ref=v1",
            ),
            (
                "git::https://x:y@example.com/a@b",
                "git::https://example.com/a@b",
            ),
            ("ssh://git@example.com/a", "ssh://git@example.com/a"),
            ("https://example.com/a@b", "https://example.com/a@b"),
            (
                "'https://x:y@example.com/a' and http://z@b: 'ssh://git@c/d'",
                "'https://example.com/a' and http://b: 'ssh://git@c/d'",
            ),
            ("https://x@", "https://"),
            ("://", "://"),
        ] {
            assert_eq!(without_password(directory), shown);
        }
    }

    #[test]
    fn a_kustomization_names_its_files() {
        let mut sources = Sources::default();
        let text = "resources: [../../base, d.yaml]\ncomponents: [../c]\n\
                    patches: [{path: p.yaml}, {patch: 'x: 1'}]\npatchesStrategicMerge: [q.yaml, \"a: 1\\n\"]\n\
                    configMapGenerator: [{name: c, files: [k=f.txt, g.txt], envs: [e.env]}]\n";
        sources.insert(
            "overlays/dev/kustomization.yaml".to_owned(),
            text.to_owned(),
        );
        let parsed = sources.parse();
        let read = parsed.kustomization("overlays/dev").unwrap();
        assert_eq!(
            read.mentions(),
            [
                "base",
                "overlays/dev/d.yaml",
                "overlays/c",
                "overlays/dev/q.yaml",
                "overlays/dev/p.yaml",
                "overlays/dev/f.txt",
                "overlays/dev/g.txt",
                "overlays/dev/e.env"
            ]
        );
        assert!(!read.only_gathers() && !read.is_component());
        assert!(parsed.kustomization("overlays").is_none());
    }
}
