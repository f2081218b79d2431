//! What may be a path or a word, such as `--data cifar10` and `--from runs/a`: as text, whatever the bytes of the path.

use bmae_output::path_text::to_text;
use clap::builder::{OsStringValueParser, TypedValueParser};

/// Takes a word, or a path in any bytes as the text that means it ([`to_text`]).
pub fn path_word() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().map(to_text)
}

/// Takes `KEY=VALUE`; a value that is no UTF-8 is a path.
pub fn assignment() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().map(|argument| match argument.into_string() {
        Ok(text) => text,
        Err(argument) => of_path(&argument),
    })
}

#[cfg(unix)]
fn of_path(argument: &std::ffi::OsStr) -> String {
    use std::os::unix::ffi::OsStrExt;
    let bytes = argument.as_bytes();
    let (key, value) = bytes.split_at(bytes.iter().position(|&byte| byte == b'=').map_or(0, |at| at + 1));
    String::from_utf8_lossy(key).into_owned() + &to_text(std::ffi::OsStr::from_bytes(value.trim_ascii()))
}

#[cfg(not(unix))]
fn of_path(argument: &std::ffi::OsStr) -> String {
    argument.to_string_lossy().into_owned()
}
