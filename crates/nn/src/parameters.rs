//! Parameters and gradients of any module of this crate by their official name.
//!
//! A module's fields are named as the official MAE names them; what differs (`encoder.` is no prefix there, the
//! decoder's parts begin with `decoder_`) is translated here, in one place.

use std::collections::BTreeMap;
use std::iter::Peekable;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

/// One parameter of a module.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The official name, as `blocks.0.attn.qkv.weight`.
    pub name: String,
    /// The shape under which weight files hold it.
    pub shape: Vec<usize>,
    /// The values, flattened (row-major), without autodiff.
    pub values: Tensor<1>,
    /// Whether it requires a gradient now. False for fixed positions and running statistics, and for every parameter of
    /// a module on a device without autodiff.
    pub trainable: bool,
}

/// All parameters of `module`, buffers included, in the order in which they are initialised.
pub fn parameters(module: &impl Module) -> Vec<Parameter> {
    struct Collect {
        path: Path,
        parameters: Vec<Parameter>,
    }
    impl ModuleVisitor for Collect {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.enter(name);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let tensor = param.val();
            let shape = tensor.dims().to_vec();
            let trainable = tensor.is_require_grad();
            let values = flat(tensor.inner());
            self.parameters.push(Parameter { name: self.path.official_name(), shape, values, trainable });
        }
    }
    let mut collect = Collect { path: Path::default(), parameters: Vec::new() };
    module.visit(&mut collect);
    collect.parameters
}

/// The gradients of `module`'s parameters, taken out of `grads`: flattened, without autodiff. Parameters without a
/// gradient (not trainable, or not part of the loss) are absent.
///
/// The key's third of a `qkv.bias` has a gradient of exactly zero: the bias adds the same to all logits of a query,
/// which their softmax does not see. What the backward pass finds there is rounding alone, which AdamW, dividing it by
/// its own size, would turn into steps; so it is set to zero.
pub fn gradients(module: &impl Module, grads: &mut Gradients) -> BTreeMap<String, Tensor<1>> {
    struct Take<'a> {
        path: Path,
        grads: &'a mut Gradients,
        taken: BTreeMap<String, Tensor<1>>,
    }
    impl ModuleVisitor for Take<'_> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.enter(name);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = param.val().grad_remove(self.grads) {
                let name = self.path.official_name();
                let gradient = flat(gradient.inner());
                let gradient = if name.ends_with(".qkv.bias") { without_keys(gradient) } else { gradient };
                self.taken.insert(name, gradient);
            }
        }
    }
    let mut take = Take { path: Path::default(), grads, taken: BTreeMap::new() };
    module.visit(&mut take);
    take.taken
}

/// `module` with each parameter replaced by what `f` makes of it: `f` gets the official name, the shape and the
/// flattened values without autodiff; `None` keeps the parameter. A replaced parameter requires a gradient if it did
/// before.
///
/// # Panics
/// When `f` gives another number of values than it got.
pub fn map_parameters<M: Module>(module: M, f: impl FnMut(&str, &[usize], Tensor<1>) -> Option<Tensor<1>>) -> M {
    let mut f = f;
    replace_parameters(
        module,
        |_, _| true,
        |name, shape, values| {
            let before = values.clone();
            f(name, shape, values).unwrap_or(before)
        },
    )
}

/// As [`map_parameters`], for the parameters that `which` chooses by name and shape; the others stay untouched. Where
/// nothing but `module` refers to a parameter, nothing but the tensor that `f` gets does meanwhile: `f` can change it
/// in place.
///
/// # Panics
/// When `f` gives another number of values than it got.
pub fn replace_parameters<M: Module>(
    module: M,
    which: impl FnMut(&str, &[usize]) -> bool,
    f: impl FnMut(&str, &[usize], Tensor<1>) -> Tensor<1>,
) -> M {
    let mut f = f;
    replace_parameters_at_once(module, which, |taken| {
        taken.into_iter().map(|TakenParameter { name, shape, values }| f(&name, &shape, values)).collect()
    })
}

/// A parameter that was taken out of its module to be changed.
#[derive(Debug)]
pub struct TakenParameter {
    /// The official name.
    pub name: String,
    /// The shape under which weight files hold it.
    pub shape: Vec<usize>,
    /// The values, flattened (row-major), without autodiff.
    pub values: Tensor<1>,
}

/// As [`replace_parameters`], but `f` gets all chosen parameters at once and gives a tensor for each, in their order.
///
/// # Panics
/// When `f` gives another number of tensors, or of values, than it got.
pub fn replace_parameters_at_once<M: Module>(
    module: M,
    which: impl FnMut(&str, &[usize]) -> bool,
    f: impl FnOnce(Vec<TakenParameter>) -> Vec<Tensor<1>>,
) -> M {
    /// What a parameter was besides its values.
    struct Place {
        name: String,
        shape: Vec<usize>,
        trainable: bool,
        autodiff: bool,
    }
    struct Take<W> {
        path: Path,
        which: W,
        places: Vec<Place>,
        taken: Vec<TakenParameter>,
    }
    impl<W: FnMut(&str, &[usize]) -> bool> ModuleMapper for Take<W> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.enter(name);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let name = self.path.official_name();
            param.map(|tensor| {
                let shape = tensor.dims();
                if !(self.which)(&name, &shape) {
                    return tensor;
                }
                let (trainable, autodiff) = (tensor.is_require_grad(), tensor.is_autodiff());
                self.places.push(Place { name: name.clone(), shape: shape.to_vec(), trainable, autodiff });
                let tensor = tensor.inner();
                let empty = Tensor::empty([0; D], &tensor.device());
                self.taken.push(TakenParameter { name, shape: shape.to_vec(), values: flat(tensor) });
                empty
            })
        }
    }
    struct Put<I: Iterator> {
        path: Path,
        left: Peekable<I>,
    }
    impl<I: Iterator<Item = (Place, Tensor<1>)>> ModuleMapper for Put<I> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.enter(name);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let name = self.path.official_name();
            let Some((place, values)) = self.left.next_if(|(place, _)| place.name == name) else { return param };
            param.map(|_| {
                let shape: [usize; D] = std::array::from_fn(|i| place.shape[i]);
                let values = values.inner().reshape(shape);
                if place.autodiff { values.autodiff().set_require_grad(place.trainable) } else { values }
            })
        }
    }
    let mut take = Take { path: Path::default(), which, places: Vec::new(), taken: Vec::new() };
    let module = module.map(&mut take);
    let values = f(take.taken);
    assert_eq!(values.len(), take.places.len(), "a tensor for each parameter that was taken");
    module.map(&mut Put { path: Path::default(), left: take.places.into_iter().zip(values).peekable() })
}

/// `module`, moved out of its place, where one with empty parameters stays until another is put there. So that
/// [`replace_parameters`] finds nothing else that refers to its parameters, where there is no by-value access to it.
pub fn take_module<M: Module>(module: &mut M) -> M {
    struct Empty;
    impl ModuleMapper for Empty {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| Tensor::empty([0; D], &tensor.inner().device()))
        }
    }
    let taken = module.clone();
    *module = taken.clone().map(&mut Empty);
    taken
}

/// A gradient of query, key and value, one after the other, with the key's third zero.
fn without_keys(gradient: Tensor<1>) -> Tensor<1> {
    let third = gradient.dims()[0] / 3;
    let [query, value] = [0, 2].map(|part| gradient.clone().narrow(0, part * third, third));
    Tensor::cat(vec![query.clone(), query.zeros_like(), value], 0)
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let values = tensor.dims().iter().product::<usize>();
    tensor.reshape([values])
}

/// Field names from the module's root to the parameter at hand.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    fn enter(&mut self, name: &str) {
        self.0.push(name.to_string());
    }

    fn exit(&mut self) {
        self.0.pop();
    }

    fn official_name(&self) -> String {
        let parts: Vec<&str> = self.0.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["decoder", "mask_token"] => "mask_token".to_string(),
            ["encoder", rest @ ..] => rest.join("."),
            ["decoder", rest @ ..] | rest @ ["pred", ..] => format!("decoder_{}", rest.join(".")),
            rest => rest.join("."),
        }
    }
}
