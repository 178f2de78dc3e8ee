//! Paths of a repository: relative to one directory, lexically normal, with `/`.

/// Whether an entry of a list is inline content rather than a path.
#[must_use]
pub fn is_inline(entry: &str) -> bool {
    entry.contains('\n') || entry.starts_with('{')
}

/// A path without its last part, and that part.
#[must_use]
pub fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The path of an entry in the kustomization of a directory, with `.` and `..` resolved.
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

/// Removes the detour from a path that leads up from a directory and back down the same way.
///
/// So a directory beside this one has one name, wherever it is named.
#[must_use]
pub fn fold(here: &str, path: String) -> String {
    if !path.starts_with("..") || here.is_empty() {
        return path;
    }
    let mut above = here.rsplit('/').filter(|part| !part.is_empty());
    let mut parts: Vec<&str> = path.split('/').collect();
    let ups = parts.iter().take_while(|part| **part == "..").count();
    let passed: Vec<&str> = above.by_ref().take(ups).collect();
    let mut left = ups;
    while left > 0
        && let Some(part) = parts.get(ups + (ups - left))
        && passed.get(left - 1) == Some(part)
    {
        left -= 1;
    }
    let folded = ups - left;
    parts.drain(ups..ups + folded);
    parts.drain(..folded);
    parts.join("/")
}

/// The path from one directory to another, as a kustomization writes it.
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
        for (path, folded) in [
            ("../../base", "../../base"),
            ("../c", ""),
            ("../c/d", "d"),
            ("../../b", ".."),
            ("../../b/c/d", "d"),
            ("../../b/x/c", "../x/c"),
            ("../../../a/b/c", ""),
            ("../../../../a", "../../../../a"),
            ("c", "c"),
            ("..", ".."),
            ("../../../../..", "../../../../.."),
        ] {
            assert_eq!(fold("/a/b/c", path.to_owned()), folded, "{path}");
            assert_eq!(fold("", path.to_owned()), path);
        }
        assert_eq!(relative("overlays/dev", "base"), "../../base");
        assert_eq!(relative("", "base/x"), "base/x");
        assert_eq!(relative("a/b", "a/b"), ".");
        assert_eq!(relative("a/b", "a"), "..");
    }
}
