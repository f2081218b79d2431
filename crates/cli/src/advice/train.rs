//! Advice on errors of training, evaluating and exporting.

use bmae_data::DataError;
use bmae_nn::WeightsError;
use bmae_output::count::count;
use bmae_output::plain::plain_path;
use bmae_output::shell::quoted;
use bmae_recipe::Place;
use bmae_train::TrainError;
use bmae_train::estimate::Caution;
use bmae_train::export::ExportError;

use super::near_path::near_path;
use super::{of_data, of_recipe, of_taken};

/// What to do about `error`; `None` where it says so itself.
pub fn of_train(error: &TrainError) -> Option<String> {
    let advice = match error {
        TrainError::Recipe(error) => return of_recipe(error),
        TrainError::Weights(error) => return of_weights(error),
        TrainError::OfKey { error, place, .. } => {
            // Where a recipe stands elsewhere, a path of the working folder would mean another there.
            return match (error.as_ref(), place) {
                (TrainError::Data(DataError::NotFound { path }), Place::File(_)) => {
                    let near = near_path(path).map(|near| std::path::absolute(&near).unwrap_or_else(|_| near.into()));
                    near.map(|near| format!("did you mean {}?", plain_path(near))).or_else(|| of_train(error))
                }
                _ => of_train(error),
            };
        }
        TrainError::Data(error) => return of_data(error),
        TrainError::RunExists { path } => {
            return Some(format!(
                "`bmae resume {}` goes on with it; or choose another folder with --out",
                quoted(path)
            ));
        }
        TrainError::Taken(taken) => return of_taken(taken),
        TrainError::AmongImages { .. } => "choose a place outside of it, or write it there with --force",
        TrainError::WrongDevice { .. } => "update its driver, or leave out --device to compute on the CPU",
        TrainError::NoGpu { .. } => "leave out --device to compute on the CPU",
        TrainError::RunInUse { .. } => "wait for it, stop it, or choose another folder with --out",
        TrainError::OtherRecipe { path, .. } => {
            return Some(format!(
                "`bmae resume {}` goes on with the recipe that it has; or choose another folder with --out",
                quoted(path)
            ));
        }
        TrainError::NotRecorded { .. } => "the command that began it goes on with it, given again with --resume",
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
        TrainError::OtherChannels { found: 3, wanted, .. } if *wanted != 3 => {
            "--channels-from-rgb mean or repeat makes RGB weights fit such images, or --set data.channels=3 images such \
             weights"
        }
        TrainError::OtherChannels { found, .. } => {
            return Some(format!("give --data images of {}, or other weights", count(*found, "channel")));
        }
        TrainError::NoFinalNorm { .. } => {
            "bmae features writes what the head of such a classifier sees, and with --feature block:N features after a block"
        }
        TrainError::FeatureFileName { .. } => "choose such a name with --out",
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
            let each = |values: &[f64]| values.iter().map(|value| format!("{value:.3}")).collect::<Vec<_>>().join(",");
            Some(format!("--set 'data.mean=[{}]' --set 'data.std=[{}]' gives them theirs", each(mean), each(std)))
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
        ExportError::Name { ending, .. } => return Some(format!("choose a name that ends in {ending} with --out")),
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
        assert!(advice(TrainError::RunExists { path: "a b".into() }).contains("`bmae resume 'a b'`"));
        assert!(advice(TrainError::OtherRecipe { path: "a".into(), keys: "seed".into() }).contains("--out"));
        assert!(advice(TrainError::NoSuchDevice { device: "gpu".into() }).contains("--features gpu"));
        assert_eq!(of_train(&TrainError::UncoveredParameter { name: "x".into() }), None);
        assert!(
            of_export(&ExportError::MeanPooling { source_name: "a".into() })
                .is_some_and(|text| text.contains("--to timm"))
        );
    }
}
