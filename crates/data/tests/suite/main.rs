//! What the augmentations promise, measured against other people's results and against closed forms.

mod distributions;
mod pillow;
mod pinned;
mod reduced_decoding;
