//! A right factor packed into panels.

use bmae_architecture::Precision;

use super::amx_buffers;
use super::elements::{Elements, Factor};
use super::shape::shape;
use crate::instruction_set::{InstructionSet, Simd, WithSimd, dispatch_to};
use crate::lanes::unit;
use crate::pool::Buffer;
use crate::transpose::transpose;

/// Inputs of a weight that are transposed together: a cache line.
const TRANSPOSED_AT_ONCE: usize = 16;

/// A right factor [K, N] in panels, `[ceil(N / columns)][places of K][columns]`, for an instruction set and its
/// elements of a precision. What stands beyond N counts for nothing.
#[derive(Debug)]
pub struct PackedMatrix {
    pub(super) panels: Buffer,
    pub(super) elements: Elements,
    pub(super) depth: usize,
    pub(super) columns: usize,
}

impl PackedMatrix {
    /// The transpose [in, out] of a weight [out, in] as PyTorch's Linear has it: the right factor of x W^T.
    ///
    /// # Panics
    /// When `weight` is not outputs x inputs long.
    pub fn transposed(weight: &[f32], outputs: usize, inputs: usize, precision: Precision) -> Self {
        Self::transposed_for(InstructionSet::current(), precision, weight, outputs, inputs)
    }

    /// A weight [out, in] as it is: the right factor of the gradient through a Linear.
    ///
    /// # Panics
    /// When `weight` is not outputs x inputs long.
    pub fn new(weight: &[f32], outputs: usize, inputs: usize, precision: Precision) -> Self {
        Self::new_for(InstructionSet::current(), precision, weight, outputs, inputs)
    }

    /// K.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// N.
    pub fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn transposed_for(
        set: InstructionSet,
        precision: Precision,
        weight: &[f32],
        outputs: usize,
        inputs: usize,
    ) -> Self {
        assert_eq!(weight.len(), outputs * inputs, "the weight is [out, in]");
        let elements = Elements::of(precision, set);
        if let Elements::AmxTiles(_) = elements {
            let panels = amx_buffers::transposed_weight(weight, outputs, inputs);
            return Self { panels, elements, depth: inputs, columns: outputs };
        }
        let weight = Factor::along_rows(weight, inputs, elements);
        let (width, places) = (shape(set).columns, elements.places(inputs));
        let mut panels = panels(outputs, places, width);
        if inputs > 0 {
            for (panel, rows) in panels.chunks_exact_mut(places * width).zip(weight.values().chunks(width * places)) {
                dispatch_to(set, PackTransposed { rows, places, width, panel });
            }
        }
        Self { panels, elements, depth: inputs, columns: outputs }
    }

    pub(super) fn new_for(
        set: InstructionSet,
        precision: Precision,
        rows: &[f32],
        depth: usize,
        columns: usize,
    ) -> Self {
        assert_eq!(rows.len(), depth * columns, "the factor is [K, N]");
        let elements = Elements::of(precision, set);
        if let Elements::AmxTiles(_) = elements {
            return Self { panels: amx_buffers::right_factor(rows, depth, columns), elements, depth, columns };
        }
        let rows = Factor::along_columns(rows, columns, elements);
        let (width, places) = (shape(set).columns, elements.places(depth));
        let mut panels = Buffer::uninitialised(columns.div_ceil(width) * places * width);
        if depth > 0 {
            for (number, panel) in panels.chunks_exact_mut(places * width).enumerate() {
                let first = number * width;
                pack_panel(set, rows.values(), columns, first, width.min(columns - first), width, panel);
            }
        }
        Self { panels, elements, depth, columns }
    }
}

/// Room for the panels of `columns` columns, zero where the last panel has none.
fn panels(columns: usize, depth: usize, width: usize) -> Buffer {
    let mut panels = Buffer::uninitialised(columns.div_ceil(width) * depth * width);
    if !columns.is_multiple_of(width) {
        let last = panels.len() - depth * width;
        panels[last..].fill(0.0);
    }
    panels
}

/// Rows [columns, places] into `panel` [places][width], transposed.
struct PackTransposed<'a> {
    rows: &'a [f32],
    places: usize,
    width: usize,
    panel: &'a mut [f32],
}

impl WithSimd for PackTransposed<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, places, width, panel } = self;
        let columns = rows.len() / places;
        // Vectors move whole places; what is left over at the end of the rows goes number by number.
        let whole = places - places % unit::<S>();
        if whole > 0 && S::F32_LANES > 1 {
            transpose(simd, (rows, places), columns, whole, &mut panel[..whole * width], width);
        }
        let first = if S::F32_LANES > 1 { whole } else { 0 };
        // A few rows of the panel at a time stay in the nearest cache while all columns are filled in.
        for (number, panel) in panel[first * width..].chunks_mut(TRANSPOSED_AT_ONCE * width).enumerate() {
            let from = first + number * TRANSPOSED_AT_ONCE;
            for (column, row) in rows.chunks_exact(places).enumerate() {
                for (packed, &value) in panel.chunks_exact_mut(width).zip(&row[from..]) {
                    packed[column] = value;
                }
            }
        }
    }
}

/// Columns `first` .. `first + columns` of rows [K, `stride`] into `panel` [K][width], zeros beside them.
pub(super) fn pack_panel(
    set: InstructionSet,
    rows: &[f32],
    stride: usize,
    first: usize,
    columns: usize,
    width: usize,
    panel: &mut [f32],
) {
    if columns == width {
        return dispatch_to(set, PackWhole { rows, stride, first, width, panel });
    }
    for (packed, row) in panel.chunks_exact_mut(width).zip(rows.chunks_exact(stride)) {
        packed[..columns].copy_from_slice(&row[first..first + columns]);
        packed[columns..].fill(0.0);
    }
}

/// [`pack_panel`] of a whole panel, vector by vector: a call to copy memory for each short row would cost as much
/// again.
struct PackWhole<'a> {
    rows: &'a [f32],
    stride: usize,
    first: usize,
    width: usize,
    panel: &'a mut [f32],
}

impl WithSimd for PackWhole<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { rows, stride, first, width, panel } = self;
        for (packed, row) in panel.chunks_exact_mut(width).zip(rows.chunks_exact(stride)) {
            let (packed, _) = S::as_mut_simd_f32s(packed);
            let (row, _) = S::as_simd_f32s(&row[first..first + width]);
            for (packed, value) in packed.iter_mut().zip(row) {
                *packed = *value;
            }
        }
    }
}
