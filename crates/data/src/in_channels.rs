//! A data set whose images all have the same number of channels: that of their files, or the one that was asked for.
//!
//! How many the files have is told by their headers: those of [`LOOKED_AT`] images at the most, evenly spread over each
//! split, so that a large set is opened as quickly as a small one, and always in the same way. Where all of them are
//! grey, the set is grey; where some are in colour, it is RGB, and the grey ones are repeated.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::all_threads;
use crate::channels::PixelLayout;
use crate::dataset::{Dataset, Images};
use crate::error::ChannelError;
use crate::image::{Image, MOST_CHANNELS};
use crate::samples::Depth;
use crate::{DataError, Reduction, Split};

/// How many headers of a split are looked at, at the most.
pub const LOOKED_AT: usize = 1000;

/// Colours: red, green and blue.
const RGB: usize = 3;

/// `dataset` with all images in `wanted` channels; `None`: in as many as their files have.
///
/// # Errors
/// When the files have different numbers of channels, or such that cannot be made as many as wanted. Where none of those
/// that were looked at can be read, they count as RGB: whoever reads them says what is wrong.
pub fn settle(dataset: Dataset, wanted: Option<usize>) -> Result<Dataset, DataError> {
    if let Some(found) = wanted.filter(|wanted| !(1..=MOST_CHANNELS).contains(wanted)) {
        return Err(ChannelError::Number { found }.into());
    }
    let mut survey = Survey::default();
    for images in [Split::Train, Split::Test].into_iter().filter_map(|split| dataset.images(split)) {
        survey.look_at(images.as_ref());
    }
    let colours = survey.colours()?;
    let channels = wanted.unwrap_or(colours);
    let with_alpha = survey.kinds.iter().any(|(_, layout)| layout.has_alpha);
    let becomes = match (colours, channels) {
        _ if colours == channels => true,
        (1, RGB) | (RGB, 1) => true,
        (RGB, 4) | (1, 2) => with_alpha,
        _ => false,
    };
    if !becomes {
        let about = match (colours, with_alpha) {
            (_, true) => " and an alpha channel",
            (RGB, false) => " and no alpha channel",
            _ => "",
        };
        return Err(ChannelError::OfSet { name: dataset.name, found: colours, about, wanted: channels }.into());
    }
    let depth = survey.kinds.iter().map(|(_, layout)| layout.depth).max().unwrap_or(Depth::Bits8);
    let all_grey = wanted.is_none() && colours == 1;
    let within = |images: Arc<dyn Images>| Arc::new(InChannels { images, channels, all_grey }) as Arc<dyn Images>;
    Ok(Dataset { train: within(dataset.train), test: dataset.test.map(within), channels, depth, ..dataset })
}

/// The kinds of images that were seen, each with the first image of it.
#[derive(Default)]
struct Survey {
    kinds: Vec<(String, PixelLayout)>,
}

impl Survey {
    /// Looks at images that are evenly spread. What cannot be read is passed over.
    fn look_at(&mut self, images: &dyn Images) {
        let looked_at = images.len().min(LOOKED_AT);
        let place = |number: usize| (number as u128 * images.len() as u128 / looked_at as u128) as usize;
        let layouts = all_threads::map(looked_at, |number| {
            let index = place(number);
            images.layout(index).ok().map(|layout| (index, layout))
        });
        for (index, layout) in layouts.into_iter().flatten() {
            if self.kinds.iter().all(|(_, known)| *known != layout) {
                self.kinds.push((images.name(index), layout));
            }
        }
    }

    /// How many colours, or bands, the images have: three where grey ones lie among coloured ones.
    fn colours(&self) -> Result<usize, ChannelError> {
        let Some((first, layout)) = self.kinds.iter().max_by_key(|(_, layout)| layout.colours() == RGB) else {
            return Ok(RGB);
        };
        let colours = layout.colours();
        let is_other = |other: usize| other != colours && (other, colours) != (1, RGB);
        match self.kinds.iter().find(|(_, other)| is_other(other.colours())) {
            None => Ok(colours),
            Some((second, other)) => Err(ChannelError::Differ {
                first: first.clone(),
                channels: colours,
                second: second.clone(),
                others: other.colours(),
            }),
        }
    }
}

/// Images of any kind, all in the same number of channels.
struct InChannels {
    images: Arc<dyn Images>,
    channels: usize,
    /// Whether all that were looked at are grey, and nobody asked for grey ones: colours would be lost unasked.
    all_grey: bool,
}

impl InChannels {
    /// An image of theirs, in their channels.
    fn converted(&self, image: Image, index: usize) -> Result<Image, DataError> {
        let found = PixelLayout::of(&image).colours();
        let image = if self.all_grey && found != 1 {
            Err(ChannelError::Outlier { found, expected: self.channels }.into())
        } else {
            image.in_channels(self.channels)
        };
        image.map_err(DataError::of_image(self.name(index)))
    }
}

impl Images for InChannels {
    fn len(&self) -> usize {
        self.images.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        self.converted(self.images.image(index)?, index)
    }

    fn image_reduced(&self, index: usize, reduction: &dyn Fn(usize, usize) -> Reduction) -> Result<Image, DataError> {
        self.converted(self.images.image_reduced(index, reduction)?, index)
    }

    fn layout(&self, index: usize) -> Result<PixelLayout, DataError> {
        Ok(PixelLayout { channels: self.channels, has_alpha: false, ..self.images.layout(index)? })
    }

    fn name(&self, index: usize) -> String {
        self.images.name(index)
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.images.label(index)
    }

    fn place(&self, index: usize) -> Option<PathBuf> {
        self.images.place(index)
    }

    fn file(&self, index: usize) -> Option<&Path> {
        self.images.file(index)
    }

    fn digest(&self, index: usize) -> Result<[u8; 32], DataError> {
        self.images.digest(index)
    }
}
