//! Devices are opened here, and no GPU trains that computes wrong: each takes the passes of a small model, forward and backward,
//! and is held against the processor.
//!
//! Drivers and compilers for GPUs err without a word. What is compared is all that a pre-training computes: patch embedding,
//! masking, attention, LayerNorm, GELU, linear layers, the loss and every gradient.

use bmae_data::random::{Purpose, keyed};
use bmae_recipe::Recipe;
use burn::tensor::Device;
use rand::RngExt;

use crate::TrainError;
use crate::device::{DeviceChoice, Gpu, quietly};
use crate::pretrain::Student;
use crate::step_images::StepImages;

/// How far the loss may be from the processor's, relative to it. f32 on both sides, in another order of summation and with a GPU's
/// own functions, is within 1e-5.
const LOSS: f64 = 1e-3;
/// The same of a gradient, relative to the largest number of its tensor.
const GRADIENT: f64 = 1e-2;

/// A small masked autoencoder of two kinds of width, whose products fill no tile.
const MODEL: &str = "
    data.image_size = 24
    data.channels = 3
    data.mean = [0.5, 0.5, 0.5]
    data.std = [0.25, 0.25, 0.25]
    model.patch_size = 4
    model.encoder = { dim = 48, depth = 2, heads = 3 }
    model.decoder = { dim = 40, depth = 1, heads = 2 }
";
const IMAGES: usize = 5;

/// A device that may be worked on.
#[derive(Debug, Clone)]
pub struct OpenedDevice {
    /// It, without autodiff.
    pub device: Device,
    /// What it is, where that was not plainly asked for.
    pub told: Option<String>,
}

/// Opens the device of `choice`.
///
/// # Errors
/// When it was asked for and this build or machine has none, or when it computes wrong. `Auto` then takes the processor.
pub fn open(choice: DeviceChoice) -> Result<OpenedDevice, TrainError> {
    let processor = |told: Option<String>| OpenedDevice { device: Device::flex(), told };
    let checked = |gpu: Gpu| {
        check(&gpu).map(|()| OpenedDevice { told: Some(format!("computing on {}", gpu.name)), device: gpu.device })
    };
    match choice {
        DeviceChoice::Cpu => Ok(processor(None)),
        DeviceChoice::Gpu => Gpu::find().and_then(checked),
        DeviceChoice::Auto => {
            let found = Gpu::find().and_then(|gpu| match gpu.is_hardware {
                true => checked(gpu),
                false => Err(TrainError::NoGpu { reason: format!("{} is a program, no card", gpu.name) }),
            });
            Ok(found.unwrap_or_else(|error| processor(Some(format!("computing on the processor: {error}")))))
        }
    }
}

/// Refuses a GPU whose passes are not those of the processor.
///
/// # Errors
/// With what it computes otherwise, or how it failed.
pub fn check(gpu: &Gpu) -> Result<(), TrainError> {
    let wrong = |what: String| TrainError::WrongDevice { device: gpu.name.clone(), what };
    let expected = passes(&Device::flex())?;
    let found = quietly(|| passes(&gpu.device)).map_err(|message| wrong(format!("it failed: {message}")))??;
    compare(&expected, &found).map_err(wrong)
}

/// A loss, and gradients by the names of their parameters.
struct Passes {
    loss: f64,
    gradients: Vec<(String, Vec<f32>)>,
}

fn passes(device: &Device) -> Result<Passes, TrainError> {
    let recipe = Recipe::from_toml(MODEL)?;
    let student = Student::new(&recipe, 1, &device.clone().autodiff(), &mut |_| {})?;
    let grid = recipe.architecture().grid;
    let mut generator = keyed(recipe.seed, 0, 0, Purpose::Crop);
    let mut draw = |count: usize| -> Vec<f32> { (0..count).map(|_| generator.random::<f32>() * 3.0 - 1.5).collect() };
    let (images, noise) = (draw(IMAGES * grid.values_per_image()), draw(IMAGES * grid.patches()));
    let (gradients, report) = student.gradients(&StepImages::Planes(&images), &noise, 1.0)?;
    let values = gradients.into_iter().map(|(name, gradient)| (name, gradient.into_data().iter::<f32>().collect()));
    Ok(Passes { loss: report.loss.item(), gradients: values.collect() })
}

/// What of `found` is not as `expected`, in words.
fn compare(expected: &Passes, found: &Passes) -> Result<(), String> {
    let of_loss = (found.loss - expected.loss).abs() / expected.loss.abs();
    if of_loss.is_nan() || of_loss > LOSS {
        return Err(format!(
            "the loss of a small model is {:.4} on it and {:.4} on the processor",
            found.loss, expected.loss
        ));
    }
    for ((name, expected), (_, found)) in expected.gradients.iter().zip(&found.gradients) {
        let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let difference = |(a, b): (&f32, &f32)| if b.is_finite() { (a - b).abs() } else { f32::INFINITY };
        let difference = expected.iter().zip(found).map(difference).fold(0.0, f32::max);
        if f64::from(difference) > GRADIENT * f64::from(largest) || expected.len() != found.len() {
            let percent = 100.0 * difference / largest;
            return Err(format!(
                "the gradient of {name} of a small model is off by {percent:.0} % of its largest number"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_passes_its_own_check_and_a_wrong_loss_or_gradient_does_not() {
        let right = passes(&Device::flex()).expect("a pass");
        let gpu = Gpu { device: Device::flex(), name: "the processor".to_owned(), is_hardware: true };
        check(&gpu).expect("it computes right");
        let otherwise = |loss: f64, change: f32| {
            let gradients = right.gradients.iter().map(|(name, values)| {
                let changed =
                    values.iter().map(|value| if name == "blocks.1.attn.qkv.weight" { value * change } else { *value });
                (name.clone(), changed.collect())
            });
            compare(&right, &Passes { loss: right.loss * loss, gradients: gradients.collect() })
        };
        otherwise(1.0 + 1e-5, 1.0 + 1e-4).expect("rounding");
        let wrong = otherwise(1.03 / 2.52, 1.0).expect_err("a wrong loss");
        assert!(wrong.starts_with("the loss of a small model is"), "{wrong}");
        let wrong = otherwise(1.0, 0.9).expect_err("a wrong gradient");
        assert!(wrong.contains("blocks.1.attn.qkv.weight") && wrong.contains("10 %"), "{wrong}");
        assert!(otherwise(1.0, f32::NAN).is_err() && otherwise(f64::NAN, 1.0).is_err());
    }

    #[test]
    fn auto_takes_the_processor_where_there_is_no_card_and_says_why() {
        let opened = open(DeviceChoice::Auto).expect("there is always the processor");
        let told = opened.told.expect("it says what it took");
        assert!(told.starts_with("computing on "), "{told}");
        if !cfg!(feature = "gpu") {
            assert!(told.contains("processor") && told.contains("without the feature gpu"), "{told}");
            assert!(matches!(open(DeviceChoice::Gpu), Err(TrainError::NoSuchDevice { .. })));
        }
    }
}
