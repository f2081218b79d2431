//! Advice on errors of training, evaluating and exporting.

use bmae_train::TrainError;
use bmae_train::export::ExportError;

use super::{of_data, of_recipe, of_taken};

/// What to do about `error`; `None` where it says so itself.
pub fn of_train(error: &TrainError) -> Option<String> {
    let advice = match error {
        TrainError::Recipe(error) => return of_recipe(error),
        TrainError::Data(error) => return of_data(error),
        TrainError::Taken(taken) => return of_taken(taken),
        TrainError::AmongImages { .. } => "choose a place outside of it, or write it there with --force",
        TrainError::RunExists { .. } => "continue it with --resume, or choose another folder with --out",
        TrainError::RunInUse { .. } => "wait for it, stop it, or choose another folder with --out",
        TrainError::OtherRecipe { .. } => "give these, or choose another folder with --out",
        TrainError::NoState { weights: Some(_), .. } => {
            "bmae pretrain --from WEIGHTS --out ANOTHER_FOLDER begins a pre-training with weights"
        }
        TrainError::OtherInputs { .. } => "--out names another folder",
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

/// What to do about `error`; `None` where it says so itself.
pub fn of_export(error: &ExportError) -> Option<String> {
    let advice = match error {
        ExportError::Train(error) => return of_train(error),
        ExportError::MeanPooling { .. } => "export it with --to timm",
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
