//! The end of `krm-parity init`: the changes, the outcome for the findings, and the next steps.

use std::process::ExitCode;

use super::adoption::Outcome;
use crate::cli::change::{self, Change, Consent, Done};
use crate::cli::{complain, write_out};

/// The options, and the result.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Ending<'e> {
    /// The policy's name in reports.
    pub file: &'e str,
    pub adopt: bool,
    pub prune: bool,
    pub wire: bool,
    /// Whether builds use the plugin.
    pub plugin: bool,
    pub consent: Consent,
    pub outcome: &'e Outcome,
    /// A directory whose builds check themselves.
    pub wired: Option<&'e str>,
    /// Whether something could not be wired.
    pub is_unwired: bool,
}

impl Ending<'_> {
    /// Shows and makes the changes, and names the remaining steps.
    pub(super) fn finish(&self, changes: &[Change]) -> anyhow::Result<ExitCode> {
        let adoption = &self.outcome.adoption;
        let is_left = !adoption.unbuilt.is_empty() || adoption.expired > 0;
        let done = if changes.is_empty() {
            write_out(&format!(
                "Nothing to do: {} exists{}.\n",
                self.file,
                match (self.adopt, self.wire) {
                    (true, _) if is_left => ", and none of the findings can be adopted",
                    (true, _) if self.prune =>
                        ", there is no finding to adopt, and every exemption matches something",
                    (true, _) => ", and there is no finding to adopt",
                    (false, true) if self.is_unwired => {
                        ", and nothing more can be wired; the environments that are left are listed above"
                    }
                    (false, true) => ", and everything that can be wired is wired",
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
            for change in changes {
                if let Some((_, from)) = &change.from {
                    write_out(&format!(
                        "Moved {from} to {}. Change what names the old path, such as code owners and `--policy`.\n",
                        change.name
                    ))?;
                }
            }
            self.tell_adopted()?;
        }
        self.tell_pruned(done)?;
        match done {
            Done::Written => self.tell_next(is_left)?,
            Done::Shown if changes.is_empty() => {}
            Done::Shown => complain("krm-parity: nothing was written, because of --dry-run"),
        }
        for headline in &adoption.unbuilt {
            complain(&format!("krm-parity: not adopted: {headline}"));
        }
        if adoption.expired > 0 {
            complain(&format!(
                "krm-parity: not adopted: {} whose exemption has expired; fix the cause, or give the exemption a later date",
                counted(adoption.expired, "finding")
            ));
        }
        if is_left {
            complain(
                "krm-parity: `krm-parity check` still fails on the findings that were not adopted; fix them, and run this again",
            );
        }
        if is_left || self.is_unwired {
            Ok(ExitCode::FAILURE)
        } else {
            Ok(ExitCode::SUCCESS)
        }
    }

    /// Reports the outcome for the findings, and who has to act.
    fn tell_adopted(&self) -> anyhow::Result<()> {
        let adoption = &self.outcome.adoption;
        if adoption.allows_tags {
            write_out(
                "Every environment sets its own image tags, so spec.allow.classes now contains image-tag: `krm-parity check` reports a tag that no earlier environment has run.\n",
            )?;
        }
        if adoption.adopted == 0 {
            if self.adopt && adoption.unbuilt.is_empty() && adoption.expired == 0 {
                write_out("There was no finding to adopt.\n")?;
            }
            return Ok(());
        }
        let ends = match (adoption.ends.first(), adoption.ends.last()) {
            (Some(first), Some(last)) if first < last => {
                format!(", the first until {first} and the last until {last}")
            }
            (Some(day), _) => format!(", until {day}"),
            _ => String::new(),
        };
        write_out(&format!(
            "{} adopted as {}{ends}. Replace every TODO in {} with a reason and an owner.\n",
            counted(adoption.adopted, "finding"),
            counted(adoption.items.len(), "exemption"),
            self.file,
        ))?;
        match self.outcome.replaced {
            0 => Ok(()),
            count => Ok(write_out(&format!(
                "{} for an old value {} replaced.\n",
                counted(count, "exemption"),
                if count == 1 { "was" } else { "were" },
            ))?),
        }
    }

    /// Reports the removed exemptions.
    fn tell_pruned(&self, done: Done) -> anyhow::Result<()> {
        let pruned = &self.outcome.pruned;
        if pruned.is_empty() {
            return Ok(());
        }
        let verb = if done == Done::Written {
            "Removed"
        } else {
            "This removes"
        };
        let what = match pruned.len() {
            1 => "1 exemption that".to_owned(),
            count => format!("{count} exemptions that"),
        };
        write_out(&format!("{verb} {what} matched nothing any more:\n"))?;
        for line in pruned {
            write_out(&format!("  {line}\n"))?;
        }
        Ok(())
    }

    /// Suggests the next steps.
    fn tell_next(&self, is_left: bool) -> anyhow::Result<()> {
        let mut next: Vec<String> = Vec::new();
        if let Some(directory) = self.wired.filter(|_| self.wire) {
            next.push(if self.plugin {
                format!(
                    "`kustomize build --enable-alpha-plugins {directory}` now checks its result, where `krm-parity plugin install` has installed the plugin; without the flag or the plugin the build fails"
                )
            } else {
                format!(
                    "`kustomize build --enable-alpha-plugins --enable-exec {directory}` now checks its result, with krm-parity on PATH; without --enable-exec kustomize skips the check silently, and without both flags the build fails"
                )
            });
        }
        next.push(match (self.adopt, is_left) {
            (true, false) => format!(
                "`krm-parity check` passes now and fails on new findings; commit {}, and run the check in CI",
                self.file
            ),
            (true, true) => return Self::write_next(&next),
            (false, _) => {
                "`krm-parity check` compares every environment with its base and with the others"
                    .to_owned()
            }
        });
        if !self.adopt {
            next.push(
                "`krm-parity init --adopt` writes today's findings into the policy; after that, only new findings fail"
                    .to_owned(),
            );
        }
        Self::write_next(&next)
    }

    fn write_next(next: &[String]) -> anyhow::Result<()> {
        for line in next {
            write_out(&format!("next: {line}\n"))?;
        }
        Ok(())
    }
}

fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}
