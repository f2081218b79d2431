//! `bmae neighbours`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bmae_data::preview::{Tile, image_to_png, tiles_to_png};
use bmae_data::{Image, Images};
use bmae_output::claim::{check_file, check_text};
use bmae_output::count::count;
use bmae_output::mark;
use bmae_output::plain::{plain, plain_path};
use bmae_report::{CaptionedImage, NEAREST_GENERATOR, NearestRow, nearest_images_page};
use bmae_train::inference::{AskedRun, GivenImages, NearestImage, NearestImages, SimilarImages, class_of};
use bmae_train::whole_file::{check_place, write_whole};
use serde_json::json;

use super::asked;
use crate::arguments::{Everywhere, Neighbours};
use crate::ending::Ending;
use crate::means::Means;
use crate::output::Output;
use crate::progress::Progress;

/// What page and picture are, by their mark.
const WHAT: &str = "nearest images";
/// So many images are shown at the most.
const SHOWN: usize = 100;

/// Names the training images that are nearest to others, and shows them.
pub fn run(arguments: &Neighbours, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let run = asked::open(&arguments.from, &arguments.asked, everywhere, output)?;
    let given = Arc::new(asked::given(&arguments.asked)?);
    asked::refuse_nothing(&given)?;
    if let Some(out) = &arguments.out {
        check_out(out, &run, &given, arguments)?;
    }
    let means = Means::of(everywhere, output)?;
    let mut progress = Progress::new(output);
    let mut session = means.session(&mut progress);
    let stopped = || Ending::Interrupted("stopped: nothing was written".to_owned());
    let nearest = NearestImages::of(&mut session, &run)?.ok_or_else(stopped)?;
    let found = nearest.near(&mut session, &given, arguments.top as usize)?.ok_or_else(stopped)?;
    if let Some(out) = arguments.out.as_ref().filter(|_| !found.images.is_empty()) {
        let shown = shown(&nearest, &given, &found)?;
        if found.images.len() > SHOWN {
            output.note(&format!("{} shows the first {SHOWN} images", plain_path(out)));
        }
        let bytes = match is_picture(out) {
            true => picture(shown, arguments.top as usize)?,
            false => page(shown, &arguments.from)?,
        };
        write_whole(out, &bytes)?;
        output.note(&format!("written to {}", plain_path(out)));
    }
    match output.json() {
        true => output.result("", &found.to_json(&given, nearest.data()))?,
        false => output.result(&String::from_utf8_lossy(&found.to_csv(&given, nearest.data())), &json!(null))?,
    }
    asked::left_out(found.unreadable, given.len() + given.unreadable().len())
}

fn is_picture(out: &Path) -> bool {
    out.extension().is_some_and(|ending| ending == "png")
}

fn check_out(out: &Path, run: &AskedRun, given: &GivenImages, arguments: &Neighbours) -> Result<(), Ending> {
    check_place(out)?;
    let inputs = asked::inputs(run, given);
    let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    let foreign = arguments.force.into();
    if is_picture(out) {
        check_file(out, WHAT, &inputs, foreign)?;
        run.check_picture(out, WHAT, foreign)?;
    } else {
        check_text(out, WHAT, &format!("content=\"{NEAREST_GENERATOR}\""), &inputs, foreign)?;
    }
    Ok(())
}

/// An image as the model sees it, with what is said of it.
struct Shown {
    image: Image,
    lines: Vec<String>,
}

/// The first images that were asked about, each with its neighbours.
fn shown(
    nearest: &NearestImages,
    given: &Arc<GivenImages>,
    found: &SimilarImages,
) -> Result<Vec<(Shown, Vec<Shown>)>, Ending> {
    let asked: Arc<dyn Images> = Arc::clone(given) as Arc<dyn Images>;
    let data = nearest.data();
    let mut rows = Vec::new();
    for (index, near) in found.images.iter().take(SHOWN) {
        let images = nearest.pictures(&asked, &[*index])?;
        let neighbours: Vec<usize> = near.iter().map(|near| near.index).collect();
        let shown = |(image, NearestImage { index, similarity }): (Image, &NearestImage)| {
            let file = data.train.file(*index).map_or_else(|| format!("image {index}"), plain_path);
            let class = class_of(data, *index).map(|class| plain(class).into_owned());
            let lines = class.into_iter().chain([format!("{similarity:.3}"), file]).collect();
            Shown { image, lines }
        };
        let row = nearest.pictures(&data.train, &neighbours)?.into_iter().zip(near).map(shown).collect();
        if let Some(image) = images.into_iter().next() {
            rows.push((Shown { image, lines: name_and_folder(asked.file(*index)) }, row));
        }
    }
    Ok(rows)
}

/// The name of a file, and on a line of its own the folder that it lies in.
fn name_and_folder(file: Option<&Path>) -> Vec<String> {
    let parts = [file.and_then(Path::file_name).map(Path::new), file.and_then(Path::parent)];
    parts.into_iter().flatten().map(plain_path).filter(|part| !part.is_empty()).collect()
}

fn picture(rows: Vec<(Shown, Vec<Shown>)>, most: usize) -> Result<Vec<u8>, Ending> {
    let columns = 1 + rows.iter().map(|(_, near)| near.len()).max().unwrap_or(0).min(most);
    let tiles = rows.into_iter().flat_map(|(asked, near)| std::iter::once(asked).chain(near));
    let tiles: Vec<Tile> = tiles.map(|Shown { image, lines }| Tile { image, texts: lines }).collect();
    Ok(mark::png(tiles_to_png(&tiles, columns)?, WHAT))
}

fn page(rows: Vec<(Shown, Vec<Shown>)>, from: &Path) -> Result<Vec<u8>, Ending> {
    let captioned = |Shown { image, lines }: Shown| -> Result<CaptionedImage, Ending> {
        Ok(CaptionedImage { png: image_to_png(&image)?, lines })
    };
    let all = count(rows.len(), "image");
    let row = |(asked, near): (Shown, Vec<Shown>)| -> Result<NearestRow, Ending> {
        let nearest = near.into_iter().map(captioned).collect::<Result<_, _>>()?;
        Ok(NearestRow { asked: captioned(asked)?, nearest })
    };
    let rows = rows.into_iter().map(row).collect::<Result<Vec<_>, _>>()?;
    let about = format!(
        "{all}, each with the training images nearest to it, by the cosine of the features of {}. All are shown as the model sees them.",
        plain_path(from)
    );
    Ok(nearest_images_page("Nearest training images", &about, &rows).into_bytes())
}
