//! Which tensors of a model its weights lack, judging by the parts that they do have.

use super::known::OF_A_BLOCK;
use super::{Architecture, ModelPart, StateDict};

impl StateDict {
    /// The tensors, by official name, that a model with the parts found here would have and these weights lack: of the
    /// encoder, of a decoder and of a head where any tensor of theirs is there. A head on `fc_norm` needs no `norm`.
    pub fn missing_tensors(&self) -> Vec<String> {
        let shapes = Architecture::of(self);
        let mut expected: Vec<String> = Vec::new();
        if self.has_part(ModelPart::Encoder) {
            expected.extend(["cls_token", "pos_embed"].map(str::to_owned));
            expected.extend(with_bias("patch_embed.proj"));
            expected.extend(blocks("blocks", self.blocks("blocks.")));
            if !shapes.fc_norm {
                expected.extend(with_bias("norm"));
            }
        }
        if self.has_part(ModelPart::Decoder) {
            expected.extend(["mask_token", "decoder_pos_embed"].map(str::to_owned));
            expected.extend(["decoder_embed", "decoder_norm", "decoder_pred"].into_iter().flat_map(with_bias));
            expected.extend(blocks("decoder_blocks", self.blocks("decoder_blocks.")));
            let beside = ["pixel_pred", "feature_pred"].into_iter().filter(|name| self.has_prefix(&format!("{name}.")));
            expected.extend(beside.flat_map(with_bias));
        }
        if self.has_part(ModelPart::Head) {
            expected.extend(with_bias("head"));
            if self.has_prefix("fc_norm.") {
                expected.extend(with_bias("fc_norm"));
            }
            if self.has_prefix("batchnorm.") {
                expected.extend(["batchnorm.running_mean", "batchnorm.running_var"].map(str::to_owned));
            }
        }
        expected.retain(|name| !self.tensors.contains_key(name));
        expected
    }

    /// Whether a tensor's name begins so.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        self.tensors.keys().any(|name| name.starts_with(prefix))
    }

    fn has_part(&self, part: ModelPart) -> bool {
        self.tensors.keys().any(|name| ModelPart::of(name) == part)
    }
}

fn with_bias(name: &str) -> [String; 2] {
    [format!("{name}.weight"), format!("{name}.bias")]
}

fn blocks(prefix: &str, depth: usize) -> impl Iterator<Item = String> {
    // A name alone can claim any number of blocks; the few thousand that a model may have are enough to say so.
    let names = move |number: usize| {
        OF_A_BLOCK.into_iter().flat_map(move |part| with_bias(&format!("{prefix}.{number}.{part}")))
    };
    (0..depth.min(10_000)).flat_map(names)
}
