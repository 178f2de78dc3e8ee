//! The functionConfig: any document is accepted, or refused in one line with its place.
#![no_main]

use krm_parity::function::{self, Refusal};
use krm_parity::policy::{self, Config};
use krm_parity::resource::Resource;
use krm_parity::snapshot::seal;
use krm_parity::yaml::{self, Node};
use krm_parity_fuzz::{TODAY, canonical, check_list, check_refusal, with_line_feeds};
use libfuzzer_sys::fuzz_target;

const ITEM: &str = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2,"template":{"spec":{"containers":[{"name":"web","image":"web:1"}]}}}}"#;

fuzz_target!(|data: &[u8]| {
    let Ok(tree) = yaml::parse_bytes(data) else {
        return;
    };
    let Some(root) = tree.roots().next() else {
        return;
    };
    check_read(root);
    let config = canonical(root);
    let list = |items: &str, config: &str| {
        format!(
            "{{\"apiVersion\":\"config.kubernetes.io/v1\",\"kind\":\"ResourceList\",\"functionConfig\":{config},\"items\":[{items}]}}"
        )
    };
    let base = yaml::parse(ITEM).expect("an item");
    let base: Vec<_> = base.roots().filter_map(Resource::read).collect();
    let snapshot = seal("web", "base", &base).to_json();
    let items = format!("{},{snapshot}", ITEM.replace("web:1", "web:2"));
    check_list(list(&items, &config).as_bytes());
    check_list(list(ITEM, &config).as_bytes());
    // Any document may also be the spec of a known kind.
    if root.is_map() && root.get("kind").is_none() {
        for (kind, key) in [
            (
                "\"krm-parity.io/v1alpha1\",\"kind\":\"ParityPolicy\"",
                "spec",
            ),
            (
                "\"krm-parity.io/v1alpha1\",\"kind\":\"SnapshotRecorder\"",
                "spec",
            ),
            ("\"v1\",\"kind\":\"ConfigMap\"", "data"),
        ] {
            let config = format!(
                "{{\"apiVersion\":{kind},\"metadata\":{{\"name\":\"shop\"}},\"{key}\":{config}}}"
            );
            check_list(list(&items, &config).as_bytes());
        }
    }
    check_places(data, tree.source());
});

/// A document that is read is consistent; one that is refused gives a one-line error.
fn check_read(root: Node<'_>) {
    match policy::read(krm_parity::rules::RULES, Some(&root.to_yaml_value())) {
        Ok(Config::Recorder(recorder)) => assert!(!recorder.service.is_empty()),
        Ok(Config::Policy(policy)) => {
            assert_ne!(
                policy.environment.as_deref(),
                Some(policy.baseline.as_str())
            );
        }
        Err(error) => {
            let message = &error.message;
            assert!(!message.chars().any(char::is_control), "{message:?}");
            assert!(message.chars().count() < 2_000, "{message}");
        }
    }
}

/// A fault of the text is on one of its lines, both in a separate file and within a list.
fn check_places(data: &[u8], text: &str) {
    // In YAML a bare carriage return ends a line too.
    let lines = with_line_feeds(text).lines().count().max(1);
    if let Err(refusal) = function::run_plugin(data, ITEM.as_bytes(), TODAY) {
        check_refusal(&refusal);
        if let Refusal::Config { line, message } = refusal {
            assert!((1..=lines).contains(&line), "line {line}: {message}");
        }
    }
    let head =
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\nfunctionConfig:\n";
    let block: String = text.lines().map(|line| format!("  {line}\n")).collect();
    let list = head.to_owned() + &block;
    check_list(list.as_bytes());
    if let Err(Refusal::Config { line, message }) = function::run(list.as_bytes(), TODAY) {
        // A list that begins on the line of its key has no separate line.
        assert!((4..=lines + 4).contains(&line), "line {line}: {message}");
    }
}
