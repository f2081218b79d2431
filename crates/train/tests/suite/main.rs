//! The training crate as a whole, on images and models small enough to finish in seconds.

mod damage;
mod evaluations;
mod forecasts;
mod foreign_weights;
mod given_weights;
mod golden;
mod in_place;
mod inputs;
mod labels;
mod method_options;
mod methods;
mod not_square;
mod onnx;
mod pages;
mod published_readings;
mod recipes;
mod replanned;
mod resume;
mod run_directories;
mod small;
mod stability;
mod starts;
mod students;
mod test_predictions;
mod trunks;
mod within_epoch;
