//! `bmae man`.

use std::path::Path;

use bmae_output::count::count;
use bmae_output::plain::plain_path;
use bmae_output::shell::quoted;
use bmae_train::whole_file::{create_folder, write_whole};
use clap::CommandFactory;
use clap_mangen::Man;
use serde_json::json;

use crate::arguments::Arguments;
use crate::ending::Ending;
use crate::output::Output;

/// Writes `bmae.1` and one page for each command, `bmae-pretrain.1` and so on, into the folder `out`.
pub fn run(out: &Path, output: &Output) -> Result<(), Ending> {
    create_folder(out)?;
    let mut command = Arguments::command();
    command.build();
    let mut pages = Vec::new();
    write(&command, "bmae", out, &mut pages)?;
    let text = format!(
        "{} in {}; read one with `man {}`",
        count(pages.len(), "page"),
        plain_path(out),
        quoted(out.join("bmae.1"))
    );
    Ok(output.result(&text, &json!({ "out": out.to_string_lossy(), "pages": pages }))?)
}

fn write(command: &clap::Command, name: &str, out: &Path, pages: &mut Vec<String>) -> Result<(), Ending> {
    let mut page = Vec::new();
    Man::new(command.clone()).title(name).render(&mut page)?;
    // What stands below the options begins with them.
    let page = String::from_utf8_lossy(&page).replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n");
    let file = format!("{name}.1");
    write_whole(&out.join(&file), page.as_bytes())?;
    pages.push(file);
    let commands = command.get_subcommands().filter(|command| command.get_name() != "help" && !command.is_hide_set());
    commands.into_iter().try_for_each(|command| write(command, &format!("{name}-{}", command.get_name()), out, pages))
}
