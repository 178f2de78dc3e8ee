//! Hosts in the expressions of routers.

/// The functions of Traefik's expressions that name hosts, and whether their arguments are
/// patterns.
const FUNCTIONS: [(&str, bool); 4] = [
    ("HostSNIRegexp", true),
    ("HostRegexp", true),
    ("HostSNI", false),
    ("Host", false),
];

/// An expression of Traefik without its hosts, and those hosts, each with whether it is a pattern.
///
/// ``Host(`a.example.com`) && PathPrefix(`/`)`` without its host is ``Host() && PathPrefix(`/`)``.
/// A host after a `!` is kept, because it is the one that is excluded.
#[must_use]
pub fn open_hosts(expression: &str) -> (String, Vec<(bool, &str)>) {
    let mut rest = String::new();
    let mut hosts = Vec::new();
    let mut left = expression;
    while let Some(first) = left.chars().next() {
        if let Some((name, is_pattern, inside, after)) = call(left, &rest) {
            rest.push_str(name);
            rest.push_str("()");
            hosts.extend(inside.into_iter().map(|host| (is_pattern, host)));
            left = after;
        } else if let Some((_, after)) = quoted(left) {
            // A quoted text is not an expression.
            rest.push_str(&left[..left.len() - after.len()]);
            left = after;
        } else {
            // A negated group names the hosts that are excluded.
            if first == '(' && rest.trim_end().ends_with('!') {
                return (expression.to_owned(), Vec::new());
            }
            rest.push(first);
            left = &left[first.len_utf8()..];
        }
    }
    (rest, hosts)
}

/// A call of a function that names hosts: its name, its arguments and the rest of the text.
fn call<'e>(text: &'e str, before: &str) -> Option<(&'static str, bool, Vec<&'e str>, &'e str)> {
    let is_in_word = before.ends_with(|last: char| last.is_alphanumeric() || last == '_');
    if is_in_word || before.trim_end().ends_with('!') {
        return None;
    }
    let &(name, is_pattern) = FUNCTIONS
        .iter()
        .find(|(name, _)| text.starts_with(&format!("{name}(")))?;
    let mut left = text[name.len() + 1..].trim_start();
    let mut hosts = Vec::new();
    loop {
        let (host, after) = quoted(left)?;
        hosts.push(host);
        let after = after.trim_start();
        if let Some(after) = after.strip_prefix(')') {
            return Some((name, is_pattern, hosts, after));
        }
        left = after.strip_prefix(',')?.trim_start();
    }
}

/// A quoted text at the beginning, and the rest.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text
        .chars()
        .next()
        .filter(|first| "`\"'".contains(*first))?;
    text[1..].split_once(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_removed_from_an_expression() {
        let opened = |text| {
            let (rest, hosts) = open_hosts(text);
            let hosts: Vec<_> = hosts.into_iter().map(|(_, host)| host).collect();
            format!("{rest} {}", hosts.join(" "))
        };
        for (expression, expected) in [
            ("Host(`a.b`)", "Host() a.b"),
            (
                "Host( `a` , \"b\" ) && PathPrefix(`/x`)",
                "Host() && PathPrefix(`/x`) a b",
            ),
            (
                "(Host(`a`) || HostRegexp(`.+`)) && Header(`Host(`, `x`)",
                "(Host() || HostRegexp()) && Header(`Host(`, `x`) a .+",
            ),
            ("HostSNI(`*`)", "HostSNI() *"),
            ("!Host(`a`)", "!Host(`a`) "),
            ("! Host(`a`)", "! Host(`a`) "),
            ("!(Host(`a`) || Host(`b`))", "!(Host(`a`) || Host(`b`)) "),
            ("NoHost(`a`)", "NoHost(`a`) "),
            ("Host(a) && Host(`b`", "Host(a) && Host(`b` "),
            ("`", "` "),
            ("Ä", "Ä "),
        ] {
            assert_eq!(opened(expression), expected, "{expression}");
        }
    }
}
