//! What a step must not copy.

use bmae_nn::ops::{CpuValues, is_fused};
use bmae_nn::parameters;

use crate::students::{step, student};

/// Where the values of each parameter of the model lie.
fn places(student: &bmae_train::pretrain::Student) -> Vec<(String, usize)> {
    let place = |values| CpuValues::of(values).expect("on the CPU").values().as_ptr() as usize;
    parameters(student.model()).into_iter().map(|parameter| (parameter.name, place(parameter.values))).collect()
}

#[test]
fn a_step_leaves_every_parameter_where_it_lies() {
    if !is_fused() {
        println!("skipped: composed operations make new tensors (BMAE_OPS)");
        return;
    }
    let (_, mut student) = student("method.name = 'mae'");
    step(&mut student, 0, 0);
    let before = places(&student);
    step(&mut student, 0, 1);
    assert_eq!(places(&student), before);
}

#[test]
fn a_target_keeps_its_values_when_the_student_that_it_was_copied_from_moves_on() {
    let (_, mut student) = student("method = { name = 'mae-k', k = 1 }");
    student.start_epoch(0).expect("an epoch");
    step(&mut student, 0, 0);
    student.end_epoch(0);
    student.start_epoch(1).expect("an epoch");
    let copied = student.targets().state();
    step(&mut student, 1, 0);
    assert_eq!(student.targets().state(), copied);
    let moved = student.targets().state();
    let weight = "blocks.0.mlp.fc1.weight";
    let of_student = parameters(student.model()).into_iter().find(|parameter| parameter.name == weight);
    let of_student = of_student.expect("it is there").values.into_data();
    assert!(of_student.iter::<f32>().ne(moved[&format!("target.0/{weight}")].iter().copied()));
}
