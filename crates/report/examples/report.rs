//! Writes a report without the binary: `cargo run -p bmae-report --example report -- OUT RUN...`

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(out) = arguments.next() else {
        eprintln!("expected OUT RUN..., found nothing: name the report's folder and then the runs");
        return ExitCode::from(2);
    };
    let runs: Vec<PathBuf> = arguments.collect();
    match bmae_report::write_report(&runs, &out, |_| None) {
        Ok(written) => {
            print!("{}", written.table);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
