//! A Snakefile: one rule for the stages of all runs, one for the report.

use serde_json::{Map, Value, json};

use super::job::{Job, Runner};

/// The rules; what is between @ is filled in.
const TEMPLATE: &str = include_str!("Snakefile");

/// The files and their texts.
pub(super) fn files(jobs: &[Job], runner: Runner<'_>) -> Vec<(String, String)> {
    let about = |job: &Job| (job.out(), json!({ "start": job.from, "options": job.options() }));
    let jobs: Map<String, Value> = jobs.iter().map(about).collect();
    // A JSON object, which the rules read as JSON: no text of ours is Python.
    let jobs = serde_json::to_string_pretty(&Value::Object(jobs)).unwrap_or_default();
    let text = TEMPLATE
        .replace("@PROGRAM@", &json!(runner.program.display().to_string()).to_string())
        .replace("@DEVICE@", runner.device)
        .replace("@THREADS@", &runner.threads.to_string())
        .replace("@JOBS@", &jobs);
    vec![("Snakefile".to_owned(), text)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::emit::tests::{jobs, runner};

    #[test]
    fn the_workflow_knows_every_job_and_where_it_starts() {
        let files = files(&jobs(), runner());
        let text = &files[0].1;
        let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for job in [
            r#""mae/finetune": { "options": [ "--from", "mae/pretrain" ], "start": "mae/pretrain" }"#,
            r#""scratch/knn": { "options": [ "--from", "scratch" ], "start": null }"#,
            r#""mae/pretrain": { "options": [], "start": null }"#,
        ] {
            assert!(one_line.contains(job), "{job} in {text}");
        }
        assert!(text.contains("\"/opt/my bmae\"") && text.contains("\"threads\", 3"), "{text}");
        assert_eq!(text.matches("--device cpu").count(), 1, "{text}");
        assert!(!text.contains('@'), "everything is filled in: {text}");
    }
}
