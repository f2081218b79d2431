//! Features as a safetensors file: tensors, and what is text in the metadata.

use std::io::{self, Write};

use bmae_nn::TensorFile;
use bmae_nn::weights::CLASSES_KEY;
use bmae_output::mark::SAFETENSORS_KEY;
use serde_json::json;

use super::table::FeatureTable;

/// The metadata key under which the files of the images stand: a JSON list of strings.
const FILES_KEY: &str = "bmae.files";

pub(super) fn write(out: &mut dyn Write, table: &FeatureTable, mark: &str) -> io::Result<()> {
    let features = &table.features;
    let mut file = TensorFile::default();
    file.put_text(SAFETENSORS_KEY, mark);
    file.put_text(FILES_KEY, json!(table.files).to_string());
    if !features.labels.is_empty() {
        file.put_text(CLASSES_KEY, json!(table.class_names).to_string());
        file.put_integers("labels", &[features.labels.len()], features.labels.clone());
    }
    file.put_floats("features", &[features.len(), features.dim], features.values.clone());
    out.write_all(&file.to_bytes().map_err(io::Error::other)?)
}
