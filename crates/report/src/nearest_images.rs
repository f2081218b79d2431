//! A page with images and the training images nearest to each: one file that needs nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bmae_output::plain::plain;
use maud::{DOCTYPE, Markup, html};

/// What the page carries in its head, by which it is known again.
pub const NEAREST_GENERATOR: &str = "bmae neighbours";

/// What the page may load: nothing. Its style stands in it, and so do its pictures.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const STYLE: &str = include_str!("nearest_images.css");

/// A picture with the lines below it, the first of which is its title.
#[derive(Debug, Clone)]
pub struct CaptionedImage {
    /// A PNG file.
    pub png: Vec<u8>,
    /// The lines.
    pub lines: Vec<String>,
}

/// An image, and those nearest to it.
#[derive(Debug, Clone)]
pub struct NearestRow {
    /// The image that was asked about.
    pub asked: CaptionedImage,
    /// Training images, the nearest first.
    pub nearest: Vec<CaptionedImage>,
}

/// The page of `rows`, `about` which stands a sentence below the title.
pub fn nearest_images_page(title: &str, about: &str, rows: &[NearestRow]) -> String {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="generator" content=(NEAREST_GENERATOR);
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (plain(title)) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                h1 { (plain(title)) }
                p { (plain(about)) }
                @for row in rows {
                    section {
                        (figure(&row.asked, "asked"))
                        @for near in &row.nearest { (figure(near, "near")) }
                    }
                }
            }
        }
    };
    document.into_string()
}

fn figure(image: &CaptionedImage, class: &str) -> Markup {
    let title = image.lines.first().map_or("", String::as_str);
    html! {
        figure class=(class) {
            img src={ "data:image/png;base64," (STANDARD.encode(&image.png)) } alt=(plain(title));
            figcaption { @for line in &image.lines { span { (plain(line)) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_pictures_stand_in_the_page() {
        let image = |name: &str| CaptionedImage { png: vec![1, 2, 3], lines: vec![name.to_owned(), "0.98".to_owned()] };
        let row = NearestRow { asked: image("<b>.png"), nearest: vec![image("a\u{202e}b"), image("cat")] };
        let page = nearest_images_page("near & far", "about", &[row]);
        for part in ["near &amp; far", "&lt;b&gt;.png", "a\\u{202e}b", "data:image/png;base64,AQID", ">0.98<"] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!page.contains("<b>") && page[..1024].contains("content=\"bmae neighbours\""), "{page}");
    }
}
