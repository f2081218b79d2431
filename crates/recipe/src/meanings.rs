//! What other programs, papers and sections call the keys and words of a recipe: the one table of meanings.
//!
//! Names are compared without case, `-`, `_` and blanks: `weight-decay`, `WeightDecay` and `weight_decay` are one name.

use super::suggestion::{bare, nearest};

/// Keys that go by other names.
struct Meaning {
    /// What they are called elsewhere.
    names: &'static [&'static str],
    /// Our keys of that meaning: names that stand in several sections (`base_lr`) or whole paths (`model.patch_size`);
    /// none where it is no key at all.
    keys: &'static [&'static str],
    /// What to know besides; empty where there is nothing.
    note: &'static str,
}

/// What a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meant {
    /// As in [`Meaning::keys`].
    pub(crate) keys: &'static [&'static str],
    /// As in [`Meaning::note`].
    pub(crate) note: &'static str,
}

/// A section that goes by other names.
const SECTIONS: &[(&str, &[&str])] = &[
    ("pretrain", &["train", "training", "trainer", "pretraining", "optim", "optimizer", "optimiser", "solver", "mae"]),
    ("finetune", &["finetuning", "ft", "classifier", "classification", "supervised"]),
    ("linprobe", &["linear", "linearprobe", "linearprobing", "probe", "probing", "lp", "lineareval"]),
    ("knn", &["nn", "neighbours", "neighbors", "nearestneighbours", "nearestneighbors"]),
    ("data", &["dataset", "datasets", "dataloader", "loader", "images", "input", "inputs"]),
    ("model.encoder", &["encoder", "vit", "backbone", "network", "net", "arch", "student"]),
    ("model.decoder", &["decoder", "predictor"]),
    ("method.targets", &["target", "targets", "teacher", "teachers"]),
    ("monitor", &["monitors", "monitoring", "log", "logging", "logger", "eval", "evaluation"]),
];

const fn meaning(names: &'static [&'static str], keys: &'static [&'static str]) -> Meaning {
    Meaning { names, keys, note: "" }
}

const fn noted(names: &'static [&'static str], keys: &'static [&'static str], note: &'static str) -> Meaning {
    Meaning { names, keys, note }
}

const MEANINGS: &[Meaning] = &[
    // Training.
    noted(
        &["lr", "learning_rate", "max_lr", "peak_lr", "init_lr", "initial_lr", "lr0", "rate", "step_size"],
        &["base_lr"],
        "the rate for 256 images: that of a step is base_lr times batch_size / 256",
    ),
    meaning(&["blr", "base_learning_rate", "lr_base"], &["base_lr"]),
    meaning(&["final_lr", "end_lr", "lr_min", "lr_end", "eta_min", "min_learning_rate", "lr_final"], &["min_lr"]),
    meaning(
        &[
            "epoch",
            "n_epochs",
            "num_epochs",
            "n_epoch",
            "max_epochs",
            "max_epoch",
            "total_epochs",
            "train_epochs",
            "num_train_epochs",
            "training_epochs",
            "nb_epochs",
            "e",
        ],
        &["epochs"],
    ),
    noted(
        &["steps", "num_steps", "max_steps", "total_steps", "iterations", "iters", "max_iter", "n_iter"],
        &["epochs"],
        "trainings are counted in epochs",
    ),
    meaning(
        &[
            "bs",
            "batch",
            "batches",
            "b",
            "mini_batch",
            "mini_batch_size",
            "train_batch_size",
            "batch_size_per_gpu",
            "per_device_train_batch_size",
            "per_gpu_batch_size",
            "images_per_step",
            "images_per_batch",
            "global_batch_size",
        ],
        &["batch_size"],
    ),
    meaning(&["wd", "decay", "l2", "l2_regularization", "weight_regularization"], &["weight_decay"]),
    meaning(
        &[
            "warmup",
            "warmup_epoch",
            "n_warmup",
            "warmup_steps",
            "lr_warmup",
            "num_warmup_epochs",
            "num_warmup_steps",
            "warm_up_epochs",
            "warmup_iters",
        ],
        &["warmup_epochs"],
    ),
    meaning(
        &[
            "accum",
            "accum_iter",
            "grad_accum",
            "grad_accum_steps",
            "gradient_accumulation",
            "accumulation",
            "gradient_accumulation_steps",
            "accumulation_steps",
            "accumulate_grad_batches",
            "micro_batches",
        ],
        &["accumulate"],
    ),
    meaning(
        &[
            "clip",
            "clip_grad",
            "grad_clip",
            "gradient_clip",
            "gradient_clipping",
            "gradient_clip_val",
            "max_grad_norm",
            "max_norm",
            "clip_grad_norm",
            "grad_norm",
        ],
        &["clip_norm"],
    ),
    meaning(
        &[
            "save_every",
            "save_freq",
            "save_interval",
            "save_epochs",
            "checkpoint_freq",
            "checkpoint_interval",
            "ckpt_every",
            "save_checkpoint_every",
        ],
        &["checkpoint_every"],
    ),
    meaning(&["aug", "augment", "augmentations", "transform", "transforms", "data_augmentation"], &["augmentation"]),
    meaning(
        &["crop", "crops", "scale", "rrc_scale", "crop_range", "min_crop", "random_resized_crop_scale"],
        &["crop_scale"],
    ),
    meaning(
        &["subset", "fraction", "data_fraction", "train_fraction", "percent"],
        &["epoch_fraction", "data.train_limit"],
    ),
    // Masking.
    meaning(
        &["mask", "masking", "masking_ratio", "mask_rate", "mask_prob", "mask_probability", "masked"],
        &["mask_ratio"],
    ),
    meaning(
        &[
            "norm_pix_loss",
            "norm_pixel",
            "norm_pixels",
            "norm_pixel_loss",
            "norm_target",
            "normalize_pixels",
            "normalise_pixels",
            "normalize_target",
        ],
        &["norm_pix"],
    ),
    meaning(
        &["init", "pretrained", "weights", "checkpoint", "ckpt", "init_from", "load_from", "load", "finetune_from"],
        &["from"],
    ),
    // Fine-tuning.
    meaning(&["drop_path_rate", "dpr", "stochastic_depth", "drop_rate", "dropout"], &["drop_path"]),
    meaning(&["smoothing", "label_smooth", "smooth"], &["label_smoothing"]),
    meaning(&["lr_decay", "layer_wise_decay", "llrd", "layer_lr_decay"], &["layer_decay"]),
    meaning(
        &["class_weight", "class_weighting", "balance_classes", "balanced", "loss_weights", "weighted_loss"],
        &["class_weights"],
    ),
    meaning(
        &["label_percent", "labels_fraction", "labelled_fraction", "labeled_fraction", "fraction_of_labels"],
        &["label_fraction"],
    ),
    meaning(
        &["freeze_blocks", "frozen_blocks", "freeze_layers", "frozen_layers", "num_frozen_layers", "freeze_first"],
        &["freeze"],
    ),
    meaning(
        &["val_fraction", "val_split", "validation_split", "val_ratio", "val_size", "validation_size", "holdout"],
        &["validation_fraction"],
    ),
    meaning(&["early_stopping", "early_stop", "early_stopping_patience"], &["patience"]),
    meaning(&["reprob", "erasing", "random_erase", "erase", "cutout"], &["random_erasing"]),
    meaning(&["aa", "auto_augment", "rand_aug", "ra"], &["randaugment"]),
    meaning(&["mixup_alpha"], &["mixup"]),
    meaning(&["cutmix_alpha"], &["cutmix"]),
    meaning(&["mixup_prob"], &["mixup_probability"]),
    meaning(&["mixup_switch_prob", "switch_prob"], &["mixup_switch_probability"]),
    meaning(&["pool", "global_pool"], &["pooling"]),
    // Data.
    meaning(
        &[
            "img_size",
            "image_resolution",
            "input_size",
            "resolution",
            "res",
            "size",
            "crop_size",
            "imgsz",
            "side",
            "image_width",
            "image_height",
        ],
        &["data.image_size"],
    ),
    meaning(
        &[
            "dataset",
            "datasets",
            "path",
            "data_path",
            "data_dir",
            "data_folder",
            "train_dir",
            "train_path",
            "images",
            "image_dir",
            "folder",
            "dir",
            "src",
        ],
        &["data.source"],
    ),
    meaning(&["cache", "cache_dir", "data_root", "root_dir", "download_dir"], &["data.root"]),
    meaning(
        &[
            "limit",
            "num_samples",
            "max_samples",
            "n_samples",
            "n_train",
            "max_train_samples",
            "train_size",
            "limit_train_batches",
        ],
        &["data.train_limit"],
    ),
    meaning(&["n_test", "max_test_samples", "val_limit"], &["data.test_limit"]),
    meaning(&["test_size"], &["data.test_fraction", "data.test_limit"]),
    meaning(&["test_split", "test_ratio", "test_frac"], &["data.test_fraction"]),
    meaning(&["on_error", "skip_broken", "ignore_errors", "skip_corrupt"], &["data.unreadable"]),
    meaning(&["in_chans", "in_channels", "num_channels", "input_channels", "bands"], &["data.channels"]),
    meaning(&["pixel_mean", "image_mean", "img_mean", "means"], &["data.mean"]),
    meaning(&["pixel_std", "image_std", "img_std", "stds", "standard_deviation", "sd"], &["data.std"]),
    // The model.
    meaning(&["patch", "patches", "patch_sz", "patch_dim"], &["model.patch_size"]),
    meaning(
        &[
            "width",
            "hidden",
            "hidden_size",
            "hidden_dim",
            "embed_dim",
            "embedding_dim",
            "d_model",
            "n_embd",
            "channels",
            "features",
            "embed",
        ],
        &["dim"],
    ),
    meaning(
        &["layers", "num_layers", "n_layers", "n_layer", "blocks", "num_blocks", "num_hidden_layers", "n_blocks"],
        &["depth"],
    ),
    meaning(&["num_heads", "n_heads", "n_head", "num_attention_heads", "attention_heads", "head"], &["heads"]),
    meaning(&["mlp", "ffn", "mlp_dim", "ff_mult", "mlp_width", "ffn_ratio"], &["mlp_ratio"]),
    meaning(
        &["decoder_embed_dim", "decoder_dim", "decoder_width", "decoder_hidden_size", "dec_dim"],
        &["model.decoder.dim"],
    ),
    meaning(
        &["decoder_depth", "decoder_layers", "decoder_num_hidden_layers", "decoder_blocks", "dec_depth"],
        &["model.decoder.depth"],
    ),
    meaning(
        &["decoder_heads", "decoder_num_heads", "decoder_num_attention_heads", "dec_heads"],
        &["model.decoder.heads"],
    ),
    meaning(&["eps", "epsilon", "layer_norm_eps", "norm_eps"], &["model.norm_epsilon"]),
    // Methods.
    meaning(&["algorithm", "algo", "objective", "framework", "method"], &["method.name"]),
    noted(
        &[
            "ema",
            "momentum",
            "ema_decay",
            "ema_momentum",
            "ema_rate",
            "teacher_momentum",
            "momentum_teacher",
            "beta",
            "moving_average",
            "ema_tau",
        ],
        &["method.tau"],
        "which is 1 minus the momentum: 0.004 for a momentum of 0.996",
    ),
    meaning(&["lambda", "lam", "slow", "copy_weight", "loss_weight"], &["method.slow_weight"]),
    meaning(
        &["switch", "switch_epoch", "switch_at", "pixel_epochs", "warmup_switch", "warm_up_switch_epoch"],
        &["method.wse"],
    ),
    meaning(
        &["copy_every", "update_every", "renew_every", "bootstrap_every", "bootstrap_interval", "period", "interval"],
        &["method.k"],
    ),
    meaning(&["normalization", "target_norm", "norm_targets", "target_normalization"], &["method.normalisation"]),
    meaning(&["teacher", "teachers", "target", "loss_targets"], &["method.targets"]),
    // The rest.
    meaning(&["neighbours", "neighbors", "n_neighbors", "n_neighbours", "nb_knn", "num_neighbors"], &["knn.k"]),
    meaning(&["temp", "t", "softmax_temperature"], &["knn.temperature"]),
    meaning(&["random_seed", "rng", "rng_seed", "manual_seed", "random_state"], &["seed"]),
    noted(
        &[
            "amp",
            "use_amp",
            "amp_dtype",
            "autocast",
            "autocast_dtype",
            "mixed_precision",
            "dtype",
            "torch_dtype",
            "compute_dtype",
            "bf16",
            "bfloat16",
            "fp16",
            "float16",
            "half",
            "half_precision",
            "fp32",
            "float32",
        ],
        &["precision"],
        "\"bf16\" rounds the factors of products to bfloat16, \"f32\" does not",
    ),
    meaning(
        &["eval_every", "eval_freq", "eval_interval", "log_every", "measure_every", "val_every"],
        &["monitor.every"],
    ),
    meaning(&["images_every", "plot_every", "draw_every", "log_images"], &["monitor.pictures_every"]),
    // What is no key of a recipe.
    noted(
        &["workers", "num_workers", "n_workers", "threads", "num_threads", "cpus", "jobs", "n_jobs"],
        &[],
        "the number of threads is no part of a recipe",
    ),
    noted(&["device", "gpu", "gpus", "cuda", "accelerator", "devices"], &[], "the device is no part of a recipe"),
    noted(
        &["out", "output", "output_dir", "out_dir", "save_dir", "log_dir", "run_dir", "run_name", "experiment"],
        &[],
        "the folder of a run is no part of its recipe",
    ),
    noted(&["resume"], &[], "whether a run is resumed is no part of its recipe"),
    noted(
        &["optimizer", "optimiser", "optim", "opt", "betas", "beta1", "beta2", "adam_eps"],
        &[],
        "the optimisers are fixed: AdamW, and LARS for the linear probe",
    ),
    noted(
        &["scheduler", "schedule", "lr_schedule", "lr_scheduler"],
        &[],
        "the schedule is fixed: a linear warm-up (warmup_epochs), then a cosine down to min_lr",
    ),
];

/// Words for values that go by other names.
const VALUES: &[(&str, &[&str])] = &[
    ("scratch", &["random", "none", "supervised", "untrained", "baseline"]),
    ("mae", &["pixel", "pixels", "vanilla", "masked-autoencoder"]),
    ("mae-k", &["bootstrap", "bootstrapped", "bmae", "bootmae", "copy"]),
    ("ema-mae", &["ema", "byol", "data2vec", "momentum"]),
    ("mae-new", &["new", "both"]),
    ("custom", &["own", "targets"]),
    ("class-token", &["cls", "cls-token", "token", "class"]),
    ("mean", &["avg", "average", "gap", "global-average", "pool", "pooled"]),
    ("random-resized-crop", &["rrc", "crop", "default"]),
    ("none", &["no", "off", "false", "identity", "null"]),
    ("ema", &["average", "momentum", "moving-average"]),
    ("copy", &["hard", "replace"]),
    ("fixed", &["teacher", "frozen", "static", "constant"]),
    ("frozen", &["fixed", "no", "off", "false"]),
    ("trainable", &["train", "trained", "learned", "yes", "on", "true"]),
    ("layer-norm", &["ln", "layer", "norm"]),
    ("quick", &["default", "tiny", "small", "fast", "demo", "test", "debug", "shapes"]),
    ("mini", &["medium", "base", "cifar"]),
    ("paper", &["full", "published", "large", "official", "mae", "vit", "cifar10"]),
    ("report", &["all", "full", "published", "paper"]),
    ("lambda", &["lam", "slow-weight", "λ"]),
    ("tau", &["τ", "momentum"]),
    ("pretrain", &["pre-training", "pretraining", "train", "training"]),
    ("finetune", &["fine-tuning", "finetuning", "ft", "classify"]),
    ("linprobe", &["linear", "linear-probe", "linear-probing", "probe", "lp"]),
    ("knn", &["nn", "neighbours", "neighbors", "k-nn"]),
    ("train", &["training", "fit"]),
    ("test", &["val", "valid", "validation", "eval", "dev"]),
    ("gpu", &["cuda", "nvidia", "vulkan", "metal", "mps", "apple", "rocm"]),
    ("timm", &["pytorch-image-models", "torch", "pytorch"]),
    ("huggingface", &["hf", "transformers", "hub", "hugging-face"]),
    ("slurm", &["sbatch", "cluster"]),
    ("snakemake", &["smk", "snakefile"]),
    (
        "bf16",
        &["bfloat16", "bf16-mixed", "bf16-true", "amp", "mixed", "16-mixed", "fp16", "float16", "half", "16", "bf"],
    ),
    ("f32", &["fp32", "float32", "float", "single", "full", "32", "32-true", "no", "off", "highest"]),
];

/// What `name` means elsewhere; `None` for a name that nobody uses.
pub(crate) fn of_key(name: &str) -> Option<Meant> {
    let name = bare(name);
    let meaning = MEANINGS.iter().find(|meaning| meaning.names.iter().any(|known| bare(known) == name))?;
    Some(Meant { keys: meaning.keys, note: meaning.note })
}

/// The section that goes by `name` elsewhere.
pub(crate) fn of_section(name: &str) -> Option<&'static str> {
    let name = bare(name);
    SECTIONS.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(section, _)| *section)
}

/// The one of the `known` words that means what `word` does elsewhere, or is spelt most like it.
pub fn meant_word<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    of_value(word, known).or_else(|| nearest(word, known.iter().copied()))
}

/// The one of `known` that means what `word` does elsewhere.
pub(crate) fn of_value<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = bare(word);
    let means =
        |ours: &str| VALUES.iter().any(|(other, names)| *other == ours && names.iter().any(|name| bare(name) == word));
    known.iter().copied().find(|ours| means(ours))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;

    #[test]
    fn every_key_that_a_name_stands_for_is_there() {
        let known = keys::all();
        for key in MEANINGS.iter().flat_map(|meaning| meaning.keys) {
            let is_known = known.iter().any(|other| other.path() == *key || other.name() == *key);
            assert!(is_known || *key == keys::TARGETS, "{key}");
        }
    }

    #[test]
    fn a_name_has_one_meaning_and_is_no_key_itself() {
        let mut seen = std::collections::BTreeSet::new();
        for name in MEANINGS.iter().flat_map(|meaning| meaning.names) {
            assert!(seen.insert(bare(name)), "{name} stands twice");
            assert!(keys::find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn what_is_no_key_says_why() {
        assert!(MEANINGS.iter().all(|meaning| !meaning.keys.is_empty() || !meaning.note.is_empty()));
    }
}
