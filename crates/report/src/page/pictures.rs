//! The pictures: the last one of each pre-training, and those before it for the script to step through.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::contents::{Contents, Section, swatch};
use crate::pictures::{Album, Picture, PictureKind};
use crate::text::count;

/// The section of reconstructions and attention maps.
pub fn pictures(contents: &Contents) -> Option<Section> {
    let html = html! {
        div class="albums" { @for album in contents.albums { (album_html(contents, album)) } }
    };
    (!contents.albums.is_empty()).then_some(Section { id: "pictures", title: "Reconstructions", html })
}

fn album_html(contents: &Contents, album: &Album) -> Markup {
    let label = &contents.groups[album.group].label;
    html! {
        div class="album" {
            h3 { (swatch(contents.styles[album.group])) (label) ", seed " (album.seed) }
            @for kind in PictureKind::ALL {
                @if let Some(last) = album.kind(kind).next_back() {
                    div class="epochs" data-epochs={ (kind.title()) " of " (label) } {
                        @for picture in album.kind(kind) { (picture_html(picture, label, picture.epoch == last.epoch)) }
                    }
                }
            }
            @for skipped in &album.skipped { p class="note" { (skipped) } }
        }
    }
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
            "images and where the class token looks in the last block: the mean over the heads, then each head; white is most"
        }
    };
    html! {
        figure class="picture" data-epoch=(picture.epoch) hidden[!last] {
            img width=(width) height=(height) alt={ (title) " of " (label) " after " (epochs) ": " (words) }
                src={ "data:image/png;base64," (STANDARD.encode(&picture.png)) };
            figcaption { (title) " after " (epochs) ": " (words) "." }
        }
    }
}
