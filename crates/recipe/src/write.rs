//! The checked recipe as TOML: `config.toml`, which [`Recipe::from_toml`] reads back to an equal recipe.

use std::fmt::Write as _;

use super::choices::{MethodName, UpdateKind};
use super::keys::{self, Key, KeyValue, stage::StageKeys};
use super::method::{Method, TargetRecipe, Update};
use super::stages::StageRecipe;
use super::{AnyKey, Recipe};

impl Recipe {
    /// The whole recipe, every default spelt out, as TOML.
    pub fn to_toml(&self) -> String {
        let mut out = Page::default();
        out.put(&keys::data::SEED, &self.seed);
        self.write_data(&mut out);
        self.write_model(&mut out);
        out.section("[method]");
        write_method(&self.method, &mut out);
        out.targets("[[method.targets]]", &self.method);
        self.write_pretrain(&mut out);
        self.write_finetune(&mut out);
        out.section("[linprobe]");
        write_stage(&self.linprobe.stage, &keys::evaluation::STAGE, &mut out);
        out.put(&keys::evaluation::LINPROBE_FEATURE, &self.linprobe.feature);
        out.section("[knn]");
        out.put(&keys::evaluation::K, &self.knn.k);
        out.put(&keys::evaluation::TEMPERATURE, &self.knn.temperature);
        out.put(&keys::evaluation::KNN_FEATURE, &self.knn.feature);
        out.section("[monitor]");
        out.put(&keys::evaluation::MONITOR_EVERY, &self.monitor.every);
        out.put(&keys::evaluation::KNN_TRAIN_LIMIT, &self.monitor.knn_train_limit);
        out.put(&keys::evaluation::PICTURES_EVERY, &self.monitor.pictures_every);
        out.put(&keys::evaluation::PICTURES, &self.monitor.pictures);
        for run in &self.runs {
            out.section("[[runs]]");
            out.put(&keys::method::RUN_NAME, &run.name);
            out.put_as("method", &keys::method::NAME, &run.method.name);
            write_method_keys(&run.method, &mut out);
            out.targets("[[runs.targets]]", &run.method);
        }
        out.text
    }

    fn write_data(&self, out: &mut Page) {
        out.section("[data]");
        out.put(&keys::data::SOURCE, &self.data.source.text());
        if let Some(root) = self.data.source.root() {
            out.put(&keys::data::ROOT, &root.display().to_string());
        }
        out.put(&keys::data::IMAGE_SIZE, &self.data.image_size);
        out.put(&keys::data::MEAN, &self.data.mean);
        out.put(&keys::data::STD, &self.data.std);
        out.put(&keys::data::TRAIN_LIMIT, &self.data.train_limit);
        out.put(&keys::data::TEST_LIMIT, &self.data.test_limit);
        out.put(&keys::data::SHAPES_SEED, &self.data.shapes_seed);
        out.put(&keys::data::SHAPES_TRAIN, &self.data.shapes_train);
        out.put(&keys::data::SHAPES_TEST, &self.data.shapes_test);
    }

    fn write_model(&self, out: &mut Page) {
        out.section("[model]");
        out.put(&keys::model::PATCH_SIZE, &self.model.patch_size);
        out.section("[model.encoder]");
        out.put(&keys::model::ENCODER_DIM, &self.model.encoder.dim);
        out.put(&keys::model::ENCODER_DEPTH, &self.model.encoder.depth);
        out.put(&keys::model::ENCODER_HEADS, &self.model.encoder.heads);
        out.put(&keys::model::MLP_RATIO, &self.model.encoder.mlp_ratio);
        out.section("[model.decoder]");
        out.put(&keys::model::DECODER_DIM, &self.model.decoder.dim);
        out.put(&keys::model::DECODER_DEPTH, &self.model.decoder.depth);
        out.put(&keys::model::DECODER_HEADS, &self.model.decoder.heads);
    }

    fn write_pretrain(&self, out: &mut Page) {
        out.section("[pretrain]");
        write_stage(&self.pretrain.stage, &keys::pretrain::STAGE, out);
        out.put(&keys::pretrain::MASK_RATIO, &self.pretrain.mask_ratio);
        out.put(&keys::pretrain::NORM_PIX, &self.pretrain.norm_pix);
    }

    fn write_finetune(&self, out: &mut Page) {
        use keys::finetune as own;
        out.section("[finetune]");
        write_stage(&self.finetune.stage, &own::STAGE, out);
        out.put(&own::LAYER_DECAY, &self.finetune.layer_decay);
        out.put(&own::DROP_PATH, &self.finetune.drop_path);
        out.put(&own::LABEL_SMOOTHING, &self.finetune.label_smoothing);
        out.put(&own::POOLING, &self.finetune.pooling);
        out.put(&own::MIXUP, &self.finetune.mixup);
        out.put(&own::CUTMIX, &self.finetune.cutmix);
        out.put(&own::MIXUP_PROBABILITY, &self.finetune.mixup_probability);
        out.put(&own::MIXUP_SWITCH_PROBABILITY, &self.finetune.mixup_switch_probability);
        out.put(&own::RANDAUGMENT, &self.finetune.randaugment);
        out.put(&own::RANDOM_ERASING, &self.finetune.random_erasing);
    }
}

fn write_stage(stage: &StageRecipe, keys: &StageKeys, out: &mut Page) {
    out.put(&keys.epochs, &stage.epochs);
    out.put(&keys.batch_size, &stage.batch_size);
    out.put(&keys.base_lr, &stage.base_lr);
    out.put(&keys.min_lr, &stage.min_lr);
    out.put(&keys.warmup_epochs, &stage.warmup_epochs);
    out.put(&keys.weight_decay, &stage.weight_decay);
    out.put(&keys.accumulate, &stage.accumulate);
    out.put(&keys.clip_norm, &stage.clip_norm);
    out.put(&keys.checkpoint_every, &stage.checkpoint_every);
    out.put(&keys.augmentation, &stage.augmentation);
    out.put(&keys.crop_scale, &stage.crop_scale);
}

fn write_method(method: &Method, out: &mut Page) {
    out.put(&keys::method::NAME, &method.name);
    write_method_keys(method, out);
}

/// The keys that the method reads; the others would say nothing about it.
fn write_method_keys(method: &Method, out: &mut Page) {
    out.put_given(&keys::method::K, &method.k);
    out.put_given(&keys::method::WSE, &method.wse);
    out.put_given(&keys::method::TAU, &method.tau);
    out.put_given(&keys::method::SLOW_WEIGHT, &method.slow_weight);
    out.put_given(&keys::method::COPY_AT, &method.copy_at);
    out.put(&keys::method::FEATURE_HEAD, &method.feature_head);
    out.put(&keys::method::PIXEL_WEIGHT, &method.pixel_weight);
    out.put(&keys::method::SCRATCH_INIT, &method.scratch_init);
}

fn write_target(target: &TargetRecipe, out: &mut Page) {
    out.put(&keys::target::WEIGHT, &target.weight);
    match &target.update {
        // Where in the epoch it is renewed is the method's `copy_at`.
        Update::Copy { every, at: _ } => {
            out.put(&keys::target::UPDATE, &UpdateKind::Copy);
            out.put(&keys::target::EVERY, every);
        }
        Update::Ema { tau, tau_end, ramp, unit } => {
            out.put(&keys::target::UPDATE, &UpdateKind::Ema);
            out.put(&keys::target::TAU, tau);
            out.put(&keys::target::TAU_END, tau_end);
            out.put(&keys::target::RAMP, ramp);
            out.put(&keys::target::UNIT, unit);
        }
    }
    out.put(&keys::target::NORMALISATION, &target.normalisation);
    out.put(&keys::target::LAST_BLOCKS, &target.last_blocks);
}

/// A TOML document that is written from top to bottom.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn section(&mut self, heading: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "\n{heading}");
    }

    fn put<T: KeyValue>(&mut self, key: &Key<T>, value: &T) {
        let name = key.path().rsplit('.').next().unwrap_or_default();
        self.put_as(name, key, value);
    }

    fn put_as<T: KeyValue>(&mut self, name: &str, _key: &Key<T>, value: &T) {
        let _ = writeln!(self.text, "{name} = {}", value.write());
    }

    fn put_given<T: KeyValue>(&mut self, key: &Key<T>, value: &Option<T>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// The targets of a method that spells them out; a short form says them by its name.
    fn targets(&mut self, heading: &str, method: &Method) {
        if method.name == MethodName::Custom {
            for target in &method.targets {
                self.section(heading);
                write_target(target, self);
            }
        }
    }
}
