//! `bmae sweep`: what is run, what is not repeated, and what is written for other engines.

use crate::fixtures::unlabelled_folder;
use crate::folder::Folder;

#[test]
fn a_sweep_runs_every_combination_and_ends_with_a_report_and_a_second_time_repeats_nothing() {
    let folder = Folder::new();
    let line = "sweep --preset tiny.toml --grid method.name=scratch,mae-k --grid method.k=1,2 --evaluations knn,linprobe --out s";
    let first = folder.bmae(line).succeeds();
    assert!(
        first.stderr.contains("3 combinations with 1 seed: 2 pre-trainings and 6 evaluations"),
        "{}",
        first.story()
    );
    let results = folder.read("s/report/results.csv");
    for row in ["scratch,scratch,,,,,linprobe", "mae-k-k1,mae-k,1,,,,linprobe", "mae-k-k2,mae-k,2,,,,knn"] {
        assert!(results.contains(row), "{row} in\n{results}");
    }
    assert_eq!(results.lines().count(), 1 + 6, "{results}");
    let again = folder.bmae(line).succeeds();
    assert_eq!(again.stderr.matches("finished earlier, nothing to do").count(), 8, "{}", again.story());
}

#[test]
fn what_pre_trainings_begin_alike_is_trained_once_unless_that_is_not_wanted() {
    let folder = Folder::new();
    let line = "sweep --preset tiny.toml --set pretrain.epochs=4 --grid method.name=mae,mae-k --grid method.k=2 --evaluations knn";
    let planned = folder.bmae(&format!("{line} --dry-run --out s")).succeeds();
    assert!(
        planned.stderr.contains("6 epochs of pre-training with shared beginnings, 8 without"),
        "{}",
        planned.story()
    );
    let runs: Vec<_> = planned.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(runs[..3], ["s", "trunks/mae-until-2/pretrain", "mae/pretrain"], "{}", planned.story());
    folder.bmae(&format!("{line} --out s")).succeeds();
    let alone = folder.bmae(&format!("{line} --no-share --out alone")).succeeds();
    alone.leaves_no("alone/trunks");
    for run in ["mae", "mae-k-k2"] {
        let weights = |out: &str| folder.weights(&format!("{out}/{run}/pretrain"));
        assert!(weights("s") == weights("alone"), "{run} differs");
    }
    assert_eq!(folder.read("s/report/results.csv").lines().count(), 1 + 2, "a trunk is no run to compare");
    assert!(folder.bmae("runs s").succeeds().stdout.contains("trunks/mae-until-2"), "but it is one to look at");
}

#[test]
fn a_trunk_is_made_and_gone_on_from_by_hand_too() {
    let folder = Folder::new();
    let line = "pretrain --preset tiny.toml --set pretrain.epochs=4";
    folder.bmae(&format!("{line} --method mae --stop-after 2 --out trunk")).succeeds();
    folder.bmae(&format!("{line} --method mae-k --k 2 --trunk trunk --out run")).succeeds();
    assert!(folder.read("run/run.toml").contains("shared_from = \"trunk\""));
    folder.bmae(&format!("{line} --method mae-k --k 1 --trunk trunk --out other")).refuses(
        1,
        &["other cannot begin with the trunk trunk", "the first epoch alone, and it has 2", "train the trunk again"],
    );
    folder.bmae(&format!("{line} --method mae --trunk gone --out other")).refuses(1, &["it is not there"]);
    folder.bmae(&format!("{line} --method mae --stop-after 5 --out other")).refuses(2, &["beyond the 4 epochs"]);
    assert!(!folder.path("other").exists());
}

#[test]
fn shorter_epochs_keep_their_number() {
    let folder = Folder::new();
    let line = "sweep --preset tiny.toml --grid method.name=mae --evaluations knn --epoch-fraction";
    folder.bmae(&format!("{line} 0.5 --out s")).succeeds();
    assert!(folder.read("s/mae/pretrain/config.toml").contains("epoch_fraction = 0.5"));
    folder.bmae(&format!("{line} 0 --out t")).refuses(2, &["pretrain.epoch_fraction", "--epoch-fraction"]);
}

#[test]
fn what_does_not_depend_on_a_swept_key_is_run_once() {
    let folder = Folder::new();
    let line = "sweep --preset tiny.toml --method mae --grid finetune.base_lr=1e-3,2e-3 --out s --dry-run";
    let planned = folder.bmae(line).succeeds();
    let runs: Vec<_> = planned.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let expected =
        ["mae/pretrain", "mae-base_lr0.001/finetune", "mae/linprobe", "mae/knn", "mae-base_lr0.002/finetune"];
    assert_eq!(runs, [&["s"], &expected[..], &["5"]].concat(), "{}", planned.story());
    planned.leaves_no("s");
}

#[test]
fn evaluations_without_labels_are_refused_before_anything_is_pre_trained() {
    let folder = Folder::new();
    unlabelled_folder(&folder);
    let line = "sweep --preset tiny.toml --data pile --method mae --set pretrain.batch_size=8 --grid pretrain.mask_ratio=0.5,0.75 --out s";
    folder.bmae(line).refuses(1, &["finetune needs labelled images", "train/<class>/"]).leaves_no("s");
}

#[test]
fn built_in_sweeps_are_the_ablations_of_the_report_and_files_of_ones_own_read_alike() {
    let folder = Folder::new();
    let pretrained = |name: &str| -> Vec<String> {
        let line = format!("sweep {name} --preset paper --dry-run --evaluations linprobe --out s");
        let planned = folder.bmae(&line).succeeds();
        let stages = planned.stdout.lines().filter_map(|line| line.strip_prefix("s/")?.strip_suffix("/pretrain"));
        stages.filter(|stage| !stage.starts_with("trunks/")).map(str::to_owned).collect()
    };
    let bootstrapped = |name: &str| {
        let runs = pretrained(name);
        assert_eq!(runs[0], "mae", "{name} has its baseline");
        runs[1..].join(" ")
    };
    assert_eq!(bootstrapped("k"), "mae-k-k1 mae-k-k2 mae-k-k4 mae-k-k10 mae-k-k20");
    let wse = [1, 5, 20, 40, 80].map(|wse| format!("ema-mae-wse{wse}-tau0.005")).join(" ");
    assert_eq!(bootstrapped("wse"), wse);
    assert_eq!(bootstrapped("tau"), ["0.005", "0.1", "0.3"].map(|tau| format!("ema-mae-wse5-tau{tau}")).join(" "));
    let lambda = ["0.0", "0.1", "0.2", "0.5", "1.0"]
        .map(|lambda| format!("mae-new-k5-tau0.005-slow_weight{lambda}-copy_atepoch-end"))
        .join(" ");
    assert_eq!(bootstrapped("lambda"), format!("mae-k-k5 ema-mae-wse5-tau0.005 {lambda}"));
    assert_eq!(
        bootstrapped("methods"),
        "mae-k-k5 mae-k-k10 ema-mae-wse5-tau0.005 ema-mae-wse5-tau0.1 ema-mae-wse1-tau0.005 mae-new-k5-tau0.005-slow_weight0.2"
    );
    let report = pretrained("report");
    assert_eq!(report.len(), 15, "and scratch, which pre-trains nothing: {report:?}");
    assert!(report.contains(&"mae-new-k5-tau0.005-slow_weight0.2-copy_atepoch-end".to_owned()), "{report:?}");
    folder.write("own.toml", b"[[grids]]\nmethod.name = \"ema-mae\"\nmethod.wse = [1, 2]\n");
    let planned = folder.bmae("sweep own.toml --preset tiny.toml --dry-run --json").succeeds().json();
    assert_eq!(planned["stages"].as_array().expect("a list").len(), 8 + 1);
    assert_eq!(planned["stages"][0], "runs/sweep-own/trunks/ema-mae-wse1-until-1/pretrain");
}

#[test]
fn what_cannot_be_swept_is_one_sentence() {
    let folder = Folder::new();
    let refuses = |line: &str, parts: &[&str]| {
        folder.bmae(line).refuses(2, parts).leaves_no("s");
    };
    refuses("sweep --out s", &["there is nothing to sweep", "report, k, wse, tau, lambda, methods", "--grid"]);
    refuses("sweep kk --out s", &["there is no sweep called kk"]);
    refuses("sweep gone.toml --out s", &["gone.toml"]);
    refuses("sweep --grid method.k --out s", &["--grid method.k=1,2,4"]);
    refuses("sweep --grid seed=1,2 --out s", &["seed cannot be swept", "--seeds"]);
    refuses("sweep --grid method.kk=1 --out s", &["method.kk", "method.k"]);
    refuses("sweep --grid method.k=1,2 --set method.k=3 --out s", &["method.k is swept", "--set method.k=3"]);
    let many = " --grid pretrain.base_lr=1,2,3,4,5,6,7,8,9,10 --grid pretrain.min_lr=1,2,3,4,5,6,7,8,9,10".to_owned()
        + " --grid finetune.base_lr=1,2,3,4,5,6,7,8,9,10 --grid finetune.min_lr=1,2,3,4,5,6,7,8,9,10 --grid knn.k=1,2";
    refuses(&format!("sweep{many} --out s"), &["20000 combinations", "10000"]);
    refuses("sweep --method nothing --grid method.k=1 --out s", &["nothing"]);
}

#[test]
fn a_sweep_for_another_engine_runs_nothing_and_its_jobs_are_commands_that_make_the_same_runs() {
    let folder = Folder::new();
    let grid = "--preset tiny.toml --grid method.name=mae-k --grid method.k=1,2 --evaluations knn";
    for (engine, file) in [("snakemake", "Snakefile"), ("slurm", "slurm/submit.sh")] {
        let emitted = folder.bmae(&format!("sweep {grid} --out s --emit {engine} --json")).succeeds();
        assert_eq!(emitted.json()["jobs"], 5, "two runs, and what they have in common: {}", emitted.story());
        assert!(emitted.listing_has(&format!("s/{file}")), "{}", emitted.story());
        emitted.leaves_no("s/mae-k-k1/pretrain");
    }
    // What a job runs, from the sweep's own folder.
    let job = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let output = folder.command(&words).current_dir(folder.path("s")).output().expect("the binary can be started");
        folder.ended(&words, output).succeeds();
    };
    let trunk = "trunks/mae-k-k1-until-1/pretrain";
    job(&format!("pretrain --preset recipes/{trunk}.toml --stop-after 1 --out {trunk} --resume"));
    job(&format!("pretrain --preset recipes/mae-k-k1/pretrain.toml --trunk {trunk} --out mae-k-k1/pretrain --resume"));
    job("knn --preset recipes/mae-k-k1/knn.toml --from mae-k-k1/pretrain --out mae-k-k1/knn --resume");
    assert!(folder.read("s/mae-k-k1/pretrain/run.toml").contains("name = \"mae-k-k1\""));
    assert!(folder.read("s/mae-k-k1/knn/run.toml").contains("name = \"mae-k-k1\""));
    // The same sweep run here takes them for its own.
    let here = folder.bmae(&format!("sweep {grid} --out s")).succeeds();
    assert_eq!(here.stderr.matches("finished earlier, nothing to do").count(), 3, "{}", here.story());
}

#[test]
fn a_combination_that_diverges_does_not_keep_the_others_from_being_run_and_reported() {
    let folder = Folder::new();
    let line = "sweep --preset tiny.toml --method mae --grid pretrain.base_lr=1e30,0.001 --evaluations knn --out s";
    for _ in 0..2 {
        let ended = folder.bmae(line);
        assert_eq!(ended.code, Some(1), "{}", ended.story());
        let last = ended.stderr.lines().last().unwrap_or_default();
        assert!(last.starts_with("error: 1 stage diverged") && last.contains("bmae runs s"), "{}", ended.story());
        let results = folder.read("s/report/results.csv");
        assert!(results.contains("mae-base_lr0.001,mae,"), "{results}");
        assert_eq!(results.lines().count(), 2, "{results}");
    }
    let listed = folder.bmae("runs s").succeeds();
    assert!(listed.stdout.contains("failed: the "), "{}", listed.story());
}

#[test]
fn jobs_compute_where_the_sweep_was_asked_to() {
    let folder = Folder::new();
    folder.bmae("sweep --preset tiny.toml --grid method.name=mae --device gpu --out s --emit slurm").succeeds();
    assert!(folder.read("s/slurm/stage.sh").contains("--device gpu"));
}

#[test]
fn options_for_slurms_jobs_stand_in_each_of_them_and_wrong_ones_are_refused_before_any_work() {
    let folder = Folder::new();
    let sweep = ["sweep", "--preset", "tiny.toml", "--grid", "method.name=mae", "--evaluations", "knn", "--out", "s"];
    let with = |more: &[&str]| folder.run(&[&sweep, more].concat());
    let slurm = ["--emit", "slurm", "--slurm"];
    let refused: [(&[&str], &[&str]); 5] = [
        (&["4:00:00"], &["`4:00:00` is no option of sbatch", "--slurm"]),
        (&["--time=4:00:00 --signal=USR2"], &["the jobs set sbatch's --signal themselves", "leave it out"]),
        (&["-c 8"], &["--cpus-per-task", "--threads N"]),
        (&["--comment='a"], &["a quote in it does not end"]),
        (&[""], &["--slurm ''", "nothing is in it"]),
    ];
    for (options, parts) in refused {
        with(&[&slurm, options].concat()).refuses(2, parts).leaves_no("s");
    }
    with(&["--slurm", "--time=1"]).refuses(2, &["--slurm", "add --emit slurm"]).leaves_no("s");
    let snakemake = with(&["--emit", "snakemake", "--slurm", "--time=1"]);
    snakemake.refuses(2, &["--slurm", "--default-resources"]).leaves_no("s");
    let text = "--time=4:00:00 --mem 8G";
    with(&[&slurm, [text, "--slurm", "--comment='a b'"].as_slice()].concat()).succeeds();
    for job in ["pretrain", "evaluate", "report"] {
        let script = folder.read(&format!("s/slurm/{job}.sbatch"));
        assert!(script.contains("\n#SBATCH --time=4:00:00 --mem 8G\n#SBATCH \"--comment=a b\"\n"), "{script}");
    }
}
