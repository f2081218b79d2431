//! Students of a small recipe, their steps, and what they and their targets hold.

use bmae_data::random::{Purpose, keyed};
use bmae_nn::parameters;
use bmae_recipe::Recipe;
use bmae_train::pretrain::Student;
use burn::tensor::Device;
use rand::RngExt;

use crate::small::recipe;

/// Steps in an epoch.
pub const STEPS: usize = 4;

/// Where gradients are recorded.
pub fn device() -> Device {
    Device::flex().autodiff()
}

/// A student of the small recipe with these keys.
pub fn student(keys: &str) -> (Recipe, Student) {
    let recipe = recipe(keys);
    let student = Student::new(&recipe, STEPS, &device(), &mut |_| {}).expect("a student");
    (recipe, student)
}

/// 16 random images and the noise of one mask of each.
pub fn batch(epoch: usize, step: usize) -> (Vec<f32>, Vec<f32>) {
    let mut generator = keyed(1, epoch as u64, step as u64, Purpose::Crop);
    let images = (0..16 * 3 * 16 * 16).map(|_| generator.random::<f32>() - 0.5).collect();
    (images, (0..16 * 16).map(|_| generator.random()).collect())
}

/// One step on random images.
pub fn step(student: &mut Student, epoch: usize, step: usize) -> bmae_train::pretrain::StepReport {
    let (images, noise) = batch(epoch, step);
    student.step(epoch, step, 1e-2, &images, &noise).expect("a step")
}

/// The encoder's parameters by name.
pub fn encoder_values(student: &Student) -> Vec<(String, Vec<f32>)> {
    parameters(&student.model().encoder)
        .into_iter()
        .map(|parameter| (parameter.name, parameter.values.into_data().iter::<f32>().collect()))
        .collect()
}

/// The parameters of a target by name.
pub fn target_values(student: &Student, index: usize) -> Vec<(String, Vec<f32>)> {
    let prefix = format!("target.{index}/");
    student
        .targets()
        .state()
        .into_iter()
        .filter_map(|(name, values)| Some((name.strip_prefix(&prefix)?.to_owned(), values)))
        .collect()
}

/// By name.
pub fn sorted(mut values: Vec<(String, Vec<f32>)>) -> Vec<(String, Vec<f32>)> {
    values.sort_by(|a, b| a.0.cmp(&b.0));
    values
}
