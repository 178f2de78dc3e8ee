//! Entries of kustomizations that lead to other repositories, or to the web.

use std::borrow::Cow;

/// Whether an entry names a directory in another repository, which can be built like a local one.
///
/// A file on the web does not count, nor does an entry that may be one.
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
    // kustomize would read a leading dash as an option.
    is_remote(entry) && is_repository && !is_file && !entry.starts_with(['/', '-'])
}

/// A text for people, without the passwords in its URLs.
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
        // An ssh user is not secret, but a user on the web may be a token.
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

/// Whether an entry is a URL, a repository or an absolute path, and not a local path.
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
            // github.com/owner/name, but not a file in a directory with the name `v1.2`.
            is_known_host(host)
        })
}

/// Whether the part before `//` is a repository, and not a local path with an extra slash.
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
    fn remote_entries_are_distinguished_from_local_ones() {
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
}
