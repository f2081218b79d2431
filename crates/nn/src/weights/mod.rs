//! Weights under the official names, with metadata: out as safetensors files, in from those of other programs too.
//!
//! [`StateDict::open`] reads whatever kind of weights there is and translates its names, so that nothing behind it
//! knows another naming than the official one. A safetensors file is checked once, when it is read: its length against
//! its header, every tensor's type. Shapes are checked against a model when the weights are loaded into it, and so is that
//! they are of no other architecture (`differences.rs`). Writing
//! gives bytes; putting them on disk whole or not at all is the business of whoever owns the run directory.

mod architecture;
mod channels;
mod checksum;
mod class_names;
mod config;
mod differences;
mod error;
mod finite;
mod hugging_face;
mod known;
mod load;
mod missing;
mod model_part;
mod open;
mod origin;
mod positions;
mod pytorch;
mod pytorch_bounds;
mod read;
mod report;
mod state_dict;
mod told_image_size;
mod wrapping;
mod write;

pub use architecture::{Architecture, DecoderShape, EncoderShape};
pub use channels::FromRgb;
pub use class_names::CLASSES_KEY;
pub use error::{ShapeMismatch, WeightsError};
pub use hugging_face::EncoderPrefix;
pub use model_part::ModelPart;
pub use origin::{Container, ForeignConfig, Naming, Origin};
pub use positions::ResizedPositions;
pub(crate) use read::{check_length, floats};
pub use report::{LoadReport, grouped_names};
pub use state_dict::{Array, CONFIG_KEY, StateDict};
pub use write::{Written, write_file};
pub(crate) use write::{little_endian, serialise};
