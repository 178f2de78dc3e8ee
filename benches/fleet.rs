//! The cost of a whole fleet: `krm-parity check`, the plain loop over its environments, and a
//! team's shell script.
//!
//! `scripts/bench` runs it. Each one runs in turn on the same generated repository, and medians are
//! compared, so that other work on the machine slows all of them equally.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[path = "support/fleet.rs"]
mod support;

use support::{ENVIRONMENTS, check, generate, put, shown, timed};

const SERVICES: usize = 200;

/// The largest share of the plain loop's time that `check` may take if kustomize builds.
const MAX_RATIO: f64 = 0.15;

/// The same if the engine builds.
const MAX_OWN_RATIO: f64 = 0.02;

/// The largest share of its own time that may be spent outside kustomize.
const MAX_OUTSIDE: f64 = 0.10;

/// The largest memory, in MiB.
const MAX_MEMORY: u64 = 256;

fn main() -> ExitCode {
    let Some(kustomize) = std::env::var_os("KUSTOMIZE").map(PathBuf::from) else {
        println!("a whole fleet: run scripts/bench with kustomize on PATH");
        return ExitCode::SUCCESS;
    };
    let rounds: usize = std::env::var("ROUNDS").map_or(3, |text| text.parse().expect("a number"));
    let place = tempfile::tempdir().expect("a temporary directory");
    let fleet = place.path().join("fleet");
    let planted = generate(&fleet, SERVICES);
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
    let mut validations = Vec::new();
    let validator = Validator::find(&kustomize, &fleet);
    let mut scripts = Vec::new();
    let mut checks = Vec::new();
    let mut engines = Vec::new();
    let mut outside = Vec::new();
    let mut memory = 0;
    let mut found = (0, 0);
    let mut by_engine = 0;
    for _ in 0..rounds {
        loops.push(timed(|| build_all(&kustomize, &fleet)));
        if let Some(validator) = &validator {
            validations.push(timed(|| validator.run()));
        }
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
    let row = |what: &str, time: Duration, found: usize| {
        let ratio = time.as_secs_f64() / all.as_secs_f64();
        println!("| {what} | {} | {ratio:.4} | {found} |", shown(time));
        ratio
    };
    row("`kustomize build` in a loop", all, 0);
    if !scripts.is_empty() {
        let what = "a shell script of kustomize, yq and md5sum";
        row(what, median(scripts), found.1);
    }
    if !validations.is_empty() {
        let what = "kubeconform over what was built before";
        row(what, median(validations), 0);
    }
    row("`krm-parity check --builder kustomize`", own, found.0);
    let engine = median(engines);
    let own_ratio = row("`krm-parity check`, by its engine", engine, by_engine);
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

/// Prints the bounds that are exceeded.
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

fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it can be set");
}

/// kubeconform over the builds of the loop, if it is on `PATH` and `KUBECONFORM_SCHEMAS` names its
/// schemas.
struct Validator {
    schemas: String,
    rendered: PathBuf,
}

impl Validator {
    fn find(kustomize: &Path, fleet: &Path) -> Option<Self> {
        let schemas = std::env::var("KUBECONFORM_SCHEMAS").ok()?;
        let rendered = fleet.join("../rendered.yaml");
        let mut all = Vec::new();
        for overlay in overlays(fleet) {
            let output = Command::new(kustomize).arg("build").arg(overlay).output();
            all.extend(b"---\n");
            all.extend(output.expect("kustomize").stdout);
        }
        fs::write(&rendered, all).expect("it can be written");
        Some(Self { schemas, rendered })
    }

    fn run(&self) {
        let status = Command::new("kubeconform")
            .args(["-schema-location", &self.schemas])
            .arg(&self.rendered)
            .status();
        assert!(status.expect("kubeconform").success());
    }
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

/// A typical script: a sum over probes and the names of variables, compared between environments.
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

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
