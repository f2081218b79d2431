//! Steps on patches that a device made, beside steps on images.

use bmae_nn::patchify_on_device;
use bmae_train::step_images::StepImages;
use burn::tensor::Device;

use crate::students::{batch, student};

#[test]
fn a_step_on_patches_of_a_device_is_that_on_the_images_they_were_made_of() {
    let recipes = [
        "method.name = 'mae'",
        "method.name = 'mae'\npretrain.norm_pix = true\npretrain.accumulate = 4",
        "method.name = 'mae'\npretrain.loss_on = 'all'",
        "method.name = 'mae-new'\nmethod.k = 1\nmethod.tau = 0.5",
        "method.name = 'mae-k'\nmethod.k = 1\nmethod.pixel_weight = 0.5",
    ];
    for keys in recipes {
        let losses = |on_device: bool| -> Vec<f64> {
            let (recipe, mut student) = student(keys);
            let mut of_step = |epoch: usize| {
                student.start_epoch(epoch).expect("starts");
                let (images, noise) = batch(epoch, 0);
                let patches = patchify_on_device(&images, recipe.architecture().grid, &Device::flex()).expect("images");
                let images = match on_device {
                    true => StepImages::Patches(Box::new(patches)),
                    false => StepImages::Planes(&images),
                };
                let report = student.step(epoch, 0, 1e-2, images, &noise).expect("a step");
                [report.loss.item(), report.gradient_norm.item()]
            };
            (0..2).flat_map(&mut of_step).collect()
        };
        for (of_images, of_patches) in losses(false).into_iter().zip(losses(true)) {
            assert!((of_images - of_patches).abs() < 1e-5 * of_images, "{keys}: {of_images} {of_patches}");
        }
    }
}

#[test]
fn patches_of_a_device_are_those_of_the_processor_and_half_an_image_is_refused() {
    let (recipe, _) = student("method.name = 'mae'");
    let grid = recipe.architecture().grid;
    let (images, _) = batch(0, 0);
    let patches = patchify_on_device(&images, grid, &Device::flex()).expect("images");
    let expected = bmae_nn::patchify(&images, grid).expect("images");
    assert_eq!(patches.into_data().iter::<f32>().collect::<Vec<_>>(), expected);
    let half = grid.values_per_image() / 2;
    assert!(patchify_on_device(&images[..half], grid, &Device::flex()).is_err());
}
