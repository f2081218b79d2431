//! Advice on errors of training, evaluating and exporting.

use bmae_nn::WeightsError;
use bmae_train::TrainError;
use bmae_train::estimate::Caution;
use bmae_train::export::ExportError;

use super::near_path::near_path;
use super::{of_data, of_recipe};

/// What to do about `error`; `None` where it says so itself.
pub fn of_train(error: &TrainError) -> Option<String> {
    let advice = match error {
        TrainError::Recipe(error) => return of_recipe(error),
        TrainError::Weights(error) => return of_weights(error),
        TrainError::OfKey { error, .. } => return of_train(error),
        TrainError::Data(error) => return of_data(error),
        TrainError::RunExists { .. } => "continue it with --resume, or choose another folder with --out",
        TrainError::RunInUse { .. } => "wait for it, stop it, or choose another folder with --out",
        TrainError::OtherRecipe { .. } => "give these, or choose another folder with --out",
        TrainError::NoState { weights: Some(_), .. } => {
            "bmae pretrain --from WEIGHTS --out ANOTHER_FOLDER begins a pre-training with weights"
        }
        TrainError::OtherInputs { .. } => "--out names another folder",
        TrainError::NoRoom { .. } => "or choose a folder on another disk with --out",
        TrainError::NotARun { .. } => "choose another folder with --out",
        TrainError::Unlabelled { .. } => "give --data a folder that has them",
        TrainError::PredictsNoPixels { .. } => {
            "bmae forward predicts features with --target, bmae replay with --set method.name=ema-mae --set method.wse=0"
        }
        TrainError::TeacherHeads { .. } => {
            "bmae checkpoint import --from FILE --out FILE.safetensors --set model.encoder.heads=N writes such weights"
        }
        TrainError::NoFinalNorm { .. } => "bmae features --feature block:N writes features after a block",
        TrainError::NoSuchDevice { device } => {
            return Some(format!(
                "build it with `cargo build --release --features {device}`, or leave out --device to compute on the CPU"
            ));
        }
        _ => return None,
    };
    Some(advice.to_owned())
}

/// What is probably not meant, as a sentence with what to do about it.
pub fn with_advice(caution: &Caution) -> String {
    match of_caution(caution) {
        Some(advice) => format!("{caution}; {advice}"),
        None => caution.to_string(),
    }
}

fn of_caution(caution: &Caution) -> Option<String> {
    match caution {
        Caution::Normalisation { mean, std, .. } => {
            let three = |values: &[f64; 3]| values.map(|value| format!("{value:.3}")).join(",");
            Some(format!("--set 'data.mean=[{}]' --set 'data.std=[{}]' gives them theirs", three(mean), three(std)))
        }
        Caution::Shrunk { .. } => Some("`bmae init` writes a recipe that fits images".to_owned()),
        Caution::LittleRoom { .. } => Some("free some, or choose a folder on another disk with --out".to_owned()),
        _ => None,
    }
}

/// What to do about `error`; `None` where it says so itself.
pub fn of_weights(error: &WeightsError) -> Option<String> {
    match error {
        WeightsError::Unreadable { path, .. } => near_path(path).map(|near| format!("did you mean {near}?")),
        _ => None,
    }
}

/// What to do about `error`; `None` where it says so itself.
pub fn of_export(error: &ExportError) -> Option<String> {
    let advice = match error {
        ExportError::Train(error) => return of_train(error),
        ExportError::MeanPooling { .. } => "export it with --to timm",
        ExportError::Exists { .. } => "choose another one with --out",
        ExportError::Name { .. } => "choose a name that ends in .safetensors with --out",
        _ => return None,
    };
    Some(advice.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_names_the_flag_and_an_error_without_advice_stands_alone() {
        let advice = |error| of_train(&error).unwrap_or_default();
        assert!(advice(TrainError::RunExists { path: "a".into() }).contains("--resume"));
        assert!(advice(TrainError::OtherRecipe { path: "a".into(), keys: "seed".into() }).contains("--out"));
        assert!(advice(TrainError::NoSuchDevice { device: "cuda".into() }).contains("--features cuda"));
        assert_eq!(of_train(&TrainError::UncoveredParameter { name: "x".into() }), None);
        assert!(
            of_export(&ExportError::MeanPooling { source_name: "a".into() })
                .is_some_and(|text| text.contains("--to timm"))
        );
    }
}
