//! The messages of an event file, as far as they are written here: the fields and numbers of TensorFlow's
//! `event.proto`, `summary.proto` and `tensor.proto`, which TensorBoard reads.

use prost::Message;

/// One entry of an event file.
#[derive(Clone, PartialEq, Message)]
pub struct EventProto {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// Where it belongs on the x-axis.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// The first entry's alone: `brain.Event:2`.
    #[prost(string, optional, tag = "3")]
    pub file_version: Option<String>,
    /// Everything else.
    #[prost(message, optional, tag = "5")]
    pub summary: Option<SummaryProto>,
}

/// Values of one moment.
#[derive(Clone, PartialEq, Message)]
pub struct SummaryProto {
    /// Each with its tag.
    #[prost(message, repeated, tag = "1")]
    pub value: Vec<Value>,
}

/// One value: a number, a picture or a text.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    /// What TensorBoard files it under; what stands before a slash is its group.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// A number.
    #[prost(float, optional, tag = "2")]
    pub simple_value: Option<f32>,
    /// A picture.
    #[prost(message, optional, tag = "4")]
    pub image: Option<Image>,
    /// A text, as a tensor.
    #[prost(message, optional, tag = "8")]
    pub tensor: Option<TextTensor>,
    /// Which of TensorBoard's plugins shows it, where its kind does not tell.
    #[prost(message, optional, tag = "9")]
    pub metadata: Option<Metadata>,
}

/// A picture.
#[derive(Clone, PartialEq, Message)]
pub struct Image {
    /// Pixels.
    #[prost(int32, tag = "1")]
    pub height: i32,
    /// Pixels.
    #[prost(int32, tag = "2")]
    pub width: i32,
    /// 3: red, green, blue.
    #[prost(int32, tag = "3")]
    pub colorspace: i32,
    /// A PNG file.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded_image_string: Vec<u8>,
}

/// A tensor of texts.
#[derive(Clone, PartialEq, Message)]
pub struct TextTensor {
    /// 7: text.
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    /// One text has no dimensions.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Scalar>,
    /// The texts, in UTF-8.
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub string_val: Vec<Vec<u8>>,
}

/// The shape of a single value.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Scalar {}

/// Which plugin a value is for.
#[derive(Clone, PartialEq, Message)]
pub struct Metadata {
    /// Around its name.
    #[prost(message, optional, tag = "1")]
    pub plugin_data: Option<PluginData>,
}

/// A plugin by name.
#[derive(Clone, PartialEq, Message)]
pub struct PluginData {
    /// `text`.
    #[prost(string, tag = "1")]
    pub plugin_name: String,
}
