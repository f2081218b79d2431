//! Nothing of the user's is overwritten: a place that holds what bmae did not write there is refused before any work.

use image::ImageFormat;

use crate::fixtures::{class_folders, picture, unlabelled_folder};
use crate::folder::Folder;

const TRAIN: &str = "pretrain --preset tiny.toml -q --out";

#[test]
fn a_report_goes_to_no_folder_that_holds_anything_else() {
    let folder = Folder::new();
    folder.bmae(&format!("{TRAIN} runs/a")).succeeds();
    unlabelled_folder(&folder);
    folder.write("site/index.html", b"<title>My page</title>");
    folder.write("notes/report.md", b"# Report to the board");
    folder.write("file", b"mine");
    let before = folder.listing();
    for (out, parts) in [
        ("pile", &["pile holds 0.jpg and 8 more, which bmae did not write", "--force"][..]),
        ("site", &["site holds index.html", "--force"]),
        ("notes", &["notes holds report.md"]),
        ("runs", &["runs holds"][..]),
    ] {
        if out != "runs" {
            folder.bmae(&format!("report runs --out {out}")).refuses(2, parts);
            assert_eq!(folder.listing(), before);
        }
    }
    folder.bmae("report runs --out file").refuses(1, &["a file stands where a folder should"]);
    assert_eq!(folder.read("site/index.html"), "<title>My page</title>");

    folder.bmae("report runs --out pile --force").succeeds();
    folder.bmae("report runs --out pile").succeeds();
    assert!(folder.path("pile/0.jpg").exists() && folder.path("pile/deep/er/7.jpg").exists());
    let told = folder.bmae("data info --preset tiny.toml --data pile").succeeds();
    assert!(told.stderr.contains("that bmae drew are no data and left out, in "), "{}", told.story());
    assert!(told.stdout.contains("16 images"), "{}", told.story());
}

#[test]
fn a_report_replaces_a_report_also_one_of_an_earlier_version() {
    let folder = Folder::new();
    folder.bmae(&format!("{TRAIN} a")).succeeds();
    folder.bmae("report a --out report").succeeds();
    let page = folder.read("report/index.html").replace("<meta name=\"generator\" content=\"bmae\">", "");
    folder.write("report/index.html", page.as_bytes());
    let text = folder.read("report/report.md");
    folder.write("report/report.md", text.split_once("\n\n").expect("a comment").1.as_bytes());
    folder.write("report/my-notes.txt", b"mine");
    folder.bmae("report a --out report").succeeds();
    assert_eq!(folder.read("report/my-notes.txt"), "mine");
    assert_eq!(folder.read("report/report.md"), text);
    folder.write("report/report.md", b"What I think of it");
    folder.bmae("report a --out report").refuses(2, &["report/report.md is there already and was not written by bmae"]);
}

#[test]
fn a_file_is_replaced_by_the_command_that_wrote_it_alone() {
    let folder = Folder::new();
    folder.bmae(&format!("{TRAIN} a")).succeeds();
    let files = [
        ("features --preset tiny.toml --from a --split test --feature mean -q --out", "f.safetensors"),
        ("checkpoint export --from a --to timm -q --out", "t.safetensors"),
        ("checkpoint import --from a/checkpoints/last.safetensors -q --out", "i.safetensors"),
        ("data preview --preset tiny.toml --stage pretrain --images 2 --out", "p.png"),
        ("reconstruct --from a --images 2 --out", "r.png"),
        ("reconstruct --from a --images 2 --out other.png --attention", "r.png"),
    ];
    for (command, out) in files {
        for _ in 0..2 {
            folder.bmae(&format!("{command} {out}")).succeeds();
        }
    }
    let weights = folder.weights("a");
    for (command, out) in files {
        let ending = out.rsplit_once('.').expect("an ending").1;
        let mine = format!("mine.{ending}");
        let picture = picture(1, ImageFormat::Png);
        folder.write(&mine, &picture);
        folder.bmae(&format!("{command} {mine}")).refuses(2, &[&mine, "would be overwritten", "--force"]);
        assert_eq!(std::fs::read(folder.path(&mine)).expect("it is there"), picture);
        for (_, other) in files.iter().filter(|(_, other)| *other != out && other.ends_with(ending)) {
            folder.bmae(&format!("{command} {other}")).refuses(2, &[other, "would be overwritten"]);
        }
        if ending == "safetensors" {
            let last = "a/checkpoints/last.safetensors";
            for force in ["", " --force"] {
                folder.bmae(&format!("{command} {last}{force}")).refuses(2, &[last, "is read to make"]);
            }
        }
        folder.bmae(&format!("{command} {mine} --force")).succeeds();
        assert_ne!(std::fs::read(folder.path(&mine)).expect("it is there"), picture);
    }
    assert_eq!(folder.weights("a"), weights);
}

#[test]
fn a_folder_with_files_of_a_runs_names_is_no_run() {
    let folder = Folder::new();
    for (run, file) in [("config", "config.toml"), ("run", "run.toml"), ("lock", "lock"), ("photos", "a.jpg")] {
        folder.write(&format!("{run}/{file}"), b"mine: yes");
        for resume in ["", " --resume"] {
            folder
                .bmae(&format!("{TRAIN} {run}{resume}"))
                .refuses(1, &["is not empty and holds no run of bmae", file, "--out"]);
        }
        assert_eq!(folder.read(&format!("{run}/{file}")), "mine: yes");
        assert_eq!(std::fs::read_dir(folder.path(run)).expect("a folder").count(), 1);
    }
}

#[test]
fn a_plan_looks_at_all_its_places_before_it_trains() {
    let folder = Folder::new();
    for (out, file) in [("r", "report/index.html"), ("s", "mae-new/linprobe/letter.txt")] {
        folder.write(&format!("{out}/{file}"), b"mine");
        let name = file.rsplit('/').next().expect("a name");
        let ended = folder.bmae(&format!("reproduce --preset tiny.toml -q --out {out}"));
        assert!(ended.stderr.contains(name) && !ended.listing_has(&format!("{out}/mae")), "{}", ended.story());
        assert!(matches!(ended.code, Some(1 | 2)), "{}", ended.story());
    }
    folder.write("j/Snakefile", b"rule mine:");
    let sweep = "sweep --preset tiny.toml --grid method.name=scratch --evaluations knn --emit snakemake --out j -q";
    folder.bmae(sweep).refuses(2, &["j/Snakefile", "--force"]).leaves_no("j/recipes");
    folder.write("pages/bmae-knn.1", b"mine");
    folder.bmae("man pages").refuses(2, &["pages/bmae-knn.1", "--force"]).leaves_no("pages/bmae.1");
    folder.bmae("man pages --force").succeeds();
    folder.bmae("man pages").succeeds();
}

#[test]
fn what_bmae_draws_is_no_image_of_a_data_set() {
    let folder = Folder::new();
    unlabelled_folder(&folder);
    class_folders(&folder);
    let draw = "data preview --preset tiny.toml --stage pretrain --images 2";
    for (data, out) in [("pile", "pile/deep/grid.png"), ("photos", "photos/train/cat/grid.png")] {
        folder
            .bmae(&format!("{draw} --data {data} --out {out}"))
            .refuses(2, &[out, "lies among the images of"])
            .leaves_no(out);
    }
    folder.bmae(&format!("{draw} --data photos --out photos/grid.png")).succeeds();

    let train = "pretrain --preset tiny.toml --set pretrain.batch_size=8 --data pile";
    folder.bmae(&format!("{train} --out pile/runs/a -q")).succeeds();
    let again = folder.bmae(&format!("{train} --out pile/runs/b")).succeeds();
    assert_eq!(
        again.stderr.matches("note: 2 files that bmae drew are no data and left out").count(),
        1,
        "{}",
        again.story()
    );
    folder
        .bmae("data info --preset tiny.toml --data pile/runs/a/pictures")
        .refuses(1, &["holds no image", "that bmae drew"]);
}
