//! A part of an image.

/// A rectangle within an image, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rectangle {
    /// The first column.
    pub left: usize,
    /// The first row.
    pub top: usize,
    /// The number of columns, at least 1.
    pub width: usize,
    /// The number of rows, at least 1.
    pub height: usize,
}

impl Rectangle {
    /// The same part of an image of `native` (width, height) after it was reduced to `sides`, to the nearest pixel.
    pub fn reduced(self, native: (usize, usize), sides: (usize, usize)) -> Self {
        if native == sides {
            return self;
        }
        let span = |start: usize, length: usize, native: usize, side: usize| {
            let place = |at: usize| ((at * side) as f64 / native as f64).round() as usize;
            let start = place(start).min(side - 1);
            (start, place(length).clamp(1, side - start))
        };
        let (left, width) = span(self.left, self.width, native.0, sides.0);
        let (top, height) = span(self.top, self.height, native.1, sides.1);
        Self { left, top, width, height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_reduced_image_lies_where_it_lay_and_within_it() {
        let whole = Rectangle { left: 0, top: 0, width: 1001, height: 13 };
        assert_eq!(whole.reduced((1001, 13), (1001, 13)), whole);
        assert_eq!(whole.reduced((1001, 13), (126, 2)), Rectangle { left: 0, top: 0, width: 126, height: 2 });
        let part = Rectangle { left: 400, top: 8, width: 601, height: 5 };
        assert_eq!(part.reduced((1001, 13), (501, 7)), Rectangle { left: 200, top: 4, width: 301, height: 3 });
        for left in 0..1001 {
            let corner = Rectangle { left, top: 12, width: 1001 - left, height: 1 }.reduced((1001, 13), (126, 2));
            assert!(corner.width > 0 && corner.left + corner.width <= 126 && corner.top + corner.height <= 2);
        }
    }
}
