//! Which images of an epoch one of several processes loads, so that all of them together load what one would.

/// The part of one of several processes that train one run together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Share {
    /// All images: there is one process.
    #[default]
    Whole,
    /// Some images of every batch. A batch is `micro_batches` equal parts, and of each the process takes as many images as
    /// the others.
    OfEachBatch {
        /// The number of the process, from 0.
        rank: usize,
        /// How many processes there are. It divides the images of a micro-batch.
        ranks: usize,
        /// How many micro-batches a batch has.
        micro_batches: usize,
    },
    /// Whole batches: those whose number is `rank` and every `ranks`-th after it.
    WholeBatches {
        /// The number of the process, from 0.
        rank: usize,
        /// How many processes there are.
        ranks: usize,
    },
}

impl Share {
    /// Whether the process loads anything of the batch number `batch` (from 0).
    pub fn has_batch(self, batch: usize) -> bool {
        match self {
            Self::Whole | Self::OfEachBatch { .. } => true,
            Self::WholeBatches { rank, ranks } => batch % ranks == rank,
        }
    }

    /// The places, ascending, that the process loads of a batch of `images` images.
    ///
    /// Where its number of images in a micro-batch is even, half of them come from the front and half from the back, as far
    /// from the end as those from the beginning. So the share holds, with every image, its partner in the reversed batch,
    /// which is what [`Mixing`](crate::mixing::Mixing) mixes it with.
    pub fn places(self, images: usize) -> Vec<usize> {
        let Self::OfEachBatch { rank, ranks, micro_batches } = self else { return (0..images).collect() };
        let of_a_part = images / micro_batches.max(1);
        let own = of_a_part / ranks.max(1);
        let within: Vec<usize> = match own % 2 {
            0 => {
                let half = rank * own / 2..(rank + 1) * own / 2;
                half.clone().chain(half.rev().map(|place| of_a_part - 1 - place)).collect()
            }
            _ => (rank * own..(rank + 1) * own).collect(),
        };
        (0..micro_batches).flat_map(|part| within.iter().map(move |place| part * of_a_part + place)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_all_processes_are_the_batch_each_image_once() {
        for (images, ranks, micro_batches) in [(12, 2, 1), (12, 3, 2), (64, 4, 4), (30, 5, 2), (8, 1, 2)] {
            let share = |rank| Share::OfEachBatch { rank, ranks, micro_batches }.places(images);
            let mut all: Vec<usize> = (0..ranks).flat_map(share).collect();
            all.sort_unstable();
            assert_eq!(all, (0..images).collect::<Vec<_>>(), "{images} images, {ranks} processes");
            for rank in 0..ranks {
                let places = share(rank);
                assert!(places.is_sorted(), "{places:?}");
                for (part, places) in places.chunks(places.len() / micro_batches).enumerate() {
                    let of_a_part = images / micro_batches;
                    assert!(places.iter().all(|place| place / of_a_part == part), "{places:?}");
                }
            }
        }
    }

    #[test]
    fn an_even_share_holds_the_partner_of_each_of_its_images_in_the_reversed_batch() {
        for (images, ranks, micro_batches) in [(12, 2, 3), (64, 4, 2), (16, 8, 1)] {
            for rank in 0..ranks {
                let places = Share::OfEachBatch { rank, ranks, micro_batches }.places(images);
                let partners: Vec<usize> = places.iter().rev().map(|place| images - 1 - place).collect();
                assert_eq!(partners, places);
            }
        }
    }

    #[test]
    fn whole_batches_go_round_the_processes() {
        let of =
            |rank| (0..7).filter(|&batch| Share::WholeBatches { rank, ranks: 3 }.has_batch(batch)).collect::<Vec<_>>();
        assert_eq!([of(0), of(1), of(2)], [vec![0, 3, 6], vec![1, 4], vec![2, 5]]);
        assert_eq!(Share::WholeBatches { rank: 2, ranks: 3 }.places(3), [0, 1, 2]);
    }
}
