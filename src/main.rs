//! The command line of Triwire: one short function a command, one table from outcome to exit status.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
