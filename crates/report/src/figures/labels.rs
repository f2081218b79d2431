//! Direct legends: names in lines that fit beside a plot, and where they go so that none lies on another.

use bmae_lettering::lines::lines;
use bmae_lettering::typeface::width;
use bmae_output::plain::plain;

/// The longest name that a figure shows in one line wherever it stands, in characters.
pub const LONGEST: usize = 24;
/// From one line of a name to the next, in CSS pixels.
pub const LINE: i32 = 15;
/// The size of the letters, in CSS pixels.
const SIZE: f32 = 12.0;

/// The names of a figure's curves or marks.
pub struct Names {
    /// Of each name its lines, as they can stand in XML.
    pub lines: Vec<Vec<String>>,
    /// The width of the widest line in CSS pixels.
    pub width: i32,
}

impl Names {
    /// `names` in lines of at most `most` CSS pixels; nothing of them is left out.
    pub fn of<'a>(names: impl Iterator<Item = &'a str>, most: i32) -> Self {
        let lines: Vec<Vec<String>> = names.map(|name| lines(&plain(name), SIZE, most as f32)).collect();
        let widest = lines.iter().flatten().map(|line| width(line, SIZE)).fold(0.0, f32::max);
        Self { lines, width: widest.ceil() as i32 }
    }

    /// The height of each name in CSS pixels.
    pub fn heights(&self) -> Vec<i32> {
        self.lines.iter().map(|lines| LINE * lines.len() as i32).collect()
    }

    /// The height of all together in CSS pixels.
    pub fn height(&self) -> i32 {
        self.heights().iter().sum()
    }
}

/// Moves things of these heights, whose middles are `wanted` (downwards), apart until none lies on another, with their
/// middles inside `top..=bottom` as far as there is room, keeping their order. Returns the middles in the order given.
pub fn spread(wanted: &[i32], heights: &[i32], top: i32, bottom: i32) -> Vec<i32> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&index| wanted[index]);
    let mut placed = vec![0; wanted.len()];
    let mut edge = None;
    for &index in &order {
        let least = edge.map_or(top, |edge| edge + heights[index] / 2);
        placed[index] = wanted[index].max(least);
        edge = Some(placed[index] + heights[index] / 2);
    }
    let mut edge = None;
    for &index in order.iter().rev() {
        let most = edge.map_or(bottom, |edge| edge - heights[index] / 2);
        placed[index] = placed[index].min(most);
        edge = Some(placed[index] - heights[index] / 2);
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_room_stay_where_their_curves_end() {
        assert_eq!(spread(&[100, 20, 60], &[14; 3], 0, 200), [100, 20, 60]);
    }

    #[test]
    fn crowded_labels_move_apart_in_the_order_of_their_curves() {
        assert_eq!(spread(&[50, 51, 52], &[10; 3], 0, 200), [50, 60, 70]);
        assert_eq!(spread(&[198, 199, 200], &[10; 3], 0, 200), [180, 190, 200]);
        assert_eq!(spread(&[50, 51, 52], &[10, 30, 10], 0, 200), [50, 70, 90], "a higher one takes more room");
    }

    #[test]
    fn long_names_take_several_lines_and_keep_every_letter() {
        let name = "ema-mae-wse5-tau0.005-mask_ratio0.9-a-name-that-goes-on-and-on";
        let names = Names::of([name, "mae"].into_iter(), 150);
        assert!(names.lines[0].len() > 2 && names.width <= 150, "{:?}", names.lines);
        assert_eq!(names.lines[0].concat(), name);
        assert_eq!(names.heights()[1], LINE);
        assert_eq!(Names::of(std::iter::once("a\u{1}b"), 150).lines, [["a\\u{1}b"]]);
    }
}
