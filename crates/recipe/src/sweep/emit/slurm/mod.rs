//! Scripts for SLURM: the pre-trainings as a job array, each evaluation as a job that waits for its pre-training, the
//! report after all of them.

use super::job::{Job, Runner, folders, quoted};
use crate::Stage;

const SUBMIT: &str = include_str!("submit.sh");
const STAGE: &str = include_str!("stage.sh");
const PRETRAIN: &str = include_str!("pretrain.sbatch");
const EVALUATE: &str = include_str!("evaluate.sbatch");
const REPORT: &str = include_str!("report.sbatch");

/// The files and their texts; what is between @ in the scripts is filled in.
pub(super) fn files(jobs: &[Job], runner: Runner<'_>) -> Vec<(String, String)> {
    let pretrainings = folders(jobs, Stage::Pretrain);
    let fill = |text: &str| {
        text.replace("@PROGRAM@", &quoted(&runner.program.display().to_string()))
            .replace("@DEVICE@", runner.device)
            .replace("@THREADS@", &runner.threads.to_string())
            .replace("@PRETRAININGS@", &pretrainings.len().to_string())
    };
    // One evaluation a line: the row of its pre-training (0: none), its stage, its run, what it starts from.
    let row = |job: &Job| {
        let of = job.from.as_deref().and_then(|from| {
            pretrainings.iter().position(|folder| from == format!("{folder}/{}", Stage::Pretrain.section()))
        });
        let from = job.from.as_deref().unwrap_or("scratch");
        format!("{}\t{}\t{}\t{from}\n", of.map_or(0, |row| row + 1), job.stage.section(), job.folder)
    };
    let evaluations: String = jobs.iter().filter(|job| job.stage != Stage::Pretrain).map(row).collect();
    let list: String = pretrainings.iter().map(|folder| format!("{folder}\n")).collect();
    [
        ("submit.sh", fill(SUBMIT)),
        ("stage.sh", fill(STAGE)),
        ("pretrain.sbatch", fill(PRETRAIN)),
        ("evaluate.sbatch", fill(EVALUATE)),
        ("report.sbatch", fill(REPORT)),
        ("pretrain.tsv", list),
        ("evaluate.tsv", evaluations),
    ]
    .map(|(name, text)| (format!("slurm/{name}"), text))
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::emit::tests::{jobs, runner};

    #[test]
    fn each_evaluation_names_the_row_of_its_pre_training() {
        let files = files(&jobs(), runner());
        let of = |name: &str| &files.iter().find(|(file, _)| file == name).expect(name).1;
        assert_eq!(of("slurm/pretrain.tsv"), "mae\n");
        let rows = of("slurm/evaluate.tsv");
        assert_eq!(rows.lines().count(), 6);
        assert!(rows.contains("1\tlinprobe\tmae\tmae/pretrain\n"), "{rows}");
        assert!(rows.contains("0\tlinprobe\tscratch\tscratch\n"), "{rows}");
        assert!(of("slurm/submit.sh").contains("'/opt/my bmae'"));
        assert!(of("slurm/stage.sh").contains("--device cuda"));
        assert!(of("slurm/pretrain.sbatch").contains("--cpus-per-task=3"));
    }
}
