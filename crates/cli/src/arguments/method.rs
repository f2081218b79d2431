//! `--method`: any word is taken here, since the recipe refuses an unknown one with more to say; shells are told the
//! known ones.

use std::ffi::OsStr;

use bmae_recipe::{Choice, MethodName};
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};

/// Takes a method's name.
#[derive(Clone)]
pub struct MethodWord;

impl TypedValueParser for MethodWord {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(MethodName::ALL.iter().map(|(_, word)| PossibleValue::new(*word))))
    }
}
