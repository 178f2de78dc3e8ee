//! A repository with many services, and the cost of checking it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

pub const KRM_PARITY: &str = env!("CARGO_BIN_EXE_krm-parity");
pub const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "production"];

/// Writes the fleet, and returns the number of faulty services.
pub fn generate(root: &Path, services: usize) -> usize {
    let mut planted = 0;
    for number in 0..services {
        let name = format!("service-{number:03}");
        let service = root.join("apps").join(&name);
        put(
            &service.join("base/kustomization.yaml"),
            "resources: [deployment.yaml, service.yaml, ingress.yaml]\nconfigMapGenerator:\n- {name: app, literals: [CACHE=on, WORKERS=4]}\n",
        );
        put(&service.join("base/deployment.yaml"), &deployment(&name));
        put(
            &service.join("base/service.yaml"),
            &format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: 8080}}]}}\n"
            ),
        );
        put(
            &service.join("base/ingress.yaml"),
            &format!(
                "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}}}\nspec: {{rules: [{{host: {name}.example.com, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: {name}, port: {{number: 80}}}}}}}}]}}}}]}}\n"
            ),
        );
        // Memory that shrinks towards production, a probe that production has loosened, an extra
        // variable.
        let (shrinks, loosens, adds) = (number % 20 == 7, number % 20 == 11, number % 20 == 13);
        planted += usize::from(shrinks) + usize::from(loosens) + usize::from(adds);
        for environment in ENVIRONMENTS {
            let is_production = environment == "production";
            let memory = match environment {
                "dev" => "256Mi",
                "production" if shrinks => "512Mi",
                _ => "1Gi",
            };
            let mut more = String::new();
            if is_production && loosens {
                more.push_str("        livenessProbe: {periodSeconds: 120}\n");
            }
            if is_production && adds {
                more.push_str("        env: [{name: SKIP_CHECKS, value: 'true'}]\n");
            }
            let overlay = service.join("overlays").join(environment);
            put(
                &overlay.join("kustomization.yaml"),
                &format!(
                    "namespace: {environment}\nresources: [../../base]\npatches:\n- path: sizes.yaml\n- target: {{kind: Ingress}}\n  patch: |\n    - op: replace\n      path: /spec/rules/0/host\n      value: {name}.{environment}.example.com\n"
                ),
            );
            put(
                &overlay.join("sizes.yaml"),
                &format!(
                    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n      - name: app\n        resources: {{requests: {{memory: {memory}}}, limits: {{memory: {memory}}}}}\n{more}"
                ),
            );
        }
    }
    planted
}

fn deployment(name: &str) -> String {
    let mut out = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n"
    );
    let _ = write!(
        out,
        "      - name: app\n        image: registry.example.com/{name}:1.0\n        env: [{{name: LOG_LEVEL, value: info}}, {{name: REGION, value: any}}]\n        envFrom: [{{configMapRef: {{name: app}}}}]\n        livenessProbe: {{httpGet: {{path: /live, port: 8080}}, periodSeconds: 10}}\n        readinessProbe: {{httpGet: {{path: /ready, port: 8080}}}}\n        resources: {{requests: {{cpu: 250m, memory: 512Mi}}, limits: {{memory: 512Mi}}}}\n"
    );
    out
}

pub fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file is in a directory")).expect("it can be made");
    fs::write(path, text).expect("it can be written");
}

/// Runs the gate, and returns the number of services with errors, and the peak memory in MiB.
pub fn check(path: &Path, fleet: &Path, builder: &str) -> (usize, u64) {
    let report = fleet.join("../report.json");
    let mut search = std::ffi::OsString::from(path);
    search.push(":/usr/bin:/bin");
    let child = Command::new(KRM_PARITY)
        .args(["check", "--builder", builder])
        .arg(format!("--format=json={}", report.display()))
        .current_dir(fleet)
        .env("PATH", search)
        .spawn()
        .expect("krm-parity");
    let usage = child.wait4().expect("its end");
    assert!(matches!(usage.status.code(), Some(0 | 1)), "it is judged");
    let text = fs::read_to_string(report).expect("the report");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let mut services: Vec<&str> = findings
        .iter()
        .filter(|finding| finding["severity"] == "error")
        .filter_map(|finding| finding["service"].as_str())
        .collect();
    services.dedup();
    (services.len(), usage.rusage.maxrss >> 20)
}

pub fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

pub fn shown(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{:.1} ms", 1e3 * time.as_secs_f64())
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}
