//! The placing of tokens as kernels for GPUs, on tensors of the CubeCL backend.

use bmae_kernels::tokens::{Placement, Source};
use burn::backend::TensorMetadata;
use burn::tensor::Shape;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::{self, prelude::*};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::fused::TokensKernels;
use crate::ops::gpu_rows::{NO_ROW, column_sums, listed_sums, pick, row_numbers};
use crate::ops::gpu_tensor::{empty, units};

/// `places` [M, 2] says of each place its row, or [`NO_ROW`] for the token, and its position.
#[cube(launch)]
fn place_kernel(rows: &[f32], token: &[f32], positions: &[f32], places: &[u32], out: &mut [f32]) {
    if ABSOLUTE_POS < out.len() {
        let width = token.len();
        let place = ABSOLUTE_POS / width;
        let column = ABSOLUTE_POS % width;
        let row = places[place * 2];
        let mut value = token[column];
        if row != NO_ROW {
            value = rows[row as usize * width + column];
        }
        out[ABSOLUTE_POS] = value + positions[places[place * 2 + 1] as usize * width + column];
    }
}

impl TokensKernels for CubeBackend {
    fn forward(rows: CubeTensor, token: CubeTensor, positions: CubeTensor, placement: &Placement) -> CubeTensor {
        let [rows, token, positions] = [rows, token, positions].map(into_contiguous);
        let places = placement.places().iter().flat_map(|&(source, position)| match source {
            Source::Row(row) => [row, position],
            Source::Token => [NO_ROW, position],
        });
        let places = row_numbers(&rows, &places.collect::<Vec<u32>>());
        let (client, dim) = (rows.client.clone(), token.shape()[0]);
        let out = empty(&rows, Shape::new([placement.places().len(), dim]));
        let count = placement.places().len() * dim;
        let (cubes, cube_dim) = units(&client, count);
        place_kernel::launch(
            &client,
            cubes,
            cube_dim,
            rows.into_buffer_arg(),
            token.into_buffer_arg(),
            positions.into_buffer_arg(),
            places.into_buffer_arg(),
            out.clone().into_buffer_arg(),
        );
        out
    }

    fn backward_rows(placement: &Placement, grad: &CubeTensor) -> CubeTensor {
        let places: Vec<u32> = placement.place_of_row().iter().map(|place| place.unwrap_or(NO_ROW)).collect();
        pick(&into_contiguous(grad.clone()), &places)
    }

    fn backward_token(placement: &Placement, grad: &CubeTensor) -> CubeTensor {
        let is_token = |&(_, &(source, _)): &(u32, &(Source, u32))| source == Source::Token;
        let places = (0..).zip(placement.places()).filter(is_token).map(|(place, _)| place);
        column_sums(pick(&into_contiguous(grad.clone()), &places.collect::<Vec<u32>>()))
    }

    fn backward_positions(placement: &Placement, grad: &CubeTensor) -> CubeTensor {
        let mut places = vec![Vec::new(); placement.positions()];
        for (place, &(_, position)) in (0..).zip(placement.places()) {
            places[position as usize].push(place);
        }
        listed_sums(&into_contiguous(grad.clone()), &places)
    }
}
