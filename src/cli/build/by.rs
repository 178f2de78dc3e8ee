//! The builder: the engine, which needs no other program, kustomize, or both.

use clap::{Arg, ArgMatches};

/// The builder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum By {
    /// The engine, or kustomize if the engine is not exact.
    Auto,
    /// The engine alone.
    Engine,
    /// kustomize alone.
    Kustomize,
    /// Both, and a difference between them is an error.
    Both,
}

/// The argument for [`By::read`].
pub(in super::super) fn arg() -> Arg {
    Arg::new("builder")
        .long("builder")
        .value_name("WHO")
        .help("The builder: the engine and, where needed, kustomize (auto); one of them; or both, compared")
        .value_parser(["auto", "engine", "kustomize", "both"])
        .default_value("auto")
}

impl By {
    pub(in super::super) fn read(matches: &ArgMatches) -> Self {
        match matches.get_one::<String>("builder").map(String::as_str) {
            Some("engine") => Self::Engine,
            Some("kustomize") => Self::Kustomize,
            Some("both") => Self::Both,
            _ => Self::Auto,
        }
    }
}
