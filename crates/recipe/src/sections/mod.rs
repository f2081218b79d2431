//! The sections of a recipe, one file each: keys, and the settings that they give.

pub(crate) mod data;
pub(crate) mod finetune;
pub(crate) mod knn;
pub(crate) mod labelled;
pub(crate) mod linprobe;
pub(crate) mod method;
pub(crate) mod model;
pub(crate) mod monitor;
pub(crate) mod precision;
pub(crate) mod pretrain;
pub(crate) mod run;
pub(crate) mod seed;
pub(crate) mod source;
pub(crate) mod target;
pub(crate) mod training;
pub(crate) mod weights;
