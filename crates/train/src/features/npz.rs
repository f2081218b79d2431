//! Features as arrays of numpy in a zip file, none of which needs pickle.
//!
//! The format of an array is numpy's own, version 1.0 (`numpy.lib.format`): a line of Python that says type, order and
//! shape, then the numbers.

use std::io::{self, Cursor, Write};

use bmae_output::mark;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::table::FeatureTable;

/// Where the numbers of an array begin: at a multiple of this.
const ALIGNED: usize = 64;
/// Bytes of a character: texts are UTF-32.
const CHARACTER: usize = 4;

pub(super) fn write(out: &mut dyn Write, table: &FeatureTable, what: &str) -> io::Result<()> {
    let features = &table.features;
    // In memory, so that each array's sizes and checksum stand before it, as readers of `.npz` other than numpy want them.
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.set_comment(mark::zip_comment(what))?;
    let (shape, bytes) = ([features.len(), features.dim], size_of_val(&features.values[..]));
    array(&mut zip, "features", "<f4", &shape, bytes, |out| numbers(out, &features.values, f32::to_le_bytes))?;
    if !features.labels.is_empty() {
        let (shape, bytes) = ([features.labels.len()], size_of_val(&features.labels[..]));
        array(&mut zip, "labels", "<i8", &shape, bytes, |out| numbers(out, &features.labels, i64::to_le_bytes))?;
        texts(&mut zip, "classes", &table.class_names)?;
    }
    texts(&mut zip, "files", &table.files)?;
    out.write_all(zip.finish()?.get_ref())
}

/// An array `name` of `bytes`, which `fill` writes.
fn array<W: Write + io::Seek>(
    zip: &mut ZipWriter<W>,
    name: &str,
    kind: &str,
    shape: &[usize],
    bytes: usize,
    fill: impl FnOnce(&mut ZipWriter<W>) -> io::Result<()>,
) -> io::Result<()> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let before = b"\x93NUMPY\x01\x00".len() + size_of::<u16>();
    let padded = (before + header.len() + 1).next_multiple_of(ALIGNED);
    header.extend(std::iter::repeat_n(' ', padded - before - header.len() - 1));
    header.push('\n');
    let is_large = (bytes + padded) as u64 >= u64::from(u32::MAX);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(is_large);
    zip.start_file(format!("{name}.npy"), options)?;
    zip.write_all(b"\x93NUMPY\x01\x00")?;
    zip.write_all(&(header.len() as u16).to_le_bytes())?;
    zip.write_all(header.as_bytes())?;
    fill(zip)
}

/// An array of texts, each as wide as the longest. A zero at its end numpy would leave out, so there is none within.
fn texts<W: Write + io::Seek>(zip: &mut ZipWriter<W>, name: &str, texts: &[String]) -> io::Result<()> {
    // numpy has no text of no width.
    let width = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
    let bytes = texts.len() * width * CHARACTER;
    array(zip, name, &format!("<U{width}"), &[texts.len()], bytes, |out| {
        for text in texts {
            let characters: Vec<u32> = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(width).collect();
            numbers(out, &characters, u32::to_le_bytes)?;
        }
        Ok(())
    })
}

/// `values` as little-endian bytes, a piece at a time.
fn numbers<T: Copy, const SIZE: usize>(
    out: &mut impl Write,
    values: &[T],
    bytes: impl Fn(T) -> [u8; SIZE],
) -> io::Result<()> {
    const AT_ONCE: usize = 16 * 1024;
    for values in values.chunks(AT_ONCE) {
        let piece: Vec<u8> = values.iter().flat_map(|&value| bytes(value)).collect();
        out.write_all(&piece)?;
    }
    Ok(())
}
