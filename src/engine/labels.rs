//! Selectors of labels and annotations.

/// One requirement of a label selector.
#[derive(Debug)]
pub(super) struct Requirement {
    pub key: String,
    /// The accepted values; `None` for any.
    pub values: Option<Vec<String>>,
    pub is_negated: bool,
}

impl Requirement {
    /// Whether Kubernetes accepts its key and its values as those of labels.
    fn is_valid(&self) -> bool {
        let is_name = |text: &str| {
            let is_edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
            let is_inner =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            let bytes = text.as_bytes();
            bytes.len() < 64
                && is_edge(bytes.first())
                && is_edge(bytes.last())
                && bytes.iter().all(is_inner)
        };
        let name = match self.key.split_once('/') {
            Some((domain, name)) if domain.split('.').all(is_name) => name,
            Some(_) => return false,
            None => &self.key,
        };
        let mut values = self.values.iter().flatten();
        is_name(name) && values.all(|value| value.is_empty() || is_name(value))
    }
}

/// Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
pub(super) fn requirements(text: &str) -> Option<Vec<Requirement>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = match (rest.find(','), rest.find('(')) {
            (Some(comma), Some(open)) if open < comma => {
                let close = rest.find(')')?;
                rest[close..].find(',').map(|at| close + at)
            }
            (comma, _) => comma,
        };
        let (one, after) = end.map_or((rest, ""), |end| (&rest[..end], &rest[end + 1..]));
        rest = after.trim_start();
        found.push(requirement(one.trim()).filter(Requirement::is_valid)?);
    }
    Some(found)
}

fn requirement(text: &str) -> Option<Requirement> {
    let make = |key: &str, values: Option<Vec<String>>, is_negated| Requirement {
        key: key.trim().to_owned(),
        values,
        is_negated,
    };
    let listed = |text: &str| -> Option<Vec<String>> {
        let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(
            inner
                .split(',')
                .map(|word| word.trim().to_owned())
                .collect(),
        )
    };
    let single = |text: &str| Some(vec![text.trim().to_owned()]);
    if let Some((key, values)) = text.split_once(" notin ") {
        return Some(make(key, Some(listed(values)?), true));
    }
    if let Some((key, values)) = text.split_once(" in ") {
        return Some(make(key, Some(listed(values)?), false));
    }
    if let Some((key, value)) = text.split_once("!=") {
        return Some(make(key, single(value), true));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Some(make(key, single(value), false));
    }
    match text.strip_prefix('!') {
        Some(key) => Some(make(key, None, true)),
        None => (!text.is_empty()).then(|| make(text, None, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_selectors_are_read() {
        for (text, count) in [
            ("a=b", 1),
            ("a==b,c!=d", 2),
            ("a in (b, c),d notin (e),f,!g", 4),
            ("", 0),
        ] {
            assert_eq!(
                requirements(text).map(|all| all.len()),
                Some(count),
                "{text}"
            );
        }
        assert!(requirements("a in (b").is_none());
    }
}
