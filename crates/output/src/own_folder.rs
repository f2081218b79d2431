//! Folders that bmae has filled, known again by what it wrote into them: reports and runs.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What the pages of a report carry in their head: `<meta name="generator" content="bmae">`.
pub const GENERATOR: &str = "bmae";
/// How a `report.md` begins.
pub const REPORT_COMMENT: &str = "<!-- written by bmae report -->";
/// How the pages and the `report.md` of versions before are known.
const EARLIER: [&str; 2] =
    ["<title>bmae: comparison of pre-training methods</title>", "# bmae: comparison of pre-training methods"];
/// The mark of a page or a table lies within so many bytes.
const HEAD: u64 = 4096;
/// No `run.toml` is longer.
const LONGEST_RUN_FILE: u64 = 1 << 20;

/// The folder of a report's figures.
pub const FIGURES: &str = "figures";
/// The folder of a run's pictures.
pub const PICTURES: &str = "pictures";

/// Whether the file at `path` is the page (`index.html`) or the text (`report.md`) of a report that bmae wrote, this
/// version or one before.
pub fn is_of_a_report(path: &Path) -> bool {
    let head = beginning(path, HEAD);
    let generator = format!("<meta name=\"generator\" content=\"{GENERATOR}\"");
    head.starts_with(REPORT_COMMENT)
        || head.contains(&generator)
        || head.contains(EARLIER[0])
        || head.starts_with(EARLIER[1])
}

/// Whether a report that bmae wrote lies in `folder`, among whatever else.
pub fn holds_report(folder: &Path) -> bool {
    ["index.html", "report.md"].iter().any(|name| is_of_a_report(&folder.join(name)))
}

/// Whether `folder` is a run directory: its `run.toml` says so.
pub fn holds_run(folder: &Path) -> bool {
    let text = beginning(&folder.join("run.toml"), LONGEST_RUN_FILE);
    let has = |begins: &str| text.lines().any(|line| line.starts_with(begins));
    has("stage = \"") && has("program = \"bmae ")
}

/// Whether `folder` is where a report or a run keeps the pictures that bmae drew.
pub fn is_of_drawn_pictures(folder: &Path) -> bool {
    // Most folders are called otherwise. `.` and a link have their names in the full path alone.
    let is_called_otherwise = |name: &OsStr| name != FIGURES && name != PICTURES;
    if !folder.is_symlink() && folder.file_name().is_some_and(is_called_otherwise) {
        return false;
    }
    let Ok(folder) = std::fs::canonicalize(folder) else { return false };
    let (Some(name), Some(above)) = (folder.file_name(), folder.parent()) else { return false };
    (name == FIGURES && holds_report(above)) || (name == PICTURES && holds_run(above))
}

/// The beginning of a plain file as text; nothing of anything else.
fn beginning(path: &Path, bytes: u64) -> String {
    if !path.is_file() {
        return String::new();
    }
    let mut text = Vec::new();
    let _ = File::open(path).and_then(|file| file.take(bytes).read_to_end(&mut text));
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_report_is_known_by_its_page_or_its_text_and_a_strangers_page_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for (name, text, ours) in [
            ("index.html", "<html><head><meta name=\"generator\" content=\"bmae\">", true),
            ("index.html", "<head><title>bmae: comparison of pre-training methods</title>", true),
            ("index.html", "<head><title>My photos</title> made with bmae", false),
            ("report.md", "<!-- written by bmae report -->\n# ...", true),
            ("report.md", "# bmae: comparison of pre-training methods\n", true),
            ("report.md", "See # bmae: comparison of pre-training methods", false),
            ("notes.md", "# bmae: comparison of pre-training methods\n", false),
        ] {
            fs::write(at(name), text).expect("written");
            assert_eq!(holds_report(folder.path()), ours, "{name}: {text}");
            fs::remove_file(at(name)).expect("removed");
        }
        assert!(!holds_report(&at("nowhere")));
    }

    #[test]
    fn pictures_that_bmae_drew_are_known_by_the_folder_above() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["run/pictures", "run/figures", "photos/pictures", "photos/figures", "report/figures"] {
            fs::create_dir_all(at(name)).expect("a folder");
        }
        fs::write(at("run/run.toml"), "inputs = {}\nstage = \"pretrain\"\nprogram = \"bmae 0.1.0\"\n")
            .expect("written");
        fs::write(at("photos/run.toml"), "stage = \"left\"\n").expect("written");
        fs::write(at("report/report.md"), REPORT_COMMENT).expect("written");
        let drawn = |name: &str| is_of_drawn_pictures(&at(name));
        assert!(drawn("run/pictures") && drawn("report/figures"));
        assert!(!drawn("run/figures") && !drawn("photos/pictures") && !drawn("photos/figures") && !drawn("run"));
    }
}
