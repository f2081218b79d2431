//! Whether a file may be written where something lies already: only bmae's own, of the same kind, is replaced unasked.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::destination::{Destination, of_file};
use crate::mark;
use crate::plain::plain_path;

/// What becomes of files that bmae did not write, where its own are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// They are kept: nothing is written.
    Kept,
    /// Those of the names that are written are replaced; all others stay.
    Replaced,
}

/// A place that is not written to.
#[derive(Debug, Error)]
pub enum Taken {
    /// It holds something that would be lost.
    #[error("{} is there already and {found}: it would be overwritten", plain_path(path))]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is known of it, as a predicate.
        found: String,
    },
    /// It is what the new file is made from.
    #[error("{} is read to make what would be written in its place: choose another place", plain_path(path))]
    Input {
        /// The file.
        path: PathBuf,
    },
    /// A folder that holds something else than what would be written to it.
    #[error("{} holds {found}, which bmae did not write", plain_path(folder))]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What lies in it, in words.
        found: String,
    },
}

/// Refuses to put a file that is `what`, by its [`mark`], at `path`, where it would replace one that is not, or one of the
/// `inputs` that it is made from. Nothing, an empty file, a pipe and a device are no loss. What else may be wrong with a
/// place is said when it is written to.
///
/// # Errors
/// [`Taken::Input`] whatever is asked for; [`Taken::Foreign`] unless such files are replaced.
pub fn check_file(path: &Path, what: &str, inputs: &[&Path], foreign: Foreign) -> Result<(), Taken> {
    check_file_by(path, what, inputs, foreign, mark::of_file)
}

/// The same of a table in CSV, which has no place for a mark: one that begins with the line `header` is `what`.
///
/// # Errors
/// As [`check_file`].
pub fn check_table(path: &Path, what: &str, header: &str, inputs: &[&Path], foreign: Foreign) -> Result<(), Taken> {
    check_file_by(path, what, inputs, foreign, |place| match mark::of_file(place)? {
        Some(own) => Ok(Some(own)),
        None => Ok(begins_with_line(place, header)?.then(|| what.to_owned())),
    })
}

/// The same of text that says in its first bytes, which hold `sign`, that it is `what`.
///
/// # Errors
/// As [`check_file`].
pub fn check_text(path: &Path, what: &str, sign: &str, inputs: &[&Path], foreign: Foreign) -> Result<(), Taken> {
    check_file_by(path, what, inputs, foreign, |place| match mark::of_file(place)? {
        Some(own) => Ok(Some(own)),
        None => {
            Ok(head(place, 1024)?.windows(sign.len()).any(|bytes| bytes == sign.as_bytes()).then(|| what.to_owned()))
        }
    })
}

fn begins_with_line(path: &Path, line: &str) -> io::Result<bool> {
    let head = head(path, line.len() as u64 + 2)?;
    Ok(head.strip_prefix(line.as_bytes()).is_some_and(|rest| matches!(rest, [b'\n', ..] | [b'\r', b'\n'])))
}

fn head(path: &Path, bytes: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    fs::File::open(path)?.take(bytes).read_to_end(&mut head)?;
    Ok(head)
}

/// The same for a kind of file that `mark_of` knows by something else than a mark.
///
/// # Errors
/// As [`check_file`].
pub fn check_file_by(
    path: &Path,
    what: &str,
    inputs: &[&Path],
    foreign: Foreign,
    mark_of: impl Fn(&Path) -> io::Result<Option<String>>,
) -> Result<(), Taken> {
    let Ok(Destination::File(place)) = of_file(path) else { return Ok(()) };
    if !fs::metadata(&place).is_ok_and(|found| found.len() > 0) {
        return Ok(());
    }
    if inputs.iter().any(|input| is_same(input, &place)) {
        return Err(Taken::Input { path: path.to_owned() });
    }
    if foreign == Foreign::Replaced {
        return Ok(());
    }
    let found = match mark_of(&place) {
        Ok(Some(own)) if own == what => return Ok(()),
        Ok(Some(own)) => format!("holds {own}, not {what}"),
        Ok(None) => format!("does not hold {what} that bmae wrote"),
        Err(error) => format!("cannot be read ({error})"),
    };
    Err(Taken::Foreign { path: path.to_owned(), found })
}

/// Refuses to put the file at `path`, unless it `is_ours` or there is nothing to lose there.
///
/// # Errors
/// [`Taken::Foreign`].
pub fn check_named_file(path: &Path, foreign: Foreign, is_ours: impl Fn(&Path) -> bool) -> Result<(), Taken> {
    let holds_something = fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0);
    match holds_something && foreign == Foreign::Kept && !is_ours(path) {
        true => Err(Taken::Foreign { path: path.to_owned(), found: "was not written by bmae".to_owned() }),
        false => Ok(()),
    }
}

/// What lies in `folder` that is no `ours` by its path, in words: the first by name and how many more. Hidden things,
/// empty files and folders, and links that lead nowhere are nothing. `None` where there is nothing, or no folder.
pub fn foreign_in(folder: &Path, is_ours: impl Fn(&Path) -> bool) -> Option<String> {
    let entries = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let mut found: Vec<PathBuf> =
        entries.filter(|path| !is_hidden(path) && is_something(path) && !is_ours(path)).collect();
    found.sort();
    let (first, more) = found.split_first()?;
    let first = plain_path(first.file_name().unwrap_or_default());
    Some(match more.len() {
        0 => first,
        more => format!("{first} and {more} more"),
    })
}

fn is_something(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => fs::read_dir(path).map_or(true, |mut entries| entries.next().is_some()),
        Ok(found) => !found.is_file() || found.len() > 0,
        Err(_) => false,
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_replaced_where_it_is_of_the_same_kind_and_no_other_unless_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let own = r#"{"__metadata__":{"bmae.written":"features"}}"#;
        let own = [&(own.len() as u64).to_le_bytes(), own.as_bytes()].concat();
        fs::write(at("own"), &own).expect("written");
        fs::write(at("notes"), "mine").expect("written");
        fs::write(at("empty"), "").expect("written");
        symlink("notes", at("link")).expect("a link");
        let check = |name: &str, what: &str, foreign| check_file(&at(name), what, &[&at("own")], foreign);
        for name in ["empty", "missing"] {
            check(name, "features", Foreign::Kept).expect("nothing is lost");
        }
        check_file(&at("own"), "features", &[], Foreign::Kept).expect("the same again");
        check_file(Path::new("/dev/null"), "features", &[], Foreign::Kept).expect("a device");
        for name in ["notes", "link"] {
            let refused = check(name, "features", Foreign::Kept).expect_err("it is lost").to_string();
            assert!(
                refused.contains(&format!("{name} is there already and does not hold features that bmae wrote")),
                "{refused}"
            );
            check(name, "features", Foreign::Replaced).expect("it was asked for");
        }
        assert!(matches!(check_file(&at("own"), "preview", &[], Foreign::Kept), Err(Taken::Foreign { .. })));
        assert!(matches!(check("own", "features", Foreign::Replaced), Err(Taken::Input { .. })));
    }

    #[test]
    fn a_table_is_known_by_its_first_line_and_a_page_by_its_sign() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let table = |text: &str| {
            fs::write(at("table.csv"), text).expect("written");
            check_table(&at("table.csv"), "predictions", "file,rank", &[], Foreign::Kept)
        };
        for own in ["file,rank\na,1\n", "file,rank\n", "file,rank\r\na,1\r\n", ""] {
            table(own).expect("it is ours");
        }
        for other in ["file,rank,more\n", "file,rank", "file\n", "x"] {
            assert!(matches!(table(other), Err(Taken::Foreign { .. })), "{other}");
        }
        let page = |text: &str| {
            fs::write(at("page.html"), text).expect("written");
            check_text(&at("page.html"), "a page", "content=\"bmae page\"", &[], Foreign::Kept)
        };
        page("<meta name=\"generator\" content=\"bmae page\">").expect("it is ours");
        assert!(matches!(page("<meta name=\"generator\" content=\"bmae\">"), Err(Taken::Foreign { .. })));
    }

    #[test]
    fn what_is_foreign_in_a_folder_is_named_with_its_number() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("empty")).expect("a folder");
        for name in [".hidden", "ours"] {
            fs::write(at(name), "x").expect("written");
        }
        symlink("nowhere", at("dangling")).expect("a link");
        let found = || foreign_in(folder.path(), |path| path.ends_with("ours"));
        assert_eq!(found(), None);
        fs::write(at("b.jpg"), "x").expect("written");
        assert_eq!(found().as_deref(), Some("b.jpg"));
        fs::write(at("a.jpg"), "x").expect("written");
        assert_eq!(found().as_deref(), Some("a.jpg and 1 more"));
        assert_eq!(foreign_in(&at("nowhere"), |_| false), None);
    }
}
