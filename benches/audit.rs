//! The cost of a long audit log: `krm-parity audit` over 200 MB, compared with a plain pass of
//! `serde_json` over the lines.
//!
//! `scripts/bench` runs it. Its bounds are a ratio of two of its own times, and the memory of the
//! process.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;
use serde_json::{Value, json};
use wait4::Wait4 as _;

const KRM_PARITY: &str = env!("CARGO_BIN_EXE_krm-parity");

/// The size of the log.
const BYTES: u64 = 200 << 20;

/// The largest ratio of reading to the plain pass.
const MAX_RATIO: f64 = 2.0;

/// The largest memory, in MiB.
const MAX_MEMORY: u64 = 150;

const ROUNDS: usize = 3;

fn main() -> ExitCode {
    let place = tempfile::tempdir().expect("a temporary directory");
    println!(
        "| log of 200 MiB | lines | bare, skipped | bare, as values | `audit` | of values | memory |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut is_good = true;
    // One line in this many is about an object of Git. The second log is mostly manual work on one
    // object, every write of which is compared with the previous one: its cost is printed, but has
    // no bound.
    for (name, every) in [("of a cluster", 100), ("of work by hand", 10)] {
        let log = place.path().join("audit.jsonl");
        let lines = write(&log, every);
        let skipped = best(|| {
            pass(&log, |line| {
                drop(serde_json::from_slice::<IgnoredAny>(line));
            });
        });
        let values = best(|| {
            pass(&log, |line| {
                drop(serde_json::from_slice::<Value>(line));
            });
        });
        let mut memory = 0;
        let own = best(|| memory = memory.max(audit(&log)));
        let ratio = own.as_secs_f64() / values.as_secs_f64();
        println!(
            "| {name} | {lines} | {} ms | {} ms | {} ms | {ratio:.2} | {memory} MiB |",
            skipped.as_millis(),
            values.as_millis(),
            own.as_millis()
        );
        is_good &= every < 100 || memory <= MAX_MEMORY && ratio <= MAX_RATIO;
    }
    if is_good {
        ExitCode::SUCCESS
    } else {
        println!("BOUND BROKEN: reading an audit log");
        ExitCode::FAILURE
    }
}

fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/live")
}

/// Writes a log: the recorded events repeatedly, most of them about other objects.
fn write(log: &Path, every: usize) -> usize {
    let recorded = recordings().join("self-healed/audit.jsonl");
    let recorded = std::fs::read_to_string(recorded).expect("a recorded log");
    let events: Vec<Value> = recorded
        .lines()
        .map(|line| serde_json::from_str(line).expect("an event"))
        .collect();
    let mut out = BufWriter::new(File::create(log).expect("a file"));
    let (mut bytes, mut lines) = (0, 0_usize);
    while bytes < BYTES {
        let is_asked = lines.is_multiple_of(every);
        let at = if is_asked { lines / every } else { lines };
        let mut event = events[at % events.len()].clone();
        event["auditID"] = json!(format!("id-{lines}"));
        let (minute, second) = (lines / 60 % 60, lines % 60);
        let day = 1 + lines / 86_400 % 28;
        let time = format!(
            "2026-11-{day:02}T{:02}:{minute:02}:{second:02}.000000Z",
            lines / 3600 % 24
        );
        event["requestReceivedTimestamp"] = json!(time);
        event["stageTimestamp"] = json!(time);
        if event["responseObject"]["metadata"].is_object() {
            event["responseObject"]["metadata"]["resourceVersion"] =
                json!((1000 + lines).to_string());
        }
        if !is_asked {
            let other = format!("other-{}", lines % 1000);
            event["objectRef"]["name"] = json!(other);
            event["verb"] = json!(["get", "patch", "update", "watch"][lines % 4]);
        }
        let line = format!("{event}\n");
        out.write_all(line.as_bytes()).expect("a line");
        bytes += line.len() as u64;
        lines += 1;
    }
    out.flush().expect("a log");
    lines
}

fn best(mut work: impl FnMut()) -> Duration {
    let rounds = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed()
    });
    rounds.min().expect("a round")
}

/// A pass over the lines, as a process reads them.
fn pass(log: &Path, mut read: impl FnMut(&[u8])) {
    let mut from = BufReader::with_capacity(256 << 10, File::open(log).expect("a log"));
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).expect("a line") > 0 {
        read(&line);
        line.clear();
    }
}

/// Runs the verb over the log, and returns the peak memory in MiB.
fn audit(log: &Path) -> u64 {
    let child = Command::new(KRM_PARITY)
        .current_dir(recordings().join("self-healed"))
        .env("SOURCE_DATE_EPOCH", "1795651200")
        .args([
            "audit",
            "--rendered",
            "want.yaml",
            "--format",
            "audit-record",
            "--events",
        ])
        .arg(log)
        .stdout(Stdio::null())
        .spawn()
        .expect("krm-parity");
    let used = child.wait4().expect("its end");
    assert!(matches!(used.status.code(), Some(0 | 1)), "it is read");
    used.rusage.maxrss >> 20
}
