//! `plan.toml`: what was asked for in a folder of runs, so that the folder alone tells how to go on. `docs/formats.md`,
//! "plan.toml", lists its fields.

use std::io;
use std::path::{Path, PathBuf};

use bmae_output::absolute::absolute;
use bmae_output::path_text;
use bmae_output::whole_file::{create_folder, write_whole};
use toml::{Table, Value};

use super::PlannedStage;
use crate::{Recipe, Stage, Start, Trunk};

/// Its name in the folder.
pub const PLAN_FILE: &str = "plan.toml";

/// What it begins with, by which it is known.
const HEAD: &str = "# What was asked for in this folder, for whoever goes on with it.\n";

/// Why the plan of a folder cannot be read or written down; its text is fit for a user.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// The system refuses.
    #[error("cannot {action} {path}: {source}; {remedy}", path = path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What to do.
        remedy: &'static str,
    },
    /// It does not read back.
    #[error("{path} is damaged: {what}; remove it, and the runs that have begun go on without it", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Another file has its name.
    #[error(
        "{path} is not of bmae, and the plan of the runs would be written there: move it away, or choose another folder",
        path = path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

/// What was asked for in a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanFile {
    /// Where the folder was when that was written down, an absolute path.
    pub folder: String,
    /// The stages in their order, with `out` in the folder as it was given to [`read`](Self::read).
    pub stages: Vec<PlannedStage>,
}

impl PlanFile {
    /// Whether `folder` has one.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(PLAN_FILE).is_file()
    }

    /// Writes down `stages`, all of whose run directories lie in `folder`, which is made if need be.
    ///
    /// # Errors
    /// When a file that bmae did not write has the name, or the system refuses.
    pub fn write(folder: &Path, stages: &[PlannedStage]) -> Result<(), PlanFileError> {
        let path = folder.join(PLAN_FILE);
        let failed = |source: io::Error| {
            let remedy = bmae_output::remedy::remedy(&source);
            PlanFileError::Io { action: "write", path: path.clone(), source, remedy }
        };
        let text = text_of(folder, stages);
        match std::fs::read(&path) {
            Ok(found) if found == text.as_bytes() => return Ok(()),
            Ok(found) if !found.starts_with(HEAD.as_bytes()) => return Err(PlanFileError::Foreign { path }),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        create_folder(folder).map_err(failed)?;
        write_whole(&path, text.as_bytes()).map_err(failed)
    }

    /// Reads what was asked for in `folder`.
    ///
    /// # Errors
    /// When there is no such file, or what it says is no plan.
    pub fn read(folder: &Path) -> Result<Self, PlanFileError> {
        let path = folder.join(PLAN_FILE);
        let text = std::fs::read_to_string(&path).map_err(|source| {
            let remedy = "check the path and its permissions";
            PlanFileError::Io { action: "read", path: path.clone(), source, remedy }
        })?;
        let damaged = |what: String| PlanFileError::Damaged { path: path.clone(), what };
        let document: Table =
            text.parse().map_err(|error: toml::de::Error| damaged(error.message().replace('\n', " ")))?;
        read(&document, folder).map_err(damaged)
    }
}

/// The text of the file. Folders are relative to that of the plan; a stage has the sections of its recipe that are not
/// those of the first stage, which stand alone.
fn text_of(folder: &Path, stages: &[PlannedStage]) -> String {
    let common = stages.first().map(|stage| table_of(&stage.recipe)).unwrap_or_default();
    let entries = stages.iter().map(|stage| Value::Table(entry(stage, folder, &common)));
    let document = Table::from_iter([
        ("folder".to_owned(), path_text::to_text(absolute(folder)).into()),
        ("recipe".to_owned(), common.clone().into()),
        ("stages".to_owned(), Value::Array(entries.collect())),
    ]);
    format!("{HEAD}{document}")
}

fn entry(planned: &PlannedStage, folder: &Path, common: &Table) -> Table {
    let within = |path: &Path| path_text::to_text(path.strip_prefix(folder).unwrap_or(path));
    let count = |count: usize| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
    let mut entry = Table::new();
    let mut put = |name: &str, value: Option<Value>| value.map(|value| entry.insert(name.to_owned(), value));
    put("out", Some(within(&planned.out).into()));
    put("run", Some(planned.run.clone().into()));
    put("stage", Some(planned.stage.section().into()));
    let trunk = planned.start.trunk();
    put("from", planned.start.path().filter(|_| trunk.is_none()).map(|path| within(path).into()));
    put("trunk", trunk.map(|trunk| within(&trunk.directory).into()));
    put("trunk_epochs", trunk.map(|trunk| count(trunk.epochs)));
    put("ends_after", planned.ends_after.map(count));
    let own = table_of(&planned.recipe).into_iter().filter(|(section, value)| common.get(section) != Some(value));
    let own: Table = own.collect();
    put("recipe", (!own.is_empty()).then_some(own.into()));
    entry
}

/// What the file says; what is wrong with it, as a clause.
fn read(document: &Table, folder: &Path) -> Result<PlanFile, String> {
    let common = document.get("recipe").and_then(Value::as_table).ok_or("it has no table recipe")?;
    let stages = document.get("stages").and_then(Value::as_array).ok_or("it has no list of stages")?;
    let stage = |entry: &Value| stage(entry, folder, common);
    let stages = stages.iter().map(stage).collect::<Result<_, _>>()?;
    Ok(PlanFile { folder: text(document, "folder")?.to_owned(), stages })
}

fn stage(entry: &Value, folder: &Path, common: &Table) -> Result<PlannedStage, String> {
    let entry = entry.as_table().ok_or("a stage of it is no table")?;
    let path = |name: &str| entry.get(name).and_then(Value::as_str).map(|path| folder.join(path_text::from_text(path)));
    let count = |name: &str| entry.get(name).and_then(Value::as_integer).and_then(|count| usize::try_from(count).ok());
    let (out, section) = (text(entry, "out")?, text(entry, "stage")?);
    let stage = Stage::of_section(section).ok_or_else(|| format!("the stage {out} is {section:?}, which is none"))?;
    let mut recipe = common.clone();
    recipe.extend(entry.get("recipe").and_then(Value::as_table).cloned().unwrap_or_default());
    let recipe = Recipe::from_toml(&recipe.to_string()).map_err(|error| format!("of the stage {out}, {error}"))?;
    let start = match (path("trunk"), count("trunk_epochs"), path("from")) {
        (Some(directory), Some(epochs), _) => Start::Trunk(Trunk { directory, epochs }),
        (_, _, Some(from)) => Start::From(from),
        _ => Start::Scratch,
    };
    let run = text(entry, "run")?.to_owned();
    Ok(PlannedStage {
        run,
        stage,
        recipe,
        start,
        out: folder.join(path_text::from_text(out)),
        ends_after: count("ends_after"),
    })
}

fn text<'a>(table: &'a Table, name: &str) -> Result<&'a str, String> {
    table.get(name).and_then(Value::as_str).ok_or_else(|| format!("it has no text {name} where one should be"))
}

fn table_of(recipe: &Recipe) -> Table {
    // A recipe is written as TOML that can be read.
    recipe.to_toml().parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{plan, share_beginnings};

    fn planned(folder: &Path) -> Vec<PlannedStage> {
        let runs = "[[runs]]\nname='scratch'\n[[runs]]\nname='mae'\n[[runs]]\nname='own'\nmethod='custom'\ntargets=[{tau=0.3}]";
        let recipe = Recipe::from_toml(&format!("pretrain.epochs = 9\n[method]\nwse = 3\n{runs}")).expect("a recipe");
        share_beginnings(plan(&recipe, 2, folder), folder)
    }

    #[test]
    fn a_plan_reads_back_as_it_was_wherever_its_folder_lies_now() {
        let folder = tempfile::tempdir().expect("a folder");
        let (old, new) = (folder.path().join("a b"), folder.path().join("new"));
        let stages = planned(&old);
        assert!(stages.iter().any(|stage| stage.start.trunk().is_some() && stage.recipe.seed == 1), "trunks, seeds");
        PlanFile::write(&old, &stages).expect("written");
        assert_eq!(PlanFile::read(&old).expect("it reads").stages, stages);
        std::fs::rename(&old, &new).expect("moved");
        let read = PlanFile::read(&new).expect("it reads");
        assert_eq!((read.stages, Path::new(&read.folder)), (planned(&new), old.as_path()));
        let size = std::fs::metadata(new.join(PLAN_FILE)).expect("a file").len();
        assert!(size < 12_000, "{size} bytes: what the recipes have in common is there once");
    }

    #[test]
    fn a_file_of_somebody_else_is_left_alone_and_a_damaged_plan_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(PLAN_FILE);
        std::fs::write(&path, "[monday]\n").expect("written");
        let refused = PlanFile::write(folder.path(), &planned(folder.path())).expect_err("not ours");
        assert!(refused.to_string().contains("plan.toml is not of bmae"), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "[monday]\n");
        std::fs::write(&path, format!("{HEAD}folder = 3\n")).expect("written");
        let damaged = PlanFile::read(folder.path()).expect_err("damaged").to_string();
        assert!(damaged.contains("plan.toml is damaged: ") && !damaged.contains('\n'), "{damaged}");
        PlanFile::write(folder.path(), &planned(folder.path())).expect("it was ours");
    }
}
