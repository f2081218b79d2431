//! Run directories as the report, the lists and the live view read them.

use std::path::PathBuf;

use bmae_report::ListedRun;

use crate::scratch;

const RUN_FILE: &str = "stage = \"pretrain\"\nname = \"mae\"\nmethod = \"mae\"\nseed = 0\nepochs = 3\n";
const METRICS: &str = "{\"kind\":\"epoch\",\"epoch\":0,\"loss\":0.5,\"wall_s\":1.0}\n";

/// `run.toml` and, behind the first 0 byte, `config.toml`.
pub fn run_file(bytes: &[u8]) -> bool {
    let (about, config) = match bytes.iter().position(|&byte| byte == 0) {
        Some(end) => (&bytes[..end], Some(&bytes[end + 1..])),
        None => (bytes, None),
    };
    scratch::write("about/run.toml", about);
    scratch::write("about/metrics.jsonl", METRICS.as_bytes());
    scratch::write("about/config.toml", config.unwrap_or_default());
    look_at(scratch::path("about"))
}

/// `metrics.jsonl`.
pub fn metrics(bytes: &[u8]) -> bool {
    scratch::write("logged/run.toml", RUN_FILE.as_bytes());
    scratch::write("logged/metrics.jsonl", bytes);
    look_at(scratch::path("logged"))
}

/// Everything short of drawing figures, which takes a thousand times as long.
fn look_at(directory: PathBuf) -> bool {
    let read = bmae_report::read_run(&directory);
    let is_read = read.is_ok();
    if let Ok(run) = read {
        let _ = bmae_report::list_runs(&[ListedRun::of(&run)]);
        let _ = bmae_report::compare_runs(&run, &run).text();
        let runs = [run];
        let _ = bmae_report::metrics_csv(&runs);
        let groups = bmae_report::group_runs(&runs);
        let _ = bmae_report::findings_csv(&bmae_report::findings(&groups));
    }
    let shown = bmae_watch::snapshot(&[directory], 100).expect("a folder can be shown, whatever is in it");
    assert!(!shown.is_empty());
    is_read
}
