//! A computation in the making: values by name, each made of earlier ones.

use super::message::{
    AttributeProto, FLOAT, FLOAT_ATTRIBUTE, GraphProto, INT64, INTEGER_ATTRIBUTE, INTEGERS_ATTRIBUTE, NodeProto,
    TensorProto, ValueInfoProto,
};

/// A setting of an operation.
pub(super) enum Setting {
    Float(&'static str, f32),
    Integer(&'static str, i64),
    Integers(&'static str, Vec<i64>),
}

/// Nodes and constants. A value is called as the node that gives it.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
}

impl Graph {
    /// Adds `values` of this `shape`, row-major, as a constant, and gives its name back.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, FLOAT, shape, bytes)
    }

    /// Adds one number as a constant without dimensions, and gives its name back.
    pub(super) fn number(&mut self, name: &str, value: f32) -> String {
        self.floats(name, &[], &[value])
    }

    /// Adds whole numbers as a constant of one dimension, and gives its name back.
    pub(super) fn integers(&mut self, name: &str, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, INT64, &[values.len()], bytes)
    }

    fn constant(&mut self, name: &str, data_type: i32, shape: &[usize], raw_data: Vec<u8>) -> String {
        let dims = shape.iter().map(|&side| side as i64).collect();
        self.constants.push(TensorProto { dims, data_type, name: name.to_owned(), raw_data });
        name.to_owned()
    }

    /// Adds the operation `operator` on the values `inputs`, and gives the name of what it gives.
    pub(super) fn node(
        &mut self,
        name: &str,
        operator: &str,
        inputs: &[&str],
        settings: impl IntoIterator<Item = Setting>,
    ) -> String {
        self.node_of(name, operator, inputs, settings, vec![name.to_owned()]);
        name.to_owned()
    }

    /// Adds an operation that gives several values, called `outputs`.
    pub(super) fn node_of(
        &mut self,
        name: &str,
        operator: &str,
        inputs: &[&str],
        settings: impl IntoIterator<Item = Setting>,
        outputs: Vec<String>,
    ) {
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: outputs,
            name: name.to_owned(),
            op_type: operator.to_owned(),
            attribute: settings.into_iter().map(attribute).collect(),
        });
    }

    /// Bytes of all constants.
    pub(super) fn bytes_of_constants(&self) -> u64 {
        self.constants.iter().map(|constant| constant.raw_data.len() as u64).sum()
    }

    /// The whole computation from `input` to `output`.
    pub(super) fn finish(self, name: &str, input: ValueInfoProto, output: ValueInfoProto) -> GraphProto {
        GraphProto {
            node: self.nodes,
            name: name.to_owned(),
            initializer: self.constants,
            input: vec![input],
            output: vec![output],
        }
    }
}

fn attribute(setting: Setting) -> AttributeProto {
    let (name, f, i, ints, kind) = match setting {
        Setting::Float(name, value) => (name, Some(value), None, Vec::new(), FLOAT_ATTRIBUTE),
        Setting::Integer(name, value) => (name, None, Some(value), Vec::new(), INTEGER_ATTRIBUTE),
        Setting::Integers(name, values) => (name, None, None, values, INTEGERS_ATTRIBUTE),
    };
    AttributeProto { name: name.to_owned(), f, i, ints, kind }
}
