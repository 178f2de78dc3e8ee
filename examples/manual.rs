//! Writes the man pages: `cargo run --example manual -- FOLDER`. `scripts/release` packs them.
//!
//! They are made from the command line itself, by a crate that is not in the program.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use clap::Command;
use clap_mangen::Man;

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::other("usage: manual FOLDER"))?;
    fs::create_dir_all(&folder)?;
    let mut command = krm_parity::cli::command();
    command.build();
    write(&folder, &command, "krm-parity")
}

/// A page for a command, and one for each of those below it: `krm-parity-plugin-install.1`.
///
/// # Errors
///
/// When a page cannot be written.
pub fn write(folder: &Path, command: &Command, name: &str) -> io::Result<()> {
    let mut page = Vec::new();
    Man::new(command.clone())
        .title(name.to_uppercase())
        .render(&mut page)?;
    fs::write(folder.join(format!("{name}.1")), page)?;
    for below in command.get_subcommands() {
        write(folder, below, &format!("{name}-{}", below.get_name()))?;
    }
    Ok(())
}
