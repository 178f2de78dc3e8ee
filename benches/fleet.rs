//! What a whole fleet costs: `krm-parity check`, the plain loop over its environments, and a team's shell script.
//!
//! `scripts/bench` runs it. Each is run in turn on one generated repository, and
//! medians are compared, so that a machine with other work to do slows all alike.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wait4::Wait4 as _;

const KRM_PARITY: &str = env!("CARGO_BIN_EXE_krm-parity");
const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "production"];
const SERVICES: usize = 200;

/// What `check` may take of the plain loop's time where kustomize builds.
const MAX_RATIO: f64 = 0.15;

/// What it may take where the engine builds.
const MAX_OWN_RATIO: f64 = 0.02;

/// What of its own time may be spent outside of kustomize.
const MAX_OUTSIDE: f64 = 0.10;

/// The most memory, in MiB.
const MAX_MEMORY: u64 = 256;

fn main() -> ExitCode {
    let Some(kustomize) = std::env::var_os("KUSTOMIZE").map(PathBuf::from) else {
        println!("a whole fleet: run scripts/bench with kustomize on PATH");
        return ExitCode::SUCCESS;
    };
    let rounds: usize = std::env::var("ROUNDS").map_or(3, |text| text.parse().expect("a number"));
    let place = tempfile::tempdir().expect("a temporary directory");
    let fleet = place.path().join("fleet");
    let planted = generate(&fleet);
    let tools = place.path().join("bin");
    fs::create_dir_all(&tools).expect("it can be made");
    let log = place.path().join("log");
    put(
        &tools.join("kustomize"),
        &format!(
            "#!/bin/sh\nbegin=$(date +%s%N)\n{} \"$@\"\ncode=$?\necho \"$begin $(date +%s%N)\" >> {}\nexit $code\n",
            kustomize.display(),
            log.display()
        ),
    );
    executable(&tools.join("kustomize"));
    let mut loops = Vec::new();
    let mut scripts = Vec::new();
    let mut checks = Vec::new();
    let mut engines = Vec::new();
    let mut outside = Vec::new();
    let mut memory = 0;
    let mut found = (0, 0);
    let mut by_engine = 0;
    for _ in 0..rounds {
        loops.push(timed(|| build_all(&kustomize, &fleet)));
        if has_yq() {
            scripts.push(timed(|| found.1 = script(&kustomize, &fleet)));
        }
        let path = kustomize.parent().expect("a directory");
        checks.push(timed(|| {
            let (count, peak) = check(path, &fleet, "kustomize");
            found.0 = count;
            memory = memory.max(peak);
        }));
        engines.push(timed(|| {
            let (count, peak) = check(path, &fleet, "engine");
            by_engine = count;
            memory = memory.max(peak);
        }));
        let _ = fs::remove_file(&log);
        let begin = now();
        check(&tools, &fleet, "kustomize");
        outside.push(idle(&log, begin, now()));
    }
    let (all, own) = (median(loops), median(checks));
    let ratio = own.as_secs_f64() / all.as_secs_f64();
    outside.sort_by(f64::total_cmp);
    let idle = outside[outside.len() / 2];
    println!(
        "{SERVICES} services × {} environments, medians of {rounds}",
        ENVIRONMENTS.len()
    );
    println!("| what | time | of the loop | planted differences found, of {planted} |");
    println!("|---|---|---|---|");
    println!(
        "| `kustomize build` in a loop | {} | 1.000 | 0 |",
        shown(all)
    );
    if !scripts.is_empty() {
        let time = median(scripts);
        let ratio = time.as_secs_f64() / all.as_secs_f64();
        println!(
            "| a shell script of kustomize, yq and md5sum | {} | {ratio:.3} | {} |",
            shown(time),
            found.1
        );
    }
    println!(
        "| `krm-parity check --builder kustomize` | {} | {ratio:.3} | {} |",
        shown(own),
        found.0
    );
    let engine = median(engines);
    let own_ratio = engine.as_secs_f64() / all.as_secs_f64();
    println!(
        "| `krm-parity check`, by its engine | {} | {own_ratio:.4} | {by_engine} |",
        shown(engine)
    );
    println!(
        "outside of kustomize: {:.1} % of check's own time; its memory: {memory} MiB at most",
        100.0 * idle
    );
    hold(&[
        (ratio <= MAX_RATIO, "the loop's time"),
        (idle <= MAX_OUTSIDE, "time outside of kustomize"),
        (memory <= MAX_MEMORY, "memory"),
        (found.0 == planted, "what is found"),
        (
            own_ratio <= MAX_OWN_RATIO,
            "the loop's time, for the engine",
        ),
        (by_engine == planted, "what is found by the engine"),
    ])
}

/// Says which bounds do not hold.
fn hold(bounds: &[(bool, &str)]) -> ExitCode {
    for (_, what) in bounds.iter().filter(|(holds, _)| !holds) {
        println!("BOUND BROKEN: {what}");
    }
    if bounds.iter().all(|(holds, _)| *holds) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file is in a directory")).expect("it can be made");
    fs::write(path, text).expect("it can be written");
}

fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it can be set");
}

/// Writes the fleet; how many services have something wrong.
fn generate(root: &Path) -> usize {
    let mut planted = 0;
    for number in 0..SERVICES {
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
        // Memory that shrinks on the way to production, a probe that production has loosened, a variable of its own.
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

fn overlays(fleet: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let apps = fleet.join("apps");
    (0..SERVICES).flat_map(move |number| {
        let service = apps.join(format!("service-{number:03}/overlays"));
        ENVIRONMENTS.map(|environment| service.join(environment))
    })
}

fn build_all(kustomize: &Path, fleet: &Path) {
    for overlay in overlays(fleet) {
        let status = Command::new(kustomize)
            .arg("build")
            .arg(overlay)
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("kustomize").success());
    }
}

/// What teams write: a sum over probes and the names of variables, compared between environments.
const SCRIPT: &str = r#"
for service in apps/*; do
  sums=
  for environment in dev staging production; do
    sums="$sums $("$KUSTOMIZE" build "$service/overlays/$environment" |
      yq 'select(.kind == "Deployment") | .spec.template.spec.containers[] | [.livenessProbe, .readinessProbe, [.env[].name]]' |
      md5sum | cut -c1-32)"
  done
  [ "$(printf '%s\n' $sums | sort -u | wc -l)" = 1 ] || echo "$service differs"
done
"#;

fn script(kustomize: &Path, fleet: &Path) -> usize {
    let output = Command::new("bash")
        .args(["-c", SCRIPT])
        .env("KUSTOMIZE", kustomize)
        .current_dir(fleet)
        .stderr(Stdio::null())
        .output()
        .expect("bash");
    String::from_utf8_lossy(&output.stdout).lines().count()
}

fn has_yq() -> bool {
    Command::new("yq")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs the gate; how many services have errors, and the most memory in MiB.
fn check(path: &Path, fleet: &Path, builder: &str) -> (usize, u64) {
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
    assert_eq!(usage.status.code(), Some(1), "there are findings");
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

/// The share of a time in which no kustomize ran.
fn idle(log: &Path, begin: u128, end: u128) -> f64 {
    let text = fs::read_to_string(log).expect("the log");
    let mut spans: Vec<(u128, u128)> = text
        .lines()
        .filter_map(|line| {
            let (from, to) = line.split_once(' ')?;
            Some((from.parse().ok()?, to.parse().ok()?))
        })
        .collect();
    spans.sort_unstable();
    let mut busy = 0;
    let mut until = 0;
    for (from, to) in spans {
        let from = from.max(until);
        busy += to.saturating_sub(from);
        until = until.max(to);
    }
    #[allow(clippy::cast_precision_loss, reason = "a share of some seconds")]
    let share = busy as f64 / (end - begin) as f64;
    1.0 - share
}

fn now() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("a clock").as_nanos()
}

fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn shown(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
