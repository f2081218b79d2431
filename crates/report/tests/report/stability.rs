//! The `stability` lines: how they are read, and their figures.

use bmae_report::{metrics_csv, read_run};

use crate::experiment::run;
use crate::rendered::{curves, report, text};

/// Three epochs of a mae-new that switched before them: the copy moves at the start of the second and at the end of the
/// third.
const LINES: &str = concat!(
    r#"{"kind":"stability","run":"new","seed":0,"epoch":5,"wall_s":1.0,"student_cosine":0.75,"student_cka":0.875,"#,
    r#""target_cosine":[0.9375,0.9999999999999],"target_cka":[0.96875,1.0],"loss_roughness":0.03125}"#,
    "\n",
    r#"{"kind":"stability","run":"new","seed":0,"epoch":6,"wall_s":2.0,"student_cosine":0.875,"student_cka":null,"#,
    r#""target_cosine":[0.96875,0.5],"target_cka":[0.984375,0.75],"loss_roughness":0.0625,"#,
    r#""renewals":[{"target":1,"at":"start","loss_before":0.25,"loss_after":0.375,"cosine":0.5}]}"#,
    "\n",
    r#"{"kind":"stability","run":"new","seed":0,"epoch":7,"wall_s":3.0,"#,
    r#""renewals":[{"target":1,"at":"end","loss_before":0.25,"loss_after":0.3125,"cosine":0.75}]}"#,
    "\n",
);

#[test]
fn a_line_is_read_field_by_field() {
    let folder = tempfile::tempdir().expect("a folder");
    let metrics = read_run(&run("pretrain", "mae-new").metrics(LINES).write(folder.path())).expect("a run").metrics;
    let [first, second, third] = &metrics.stability[..] else { panic!("three lines: {:?}", metrics.stability) };
    assert_eq!((first.epoch, first.student_cosine, first.student_cka), (5, Some(0.75), Some(0.875)));
    assert_eq!((&first.target_cka, first.loss_roughness), (&vec![Some(0.96875), Some(1.0)], Some(0.03125)));
    assert_eq!((second.student_cka, second.renewals[0].jump()), (None, Some(0.125)));
    assert_eq!((third.student_cosine, third.target_cosine.len()), (None, 0));
    assert_eq!((metrics.targets(), metrics.wall_s), (2, Some(3.0)));
}

#[test]
fn movements_are_drawn_at_the_end_of_their_epoch_and_jumps_where_the_copy_was_made() {
    let folder = tempfile::tempdir().expect("a folder");
    run("pretrain", "mae-new").metrics(LINES).write(&folder.path().join("runs/new/pretrain"));
    report(folder.path());
    let of = |figure: &str| curves(folder.path(), &format!("stability-{figure}"));
    let one = |points: &[(f64, f64)]| vec![("MAE-new".to_owned(), points.to_vec())];
    assert_eq!(of("student-cosine"), one(&[(6.0, 0.25), (7.0, 0.125)]));
    assert_eq!(of("student-cka"), one(&[(6.0, 0.125)]));
    assert_eq!(of("loss-roughness"), one(&[(6.0, 0.03125), (7.0, 0.0625)]));
    assert_eq!(of("loss-jump"), one(&[(6.0, 0.125), (8.0, 0.0625)]));
    assert_eq!(of("copy-cosine"), one(&[(6.0, 0.5), (8.0, 0.25)]));
}

#[test]
fn each_target_has_its_curve_and_an_epoch_in_which_it_stood_still_no_point() {
    let folder = tempfile::tempdir().expect("a folder");
    run("pretrain", "mae-new").metrics(LINES).write(&folder.path().join("runs/new/pretrain"));
    report(folder.path());
    let expected = |average: [f64; 2], copy: f64| {
        let average = vec![(6.0, average[0]), (7.0, average[1])];
        vec![("MAE-new average".to_owned(), average), ("MAE-new copy".to_owned(), vec![(7.0, copy)])]
    };
    assert_eq!(curves(folder.path(), "stability-target-cosine"), expected([0.0625, 0.03125], 0.5));
    assert_eq!(curves(folder.path(), "stability-target-cka"), expected([0.03125, 0.015625], 0.25));
}

#[test]
fn runs_without_such_lines_have_no_such_figures_and_miss_none() {
    let folder = tempfile::tempdir().expect("a folder");
    run("pretrain", "mae").steps(2).write(&folder.path().join("runs/mae/pretrain"));
    assert!(!report(folder.path()).iter().any(|name| name.starts_with("stability")));
    assert!(!text(folder.path(), "report.md").contains("Stability"));
    assert!(!text(folder.path(), "index.html").contains("panel-stability"));
}

#[test]
fn the_numbers_of_each_copy_are_rows_of_the_logged_metrics() {
    let folder = tempfile::tempdir().expect("a folder");
    let read = read_run(&run("pretrain", "mae-new").metrics(LINES).write(folder.path())).expect("a run");
    let csv = metrics_csv(&[read]).rows.replace(&format!("{},CIFAR-10", folder.path().display()), "there,CIFAR-10");
    assert!(csv.contains("\nmae-new,pretrain,0,stability,6,,renewals.0.loss_after,0.375,there,CIFAR-10\n"), "{csv}");
    assert!(csv.contains("\nmae-new,pretrain,0,stability,6,,target_cosine.1,0.5,there,CIFAR-10\n"), "{csv}");
    assert!(!csv.contains("start") && csv.lines().all(|row| row.split(',').count() == 10), "{csv}");
}
