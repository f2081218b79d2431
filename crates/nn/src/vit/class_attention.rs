//! Where the class token looks: the attention of the last block, for pictures. Training computes it within one
//! operation and keeps nothing of it.

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

use super::Encoder;
use super::block::Attention;

impl Encoder {
    /// How much of the class token's attention each patch gets in the last block, head by head: `patches` [N, L, p*p*3]
    /// to [N, heads, L]. With what the class token keeps for itself, the values of a head add up to 1. `None` without
    /// blocks.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn class_attention(&self, patches: Tensor<3>) -> Option<Tensor<3>> {
        let (last, before) = self.blocks.split_last()?;
        let (x, tokens) = self.embed(patches);
        let x = before.iter().fold(x, |x, block| block.forward(x, tokens));
        Some(last.attn.of_class_token(last.norm1.forward(x), tokens))
    }
}

impl Attention {
    /// What of the first token's attention the others get: normed tokens [N*T, D] to [N, heads, T-1].
    fn of_class_token(&self, x: Tensor<2>, tokens: usize) -> Tensor<3> {
        let [rows, dim] = x.dims();
        let (images, heads) = (rows / tokens, self.heads());
        let width = dim / heads;
        let qkv = self.qkv.forward(x).reshape([images, tokens, 3, heads, width]);
        let part = |tokens: usize, index: usize| {
            let part = qkv.clone().slice([0..images, 0..tokens, index..index + 1, 0..heads, 0..width]);
            part.reshape([images, tokens, heads, width]).swap_dims(1, 2)
        };
        let (query, key) = (part(1, 0), part(tokens, 1));
        let logits = query.matmul(key.swap_dims(2, 3)) / (width as f64).sqrt();
        softmax(logits, 3).slice([0..images, 0..heads, 0..1, 1..tokens]).reshape([images, heads, tokens - 1])
    }
}
