//! A Snakefile: one rule for pre-trainings, one for evaluations, one for the report.

use serde_json::{Map, Value, json};

use super::{Job, Runner};

/// The rules; what is between @ is filled in.
const TEMPLATE: &str = include_str!("Snakefile");

/// The files and their texts.
pub(super) fn files(jobs: &[Job], runner: Runner<'_>) -> Vec<(String, String)> {
    let starts = jobs.iter().map(|job| (format!("{}/{}", job.folder, job.stage.section()), json!(job.from)));
    let starts: Map<String, Value> = starts.collect();
    // A JSON object of texts and nulls, which the rules read as JSON: no text of ours is Python.
    let starts = serde_json::to_string_pretty(&Value::Object(starts)).unwrap_or_default();
    let text = TEMPLATE
        .replace("@PROGRAM@", &json!(runner.program.display().to_string()).to_string())
        .replace("@DEVICE@", runner.device)
        .replace("@THREADS@", &runner.threads.to_string())
        .replace("@STARTS@", &starts);
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
        assert!(text.contains("\"mae/finetune\": \"mae/pretrain\""), "{text}");
        assert!(text.contains("\"scratch/knn\": null"), "{text}");
        assert!(text.contains("\"/opt/my bmae\"") && text.contains("\"threads\", 3"), "{text}");
        assert_eq!(text.matches("--device cuda").count(), 2, "{text}");
        assert!(!text.contains('@'), "everything is filled in: {text}");
    }
}
