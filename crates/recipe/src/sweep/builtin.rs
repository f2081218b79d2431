//! The sweeps that are built in.

/// The names of the built-in sweeps: the files of `configs/sweeps/`.
pub const NAMES: [&str; 7] = ["report", "k", "wse", "tau", "lambda", "methods", "labels"];

/// The text of the one called `name`.
pub(super) fn text(name: &str) -> Option<&'static str> {
    Some(match name {
        "report" => include_str!("../../../../configs/sweeps/report.toml"),
        "k" => include_str!("../../../../configs/sweeps/k.toml"),
        "wse" => include_str!("../../../../configs/sweeps/wse.toml"),
        "tau" => include_str!("../../../../configs/sweeps/tau.toml"),
        "lambda" => include_str!("../../../../configs/sweeps/lambda.toml"),
        "methods" => include_str!("../../../../configs/sweeps/methods.toml"),
        "labels" => include_str!("../../../../configs/sweeps/labels.toml"),
        _ => return None,
    })
}
