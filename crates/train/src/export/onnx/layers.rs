//! The layers of a Vision Transformer in ONNX's operators, their weights under the official names and in the official
//! layouts.

use std::collections::BTreeMap;
use std::f32::consts::SQRT_2;

use bmae_architecture::{PatchGrid, Transformer};
use bmae_nn::{Array, BatchNorm};

use super::super::error::ExportError;
use super::graph::{Graph, Setting};

/// Layers that are added to a graph, and the weights that they take.
pub(super) struct Layers<'a> {
    pub graph: Graph,
    weights: &'a BTreeMap<String, Array>,
    /// Where the weights are from, for messages.
    source: String,
    sizes: Transformer,
    /// T, tokens of an image.
    tokens: usize,
    /// Weights that became constants.
    taken: usize,
}

impl<'a> Layers<'a> {
    pub(super) fn new(
        weights: &'a BTreeMap<String, Array>,
        source: String,
        grid: PatchGrid,
        sizes: Transformer,
    ) -> Self {
        Self { graph: Graph::default(), weights, source, sizes, tokens: 1 + grid.patches(), taken: 0 }
    }

    /// How many tensors of weights the graph has so far.
    pub(super) fn weights_taken(&self) -> usize {
        self.taken
    }

    /// Whether there are weights of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.weights.contains_key(name)
    }

    /// The first size of the weights of this name.
    pub(super) fn rows(&self, name: &str) -> Result<usize, ExportError> {
        Ok(self.array(name)?.shape.first().copied().unwrap_or_default())
    }

    fn array(&self, name: &str) -> Result<&'a Array, ExportError> {
        let missing = || ExportError::Incomplete { source_name: self.source.clone(), tensor: name.to_owned() };
        self.weights.get(name).ok_or_else(missing)
    }

    /// The weights of this name as a constant.
    fn weight(&mut self, name: &str) -> Result<String, ExportError> {
        let array = self.array(name)?;
        self.taken += 1;
        Ok(self.graph.floats(name, &array.shape, &array.values))
    }

    /// Normalised `images` [N, C, H, W], whose batch `like` has too, to tokens [N*T, D], the class token first, positions
    /// added.
    pub(super) fn embed(&mut self, images: &str, patch: [usize; 2]) -> Result<String, ExportError> {
        let (dim, patches) = (self.sizes.dim, self.tokens - 1);
        let [weight, bias] = [self.weight("patch_embed.proj.weight")?, self.weight("patch_embed.proj.bias")?];
        let sides = || patch.iter().map(|&side| side as i64).collect();
        let settings = [Setting::Integers("kernel_shape", sides()), Setting::Integers("strides", sides())];
        let planes = self.graph.node("patch_embed/proj", "Conv", &[images, &weight, &bias], settings);
        let shape = self.graph.integers("patch_embed/shape", &[-1, dim as i64, patches as i64]);
        let columns = self.graph.node("patch_embed/columns", "Reshape", &[&planes, &shape], []);
        let rows =
            self.graph.node("patch_embed/rows", "Transpose", &[&columns], [Setting::Integers("perm", vec![0, 2, 1])]);

        let token = self.weight("cls_token")?;
        let settings = [Setting::Integer("start", 0), Setting::Integer("end", 1)];
        let count = self.graph.node("cls_token/images", "Shape", &[&rows], settings);
        let one_each = self.graph.integers("cls_token/one", &[1, dim as i64]);
        let shape = self.graph.node("cls_token/shape", "Concat", &[&count, &one_each], [Setting::Integer("axis", 0)]);
        let token = self.graph.node("cls_token/expanded", "Expand", &[&token, &shape], []);
        let tokens = self.graph.node("tokens", "Concat", &[&token, &rows], [Setting::Integer("axis", 1)]);
        let positions = self.weight("pos_embed")?;
        let placed = self.graph.node("tokens/placed", "Add", &[&tokens, &positions], []);
        let shape = self.graph.integers("tokens/shape", &[-1, dim as i64]);
        Ok(self.graph.node("tokens/rows", "Reshape", &[&placed, &shape], []))
    }

    /// Tokens [N*T, D] to [N*T, D] by the block of this number.
    pub(super) fn block(&mut self, x: &str, block: usize) -> Result<String, ExportError> {
        let name = |part: &str| format!("blocks.{block}.{part}");
        let normed = self.layer_norm(x, &name("norm1"))?;
        let attended = self.attention(&normed, &name("attn"))?;
        let x = self.graph.node(&name("attn/sum"), "Add", &[x, &attended], []);
        let normed = self.layer_norm(&x, &name("norm2"))?;
        let hidden = self.linear(&normed, &name("mlp.fc1"))?;
        let hidden = self.gelu(&hidden, &name("mlp/gelu"));
        let out = self.linear(&hidden, &name("mlp.fc2"))?;
        Ok(self.graph.node(&name("mlp/sum"), "Add", &[&x, &out], []))
    }

    fn attention(&mut self, x: &str, name: &str) -> Result<String, ExportError> {
        let Transformer { dim, heads, .. } = self.sizes;
        let width = dim / heads;
        let packed = self.linear(x, &format!("{name}.qkv"))?;
        let graph = &mut self.graph;
        let at = |part: &str| format!("{name}/{part}");
        let parts = graph.integers(&at("parts"), &[dim as i64; 3]);
        let each = ["query", "key", "value"].map(at);
        graph.node_of(&at("split"), "Split", &[&packed, &parts], [Setting::Integer("axis", 1)], each.to_vec());
        let shape = graph.integers(&at("shape"), &[-1, self.tokens as i64, heads as i64, width as i64]);
        // By heads: [N, heads, T, width], the key with its last two sizes the other way round.
        let orders = [[0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]];
        let mut by_heads = each.iter().zip(orders).map(|(part, order)| {
            let shaped = graph.node(&format!("{part}/shaped"), "Reshape", &[part, &shape], []);
            let perm = Setting::Integers("perm", order.to_vec());
            graph.node(&format!("{part}/by_heads"), "Transpose", &[&shaped], [perm])
        });
        let [query, key, value] = [(); 3].map(|()| by_heads.next().unwrap_or_default());
        drop(by_heads);
        let scale = graph.number(&at("scale"), 1.0 / (width as f32).sqrt());
        let query = graph.node(&at("query/scaled"), "Mul", &[&query, &scale], []);
        let scores = graph.node(&at("scores"), "MatMul", &[&query, &key], []);
        let shares = graph.node(&at("softmax"), "Softmax", &[&scores], [Setting::Integer("axis", -1)]);
        let mixed = graph.node(&at("mixed"), "MatMul", &[&shares, &value], []);
        let perm = Setting::Integers("perm", vec![0, 2, 1, 3]);
        let by_tokens = graph.node(&at("mixed/by_tokens"), "Transpose", &[&mixed], [perm]);
        let rows = graph.integers(&at("rows"), &[-1, dim as i64]);
        let mixed = graph.node(&at("mixed/rows"), "Reshape", &[&by_tokens, &rows], []);
        self.linear(&mixed, &format!("{name}.proj"))
    }

    /// The exact GELU: x (1 + erf(x / sqrt 2)) / 2. An operator of that name is not among those of version 17.
    fn gelu(&mut self, x: &str, name: &str) -> String {
        let graph = &mut self.graph;
        let at = |part: &str| format!("{name}/{part}");
        let [root, one, half] =
            [("root", SQRT_2), ("one", 1.0), ("half", 0.5)].map(|(part, v)| graph.number(&at(part), v));
        let scaled = graph.node(&at("scaled"), "Div", &[x, &root], []);
        let erf = graph.node(&at("erf"), "Erf", &[&scaled], []);
        let share = graph.node(&at("share"), "Add", &[&erf, &one], []);
        let twice = graph.node(&at("twice"), "Mul", &[x, &share], []);
        graph.node(name, "Mul", &[&twice, &half], [])
    }

    /// [R, D] to [R, D].
    pub(super) fn layer_norm(&mut self, x: &str, name: &str) -> Result<String, ExportError> {
        let [weight, bias] = [self.weight(&format!("{name}.weight"))?, self.weight(&format!("{name}.bias"))?];
        let settings = [Setting::Integer("axis", -1), Setting::Float("epsilon", self.sizes.norm_epsilon as f32)];
        Ok(self.graph.node(name, "LayerNormalization", &[x, &weight, &bias], settings))
    }

    /// [R, in] to [R, out]; the weight stands [out, in].
    pub(super) fn linear(&mut self, x: &str, name: &str) -> Result<String, ExportError> {
        let [weight, bias] = [self.weight(&format!("{name}.weight"))?, self.weight(&format!("{name}.bias"))?];
        Ok(self.graph.node(name, "Gemm", &[x, &weight, &bias], [Setting::Integer("transB", 1)]))
    }

    /// A linear probe's BatchNorm without affine part by its running statistics: [N, D] to [N, D].
    pub(super) fn batch_norm(&mut self, x: &str, name: &str) -> Result<String, ExportError> {
        let dim = self.sizes.dim;
        let [mean, variance] =
            [self.weight(&format!("{name}.running_mean"))?, self.weight(&format!("{name}.running_var"))?];
        let weight = self.graph.floats(&format!("{name}/ones"), &[dim], &vec![1.0; dim]);
        let bias = self.graph.floats(&format!("{name}/zeros"), &[dim], &vec![0.0; dim]);
        let epsilon = Setting::Float("epsilon", BatchNorm::EPSILON as f32);
        Ok(self.graph.node(name, "BatchNormalization", &[x, &weight, &bias, &mean, &variance], [epsilon]))
    }

    /// The class token of each image: [N*T, D] to [N, D].
    pub(super) fn class_token(&mut self, x: &str) -> String {
        let images = self.by_images(x);
        let ends = [("class_token/from", 0), ("class_token/to", 1), ("class_token/axis", 1)];
        let [from, to, axis] = ends.map(|(name, at)| self.graph.integers(name, &[at]));
        let token = self.graph.node("class_token/token", "Slice", &[&images, &from, &to, &axis], []);
        let shape = self.graph.integers("class_token/shape", &[-1, self.sizes.dim as i64]);
        self.graph.node("class_token", "Reshape", &[&token, &shape], [])
    }

    /// The mean of the patch tokens of each image: [N*T, D] to [N, D].
    pub(super) fn mean_of_patch_tokens(&mut self, x: &str) -> String {
        let images = self.by_images(x);
        let ends = [("mean/from", 1), ("mean/to", self.tokens as i64), ("mean/axis", 1)];
        let [from, to, axis] = ends.map(|(name, at)| self.graph.integers(name, &[at]));
        let patches = self.graph.node("mean/patches", "Slice", &[&images, &from, &to, &axis], []);
        let settings = [Setting::Integers("axes", vec![1]), Setting::Integer("keepdims", 0)];
        self.graph.node("mean", "ReduceMean", &[&patches], settings)
    }

    fn by_images(&mut self, x: &str) -> String {
        let shape = self.graph.integers("images/shape", &[-1, self.tokens as i64, self.sizes.dim as i64]);
        self.graph.node("images/tokens", "Reshape", &[x, &shape], [])
    }
}
