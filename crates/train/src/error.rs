//! What can go wrong in training, each in one readable sentence with its remedy.

use std::path::{Path, PathBuf};

use bmae_architecture::PatchSize;
use bmae_output::count::count;
use bmae_output::plain::plain_path;
use bmae_recipe::{Place, Recipe};

/// An error of this crate; its text is fit for a user.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The recipe does not hold together.
    #[error(transparent)]
    Recipe(#[from] bmae_recipe::RecipeError),
    /// What a recipe file names is not as it should be.
    #[error("`{key}` of {place}: {error}")]
    OfKey {
        /// The key that names it.
        key: &'static str,
        /// Where the key was given.
        place: Place,
        /// What is wrong.
        error: Box<TrainError>,
    },
    /// What is written would replace something else.
    #[error(transparent)]
    Taken(#[from] bmae_output::claim::Taken),
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] bmae_data::DataError),
    /// The model cannot have this shape.
    #[error(transparent)]
    Shape(#[from] bmae_nn::ShapeError),
    /// Weights cannot be read or do not fit.
    #[error(transparent)]
    Weights(#[from] bmae_nn::WeightsError),
    /// A file of recorded tensors does not hold what it should.
    #[error(transparent)]
    Tensors(#[from] bmae_nn::TensorFileError),
    /// Recorded tensors that do not fit the recipe or each other.
    #[error("{tensor} in {source_name} {found}, but {expected}")]
    Recorded {
        /// The tensor.
        tensor: String,
        /// Its file.
        source_name: String,
        /// What was found, as a predicate: "has images of 8 x 8 pixels".
        found: String,
        /// What was expected and what to do.
        expected: String,
    },
    /// Weights for images of other channels.
    #[error("{source_name} was made for images of {}, but these have {wanted}", count(*found, "channel"))]
    OtherChannels {
        /// The weights.
        source_name: String,
        /// The channels that they are for.
        found: usize,
        /// Those of the images.
        wanted: usize,
    },
    /// A prediction head of another width than a patch, where pixels are predicted.
    #[error(
        "decoder_pred.weight in {source_name} predicts {values}, but a patch has {of}: use weights from before the \
         switch to features, or predict features with a head of their own (feature_pred.weight, feature_pred.bias) and a method that \
         switches at once (method.name = \"ema-mae\", method.wse = 0)",
        values = count(*found, "value"),
        of = count(*pixels, "pixel")
    )]
    PredictsNoPixels {
        /// The weights.
        source_name: String,
        /// Values that their head predicts for a patch.
        found: usize,
        /// Values of a patch.
        pixels: usize,
    },
    /// A file or folder cannot be written or read.
    #[error("cannot {action} {path}: {source}; {remedy}", path = plain_path(path))]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
        /// What to do.
        remedy: &'static str,
    },
    /// A disk that cannot hold what would be written.
    #[error(
        "{path} has no room for this: weights and states take {needed}, but {free} are free there: free some",
        path = plain_path(path)
    )]
    NoRoom {
        /// The folder.
        path: PathBuf,
        /// What is certainly written.
        needed: bmae_recipe::Bytes,
        /// What is free.
        free: bmae_recipe::Bytes,
    },
    /// The output folder belongs to something else.
    #[error("{} already holds a run", plain_path(path))]
    RunExists {
        /// The folder.
        path: PathBuf,
    },
    /// Another process works on the run directory.
    #[error("{path} is being worked on by another process{owner}", path = plain_path(path))]
    RunInUse {
        /// The folder.
        path: PathBuf,
        /// Who, in brackets, or nothing.
        owner: String,
    },
    /// Fused and composed operations compute different things.
    #[error(
        "fused and composed operations disagree on {what} by {difference:.1e} of its size: this is a bug of bmae, please report it \
         with the recipe and the output of lscpu; BMAE_SIMD=portable may avoid it"
    )]
    PathsDisagree {
        /// The loss, or a gradient.
        what: String,
        /// Relative.
        difference: f64,
    },
    /// The output folder holds files that are not a run's.
    #[error("{path} is not empty and holds no run of bmae (it has {found})", path = plain_path(path))]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// A file found there.
        found: String,
    },
    /// A picture that would lie among the images of the data set.
    #[error("{} lies among the images of {}: it would become one of them", plain_path(path), plain_path(data))]
    AmongImages {
        /// The picture.
        path: PathBuf,
        /// The folder of the images.
        data: PathBuf,
    },
    /// A resume with another recipe.
    #[error(
        "{path} holds a run of another recipe (different: {keys}); only the same settings can resume it",
        path = plain_path(path)
    )]
    OtherRecipe {
        /// The folder.
        path: PathBuf,
        /// The keys that differ, with both values.
        keys: String,
    },
    /// A run directory that does not tell what it holds.
    #[error("{path} does not tell how to go on with it: {what}", path = plain_path(path))]
    NotRecorded {
        /// The folder.
        path: PathBuf,
        /// What is wrong, as a clause.
        what: String,
    },
    /// A number of epochs that a run cannot be given.
    #[error("{path} cannot be given {}: {what}", count(*epochs, "epoch"), path = plain_path(path))]
    OtherEpochs {
        /// The folder.
        path: PathBuf,
        /// As many as were asked for.
        epochs: usize,
        /// Why not, as a clause.
        what: String,
    },
    /// What was asked for in a folder cannot be read or written down.
    #[error(transparent)]
    PlanFile(#[from] bmae_recipe::plan::PlanFileError),
    /// A resume with other images or weights.
    #[error(
        "{path} was made of other {of}: {what}; put the old {of} back, choose another folder, or remove this one to begin again",
        path = plain_path(path)
    )]
    OtherInputs {
        /// The folder.
        path: PathBuf,
        /// "images" or "weights".
        of: &'static str,
        /// What has changed, as a clause.
        what: String,
    },
    /// Weights that another process replaced while they were read.
    #[error("the weights of {path} were replaced while they were read, as a training at work does; try again", path = plain_path(path))]
    WeightsReplaced {
        /// Their run or file.
        path: PathBuf,
    },
    /// A file of a run directory does not read back.
    #[error("{path} is damaged: {what}", path = plain_path(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A run of which no state is whole.
    #[error(
        "{path} cannot go on: {what}; {remedy}",
        path = plain_path(path),
        remedy = match weights {
            Some(weights) => format!(
                "put a copy of its state back, or begin another run from its weights, which are in {}", plain_path(weights)
            ),
            None => "put a copy of its state back, or begin again in another folder".to_owned(),
        }
    )]
    NoState {
        /// The folder of the run.
        path: PathBuf,
        /// What is wrong, as a clause.
        what: String,
        /// Its weights, where they are there.
        weights: Option<PathBuf>,
    },
    /// A state that does not fit the model.
    #[error(
        "the state {path} is not that of this model: it {what}; put a copy of the right one back, or begin again in another folder",
        path = plain_path(path)
    )]
    StateOfAnotherModel {
        /// Its file.
        path: PathBuf,
        /// What it has or lacks, as a predicate.
        what: String,
    },
    /// A run directory that went away while the run was at work.
    #[error(
        "{path} was moved or deleted while its run was at work, so the run ended here, and nothing was put in its place; where it \
         was moved to, it can go on from its last checkpoint",
        path = plain_path(path)
    )]
    RunMoved {
        /// Where it was.
        path: PathBuf,
    },
    /// A trunk that a run cannot go on from.
    #[error(
        "{} cannot begin with the trunk {}: {what}; train the trunk again, or this run alone",
        plain_path(path),
        plain_path(trunk)
    )]
    Trunk {
        /// The folder of the run.
        path: PathBuf,
        /// The folder of the trunk.
        trunk: PathBuf,
        /// What is wrong with it, as a clause.
        what: String,
    },
    /// Weights were asked for where there are none.
    #[error("{path} holds no weights: {what}", path = plain_path(path))]
    NoWeights {
        /// What was given.
        path: PathBuf,
        /// What was looked for, and what to give instead.
        what: String,
    },
    /// An evaluation needs labels.
    #[error("{stage} needs labelled images, in train/<class>/ and test/<class>/, but {data} has no class folders")]
    Unlabelled {
        /// The stage.
        stage: &'static str,
        /// The data.
        data: String,
    },
    /// An evaluation needs a test set.
    #[error(
        "{stage} needs test images, but {data} has no test set; add a folder test/<class>/ or val/<class>/ beside train/"
    )]
    NoTestSet {
        /// The stage.
        stage: &'static str,
        /// The data.
        data: String,
    },
    /// A training set smaller than one batch.
    #[error(
        "{data} has {}, fewer than one batch of {batch}; lower {key} to at most {images}, \
         or add images",
        count(*images, "training image")
    )]
    FewerThanOneBatch {
        /// The data.
        data: String,
        /// Its training images.
        images: usize,
        /// The batch size.
        batch: usize,
        /// The key to lower.
        key: String,
    },
    /// So few training images that no class has one to be held out and another to learn from.
    #[error(
        "{section}.validation_fraction is {fraction}, but no class has two of the {} that are used of {data}, one to learn from and \
         one to hold out; set it to 0, raise {section}.label_fraction, or add images",
        count(*images, "training image")
    )]
    NothingHeldOut {
        /// The data.
        data: String,
        /// Its training images within the fraction of labels.
        images: usize,
        /// The fraction to be held out.
        fraction: f64,
        /// The section of the stage.
        section: &'static str,
    },
    /// Loss or gradient are no numbers any more.
    #[error(
        "the {of} is {value} after {steps}, in epoch {epoch}, so training stopped; {layers}; begin again in another folder with a \
         lower learning rate (base_lr), a longer warm-up or a clip_norm; {last_good}",
        steps = count(*step, "step")
    )]
    NotFinite {
        /// "loss of" or "gradient's norm of" the run directory.
        of: String,
        /// NaN or an infinity.
        value: f64,
        /// Which layers such numbers come from, as a clause.
        layers: String,
        /// Steps taken before it.
        step: usize,
        /// The epoch, from 1, as progress shows it.
        epoch: usize,
        /// Where the last good weights are.
        last_good: String,
    },
    /// A replayed loss that is no number.
    #[error(
        "the loss is {loss} at step {step} of the replay (epoch {epoch}, both from 0): look for such numbers in the recorded batches \
         and weights, or lower the learning rate (base_lr)"
    )]
    ReplayNotFinite {
        /// NaN or an infinity.
        loss: f64,
        /// The step, over all epochs.
        step: usize,
        /// The epoch.
        epoch: usize,
    },
    /// A file of features of no known kind.
    #[error(
        "{} is no name for a file of features: they are written as .safetensors, .npz or .csv, by how the name ends",
        plain_path(path)
    )]
    FeatureFileName {
        /// The file.
        path: PathBuf,
    },
    /// A classifier by the mean where the encoder's final norm is needed.
    #[error(
        "{source_name} classifies by the mean of the patch tokens: it has fc_norm in place of the encoder's final norm, which is needed \
         here; use the pre-training that it came from, or what needs no norm: the features after a block, or fine-tuning by the mean \
         (finetune.pooling)"
    )]
    NoFinalNorm {
        /// The weights.
        source_name: String,
    },
    /// An encoder alone where a masked autoencoder is needed.
    #[error(
        "{source_name} has no decoder, which reconstructions need: an evaluation keeps the encoder alone; give the folder of the \
         pre-training, or its weights"
    )]
    NoDecoder {
        /// The weights.
        source_name: String,
    },
    /// Weights that a recipe names are not those that it was written with.
    #[error(
        "{path} has changed since the recipe was written: its SHA-256 was {expected}, it is {found}; put the old weights there, or \
         begin another run with the new ones and without the old checksum",
        path = plain_path(path)
    )]
    WeightsChanged {
        /// What the recipe names.
        path: PathBuf,
        /// The checksum that the recipe has.
        expected: String,
        /// That of the file.
        found: String,
    },
    /// No encoder where a teacher is needed.
    #[error(
        "{source_name} cannot be a fixed target: it holds {holds}, but a whole encoder of a Vision Transformer is needed"
    )]
    NoTeacher {
        /// The weights.
        source_name: String,
        /// What they hold, in words.
        holds: String,
    },
    /// A teacher of other patches than the student's.
    #[error(
        "{source_name} cannot be a fixed target: its patches are {found} pixels and those of the student {expected}; \
         each patch has one target, so set model.patch_size = {} (and a data.image_size that it divides)",
        found.in_a_recipe()
    )]
    TeacherPatches {
        /// The weights.
        source_name: String,
        /// Their patch size.
        found: PatchSize,
        /// The recipe's.
        expected: PatchSize,
    },
    /// A teacher of another width than the student's, and of unknown heads.
    #[error(
        "{source_name} does not tell the number of attention heads of its encoder, which is {dim} wide: a fixed target of another \
         width than the student's needs weights that tell it"
    )]
    TeacherHeads {
        /// The weights.
        source_name: String,
        /// Their width.
        dim: usize,
    },
    /// A teacher with fewer blocks than are averaged.
    #[error(
        "a fixed target averages the last {last_blocks} blocks, but the encoder of {source_name} has {depth}: lower its last_blocks"
    )]
    TeacherDepth {
        /// The weights.
        source_name: String,
        /// Its blocks.
        depth: usize,
        /// Those that the target averages.
        last_blocks: usize,
    },
    /// Targets of several widths.
    #[error(
        "the targets have {} features: one head predicts them all, so their encoders must have one width, which is the student's \
         (model.encoder.dim) for targets that are made of it",
        widths.iter().map(usize::to_string).collect::<Vec<_>>().join(" and ")
    )]
    TargetWidths {
        /// The widths, each once.
        widths: Vec<usize>,
    },
    /// A rule table that misses a parameter.
    #[error("no optimiser rule covers the parameter {name}; this is a fault in bmae, please report it")]
    UncoveredParameter {
        /// Its official name.
        name: String,
    },
    /// Ranks that cannot share a batch equally.
    #[error(
        "a batch of {batch} images in {} ({section}.batch_size, {section}.accumulate) does not divide among {ranks} ranks{}; {}set \
         {section}.batch_size={}",
        count(*micro_batches, "micro-batch"),
        if *mixes { ", each of which needs an even part of every micro-batch, since images are mixed in pairs" } else { "" },
        match other_ranks.as_slice() {
            [] => String::new(),
            ranks => format!("start {} ranks, or ", one_of(ranks)),
        },
        one_of(other_batches),
    )]
    RanksDoNotDivide {
        /// The recipe's section of the stage.
        section: &'static str,
        /// Images in a batch.
        batch: usize,
        /// The parts of a batch.
        micro_batches: usize,
        /// How many ranks were started.
        ranks: usize,
        /// Whether images are mixed in pairs.
        mixes: bool,
        /// Numbers of ranks that would do, ascending.
        other_ranks: Vec<usize>,
        /// Batch sizes that would do, ascending.
        other_batches: Vec<usize>,
    },
    /// A device that this build lacks.
    #[error("this build of bmae has no {device} device: it was built without the feature {device}")]
    NoSuchDevice {
        /// Its name.
        device: String,
    },
    /// A machine without a GPU that can be used.
    #[error("this machine has no GPU that bmae can use: {reason}")]
    NoGpu {
        /// Why not, as a clause.
        reason: String,
    },
    /// A GPU that does not compute what the processor does.
    #[error("{device} computes wrong and is not used: {what}")]
    WrongDevice {
        /// What it calls itself.
        device: String,
        /// What is wrong, as a clause.
        what: String,
    },
}

/// `1, 2 or 4`.
fn one_of(numbers: &[usize]) -> String {
    let words: Vec<String> = numbers.iter().map(usize::to_string).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

impl TrainError {
    /// The same error, with the file or run whose recipe gave `key`: a path that was typed needs no such words.
    pub(crate) fn of_key(self, key: &'static str, recipe: &Recipe) -> Self {
        match recipe.place_of(key) {
            Some(place @ (Place::File(_) | Place::Run(_))) => {
                TrainError::OfKey { key, place: place.clone(), error: Box::new(self) }
            }
            _ => self,
        }
    }

    /// The run at `path` was made of other images or weights, as `of` says, and `what` says how they differ.
    pub(crate) fn other_inputs(path: &Path, of: &'static str, what: String) -> Self {
        Self::OtherInputs { path: path.to_owned(), of, what }
    }

    /// An error of writing `path`.
    pub fn writing(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        let remedy = bmae_output::remedy::remedy(&source);
        Self::Io { action: "write", path: path.as_ref().to_owned(), source, remedy }
    }

    /// An error of reading `path`.
    pub fn reading(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io {
            action: "read",
            path: path.as_ref().to_owned(),
            source,
            remedy: "check the path and its permissions",
        }
    }
}
