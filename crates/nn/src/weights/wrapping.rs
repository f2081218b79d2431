//! What stands before the names of a model inside a larger checkpoint: `model.`, `state_dict.module.`, ...

/// The one tensor that every Vision Transformer has, in each naming.
const ANCHORS: [&str; 3] =
    ["patch_embed.proj.weight", "vit.embeddings.patch_embeddings.projection.weight", HUGGING_FACE_ANCHOR];
const HUGGING_FACE_ANCHOR: &str = "embeddings.patch_embeddings.projection.weight";

/// What training scripts, `DistributedDataParallel` and `torch.compile` put before the names of one and the same model.
const WRAPPERS: [&str; 6] = ["model", "state_dict", "model_state_dict", "module", "_orig_mod", "net"];

/// The prefix of the one model among `names` that can be taken off without a doubt; empty where there is none to take
/// off.
///
/// # Errors
/// The prefixes of the models there are, when none of them is known to be the one.
pub(super) fn prefix<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Result<String, Vec<String>> {
    let mut found: Vec<&str> = names.clone().filter_map(before_anchor).collect();
    found.sort_by_key(|prefix| (prefix.len(), prefix.to_string()));
    if found.is_empty() {
        return Ok(String::new());
    }
    if let Some(known) = found.iter().find(|prefix| segments(prefix).all(|segment| WRAPPERS.contains(&segment))) {
        return Ok(known.to_string());
    }
    // An unknown word is harmless when the whole model lies behind it: `model.encoder.` where nothing else is in
    // `model.`.
    for prefix in &found {
        let known: usize =
            segments(prefix).take_while(|segment| WRAPPERS.contains(segment)).map(|segment| segment.len() + 1).sum();
        let (outer, _) = prefix.split_at(known);
        if names.clone().filter(|name| name.starts_with(outer)).all(|name| name.starts_with(prefix)) {
            return Ok(prefix.to_string());
        }
    }
    Err(found.into_iter().map(str::to_owned).collect())
}

fn before_anchor(name: &str) -> Option<&str> {
    let prefix = ANCHORS.iter().find_map(|anchor| name.strip_suffix(anchor))?;
    (prefix.is_empty() || prefix.ends_with('.')).then_some(prefix)
}

fn segments(prefix: &str) -> impl Iterator<Item = &str> {
    prefix.split_terminator('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Result<String, Vec<String>> {
        prefix(names.iter().copied())
    }

    #[test]
    fn a_plain_state_dict_has_no_prefix() {
        assert_eq!(of(&["patch_embed.proj.weight", "norm.weight"]), Ok(String::new()));
        assert_eq!(of(&["vit.embeddings.patch_embeddings.projection.weight", "decoder.mask_token"]), Ok(String::new()));
        assert_eq!(of(&["w"]), Ok(String::new()));
        assert_eq!(of(&[]), Ok(String::new()));
    }

    #[test]
    fn what_wraps_a_model_is_taken_off_whatever_lies_beside_it() {
        let names = ["model.module.patch_embed.proj.weight", "model.module.norm.weight", "optimizer.state.0.exp_avg"];
        assert_eq!(of(&names), Ok("model.module.".to_owned()));
        assert_eq!(of(&["model.vit.embeddings.patch_embeddings.projection.weight"]), Ok("model.".to_owned()));
    }

    #[test]
    fn of_a_model_and_its_average_the_model_is_taken() {
        let names = ["ema.patch_embed.proj.weight", "model.patch_embed.proj.weight"];
        assert_eq!(of(&names), Ok("model.".to_owned()));
    }

    #[test]
    fn an_unknown_word_is_taken_off_only_where_nothing_else_lies_beside_it() {
        assert_eq!(of(&["model.encoder.patch_embed.proj.weight", "epoch"]), Ok("model.encoder.".to_owned()));
        assert_eq!(
            of(&["student.patch_embed.proj.weight", "teacher.patch_embed.proj.weight"]),
            Err(vec!["student.".to_owned(), "teacher.".to_owned()])
        );
    }
}
