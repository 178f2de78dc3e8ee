//! The functionConfig: any document is obeyed, or refused in one line with its place.
#![no_main]

use krm_parity::policy::{self, Config};
use krm_parity::yaml;
use krm_parity_fuzz::{canonical, check_list};
use libfuzzer_sys::fuzz_target;

const ITEM: &str = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2,"template":{"spec":{"containers":[{"name":"web","image":"web:1"}]}}}}"#;

fuzz_target!(|data: &[u8]| {
    let Ok(tree) = yaml::parse_bytes(data) else {
        return;
    };
    let Some(root) = tree.roots().next() else {
        return;
    };
    match policy::read(Some(&root.to_yaml_value())) {
        Ok(Config::Recorder(recorder)) => assert!(!recorder.service.is_empty()),
        Ok(Config::Policy(policy)) => {
            assert_ne!(
                policy.environment.as_deref(),
                Some(policy.baseline.as_str())
            );
        }
        Err(error) => {
            assert!(
                !error.message.chars().any(char::is_control),
                "{:?}",
                error.message
            );
            assert!(error.message.chars().count() < 2_000, "{}", error.message);
        }
    }
    let changed = ITEM.replace("web:1", "web:2");
    let tree = yaml::parse(ITEM).expect("an item");
    let base: Vec<_> = tree
        .roots()
        .filter_map(krm_parity::resource::Resource::read)
        .collect();
    let snapshot = krm_parity::snapshot::seal("web", "base", &base).to_json();
    check_list(
        format!(
            "{{\"apiVersion\":\"config.kubernetes.io/v1\",\"kind\":\"ResourceList\",\"functionConfig\":{},\"items\":[{changed},{snapshot}]}}",
            canonical(root)
        )
        .as_bytes(),
    );
});
