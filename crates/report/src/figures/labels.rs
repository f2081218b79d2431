//! Direct legends: where the names at the ends of curves go so that none lies on another.

use bmae_output::plain::plain;

/// The longest name that a figure shows whole, in characters.
pub const LONGEST: usize = 24;

/// Moves positions (in drawing units, downwards) apart until neighbours are at least `gap` apart, inside `top..=bottom`
/// as far as there is room, keeping their order. Returns them in the order given.
pub fn spread(wanted: &[i32], gap: i32, top: i32, bottom: i32) -> Vec<i32> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&index| wanted[index]);
    let mut placed = vec![0; wanted.len()];
    let mut least = top;
    for &index in &order {
        placed[index] = wanted[index].max(least);
        least = placed[index] + gap;
    }
    let mut most = bottom;
    for &index in order.iter().rev() {
        placed[index] = placed[index].min(most);
        most = placed[index] - gap;
    }
    placed
}

/// The first `most` characters of a name; a longer one ends in an ellipsis.
pub fn shorten(name: &str, most: usize) -> String {
    // What is written out can stand in XML too.
    let name = plain(name);
    if name.chars().count() <= most {
        return name.into_owned();
    }
    name.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_room_stay_where_their_curves_end() {
        assert_eq!(spread(&[100, 20, 60], 14, 0, 200), [100, 20, 60]);
    }

    #[test]
    fn crowded_labels_move_apart_in_the_order_of_their_curves() {
        assert_eq!(spread(&[50, 51, 52], 10, 0, 200), [50, 60, 70]);
        assert_eq!(spread(&[198, 199, 200], 10, 0, 200), [180, 190, 200]);
    }

    #[test]
    fn long_names_end_in_an_ellipsis() {
        assert_eq!(shorten("ema-mae", 7), "ema-mae");
        assert_eq!(shorten("ema-mae-wse5", 7), "ema-ma…");
        assert_eq!(shorten("a\u{1}b", 9), "a\\u{1}b");
    }
}
