//! Watches the runs that its arguments name: `cargo run -p bmae-watch --example watch -- runs/quick`. Into a pipe it
//! writes one table.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let watched = if std::io::stdout().is_terminal() {
        bmae_watch::watch(&paths, bmae_watch::Options::new("watch"), &[])
    } else {
        bmae_watch::snapshot(&paths, 100).map(|table| print!("{table}"))
    };
    match watched {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
