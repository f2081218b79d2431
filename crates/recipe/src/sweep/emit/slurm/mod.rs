//! Scripts for SLURM: the pre-trainings as job arrays, one for all that wait for the same trunk, each evaluation as a job
//! that waits for its pre-training, the report after all of them.

mod options;

use bmae_output::shell::quoted;

use super::job::{Job, Runner};
use crate::Stage;

pub use options::{SbatchOptionError, SbatchOptions};

const SUBMIT: &str = include_str!("submit.sh");
const STAGE: &str = include_str!("stage.sh");
const PRETRAIN: &str = include_str!("pretrain.sbatch");
const EVALUATE: &str = include_str!("evaluate.sbatch");
const REPORT: &str = include_str!("report.sbatch");

/// The files and their texts; what is between @ in the scripts is filled in. `options` are those of every job.
pub(super) fn files(jobs: &[Job], runner: Runner<'_>, options: &[SbatchOptions]) -> Vec<(String, String)> {
    let pretrainings = in_waves(jobs.iter().filter(|job| job.stage == Stage::Pretrain).collect());
    let options: String = options.iter().map(SbatchOptions::directive).collect();
    let fill = |text: &str| {
        text.replace("@PROGRAM@", &quoted(runner.program))
            .replace("@DEVICE@", runner.device)
            .replace("@THREADS@", &runner.threads.to_string())
            .replace("@RANKS@", &runner.ranks.to_string())
            .replace("@OPTIONS@", &options)
    };
    // The row of what a job starts from; 0: none.
    let row_of_start = |job: &Job| {
        let row = pretrainings.iter().position(|pretraining| Some(pretraining.out()) == job.from);
        row.map_or(0, |row| row + 1)
    };
    // One evaluation a line: the row of its pre-training (0: none), its stage, its run, what it starts from.
    let row = |job: &Job| {
        let from = job.from.as_deref().unwrap_or("scratch");
        format!("{}\t{}\t{}\t{from}\n", row_of_start(job), job.stage.section(), job.folder)
    };
    let evaluations: String = jobs.iter().filter(|job| job.stage != Stage::Pretrain).map(row).collect();
    // One pre-training a line: the row of its trunk (0: none), its run, its options.
    let line = |job: &&Job| {
        let fields = [row_of_start(job).to_string(), job.folder.clone()].into_iter().chain(job.options());
        fields.collect::<Vec<_>>().join("\t") + "\n"
    };
    let list: String = pretrainings.iter().map(line).collect();
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

/// The pre-trainings in an order in which each stands behind its trunk, and those of one trunk follow each other.
fn in_waves(mut left: Vec<&Job>) -> Vec<&Job> {
    let mut ordered: Vec<&Job> = left.extract_if(.., |job| job.from.is_none()).collect();
    let mut next = 0;
    while let Some(trunk) = ordered.get(next).map(|job| job.out()) {
        ordered.extend(left.extract_if(.., |job| job.from.as_ref() == Some(&trunk)));
        next += 1;
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::emit::tests::{jobs, jobs_of, runner};

    #[test]
    fn each_evaluation_names_the_row_of_its_pre_training() {
        let files = files(&jobs(), runner(), &[]);
        let of = |name: &str| &files.iter().find(|(file, _)| file == name).expect(name).1;
        assert_eq!(of("slurm/pretrain.tsv"), "0\tmae\n");
        let rows = of("slurm/evaluate.tsv");
        assert_eq!(rows.lines().count(), 6);
        assert!(rows.contains("1\tlinprobe\tmae\tmae/pretrain\n"), "{rows}");
        assert!(rows.contains("0\tlinprobe\tscratch\tscratch\n"), "{rows}");
        assert!(of("slurm/submit.sh").contains("'/opt/my bmae'"));
        assert!(of("slurm/stage.sh").contains("--device cpu"));
        assert!(of("slurm/pretrain.sbatch").contains("--cpus-per-task=3"));
        assert!(of("slurm/pretrain.sbatch").contains("--ntasks=1\n"));
    }

    #[test]
    fn ranks_are_tasks_of_pre_trainings_and_fine_tunings() {
        let files = files(&jobs(), Runner { ranks: 4, ..runner() }, &[]);
        let of = |name: &str| &files.iter().find(|(file, _)| file == name).expect(name).1;
        assert!(of("slurm/pretrain.sbatch").contains("#SBATCH --ntasks=4\n"));
        assert!(of("slurm/submit.sh").contains("finetune) ranks=4"));
        assert!(!of("slurm/evaluate.sbatch").contains("ntasks"));
        assert!(files.iter().all(|(_, text)| !text.contains("@RANKS@")));
    }

    #[test]
    fn options_of_every_job_stand_among_those_of_the_scripts() {
        let options = ["--time=4:00:00 -p long", "--mem=8G"].map(|text| text.parse().expect("options"));
        let files = files(&jobs(), runner(), &options);
        for name in ["pretrain", "evaluate", "report"] {
            let script = &files.iter().find(|(file, _)| *file == format!("slurm/{name}.sbatch")).expect(name).1;
            let head: Vec<&str> = script.lines().skip(1).take_while(|line| line.starts_with("#SBATCH ")).collect();
            assert!(head.ends_with(&["#SBATCH --time=4:00:00 -p long", "#SBATCH --mem=8G"]), "{script}");
            assert!(!script.contains("@OPTIONS@"), "{script}");
        }
    }

    #[test]
    fn pre_trainings_wait_for_their_trunk_and_those_of_one_trunk_are_one_array() {
        let files = files(&jobs_of("mae,mae-k", &["method.k=2,5"]), runner(), &[]);
        let of = |name: &str| &files.iter().find(|(file, _)| file == name).expect(name).1;
        assert_eq!(
            of("slurm/pretrain.tsv").lines().collect::<Vec<_>>(),
            [
                "0\ttrunks/mae-until-2\t--stop-after\t2",
                "1\ttrunks/mae-until-5\t--trunk\ttrunks/mae-until-2/pretrain\t--stop-after\t5",
                "1\tmae-k-k2\t--trunk\ttrunks/mae-until-2/pretrain",
                "2\tmae\t--trunk\ttrunks/mae-until-5/pretrain",
                "2\tmae-k-k5\t--trunk\ttrunks/mae-until-5/pretrain",
            ]
        );
        assert!(of("slurm/evaluate.tsv").contains("3\tknn\tmae-k-k2\tmae-k-k2/pretrain\n"));
    }
}
