//! What stands before the names of a model inside a larger checkpoint: `model.`, `state_dict.module.`, ...

use super::origin::Origin;

/// The one tensor that every Vision Transformer has, in each naming.
const ANCHORS: [&str; 3] = [
    "patch_embed.proj.weight",
    "vit.embeddings.patch_embeddings.projection.weight",
    "embeddings.patch_embeddings.projection.weight",
];

/// What tells a transformer whose patch embedding is another: it is found, to be told what it is.
const OTHER_ANCHORS: [&str; 2] = ["blocks.0.attn.qkv.weight", "blocks.0.norm1.weight"];

/// What training scripts, `DistributedDataParallel` and `torch.compile` put before the names of one and the same model.
const WRAPPERS: [&str; 6] = ["model", "state_dict", "model_state_dict", "module", "_orig_mod", "net"];

/// The prefix of the one model among `names`: of the only one there is, whatever it is called, or of the only one under
/// words that wrap a model. Empty where there is none to take off.
///
/// # Errors
/// The prefixes of the models there are, when none of them is known to be the one.
pub(super) fn prefix<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Result<String, Vec<String>> {
    let before = |anchors: &[&str]| {
        let mut found: Vec<&str> = names.clone().filter_map(|name| before_anchor(name, anchors)).collect();
        found.sort_by_key(|prefix| (prefix.len(), prefix.to_string()));
        found.dedup();
        found
    };
    let found = Some(before(&ANCHORS)).filter(|found| !found.is_empty()).unwrap_or_else(|| before(&OTHER_ANCHORS));
    let known: Vec<&str> = found.iter().copied().filter(|prefix| is_known(prefix)).collect();
    match (known.as_slice(), found.as_slice()) {
        ([one], _) | ([], [one]) => Ok((*one).to_owned()),
        // A model that lies bare has others beside it: a teacher, an average.
        (["", ..], _) | ([], []) => Ok(String::new()),
        _ => Err(found.into_iter().map(str::to_owned).collect()),
    }
}

/// Says in `origin` what was taken off and what lies outside it, of all `names` there were.
pub(super) fn tell<'a>(origin: &mut Origin, prefix: &str, names: impl Iterator<Item = &'a str>) {
    let wrappers: usize =
        segments(prefix).take_while(|segment| WRAPPERS.contains(segment)).map(|segment| segment.len() + 1).sum();
    let outer = &prefix[..wrappers];
    for name in names.filter(|name| !name.starts_with(prefix)) {
        origin.outside_prefix += 1;
        let first = name.strip_prefix(outer).unwrap_or(name).split('.').next().unwrap_or(name).to_owned();
        if let Err(place) = origin.beside.binary_search(&first) {
            origin.beside.insert(place, first);
        }
    }
    origin.is_unknown_prefix = !is_known(prefix);
    prefix.clone_into(&mut origin.prefix);
}

fn before_anchor<'a>(name: &'a str, anchors: &[&str]) -> Option<&'a str> {
    let prefix = anchors.iter().find_map(|anchor| name.strip_suffix(anchor))?;
    (prefix.is_empty() || prefix.ends_with('.')).then_some(prefix)
}

fn is_known(prefix: &str) -> bool {
    segments(prefix).all(|segment| WRAPPERS.contains(&segment))
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

    fn two(first: &str, second: &str) -> Result<String, Vec<String>> {
        of(&[&format!("{first}patch_embed.proj.weight"), &format!("{second}patch_embed.proj.weight")])
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
    fn of_a_model_and_others_beside_it_the_one_under_known_words_is_taken() {
        assert_eq!(two("ema.", "model."), Ok("model.".to_owned()));
        assert_eq!(two("state_dict.model.", "state_dict.model_ema."), Ok("state_dict.model.".to_owned()));
        assert_eq!(two("", "teacher."), Ok(String::new()));
    }

    #[test]
    fn one_model_is_taken_from_under_any_word_whatever_lies_beside_it() {
        for prefix in ["backbone.", "state_dict.student.backbone.", "module.encoder_q.", "a.b.c."] {
            let names = [format!("{prefix}patch_embed.proj.weight"), "state_dict.classifier.weight".to_owned()];
            assert_eq!(of(&[&names[0], &names[1]]), Ok(prefix.to_owned()));
        }
        assert_eq!(of(&["backbone.blocks.0.attn.qkv.weight", "head.weight"]), Ok("backbone.".to_owned()));
    }

    #[test]
    fn of_two_models_none_of_which_is_known_none_is_taken() {
        for (first, second) in [
            ("student.", "teacher."),
            ("module.base_encoder.", "module.momentum_encoder."),
            ("state_dict.backbone.", "state_dict.backbone_momentum."),
            ("model.", "net."),
        ] {
            assert_eq!(two(first, second).map_err(|found| found.len()), Err(2), "{first}, {second}");
        }
    }

    #[test]
    fn it_is_said_under_which_word_a_model_was_taken_and_what_lies_beside_it() {
        let names =
            ["state_dict.backbone.norm.bias", "state_dict.classifier.bias", "state_dict.classifier.weight", "ema"];
        let mut origin = Origin::default();
        tell(&mut origin, "state_dict.backbone.", names.into_iter());
        let said = origin.taken().expect("backbone is no word that wraps a model");
        assert_eq!(
            said,
            "the model under `state_dict.backbone` is taken, the only one there; beside it lies `classifier`, `ema`"
        );
        let mut origin = Origin::default();
        tell(&mut origin, "state_dict.", names.into_iter());
        assert_eq!((origin.taken(), origin.outside_prefix), (None, 1));
    }
}
