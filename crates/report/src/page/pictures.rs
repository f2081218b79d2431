//! The pictures: the last one of each pre-training, and those before it for the script to step through.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::contents::{Contents, Section, swatch};
use crate::pictures::{Album, Picture, PictureKind};
use crate::text::count;

/// So many albums stand open; of more, the first one does.
const OPEN: usize = 3;
/// A picture is shown at its own size where there is room, and at this share of it at least: words stay legible, and what
/// does not fit is scrolled to.
const LEAST_SHARE: f64 = 0.55;

/// The section of reconstructions and attention maps.
pub fn pictures(contents: &Contents) -> Option<Section> {
    let open = |place: usize| place == 0 || contents.albums.len() <= OPEN;
    let html = html! {
        div class="albums" {
            @for (place, album) in contents.albums.iter().enumerate() { (album_html(contents, album, open(place))) }
        }
    };
    (!contents.albums.is_empty()).then_some(Section { id: "pictures", title: "Reconstructions and attention", html })
}

fn album_html(contents: &Contents, album: &Album, open: bool) -> Markup {
    let label = &contents.groups[album.group].label;
    html! {
        details class="album" open[open] {
            summary { h3 { (swatch(contents.styles[album.group])) (label) ", seed " (album.seed) } }
            div class="shown" {
                @for kind in PictureKind::ALL {
                    @if let Some(last) = album.kind(kind).next_back() {
                        div class="epochs" data-epochs={ (kind.title()) " of " (label) }
                            style={ "flex-basis:" (least_width(last)) "px" } {
                            @for picture in album.kind(kind) { (picture_html(picture, label, picture.epoch == last.epoch)) }
                        }
                    }
                }
            }
            @for skipped in &album.skipped { p class="note" { (skipped) } }
        }
    }
}

fn least_width(picture: &Picture) -> usize {
    (LEAST_SHARE * picture.size().0 as f64).ceil() as usize
}

fn picture_html(picture: &Picture, label: &str, last: bool) -> Markup {
    let (width, height) = picture.size();
    let (title, epochs) = (picture.kind.title(), count(picture.epoch, "epoch"));
    let words = match picture.kind {
        PictureKind::Reconstruction => {
            "images, what the encoder sees of them, and what the decoder makes of the rest; once features are predicted, the \
             target's features and the predicted ones, their first three principal components as colours"
        }
        PictureKind::Attention => {
            "images and where the class token looks in the last block: the mean over the heads, then each head; the lighter, \
             the more"
        }
    };
    let sides = format!("min-width:{}px;max-width:{width}px", least_width(picture));
    html! {
        figure class="picture" data-epoch=(picture.epoch) hidden[!last] {
            div class="scroll" role="region" aria-label={ (title) " of " (label) } tabindex="0" {
                img width=(width) height=(height) alt={ (title) " of " (label) " after " (epochs) ": " (words) }
                    style=(sides) src={ "data:image/png;base64," (STANDARD.encode(&picture.png)) };
            }
            figcaption { (title) " after " (epochs) ": " (words) "." }
        }
    }
}
