//! The time that a user notices: whole processes, side by side. `scripts/bench` builds and runs
//! this.
//!
//! Every comparison runs its programs in turn on the same file, with output to /dev/null, and
//! compares medians, so that other work on the machine slows all of them equally.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

#[path = "support/generate.rs"]
mod generate;

const KRM_PARITY: &str = env!("CARGO_BIN_EXE_krm-parity");

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    // This is a separate process, because a child's peak memory starts at its parent's.
    if let ["generate", size, dir] = words.as_slice() {
        write(size.parse().expect("a number of resources"), Path::new(dir));
        return ExitCode::SUCCESS;
    }
    let (Some(read_stdin), Some(bare_tree)) = (variable("READ_STDIN"), variable("BARE_TREE"))
    else {
        println!("whole processes: run scripts/bench");
        return ExitCode::SUCCESS;
    };
    measure(&read_stdin, &bare_tree)
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

/// Writes a list, and the same resources as a kustomize base with an overlay, unchecked and checked.
fn write(size: usize, dir: &Path) {
    let put = |name: &str, text: &str| {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().expect("a file is in a directory"))
            .expect("it can be made");
        fs::write(path, text).expect("it can be written");
    };
    put("list.yaml", &generate::list(size));
    put("base/resources.yaml", &generate::base(size));
    put("base/kustomization.yaml", "resources: [resources.yaml]\n");
    put(
        "overlay/kustomization.yaml",
        "namespace: production\nresources: [../base]\n",
    );
    // The same with a program that only copies its input: the rest is kustomize's own part.
    for (tree, program) in [("checked", KRM_PARITY), ("copied", "cat")] {
        let function = |kind: &str, spec: &str| {
            format!(
                "apiVersion: krm-parity.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: shop\n  annotations:\n    \
                 config.kubernetes.io/function: 'exec: {{path: {program:?}}}'\nspec: {spec}\n"
            )
        };
        put(
            &format!("{tree}/base/record.yaml"),
            &function("SnapshotRecorder", "{}"),
        );
        put(
            &format!("{tree}/base/kustomization.yaml"),
            "resources: [../../base]\ntransformers: [record.yaml]\n",
        );
        put(
            &format!("{tree}/overlay/check.yaml"),
            &function("ParityPolicy", "{environment: production}"),
        );
        put(
            &format!("{tree}/overlay/kustomization.yaml"),
            "namespace: production\nresources: [../base]\ntransformers: [check.yaml]\n",
        );
    }
}

/// The cost of one run.
struct Run {
    wall: Duration,
    /// The greatest resident memory, in bytes.
    peak: u64,
}

/// A program to measure, with the exit code that shows that it did its work.
struct Program<'a> {
    name: &'a OsStr,
    args: &'a [&'a OsStr],
    code: i32,
}

fn program(name: &(impl AsRef<OsStr> + ?Sized), code: i32) -> Program<'_> {
    Program {
        name: name.as_ref(),
        args: &[],
        code,
    }
}

fn run(program: &Program<'_>, input: Option<&Path>) -> Run {
    let stdin = input.map_or_else(Stdio::null, |path| {
        Stdio::from(File::open(path).expect("the input was generated"))
    });
    let mut command = Command::new(program.name);
    command
        .args(program.args)
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Instant::now();
    let child = command.spawn().expect("the program starts");
    let used = child.wait4().expect("the program ends");
    let wall = start.elapsed();
    assert_eq!(
        used.status.code(),
        Some(program.code),
        "{}",
        program.name.display()
    );
    Run {
        wall,
        peak: used.rusage.maxrss,
    }
}

/// Runs the programs in turn this many times; the runs of each program are sorted, fastest first.
fn in_turn(programs: &[&Program<'_>], input: Option<&Path>, times: usize) -> Vec<Vec<Run>> {
    let mut runs: Vec<Vec<Run>> = programs.iter().map(|_| Vec::new()).collect();
    for _ in 0..times {
        for (program, runs) in programs.iter().zip(&mut runs) {
            runs.push(run(program, input));
        }
    }
    for runs in &mut runs {
        runs.sort_by_key(|run| run.wall);
    }
    runs
}

fn median(sorted: &[Run]) -> f64 {
    sorted[sorted.len() / 2].wall.as_secs_f64()
}

fn quickest(sorted: &[Run]) -> f64 {
    sorted[0].wall.as_secs_f64()
}

/// The printed table, and whether every bound was met.
struct Table {
    all_hold: bool,
}

impl Table {
    fn row(&mut self, what: &str, value: f64, unit: &str, bound: Option<f64>, detail: &str) {
        let (bound, verdict) = match bound {
            Some(bound) if value <= bound => (format!("{bound}{unit}"), "PASS"),
            Some(bound) => {
                self.all_hold = false;
                (format!("{bound}{unit}"), "over")
            }
            None => (String::new(), ""),
        };
        let value = format!("{value:.2}{unit}");
        println!("{what:<52} {value:>8} {bound:>6}  {verdict:<4}  {detail}");
    }
}

fn measure(read_stdin: &Path, bare_tree: &Path) -> ExitCode {
    let work = tempfile::tempdir().expect("a temporary directory");
    let sizes = [3, 100, 1_000, 10_000, 100_000];
    let inputs = sizes.map(|size| generated(size, work.path()));
    let [three, .., ten_thousand, _] = &inputs;
    let mut table = Table { all_hold: true };
    println!("{:<52} {:>8} {:>6}", "", "measured", "bound");

    let (passes, fails) = (program(KRM_PARITY, 0), program(KRM_PARITY, 1));
    let (reader, cat, bare) = (
        program(read_stdin, 0),
        program("cat", 0),
        program(bare_tree, 0),
    );

    let runs = in_turn(&[&passes, &reader, &cat], Some(&three.list), 400);
    let ms = |sorted: &[Run]| median(sorted) * 1e3;
    table.row(
        "3 resources: time ÷ a process that reads its stdin",
        median(&runs[0]) / median(&runs[1]),
        "×",
        Some(2.5),
        &format!(
            "{:.2} ms ÷ {:.2} ms; of the quickest runs {:.2}×",
            ms(&runs[0]),
            ms(&runs[1]),
            quickest(&runs[0]) / quickest(&runs[1])
        ),
    );
    table.row(
        "3 resources: time ÷ cat",
        median(&runs[0]) / median(&runs[2]),
        "×",
        None,
        &format!("cat {:.2} ms", ms(&runs[2])),
    );

    let runs = in_turn(&[&fails, &bare], Some(&ten_thousand.list), 31);
    table.row(
        "10,000 resources: time ÷ the bare tree",
        median(&runs[0]) / median(&runs[1]),
        "×",
        Some(1.6),
        &format!(
            "{:.0} ms ÷ {:.0} ms; of the quickest runs {:.2}×",
            ms(&runs[0]),
            ms(&runs[1]),
            quickest(&runs[0]) / quickest(&runs[1])
        ),
    );
    let peak = runs[0].iter().map(|run| run.peak).max().unwrap_or(0);
    table.row(
        "10,000 resources: peak memory ÷ input",
        as_f64(peak) / as_f64(ten_thousand.bytes),
        "×",
        Some(8.0),
        &format!(
            "{} MB ÷ {} MB",
            peak / 1_000_000,
            ten_thousand.bytes / 1_000_000
        ),
    );

    let mut points = Vec::new();
    for (size, input) in sizes.into_iter().zip(&inputs).skip(1) {
        // The smallest list has no finding, the others do.
        let of_size = if input.findings { &fails } else { &passes };
        let runs = in_turn(
            &[of_size],
            Some(&input.list),
            if size > 10_000 { 5 } else { 15 },
        );
        points.push((size, median(&runs[0])));
    }
    let times: Vec<_> = points
        .iter()
        .map(|(size, seconds)| format!("{size}: {:.1} ms", seconds * 1e3))
        .collect();
    table.row(
        "100 to 100,000 resources: exponent of the time",
        exponent(&points),
        "",
        Some(1.1),
        &times.join(", "),
    );
    if let [.., before, last] = points.as_slice() {
        table.row(
            "10,000 to 100,000 resources: exponent of the time",
            exponent(&[*before, *last]),
            "",
            Some(1.1),
            "",
        );
    }

    if let Some(kustomize) = variable("KUSTOMIZE") {
        for (size, input) in sizes.into_iter().zip(&inputs).take(3) {
            beside_kustomize(&mut table, &kustomize, size, input);
        }
    }
    if table.all_hold {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// kustomize's own build of the same resources, with and without the check.
fn beside_kustomize(table: &mut Table, kustomize: &Path, size: usize, input: &Input) {
    let times = if size > 100 { 5 } else { 31 };
    let directory = |name: &str| input.directory.join(name).into_os_string();
    let trees = ["overlay", "copied/overlay", "checked/overlay"].map(directory);
    let build = |directory| {
        [
            OsStr::new("build"),
            OsStr::new("--enable-alpha-plugins"),
            OsStr::new("--enable-exec"),
            directory,
        ]
    };
    let [plain, copied, checked] = trees.each_ref().map(|tree| build(tree));
    let of = |args| Program {
        name: kustomize.as_os_str(),
        args,
        code: 0,
    };
    let runs = in_turn(&[&of(&plain), &of(&copied), &of(&checked)], None, times);
    let code = i32::from(input.findings);
    let own = in_turn(&[&program(KRM_PARITY, code)], Some(&input.list), times);
    table.row(
        &format!("{size} resources: time ÷ `kustomize build` of them"),
        median(&own[0]) / median(&runs[0]),
        "×",
        None,
        &format!(
            "{:.1} ms ÷ {:.0} ms",
            median(&own[0]) * 1e3,
            median(&runs[0]) * 1e3
        ),
    );
    let [plain, copied, checked] = [0, 1, 2].map(|at| median(&runs[at]) * 1e3);
    table.row(
        &format!("{size} resources: checked build ÷ with `cat` twice"),
        checked / copied,
        "×",
        None,
        &format!("{checked:.0} ms ÷ {copied:.0} ms; without functions {plain:.0} ms"),
    );
}

/// One size of input, on disk.
struct Input {
    directory: PathBuf,
    list: PathBuf,
    bytes: u64,
    /// Whether the function has findings in it.
    findings: bool,
}

fn generated(size: usize, work: &Path) -> Input {
    let directory = work.join(size.to_string());
    let this = std::env::current_exe().expect("this program has a path");
    let made = Command::new(this)
        .arg("generate")
        .arg(size.to_string())
        .arg(&directory)
        .status()
        .expect("this program starts again");
    assert!(
        made.success(),
        "the input of {size} resources was not generated"
    );
    let list = directory.join("list.yaml");
    Input {
        bytes: fs::metadata(&list).expect("the list was written").len(),
        findings: size >= generate::FIRST_BROKEN,
        list,
        directory,
    }
}

/// The slope of the line through the points, on logarithmic axes.
fn exponent(points: &[(usize, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points
        .iter()
        .map(|&(size, seconds)| (as_f64(size as u64).ln(), seconds.ln()))
        .collect();
    let count = as_f64(logs.len() as u64);
    let (mean_x, mean_y) = logs.iter().fold((0.0, 0.0), |(x, y), point| {
        (x + point.0 / count, y + point.1 / count)
    });
    let (over, under) = logs.iter().fold((0.0, 0.0), |(over, under), (x, y)| {
        let from_mean = x - mean_x;
        (
            from_mean.mul_add(y - mean_y, over),
            from_mean.mul_add(from_mean, under),
        )
    });
    over / under
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
fn as_f64(size: u64) -> f64 {
    size as f64
}
