//! The page, the Markdown and the figures as files.

use std::fs;
use std::path::Path;

use crate::experiment::{FakeRun, run, write_report};

const HOSTILE: &str = "<script>alert('x')</script>\"`|&\u{1}";

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A small experiment: two methods, all stages of one of them.
fn experiment(folder: &Path, name: &str) {
    let mae = |stage| -> FakeRun { run(stage, "mae").name(name) };
    let event =
        "{\"kind\":\"epoch\",\"epoch\":1,\"rank_me\":20.0,\"knn_top1\":31.0,\"target_std\":0.4,\"event\":\"switch\"}\n";
    mae("pretrain").steps(2).metrics(event).write(&folder.join("a/pretrain"));
    mae("finetune").accuracies(&[50.0, 60.0]).config("seed = 0 # <b>\"bold\"</b>\n").write(&folder.join("a/finetune"));
    mae("linprobe").accuracies(&[30.0, 40.0]).write(&folder.join("a/linprobe"));
    run("finetune", "scratch").accuracies(&[45.0, 48.0]).write(&folder.join("scratch/finetune"));
}

#[test]
fn the_page_refers_to_nothing_outside_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    experiment(folder.path(), "mae");
    let out = folder.path().join("report");
    write_report(&[folder.path().to_owned()], &out).expect("a report");
    let page = text(&out.join("index.html"));
    for outside in ["src=\"http", "href=\"http", "src=\"/", "url(", "@import", "<link", "import(", "fetch(", "XMLHttp"]
    {
        assert!(!page.contains(outside), "{outside} in the page");
    }
    assert!(page.contains("Leon Sorokin") && page.contains("The above copyright notice and this permission notice"));
    assert!(page.contains("content=\"default-src 'none'; "), "the page may load something");
    let handlers = [" onclick=", " onload=", " onerror=", " onkeydown=", "javascript:"];
    assert!(!handlers.iter().any(|handler| page.contains(handler)), "code in an attribute");
    assert!(page.contains("<svg class=\"wide\"") && page.contains("<svg class=\"narrow\""));
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("name=\"viewport\""));
}

#[test]
fn what_comes_from_files_is_escaped_everywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    experiment(folder.path(), HOSTILE);
    let out = folder.path().join("report");
    let written = write_report(&[folder.path().to_owned()], &out).expect("a report");
    for path in written.files.iter().filter(|path| path.extension().is_some_and(|end| end != "png")) {
        assert!(!text(path).contains("<script>alert") || path.ends_with("results.csv"), "{}", path.display());
    }
    let page = text(&out.join("index.html"));
    assert!(page.contains("&lt;script&gt;alert('x')&lt;/script&gt;&quot;`|&amp;"));
    assert!(page.contains("seed = 0 # &lt;b&gt;&quot;bold&quot;&lt;/b&gt;"));
    let markdown = text(&out.join("report.md"));
    let row = markdown.lines().find(|line| line.starts_with("| &lt;script")).expect("the run's row");
    assert_eq!(row.replace("\\|", "").matches('|').count(), 10, "{row}");
}

#[test]
fn figures_are_well_formed_and_free_of_inks() {
    let folder = tempfile::tempdir().expect("a folder");
    experiment(folder.path(), HOSTILE);
    let out = folder.path().join("report");
    let written = write_report(&[folder.path().to_owned()], &out).expect("a report");
    let figures: Vec<_> =
        written.files.iter().filter(|path| path.extension().is_some_and(|end| end == "svg")).collect();
    let names: Vec<_> = figures.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    let expected = [
        "best-finetune",
        "baselines-finetune",
        "finetune-top1",
        "linprobe-top1",
        "cost-finetune",
        "pretrain-loss",
        "monitor-knn",
        "monitor-rank",
        "monitor-target-spread",
    ];
    assert_eq!(names, expected);
    for path in figures {
        let svg = text(path);
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{}", path.display());
        assert!(svg.contains("role=\"img\" aria-label=\""), "{}", path.display());
        assert!(svg.contains("font-family=\"DejaVu Sans, Verdana, sans-serif\""), "{}", path.display());
        assert!(!svg.contains(|c: char| c.is_control() && c != '\n'), "no XML: {}", path.display());
        assert!(!svg.contains("\"#0101") && !svg.contains("\"#F00"), "an ink is left in {}", path.display());
        let opened = ["svg", "text"].map(|tag| svg.matches(&format!("<{tag}")).count());
        let closed = ["svg", "text"].map(|tag| svg.matches(&format!("</{tag}>")).count());
        assert_eq!(opened, closed, "{}", path.display());
    }
}

#[test]
fn the_markdown_shows_every_figure_by_a_path_that_exists() {
    let folder = tempfile::tempdir().expect("a folder");
    experiment(folder.path(), "mae");
    let out = folder.path().join("report");
    write_report(&[folder.path().to_owned()], &out).expect("a report");
    let markdown = text(&out.join("report.md"));
    let paths: Vec<&str> = markdown.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(paths.contains(&"figures/pretrain-loss.svg") && paths.contains(&"results.csv"), "{paths:?}");
    for path in paths {
        assert!(out.join(path).is_file(), "{path}");
    }
    assert!(
        markdown.contains("| scratch |  | 48.00 ± 0.50 | 81.10 | not run | 30.91 | not run | 10 s |  |"),
        "{markdown}"
    );
    assert!(markdown.contains("| mae |  | **60.00 ± 0.49** | 85.83 | 40.00 ± 0.49 | 52.35 | not run |"), "{markdown}");
}

#[test]
fn a_second_report_replaces_the_first_and_the_same_runs_give_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    experiment(folder.path(), "mae");
    let out = folder.path().join("report");
    let read = || {
        let written = write_report(&[folder.path().to_owned()], &out).expect("a report");
        written.files.iter().map(|path| (path.clone(), fs::read(path).expect("a file"))).collect::<Vec<_>>()
    };
    assert_eq!(read(), read());

    fs::remove_dir_all(folder.path().join("a/linprobe")).expect("removed");
    let files: Vec<_> = read().into_iter().map(|(path, _)| path).collect();
    assert!(!files.contains(&out.join("figures/linprobe-top1.svg")));
    assert!(!out.join("figures/linprobe-top1.svg").exists(), "a figure of the earlier report is left");
    let left: Vec<_> = fs::read_dir(&out)
        .expect("the report")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    assert_eq!(left.len(), 5, "temporary files are left: {left:?}");
}

#[test]
fn a_folder_that_cannot_be_written_is_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    experiment(folder.path(), "mae");
    fs::write(folder.path().join("report"), "in the way").expect("a file");
    let error =
        write_report(&[folder.path().join("a")], &folder.path().join("report")).expect_err("a file is in the way");
    let error = error.to_string();
    assert!(error.starts_with("cannot write "), "{error}");
    assert_eq!(text(&folder.path().join("report")), "in the way");
}

#[test]
fn curves_show_the_mean_of_the_finished_seeds_to_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let seed = |seed: u64| run("linprobe", "mae").seed(seed).epochs(3);
    seed(0).accuracies(&[30.0, 40.0, 50.0]).write(&folder.path().join("mae/linprobe"));
    seed(1).accuracies(&[30.0, 44.0, 54.0]).write(&folder.path().join("mae-seed1/linprobe"));
    seed(2).unfinished().accuracies(&[90.0]).write(&folder.path().join("mae-seed2/linprobe"));
    let out = folder.path().join("report");
    write_report(&[folder.path().to_owned()], &out).expect("a report");
    let figure = text(&out.join("figures/linprobe-top1.svg"));
    assert!(figure.contains("Last values: mae 52.00."), "{}", figure.lines().next().unwrap_or_default());
    // One mean and three seeds, of which the one with a single epoch has no line to draw.
    assert_eq!(figure.matches("stroke=\"#0072B2\"").count(), 4 + 1, "curves and the tie of the label");
}

#[test]
fn runs_that_say_nothing_of_time_or_place_leave_no_empty_frames() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a");
    fs::create_dir(&path).expect("a folder");
    fs::write(path.join("run.toml"), "stage = \"knn\"\nname = \"a\"\nmethod = \"mae\"\nseed = 0\n").expect("run.toml");
    let out = folder.path().join("report");
    write_report(&[path], &out).expect("a report");
    let page = text(&out.join("index.html"));
    assert!(!page.contains("<dl class=\"experiment\">"));
    assert!(page.contains("<footer>1 run directory · 0 s of work in all</footer>"));
}
