//! The containers of the watch report even changes that self-heal reverts within a second.

use serde_json::{Value, json};

use super::{argocd, of_argocd};
use crate::recipes::text;
use crate::support::{NEWEST, require};

/// An entry of managed fields that owns the image of the container.
fn owner(manager: &str, operation: &str, time: &str) -> Value {
    let image = json!({"f:containers": {"k:{\"name\":\"basket\"}": {".": {}, "f:image": {}}}});
    json!({
        "manager": manager, "operation": operation, "apiVersion": "apps/v1", "time": time, "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:template": {"f:spec": image}}},
    })
}

#[test]
fn the_watch_reports_reverted_changes_and_their_authors() {
    let shop = argocd(&require!(kustomize(NEWEST)));
    let built = shop.shell(
        "kustomize build --enable-alpha-plugins --enable-exec basket/overlays/production",
        &[],
    );
    let built = built.expect_success("production");
    let deployment = built
        .split("---\n")
        .find(|document| document.contains("kind: Deployment"))
        .expect("a Deployment");
    let deployment: Value = serde_yaml::from_str(deployment).expect("YAML");
    let healthy = |version: &str, time: &str| {
        let mut object = deployment.clone();
        object["metadata"]["uid"] = json!("1");
        object["metadata"]["resourceVersion"] = json!(version);
        object["metadata"]["managedFields"] = json!([owner("argocd-controller", "Apply", time)]);
        object
    };
    let mut changed = healthy("11", "2026-11-25T19:00:00Z");
    let image = "registry.example.com/shop/basket:2.6.9";
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
    changed["metadata"]["managedFields"] =
        json!([owner("kubectl-set", "Update", "2026-11-25T19:53:36Z")]);
    let events = [
        ("ADDED", healthy("10", "2026-11-25T19:00:00Z")),
        ("MODIFIED", changed),
        ("MODIFIED", healthy("12", "2026-11-25T19:53:37Z")),
    ]
    .map(|(kind, object)| json!({"type": kind, "object": object}));
    // In kubectl's form for people.
    let events = events.map(|event| serde_json::to_string_pretty(&event).expect("JSON"));
    let events = shop.tree.write("events.json", &events.join("\n"));
    let seen = shop.tree.path("seen").display().to_string();
    // The second watch is refused: the container ends, and is restarted.
    let body = format!(
        "[ ! -e {seen} ]\necho \"$@\" > {seen}\ncat {}",
        events.display()
    );
    shop.tree.script("bin/kubectl", &body);
    let script = text(&of_argocd("trail/watch.yaml", "ConfigMap")["data"]["watch.sh"]);
    let script = script.replace("/deploy/shop", &shop.clone().display().to_string());
    let file = shop.tree.write("watch.sh", &script).display().to_string();
    let run = shop.shell(&format!("sh -eu {file} deployments.v1.apps"), &[]);
    assert_eq!(
        run.code,
        Some(0),
        "what was taken back is a warning: {run:#?}"
    );
    let records: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a record"))
        .collect();
    let [made, reverted] = records.as_slice() else {
        panic!("one change, told and taken back: {run:#?}");
    };
    assert_eq!(made["id"], reverted["id"]);
    assert_eq!(
        (&made["live"], &made["manager"]),
        (&json!(image), &json!("kubectl-set"))
    );
    assert_eq!(reverted["reverted"]["by"], "argocd-controller");
    let asked = shop.tree.read("seen");
    assert!(
        asked.starts_with("get deployments.v1.apps --namespace shop --watch"),
        "{asked}"
    );
}
