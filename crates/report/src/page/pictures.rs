//! The pictures: the last one of each pre-training, and those before it for the script to step through.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Contents, Section, escape_html, swatch};
use crate::pictures::{Album, Kind, Picture};

/// The section of reconstructions and attention maps.
pub(crate) fn pictures(contents: &Contents) -> Option<Section> {
    let html: String = contents.albums.iter().map(|album| album_html(contents, album)).collect();
    let albums = format!("<div class=\"albums\">\n{html}</div>\n");
    (!html.is_empty()).then_some(Section { id: "pictures", title: "Reconstructions", html: albums })
}

fn album_html(contents: &Contents, album: &Album) -> String {
    let label = escape_html(&contents.groups[album.group].label);
    let look = swatch(contents.looks[album.group]);
    let mut html = format!("<div class=\"album\">\n<h3>{look}{label}, seed {}</h3>\n", album.seed);
    for kind in Kind::EVERY {
        let last = album.kind(kind).next_back().map(|picture| picture.epoch);
        let figures: String =
            album.kind(kind).map(|picture| picture_html(picture, &label, Some(picture.epoch) == last)).collect();
        if !figures.is_empty() {
            let title = kind.title();
            html.push_str(&format!("<div class=\"epochs\" data-epochs=\"{title} of {label}\">\n{figures}</div>\n"));
        }
    }
    for skipped in &album.skipped {
        html.push_str(&format!("<p class=\"note\">{}</p>\n", escape_html(skipped)));
    }
    html.push_str("</div>\n");
    html
}

fn picture_html(picture: &Picture, label: &str, last: bool) -> String {
    let (width, height) = picture.size();
    let (epoch, title) = (picture.epoch, picture.kind.title());
    let epochs = if epoch == 1 { "epoch" } else { "epochs" };
    let words = match picture.kind {
        Kind::Reconstruction => {
            "images, what the encoder sees of them, and what the decoder makes of the rest; once features are predicted, the \
             target's features and the predicted ones, their first three principal components as colours"
        }
        Kind::Attention => {
            "images and where the class token looks in the last block: the mean over the heads, then each head; white is most"
        }
    };
    let hidden = if last { "" } else { " hidden" };
    format!(
        "<figure class=\"picture\" data-epoch=\"{epoch}\"{hidden}>\n\
         <img width=\"{width}\" height=\"{height}\" alt=\"{title} of {label} after {epoch} {epochs}: {words}\" \
         src=\"data:image/png;base64,{}\">\n\
         <figcaption>{title} after {epoch} {epochs}: {words}.</figcaption>\n</figure>\n",
        STANDARD.encode(&picture.png)
    )
}
