//! Small files of every kind: whole, cut anywhere, damaged, turned, and of kinds that are not decoded. Those that no
//! encoder here can write are in `tests/images`.

use std::fs;
use std::io::{BufReader, Cursor};

use image::codecs::png::PngEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, RgbImage};

use super::*;
use crate::Samples;

const BASELINE: &[u8] = include_bytes!("../../tests/images/baseline.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("../../tests/images/progressive.jpg");
const RESTARTS: &[u8] = include_bytes!("../../tests/images/restarts.jpg");
const GREY: &[u8] = include_bytes!("../../tests/images/grey.jpg");
const LOSSY: &[u8] = include_bytes!("../../tests/images/lossy.webp");
const LOSSLESS: &[u8] = include_bytes!("../../tests/images/lossless.webp");
const TILED_PLANAR: &[u8] = include_bytes!("../../tests/images/tiled_planar.tif");

const JPEGS: [(&str, &[u8]); 4] =
    [("baseline", BASELINE), ("progressive", PROGRESSIVE), ("restarts", RESTARTS), ("grey", GREY)];

fn decode_file(path: &Path, inspection: &Inspection) -> Result<Image, DataError> {
    decode(&mut BufReader::new(fs::File::open(path).expect("it was written")), path, inspection)
}

fn decoded(bytes: &[u8]) -> Result<Image, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("picture.png");
    fs::write(&path, bytes).expect("room");
    decode_file(&path, &Inspection::default()).map_err(|error| {
        let error = error.to_string();
        assert!(error.contains("picture.png") && !error.contains('\n'), "{error}");
        error
    })
}

fn refused(bytes: &[u8], part: &str) {
    let error = decoded(bytes).expect_err(part);
    assert!(error.contains(part), "{error}");
}

/// A picture of which no two rows or columns are alike.
fn picture() -> RgbImage {
    RgbImage::from_fn(19, 11, |x, y| image::Rgb([13 * x as u8, 23 * y as u8, (7 * x + 5 * y) as u8]))
}

fn written(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture()).write_to(&mut bytes, format).expect("memory");
    bytes.into_inner()
}

/// With the bytes of `segment` behind the first two of a JPEG.
fn with_segment(jpeg: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, body, &jpeg[2..]].concat()
}

/// Exif as it stands in a file: little-endian TIFF with the one tag 0x0112.
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    exif
}

fn size(bytes: &[u8]) -> (usize, usize) {
    let image = decoded(bytes).expect("a whole image");
    (image.width(), image.height())
}

/// As RGB of 8 bits, with transparency over black.
fn rgb(bytes: &[u8]) -> Vec<u8> {
    decoded(bytes).expect("a whole image").in_channels(3).expect("grey or colours").pixels().to_vec()
}

#[test]
fn grey_stays_one_channel_sixteen_bits_stay_sixteen_and_transparency_goes_over_black_when_it_is_not_wanted() {
    let written = |picture: DynamicImage| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).expect("memory");
        bytes.into_inner()
    };
    let grey = written(DynamicImage::ImageLuma8(image::GrayImage::from_pixel(1, 1, image::Luma([90]))));
    assert_eq!(decoded(&grey).expect("grey").samples(), &Samples::U8(vec![90]));
    assert_eq!(rgb(&grey), [90, 90, 90]);
    let deep = image::ImageBuffer::from_pixel(1, 1, image::Rgb([0xffff, 0x8081, 7]));
    let deep = decoded(&written(DynamicImage::ImageRgb16(deep))).expect("16 bits");
    assert_eq!(deep.samples(), &Samples::U16(vec![0xffff, 0x8081, 7]));
    let mut glass = image::RgbaImage::from_pixel(3, 1, image::Rgba([200, 100, 50, 255]));
    glass.put_pixel(1, 0, image::Rgba([200, 100, 50, 128]));
    glass.put_pixel(2, 0, image::Rgba([200, 100, 50, 0]));
    let glass = written(DynamicImage::ImageRgba8(glass));
    assert_eq!(rgb(&glass), [200, 100, 50, 100, 50, 25, 0, 0, 0], "over black");
    let all = decoded(&glass).expect("RGBA").in_channels(4).expect("as they are");
    assert_eq!(all.pixels(), [200, 100, 50, 255, 200, 100, 50, 128, 200, 100, 50, 0]);
}

#[test]
fn the_header_tells_the_channels_that_the_pixels_have() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("picture.png");
    let kinds = [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff];
    let mut files: Vec<Vec<u8>> = kinds.into_iter().chain([ImageFormat::Pnm, ImageFormat::Qoi]).map(written).collect();
    files.extend(JPEGS.iter().map(|(_, jpeg)| jpeg.to_vec()));
    files.extend([
        LOSSY.to_vec(),
        LOSSLESS.to_vec(),
        tiff([0; 4], 2, 1),
        tiff([0; 4], 0, 1),
        gif((4, 3), (1, 2), (2, 1)),
    ]);
    for bytes in files {
        fs::write(&path, &bytes).expect("room");
        let image = decode_file(&path, &Inspection::default()).expect("whole");
        let mut source = BufReader::new(fs::File::open(&path).expect("it was written"));
        let told = layout(&mut source, &path).expect("a header");
        assert_eq!(PixelLayout::of(&image), told);
    }
}

#[test]
fn whole_jpegs_have_the_pixels_that_the_image_crate_gives_them() {
    for (name, jpeg) in JPEGS {
        let expected = image::load_from_memory(jpeg).expect("a whole JPEG").into_rgb8();
        let found = decoded(jpeg).expect(name);
        assert_eq!((found.width(), found.height()), (57, 41), "{name}");
        assert!(found.in_channels(3).expect("grey or RGB").pixels() == expected.as_raw(), "{name}");
    }
}

#[test]
fn a_jpeg_cut_anywhere_is_refused_even_if_its_end_is_marked_again() {
    for (name, jpeg) in JPEGS {
        for length in 0..jpeg.len() {
            assert!(decoded(&jpeg[..length]).is_err(), "{name} of {length} bytes");
            if length < jpeg.len() - 2 {
                let marked = [&jpeg[..length], &[0xff, 0xd9]].concat();
                assert!(decoded(&marked).is_err(), "{name} of {length} bytes and its end");
            }
        }
    }
    refused(&BASELINE[..BASELINE.len() * 7 / 10], "a part of it is missing");
    refused(&PROGRESSIVE[..PROGRESSIVE.len() * 7 / 10], "a part of it is missing");
    refused(&BASELINE[..100], "cut short");
}

#[test]
fn a_jpeg_that_lacks_something_within_is_refused() {
    for (name, jpeg) in JPEGS {
        let half = jpeg.len() * 2 / 3;
        for removed in [20, 60] {
            let holed = [&jpeg[..half], &jpeg[half + removed..]].concat();
            assert!(decoded(&holed).is_err(), "{name} without {removed} bytes");
        }
    }
    // A restart marker out of turn, and one that is gone.
    let marker = RESTARTS.windows(2).position(|pair| pair == [0xff, 0xd2]).expect("a third marker");
    let mut other = RESTARTS.to_vec();
    other[marker + 1] = 0xd5;
    refused(&other, "damaged");
    refused(&[&RESTARTS[..marker], &RESTARTS[marker + 2..]].concat(), "");
}

#[test]
fn more_data_than_a_jpeg_has_blocks_are_damage() {
    let (data, end) = BASELINE.split_at(BASELINE.len() - 2);
    let scan = BASELINE.windows(2).position(|pair| pair == [0xff, 0xda]).expect("a scan") + 14;
    let again = &data[scan..scan + 60];
    refused(&[data, again, end].concat(), "damaged");
    refused(&[&data[..scan + 30], again, &data[scan + 30..], end].concat(), "");
}

#[test]
fn what_a_camera_leaves_between_and_behind_the_data_of_a_jpeg_is_harmless() {
    let expected = decoded(BASELINE).expect("a whole JPEG");
    let (data, end) = BASELINE.split_at(BASELINE.len() - 2);
    for between in [&[0, 0][..], &[0xff, 0xff], &[0; 40], &[0x55, 0xab, 3, 0x81]] {
        assert_eq!(decoded(&[data, between, end].concat()).as_ref(), Ok(&expected), "{between:?}");
    }
    for stray in [&b"stray"[..], &[0xff, 0xff, 0xff], &[0xff, 0, 7]] {
        let between_headers = [&BASELINE[..20], stray, &BASELINE[20..]].concat();
        assert_eq!(decoded(&between_headers).as_ref(), Ok(&expected), "{stray:?}");
    }
    assert_eq!(decoded(&[BASELINE, b"a video"].concat()).as_ref(), Ok(&expected));
    assert_eq!(decoded(&with_segment(BASELINE, 0xe9, &[0xff; 500])), Ok(expected));
}

#[test]
fn jpegs_of_kinds_that_are_not_decoded_are_called_so() {
    let header = BASELINE.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("a baseline header");
    for (marker, part) in [(0xc3, "coded without loss"), (0xc9, "arithmetic coding"), (0xc5, "hierarchy")] {
        let mut other = BASELINE.to_vec();
        other[header + 1] = marker;
        refused(&other, part);
        refused(&other, "PNG, JPEG, WebP, BMP, GIF, TIFF, PNM and QOI are");
    }
    let mut deep = BASELINE.to_vec();
    deep[header + 4] = 12;
    refused(&deep, "of 12 bits a colour");
}

#[test]
fn images_of_every_kind_are_refused_when_a_part_of_their_pixels_is_missing() {
    let kinds = [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff];
    let mut whole: Vec<(String, Vec<u8>)> = kinds
        .into_iter()
        .chain([ImageFormat::Pnm, ImageFormat::Qoi])
        .map(|kind| (format!("{kind:?}"), written(kind)))
        .collect();
    whole.push(("lossy WebP".into(), LOSSY.to_vec()));
    whole.push(("lossless WebP".into(), LOSSLESS.to_vec()));
    for (kind, bytes) in whole {
        assert!(decoded(&bytes).is_ok(), "{kind}");
        // The last bytes of a GIF end its animation, those of a TIFF and a QOI its directory and its data.
        let needed = bytes.len() - if kind == "Gif" { 3 } else { 1 };
        for length in (0..needed).rev().take(200).chain((0..needed).step_by(7)) {
            assert!(decoded(&bytes[..length]).is_err(), "{kind}: {length} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn a_png_with_a_flipped_bit_is_refused() {
    let png = written(ImageFormat::Png);
    let data = png.windows(4).position(|name| name == b"IDAT").expect("pixels");
    for place in (data + 4..png.len() - 16).step_by(5) {
        let mut flipped = png.clone();
        flipped[place] ^= 4;
        assert!(decoded(&flipped).is_err(), "byte {place}");
    }
}

#[test]
fn a_panic_of_a_decoder_becomes_the_sentence_that_names_the_image() {
    refused(TILED_PLANAR, "its decoder failed (");
}

#[test]
fn exif_of_a_jpeg_is_read_wherever_it_stands_and_in_parts() {
    assert_eq!(size(BASELINE), (57, 41));
    let whole = [&b"Exif\0\0"[..], &exif(6)].concat();
    assert_eq!(size(&with_segment(BASELINE, 0xe1, &whole)), (41, 57));
    let behind_others = with_segment(&with_segment(BASELINE, 0xe1, &whole), 0xe1, b"something else");
    assert_eq!(size(&behind_others), (41, 57));
    let (first, second) = whole.split_at(20);
    let second = [&b"Exif\0\0"[..], second].concat();
    assert_eq!(size(&with_segment(&with_segment(BASELINE, 0xe1, &second), 0xe1, first)), (41, 57));
    let xmp = b"http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation=\"8\"/>";
    assert_eq!(size(&with_segment(BASELINE, 0xe1, xmp)), (41, 57));
}

/// A PNG of 2x1 pixels with a chunk before its pixels, or behind them.
fn png_with(kind: &[u8; 4], body: &[u8], behind: bool) -> Vec<u8> {
    let mut png = Vec::new();
    PngEncoder::new(&mut png).write_image(&[1, 1, 1, 2, 2, 2], 2, 1, ExtendedColorType::Rgb8).expect("memory");
    let name: &[u8; 4] = if behind { b"IEND" } else { b"IDAT" };
    let place = png.windows(4).position(|found| found == name).expect("such a chunk") - 4;
    let named = [&kind[..], body].concat();
    let mut sum = flate2::Crc::new();
    sum.update(&named);
    let chunk = [&(body.len() as u32).to_be_bytes()[..], &named, &sum.sum().to_be_bytes()].concat();
    png.splice(place..place, chunk);
    png
}

#[test]
fn a_png_is_turned_by_its_exif_its_texts_and_its_xmp() {
    let hexadecimal: String = exif(6).iter().map(|byte| format!("{byte:02x}\n")).collect();
    let raw = format!("\nexif\n      26\n{hexadecimal}");
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, raw.as_bytes()).expect("memory");
    let packed = packed.finish().expect("memory");
    let xmp = b"<tiff:Orientation>6</tiff:Orientation>";
    let texts: [(&[u8; 4], Vec<u8>); 6] = [
        (b"eXIf", exif(6)),
        (b"eXIf", [&b"Exif\0\0"[..], &exif(6)].concat()),
        (b"tEXt", [&b"Raw profile type exif\0"[..], raw.as_bytes()].concat()),
        (b"zTXt", [&b"Raw profile type exif\0\0"[..], &packed].concat()),
        (b"iTXt", [&b"XML:com.adobe.xmp\0\0\0\0\0"[..], xmp].concat()),
        (b"tEXt", [&b"exif\0"[..], &exif(6)].concat()),
    ];
    for (kind, body) in texts {
        for behind in [false, true] {
            let png = png_with(kind, &body, behind);
            assert_eq!(size(&png), (1, 2), "{}, behind {behind}", kind.escape_ascii());
        }
    }
    assert_eq!(size(&png_with(b"tEXt", b"Raw profile type exif\0damaged", false)), (2, 1));
}

#[test]
fn a_webp_is_turned_by_its_exif_and_its_xmp() {
    let picture = &LOSSY[12..];
    let with = |flag: u8, name: &[u8; 4], body: &[u8]| {
        let canvas = [&[flag, 0, 0, 0][..], &[56, 0, 0, 40, 0, 0]].concat();
        let padding = &[0][..body.len() % 2];
        let chunk = [&name[..], &(body.len() as u32).to_le_bytes(), body, padding].concat();
        let all = [b"WEBPVP8X\x0a\0\0\0", &canvas[..], picture, &chunk].concat();
        [b"RIFF", &(all.len() as u32).to_le_bytes()[..], &all].concat()
    };
    assert_eq!(size(&with(8, b"EXIF", &exif(6))), (41, 57));
    assert_eq!(size(&with(8, b"EXIF", &[&b"Exif\0\0"[..], &exif(8)].concat())), (41, 57));
    assert_eq!(size(&with(4, b"XMP ", b"<x tiff:Orientation=\"6\"/>")), (41, 57));
    assert_eq!(size(&with(0, b"EXIF", &exif(6))), (57, 41), "the canvas has none, by its flags");
    // A chunk that claims 4 GiB.
    let mut claiming = with(8, b"EXIF", &exif(6));
    let place = claiming.windows(4).position(|name| name == b"EXIF").expect("just written") + 4;
    claiming[place..place + 4].fill(0xff);
    refused(&claiming, "cut short");
}

#[test]
fn a_webp_whose_picture_has_another_size_than_its_canvas_is_refused_before_room_is_made() {
    let canvas = [8, 0, 0, 0, 9, 0, 0, 9, 0, 0];
    let all = [b"WEBPVP8X\x0a\0\0\0", &canvas[..], &LOSSY[12..]].concat();
    refused(&[b"RIFF", &(all.len() as u32).to_le_bytes()[..], &all].concat(), "says 10x10 pixels and has 57x41");
}

/// An uncompressed TIFF of one pixel, or of 2x1 where three samples are given, with two more tags.
fn tiff(samples: [u8; 4], extra: u16, orientation: u16) -> Vec<u8> {
    let entries: [(u16, u16, u32, u32); 11] = [
        (256, 3, 1, 1),
        (257, 3, 1, 2),
        (258, 3, 4, 8 + 2 + 11 * 12 + 4),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 8 + 2 + 11 * 12 + 4 + 8),
        (274, 3, 1, orientation.into()),
        (277, 3, 1, 4),
        (278, 3, 1, 2),
        (279, 4, 1, 8),
        (338, 3, 1, extra.into()),
    ];
    let mut bytes = b"II*\0\x08\0\0\0\x0b\0".to_vec();
    for (tag, kind, count, value) in entries {
        bytes
            .extend([&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat());
    }
    bytes.extend([0; 4]);
    bytes.extend([8, 0, 8, 0, 8, 0, 8, 0]);
    bytes.extend([samples, [9, 9, 9, 255]].concat());
    bytes
}

#[test]
fn a_tiff_says_what_its_fourth_sample_means_and_which_side_is_up() {
    let first = |extra| rgb(&tiff([200, 100, 50, 128], extra, 1))[..3].to_vec();
    assert_eq!(first(2), [100, 50, 25], "opacity");
    assert_eq!(first(1), [200, 100, 50], "opacity, multiplied already");
    assert_eq!(first(0), [200, 100, 50], "unknown");
    assert_eq!(size(&tiff([0; 4], 2, 1)), (1, 2));
    assert_eq!(size(&tiff([0; 4], 2, 6)), (2, 1));
}

#[test]
fn a_tiff_of_a_kind_that_is_not_decoded_is_called_so() {
    let mut palette = tiff([0; 4], 2, 1);
    // Four samples of a palette are none; its photometric tag is the fifth.
    palette[8 + 2 + 4 * 12 + 8] = 3;
    refused(&palette, "a TIFF file of a kind that its decoder lacks (a palette, integers of 8, 8, 8, 8 bits");
}

/// A GIF of one picture of `size`, all of colour 1, on a screen of another size.
fn gif(screen: (u16, u16), place: (u16, u16), size: (u16, u16)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = ::gif::Encoder::new(&mut bytes, screen.0, screen.1, &[0, 0, 0, 10, 20, 30]).expect("memory");
    let mut frame = ::gif::Frame::from_indexed_pixels(size.0, size.1, vec![1; size.0 as usize * size.1 as usize], None);
    (frame.left, frame.top) = place;
    encoder.write_frame(&frame).expect("memory");
    drop(encoder);
    bytes
}

#[test]
fn the_first_picture_of_a_gif_lies_where_it_belongs_on_a_black_screen() {
    let image = decoded(&gif((4, 3), (1, 2), (2, 1))).expect("a whole GIF");
    assert_eq!((image.width(), image.height()), (4, 3));
    let is_coloured = |place: usize| image.pixels()[3 * place..][..3] == [10, 20, 30];
    assert_eq!((0..12).filter(|&place| is_coloured(place)).collect::<Vec<_>>(), [9, 10]);
    assert!((0..12).filter(|&place| !is_coloured(place)).all(|place| image.pixels()[3 * place..][..3] == [0; 3]));
    // As Pillow has it: the screen grows with its picture.
    assert_eq!(size(&gif((1, 1), (3, 0), (2, 2))), (5, 2));
}

#[test]
fn what_claims_more_pixels_than_are_decoded_is_refused_at_once() {
    refused(b"P5 60000 60000 255\n", "has 60000x60000 pixels");
    let mut screen = gif((4, 3), (0, 0), (2, 1));
    screen[6..10].fill(0xff);
    refused(&screen, "has 65535x65535 pixels");
    let mut frame = gif((4, 3), (0, 0), (2, 1));
    let place = frame.iter().position(|&byte| byte == b',').expect("a picture");
    frame[place + 5..place + 9].copy_from_slice(&[0x10, 0x27, 0x10, 0x27]);
    refused(&frame, "cut short");
    let header = PROGRESSIVE.windows(2).position(|pair| pair == [0xff, 0xc2]).expect("a progressive header");
    let mut jpeg = PROGRESSIVE.to_vec();
    jpeg[header + 5..header + 9].fill(0xff);
    refused(&jpeg, "has 65535x65535 pixels");
}

#[test]
fn kinds_that_are_not_decoded_are_told_from_damage_whatever_their_names() {
    refused(b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B", "picture.png is an AVIF file, which is not decoded");
    refused(b"<!DOCTYPE html><title>404", "is an HTML page");
    refused(b"not an image at all", "no known kind of image");
    refused(b"", "is empty");
}

#[test]
fn a_jpeg_that_was_found_whole_is_decoded_alike_again_and_another_in_its_place_is_looked_through() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("picture.jpg");
    for (name, jpeg) in JPEGS {
        fs::write(&path, jpeg).expect("room");
        let inspection = Inspection::default();
        let first = decode_file(&path, &inspection).expect(name);
        assert!(inspection.is_kept_whole(jpeg.len()).is_some(), "{name}");
        assert_eq!(decode_file(&path, &inspection).expect(name), first, "{name}");
        fs::write(&path, &jpeg[..jpeg.len() - 100]).expect("room");
        assert!(decode_file(&path, &inspection).is_err(), "{name}");
    }
}
