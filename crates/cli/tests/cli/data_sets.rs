//! Data sets as people have them: class folders, tables, shards, zips, and images that are broken.

use image::ImageFormat;

use crate::fixtures::picture;
use crate::folder::Folder;

const SMALL: &str =
    "--preset tiny.toml --set pretrain.batch_size=4 --set linprobe.batch_size=4 --set finetune.batch_size=4";

/// `animals/<class>/` with ten PNGs each, and no split.
fn animals(folder: &Folder) {
    for class in ["cat", "dog"] {
        for number in 0..10 {
            folder.write(&format!("animals/{class}/{number}.png"), &picture(number, ImageFormat::Png));
        }
    }
}

/// Two images of `animals` that cannot be decoded: one cut short, one of a kind that is not decoded.
fn broken_animals(folder: &Folder) {
    animals(folder);
    let whole = picture(3, ImageFormat::Png);
    folder.write("animals/cat/3.png", &whole[..whole.len() / 2]);
    folder.write("animals/dog/new.avif", b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf");
}

/// A shard with so many samples from `first` on, of two classes in turn.
fn shard(folder: &Folder, path: &str, first: u32, count: u32) {
    let mut builder = tar::Builder::new(Vec::new());
    for number in first..first + count {
        let label = (number % 2).to_string().into_bytes();
        for (ending, bytes) in [("png", picture(number, ImageFormat::Png)), ("cls", label)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            let name = format!("{number:06}.{ending}");
            builder.append_data(&mut header, name, bytes.as_slice()).expect("in memory");
        }
    }
    folder.write(path, &builder.into_inner().expect("in memory"));
}

#[test]
fn class_folders_tables_and_shards_are_pretrained_and_probed_and_say_what_they_are_tested_on() {
    let folder = Folder::new();
    animals(&folder);
    let lines: String = ["cat", "dog"]
        .iter()
        .flat_map(|class| (0..10).map(move |number| format!("animals/{class}/{number}.png,{class}\n")))
        .collect();
    folder.write("animals.csv", format!("file,label\n{lines}").as_bytes());
    shard(&folder, "shards/train-0.tar", 0, 8);
    shard(&folder, "shards/train-1.tar", 8, 8);
    shard(&folder, "shards/val-0.tar", 16, 4);
    for (data, out, origin) in [
        ("animals", "a", "4 test images: 20 % of each class"),
        ("animals.csv", "b", "4 test images: 20 % of each class"),
        ("shards", "c", "4 test images: in the shards called val"),
    ] {
        let ended = folder.bmae(&format!("pretrain {SMALL} --data {data} --out {out}")).succeeds();
        assert!(ended.stderr.contains(origin), "{}", ended.story());
        assert!(folder.read(&format!("{out}/run.toml")).contains(&format!("test_origin = \"{}", &origin[15..])));
        folder.bmae(&format!("linprobe {SMALL} --data {data} --from {out} --out {out}-linprobe")).succeeds();
        folder.bmae(&format!("data check --data {data}")).succeeds();
    }
    folder.bmae("report a a-linprobe c c-linprobe --out report").succeeds();
    let info = folder.bmae("data info --data animals --json").succeeds().json();
    assert_eq!((info["train"]["images"].as_u64(), info["test"]["images"].as_u64()), (Some(16), Some(4)), "{info}");
}

#[test]
fn an_image_that_cannot_be_decoded_ends_a_run_with_its_name_and_how_to_go_on_without_it() {
    let folder = Folder::new();
    broken_animals(&folder);
    let told = ["new.avif is an AVIF file, which is not decoded", "--set data.unreadable=skip"];
    folder.bmae(&format!("pretrain {SMALL} --data animals --out a")).refuses(1, &told);
    std::fs::remove_file(folder.path("animals/dog/new.avif")).expect("it is there");
    let told = ["cat/3.png cannot be decoded", "`bmae data check`"];
    let ended = folder.bmae(&format!("pretrain {SMALL} --data animals --out b"));
    assert_eq!(ended.code, Some(1), "{}", ended.story());
    told.iter().for_each(|part| assert!(ended.stderr.contains(part), "{part}{}", ended.story()));
}

#[test]
fn with_skip_such_images_are_counted_listed_and_left_out_of_every_stage_and_resume() {
    let folder = Folder::new();
    broken_animals(&folder);
    let skip = format!("{SMALL} --data animals --set data.unreadable=skip");
    let ended = folder.bmae(&format!("pretrain {skip} --out a")).succeeds();
    assert!(ended.stderr.contains("2 images cannot be decoded and are left out"), "{}", ended.story());
    let listed = "file,reason\ncat/3.png,it is cut short\ndog/new.avif,\"it is an AVIF file, which is not decoded\"\n";
    let mut found: Vec<String> = folder.read("a/unreadable.csv").lines().map(str::to_owned).collect();
    found[1..].sort();
    assert_eq!(found.join("\n") + "\n", listed);
    folder.bmae(&format!("linprobe {skip} --from a --out a-linprobe")).succeeds();
    assert_eq!(folder.read("a-linprobe/unreadable.csv").lines().count(), 3);
    folder.bmae("resume a --epochs 3").succeeds();
    folder.write("animals/cat/4.png", b"broken since");
    folder.bmae("resume a --epochs 4").refuses(1, &["images"]);
}

#[test]
fn data_check_lists_what_is_broken_and_what_is_not_supported_and_fails_then() {
    let folder = Folder::new();
    broken_animals(&folder);
    folder.write("animals/empty/notes.txt", b"no image");
    let ended = folder.bmae("data check --data animals");
    assert!(ended.stdout.contains("cat/3.png: damaged: it is cut short"), "{}", ended.story());
    assert!(ended.stdout.contains("dog/new.avif: not supported: it is an AVIF file"), "{}", ended.story());
    assert!(ended.stdout.contains("the folder empty holds no image and is no class"), "{}", ended.story());
    let told = "error: 2 of 21 images cannot be decoded (1 damaged, 1 of a kind that is not decoded)";
    assert!(ended.code == Some(1) && ended.stderr.contains(told), "{}", ended.story());
    let json = folder.bmae("data check --data animals --json").json();
    assert_eq!((json["images"].as_u64(), json["damaged"].as_u64()), (Some(21), Some(1)), "{json}");
    assert_eq!(json["unreadable"][0]["reason"], "it is cut short");
}

#[test]
fn what_is_wrong_with_a_set_is_told_with_its_place() {
    let folder = Folder::new();
    animals(&folder);
    shard(&folder, "shards/0.tar", 0, 4);
    shard(&folder, "shards/1.tar", 0, 0);
    folder.write("missing.csv", b"file,label\nanimals/cat/0.png,cat\nanimals/cat/99.png,cat\n");
    folder.write(
        "label.csv",
        b"file,label,split\nanimals/cat/0.png,cat,train\nanimals/dog/0.png,dog,train\nanimals/dog/1.png,bird,test\n",
    );
    for (data, parts) in [
        ("shards", ["shards/1.tar holds no image", "remove it"]),
        ("shards/{0..4}.tar", ["there is no shard", "shards/2.tar"]),
        ("missing.csv", ["missing.csv, line 3, names animals/cat/99.png, which is not there", "correct the line"]),
        ("label.csv", ["label.csv, line 4, has the label bird, but no class has it", "cat, dog"]),
    ] {
        folder.bmae(&format!("pretrain {SMALL} --data {data} --out run")).refuses(1, &parts).leaves_no("run");
    }
}

#[test]
fn a_recipe_is_proposed_for_class_folders_and_keeps_what_was_said_of_broken_images() {
    let folder = Folder::new();
    broken_animals(&folder);
    folder.bmae("init --data animals --set data.unreadable=skip --time 1s new.toml").succeeds();
    let recipe = folder.read("new.toml");
    assert!(recipe.contains("source = \"animals\"") && recipe.contains("unreadable = \"skip\""), "{recipe}");
}
