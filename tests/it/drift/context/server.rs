//! A server that answers kubectl as an API server does, with recorded objects of a real one.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// The objects of the server, and its faults.
#[derive(Clone, Default)]
pub struct World {
    pub objects: Vec<Value>,
    /// Kinds without objects: API version, kind, and whether they have a namespace.
    pub kinds: Vec<(&'static str, &'static str, bool)>,
    /// Forbidden requests: a method (`list`, `get`) and a plural.
    pub denied: Vec<(&'static str, &'static str)>,
    /// Groups, with their versions, whose contents it does not list at the moment.
    pub broken: Vec<&'static str>,
    /// The events of a watch.
    pub events: Vec<Value>,
    /// Whether it takes longer than any client waits.
    pub hangs: bool,
}

/// A server that lives until the test program ends.
pub struct Server {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn new(world: World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (world, all) = (world.clone(), Arc::clone(&all));
                thread::spawn(move || serve(stream, &world, &all));
            }
        });
        Self { address, asked }
    }

    /// The requests for objects, as `METHOD path`.
    pub fn asked(&self) -> Vec<String> {
        let all = self.asked.lock().expect("the requests").clone();
        let mut all: Vec<String> = all
            .into_iter()
            .filter(|line| line.matches('/').count() > 3 && !line.ends_with("/v1"))
            .collect();
        all.sort();
        all.dedup();
        all
    }
}

fn serve(mut stream: TcpStream, world: &World, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut first = String::new();
    let _ = reader.read_line(&mut first);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|size| size > 2) {
        line.clear();
    }
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let path = target.split('?').next().unwrap_or_default();
    asked
        .lock()
        .expect("the requests")
        .push(format!("{method} {path}"));
    if world.hangs {
        thread::sleep(Duration::from_mins(10));
    }
    if target.contains("watch=true") {
        let events = world.events.iter().map(|event| format!("{event}\n"));
        let body: String = events.collect();
        let _ = write!(
            stream,
            "HTTP/1.1 200 x\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{body}"
        );
        return;
    }
    let (code, body) = answer(world, path);
    let body = body.to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 {code} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The version, the kind and whether it has a namespace, for all kinds.
fn kinds(world: &World) -> BTreeSet<(String, String, bool)> {
    let own = world.objects.iter().map(|one| {
        (
            text(&one["apiVersion"]).to_owned(),
            text(&one["kind"]).to_owned(),
            one["metadata"]["namespace"].is_string(),
        )
    });
    let more = world
        .kinds
        .iter()
        .map(|(version, kind, is_in)| ((*version).to_owned(), (*kind).to_owned(), *is_in));
    own.chain(more).collect()
}

fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    match kind.strip_suffix('y') {
        Some(start) => format!("{start}ies"),
        None if kind.ends_with('s') => format!("{kind}es"),
        None => format!("{kind}s"),
    }
}

fn status(code: u16, reason: &str, message: &str) -> (u16, Value) {
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "details": {}, "code": code});
    (code, body)
}

fn answer(world: &World, path: &str) -> (u16, Value) {
    let kinds = kinds(world);
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (version, rest) = match parts.as_slice() {
        ["api"] => return (200, json!({"kind": "APIVersions", "versions": ["v1"]})),
        ["apis"] => return (200, groups(world, &kinds)),
        ["api", version, rest @ ..] => ((*version).to_owned(), rest),
        ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
        _ => return status(404, "NotFound", "not found"),
    };
    if world.broken.contains(&version.as_str()) {
        let message = "the server is currently unable to handle the request";
        return status(503, "ServiceUnavailable", message);
    }
    let (namespace, resource, name) = match rest {
        [] => return (200, resources(&version, &kinds)),
        ["namespaces", namespace, resource] => (Some(*namespace), *resource, None),
        ["namespaces", namespace, resource, name] => (Some(*namespace), *resource, Some(*name)),
        [resource] => (None, *resource, None),
        [resource, name] => (None, *resource, Some(*name)),
        _ => return status(404, "NotFound", "not found"),
    };
    let verb = if name.is_some() { "get" } else { "list" };
    if world.denied.contains(&(verb, resource)) {
        let message =
            format!("{resource} is forbidden: User \"bob\" cannot {verb} resource \"{resource}\"");
        return status(403, "Forbidden", &message);
    }
    let is_it = |one: &&Value| {
        let metadata = &one["metadata"];
        text(&one["apiVersion"]) == version
            && plural(text(&one["kind"])) == resource
            && metadata["namespace"].as_str() == namespace
            && name.is_none_or(|name| text(&metadata["name"]) == name)
    };
    let found: Vec<Value> = world.objects.iter().filter(is_it).cloned().collect();
    match (name, found.first()) {
        (Some(_), Some(one)) => (200, one.clone()),
        (Some(name), None) => status(404, "NotFound", &format!("{resource} \"{name}\" not found")),
        (None, _) => {
            // The items of a list do not repeat their kind.
            let items = found.into_iter().map(|mut one| {
                if let Some(fields) = one.as_object_mut() {
                    fields.remove("kind");
                    fields.remove("apiVersion");
                }
                one
            });
            let kind = kinds.iter().find(|(_, kind, _)| plural(kind) == resource);
            let kind = kind.map_or("", |(_, kind, _)| kind);
            let list = json!({"kind": format!("{kind}List"), "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": items.collect::<Vec<_>>()});
            (200, list)
        }
    }
}

fn groups(world: &World, kinds: &BTreeSet<(String, String, bool)>) -> Value {
    let versions = kinds.iter().map(|(version, ..)| version.as_str());
    let versions: BTreeSet<&str> = versions.chain(world.broken.iter().copied()).collect();
    let groups = versions.into_iter().filter_map(|whole| {
        let (group, version) = whole.split_once('/')?;
        let version = json!({"groupVersion": whole, "version": version});
        Some(json!({"name": group, "versions": [version], "preferredVersion": version}))
    });
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups.collect::<Vec<_>>()})
}

fn resources(version: &str, kinds: &BTreeSet<(String, String, bool)>) -> Value {
    let own = kinds.iter().filter(|(of, ..)| of == version);
    let all = own.map(|(_, kind, is_in)| {
        json!({"name": plural(kind), "singularName": kind.to_lowercase(), "namespaced": is_in, "kind": kind, "verbs": ["get", "list"]})
    });
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": all.collect::<Vec<_>>()})
}
