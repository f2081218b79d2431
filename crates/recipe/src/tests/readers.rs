//! Which stages and methods read a key.

use super::*;
use crate::{Choice, MethodName, TrainedStage, keys};

fn stages(path: &str) -> Vec<Stage> {
    keys::find(path).expect(path).stages().to_vec()
}

#[test]
fn a_section_of_a_stage_is_read_by_that_stage_and_what_pre_training_alone_uses_by_pre_training() {
    for stage in TrainedStage::ALL.map(Stage::from) {
        assert_eq!(stages(&format!("{}.epochs", stage.section())), [stage]);
    }
    for path in ["monitor.every", "pretrain.mask_ratio", "model.decoder.dim", "method.feature_head", "method.copy_at"] {
        assert_eq!(stages(path), [Stage::Pretrain], "{path}");
    }
    // Pre-training monitors its encoder by the same neighbours.
    assert_eq!(stages("knn.k"), [Stage::Pretrain, Stage::Knn]);
    // An evaluation's run.toml names the method that pre-trained its encoder.
    for path in ["seed", "precision", "data.source", "model.encoder.dim", "method.name", "method.k", "method.tau"] {
        assert_eq!(stages(path), Stage::ALL, "{path}");
    }
    assert_eq!(stages("method.scratch_init"), Stage::EVALUATIONS);
}

#[test]
fn a_method_has_the_settings_of_the_keys_that_it_reads() {
    for (name, word) in MethodName::ALL {
        let sets = [&format!("method.name={word}"), "method.targets=[{}]"];
        let method = resolve(&layers(Preset::Quick, &sets)).method;
        let reads = |path: &str| keys::find(path).expect(path).methods().contains(name);
        assert_eq!(reads("method.k"), method.k().is_some(), "{word}");
        assert_eq!(reads("method.wse"), method.wse().is_some(), "{word}");
        assert_eq!(reads("method.tau"), method.tau().is_some(), "{word}");
        assert_eq!(reads("method.slow_weight"), method.slow_weight().is_some(), "{word}");
        assert_eq!(reads("method.copy_at"), method.copy_at().is_some(), "{word}");
        assert_eq!(reads("method.born"), method.born().is_some(), "{word}");
        assert_eq!(reads("method.normalisation"), method.normalisation().is_some(), "{word}");
        assert_eq!(reads("method.feature_head"), method.predicts_features(), "{word}");
        assert_eq!(reads("method.pixel_weight"), method.predicts_features(), "{word}");
        assert_eq!(reads("method.scratch_init"), !method.pretrains(), "{word}");
        let of_targets = keys::at(keys::TARGETS);
        assert!(of_targets.iter().all(|key| key.methods() == [MethodName::Custom]) && of_targets.len() > 5);
    }
}

#[test]
fn a_path_stands_for_its_key_or_for_all_keys_of_its_section() {
    let paths = |path: &str| keys::at(path).iter().map(|key| key.path()).collect::<Vec<_>>();
    assert_eq!(paths("knn.k"), ["knn.k"]);
    assert_eq!(paths("knn"), ["knn.k", "knn.temperature", "knn.feature"]);
    assert_eq!(paths("model").len(), 10);
    assert_eq!(paths("kn"), [""; 0]);
    assert!(keys::find("knn").is_none());
}
