//! What the job scripts of SLURM do with a signal. `scontrol` and the program are stand-ins; the scripts are run as SLURM
//! runs them.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use bmae_output::claim::Foreign;
use bmae_recipe::sweep::emit::{Engine, Runner, emit};
use bmae_recipe::sweep::{Axis, Grid, Sweep, plan};
use bmae_recipe::{Layers, Stage};
use tempfile::TempDir;

/// Trains until it is told to end; then it has kept a step.
const KEEPS_A_STEP: &str = r#"mkdir -p "$5/state"; touch "$5/state/epoch-0001-step-000005"; exit 130"#;

/// The same, without a step.
const KEEPS_NOTHING: &str = "exit 130";

/// A sweep of three pre-trainings and three evaluations, and stand-ins for the programs.
struct Jobs {
    folder: TempDir,
}

impl Jobs {
    /// `when_told` is what the program does at SIGTERM.
    fn new(when_told: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let axis = Axis::parse("method.k=1,2,3").expect("an axis");
        let method = Axis::parse("method.name=mae-k").expect("an axis");
        let sweep = Sweep { grids: vec![Grid::new(vec![method, axis]).expect("a grid")] };
        let jobs = Self { folder };
        let stages = plan(&sweep, &Layers::default(), &[Stage::Knn], 1, jobs.path()).expect("a plan").stages;
        jobs.program("bin/scontrol", "echo \"$*\" >> calls");
        // bmae STAGE --preset RECIPE --out OUT --resume ...
        let program =
            jobs.program("bin/bmae", &format!("trap '{when_told}' TERM; echo > began; while :; do sleep 0.02; done"));
        let runner = Runner { program: &program, threads: 1, ranks: 1, device: "cpu" };
        emit(&Engine::Slurm(Vec::new()), &stages, jobs.path(), runner, Foreign::Kept).expect("room");
        jobs
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn program(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, format!("#!/usr/bin/env bash\n{text}\n")).expect("room");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
        path
    }

    /// Runs a job with these variables of SLURM's, sends its shell `signal` while the program is at work, and gives what
    /// `scontrol` was asked for.
    fn calls(&self, job: &[&str], variables: &[(&str, &str)], signal: &str) -> Vec<String> {
        let search = std::env::join_paths(
            std::iter::once(self.path().join("bin"))
                .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
        );
        let mut shell = Command::new("bash");
        shell.args(job).current_dir(self.path()).env("PATH", search.expect("a path"));
        for name in ["BMAE", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_RESTART_COUNT", "SLURM_CPUS_PER_TASK"]
        {
            shell.env_remove(name);
        }
        let mut child = shell.envs(variables.iter().copied()).spawn().expect("there is bash");
        self.wait_for("began", &mut child);
        let status = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(status.expect("there is kill").success());
        assert_eq!(child.wait().expect("it ends").code(), Some(130));
        std::fs::remove_file(self.path().join("began")).expect("it began");
        let calls = std::fs::read_to_string(self.path().join("calls")).unwrap_or_default();
        let _ = std::fs::remove_file(self.path().join("calls"));
        calls.lines().map(str::to_owned).collect()
    }

    fn wait_for(&self, file: &str, child: &mut Child) {
        let start = Instant::now();
        while !self.path().join(file).exists() {
            let ended = child.try_wait().expect("it can be asked");
            assert!(ended.is_none() && start.elapsed() < Duration::from_secs(20), "it did not begin: {ended:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

const PRETRAIN: [&str; 2] = ["slurm/pretrain.sbatch", "0"];
const EVALUATE: [&str; 4] = ["slurm/evaluate.sbatch", "knn", "mae-k-k1", "mae-k-k1/pretrain"];

/// The second of the array 1; the last one that SLURM starts has the number of the array as its own.
const TASK: [(&str, &str); 3] = [("SLURM_JOB_ID", "1"), ("SLURM_ARRAY_JOB_ID", "1"), ("SLURM_ARRAY_TASK_ID", "2")];

#[test]
fn a_task_of_an_array_queues_itself_again_and_no_other() {
    let jobs = Jobs::new(KEEPS_A_STEP);
    assert_eq!(jobs.calls(&PRETRAIN, &TASK, "USR1"), ["requeue 1_2"]);
    assert!(jobs.path().join("mae-k-k2/pretrain/state").exists(), "its row is its own");
    let third = [("SLURM_JOB_ID", "9"), ("SLURM_ARRAY_JOB_ID", "1"), ("SLURM_ARRAY_TASK_ID", "3")];
    assert_eq!(jobs.calls(&PRETRAIN, &third, "USR1"), ["requeue 1_3"]);
}

#[test]
fn a_job_of_no_array_queues_itself_again_even_where_it_was_submitted_from_one() {
    let jobs = Jobs::new(KEEPS_A_STEP);
    assert_eq!(jobs.calls(&EVALUATE, &[("SLURM_JOB_ID", "7")], "USR1"), ["requeue 7"]);
    // sbatch hands on the variables of the job that it is called in.
    let within = [("SLURM_JOB_ID", "8"), ("SLURM_ARRAY_JOB_ID", "1"), ("SLURM_ARRAY_TASK_ID", "2")];
    assert_eq!(jobs.calls(&EVALUATE, &within, "USR1"), ["requeue 8"]);
}

#[test]
fn a_job_that_is_cancelled_stays_ended() {
    let jobs = Jobs::new(KEEPS_A_STEP);
    assert!(jobs.calls(&PRETRAIN, &TASK, "TERM").is_empty());
}

#[test]
fn a_job_that_keeps_nothing_time_after_time_is_not_queued_for_ever() {
    let restarted = |count| [TASK.as_slice(), &[("SLURM_RESTART_COUNT", count)]].concat();
    let jobs = Jobs::new(KEEPS_NOTHING);
    assert_eq!(jobs.calls(&PRETRAIN, &restarted("2"), "USR1"), ["requeue 1_2"]);
    assert!(jobs.calls(&PRETRAIN, &restarted("3"), "USR1").is_empty());
    let jobs = Jobs::new(KEEPS_A_STEP);
    assert_eq!(jobs.calls(&PRETRAIN, &restarted("30"), "USR1"), ["requeue 1_2"]);
}
