//! Paths of a recipe file begin in its folder.

use super::*;
use crate::{DataSource, Place};

/// Layers over a recipe file at `name` in `folder` with this text.
fn file_in(folder: &std::path::Path, name: &str, text: &str) -> Layers {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder");
    std::fs::write(&path, text).expect("a file");
    let preset = PresetChoice::read(path.to_str().expect("UTF-8")).expect("a recipe");
    Layers { preset, stages: vec![Stage::Pretrain], ..Layers::default() }
}

#[test]
fn every_relative_path_begins_in_the_folder_of_the_recipe() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "[data]\nsource = '../photos'\n[pretrain]\nfrom = 'mae.pth'\n[method]\nname = 'custom'\nwse = 0\n\
                [[method.targets]]\nupdate = 'fixed'\nfrom = 'teacher'";
    let recipe = resolve(&file_in(folder.path(), "recipes/own.toml", text));
    let here = folder.path().join("recipes");
    assert_eq!(recipe.data.source, DataSource::Path(here.join("../photos")));
    assert_eq!(recipe.pretrain.from.as_ref().map(|from| &from.path), Some(&here.join("mae.pth")));
    let targets = recipe.method.targets();
    assert_eq!(targets[0].update.weights().map(|weights| &weights.path), Some(&here.join("teacher")));
    assert_eq!(recipe.place_of("data.source"), Some(&Place::File(here.join("own.toml"))));
}

#[test]
fn absolute_paths_and_names_of_data_sets_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let source =
        |text: &str| resolve(&file_in(folder.path(), "own.toml", &format!("[data]\nsource = '{text}'"))).data.source;
    assert_eq!(source("shapes"), DataSource::Shapes);
    assert!(matches!(source("cifar10"), DataSource::Cifar10 { .. }));
    assert_eq!(source("/photos"), DataSource::Path("/photos".into()));
}

#[test]
fn a_path_that_is_typed_begins_in_the_working_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut layers = file_in(folder.path(), "own.toml", "[data]\nsource = 'photos'");
    layers.settings = vec![option("--data", "data.source", "src")];
    let here = std::env::current_dir().expect("a working folder");
    assert_eq!(resolve(&layers).data.source, DataSource::Path(here.join("src")));
}

#[test]
fn what_lies_in_the_working_folder_alone_is_taken_from_there_and_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let (recipe, warnings) = resolve_with_warnings(&file_in(folder.path(), "own.toml", "[data]\nsource = 'src'"));
    let here = std::env::current_dir().expect("a working folder");
    assert_eq!(recipe.data.source, DataSource::Path(here.join("src")));
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert!(
        warning.is_a_note() && warning.to_string().contains("own.toml is taken from the working folder, src"),
        "{warning}"
    );
}

#[test]
fn a_recorded_recipe_means_the_same_from_everywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = resolve(&file_in(folder.path(), "own.toml", "[data]\nsource = 'photos'"));
    let written = recipe.to_toml();
    assert!(written.contains(&format!("source = {:?}", folder.path().join("photos"))), "{written}");
    assert_eq!(Recipe::from_toml(&written).expect("a recipe").data.source, recipe.data.source);
}
