//! The cost of more environments: `krm-parity check` with its engine over 12 to 10,002 overlays,
//! over one service of them, and the build of one overlay.
//!
//! `scripts/bench` runs it. Its bound is a ratio of two of its own times.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

#[path = "support/fleet.rs"]
mod support;

use support::{ENVIRONMENTS, KRM_PARITY, check, generate, shown, timed};

/// The numbers of services of the fleets.
const GROWTH: [usize; 4] = [4, 34, 334, 3334];

/// The largest growth of the time, as an exponent of the number of overlays.
const MAX_EXPONENT: f64 = 1.15;

fn main() -> ExitCode {
    let place = tempfile::tempdir().expect("a temporary directory");
    let exponent = growth(place.path());
    if exponent <= MAX_EXPONENT {
        ExitCode::SUCCESS
    } else {
        println!("BOUND BROKEN: growth of the time");
        ExitCode::FAILURE
    }
}

/// Prints the cost of more overlays, and returns the exponent between the last two.
fn growth(place: &Path) -> f64 {
    println!("| overlays | `check` | memory | one service of them | `build` of one overlay |");
    println!("|---|---|---|---|---|");
    let mut times: Vec<(usize, Duration)> = Vec::new();
    for services in GROWTH {
        let fleet = place.join(format!("fleet-{services}/fleet"));
        generate(&fleet, services);
        let overlays = services * ENVIRONMENTS.len();
        let rounds = if services > 1_000 { 1 } else { 5 };
        let mut memory = 0;
        let best = |work: &mut dyn FnMut()| {
            let times = (0..rounds).map(|_| timed(&mut *work));
            times.min().expect("a round")
        };
        let all = best(&mut || memory = check(place, &fleet, "engine").1);
        let quiet = |arguments: &[&str]| {
            let mut command = Command::new(KRM_PARITY);
            let command = command.args(arguments).current_dir(&fleet);
            let status = command.stdout(Stdio::null()).status();
            assert!(status.expect("krm-parity").success(), "{arguments:?}");
        };
        let one = best(&mut || quiet(&["check", "--builder", "engine", "apps/service-000"]));
        let build = best(&mut || quiet(&["build", "apps/service-000/overlays/production"]));
        println!(
            "| {overlays} | {} | {memory} MiB | {} | {} |",
            shown(all),
            shown(one),
            shown(build)
        );
        times.push((overlays, all));
    }
    let [.., (less, short), (more, long)] = times.as_slice() else {
        return f64::NAN;
    };
    #[allow(clippy::cast_precision_loss, reason = "some thousands")]
    let factor = *more as f64 / *less as f64;
    let exponent = (long.as_secs_f64() / short.as_secs_f64()).log(factor);
    println!("exponent of the time from {less} to {more} overlays: {exponent:.2}");
    exponent
}
