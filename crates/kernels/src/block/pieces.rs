//! How a batch is split into pieces for threads.

/// Rows of a piece, about, where a row has few values; [`VALUES`] in all where it has more.
const ROWS: usize = 272;
/// Values of a piece's rows, about: what they need between two products, several times as much, stays in the second
/// cache.
const VALUES: usize = 1 << 16;
/// Pieces come in multiples of this, so that two, four or eight threads have equally many.
const MULTIPLE: usize = 8;

/// Images of one piece, of `images` images of `tokens` rows of `dim` values each; depends on nothing else.
pub(crate) fn images_of_piece(images: usize, tokens: usize, dim: usize) -> usize {
    let rows = ROWS.min(VALUES / dim).max(1);
    let pieces = (images * tokens).div_ceil(rows).next_multiple_of(MULTIPLE).min(images).max(1);
    images.div_ceil(pieces).max(1)
}

#[cfg(test)]
mod tests {
    use super::images_of_piece;

    #[test]
    fn pieces_are_even_for_the_usual_batches_and_hold_every_image() {
        assert_eq!(images_of_piece(64, 17, 192), 8);
        assert_eq!(images_of_piece(64, 65, 192), 4);
        assert_eq!(images_of_piece(128, 17, 192), 16);
        assert_eq!(images_of_piece(1, 65, 192), 1);
        assert_eq!(images_of_piece(0, 65, 192), 1);
        assert_eq!(images_of_piece(64, 65, 512), 2);
        for images in 1..200 {
            let each = images_of_piece(images, 65, 192);
            assert!(each * images.div_ceil(each) >= images);
        }
    }
}
