//! The name of another environment inside a value, such as `db.staging.example.com` in production.

use crate::naming::{is_segment, own, pieces, segments};

/// The pieces that may be before and after a name: beside others, a segment is not a separate name.
const BETWEEN: [&str; 9] = [".", "-", "_", "/", ":", "@", "=", "?", "&"];

/// Words that also end the names of hosts, whatever environments are named.
const DOMAINS: [&str; 3] = ["dev", "int", "test"];

/// Whether a value holds the name of an environment as a whole segment beside at least one other.
///
/// `/dev/null` is a device and `example.dev` a domain; neither names an environment.
#[must_use]
pub fn says_name(value: &str, environment: &str) -> bool {
    let (pieces, name) = (pieces(value), segments(environment));
    let is_between = |piece: Option<&&str>| piece.is_none_or(|piece| BETWEEN.contains(piece));
    let said = |at: usize| {
        let length = own(&pieces, at, &name)?;
        let before = at.checked_sub(1).and_then(|at| pieces.get(at));
        let after = pieces.get(at + length);
        let is_device = pieces[at] == "dev" && before == Some(&"/") && at == 1;
        let ends = after.is_none_or(|after| ["/", ":", "@"].contains(after));
        let is_domain = DOMAINS.contains(&pieces[at]) && before == Some(&".") && ends;
        let is_said = is_between(before) && is_between(after) && !is_device && !is_domain;
        is_said.then_some(length)
    };
    let others = pieces.iter().filter(|piece| is_segment(piece)).count();
    (0..pieces.len()).any(|at| {
        let is_here = is_segment(pieces[at]);
        is_here && said(at).is_some_and(|length| others > length.div_ceil(2))
    })
}

/// Whether the name of one environment is a part of the other's, so that a value cannot show which one it means.
#[must_use]
pub fn share_a_name(one: &str, other: &str) -> bool {
    let is_part = |name: &str, of: &str| {
        let (pieces, name) = (pieces(of), segments(name));
        (0..pieces.len()).any(|at| own(&pieces, at, &name).is_some())
    };
    is_part(one, other) || is_part(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_whole_segment_beside_another() {
        for (value, environment, is_said) in [
            ("db.staging.example.com", "staging", true),
            ("db.stg.example.com", "staging", true),
            ("postgres://db-staging:5432/x", "staging", true),
            ("arn:aws:iam::1:role/shop-prod-api", "production", true),
            ("SHOP_PROD", "prod", true),
            ("user@dev", "dev", true),
            ("db-prod-eu", "prod-eu", true),
            ("db-prod-us", "prod-eu", false),
            // The value says nothing else, or says another word.
            ("staging", "staging", false),
            ("/staging/", "staging", false),
            ("latest-contest", "test", false),
            ("shop-preprod", "prod", false),
            ("shop-pre-prod", "prod", false),
            ("staging, and then some", "staging", false),
            // A device and a domain.
            ("/dev/null", "dev", false),
            ("example.dev", "dev", false),
            ("https://example.dev/x", "dev", false),
            ("https://dev.example.dev/x", "dev", true),
            ("db.dev.svc", "dev", true),
            ("", "dev", false),
            ("x-", "", false),
        ] {
            assert_eq!(
                says_name(value, environment),
                is_said,
                "{value} {environment}"
            );
        }
    }

    #[test]
    fn names_that_are_parts_of_others_are_recognised() {
        for (one, other, is_shared) in [
            ("prod", "prod-eu", true),
            ("production", "eu-prod", true),
            ("staging", "stage", true),
            ("staging", "prod", false),
            ("prod", "preprod", false),
        ] {
            assert_eq!(share_a_name(one, other), is_shared, "{one} {other}");
        }
    }
}
