//! `tensorboard/`: what `metrics.jsonl` and `pictures/` hold, as TensorBoard reads it.
//!
//! The event file is derived from those two. A session writes it anew from what is kept of them, so that the curves of
//! a resumed run are those of one left alone, without the steps that were repeated.

mod message;
mod record;
mod scalars;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;
use serde_json::{Map, Value};

use crate::TrainError;
use crate::whole_file::create_folder;
use message::{EventProto, Image, Metadata, PluginData, Scalar, SummaryProto, TextTensor};

/// The event file of a run at work.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
    /// When the run began, seconds since 1970: the time of each event is that and the run's own clock.
    started: f64,
    /// The last step that was logged: lines that have none belong to it.
    step: i64,
    /// Seconds of work at the last line.
    wall_s: f64,
}

impl EventFile {
    /// Begins the event file in `folder` in place of those of earlier sessions; those of other programs stay. `recipe` is
    /// shown as a text.
    pub fn create(folder: &Path, started: u64, recipe: &str) -> Result<Self, TrainError> {
        create_folder(folder)?;
        remove_earlier(folder)?;
        let (path, file) = create_new(folder)?;
        let mut events = Self { path, file, started: started as f64, step: 0, wall_s: 0.0 };
        events.write(EventProto { file_version: Some("brain.Event:2".to_owned()), ..events.event(None) })?;
        let text =
            TextTensor { dtype: 7, shape: Some(Scalar {}), string_val: vec![fenced(recipe.trim()).into_bytes()] };
        let plugin_data = Some(PluginData { plugin_name: "text".to_owned() });
        events.show(message::Value {
            tensor: Some(text),
            metadata: Some(Metadata { plugin_data }),
            ..value("recipe/text_summary")
        })?;
        Ok(events)
    }

    /// The numbers of a line of `metrics.jsonl`.
    pub fn line(&mut self, line: &Map<String, Value>) -> Result<(), TrainError> {
        let number = |field: &str| line.get(field).and_then(Value::as_f64);
        self.wall_s = number("wall_s").unwrap_or(self.wall_s);
        self.step = number("step").map_or(self.step, |step| step as i64);
        let values = scalars::scalars(line).into_iter();
        let values = values.map(|(tag, number)| message::Value { simple_value: Some(number as f32), ..value(&tag) });
        let summary = SummaryProto { value: values.collect() };
        match summary.value.is_empty() {
            true => Ok(()),
            false => self.write(self.event(Some(summary))),
        }
    }

    /// A picture called `name`, the bytes of a PNG file, after the last line.
    pub fn picture(&mut self, name: &str, png: &[u8]) -> Result<(), TrainError> {
        let Some((width, height)) = size_of_png(png) else { return Ok(()) };
        let image = Image { height, width, colorspace: 3, encoded_image_string: png.to_vec() };
        self.show(message::Value { image: Some(image), ..value(&format!("pictures/{name}")) })
    }

    fn show(&mut self, value: message::Value) -> Result<(), TrainError> {
        self.write(self.event(Some(SummaryProto { value: vec![value] })))
    }

    fn event(&self, summary: Option<SummaryProto>) -> EventProto {
        EventProto { wall_time: self.started + self.wall_s, step: self.step, file_version: None, summary }
    }

    fn write(&mut self, event: EventProto) -> Result<(), TrainError> {
        let record = record::framed(&event.encode_to_vec());
        self.file.write_all(&record).map_err(|source| TrainError::writing(&self.path, source))
    }
}

fn value(tag: &str) -> message::Value {
    message::Value { tag: tag.to_owned(), simple_value: None, image: None, tensor: None, metadata: None }
}

/// TensorBoard looks for "tfevents" and takes files in the order of their names, of which ours hold the time.
const NAME: [&str; 2] = ["events.out.tfevents.", ".bmae"];

/// A file under the next free name.
fn create_new(folder: &Path) -> Result<(PathBuf, File), TrainError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let [before, behind] = NAME;
    for time in now.. {
        let path = folder.join(format!("{before}{time:010}{behind}"));
        match File::create_new(&path) {
            // Something else of that name, such as a link: what it leads to is not ours.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(TrainError::writing(&path, error)),
            Ok(file) => return Ok((path, file)),
        }
    }
    Err(TrainError::writing(folder, std::io::ErrorKind::AlreadyExists.into()))
}

/// Removes the event files of earlier sessions, and nothing else that TensorBoard may show.
fn remove_earlier(folder: &Path) -> Result<(), TrainError> {
    let refused = |source| TrainError::writing(folder, source);
    for entry in std::fs::read_dir(folder).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        let is_file = entry.file_type().map_err(refused)?.is_file();
        if is_file && entry.file_name().to_str().is_some_and(is_ours) {
            std::fs::remove_file(entry.path()).map_err(refused)?;
        }
    }
    Ok(())
}

/// Whether a file is called as we call ours.
fn is_ours(name: &str) -> bool {
    let [before, behind] = NAME;
    let time = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
    time.is_some_and(|time| time.len() >= 10 && time.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A recipe as Markdown shows it; a longer fence where a text in it has one.
fn fenced(recipe: &str) -> String {
    let longest = recipe.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}toml\n{recipe}\n{fence}")
}

/// Width and height of a PNG file, which its first chunk holds.
fn size_of_png(png: &[u8]) -> Option<(i32, i32)> {
    let number = |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?));
    let size = (i32::try_from(number(16)?).ok()?, i32::try_from(number(20)?).ok()?);
    png.starts_with(b"\x89PNG\r\n\x1a\n").then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of the one file in `folder`, their frames taken off.
    fn events(folder: &Path) -> Vec<EventProto> {
        let mut files = std::fs::read_dir(folder).expect("a folder");
        let bytes = std::fs::read(files.next().expect("a file").expect("an entry").path()).expect("bytes");
        assert!(files.next().is_none(), "one file");
        let (mut rest, mut events) = (&bytes[..], Vec::new());
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().expect("eight bytes")) as usize;
            assert_eq!(record::framed(&rest[12..12 + length]), rest[..16 + length]);
            events.push(EventProto::decode(&rest[12..12 + length]).expect("a message"));
            rest = &rest[16 + length..];
        }
        events
    }

    fn line(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn an_event_file_begins_with_its_version_and_tells_numbers_at_their_step_and_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = EventFile::create(folder.path(), 1_000, "seed = 3\n").expect("a file");
        file.line(&line(r#"{"kind":"step","epoch":0,"step":4,"wall_s":2.5,"loss":0.5}"#)).expect("room");
        file.line(&line(r#"{"kind":"epoch","epoch":0,"wall_s":3.0,"rank_me":7.0}"#)).expect("room");
        let events = events(folder.path());
        assert_eq!(events[0].file_version.as_deref(), Some("brain.Event:2"));
        let text = &events[1].summary.as_ref().expect("a text").value[0];
        assert_eq!(text.tensor.as_ref().expect("a text").string_val, [b"```toml\nseed = 3\n```".to_vec()]);
        let shown = |event: &EventProto| {
            let value = &event.summary.as_ref().expect("values").value[0];
            (event.step, event.wall_time, value.tag.clone(), value.simple_value)
        };
        assert_eq!(shown(&events[2]), (4, 1002.5, "train/loss".to_owned(), Some(0.5)));
        assert_eq!(shown(&events[3]), (4, 1003.0, "monitor/rank_me".to_owned(), Some(7.0)));
    }

    #[test]
    fn a_picture_is_stored_with_its_size_and_what_is_no_png_is_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = EventFile::create(folder.path(), 0, "").expect("a file");
        let mut grid = bmae_data::preview::Grid::new(bmae_architecture::ImageSize::square(2), vec![String::new()]);
        let image = bmae_data::Image::new(2, 2, vec![7; 12]).expect("an image");
        grid.push(bmae_data::preview::GridRow { name: None, images: vec![image] }).expect("its size");
        let png = grid.to_png().expect("a picture");
        file.picture("reconstruction", &png).expect("room");
        file.picture("reconstruction", b"no picture").expect("room");
        let events = events(folder.path());
        let value = &events[2].summary.as_ref().expect("a value").value[0];
        let image = value.image.as_ref().expect("a picture");
        assert_eq!((value.tag.as_str(), image.width, image.height), ("pictures/reconstruction", 104, 123));
        assert_eq!((events.len(), &image.encoded_image_string), (3, &png));
    }

    #[test]
    fn an_earlier_event_file_is_replaced_and_those_of_others_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let foreign = [
            "notes.txt",
            "events.out.tfevents.1700000000.machine.4711.0",
            "events.out.tfevents.1700000000.machine.bmae",
            "events.out.tfevents.bmae",
        ];
        for name in foreign {
            std::fs::write(folder.path().join(name), "mine").expect("a file");
        }
        std::fs::write(folder.path().join("events.out.tfevents.0000000001.bmae"), "old").expect("a file");
        EventFile::create(folder.path(), 0, "").expect("a file");
        let names = std::fs::read_dir(folder.path()).expect("a folder").flatten();
        let names: Vec<String> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        assert_eq!(names.len(), foreign.len() + 1, "{names:?}");
        for name in foreign {
            assert_eq!(std::fs::read_to_string(folder.path().join(name)).expect(name), "mine");
        }
        assert!(!names.contains(&"events.out.tfevents.0000000001.bmae".to_owned()), "{names:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_is_called_like_an_event_file_is_not_written_through() {
        let folder = tempfile::tempdir().expect("a folder");
        let precious = folder.path().join("precious");
        std::fs::write(&precious, "kept").expect("a file");
        let tensorboard = folder.path().join("tensorboard");
        std::fs::create_dir(&tensorboard).expect("a folder");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        for time in now..now + 5 {
            let link = tensorboard.join(format!("events.out.tfevents.{time:010}.bmae"));
            std::os::unix::fs::symlink(&precious, link).expect("a link");
        }
        EventFile::create(&tensorboard, 0, "").expect("a file");
        assert_eq!(std::fs::read_to_string(&precious).expect("a file"), "kept");
    }

    #[test]
    fn a_recipe_stays_within_its_fence() {
        assert_eq!(fenced("a = 1"), "```toml\na = 1\n```");
        assert_eq!(fenced("a = '```'"), "````toml\na = '```'\n````");
    }
}
