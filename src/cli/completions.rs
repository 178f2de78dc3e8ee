//! `krm-parity completions`: the shell completion of the command line.

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command};
use clap_complete::Shell;

use super::formats;
use crate::catalog::Class;
use crate::rules::RULES;

/// The script for a shell, of the program's command line.
pub(super) fn script(command: Command, shell: Shell) -> String {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut offering(command), "krm-parity", &mut out);
    let script = String::from_utf8_lossy(&out);
    match shell {
        // clap_complete searches for its cases under a name that differs from the one it gives them
        // if a program's name has a hyphen: https://github.com/clap-rs/clap/issues/6421. Without
        // this, bash completes no word after the verb.
        Shell::Bash => script.replace("krm__subcmd__parity", "krm__parity"),
        _ => script.into_owned(),
    }
}

/// The command line with words to offer for arguments that also accept others: `--format` accepts a
/// file after its word, `explain` a directory.
fn offering(command: Command) -> Command {
    let offer = |words: Vec<&'static str>| {
        move |arg: Arg| arg.value_parser(PossibleValuesParser::new(words))
    };
    let mut offering = command;
    for (verb, has_records) in [
        ("check", false),
        ("merge", false),
        ("drift", true),
        ("audit", true),
    ] {
        let words = formats::ids(has_records);
        offering = offering.mut_subcommand(verb, |verb| verb.mut_arg("format", offer(words)));
    }
    let rules = RULES.iter().map(|rule| rule.id.as_str());
    let words: BTreeSet<_> = Class::ALL.into_iter().map(Class::id).chain(rules).collect();
    let words = words.into_iter().collect();
    offering.mut_subcommand("explain", |verb| verb.mut_arg("WHAT", offer(words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_words_are_offered() {
        let bash = script(super::super::command(), Shell::Bash);
        for words in [
            "text concise json krm sarif junit github gitlab markdown html",
            "health-checks",
            "inverted-resources",
        ] {
            assert!(bash.contains(words), "{words}");
        }
    }
}
