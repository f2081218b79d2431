//! Token sequences put together: rows at their places, one token at all others, and positions added.
//!
//! The encoder places the kept patches after the class token, the decoder the encoder's tokens among mask tokens.

use rayon::prelude::*;

use crate::pool::Buffer;
use crate::profile::{Operation, time};
use crate::sums::{add, sum_in_order};

/// Rows that a thread takes at once.
const PIECE: usize = 256;
/// Parts of the output whose sums are added up one after the other.
const PARTS: usize = 8;

/// What stands at a place of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// This row.
    Row(u32),
    /// The token.
    Token,
}

/// What stands at each of M places, of R rows and one token, and which of P positions is added there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// `[M]`
    places: Vec<(Source, u32)>,
    /// Of each row its place, if it has one `[R]`.
    place_of_row: Vec<Option<u32>>,
    positions: usize,
}

impl Placement {
    /// `places` gives source and position of each place, `rows` is R and `positions` P.
    ///
    /// # Panics
    /// When there is no such row or position, or a row stands at two places.
    pub fn new(places: Vec<(Source, u32)>, rows: usize, positions: usize) -> Self {
        let mut place_of_row = vec![None; rows];
        for (place, &(source, position)) in places.iter().enumerate() {
            assert!((position as usize) < positions, "there are {positions} positions, but {position} is asked for");
            if let Source::Row(row) = source {
                let earlier = place_of_row[row as usize].replace(place as u32);
                assert!(earlier.is_none(), "row {row} stands at two places");
            }
        }
        Self { places, place_of_row, positions }
    }

    /// Source and position of each place `[M]`.
    pub fn places(&self) -> &[(Source, u32)] {
        &self.places
    }

    /// Of each row its place, if it has one `[R]`.
    pub fn place_of_row(&self) -> &[Option<u32>] {
        &self.place_of_row
    }

    /// R.
    pub fn rows(&self) -> usize {
        self.place_of_row.len()
    }

    /// P.
    pub fn positions(&self) -> usize {
        self.positions
    }
}

/// `out` [M, D]: at each place its row of `rows` [R, D], or `token` `[D]`, plus its row of `positions` [P, D].
///
/// # Panics
/// When the lengths disagree.
pub fn forward(placement: &Placement, rows: &[f32], token: &[f32], positions: &[f32], out: &mut [f32]) {
    let _timer = time(Operation::Tokens);
    let dim = token.len();
    assert!(dim > 0 && rows.len() == placement.rows() * dim, "the rows are [R, D]");
    assert_eq!(positions.len(), placement.positions * dim, "the positions are [P, D]");
    assert_eq!(out.len(), placement.places.len() * dim, "the output is [M, D]");
    out.par_chunks_mut(PIECE * dim).zip(placement.places.par_chunks(PIECE)).for_each(|(out, places)| {
        let _timer = time(Operation::Tokens);
        for (out, &(source, position)) in out.chunks_exact_mut(dim).zip(places) {
            let from = match source {
                Source::Row(row) => &rows[row as usize * dim..][..dim],
                Source::Token => token,
            };
            let position = &positions[position as usize * dim..][..dim];
            out.iter_mut().zip(from).zip(position).for_each(|((out, from), position)| *out = from + position);
        }
    });
}

/// The gradient of the rows, `out` [R, D], from that of the result, `grad` [M, D]: zero for a row without a place.
///
/// # Panics
/// When the lengths disagree.
pub fn backward_rows(placement: &Placement, grad: &[f32], dim: usize, out: &mut [f32]) {
    let _timer = time(Operation::Tokens);
    check(placement, grad, dim);
    assert_eq!(out.len(), placement.rows() * dim, "the rows' gradient is [R, D]");
    out.par_chunks_mut(PIECE * dim).zip(placement.place_of_row.par_chunks(PIECE)).for_each(|(out, places)| {
        let _timer = time(Operation::Tokens);
        for (out, place) in out.chunks_exact_mut(dim).zip(places) {
            match place {
                Some(place) => out.copy_from_slice(&grad[*place as usize * dim..][..dim]),
                None => out.fill(0.0),
            }
        }
    });
}

/// The gradient of the token `[D]` from that of the result, `grad` [M, D].
///
/// # Panics
/// When the lengths disagree.
pub fn backward_token(placement: &Placement, grad: &[f32], dim: usize) -> Buffer {
    check(placement, grad, dim);
    sums(placement, grad, dim, dim, |source, _| (source == Source::Token).then_some(0))
}

/// The gradient of the positions [P, D] from that of the result, `grad` [M, D].
///
/// # Panics
/// When the lengths disagree.
pub fn backward_positions(placement: &Placement, grad: &[f32], dim: usize) -> Buffer {
    check(placement, grad, dim);
    sums(placement, grad, dim, placement.positions * dim, |_, position| Some(position as usize))
}

/// The rows of `grad` added up in [.., D], each at the row that `at` says, if any: part by part, the parts in order.
fn sums(
    placement: &Placement,
    grad: &[f32],
    dim: usize,
    length: usize,
    at: impl Fn(Source, u32) -> Option<usize> + Sync,
) -> Buffer {
    let _timer = time(Operation::Tokens);
    let part = placement.places.len().div_ceil(PARTS).max(1);
    let parts: Vec<Buffer> = grad
        .par_chunks(part * dim)
        .zip(placement.places.par_chunks(part))
        .map(|(grad, places)| {
            let _timer = time(Operation::Tokens);
            let mut sums = Buffer::zeros(length);
            for (grad, &(source, position)) in grad.chunks_exact(dim).zip(places) {
                if let Some(row) = at(source, position) {
                    add(&mut sums[row * dim..][..dim], grad);
                }
            }
            sums
        })
        .collect();
    sum_in_order(parts, length)
}

fn check(placement: &Placement, grad: &[f32], dim: usize) {
    assert!(dim > 0 && grad.len() == placement.places.len() * dim, "the gradient is [M, D]");
}

/// The rows of `table` [.., `width`] whose numbers are `rows` `[M]`, over all threads: [M, `width`].
///
/// # Panics
/// When there is no such row.
pub fn gather(table: &[f32], rows: &[usize], width: usize) -> Vec<f32> {
    let mut out = vec![0.0; rows.len() * width];
    out.par_chunks_mut((PIECE * width).max(1)).zip(rows.par_chunks(PIECE)).for_each(|(out, rows)| {
        let _timer = time(Operation::Tokens);
        for (out, &row) in out.chunks_exact_mut(width).zip(rows) {
            out.copy_from_slice(&table[row * width..(row + 1) * width]);
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathered_rows_are_those_of_the_table_in_the_order_asked_for() {
        let table: Vec<f32> = (0..700 * 3).map(|value| value as f32).collect();
        let rows: Vec<usize> = (0..600).map(|i| i * 37 % 700).collect();
        let gathered = gather(&table, &rows, 3);
        for (row, values) in rows.iter().zip(gathered.chunks_exact(3)) {
            assert_eq!(values, &table[row * 3..row * 3 + 3]);
        }
        assert!(gather(&table, &[], 3).is_empty());
    }

    use Source::{Row, Token};

    fn placement() -> Placement {
        Placement::new(vec![(Token, 0), (Row(2), 1), (Token, 3), (Row(0), 0), (Token, 1)], 4, 4)
    }

    #[test]
    fn every_place_has_its_row_or_the_token_and_its_position() {
        let (rows, positions) =
            ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [10.0, 20.0, 30.0, 40.0, 0.0, 0.0, 70.0, 80.0]);
        let mut out = [f32::NAN; 10];
        forward(&placement(), &rows, &[0.5, 0.25], &positions, &mut out);
        assert_eq!(out, [10.5, 20.25, 35.0, 46.0, 70.5, 80.25, 11.0, 22.0, 30.5, 40.25]);
    }

    #[test]
    fn gradients_go_back_to_where_values_came_from() {
        let grad = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
        let mut rows = [f32::NAN; 8];
        backward_rows(&placement(), &grad, 2, &mut rows);
        assert_eq!(rows, [7.0, 8.0, 0.0, 0.0, 3.0, 4.0, 0.0, 0.0]);
        assert_eq!(*backward_token(&placement(), &grad, 2), [15.0, 18.0]);
        assert_eq!(*backward_positions(&placement(), &grad, 2), [8.0, 10.0, 12.0, 14.0, 0.0, 0.0, 5.0, 6.0]);
    }

    #[test]
    fn one_thread_and_three_give_the_same_bits() {
        let places = (0..1000).map(|i| (if i % 3 == 0 { Row(i / 3) } else { Token }, i % 65)).collect();
        let placement = Placement::new(places, 334, 65);
        let grad: Vec<f32> = (0..3000).map(|i| 1.0 / (i as f32 + 3.0)).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| (backward_token(&placement, &grad, 3), backward_positions(&placement, &grad, 3)))
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn no_places_are_no_work() {
        let empty = Placement::new(Vec::new(), 0, 2);
        forward(&empty, &[], &[1.0], &[0.0, 0.0], &mut []);
        backward_rows(&empty, &[], 1, &mut []);
        assert_eq!(*backward_token(&empty, &[], 1), [0.0]);
        assert_eq!(*backward_positions(&empty, &[], 1), [0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "row 1 stands at two places")]
    fn a_row_has_one_place() {
        Placement::new(vec![(Row(1), 0), (Row(1), 0)], 2, 1);
    }

    #[test]
    #[should_panic(expected = "there are 2 positions, but 2 is asked for")]
    fn a_position_must_exist() {
        Placement::new(vec![(Token, 2)], 0, 2);
    }
}
