//! Runs as a collection: listed, compared, and as rows of numbers.

use bmae_report::{ListedRun, collect_runs, compare_runs, list_runs, metrics_csv, read_run};

use crate::experiment::run;

#[test]
fn each_run_is_a_line_with_state_progress_and_best_result() {
    let folder = tempfile::tempdir().expect("a folder");
    run("finetune", "mae").epochs(2).accuracies(&[31.0, 30.5]).write(&folder.path().join("done"));
    run("finetune", "mae").epochs(3).accuracies(&[31.0]).unfinished().write(&folder.path().join("stopped"));
    let runs = collect_runs(&[folder.path().to_owned()]).expect("two runs").runs;
    let listed: Vec<ListedRun> = runs.iter().map(ListedRun::of).collect();
    let seen: Vec<_> = listed.iter().map(|run| (run.state, run.epochs_done, run.epochs, run.best_top1)).collect();
    assert_eq!(seen, [("finished", Some(2), Some(2), Some(31.0)), ("stopped", Some(1), Some(3), Some(31.0))]);
    let text = list_runs(&listed);
    let words = |line: &str| line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = text.lines().map(words).collect();
    assert_eq!(
        lines,
        [
            "stage seed state epochs loss best top-1 time",
            "finetune 0 finished 2/2 1.0000 31.00 10 s",
            "finetune 0 stopped 1/3 1.0000 31.00 5.3 s"
        ]
    );
}

#[test]
fn a_run_whose_lock_is_held_is_running_and_one_whose_owner_died_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    run("pretrain", "mae").unfinished().write(folder.path());
    let lock = std::fs::File::create(folder.path().join("lock")).expect("a file");
    let state = || read_run(folder.path()).expect("a run").state().word();
    assert_eq!(state(), "stopped");
    lock.lock().expect("nobody holds it");
    assert_eq!(state(), "running");
    drop(lock);
    assert_eq!(state(), "stopped");
}

#[test]
fn a_failed_run_says_why_until_it_is_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = run("pretrain", "mae").parameters("failed = \"the disk is full\"").unfinished().write(folder.path());
    let listed = ListedRun::of(&read_run(&path).expect("a run"));
    assert_eq!((listed.state, listed.failed.as_deref()), ("failed", Some("the disk is full")));
    assert!(list_runs(&[listed]).ends_with("failed: the disk is full\n"));
}

#[test]
fn only_the_settings_that_differ_are_compared_and_every_result() {
    let folder = tempfile::tempdir().expect("a folder");
    let shared = "[pretrain]\nepochs = 2\n";
    let of = |name: &str, config: &str, top1: f64| {
        let path = folder.path().join(name);
        read_run(&run("finetune", "mae").config(config).accuracies(&[10.0, top1]).write(&path)).expect("a run")
    };
    let a = of("a", &format!("{shared}mask_ratio = 0.5\n"), 20.0);
    let b = of("b", &format!("{shared}mask_ratio = 0.75\nnorm_pix = true\n"), 25.0);
    let compared = compare_runs(&a, &b);
    let json = serde_json::to_value(&compared).expect("plain data");
    let settings = serde_json::json!([
        { "name": "pretrain.mask_ratio", "values": [0.5, 0.75] },
        { "name": "pretrain.norm_pix", "values": [null, true] },
    ]);
    assert_eq!(json["settings"], settings, "values keep their types");
    let top1 = compared.results.iter().find(|row| row.name == "top1_last_percent").expect("it was measured");
    assert_eq!((&top1.values, &top1.texts), (&[20.0.into(), 25.0.into()], &["20.00".to_owned(), "25.00".to_owned()]));
    assert!(
        json["results"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|row| row["name"] == "state" || row["values"][0].is_number())
    );
    assert!(compared.text().contains("pretrain.norm_pix"), "{}", compared.text());
    assert!(compare_runs(&a, &a).settings.is_empty());
}

#[test]
fn every_logged_number_is_a_row_and_a_torn_last_line_is_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let metrics = "{\"kind\":\"step\",\"epoch\":0,\"step\":3,\"loss\":0.5,\"targets\":[0.25,0.75]}\n\
                   {\"kind\":\"epoch\",\"epoch\":0,\"event\":\"copy\",\"event_after\":\"average\",\"rank_me\":null}\n\
                   {\"kind\":\"stability\",\"epoch\":0,\"student_cka\":0.5,\"target_cka\":[1.0,null],\
                   \"renewals\":[{\"target\":1,\"at\":\"start\",\"cosine\":0.25}]}\n\
                   {\"kind\":\"epoch\",\"epoch\":1,\"event\":\"average\",\"event_at_end\":true}\n{\"kind\":\"st";
    let path = run("pretrain", "mae-k").metrics(metrics).write(folder.path());
    let csv = metrics_csv(&[read_run(&path).expect("a run")]).rows;
    let csv = csv.replace(&format!("{},CIFAR-10", path.display()), "there,CIFAR-10");
    assert_eq!(
        csv,
        "run,stage,seed,kind,epoch,step,name,value,directory,data\n\
         mae-k,pretrain,0,step,0,3,loss,0.5,there,CIFAR-10\n\
         mae-k,pretrain,0,step,0,3,targets.0,0.25,there,CIFAR-10\n\
         mae-k,pretrain,0,step,0,3,targets.1,0.75,there,CIFAR-10\n\
         mae-k,pretrain,0,epoch,0,,event.copy,1,there,CIFAR-10\n\
         mae-k,pretrain,0,epoch,0,,event_after.average,1,there,CIFAR-10\n\
         mae-k,pretrain,0,stability,0,,renewals.0.cosine,0.25,there,CIFAR-10\n\
         mae-k,pretrain,0,stability,0,,renewals.0.target,1,there,CIFAR-10\n\
         mae-k,pretrain,0,stability,0,,student_cka,0.5,there,CIFAR-10\n\
         mae-k,pretrain,0,stability,0,,target_cka.0,1.0,there,CIFAR-10\n\
         mae-k,pretrain,0,epoch,1,,event_after.average,1,there,CIFAR-10\n"
    );
}
