//! How a section of the recipe is written down, once: [`section!`] makes of it the checked settings, the list of its
//! keys, the reading and the writing.

use super::given::GivenKeys;
use super::key::{AnyKey, Key, KeyValue};
use super::toml_text::TomlText;

/// Keys that belong together: one key, a section, or a part of one.
pub(crate) trait Keys {
    /// The settings that they give.
    type Settings;

    /// All of them.
    fn list(&'static self) -> Vec<&'static dyn AnyKey>;

    /// The settings, with defaults for what was not given.
    fn read(&self, given: &GivenKeys) -> Self::Settings;

    /// Writes every key, so that [`Keys::read`] reads back equal settings.
    fn write(&self, settings: &Self::Settings, out: &mut TomlText);
}

/// What may be a field of a section: a value with a key of its own, or settings with several.
pub(crate) trait Field {
    /// Its key or keys.
    type Keys: Keys<Settings = Self>;
}

impl<T: KeyValue> Keys for Key<T> {
    type Settings = T;

    fn list(&'static self) -> Vec<&'static dyn AnyKey> {
        vec![self]
    }
    fn read(&self, given: &GivenKeys) -> T {
        given.get(self)
    }
    fn write(&self, value: &T, out: &mut TomlText) {
        out.put(self, value);
    }
}

impl<T: KeyValue> Field for T {
    type Keys = Key<T>;
}

/// The keys of a section that stand elsewhere.
impl<K: Keys> Keys for &'static K {
    type Settings = K::Settings;

    fn list(&'static self) -> Vec<&'static dyn AnyKey> {
        K::list(self)
    }
    fn read(&self, given: &GivenKeys) -> K::Settings {
        K::read(self, given)
    }
    fn write(&self, settings: &K::Settings, out: &mut TomlText) {
        K::write(self, settings, out);
    }
}

/// Defines a section of the recipe. The first line above a key is its short description, the others are its long one.
///
/// ```ignore
/// section! {
///     /// `[knn]`.
///     pub struct KnnRecipe, keys KnnKeys, in "knn", read by [Pretrain, Knn] {
///         /// Number of neighbours that vote
///         k: usize = 20, in Count::from(1);
///     }
/// }
/// ```
///
/// makes the struct `KnnRecipe` with the field `k`, and the static `KEYS` of the type `KnnKeys` with the key `k`: its
/// default, and its range where its type has one. All methods and the named stages of the section (`all`: every stage)
/// read a key; behind its range, `stages [...]` and `methods [...]` name others. In place of a default, `from` names
/// the keys of a field that has several.
///
/// Two other forms: `keys K` without a struct makes the keys alone, for settings that are read and written by hand.
/// `in each of "a" [0], read by [A], "b" [1], read by [B]` makes an array `KEYS` with the keys of several sections; a
/// default is then a list with a value for each.
macro_rules! section {
    ($(#[doc = $about:literal])+ pub struct $name:ident, keys $keys:ident, in $path:literal, read by $stages:tt $fields:tt) => {
        section!(@settings [concat!("[", $path, "]")] $(#[doc = $about])+ $name, $keys, $fields);
        section!(@keys $keys, $fields);
        pub(crate) static KEYS: $keys = section!(@values $keys, $path, $stages, all, $fields);
    };
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident, keys $keys:ident, in each of $($path:literal [$index:literal], read by $stages:tt),+; $fields:tt
    ) => {
        section!(@settings [] $(#[doc = $about])+ $name, $keys, $fields);
        section!(@keys $keys, $fields);
        pub(crate) static KEYS: [$keys; [$($index),+].len()] =
            [$(section!(@values $keys, $path, $stages, $index, $fields)),+];
    };
    (keys $keys:ident, in $path:literal, read by $stages:tt $fields:tt) => {
        section!(@keys $keys, $fields);
        pub(crate) static KEYS: $keys = section!(@values $keys, $path, $stages, all, $fields);
    };

    (@settings [$($heading:expr)?] $(#[doc = $about:literal])+ $name:ident, $keys:ident, {
        $($(#[doc = $doc:literal])+ $field:ident: $type:ty $(= $default:expr $(, in $range:expr)? $(, stages $own:tt)? $(, methods $methods:tt)?)? $(, from $part:expr)?;)+
    }) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $($(#[doc = $doc])+ pub $field: $type,)+ }

        impl $crate::section::Field for $name {
            type Keys = &'static $keys;
        }

        impl $crate::section::Keys for $keys {
            type Settings = $name;

            fn list(&'static self) -> Vec<&'static dyn $crate::key::AnyKey> {
                self.all()
            }
            fn read(&self, given: &$crate::given::GivenKeys) -> $name {
                $name { $($field: $crate::section::Keys::read(&self.$field, given),)+ }
            }
            fn write(&self, settings: &$name, out: &mut $crate::toml_text::TomlText) {
                $(out.section($heading);)?
                $($crate::section::Keys::write(&self.$field, &settings.$field, out);)+
            }
        }
    };
    (@keys $keys:ident, {
        $($(#[doc = $doc:literal])+ $field:ident: $type:ty $(= $default:expr $(, in $range:expr)? $(, stages $own:tt)? $(, methods $methods:tt)?)? $(, from $part:expr)?;)+
    }) => {
        pub(crate) struct $keys { $(pub(crate) $field: <$type as $crate::section::Field>::Keys,)+ }

        impl $keys {
            /// All of them, in the order in which they are listed.
            pub(crate) fn all(&'static self) -> Vec<&'static dyn $crate::key::AnyKey> {
                [$($crate::section::Keys::list(&self.$field)),+].concat()
            }
        }
    };
    (@values $keys:ident, $path:literal, $stages:tt, $index:tt, {
        $($(#[doc = $doc:literal])+ $field:ident: $type:ty $(= $default:expr $(, in $range:expr)? $(, stages $own:tt)? $(, methods $methods:tt)?)? $(, from $part:expr)?;)+
    }) => {
        $keys {
            $($field: section!(
                @value $path, $field, $stages, $index, [$($doc),+]
                $(= $default, [$($range)?], [$($own)?], [$($methods)?])? $(from $part)?
            ),)+
        }
    };
    (@value $path:literal, $field:ident, $stages:tt, $index:tt, $doc:tt from $part:expr) => { &$part };
    (@value $path:literal, $field:ident, $stages:tt, $index:tt, [$short:literal $(, $long:literal)*]
        = $default:expr, [$($range:expr)?], $own:tt, $methods:tt
    ) => {
        $crate::key::Key {
            path: concat!($path, ".", stringify!($field)),
            range: { $($range)? },
            default: || section!(@default $default, $index),
            short: $short.trim_ascii(),
            long: concat!($($long),*).trim_ascii(),
            stages: section!(@stages $own, $stages),
            methods: section!(@methods $methods),
        }
    };
    (@default $default:expr, all) => { $default };
    (@default $default:expr, $index:literal) => { Clone::clone(&$default[$index]) };
    (@stages [], $stages:tt) => { section!(@stages [$stages], []) };
    (@stages [all], $stages:tt) => { &$crate::stage::Stage::ALL };
    (@stages [[$($stage:ident),+]], $stages:tt) => { &[$($crate::stage::Stage::$stage),+] };
    (@methods []) => { $crate::choices::MethodName::VARIANTS };
    (@methods [[$($method:ident),+]]) => { &[$($crate::choices::MethodName::$method),+] };
}

pub(crate) use section;
