//! Names of resources inside a text, such as `--peer=web:8080`, which follow the renames of those resources.

/// The shortest name that is searched for in a text: shorter ones occur in words by chance.
const MIN_NAME: usize = 3;

/// Whether two texts say the same except for names that were renamed, each as a whole.
pub(super) fn follow(before: &str, after: &str, is_renamed: impl Fn(&str, &str) -> bool) -> bool {
    let (mut old, mut new) = (before, after);
    let mut any = false;
    loop {
        let (one, other) = (name(old), name(new));
        if one != other {
            if one.len() < MIN_NAME || !is_renamed(one, other) {
                return false;
            }
            any = true;
        }
        (old, new) = (&old[one.len()..], &new[other.len()..]);
        match (old.chars().next(), new.chars().next()) {
            (None, None) => return any,
            (Some(a), Some(b)) if a == b => {
                (old, new) = (&old[a.len_utf8()..], &new[b.len_utf8()..]);
            }
            _ => return false,
        }
    }
}

/// The text that may be a name at the start of another; empty if no name begins there.
///
/// A dot ends it, because the name of a Service is followed by its namespace.
fn name(text: &str) -> &str {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let end = text.find(|c| !is_inside(c)).unwrap_or(text.len());
    let name = &text[..end];
    // The dashes of a flag are not part of its name.
    if name.starts_with('-') {
        &name[..1]
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_follow() {
        let is_renamed = |old: &str, new: &str| {
            [("web", "prod-web"), ("api", "prod-api"), ("a", "prod-a")].contains(&(old, new))
        };
        for (before, after) in [
            ("--peer=web", "--peer=prod-web"),
            ("http://web:80/x", "http://prod-web:80/x"),
            ("web.shop.svc,api", "prod-web.shop.svc,prod-api"),
            ("nslookup web; run web", "nslookup prod-web; run prod-web"),
            // One that is the same as before may be another word.
            ("web web", "prod-web web"),
        ] {
            assert!(follow(before, after, is_renamed), "{before} {after}");
        }
        for (before, after) in [
            ("--peer=web", "--peer=web"),
            ("--peer=web", "--peer=stage-web"),
            ("--peer=web", "--peer=prod-api"),
            ("--peer=web:80", "--peer=prod-web:81"),
            ("--peer=my-web", "--peer=my-prod-web"),
            ("webs", "prod-webs"),
            ("--a=a", "--a=prod-a"),
            ("--peer=web", "--peer=prod-web --debug"),
        ] {
            assert!(!follow(before, after, is_renamed), "{before} {after}");
        }
    }
}
