//! How `krm-parity init` ends: the changes, what became of the findings, and what comes next.

use std::process::ExitCode;

use super::adoption::Outcome;
use crate::cli::change::{self, Change, Consent, Done};
use crate::cli::{complain, write_out};

/// What was asked for, and what it came to.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Ending<'e> {
    /// What reports call the policy.
    pub file: &'e str,
    pub adopt: bool,
    pub prune: bool,
    pub wire: bool,
    pub consent: Consent,
    pub outcome: &'e Outcome,
    /// Whether something could not be wired.
    pub is_unwired: bool,
}

impl Ending<'_> {
    /// Shows and makes the changes, and says what is left.
    pub(super) fn finish(&self, changes: &[Change]) -> anyhow::Result<ExitCode> {
        let Outcome {
            adoption, pruned, ..
        } = self.outcome;
        let is_left = !adoption.unbuilt.is_empty() || adoption.expired > 0;
        let done = if changes.is_empty() {
            write_out(&format!(
                "Nothing to do: {} is there{}.\n",
                self.file,
                match (self.adopt, self.wire) {
                    (true, _) if is_left => ", and nothing that is found can be adopted",
                    (true, _) if self.prune =>
                        ", there is no finding to adopt, and no exemption that matches nothing",
                    (true, _) => ", and there is no finding to adopt",
                    (false, true) if self.is_unwired => {
                        ", and nothing more can be wired: what is left is named above"
                    }
                    (false, true) => ", and everything that can be is wired",
                    (false, false) => "",
                }
            ))?;
            Done::Shown
        } else {
            change::make(changes, self.consent)?
        };
        if done == Done::Written {
            let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
            write_out(&format!("\nWrote {}.\n", names.join(", ")))?;
            if adoption.allows_tags {
                write_out(
                    "Every environment sets image tags of its own, so spec.allow.classes has image-tag now: \
                     `krm-parity check` reports a tag that no earlier environment has run.\n",
                )?;
            }
            if adoption.adopted > 0 {
                write_out(&format!(
                    "{} adopted as {}: fill in the reasons that say TODO, and who owns them.\n",
                    counted(adoption.adopted, "finding"),
                    counted(adoption.items.len(), "exemption"),
                ))?;
            }
        }
        if !pruned.is_empty() {
            write_out(&format!(
                "{} {} matched nothing any more:\n",
                if done == Done::Written {
                    "Removed"
                } else {
                    "This removes"
                },
                match pruned.len() {
                    1 => "1 exemption that".to_owned(),
                    count => format!("{count} exemptions that"),
                }
            ))?;
            for line in pruned {
                write_out(&format!("  {line}\n"))?;
            }
        }
        for headline in &adoption.unbuilt {
            complain(&format!("krm-parity: not adopted: {headline}"));
        }
        if adoption.expired > 0 {
            complain(&format!(
                "krm-parity: not adopted: {} whose exemption has expired; fix what they report, or decide anew and give the exemption a later date",
                counted(adoption.expired, "finding")
            ));
        }
        if is_left || self.is_unwired {
            Ok(ExitCode::FAILURE)
        } else {
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}
