//! Edits that an overlay may make, on resources as JSON.

mod everything;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use everything::{annotations, labels, labels_and_selectors, names, namespace, rendered_names};

/// Numbers that are the same for the same seed.
pub struct Dice(u64);

/// The first seed: always the same, or with `KRM_PARITY_EXPLORE=1` one that no run has used.
///
/// Any other number is the first seed itself, to repeat an earlier run.
#[must_use]
pub fn first_seed() -> u64 {
    let Ok(text) = std::env::var("KRM_PARITY_EXPLORE") else {
        return 0;
    };
    let now = || {
        let since = std::time::UNIX_EPOCH.elapsed().expect("a clock");
        since.as_secs() * 1_000_000
    };
    let first = text.parse().ok().filter(|first| *first > 1);
    let first = first.unwrap_or_else(now);
    println!("seeds from KRM_PARITY_EXPLORE={first}");
    first
}

impl Dice {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        // The generator of Knuth's MMIX; its high bits are random enough.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }

    pub fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.roll(items.len())]
    }

    pub fn word(&mut self) -> String {
        format!("w{}", self.roll(1 << 20))
    }
}

/// Rewrites all resources of an overlay.
pub type Edit = fn(&mut [Value], &mut Dice);

/// Every innocent edit by name, in the order in which kustomize would make them.
pub const INNOCENT: &[(&str, Edit)] = &[
    ("env values", env_values),
    ("config values", config_values),
    ("replicas", replicas),
    ("quantities", quantities),
    ("spelling", spelling),
    ("hostnames", hostnames),
    ("namespace", namespace),
    ("names", names),
    ("rendered names", rendered_names),
    ("labels", labels),
    ("labels and selectors", labels_and_selectors),
    ("annotations", annotations),
];

pub fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

fn group(resource: &Value) -> &str {
    text(resource, "/apiVersion")
        .split_once('/')
        .map_or("", |(group, _)| group)
}

/// Every map in a value, from the top.
fn maps(value: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    if value.is_object() {
        visit(value);
    }
    match value {
        Value::Object(entries) => entries.iter_mut().for_each(|(_, value)| maps(value, visit)),
        Value::Array(items) => items.iter_mut().for_each(|value| maps(value, visit)),
        _ => {}
    }
}

/// Every container of every pod, which is recognized by its fields.
fn containers(resources: &mut [Value], visit: &mut dyn FnMut(&mut Value)) {
    for resource in resources {
        if text(resource, "/kind") == "CustomResourceDefinition" {
            continue;
        }
        maps(resource, &mut |map| {
            if !map["containers"].is_array() {
                return;
            }
            for list in ["containers", "initContainers"] {
                let list = map.get_mut(list).and_then(Value::as_array_mut);
                list.into_iter().flatten().for_each(&mut *visit);
            }
        });
    }
}

fn env_values(resources: &mut [Value], dice: &mut Dice) {
    containers(resources, &mut |container| {
        let env = container.get_mut("env").and_then(Value::as_array_mut);
        for variable in env.into_iter().flatten() {
            let name = variable["name"].clone();
            match dice.roll(4) {
                0 => *variable = json!({"name": name, "value": dice.word()}),
                1 => {
                    let value = format!("http://{}:80/?a=b", dice.word());
                    *variable = json!({"value": value, "name": name});
                }
                2 => {
                    let source = json!({"secretKeyRef": {"name": dice.word(), "key": dice.word()}});
                    *variable = json!({"name": name, "valueFrom": source});
                }
                _ => {}
            }
        }
    });
}

fn config_values(resources: &mut [Value], dice: &mut Dice) {
    for resource in resources {
        if !matches!(text(resource, "/kind"), "ConfigMap" | "Secret") {
            continue;
        }
        for field in ["data", "stringData"] {
            let data = resource.get_mut(field).and_then(Value::as_object_mut);
            for (_, value) in data.into_iter().flatten() {
                if dice.roll(2) == 0 {
                    *value = dice.word().into();
                }
            }
        }
    }
}

fn replicas(resources: &mut [Value], dice: &mut Dice) {
    for resource in resources {
        let (own, kind) = (
            group(resource).to_owned(),
            text(resource, "/kind").to_owned(),
        );
        let count = json!(1 + dice.roll(20));
        match (own.as_str(), kind.as_str()) {
            ("apps", "Deployment" | "StatefulSet" | "ReplicaSet") => match dice.roll(3) {
                0 => resource["spec"]["replicas"] = count,
                1 => {
                    resource["spec"]
                        .as_object_mut()
                        .map(|spec| spec.remove("replicas"));
                }
                _ => {}
            },
            ("autoscaling", "HorizontalPodAutoscaler") => {
                resource["spec"]["minReplicas"] = count;
                resource["spec"]["maxReplicas"] = json!(20 + dice.roll(20));
            }
            ("keda.sh", "ScaledObject" | "ScaledJob") => {
                resource["spec"]["minReplicaCount"] = count;
                resource["spec"]["maxReplicaCount"] = json!(20 + dice.roll(20));
            }
            ("policy", "PodDisruptionBudget") => {
                let spec = resource["spec"].as_object_mut().expect("a map");
                spec.remove("minAvailable");
                spec.remove("maxUnavailable");
                let percent = json!(format!("{}%", dice.roll(100)));
                let field = *dice.pick(&["minAvailable", "maxUnavailable"]);
                spec.insert(field.to_owned(), dice.pick(&[percent, count]).clone());
            }
            _ => {}
        }
    }
}

/// A quantity in thousandths.
#[must_use]
pub fn thousandths(value: &Value) -> Option<i128> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let at = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: i128 = text[..at].parse().ok()?;
    let unit: i128 = match &text[at..] {
        "m" => 1,
        "" => 1000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        _ => return None,
    };
    Some(number * unit)
}

/// One of the spellings of an amount.
fn spelt(amount: i128, dice: &mut Dice) -> Value {
    let mut all = vec![json!(format!("{amount}m"))];
    for (unit, name) in [
        (1000, ""),
        (1_000_000, "k"),
        (1_000_000_000, "M"),
        (1000 << 10, "Ki"),
        (1000 << 20, "Mi"),
        (1000 << 30, "Gi"),
    ] {
        if amount % unit == 0 {
            all.push(json!(format!("{}{name}", amount / unit)));
            all.push(json!(format!("{}.0{name}", amount / unit)));
        }
    }
    if amount % 1000 == 0 {
        let whole = i64::try_from(amount / 1000).expect("not that much");
        all.push(json!(whole));
        all.push(json!(format!("{whole}e0")));
    } else {
        all.push(json!(format!("{}.{:03}", amount / 1000, amount % 1000)));
    }
    dice.pick(&all).clone()
}

fn resource_keys(resources: &Value) -> BTreeSet<String> {
    ["limits", "requests"]
        .iter()
        .filter_map(|list| resources[list].as_object())
        .flat_map(|entries| entries.keys().cloned())
        .collect()
}

/// Changes of up to 4× in either direction, and of the limit-to-request ratio by up to 1.5×.
fn quantities(resources: &mut [Value], dice: &mut Dice) {
    const TIMES: &[(i128, i128)] = &[(1, 4), (1, 2), (1, 1), (3, 2), (2, 1), (3, 1), (4, 1)];
    containers(resources, &mut |container| {
        let Some(resources) = container.get_mut("resources") else {
            return;
        };
        for key in resource_keys(resources) {
            let amount = |list| thousandths(&resources[list][&key]);
            let (request, limit) = (amount("requests"), amount("limits"));
            // A quantity in another notation stays, with its siblings.
            let is_strange =
                |list, amount: Option<i128>| amount.is_none() && !resources[list][&key].is_null();
            if is_strange("requests", request) || is_strange("limits", limit) {
                continue;
            }
            let &(up, down) = dice.pick(TIMES);
            // The limit changes with it, within 4×, and with a slightly different factor.
            let &(more, less) = dice.pick(&[(1, 1), (3, 2), (2, 3), (5, 4)]);
            let (up_too, down_too) = (up * more, down * less);
            let holds = up_too <= 4 * down_too && 4 * up_too >= down_too;
            let of_limit = if holds {
                (up_too, down_too)
            } else {
                (up, down)
            };
            let times = |amount: Option<i128>, (up, down)| match amount {
                Some(amount) => (amount * up % down == 0).then(|| Some(amount * up / down)),
                None => Some(None),
            };
            // Both or none: a single one would change the ratio.
            if let (Some(request), Some(limit)) =
                (times(request, (up, down)), times(limit, of_limit))
            {
                for (list, amount) in [("requests", request), ("limits", limit)] {
                    if let Some(amount) = amount {
                        resources[list][&key] = spelt(amount, dice);
                    }
                }
            }
        }
    });
}

fn spelling(resources: &mut [Value], dice: &mut Dice) {
    containers(resources, &mut |container| {
        let Some(resources) = container.get_mut("resources") else {
            return;
        };
        for list in ["limits", "requests"] {
            let list = resources.get_mut(list).and_then(Value::as_object_mut);
            for (_, value) in list.into_iter().flatten() {
                if let Some(amount) = thousandths(value) {
                    *value = spelt(amount, dice);
                }
            }
        }
    });
}

/// The elements of a list in a value.
fn list<'v>(value: &'v mut Value, pointer: &str) -> Vec<&'v mut Value> {
    let list = value.pointer_mut(pointer).and_then(Value::as_array_mut);
    list.map_or_else(Vec::new, |list| list.iter_mut().collect())
}

fn hostnames(resources: &mut [Value], dice: &mut Dice) {
    let suffix = dice.word();
    // Each name becomes the same other name everywhere.
    let rename = |value: &mut Value| {
        if let Some(host) = value.as_str() {
            let host = host.strip_prefix("*.").map_or_else(
                || format!("{suffix}-{host}"),
                |rest| format!("*.{suffix}.{rest}"),
            );
            *value = host.into();
        }
    };
    for resource in resources {
        let annotations = resource.pointer_mut("/metadata/annotations");
        let annotations = annotations.and_then(Value::as_object_mut);
        for (key, value) in annotations.into_iter().flatten() {
            if key.starts_with("external-dns.alpha.kubernetes.io/") && key.ends_with("hostname") {
                rename(value);
            }
        }
        match (group(resource), text(resource, "/kind")) {
            ("networking.k8s.io" | "extensions", "Ingress") => {
                list(resource, "/spec/rules")
                    .into_iter()
                    .filter_map(|rule| rule.get_mut("host"))
                    .for_each(rename);
                for tls in list(resource, "/spec/tls") {
                    list(tls, "/hosts").into_iter().for_each(rename);
                }
            }
            ("gateway.networking.k8s.io", _) => {
                list(resource, "/spec/hostnames")
                    .into_iter()
                    .for_each(rename);
                list(resource, "/spec/listeners")
                    .into_iter()
                    .filter_map(|one| one.get_mut("hostname"))
                    .for_each(rename);
            }
            ("networking.istio.io", "VirtualService") => {
                list(resource, "/spec/hosts").into_iter().for_each(rename);
            }
            ("networking.istio.io", "Gateway") => {
                for server in list(resource, "/spec/servers") {
                    list(server, "/hosts").into_iter().for_each(rename);
                }
            }
            ("route.openshift.io", "Route") => {
                resource
                    .pointer_mut("/spec/host")
                    .into_iter()
                    .for_each(rename);
            }
            ("projectcontour.io", "HTTPProxy") => {
                resource
                    .pointer_mut("/spec/virtualhost/fqdn")
                    .into_iter()
                    .for_each(rename);
            }
            ("cert-manager.io", "Certificate") => {
                list(resource, "/spec/dnsNames")
                    .into_iter()
                    .for_each(rename);
                resource
                    .pointer_mut("/spec/commonName")
                    .into_iter()
                    .for_each(rename);
            }
            _ => {}
        }
    }
}
