//! The environment's own name inside a value, such as `role/shop-prod-api` in production.
//!
//! Two environments that differ only in that each puts in its own name say the same.
//! What counts as a name is narrow: a whole segment, in spellings that cannot
//! mean another environment, and never the whole value.

use crate::catalog::Class;
use crate::compare::diff::Change;
use crate::naming::{are_alike, is_segment, is_taken, is_word, own, pieces, plainest, segments};
use crate::yaml::Node;

/// Whether two values say the same, each with the name of its own environment in it.
///
/// There must be at least one other segment, so that a value that is nothing but a name never counts.
#[must_use]
pub fn says_own_name((one, before): (&str, &str), (other, after): (&str, &str)) -> bool {
    if [one, other].iter().any(|name| is_taken(name)) {
        return false;
    }
    let (a, b) = (pieces(before), pieces(after));
    let (one, other) = (segments(one), segments(other));
    let (mut at, mut to) = (0, 0);
    let (mut is_named, mut is_kept) = (false, false);
    while at < a.len() && to < b.len() {
        match own(&a, at, &one).zip(own(&b, to, &other)) {
            Some((skipped, passed)) => {
                at += skipped;
                to += passed;
                is_named = true;
            }
            None if a[at] == b[to] => {
                is_kept |= is_segment(a[at]);
                at += 1;
                to += 1;
            }
            None => return false,
        }
    }
    is_named && is_kept && at == a.len() && to == b.len()
}

/// Whether an environment says the same as its base, with its own name where the base has a word for another one.
#[must_use]
pub fn puts_own_name(before: &str, environment: &str, after: &str) -> bool {
    let mut words = plainest().filter(|word| before.len() >= word.len());
    words.any(|word| says_own_name((word, before), (environment, after)))
}

/// Whether one of two environments says the same as the other, with its own name added: `shop-prod-db` beside `shop-db`.
///
/// Such a value only adds who uses it, but only one of the two environments does so. So it counts only where the value names
/// data that environments do not share: a Secret, a claim, a bucket, a key elsewhere, a label.
#[must_use]
pub fn puts_name_in(
    change: &Change<'_>,
    class: Class,
    kind: &str,
    (early, late): (&str, &str),
) -> bool {
    let texts = change.base.zip(change.overlay);
    let texts = texts.and_then(|(base, overlay)| base.as_str().zip(overlay.as_str()));
    texts.is_some_and(|(base, overlay)| {
        (is_named(base, late, overlay) || is_named(overlay, early, base))
            && is_mere_name(change, class, kind)
            && is_of_data(change, class)
    })
}

/// Whether a changed value may hold the name of the environment, and decides nothing about what runs, how, or where.
#[must_use]
pub fn is_mere_name(change: &Change<'_>, class: Class, kind: &str) -> bool {
    may_name(change, class, kind) && !is_power(change, kind)
}

/// Whether a field names what an environment has for itself: its data, its certificate, its account elsewhere.
fn is_of_data(change: &Change<'_>, class: Class) -> bool {
    /// The ends of fields and of the keys of annotations.
    const ENDS: [&str; 22] = [
        "arn",
        "bucket",
        "bucketname",
        "claimname",
        "client-id",
        "database",
        "dbname",
        "host",
        "hostname",
        "issuer",
        "keyvaultname",
        "loggroup",
        "queue",
        "queuename",
        "secret",
        "secretname",
        "service-account",
        "topic",
        "topicname",
        "vaultname",
        "volumename",
        "volumehandle",
    ];
    /// The fields around a name or a key.
    const SOURCES: [&str; 11] = [
        "configMap",
        "configMapKeyRef",
        "configMapRef",
        "envFrom",
        "extract",
        "imagePullSecrets",
        "issuerRef",
        "persistentVolumeClaim",
        "remoteRef",
        "secretKeyRef",
        "secretRef",
    ];
    let fields: Vec<&str> = change.fields().collect();
    let Some((last, above)) = fields.split_last() else {
        return false;
    };
    let lower = last.to_ascii_lowercase();
    class == Class::Labels
        || class == Class::IngressStructure
        || ENDS.iter().any(|end| lower.ends_with(end))
        || matches!(*last, "name" | "key" | "property" | "secretName")
            && above.last().is_some_and(|parent| {
                SOURCES.contains(parent) || parent.to_ascii_lowercase().ends_with("secret")
            })
}

/// Whether a label or annotation says which environment it is in, and nothing else: `environment: prod` in production.
///
/// The other side says its own name, a word for environments, or nothing.
#[must_use]
pub fn says_environment(change: &Change<'_>, class: Class, (early, late): (&str, &str)) -> bool {
    const KEYS: [&str; 3] = ["env", "environment", "stage"];
    let Some(key) = change.fields().next_back() else {
        return false;
    };
    let key = key.rsplit(['/', '.']).next().unwrap_or_default();
    let is_key = KEYS.iter().any(|known| key.eq_ignore_ascii_case(known));
    let is_own = |text: &str, name: &str| are_alike(text, name) && !is_taken(text);
    let is_text = |node: Option<Node<'_>>| node.is_none_or(|node| node.as_str().is_some());
    if !is_text(change.base) || !is_text(change.overlay) {
        return false;
    }
    let (base, overlay) = (
        change.base.and_then(Node::as_str),
        change.overlay.and_then(Node::as_str),
    );
    matches!(class, Class::Labels | Class::Annotations)
        && is_key
        && base.is_none_or(|base| is_own(base, early) || is_word(base) && overlay.is_some())
        && overlay.is_none_or(|overlay| is_own(overlay, late))
}

/// Whether a name decides what something may do, how it runs, or what it is for: a role, an account, a class, a selector, a webhook.
///
/// Another name there is another right or another target, which may not even exist.
fn is_power(change: &Change<'_>, kind: &str) -> bool {
    const FIELDS: [&str; 10] = [
        "clientConfig",
        "port",
        "priorityClassName",
        "roleRef",
        "runtimeClassName",
        "serviceAccount",
        "serviceAccountName",
        "serviceName",
        "storageClassName",
        "targetPort",
    ];
    /// References to data, which each environment has for itself.
    const DATA: [&str; 8] = [
        "configMapKeyRef",
        "configMapRef",
        "issuerRef",
        "remoteRef",
        "secretKeyRef",
        "secretRef",
        "secretStoreRef",
        "volumeRef",
    ];
    let is_selector = |field: &str| {
        let field = field.to_ascii_lowercase();
        field.ends_with("selector") || field.ends_with("ref") || field.starts_with("match")
    };
    let is_one = |field: &str| FIELDS.contains(&field) || is_selector(field);
    let is_of_data = |field: &str| DATA.contains(&field);
    kind.ends_with("RoleBinding") || change.fields().any(is_one) && !change.fields().any(is_of_data)
}

/// Whether a value is another one with the name of an environment added, and a character between the two.
fn is_named(plain: &str, environment: &str, named: &str) -> bool {
    let all = pieces(plain);
    let mut words = all.iter().filter(|piece| is_segment(piece));
    if is_taken(environment) || words.clone().next().is_none() || words.any(|piece| is_word(piece))
    {
        return false;
    }
    let (all, name) = (pieces(named), segments(environment));
    (0..all.len()).any(|at| {
        let Some(length) = own(&all, at, &name) else {
            return false;
        };
        let (before, after) = (&all[..at], &all[at + length..]);
        let is_between = |piece: Option<&&str>| piece.is_some_and(|piece| !is_segment(piece));
        let is = |parts: [&[&str]; 2]| parts.concat().concat() == plain;
        match after {
            [_, rest @ ..] if is_between(after.first()) && is([before, rest]) => true,
            _ => match before {
                [rest @ .., _] if is_between(before.last()) => is([rest, after]),
                _ => false,
            },
        }
    })
}

/// Whether a changed value may hold the name of the environment as a mere name, and not as something that runs.
#[must_use]
pub fn may_name(change: &Change<'_>, class: Class, kind: &str) -> bool {
    const RUN: [&str; 12] = [
        "args",
        "command",
        "ephemeralContainers",
        "image",
        "images",
        "lifecycle",
        "livenessProbe",
        "readinessProbe",
        "route",
        "routes",
        "securityContext",
        "startupProbe",
    ];
    let fields: Vec<&str> = change.fields().collect();
    let Some((last, above)) = fields.split_last() else {
        return false;
    };
    if change.secret || fields.iter().any(|field| RUN.contains(field)) {
        return false;
    }
    let is_in = |name: &str| above.contains(&name);
    if is_in("containers") || is_in("initContainers") {
        // In a container, only the sources of its environment and its volumes have such names.
        const NAMED: [&str; 4] = ["envFrom", "valueFrom", "volumeDevices", "volumeMounts"];
        return *last == "name" && NAMED.iter().any(|list| is_in(list));
    }
    match class {
        Class::Labels | Class::Annotations => {
            let is_of_metadata = matches!(
                above,
                [.., parent, "labels" | "annotations"] if parent.ends_with("etadata")
            );
            // A selector goes with the labels of its pods.
            let is_selector = matches!(
                above,
                ["spec", "selector"] | ["spec", "selector", "matchLabels"]
            );
            let domain = last.split_once('/').map_or("", |(domain, _)| domain);
            let is_routed = domain.split(['.', '-']).any(|part| part == "ingress");
            (is_of_metadata || is_selector) && !is_routed && domain != "pod-security.kubernetes.io"
        }
        Class::IngressStructure => *last == "secretName" && is_in("tls"),
        Class::Other => !kind.contains("Route") && !kind.contains("Ingress"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_differ_only_in_the_own_name_say_the_same() {
        for (one, before, other, after, is_same) in [
            (
                "dev",
                "role/shop-dev-api",
                "prod",
                "role/shop-prod-api",
                true,
            ),
            ("dev", "shop-development", "prod", "shop-production", true),
            (
                "dev",
                "db.dev.example.com",
                "staging",
                "db.stage.example.com",
                true,
            ),
            ("dev", "a_dev_b", "prod-eu", "a_prod_eu_b", true),
            ("dev", "DEV-shop", "prod", "PROD-shop", true),
            // The name of another environment, or another word.
            (
                "dev",
                "role/shop-dev-api",
                "prod",
                "role/shop-dev-api",
                false,
            ),
            (
                "dev",
                "role/shop-dev-api",
                "prod",
                "role/shop-staging-api",
                false,
            ),
            (
                "dev",
                "role/shop-dev-api",
                "prod",
                "role/shop-prod-admin",
                false,
            ),
            ("test", "shop-test", "int", "shop-int", true),
            ("test", "shop-int", "int", "shop-test", false),
            // Never a whole value, nor a part of a word.
            ("dev", "dev", "prod", "prod", false),
            ("dev", "/dev/", "prod", "/prod/", false),
            ("dev", "devices", "prod", "prodices", false),
            ("dev", "shopdev", "prod", "shopprod", false),
            // With a word before it, the name is that of another environment.
            ("dev", "shop-dev", "prod", "shop-pre-prod", false),
            ("dev", "shop-pre-dev", "prod", "shop-pre-prod", false),
            // The API gives these words a meaning.
            (
                "baseline",
                "x-baseline",
                "privileged",
                "x-privileged",
                false,
            ),
            ("", "shop", "", "shop", false),
        ] {
            let told = says_own_name((one, before), (other, after));
            assert_eq!(told, is_same, "{one} {before} {other} {after}");
        }
    }

    #[test]
    fn a_value_with_the_own_name_added_is_recognised() {
        for (plain, environment, named, is_it) in [
            ("shop-db", "prod", "shop-prod-db", true),
            ("shop-db", "production", "shop-db-prod", true),
            ("shop-db", "prod", "prod-shop-db", true),
            ("db.example.com", "staging", "db.stg.example.com", true),
            // Another word, another name, or a value that is nothing but the name.
            ("shop-db", "prod", "shop-staging-db", false),
            ("shop-db", "prod", "shop-prod-admin", false),
            ("shop-db", "prod", "shopprod-db", false),
            ("shop-dev-db", "prod", "shop-dev-prod-db", false),
            ("", "prod", "prod", false),
            ("-", "prod", "-prod-", false),
            ("shop", "default", "shop-default", false),
        ] {
            assert_eq!(
                is_named(plain, environment, named),
                is_it,
                "{plain} {named}"
            );
        }
    }

    #[test]
    fn a_base_may_speak_of_another_environment() {
        for (before, environment, after, is_same) in [
            ("shop-dev-db", "prd", "shop-prd-db", true),
            ("shop-staging-db", "production", "shop-prod-db", true),
            (
                "shop.int.example.com",
                "prod",
                "shop.prod.example.com",
                true,
            ),
            // The base names no environment, or the overlay names another one.
            ("shop-main-db", "prod", "shop-prod-db", false),
            ("shop-dev-db", "prod", "shop-staging-db", false),
            ("shop-dev-db", "", "shop--db", false),
            ("dev", "prod", "prod", false),
        ] {
            let told = puts_own_name(before, environment, after);
            assert_eq!(told, is_same, "{before} {environment} {after}");
        }
    }
}
