//! Picked rows on a GPU. As no row is picked twice, the gradient is picked too.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, TensorMetadata, backend_extension};
use burn::tensor::Tensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use crate::ops::gpu_rows::{NO_ROW, pick};

#[backend_extension(Cube: cfg(feature = "gpu"), Autodiff)]
pub(crate) trait PickedRows: Backend {
    /// As [`pick_rows`](super::pick_rows).
    fn picked_rows(x: FloatTensor<Self>, rows: Arc<[u32]>) -> FloatTensor<Self>;
}

/// As [`pick_rows`](super::pick_rows), of a tensor on a GPU.
pub(super) fn pick_rows(x: Tensor<2>, rows: Vec<u32>) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as PickedRows>::picked_rows(x.into_dispatch(), rows.into()))
}

impl PickedRows for CubeBackend {
    fn picked_rows(x: CubeTensor, rows: Arc<[u32]>) -> CubeTensor {
        pick(&into_contiguous(x), &rows)
    }
}

impl<C: CheckpointStrategy> PickedRows for Autodiff<CubeBackend, C> {
    fn picked_rows(x: FloatTensor<Self>, rows: Arc<[u32]>) -> FloatTensor<Self> {
        match PickedRowsBackward.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let x = x.into_primitive();
                prepared.finish((x.shape()[0], Arc::clone(&rows)), CubeBackend::picked_rows(x, rows))
            }
            OpsKind::UnTracked(prepared) => prepared.finish(CubeBackend::picked_rows(x.into_primitive(), rows)),
        }
    }
}

/// The backward pass of picking; saves R and the rows.
#[derive(Debug)]
struct PickedRowsBackward;

impl Backward<CubeBackend, 1> for PickedRowsBackward {
    type State = (usize, Arc<[u32]>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = into_contiguous(grads.consume::<CubeBackend>(&ops.node));
        let [Some(parent)] = ops.parents else { return };
        let (count, rows) = ops.state;
        let mut places = vec![NO_ROW; count];
        for (place, &row) in (0..).zip(rows.iter()) {
            places[row as usize] = place;
        }
        grads.register::<CubeBackend>(parent.id, pick(&grad, &places));
    }
}
